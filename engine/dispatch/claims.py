"""Which messages a route takes next: its tasks take turns, and what has nothing left is marked as sent."""

from __future__ import annotations

from typing import Final

from engine import messages
from engine.dispatch.outcomes import Claim, submissions
from engine.model import Clock, TaskState
from engine.routes import Route
from engine.store import Row, Tx

TURNS_A_SECOND: Final = 4
"""Batches per second of a route with a throughput limit, so that progress is smooth and tasks take turns."""


class Claims:
    """Of one route's thread; remembers whose turn it was, and where in each task it goes on."""

    def __init__(self, clock: Clock, route_id: int) -> None:
        self._clock = clock
        self._route_id = route_id
        self._last_task = 0
        self._next_ids: dict[int, int] = {}

    def next(self, tx: Tx, route: Route) -> Claim | None:
        """The next batch of the task whose turn it is; marks tasks with nothing left as sent.

        Tasks that are held back are looked at only when nothing else is to do: the rest of one may be in doubt or
        stopped meanwhile.
        """
        limit = min(route.batch, max(1, route.throughput // TURNS_A_SECOND)) if route.throughput else route.batch
        tasks = tx.all("dispatch.sending_tasks", self._route_id)
        for task in self._in_turn([task for task in tasks if not task["held_back"]]):
            claim = self._claim_of(tx, task, limit)
            if claim is not None:
                self._last_task = task["id"]
                return claim
            self._mark_sent(tx, task)
        for task in tasks:
            if task["held_back"]:
                self._mark_sent(tx, task)
        tx.run("dispatch.close_runs", self._route_id, self._clock.now_us())
        return None

    def _mark_sent(self, tx: Tx, task: Row) -> None:
        """Only once nothing is queued or in the hands of another route that carries the task too."""
        if not messages.handed_over(tx, task):
            return
        tx.run("dispatch.mark_sent", task["id"], self._clock.now_us())
        tx.run("dispatch.mark_task_sent", task["id"], TaskState.SENT.value)

    def _claim_of(self, tx: Tx, task: Row, limit: int) -> Claim | None:
        """Goes on where the last claim of the task ended; looks from its start when nothing is there."""
        known = self._next_ids.pop(task["id"], None)
        if known == task["first_message"] + task["recipients"]:
            known = None
        for low in (known, None):
            begin = messages.first_queued(tx, task) if low is None else low
            if begin is None:
                return None
            dispatch_id = self._dispatch_of(tx, task)
            rows = messages.claim(
                tx, task=task, dispatch_id=dispatch_id, low=begin, limit=limit, carrier_id=self._carrier_of(task)
            )
            if rows:
                self._next_ids[task["id"]] = rows[-1]["id"] + 1
                return Claim(task, self._route_id, dispatch_id, rows, submissions(task, rows))
        return None

    def _carrier_of(self, task: Row) -> int | None:
        """This route when it carries for another, as is kept with message and dispatch."""
        return self._route_id if task["route_id"] != self._route_id else None

    def _in_turn(self, tasks: list[Row]) -> list[Row]:
        """Tasks after the last one served come first."""
        return sorted(tasks, key=lambda task: (task["id"] <= self._last_task, task["id"]))

    def _dispatch_of(self, tx: Tx, task: Row) -> int:
        running = tx.one("dispatch.running", task["id"], self._route_id)
        if running is not None:
            return running["id"]
        dispatch_id = tx.reserve("dispatch")
        tx.run(
            "dispatch.insert", dispatch_id, task["id"], task["account_id"], task["route_id"], self._clock.now_us(),
            self._carrier_of(task),
        )  # fmt: skip
        return dispatch_id
