"""Failed sign-ins of names nobody has, so that they are locked like real ones and tell nothing apart."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

MOST_NAMES: Final = 10_000
"""Names remembered; the one unused longest is forgotten first."""


class UnknownNames:
    def __init__(self, failures_allowed: int, lock_us: int) -> None:
        self._allowed = failures_allowed
        self._lock_us = lock_us
        self._names: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._guard = threading.Lock()

    def locked_until_us(self, name: str) -> int:
        """0 when the name was never locked."""
        with self._guard:
            return self._names.get(name, (0, 0))[1]

    def count_failure(self, name: str, now_us: int) -> int:
        """Counts one more and returns until when the name is locked, as `accounts.count_failure` does."""
        with self._guard:
            failures, until_us = self._names.pop(name, (0, 0))
            failures += 1
            if failures >= self._allowed:
                failures, until_us = 0, now_us + self._lock_us
            self._names[name] = (failures, until_us)
            if len(self._names) > MOST_NAMES:
                self._names.popitem(last=False)
            return until_us
