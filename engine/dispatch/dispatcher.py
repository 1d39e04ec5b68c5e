"""Keeps a worker for every route that has something to send or receipts to await."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine import messages
from engine.dispatch.opt_outs import cancel_opted_out
from engine.dispatch.takeovers import decide
from engine.dispatch.worker import RouteWorker
from engine.gateways import GatewayFactory, InboundSink, ReceiptSink
from engine.model import Clock
from engine.routes import RouteMeters
from engine.store import Store

log = logging.getLogger(__name__)


class Dispatcher:
    """Runs the route threads. `wake` is the one call others need: it notices tasks that became due."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        gateway_for: GatewayFactory,
        sink_for: Callable[[int], ReceiptSink],
        on_recorded: Callable[[], None],
        meters: RouteMeters,
        *,
        inbound_for: Callable[[int], InboundSink] | None = None,
    ) -> None:
        """`on_recorded` is called after outcomes were committed: receipts that overtook them can be folded now.
        `meters` learn what each route does. `inbound_for` gives a route the sink of messages from phones.
        """
        self._store = store
        self._clock = clock
        self._gateway_for = gateway_for
        self._sink_for = sink_for
        self._on_recorded = on_recorded
        self._meters = meters
        self._workers: dict[int, RouteWorker] = {}
        self._lock = threading.Lock()
        self._paused = threading.Event()
        self._stopped = False
        self._inbound_for = inbound_for
        self._listening = False

    def recover(self) -> int:
        """At start, before anything is sent: interrupted submits are in doubt. Returns how many."""
        with self._store.transaction() as tx:
            interrupted = messages.doubt_interrupted(tx, now_us=self._clock.now_us())
            tx.run("dispatch.end_interrupted", self._clock.now_us())
        return interrupted

    def begin(self, task_id: int, *, due_us: int | None = None) -> None:
        """A task became due; calling it again changes nothing. One that was paused, or put off to after `due_us`
        (the time of the job that calls) meanwhile, does not begin."""
        with self._store.transaction() as tx:
            tx.run("dispatch.begin_task", task_id, self._clock.now_us(), due_us)
            cancel_opted_out(tx, task_id, now_us=self._clock.now_us())
        self.wake()

    def wake(self) -> None:
        """Makes sure every route with unsent or awaited messages has a worker, and that it looks now."""
        for row in self._store.all("dispatch.busy_routes", self._listening):
            worker = self._worker(row["route_id"])
            if worker is not None:
                worker.wake()

    def listen(self) -> None:
        """From now on routes that phones can answer on keep their connection, whether or not anything is sent."""
        self._listening = True

    def look_at_routes(self) -> None:
        """Lets a route take over for one that cannot send, and give back; a thread that ended begins again."""
        for route_id in self.dead_routes:
            self._worker(route_id)
        if decide(self._store, self._clock.now_us()):
            self.wake()

    @property
    def dead_routes(self) -> list[int]:
        """Routes whose thread ended although nobody asked it to: nothing is sent over them."""
        with self._lock:
            return [route_id for route_id, worker in self._workers.items() if not worker.alive]

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
            self._stopped = True
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.join()

    def _worker(self, route_id: int) -> RouteWorker | None:
        """None once stopped: a job that comes due meanwhile must not begin to send on a store about to close."""
        with self._lock:
            if self._stopped:
                return None
            worker = self._workers.get(route_id)
            if worker is None:
                worker = RouteWorker(
                    self._store,
                    self._clock,
                    self._gateway_for,
                    self._sink_for(route_id),
                    route_id,
                    paused=self._paused,
                    on_recorded=self._on_recorded,
                    meters=self._meters,
                    inbound=self._inbound_for(route_id) if self._inbound_for else None,
                )
                self._workers[route_id] = worker
                worker.start()
            elif not worker.alive:
                log.error("route %s: its thread had ended; it begins again", route_id)
                worker.start()
            return worker
