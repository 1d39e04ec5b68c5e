"""One thread that makes things happen in time: due jobs, receipts, deadlines, reconciliation, checkpoints."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import schedule

from engine.model import MINUTE_US, Clock
from engine.receipts import Receipts
from engine.store import Store, jobs
from engine.system.health import ChoreRun

log = logging.getLogger(__name__)

IDLE_WAIT_S: Final = 0.25
"""Longest sleep between looks at what is due; an acceptance or a receipt wakes it at once."""
JOBS_A_TICK: Final = 50
FOLDS_A_TICK: Final = 20
"""Batches of receipts before due jobs get their turn again."""
FEW_RECEIPTS: Final = 500
FOLD_REST_S: Final = 0.1
"""After a fold of few receipts: it costs as much as one of many, and those that arrive wait for it to be acknowledged.
An operator that sends ten at a time is answered six times as often for it."""
PARKED_EVERY_S: Final = 2
EXPIRE_EVERY_S: Final = 60
RECONCILE_EVERY_S: Final = 3_600
CHECKPOINT_EVERY_S: Final = 600
STALE_AFTER_S: Final = 120.0
"""A scheduler that did not tick for this long is reported as unhealthy."""
CLOCK_STEP: Final = timedelta(seconds=5)
"""Local time set back by less is not worth following: chores are late by it once."""
STOP_WAIT_S: Final = 15.0

Handler = Callable[[Mapping[str, Any]], None]


class Scheduler:
    """`start` runs the thread; `tick` is one round and can be called by hand (tests, the command line)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        receipts: Receipts,
        handlers: Mapping[str, Handler],
        looks: Mapping[str, tuple[int, Callable[[], object]]],
        chores: Mapping[str, tuple[int, Callable[[], object]]],
    ) -> None:
        """`handlers` run jobs by name; `looks` are name → (every so many seconds, what), quick and in this thread;
        `chores` likewise, in a thread of their own, as they may read the whole database."""
        self._store = store
        self._clock = clock
        self._receipts = receipts
        self._handlers = handlers
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_tick = time.monotonic()
        self._rest_s = 0.0
        self._plan: Any = schedule.Scheduler()  # typed only in part
        self._planned_at = _clocks()
        self._slow = ThreadPoolExecutor(1, "chores")
        self._runs: dict[str, ChoreRun] = {}
        self._pushed: set[str] = set()
        self._pushing = threading.Lock()
        slow = {**chores, "checkpoint": (CHECKPOINT_EVERY_S, store.checkpoint)}
        for name, (every_s, chore) in slow.items():
            self._runs[name] = ChoreRun(name, every_s)
            self._plan.every(every_s).seconds.do(self._slow.submit, self._guarded, name, chore)
        own = {
            "parked receipts": (PARKED_EVERY_S, receipts.fold_parked),
            "deadlines": (EXPIRE_EVERY_S, self._expire_all),
            **looks,
        }
        for name, (every_s, look) in own.items():
            self._runs[name] = ChoreRun(name, every_s)
            self._plan.every(every_s).seconds.do(self._guarded, name, look)

    def start(self) -> None:
        with self._store.transaction() as tx:
            jobs.recover(tx)
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something became due or arrived: look now."""
        self._wake.set()

    def stop(self) -> None:
        """Ends the thread after the round in hand."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)
            self._thread = None
        self._slow.shutdown(wait=True, cancel_futures=True)

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def healthy(self) -> bool:
        """Whether the thread lives and ticked lately."""
        return self.running and time.monotonic() - self._last_tick < STALE_AFTER_S

    @property
    def since_tick_s(self) -> float:
        """Seconds since the last round."""
        return time.monotonic() - self._last_tick

    def chores(self) -> list[ChoreRun]:
        """The last run of each chore; those that only run when asked are listed once they did."""
        return list(self._runs.values())

    def run_now(self, name: str, chore: Callable[[], object]) -> bool:
        """Runs something in the thread of the chores; False when the same was asked for and has not ended yet."""
        with self._pushing:
            if name in self._pushed:
                return False
            self._pushed.add(name)
        self._slow.submit(self._push, name, chore)
        return True

    def _push(self, name: str, chore: Callable[[], object]) -> None:
        try:
            self._guarded(name, chore)
        finally:
            with self._pushing:
                self._pushed.discard(name)

    def tick(self) -> bool:
        """One round: receipts, due jobs, chores whose time has come. True when there may be more to do."""
        self._last_tick = time.monotonic()
        folded = self._fold()
        started = self._run_due_jobs()
        self._follow_clock()
        self._plan.run_pending()
        return folded or started

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            busy = False
            try:
                busy = self.tick()
            except Exception:
                log.exception("scheduler: a round failed; the next one follows")
                self._stopping.wait(IDLE_WAIT_S)
            if not busy:
                self._stopping.wait(self._rest_s)
                self._wake.wait(IDLE_WAIT_S)

    def _follow_clock(self) -> None:
        """The plan goes by local time: when that is set back (in autumn, or corrected), no chore would run for so long.

        Set forward, every chore runs once at once, as after a machine that slept.
        """
        (local, steady_s), self._planned_at = self._planned_at, _clocks()
        step = self._planned_at[0] - local - timedelta(seconds=self._planned_at[1] - steady_s)
        if step > -CLOCK_STEP:
            return
        log.warning("the clock was set back by %s; the chores follow it", -step)
        for chore in self._plan.jobs:
            chore.next_run += step

    def _fold(self) -> bool:
        for _ in range(FOLDS_A_TICK):
            count = self._receipts.fold()
            if count < FEW_RECEIPTS:
                self._rest_s = FOLD_REST_S if count else 0.0
                return False
        return True

    def _run_due_jobs(self) -> bool:
        now_us = self._clock.now_us()
        if self._store.one("jobs.any_due", now_us) is None:
            return False
        with self._store.transaction() as tx:
            unended = jobs.retry_unended(tx, now_us=now_us)
            due = jobs.take_due(tx, now_us=now_us, limit=JOBS_A_TICK)
        if unended:
            log.warning("the end of %s jobs could not be written; they are tried again", len(unended))
        for job in due:
            self._run_job(job)
        return len(due) == JOBS_A_TICK

    def _run_job(self, job: jobs.Job) -> None:
        error = ""
        try:
            self._handlers[job.name](job.args)
        except Exception as failure:
            log.exception("job %s failed; it is tried again", job.key)
            error = f"{type(failure).__name__}: {failure}"
        try:
            self._end_job(job, error)
        except Exception:
            # The others that were taken with it must not wait for a restart; the next round puts this one back.
            log.exception("job %s: its end could not be written", job.key)

    def _end_job(self, job: jobs.Job, error: str) -> None:
        with self._store.transaction() as tx:
            if error:
                jobs.retry(tx, job, error=error, now_us=self._clock.now_us())
            else:
                jobs.finish(tx, job)

    def _expire_all(self) -> None:
        while self._receipts.expire() and not self._stopping.is_set():
            pass
        with self._store.transaction() as tx:
            tx.run("tasks.drop_old_quotes", self._clock.now_us() - MINUTE_US)

    def _guarded(self, name: str, chore: Callable[[], object]) -> None:
        """A chore that fails is reported and tried again at its next time."""
        before = self._runs.get(name, ChoreRun(name, 0))
        started_us, error = self._clock.now_us(), ""
        self._runs[name] = replace(before, started_us=started_us, running=True)
        try:
            chore()
        except Exception as failure:
            error = str(failure) or type(failure).__name__
            log.exception("scheduler: %s failed; it is tried again", name)
        took_us = self._clock.now_us() - started_us
        self._runs[name] = replace(before, started_us=started_us, took_us=took_us, error=error)


def _clocks() -> tuple[datetime, float]:
    """Local time, as the plan reads it, and one that nobody sets."""
    return datetime.now(), time.monotonic()  # noqa: DTZ005 - the package plans in local time without a zone
