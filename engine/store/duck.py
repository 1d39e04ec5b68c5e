"""The embedded store: DuckDB 2.0 in one file, one writing process."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import duckdb
import polars as pl

from engine.access import refuse_write_of_viewer
from engine.errors import StoreError
from engine.store.base import Row, Rows, Tx
from engine.store.copies import copy_durably, wal_of
from engine.store.queries import migrations, query

WRITE_WAIT_S: Final = 60.0
"""Longest wait for the write lock; transactions take milliseconds, so more means a stuck writer."""
FOLD_WAIT_S: Final = 30.0
"""Longest wait of a backup, with the write lock held, for queries that began before the last commit."""
CHECKPOINT_WAIT_S: Final = 0.5
"""The same of a checkpoint, which can as well be made the next time."""
FOLD_PAUSE_S: Final = 0.02
WAL_LIMIT: Final = "256MB"
"""The default of 16 MB makes scattered updates 15 times slower."""
ANY_ROOM: Final = "*"
READ_CURSORS: Final = 16
"""Idle cursors kept for readers."""


class _Parsed(dict[str, duckdb.Statement]):
    """Named queries parsed once: parsing is a third to a half of a small statement's time."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        super().__init__()
        self._cursor = cursor
        self._lock = threading.Lock()

    def __missing__(self, name: str) -> duckdb.Statement:
        with self._lock:
            (statement,) = self._cursor.extract_statements(query(name))
        self[name] = statement
        return statement


class _Cursor:
    """Runs named queries on one DuckDB cursor; always fetches everything, as a half-read result blocks reuse."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, parsed: _Parsed) -> None:
        self._cursor = cursor
        self._parsed = parsed

    @property
    def raw(self) -> duckdb.DuckDBPyConnection:
        """The database itself, past the named queries: for migrations of data and tests."""
        return self._cursor

    def all(self, name: str, *params: object) -> Rows:
        return _rows(self._cursor.execute(self._parsed[name], list(params)))

    def one(self, name: str, *params: object) -> Row | None:
        rows = self.all(name, *params)
        return rows[0] if rows else None

    def frame(self, name: str, *params: object) -> pl.DataFrame:
        return self._cursor.sql(self._parsed[name], params=list(params)).pl()


def _rows(result: duckdb.DuckDBPyConnection) -> Rows:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


class DuckTx(_Cursor):
    """`rooms` are the files of SQL it ran from, for `DuckStore.changes`."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, parsed: _Parsed) -> None:
        super().__init__(cursor, parsed)
        self.rooms: set[str] = set()

    @property
    def raw(self) -> duckdb.DuckDBPyConnection:
        self.rooms.add(ANY_ROOM)  # nobody knows what is done with it
        return self._cursor

    def all(self, name: str, *params: object) -> Rows:
        self.rooms.add(name.partition(".")[0])
        return super().all(name, *params)

    def run(self, name: str, *params: object) -> None:
        self.rooms.add(name.partition(".")[0])
        self._cursor.execute(self._parsed[name], list(params)).fetchall()

    def bulk(self, name: str, batch: pl.DataFrame, *params: object) -> Rows:
        self._cursor.register("batch", cast("Any", batch.to_arrow()))  # pyarrow ships no types
        try:
            return self.all(name, *params)
        finally:
            self._cursor.unregister("batch")

    def reserve(self, sequence: str, count: int = 1) -> int:
        assert count > 0
        row = self.one("store.reserve", sequence, count)
        if row is None:
            self.run("store.start_sequence", sequence, count + 1)
            return 1
        return row["next_id"] - count


