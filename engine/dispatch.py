"""Sends: claims a batch and commits, submits it outside any transaction, records what became of it.

One thread per route that has work. Tasks of a route take turns, a batch each, so that a long task does
not block a short one. A route whose gateway is down waits with growing pauses and loses nothing.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine import messages, parts, routes
from engine.errors import ImsError
from engine.gateways import Gateway, GatewayDown, GatewayFactory, Outcome, OutcomeKind, ReceiptSink, Submission
from engine.model import Clock, FailReason, MessageState, TaskState
from engine.store import Row, Rows, Store, Tx, one_column

log = logging.getLogger(__name__)

MOST_PAUSE_S: Final = 60.0
PERMANENT_PAUSE_S: Final = 30.0
"""After a refused login: staff must change the route, so asking often helps nobody."""
STOP_WAIT_S: Final = 10.0
RESUME_MOST: Final = 200_000
"""References handed to a gateway after a restart; older ones wait for their deadline."""


_ACCEPTED_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "provider_ref": pl.String,
    "dispatch_id": pl.Int64,
    "country": pl.String,
    "held_micro": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class _Claim:
    """Messages that are marked as submitting; `rows` are what the store knows of them."""

    task: Row
    dispatch_id: int
    rows: Rows
    batch: list[Submission]


class Throttle:
    """A token bucket of parts per second with one second of burst; 0 means no limit."""

    def __init__(self, rate: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._now = now
        self._tokens = float(rate)
        self._last = now()

    def wait_s(self, count: int) -> float:
        """Takes `count` parts and returns how long to wait before sending them."""
        if not self._rate:
            return 0.0
        now = self._now()
        self._tokens = min(self._rate, self._tokens + (now - self._last) * self._rate) - count
        self._last = now
        return max(0.0, -self._tokens / self._rate)


class Dispatcher:
    """Runs the route threads. `wake` is the one call others need: it notices tasks that became due."""

    def __init__(
        self, store: Store, clock: Clock, gateway_for: GatewayFactory, sink_for: Callable[[int], ReceiptSink]
    ) -> None:
        self._store = store
        self._clock = clock
        self._gateway_for = gateway_for
        self._sink_for = sink_for
        self._workers: dict[int, RouteWorker] = {}
        self._lock = threading.Lock()
        self._paused = threading.Event()

    def recover(self) -> int:
        """At start, before anything is sent: interrupted submits are in doubt. Returns how many."""
        with self._store.transaction() as tx:
            interrupted = messages.doubt_interrupted(tx)
            tx.run("dispatch.end_interrupted", self._clock.now_us())
        return interrupted

    def begin(self, task_id: int) -> None:
        """A task became due; calling it again changes nothing."""
        with self._store.transaction() as tx:
            tx.run("dispatch.begin_task", task_id, self._clock.now_us())
        self.wake()

    def wake(self) -> None:
        """Makes sure every route with unsent or awaited messages has a worker, and that it looks now."""
        for row in self._store.all("dispatch.busy_routes"):
            self._worker(row["route_id"]).wake()

    def pause(self) -> None:
        """Stops claiming everywhere (the books do not add up); what is in flight is still recorded."""
        self._paused.set()

    def resume(self) -> None:
        """Sends again after a pause."""
        if self._paused.is_set():
            self._paused.clear()
            self.wake()

    @property
    def paused(self) -> bool:
        return self._paused.is_set()

    def stop(self) -> None:
        """Ends all route threads after the batch in hand is recorded."""
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.join()

    def _worker(self, route_id: int) -> RouteWorker:
        with self._lock:
            worker = self._workers.get(route_id)
            if worker is None:
                worker = RouteWorker(
                    self._store, self._clock, self._gateway_for, self._sink_for(route_id), route_id, self._paused
                )
                self._workers[route_id] = worker
                worker.start()
            return worker


class RouteWorker:
    """The thread of one route: owns its gateway and its throttle."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        gateway_for: GatewayFactory,
        sink: ReceiptSink,
        route_id: int,
        paused: threading.Event,
    ) -> None:
        self._store = store
        self._clock = clock
        self._gateway_for = gateway_for
        self._sink = sink
        self._route_id = route_id
        self._paused = paused
        self._gateway: Gateway | None = None
        self._url = ""
        self._throttle = Throttle(0)
        self._failures = 0
        self._last_task = 0
        self._next_ids: dict[int, int] = {}
        self._unrecorded: tuple[_Claim, Sequence[Outcome]] | None = None
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"route-{route_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._awake.set()

    def join(self) -> None:
        self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._awake.clear()
                try:
                    self._send_all()
                except GatewayDown as down:
                    self._back_off(down)
                except Exception as error:
                    log.exception("route %s: unexpected fault; trying again", self._route_id)
                    self._back_off(GatewayDown(f"internal fault: {type(error).__name__}"))
                else:
                    self._awake.wait()
        finally:
            self._close_gateway()

    def _send_all(self) -> None:
        """Sends until no task of the route has anything queued."""
        route = routes.load(self._store, self._route_id)
        gateway = self._open_gateway(route)
        claim = self._claim_next(route) if self._unrecorded is None else self._record(route)
        while claim is not None:
            self._wait_turn(claim.batch)
            try:
                outcomes = gateway.submit(claim.batch)
                assert len(outcomes) == len(claim.batch)
            except GatewayDown as down:
                self._release(claim)
                raise down from None
            except Exception as error:
                log.exception("route %s: gateway fault, %s messages in doubt", route.id, len(claim.batch))
                outcomes = [Outcome(OutcomeKind.LOST, detail=type(error).__name__)] * len(claim.batch)
            self._failures = 0
            self._unrecorded = (claim, outcomes)
            claim = self._record(route)

    def _open_gateway(self, route: routes.Route) -> Gateway:
        """The open gateway; a changed address or throughput takes effect here."""
        if self._gateway is not None and self._url == route.gateway:
            return self._gateway
        self._close_gateway()
        try:
            gateway = self._gateway_for(route.gateway)
        except ImsError as error:
            raise GatewayDown(error.message, permanent=True) from error
        gateway.open(self._sink)
        self._gateway, self._url = gateway, route.gateway
        self._throttle = Throttle(route.throughput)
        refs = [row["provider_ref"] for row in self._store.all("dispatch.outstanding_refs", route.id, RESUME_MOST)]
        if refs:
            gateway.resume(refs)
        return gateway

    def _close_gateway(self) -> None:
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None

    def _wait_turn(self, batch: Sequence[Submission]) -> None:
        pause_s = self._throttle.wait_s(sum(submission.parts for submission in batch))
        if pause_s:
            self._stopping.wait(pause_s)

    def _claim_next(self, route: routes.Route) -> _Claim | None:
        if self._cannot_claim():
            return None
        with self._store.transaction() as tx:
            return self._claim(tx, route)

    def _cannot_claim(self) -> bool:
        return self._stopping.is_set() or self._paused.is_set()

    def _claim(self, tx: Tx, route: routes.Route) -> _Claim | None:
        """The next batch of the task whose turn it is; marks tasks with nothing left as sent."""
        limit = min(route.batch, route.throughput) if route.throughput else route.batch
        for task in self._in_turn(tx.all("dispatch.sending_tasks", self._route_id)):
            dispatch_id = self._dispatch_of(tx, task)
            rows = self._claim_rows(tx, task, dispatch_id, limit)
            if rows:
                self._last_task = task["id"]
                return _Claim(task, dispatch_id, rows, _submissions(task, rows))
            self._end(tx, task, dispatch_id)
        return None

    def _claim_rows(self, tx: Tx, task: Row, dispatch_id: int, limit: int) -> Rows:
        """Goes on where the last claim of the task ended; looks from its start when nothing is there."""
        low = self._next_ids.pop(task["id"], None)
        rows = messages.claim(tx, task=task, dispatch_id=dispatch_id, low=low, limit=limit) if low else []
        if not rows:
            low = messages.first_queued(tx, task)
            rows = messages.claim(tx, task=task, dispatch_id=dispatch_id, low=low, limit=limit) if low else []
        if rows:
            self._next_ids[task["id"]] = rows[-1]["id"] + 1
        return rows

    def _in_turn(self, tasks: list[Row]) -> list[Row]:
        """Tasks after the last one served come first."""
        return sorted(tasks, key=lambda task: (task["id"] <= self._last_task, task["id"]))

    def _dispatch_of(self, tx: Tx, task: Row) -> int:
        running = tx.one("dispatch.running", task["id"])
        if running is not None:
            return running["id"]
        dispatch_id = tx.reserve("dispatch")
        tx.run("dispatch.insert", dispatch_id, task["id"], task["account_id"], task["route_id"], self._clock.now_us())
        return dispatch_id

    def _end(self, tx: Tx, task: Row, dispatch_id: int) -> None:
        """Everything of the task was handed over."""
        now_us = self._clock.now_us()
        tx.run("dispatch.mark_sent", dispatch_id, now_us)
        tx.run("dispatch.mark_task_sent", task["id"], TaskState.SENT.value)

    def _record(self, route: routes.Route) -> _Claim | None:
        """Writes the outcomes and claims the next batch in the same commit.

        The outcomes are kept until that commit: a store that fails for a moment does not put them in doubt.
        """
        assert self._unrecorded is not None
        claim, outcomes = self._unrecorded
        slow_down_s = max(
            (outcome.retry_after_s for outcome in outcomes if outcome.kind is OutcomeKind.UNSENT), default=0.0
        )
        with self._store.transaction() as tx:
            record(tx, claim, outcomes, now_us=self._clock.now_us())
            if route.down_since_us is not None:
                routes.mark_up(tx, route.id)
            following = None if slow_down_s or self._cannot_claim() else self._claim(tx, route)
        self._unrecorded = None
        if slow_down_s:
            self._stopping.wait(min(slow_down_s, MOST_PAUSE_S))
            return self._claim_next(route)
        return following

    def _release(self, claim: _Claim) -> None:
        """Nothing of the batch was written: it goes back as it was."""
        with self._store.transaction() as tx:
            _requeue(tx, claim.task, [one.message_id for one in claim.batch], self._clock.now_us())

    def _back_off(self, down: GatewayDown) -> None:
        """Waits before the next try: doubling, with jitter so that routes do not return together."""
        self._failures += 1
        pause_s = (
            PERMANENT_PAUSE_S
            if down.permanent
            else min(down.retry_after_s * 2 ** min(self._failures, 10), MOST_PAUSE_S)
        )
        if down.permanent:
            self._close_gateway()
        with self._store.transaction() as tx:
            routes.mark_down(tx, self._route_id, str(down), self._clock.now_us())
        self._stopping.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret


