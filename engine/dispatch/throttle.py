"""Parts per second of a route."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

BURST_S: Final = 0.25
"""What may go out at once after a pause, in seconds of the rate: operators count by the second."""


class Throttle:
    """A token bucket of parts per second with BURST_S of burst; 0 means no limit."""

    def __init__(self, rate: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._most = rate * BURST_S
        self._tokens = self._most
        self._last = now()

    def spend(self, count: int) -> None:
        """`count` parts go out now; what the bucket does not hold becomes debt."""
        if self._rate:
            self._refill()
            self._tokens -= count

    def debt_s(self) -> float:
        """How long nothing more may go out."""
        if not self._rate:
            return 0.0
        self._refill()
        return max(0.0, -self._tokens / self._rate)

    def _refill(self) -> None:
        now = self._now()
        self._tokens = min(self._most, self._tokens + (now - self._last) * self._rate)
        self._last = now
