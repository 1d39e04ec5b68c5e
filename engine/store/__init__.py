"""The only room that knows a database: transactions, named queries, bulk, migrations, jobs."""

from __future__ import annotations

from pathlib import Path

from engine.errors import StoreError
from engine.store.base import Reader, Row, Rows, Store, Tx, one_column
from engine.store.duck import DuckStore
from engine.store.remembered import Remembered

__all__ = ["Reader", "Remembered", "Row", "Rows", "Store", "Tx", "file_of", "one_column", "open_store"]


def open_store(url: str, *, memory_mb: int = 400) -> Store:
    """`duckdb:///file.db` or `duckdb://` (in memory). Raises StoreError with what to do."""
    return DuckStore(file_of(url), memory_mb=memory_mb)


def file_of(url: str) -> Path | None:
    """The file behind a URL; None for one in memory. Raises StoreError for another kind of database."""
    scheme, _, rest = url.partition("://")
    if scheme != "duckdb":
        raise StoreError("store_failed", detail=f"{scheme}:// is not supported; use duckdb:///path/to/file.db")
    path = rest.removeprefix("/") if rest.startswith("//") else rest
    return Path(path) if path else None
