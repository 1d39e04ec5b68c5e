"""How commands open the engine and act: as the operator on their own machine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from engine.app import Engine
from engine.config import Config


@contextmanager
def opened(*, started: bool = False) -> Generator[Engine]:
    """The engine on the configured database; StoreError names the process that has it open."""
    engine = Engine.open(Config.from_env())
    try:
        if started:
            engine.start(listening=False)
        yield engine
    finally:
        engine.stop()
