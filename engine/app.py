"""Builds the engine from its configuration: what pages, the API and the command line hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from engine import ledger, routes
from engine.accounts import Accounts
from engine.config import Config
from engine.dispatch import Dispatcher
from engine.gateways import GatewayFactory, gateway_for
from engine.history import Columns, History
from engine.model import MICRO, Clock, SystemClock
from engine.notices import Notices
from engine.receipts import Receipts
from engine.routes import EVERYWHERE, NewRoute, Routes
from engine.scheduler import RECONCILE_EVERY_S, Scheduler
from engine.store import Store, open_store
from engine.tasks import Tasks
from engine.tasks.due import DISPATCH_JOB
from engine.tasks.service import STOPPED_SETTING
from engine.topups import Topups

log = logging.getLogger(__name__)

FIRST_ROUTE_NAME = "Simulator"
DROP_NOTICES_EVERY_S = 86_400


class Engine:
    """Everything the product does. Services take an `Actor` and check role and account themselves."""

    def __init__(self, config: Config, store: Store, clock: Clock, *, gateways: GatewayFactory = gateway_for) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.accounts = Accounts(store, clock, config)
        self.routes = Routes(store, clock)
        self.topups = Topups(store, clock)
        self.history = History(store, clock)
        self.columns = Columns(store)
        self.notices = Notices(store, clock)
        self._receipts = Receipts(store, clock, on_arrival=self._wake)
        self._dispatcher = Dispatcher(store, clock, gateways, self._receipts.sink_for, self._receipts.recorded)
        self.tasks = Tasks(store, clock, quick_limit=config.quick_limit, on_due=self._wake)
        self.scheduler = Scheduler(
            store,
            clock,
            self._receipts,
            handlers={DISPATCH_JOB: self._dispatch},
            chores={
                "reconciliation": (RECONCILE_EVERY_S, self.reconcile),
                "old notices": (DROP_NOTICES_EVERY_S, self.notices.drop_old),
            },
        )
        self._add_first_route()

    @classmethod
    def open(cls, config: Config, *, clock: Clock | None = None) -> Engine:
        """Opens the database (StoreError when another process has it) and migrates it; nothing runs yet."""
        return cls(config, open_store(config.url, memory_mb=config.memory_mb), clock or SystemClock())

    def start(self) -> None:
        """Settles what a crash left, proves the books, then begins to send."""
        interrupted = self._dispatcher.recover()
        if interrupted:
            log.warning(
                "%s messages were being submitted when the server stopped: in doubt until a receipt", interrupted
            )
        self.reconcile(quick=True)
        self.scheduler.start()
        self._dispatcher.wake()

    def stop(self) -> None:
        """Ends scheduler and senders after what they have in hand, then closes the database."""
        self._dispatcher.stop()
        self.scheduler.stop()
        self.store.close()

    def reconcile(self, *, quick: bool = False) -> ledger.Reconciliation:
        """Proves the books. A difference stops sending until a later proof succeeds, and is shown to staff.

        `quick` leaves out the proofs that read every message; the full one runs hourly.
        """
        result = ledger.reconcile(self.store, quick=quick)
        stopped = self.store.one("store.setting", STOPPED_SETTING) is not None
        if not result.ok:
            log.error("the books do not add up: %s; sending is stopped", result.as_dict())
            self._dispatcher.pause()
            with self.store.transaction() as tx:
                tx.run("store.put_setting", STOPPED_SETTING, str(result.as_dict()), self.clock.now_us())
        elif stopped and not quick:
            with self.store.transaction() as tx:
                tx.run("store.drop_setting", STOPPED_SETTING)
            self._dispatcher.resume()
        return result

    def health(self) -> dict[str, object]:
        """For /healthz: `ok`, and what it is made of."""
        database = self.store.one("store.version") is not None
        return {
            "ok": database and self.scheduler.healthy,
            "database": database,
            "scheduler": self.scheduler.healthy,
            "sending": not self._dispatcher.paused,
        }

    def _wake(self) -> None:
        self.scheduler.wake()

    def _dispatch(self, args: Mapping[str, Any]) -> None:
        self._dispatcher.begin(int(args["task"]), due_us=args.get("due"))

    def _add_first_route(self) -> None:
        """A fresh database can send at once, to the built-in simulator."""
        if self.store.one("routes.default_one") is not None:
            return
        first = NewRoute(
            name=FIRST_ROUTE_NAME,
            gateway=self.config.first_gateway,
            prices={EVERYWHERE: MICRO},
            supports_sender=True,
            is_default=True,
        )
        with self.store.transaction() as tx:
            routes.add(tx, first, member_id=None, now_us=self.clock.now_us())
