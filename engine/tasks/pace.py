"""When a task will have been handed over, at its route's throughput and behind what waits there already. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model import SECOND_US
from engine.store import Row, Rows


@dataclass(frozen=True, slots=True)
class Finish:
    """`finish_us` None: the route has no limit, so nothing can be said. `ahead` are parts that go before."""

    per_s: int
    ahead: int
    finish_us: int | None


def finish(own: Sequence[tuple[int, int]], queue: Sequence[tuple[int, int]], *, per_s: int, now_us: int) -> Finish:
    """`own` and `queue` are (due, parts) of what is to be sent and of what the route has to send besides.

    One after the other in the order of their times, at `per_s` parts a second: tasks that take turns end no earlier.
    """
    last_us = max((due_us for due_us, _ in own), default=now_us)
    ahead = sum(parts for due_us, parts in queue if due_us <= last_us)
    if per_s <= 0:
        return Finish(per_s, ahead, None)
    at_us = now_us
    finish_us = now_us
    # At the same time, what is there already goes first.
    for due_us, mine, parts in sorted([*((due, True, n) for due, n in own), *((due, False, n) for due, n in queue)],
                                      key=lambda one: (one[0], one[1])):  # fmt: skip
        at_us = max(at_us, due_us) + -(-parts * SECOND_US // per_s)
        if mine:
            finish_us = at_us
    return Finish(per_s, ahead, finish_us)


def open_parts(tasks: Rows) -> list[tuple[int, int]]:
    """(due, parts not handed over yet) of the tasks of a route."""
    return [(task["due_us"], _open(task)) for task in tasks]


def _open(task: Row) -> int:
    done = max(task["submitted"], task["delivered"] + task["failed"] + task["expired"] + task["cancelled"])
    left = max(task["recipients"] - done, 0)
    return -(-task["parts"] * left // task["recipients"])