def record(tx: Tx, claim: _Claim, outcomes: Sequence[Outcome], *, now_us: int) -> None:
    """Moves each message by its outcome: accepted, rejected, unsent (queued again) or lost (in doubt)."""
    task = claim.task
    kinds = [outcome.kind for outcome in outcomes]
    by_kind = {kind: [index for index, found in enumerate(kinds) if found is kind] for kind in set(kinds)}
    accepted = _accepted(claim, outcomes, by_kind.get(OutcomeKind.ACCEPTED, []))
    unsent = [claim.rows[index]["id"] for index in by_kind.get(OutcomeKind.UNSENT, [])]
    lost = [claim.rows[index]["id"] for index in by_kind.get(OutcomeKind.LOST, [])]
    rejected = [
        _rejection(claim.batch[index], outcomes[index], now_us) for index in by_kind.get(OutcomeKind.REJECTED, [])
    ]
    taken = [row for row, kind in zip(claim.rows, kinds, strict=True) if kind is not OutcomeKind.UNSENT]
    if taken:
        held_micro = sum(row["held_micro"] for row in taken)
        messages.count_handed_over(
            tx,
            dispatch_id=claim.dispatch_id,
            task=task,
            accepted=accepted.height,
            taken=len(taken),
            held_micro=held_micro,
        )
    if not accepted.is_empty():
        messages.record_submitted(tx, task=task, accepted=accepted, now_us=now_us)
    if lost:
        messages.doubt(tx, lost, detail="the connection was lost before the answer")
    if rejected:
        messages.finish(tx, messages.finals_of(rejected), now_us=now_us)
    if unsent:
        _requeue(tx, task, unsent, now_us)
    _stop_refused(tx, task, outcomes, now_us)


