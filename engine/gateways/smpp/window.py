"""How many parts of a bind may await their answer at the same time. Pure."""

from __future__ import annotations

from typing import Final

LEAST: Final = 5
"""Below this a bind would be too slow to be of use."""
PROVEN: Final = 1_000
"""So many answers without a lost one, and the window doubles."""


class Window:
    """`most` as configured; less after connections that ended with unanswered parts.

    Nobody knows whether such parts were taken, and they are never sent again: with an operator that cuts connections,
    a smaller window is the only way to have fewer messages in doubt. One bind keeps it over all its connections.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = most
        self._answered = 0

    @property
    def is_reduced(self) -> bool:
        return self.size < self.most

    def cut(self, unanswered: int) -> None:
        """A connection has ended with so many parts unanswered."""
        if unanswered:
            self.size = max(min(LEAST, self.most), self.size // 2)
            self._answered = 0

    def answered(self, count: int) -> None:
        if self.size == self.most:
            return
        self._answered += count
        if self._answered >= PROVEN:
            self.size = min(self.most, self.size * 2)
            self._answered = 0
