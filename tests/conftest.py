"""What holds for every test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings

from engine.store import open_store
from tests import kit

# How long an example takes says how busy the machine is, not whether the product is right; --timeout ends what hangs.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Gives the worlds a database whose migrations have run."""
    file = tmp_path_factory.mktemp("migrated") / "ims.db"
    open_store(f"duckdb:///{file}").close()
    kit.migrated = file


@pytest.fixture(autouse=True)
def _no_loop_of_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """The browser's driver leaves its loop running in the worker's thread, and nobody else could begin one there."""
    if "tests/browser" in request.node.nodeid:
        yield
        return
    left = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)
