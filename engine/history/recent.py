"""What was computed within the last seconds: figures share the processor with sending."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from engine.model import SECOND_US

CACHE_S: Final = 3
"""The same figures are not computed again within this."""
CACHED_MOST: Final = 256

V = TypeVar("V")


class Recent(Generic[V]):
    """Results of the last `seconds`, at most CACHED_MOST; safe for threads. Keys name the account they belong to."""

    def __init__(self, seconds: int = CACHE_S) -> None:
        self._kept: OrderedDict[Hashable, tuple[int, V]] = OrderedDict()
        self._lock = threading.Lock()
        self._life_us = seconds * SECOND_US

    def get(self, key: Hashable, now_us: int, compute: Callable[[], V]) -> V:
        """The kept result, or a new one; computed outside the lock, so readers of other keys do not wait."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and 0 <= now_us - kept[0] < self._life_us:
            return kept[1]
        value = compute()
        with self._lock:
            self._kept[key] = (now_us, value)
            self._kept.move_to_end(key)
            while len(self._kept) > CACHED_MOST:
                self._kept.popitem(last=False)
        return value
