"""What the parts of the top-up desk share."""

from __future__ import annotations

from typing import Final

from engine.config import Config
from engine.model import Clock
from engine.store import Remembered, Rows, Store
from engine.topups.files import ReceiptFolder

LIST_ROOMS: Final = ("topups", "accounts", "profile")
"""Where requests, and the names of accounts and people in their rows, are written."""


class Desk:
    def __init__(self, store: Store, clock: Clock, config: Config) -> None:
        """`config.second_approval` credits and more need two members of staff (0: one always decides)."""
        self._store = store
        self._clock = clock
        self._second_approval = config.second_approval
        self._folder = ReceiptFolder(config.data)
        self._newest = Remembered[tuple[int | None, bool | None, int], Rows](store, *LIST_ROOMS)
