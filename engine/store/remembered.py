"""What was read from the store, kept for as long as nothing was written that could change it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from engine.store.base import Store

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT_MOST: Final = 10_000
"""Values of one kind; when there are more, all are read anew."""


class Remembered(Generic[K, V]):
    """Values by key. Any thread may ask; two that ask at once may both read."""

    def __init__(self, store: Store, *rooms: str) -> None:
        """`rooms` are the files of SQL whose statements write what the values are made of."""
        self._store = store
        self._rooms = rooms
        self._kept: dict[K, tuple[int, V]] = {}

    def get(self, key: K, read: Callable[[], V], *, holds: Callable[[V], bool] | None = None) -> V:
        """The kept value, or what `read` gives now. `holds`: whether a kept one is still true, for values that time
        alone can change."""
        changes = self._store.changes(*self._rooms)  # before it is read: what is committed meanwhile is not missed
        kept = self._kept.get(key)
        if kept is not None and kept[0] == changes and (holds is None or holds(kept[1])):
            return kept[1]
        value = read()
        if len(self._kept) >= KEPT_MOST:
            self._kept.clear()
        self._kept[key] = (changes, value)
        return value
