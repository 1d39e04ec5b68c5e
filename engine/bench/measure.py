"""Times two ways to do the same job in turns and says how they compare; knows nothing of the jobs."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any, Final, Literal

Timed = Callable[[], float]
"""Prepares, does the job once and returns the seconds of the job alone."""

Better = Literal["lower", "higher"]

MS_PER_S: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure. `ours` and `peer` are medians in `unit`, `…_best` the best round.

    `ratio` says how many times better ours is than the peer's, whichever way `better` points. `holds` is None without
    a budget. `cold` is the first time in a fresh process, after imports. `note` says what the figure leaves out.
    """

    name: str
    n: int
    unit: str
    better: Better
    rounds: int
    ours: float
    ours_best: float
    peer_name: str
    peer: float | None = None
    peer_best: float | None = None
    budget: float | None = None
    cold: float | None = None
    cold_peer: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        if not self.peer or not self.ours:
            return None
        return self.peer / self.ours if self.better == "lower" else self.ours / self.peer

    @property
    def holds(self) -> bool | None:
        if self.budget is None:
            return None
        return self.ours <= self.budget if self.better == "lower" else self.ours >= self.budget

    def as_dict(self) -> dict[str, object]:
        """For JSON; figures with four significant digits."""
        figures = asdict(self) | {"ratio": self.ratio, "holds": self.holds}
        return {name: _rounded(value) if isinstance(value, float) else value for name, value in figures.items()}

    def with_cold(self, ours_s: float, peer_s: float | None) -> Result:
        """The same in milliseconds with figures of fresh processes."""
        return replace(self, cold=ours_s * MS_PER_S, cold_peer=None if peer_s is None else peer_s * MS_PER_S)


@dataclass(frozen=True, slots=True)
class Race:
    """Seconds of every round after the warm-up; `peer` is empty when there is none."""

    ours: Sequence[float]
    peer: Sequence[float]

    def in_ms(
        self, name: str, *, n: int, peer_name: str, budget_ms: float | None = None, per: int = 1, note: str = ""
    ) -> Result:
        """How long the job took, each of `per` equal parts of it."""
        ours, peer = _scaled(self.ours, MS_PER_S / per), _scaled(self.peer, MS_PER_S / per)
        return Result(
            name, n, "ms", "lower", peer_name=peer_name, budget=budget_ms, note=note, **_middle(ours, peer, min)
        )

    def per_s(self, name: str, *, n: int, unit: str, peer_name: str, budget_per_s: float, note: str = "") -> Result:
        """How many of `n` things were done a second."""
        ours, peer = [n / seconds for seconds in self.ours], [n / seconds for seconds in self.peer]
        figures = _middle(ours, peer, max)
        return Result(name, n, unit, "higher", peer_name=peer_name, budget=budget_per_s, note=note, **figures)

    def in_s(self, name: str, *, n: int, peer_name: str, budget_s: float, note: str = "") -> Result:
        """How many seconds the job took."""
        figures = _middle(self.ours, self.peer, min)
        return Result(name, n, "s", "lower", peer_name=peer_name, budget=budget_s, note=note, **figures)


def _middle(ours: Sequence[float], peer: Sequence[float], best: Callable[[Sequence[float]], float]) -> dict[str, Any]:
    """Median and best of both, as a Result takes them."""
    return {
        "rounds": len(ours),
        "ours": statistics.median(ours),
        "ours_best": best(ours),
        "peer": statistics.median(peer) if peer else None,
        "peer_best": best(peer) if peer else None,
    }


def race(ours: Timed, peer: Timed | None, *, rounds: int, repeats: int = 1) -> Race:
    """Warms each up once, then in every round runs ours `repeats` times and the peer once, taking turns to begin.

    In turns, so that whatever else the machine does falls on both.
    """
    ours()
    if peer is not None:
        peer()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        turns = [(0, ours)] * repeats + ([(1, peer)] if peer is not None else [])
        for whose, job in turns if number % 2 == 0 else reversed(turns):
            gc.collect()
            times[whose].append(job())
    return Race(*times)


def timed(job: Callable[[], object]) -> Timed:
    """For a job that needs no preparation."""

    def run() -> float:
        began = time.perf_counter()
        job()
        return time.perf_counter() - began

    return run


def optional(module: str) -> Any | None:
    """A peer's library, None when it is not installed: peers are only in tests/requirements.txt."""
    try:
        return import_module(module)
    except ImportError:
        return None


def _scaled(seconds: Sequence[float], factor: float) -> list[float]:
    return [one * factor for one in seconds]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
