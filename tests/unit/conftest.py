"""Fixtures of the tests of history and accounts; others define a `store` of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.accounts import Accounts
from engine.config import Config
from engine.history import History
from engine.store.duck import DuckStore
from tests.kit import FAST
from tests.unit import history_kit
from tests.unit.accounts_kit import FakeClock
from tests.unit.history_kit import Book, small_book


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
    return History(store, history_kit.FakeClock())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.from_env({"IMS_DATA": str(tmp_path), "IMS_ZONE": "Australia/Sydney"})


@pytest.fixture
def accounts(store: DuckStore, clock: FakeClock, config: Config) -> Accounts:
    return Accounts(store, clock, config, password_cost=FAST)