def _accepted(claim: _Claim, outcomes: Sequence[Outcome], indexes: Sequence[int]) -> pl.DataFrame:
    rows = [claim.rows[index] for index in indexes]
    return pl.DataFrame(
        {
            "id": one_column(rows, "id"),
            "provider_ref": [outcomes[index].provider_ref for index in indexes],
            "dispatch_id": [claim.dispatch_id] * len(rows),
            "country": one_column(rows, "country"),
            "held_micro": one_column(rows, "held_micro"),
        },
        schema=_ACCEPTED_SCHEMA,
    )


def _stop_refused(tx: Tx, task: Row, outcomes: Sequence[Outcome], now_us: int) -> None:
    """When the operator refused the sender, the rest of the task ends too, with its reason."""
    stop = next((outcome for outcome in outcomes if outcome.stop_task), None)
    if stop is not None:
        reason = stop.reason or FailReason.REJECTED
        messages.fail_queued(tx, task, reason=reason, detail=stop.detail, now_us=now_us)
        tx.run("dispatch.stop_task", task["id"], reason.value)


def _rejection(submission: Submission, outcome: Outcome, now_us: int) -> dict[str, object]:
    return {
        "id": submission.message_id,
        "state": MessageState.FAILED.value,
        "reason": (outcome.reason or FailReason.REJECTED).value,
        "detail": outcome.detail[: messages.DETAIL_LENGTH],
        "final_us": now_us,
    }


def _requeue(tx: Tx, task: Row, ids: Sequence[int], now_us: int) -> None:
    """Back to queued, unless the task was cancelled meanwhile: then these are cancelled too."""
    messages.requeue(tx, ids)
    if tx.one("dispatch.cancel_requested", task["id"]):
        messages.cancel_queued(tx, task, now_us=now_us)


def _submissions(task: Row, rows: Sequence[Row]) -> list[Submission]:
    shared = task["content"]
    shared_encoding = parts.count(shared).encoding
    return [
        Submission(
            message_id=row["id"],
            msisdn=f"+{row['msisdn']}",
            sender=task["sender"],
            text=shared if row["content"] is None else row["content"],
            encoding=shared_encoding if row["content"] is None else parts.count(row["content"]).encoding,
            parts=row["parts"],
        )
        for row in rows
    ]
