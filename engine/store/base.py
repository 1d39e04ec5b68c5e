"""What the engine asks of any database; rows come as dictionaries, bulk as Arrow or polars frames."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import polars as pl

Row = dict[str, Any]
Rows = list[Row]


class Reader(Protocol):
    """Sees one committed state per call, never waits for writers."""

    def all(self, name: str, *params: object) -> Rows: ...

    def one(self, name: str, *params: object) -> Row | None:
        """The first row, or None."""
        ...

    def frame(self, name: str, *params: object) -> pl.DataFrame: ...


class Tx(Reader, Protocol):
    """An open write transaction; it is rolled back whole when its block raises."""

    def run(self, name: str, *params: object) -> None: ...

    def bulk(self, name: str, batch: pl.DataFrame, *params: object) -> Rows:
        """Runs a statement that reads the table `batch`; its RETURNING rows come back."""
        ...

    def reserve(self, sequence: str, count: int = 1) -> int:
        """The first of `count` consecutive new ids, gapless and ascending in commit order."""
        ...


class Store(Reader, Protocol):
    def transaction(self) -> AbstractContextManager[Tx]:
        """Write lock → begin → body → commit. Keep it short: nothing slow, no network inside."""
        ...

    def changes(self, *rooms: str) -> int:
        """Grows whenever a committed transaction ran a statement of these files of SQL: what was read before the number
        was the same is still what a read would find now."""
        ...

    def checkpoint(self) -> None:
        """Folds the write-ahead log into the file; for quiet times."""
        ...

    def backup(self, target: Path) -> None:
        """Writes a consistent copy of the database to a file; writers wait meanwhile (0.3 s a GB).

        Raises StoreError("backup_memory" | "store_stuck").
        """
        ...

    def size_bytes(self) -> int: ...

    def wal_bytes(self) -> int:
        """What is not folded into the file yet."""
        ...

    def close(self) -> None: ...


def one_column(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows]
