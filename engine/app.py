"""Builds the engine from its configuration: what pages, the API and the command line hold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from engine import ledger, routes, terms
from engine.accounts import Accounts, Factors, Profile, Team
from engine.accounts.desk import Desk
from engine.accounts.sender_ids import SenderIds
from engine.cases import Cases
from engine.config import Config
from engine.contacts import Contacts, OptOuts
from engine.countries import Countries
from engine.dispatch import Dispatcher
from engine.drafts import Drafts
from engine.gateways import GatewayFactory, gateway_for
from engine.history import Columns, History
from engine.hooks import Hooks
from engine.inbox import Inbox
from engine.model import MICRO, Clock, SystemClock
from engine.notices import Notices
from engine.receipts import Receipts
from engine.routes import EVERYWHERE, NewRoute, RouteMeters, Routes
from engine.scheduler import RECONCILE_EVERY_S, Scheduler
from engine.store import Store, open_store
from engine.system import BACKUP_LOOK_EVERY_S, System
from engine.tasks import RouteTests, Tasks
from engine.tasks.due import DISPATCH_JOB
from engine.tasks.gate import Gate
from engine.tasks.service import STOPPED_SETTING
from engine.templates import Templates
from engine.terms import Terms
from engine.topups import Topups

log = logging.getLogger(__name__)

FIRST_ROUTE_NAME = "Simulator"
RECONCILE_CHORE = "reconciliation"
DROP_NOTICES_EVERY_S = 86_400
DROP_ORPHANS_EVERY_S = 3_600
LOW_BALANCES_EVERY_S = 30
TAKEOVERS_EVERY_S = 5
DROP_DRAFTS_EVERY_S = 21_600
DROP_INBOX_EVERY_S = 86_400


class Engine:
    """Everything the product does. Services take an `Actor` and check role and account themselves."""

    def __init__(self, config: Config, store: Store, clock: Clock, *, gateways: GatewayFactory = gateway_for) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.accounts = Accounts(store, clock, config)
        self.team = Team(store, clock, config)
        self.factors = Factors(store, clock, config)
        self.profile = Profile(store, clock)
        meters = RouteMeters()
        self.routes = Routes(store, clock, meters)
        self.topups = Topups(store, clock, config)
        self.history = History(store, clock)
        self.columns = Columns(store)
        self.notices = Notices(store, clock)
        self.cases = Cases(store, clock)
        self.inbox = Inbox(store, clock)
        self.contacts = Contacts(store, clock)
        self.opt_outs = OptOuts(store, clock, country=config.country)
        self.templates = Templates(store, clock)
        self.countries = Countries(store, clock)
        self.drafts = Drafts(store, clock)
        self._receipts = Receipts(store, clock, on_arrival=self._wake)
        self.hooks = Hooks(store, clock, config, self._receipts.sink_for, self.inbox.sink_for)
        self._dispatcher = Dispatcher(
            store,
            clock,
            gateways,
            self.hooks.sink_for,
            self._receipts.recorded,
            meters,
            inbound_for=self.inbox.sink_for,
        )
        self.desk = Desk(store, clock)
        self.sender_ids = SenderIds(store, clock, required=config.sender_approval)
        self.terms = Terms(store, clock)
        gate = Gate(sender_approval=config.sender_approval)
        self.tasks = Tasks(store, clock, quick_limit=config.quick_limit, on_due=self._wake, gate=gate)
        self.route_test = RouteTests(store, clock, self.tasks, config.country)
        self.scheduler = Scheduler(
            store,
            clock,
            self._receipts,
            handlers={DISPATCH_JOB: self._dispatch},
            looks={"takeovers": (TAKEOVERS_EVERY_S, self._dispatcher.look_at_routes)},
            chores={
                RECONCILE_CHORE: (RECONCILE_EVERY_S, self.reconcile),
                "low balances": (LOW_BALANCES_EVERY_S, self.profile.tell_low),
                "backup": (BACKUP_LOOK_EVERY_S, self._back_up_when_due),
                "old notices": (DROP_NOTICES_EVERY_S, self.notices.drop_old),
                "orphaned receipts": (DROP_ORPHANS_EVERY_S, self.topups.drop_orphans),
                "old drafts": (DROP_DRAFTS_EVERY_S, self.drafts.drop_old),
                "old inbox messages": (DROP_INBOX_EVERY_S, self.inbox.drop_old),
            },
        )
        self.system = System(store, clock, config, self.scheduler, self.reconcile)
        self._add_first_route()
        with store.transaction() as tx:
            terms.add_first(tx, now_us=clock.now_us())

    @classmethod
    def open(cls, config: Config, *, clock: Clock | None = None) -> Engine:
        """Opens the database (StoreError when another process has it) and migrates it; nothing runs yet."""
        return cls(config, open_store(config.url, memory_mb=config.memory_mb), clock or SystemClock())

    def start(self, *, listening: bool = True) -> None:
        """Settles what a crash left, proves the books, then begins to send. `listening`: routes that phones can answer
        on keep their connection though nothing is sent.

        Sending that was stopped begins only once the full proof succeeds, which reads every message and is not waited
        for.
        """
        interrupted = self._dispatcher.recover()
        if interrupted:
            log.warning(
                "%s messages were being submitted when the server stopped: in doubt until a receipt", interrupted
            )
        if self.store.one("store.setting", STOPPED_SETTING) is not None:
            self._dispatcher.pause()
        self.reconcile(quick=True)
        self.scheduler.start()
        if self._dispatcher.paused:
            self.scheduler.run_now(RECONCILE_CHORE, self.reconcile)
        if listening:
            self._dispatcher.listen()
        self._dispatcher.wake()

    def stop(self) -> None:
        """Ends scheduler and senders after what they have in hand, then closes the database."""
        self.scheduler.stop()  # first, as it begins what the senders do
        self._dispatcher.stop()
        self.store.close()

    def reconcile(self, *, quick: bool = False) -> ledger.Reconciliation:
        """Proves the books. A difference stops sending until a later proof succeeds, and is shown to staff.

        `quick` leaves out the proofs that read every message; the full one runs hourly.
        """
        result = ledger.reconcile(self.store, quick=quick)
        self.system.note_proof(result, quick=quick)
        # Either may stand alone: after a restart, or when the setting could not be written.
        stopped = self._dispatcher.paused or self.store.one("store.setting", STOPPED_SETTING) is not None
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
        scheduler, senders = self.scheduler.healthy, not self._dispatcher.dead_routes
        return {
            "ok": database and scheduler and senders,
            "database": database,
            "scheduler": scheduler,
            "routes": senders,
            "sending": not self._dispatcher.paused,
        }

    def _back_up_when_due(self) -> None:
        self.system.note_size()
        self.system.back_up_when_due()

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
