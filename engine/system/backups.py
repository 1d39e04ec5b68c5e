"""Backups of the database and of the uploaded documents, and the way back from one.

`ims-YYYYMMDD-HHMMSS.db` is a database file that opens by itself; `ims-….documents.tar` beside it holds the documents
that existed then, if any. They lie in IMS_DATA/backups; IMS_DATA/secret is not part of them.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine import ledger
from engine.config import Config
from engine.errors import StoreError
from engine.model import HOUR_US, to_datetime, to_us
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Store, file_of, open_store
from engine.store.copies import check_copy, check_free, copy_durably, sync, wal_of

FOLDER: Final = "backups"
DOCUMENTS: Final = "receipts"
"""The folder of IMS_DATA with what customers uploaded."""
_NAME: Final = re.compile(r"ims-\d{8}-\d{6}\.db")
_STAMP: Final = "%Y%m%d-%H%M%S"
DUE_SLACK_US: Final = HOUR_US // 4
"""A chore that looks every few minutes would otherwise make each day's backup a little later."""


@dataclass(frozen=True, slots=True)
class Backup:
    path: Path
    bytes: int
    made_us: int
    documents: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """The files that were moved aside, and how many tasks wait paused for a person's word."""

    moved: list[Path]
    paused: int


def listing(config: Config) -> list[Backup]:
    """The backups of the folder, newest first; by its name, which a copy keeps."""
    folder = config.data / FOLDER
    if not folder.is_dir():
        return []
    names = sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
    return [_described(path) for path in names]


def make(store: Store, config: Config, *, now_us: int) -> Backup:
    """Writes a backup into the folder, checks that it opens, and removes the oldest beyond IMS_BACKUPS_KEPT."""
    folder = config.data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = write(store, config, _free_name(folder, now_us))
    for old in listing(config)[config.backups_kept :]:
        tar_of(old.path).unlink(missing_ok=True)
        old.path.unlink(missing_ok=True)
    return made


def write(store: Store, config: Config, target: Path) -> Backup:
    """Writes a backup to a file of its own. Raises StoreError when there is one or it does not open afterwards."""
    if target.exists():
        raise StoreError("backup_exists", name=target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.backup(target)
        target.chmod(0o600)
        check_copy(target)
        # After the database: every document that a row of the copy names was on the disk before the row was.
        _pack(config.data / DOCUMENTS, tar_of(target))
    except OSError as error:
        raise StoreError("backup_failed", detail=error.strerror or str(error)) from error
    return _described(target)


def due(config: Config, *, now_us: int) -> bool:
    """Whether the newest backup is old enough for another one."""
    if config.backup_hours == 0:
        return False
    newest = listing(config)[:1]
    return not newest or now_us - newest[0].made_us >= config.backup_hours * HOUR_US - DUE_SLACK_US


def target_of(path: Path, *, now_us: int) -> Path:
    """Where `backup PATH` writes: into a folder under the usual name, or to the file that is named."""
    return _free_name(path, now_us) if path.is_dir() else path


def restore(config: Config, backup: Path, *, now_us: int) -> Restored:
    """Puts a backup in the place of the database.

    First a copy is opened, brought to this program's schema and its books proved; until then nothing is touched. Tasks
    with messages that were not handed over then are paused: they may have been sent, changed or cancelled since.
    Raises StoreError("store_busy") while a server has the database open, StoreError("backup_bad").
    """
    place = _file_of(config)
    if not backup.is_file():
        raise StoreError("backup_bad", name=backup.name, detail="there is no such file.")
    check_free(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(place.name + ".restoring")
    for left in (fresh, wal_of(fresh)):
        left.unlink(missing_ok=True)
    try:
        paused = _prepare(config, backup, fresh, now_us=now_us)
    except StoreError:
        for left in (fresh, wal_of(fresh)):
            left.unlink(missing_ok=True)
        raise
    suffix = f".before-{to_datetime(now_us):{_STAMP}}"
    moved = _move_aside([place, wal_of(place)], suffix)
    fresh.replace(place)
    sync(place.parent)
    documents = tar_of(backup)
    if documents.is_file():
        moved += _move_aside([config.data / DOCUMENTS], suffix)
        with tarfile.open(documents) as tar:
            tar.extractall(config.data, filter="data")
    return Restored(moved, paused)


def _prepare(config: Config, backup: Path, fresh: Path, *, now_us: int) -> int:
    """A checked copy beside the database, on the same disk, so that the last step is a rename. Returns how many tasks
    were paused in it."""
    check_copy(backup)
    copy_durably(backup, fresh)
    store = open_store(f"duckdb:///{fresh}", memory_mb=config.memory_mb)
    try:
        proof = ledger.reconcile(store)
        paused = _hold_unsent(store, _described(backup).made_us, now_us)
        store.checkpoint()
    finally:
        store.close()
    if not proof.ok:
        wrong = ", ".join(f"{name} {count}" for name, count in proof.as_dict().items() if count)
        raise StoreError("backup_bad", name=backup.name, detail=f"its books do not add up ({wrong}).")
    return paused


def _hold_unsent(store: Store, made_us: int, now_us: int) -> int:
    """Nothing is sent a second time because the database does not remember the first."""
    since = f"restored from a backup of {to_datetime(made_us):%Y-%m-%d %H:%M} UTC"
    with store.transaction() as tx:
        tasks = tx.all("control.pause_unsent", None, None, now_us)
        for task in tasks:
            sentence = (
                f"The server was {since}. “{task['name']}” may have been sent, changed or cancelled after that, so it "
                "waits paused: resume or cancel it."
            )
            tell_account(tx, task["account_id"], NoticeKind.TASK, sentence, link=f"task?id={task['id']}", now_us=now_us)
        words = f"The server was {since}. Tasks that wait paused because they may have been sent since: {len(tasks)}."
        tell_operators(tx, NoticeKind.TASK, words, now_us=now_us)
    return len(tasks)


def tar_of(path: Path) -> Path:
    """The documents that belong to a backup."""
    return path.with_name(path.name.removesuffix(".db") + ".documents.tar")


def _pack(documents: Path, target: Path) -> None:
    if not documents.is_dir():
        return
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w") as tar:
        tar.add(documents, arcname=DOCUMENTS)
    part.chmod(0o600)
    sync(part)
    part.replace(target)
    sync(target.parent)


def _move_aside(paths: list[Path], suffix: str) -> list[Path]:
    moved: list[Path] = []
    for path in paths:
        if path.exists():
            aside = path.with_name(path.name + suffix)
            shutil.move(path, aside)
            moved.append(aside)
    return moved


def _free_name(folder: Path, now_us: int) -> Path:
    """The name of this second; of a later one when two are made in the same."""
    while (path := folder / f"ims-{to_datetime(now_us):{_STAMP}}.db").exists():
        now_us += 1_000_000
    return path


def _described(path: Path) -> Backup:
    found, tar = path.stat(), tar_of(path)
    size = found.st_size + (tar.stat().st_size if tar.is_file() else 0)
    made_us = found.st_mtime_ns // 1_000
    if _NAME.fullmatch(path.name):  # a copy keeps its name, not its time
        made_us = to_us(datetime.strptime(path.name, f"ims-{_STAMP}.db").replace(tzinfo=UTC))
    return Backup(path, size, made_us, tar.is_file())


def _file_of(config: Config) -> Path:
    place = file_of(config.url)
    if place is None:
        raise StoreError("backup_memory")
    return place.resolve()
