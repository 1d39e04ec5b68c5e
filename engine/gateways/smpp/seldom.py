"""Bounds a log line that an operator's fault could repeat a thousand times a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 60.0


class Seldom:
    """Writes the first line of each minute, and with the next one how many were left out."""

    def __init__(self, log: logging.Logger, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._now = now
        self._next_s = 0.0
        self._left_out = 0
        self.count = 0
        """Of everything, written or not."""

    def warn(self, line: str, *values: object) -> None:
        self.count += 1
        now_s = self._now()
        if now_s < self._next_s:
            self._left_out += 1
            return
        more = f" ({self._left_out} more like it before)" if self._left_out else ""
        self._log.warning(line + more, *values)
        self._next_s, self._left_out = now_s + EVERY_S, 0
