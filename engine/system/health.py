"""What the scheduler tells about itself, and what the system page asks of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChoreRun:
    """The last run of a periodic chore. `error` is empty when it went well; `running` while it lasts."""

    name: str
    every_s: int
    started_us: int | None = None
    took_us: int | None = None
    error: str = ""
    running: bool = False


class Chores(Protocol):
    """The part of the scheduler that staff may look at and push."""

    @property
    def healthy(self) -> bool: ...

    @property
    def since_tick_s(self) -> float:
        """Seconds since its last round."""
        ...

    def chores(self) -> Sequence[ChoreRun]: ...

    def run_now(self, name: str, chore: Callable[[], object]) -> bool:
        """Runs something in the thread of the chores; False when the same is waiting or running already."""
        ...
