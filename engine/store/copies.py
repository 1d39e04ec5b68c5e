"""Copies of a database file: durable, checked, and whether a file is in use."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from engine.errors import StoreError
from engine.store.queries import migrations, query

HELD: Final = "PID"
"""Part of what DuckDB says when another process has the file open."""


def wal_of(path: Path) -> Path:
    """The write-ahead log beside a database file."""
    return path.with_name(path.name + ".wal")


def copy_durably(source: Path, target: Path) -> None:
    """Copies a file so that a crash leaves all of it or nothing under `target`'s name."""
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    sync(part)
    part.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Flushes a file or the names of a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_copy(path: Path) -> int:
    """The schema version of a database file that nobody writes to.

    Raises StoreError("backup_bad") when it does not open or comes from a newer program.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            version: int = connection.execute(query("store.version")).fetchall()[0][0]
    except duckdb.Error as error:
        detail = f"it is not a database of this product ({str(error).splitlines()[0][:200]})."
        raise StoreError("backup_bad", name=path.name, detail=detail) from error
    known = migrations()[-1][0]
    if not 0 < version <= known:
        detail = f"its schema is {version}, and this program knows 1 to {known}."
        raise StoreError("backup_bad", name=path.name, detail=detail)
    return version


def check_free(path: Path) -> None:
    """Raises StoreError("store_busy") while another process has the file open; a damaged file is free."""
    if not path.exists():
        return
    with suppress(duckdb.Error):
        try:
            duckdb.connect(str(path), read_only=True).close()
        except duckdb.IOException as error:
            text = str(error)
            if f"{HELD} " in text:
                pid = text.split(f"{HELD} ", 1)[1].split(")", maxsplit=1)[0].split(maxsplit=1)[0].rstrip(".,")
                raise StoreError("store_busy", pid=pid) from error
            raise
