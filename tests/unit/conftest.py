"""Fixtures of the tests of history; others define a `store` of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.history import History
from engine.store.duck import DuckStore
from tests.unit.history_kit import Book, FakeClock, small_book


@pytest.fixture
def store() -> Iterator[DuckStore]:
    opened = DuckStore(None)
    yield opened
    opened.close()


@pytest.fixture
def book(store: DuckStore) -> Book:
    return small_book(store)


@pytest.fixture
def history(store: DuckStore) -> History:
    return History(store, FakeClock())