class DuckStore:
    def __init__(self, path: Path | None, *, memory_mb: int = 400, threads: int = 2) -> None:
        """Opens (and migrates) the file; None is a database in memory, for benchmarks and demos."""
        self._path = path
        self._lock = threading.Lock()
        self._writer: int | None = None
        self._root = _connect(path, memory_mb, threads)
        self._writing = self._root.cursor()
        self._parsed = _Parsed(self._root.cursor())
        self._changes: Counter[str] = Counter()
        self._idle: list[duckdb.DuckDBPyConnection] = []
        self._idle_lock = threading.Lock()
        self._migrate()

    @contextmanager
    def transaction(self) -> Generator[Tx]:
        refuse_write_of_viewer()
        me = threading.get_ident()
        assert self._writer != me, "a transaction inside a transaction"
        with self._alone():
            self._writer = me
            try:
                cursor = self._writing
                cursor.begin()
                try:
                    tx = DuckTx(cursor, self._parsed)
                    yield tx
                    cursor.commit()
                    self._changes.update(tx.rooms)
                except BaseException:
                    self._abandon()
                    raise
            finally:
                self._writer = None

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Holds the write lock."""
        if not self._lock.acquire(timeout=WRITE_WAIT_S):
            raise StoreError("store_stuck", detail="another change did not end in time")
        try:
            yield
        finally:
            self._lock.release()

    def _abandon(self) -> None:
        """Rolls back; DuckDB may have ended the transaction itself (a failed commit), which is as good."""
        try:
            self._writing.rollback()
        except duckdb.TransactionException:
            self._writing = self._root.cursor()

    @contextmanager
    def _reading(self) -> Generator[_Cursor]:
        with self._idle_lock:
            raw = self._idle.pop() if self._idle else self._root.cursor()
        yield _Cursor(raw, self._parsed)  # a cursor whose query failed is not put back
        with self._idle_lock:
            if len(self._idle) < READ_CURSORS:
                self._idle.append(raw)

    def all(self, name: str, *params: object) -> Rows:
        with self._reading() as cursor:
            return cursor.all(name, *params)

    def one(self, name: str, *params: object) -> Row | None:
        with self._reading() as cursor:
            return cursor.one(name, *params)

    def frame(self, name: str, *params: object) -> pl.DataFrame:
        with self._reading() as cursor:
            return cursor.frame(name, *params)

    def changes(self, *rooms: str) -> int:
        return sum(self._changes[room] for room in (*rooms, ANY_ROOM))

    def checkpoint(self) -> None:
        with self._alone():
            self._fold(CHECKPOINT_WAIT_S)

    def backup(self, target: Path) -> None:
        if self._path is None:
            raise StoreError("backup_memory")
        with self._alone():
            self._fold(FOLD_WAIT_S)
            copy_durably(self._path, target)

    def _fold(self, most_s: float) -> None:
        """Brings the log into the file, under the write lock. Queries older than the last commit are waited for.

        Not `force checkpoint`: that keeps every new reader waiting for the longest query.
        """
        deadline = time.monotonic() + most_s
        while True:
            try:
                self._root.cursor().execute("checkpoint")
            except duckdb.TransactionException as error:
                cause: Exception | None = error
            else:
                if not self.wal_bytes():
                    return
                cause = None
            if time.monotonic() > deadline:
                raise StoreError("store_stuck", detail="a long query kept its log open") from cause
            time.sleep(FOLD_PAUSE_S)

    def size_bytes(self) -> int:
        if self._path is None:
            return 0
        return self._path.stat().st_size + self.wal_bytes()

    def wal_bytes(self) -> int:
        log = wal_of(self._path) if self._path is not None else None
        return log.stat().st_size if log is not None and log.exists() else 0

    def close(self) -> None:
        with self._lock:
            self._parsed.clear()
            self._root.close()

    def _migrate(self) -> None:
        cursor = self._root.cursor()
        cursor.execute(query("store.make_version"))
        done = cursor.execute(query("store.version")).fetchall()[0][0]
        steps = migrations()
        if done > steps[-1][0]:
            raise StoreError("store_version", found=done, known=steps[-1][0])
        for version, sql in steps:
            if version <= done:
                continue
            cursor.begin()
            try:
                for statement in _statements(sql):
                    cursor.execute(statement)
                cursor.execute(query("store.set_version"), [version])
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise
            cursor.execute("checkpoint")


def _statements(sql: str) -> Sequence[str]:
    """Splits a migration at the semicolons that end lines; migrations are our own files."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return [part for part in re.split(r";\s*\n", "\n".join(lines) + "\n") if part.strip()]


def _connect(path: Path | None, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": threads,
        "wal_autocheckpoint": WAL_LIMIT,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    try:
        return duckdb.connect(":memory:" if path is None else str(path), config=config)
    except duckdb.Error as error:
        held = re.search(r"PID (\d+)", str(error))
        if held:
            raise StoreError("store_busy", pid=held.group(1)) from error
        raise StoreError("store_failed", detail=str(error).splitlines()[0][:300]) from error
