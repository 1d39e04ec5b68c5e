"""Old Excel (xls) and OpenDocument (ods) sheets, read in a process of their own.

Both formats let a few bytes ask for any amount of memory or time (sector chains that run in circles, rows repeated a
million times), and their structure cannot be measured from outside as that of xlsx can. They are rare, so each gets a
short-lived child with hard limits; it costs about 50 ms.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import Archive
from engine.recipients.kinds import Kind
from engine.recipients.table import Cell, Table, collect, sheet_notes, too_many_columns, too_many_rows

_CHILD: Final = Path(__file__).with_name("isolated_child.py")
_slots = threading.BoundedSemaphore(limits.MAX_CHILDREN)
_ODS_CONTENT: Final = "content.xml"
_ODS_MANIFEST: Final = "META-INF/manifest.xml"
_ODS_ENCRYPTED: Final = b"encryption-data"


def read(data: bytes, kind: Kind) -> Iterator[Table]:
    """The visible sheets that hold anything, in order.

    Raises `damaged`, `password`, `macros`, `zip_bomb`, `too_many_rows`, `malformed` or `unsupported`.
    """
    if kind is Kind.ODS:
        _check_ods(Archive(data))
    answer = _ask_child(data)
    hidden = cast("list[str]", answer["hidden"])
    sheets = cast("list[tuple[str, list[list[object]]]]", answer["sheets"])
    for name, cells in sheets:
        rows, numbers = collect([_cell(cell) for cell in row] for row in cells)
        if rows:
            yield Table(rows, numbers, name, sheet_notes(name, [other for other, _ in sheets if other != name], hidden))


def _check_ods(archive: Archive) -> None:
    if _ODS_MANIFEST in archive and _ODS_ENCRYPTED in archive.read(_ODS_MANIFEST):
        raise FileError("password")
    if _ODS_CONTENT not in archive:
        raise FileError("damaged")


def _ask_child(data: bytes) -> dict[str, object]:
    settings = json.dumps(
        {
            "cpu_seconds": limits.CHILD_CPU_SECONDS,
            "memory_bytes": limits.CHILD_MEMORY_BYTES,
            "sheets": limits.MAX_SHEETS,
            "rows": limits.MAX_PHYSICAL_ROWS,
            "columns": limits.MAX_COLUMNS,
            "area_cells": limits.CHILD_AREA_CELLS,
            "text_chars": limits.MAX_TEXT_CHARS,
        }
    )
    try:
        with _slots:
            done = subprocess.run(  # noqa: S603 - our own file, run by our own interpreter; the upload is its input
                [sys.executable, "-I", str(_CHILD), settings],
                input=data,
                capture_output=True,
                check=False,
                timeout=limits.CHILD_WALL_SECONDS,
            )
    except subprocess.TimeoutExpired:
        raise FileError("damaged") from None
    if done.returncode != 0:  # it hit a limit, or the reader gave up in a way that ends a process
        raise FileError("damaged")
    answer = cast("dict[str, object]", json.loads(done.stdout))
    match answer.get("error"):
        case None:
            return answer
        case "rows":
            raise too_many_rows()
        case "columns":
            raise too_many_columns(1)
        case "area":
            raise FileError("unsupported", detail="its cells spread too far apart")
        case "password":
            raise FileError("password")
        case _:
            raise FileError("damaged")


def _cell(cell: object) -> Cell:
    """Dates come as lists with one text, since JSON has none."""
    if isinstance(cell, list):
        return dt.datetime.fromisoformat(cast("list[str]", cell)[0])
    return cast("Cell", cell)
