"""The thread of one route: claims, submits, records, and waits while the gateway is down."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from engine import routes
from engine.dispatch.claims import Claims
from engine.dispatch.codes import Refusals
from engine.dispatch.hand import Hand
from engine.dispatch.throttle import Throttle
from engine.errors import ImsError
from engine.gateways import (
    Gateway,
    GatewayDown,
    GatewayFactory,
    InboundSink,
    LinkWord,
    ReceiptSink,
)
from engine.model import Clock
from engine.store import Store

log = logging.getLogger(__name__)

MOST_PAUSE_S: Final = 60.0
REFUSED_PAUSE_S: Final = 600.0
"""After a refused login: staff must change the route, and asking often may lock it at the operator."""
REFUSED_LEAST_S: Final = 30.0
"""After this, somebody who sends (a test message of staff) makes it try again."""
REFUSED_LOOK_S: Final = 2.0
"""How often it looks whether the address was changed."""
FAULT_PAUSE_S: Final = 5.0
"""After a round that failed although its faults are waited for: the database cannot be written, mostly."""
LINK_LOOK_S: Final = 2.0
"""How often a route at rest looks at its connection."""
NEVER: Final = float("-inf")
STOP_WAIT_S: Final = 10.0
ROUTE_FRESH_S: Final = 5.0
"""How long a route is used as it was read, while a long task is being sent."""
LOOK_AGAIN_S: Final = 30.0
RESUME_MOST: Final = 200_000
"""References handed to a gateway after a restart; older ones wait for their deadline."""


class RouteWorker:
    """The thread of one route: owns its gateway and its throttle."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        gateway_for: GatewayFactory,
        sink: ReceiptSink,
        route_id: int,
        *,
        paused: threading.Event,
        on_recorded: Callable[[], None],
        meters: routes.RouteMeters,
        inbound: InboundSink | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._gateway_for = gateway_for
        self._sink = sink
        self._route_id = route_id
        self._paused = paused
        self._on_recorded = on_recorded
        self._meters = meters
        self._inbound = inbound
        self._gateway: Gateway | None = None
        self._url = ""
        self._route: routes.Route | None = None
        self._loaded = 0.0
        self._throttle = Throttle(0)
        self._failures = 0
        self._sending = False
        self._refusals = Refusals()
        self._claims = Claims(clock, route_id)
        self._hand: Hand | None = None
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to send; also after its thread ended unasked: what it had in hand is still known."""
        self._thread = threading.Thread(target=self._run, name=f"route-{self._route_id}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        self._awake.set()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._awake.set()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._awake.clear()
                self._guarded(self._round)
            self._guarded(self._settle)
        finally:
            self._close_gateway()

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # Not even the trouble could be written down; a thread that ended would send nothing ever again.
            log.exception("route %s: a round failed; the next one follows", self._route_id)
            self._stopping.wait(FAULT_PAUSE_S)

    def _round(self) -> None:
        """Sends what there is, then rests; what goes wrong in either is the route's trouble, and is waited for."""
        try:
            self._settle()
            self._send_all()
            self._rest()
        except GatewayDown as down:
            self._back_off(down)
        except Exception as error:
            log.exception("route %s: unexpected fault; trying again", self._route_id)
            self._back_off(GatewayDown(f"internal fault: {type(error).__name__}"))

    def _settle(self) -> None:
        """What a round that failed left in hand comes first: its outcomes are written, or it goes back."""
        if self._hand is None:
            return
        self._judge(self._hand)
        with self._store.transaction() as tx:
            self._hand.write(tx, self._clock.now_us())
            if self._hand.submitted:
                routes.mark_up(tx, self._route_id, self._clock.now_us())
        self._hand = None
        self._tell_recorded()

    def _rest(self) -> None:
        """Nothing to send: until somebody wakes it, or for a while, notes whether the connection stands."""
        until = time.monotonic() + LOOK_AGAIN_S
        while time.monotonic() < until and not self._awake.wait(LINK_LOOK_S):
            self._note_link()

    def _note_link(self) -> None:
        """A connection that is lost while nothing is sent is told like one that is missed by a task."""
        link = self._gateway.link() if self._gateway else None
        if link is None or not link.binds:
            return
        is_down = self._current().down_since_us is not None
        if link.word in (LinkWord.DOWN, LinkWord.REFUSED) and not is_down:
            with self._store.transaction() as tx:
                refused = link.word is LinkWord.REFUSED
                routes.mark_down(tx, self._route_id, link.detail, self._clock.now_us(), refused=refused)
        elif link.word is LinkWord.OPEN and is_down:
            with self._store.transaction() as tx:
                routes.mark_up(tx, self._route_id, self._clock.now_us())
        else:
            return
        self._loaded = NEVER

    def _send_all(self) -> None:
        """Sends until no task of the route has anything queued."""
        self._load()
        self._sending = True
        try:
            self._send_claims()
        finally:
            self._sending = False

    def _send_claims(self) -> None:
        self._hand = self._claim_next()
        while (hand := self._hand) is not None:
            gateway = self._open_gateway(self._current())
            self._throttle.spend(hand.parts)
            self._meters.submitting(self._route_id, len(hand.claim.batch), hand.parts)
            try:
                hand.submit(gateway)
            except GatewayDown:
                self._meters.submitting(self._route_id, 0, 0)
                raise
            self._failures = 0
            self._record(hand)

    def _judge(self, hand: Hand) -> None:
        if hand.judge(self._refusals, lambda: routes.code_table(self._store, self._route_id)):
            unsent = [hand.claim.batch[index].parts for index in hand.unsent]
            self._meters.submitted(self._route_id, parts=hand.parts - sum(unsent), slowed=len(unsent))

    def _load(self) -> None:
        """Reads the route; a changed address, throughput or batch takes effect here."""
        route, self._loaded = routes.load(self._store, self._route_id), time.monotonic()
        if self._route is None or route.throughput != self._route.throughput:
            self._throttle = Throttle(route.throughput)
        self._route = route
        if self._is_wanted(route):
            self._open_gateway(route)
        else:
            self._close_gateway()

    def _is_wanted(self, route: routes.Route) -> bool:
        """A closed route ends its connection after the last receipt."""
        if route.enabled or self._sending:
            return True
        return self._store.one("dispatch.outstanding_refs", route.id, 1) is not None

    def _current(self) -> routes.Route:
        """The route, read again every few seconds of a long task."""
        if self._route is None or time.monotonic() - self._loaded > ROUTE_FRESH_S:
            self._load()
        assert self._route is not None
        return self._route

    def _open_gateway(self, route: routes.Route) -> Gateway:
        if self._gateway is not None and self._url == route.gateway:
            return self._gateway
        self._close_gateway()
        refs = [row["provider_ref"] for row in self._store.all("dispatch.outstanding_refs", route.id, RESUME_MOST)]
        try:
            gateway = self._gateway_for(route.gateway)
        except ImsError as error:
            raise GatewayDown(error.message, permanent=True) from error
        gateway.open(self._sink, self._inbound)
        self._gateway, self._url = gateway, route.gateway
        self._meters.watch(route.id, gateway.link)
        if refs:
            gateway.resume(refs)
        return gateway

    def _close_gateway(self) -> None:
        gateway, self._gateway = self._gateway, None  # first: one that cannot be closed is not closed for ever
        if gateway is not None:
            self._meters.watch(self._route_id, None)
            gateway.close()

    def _claim_next(self) -> Hand | None:
        """Waits for the route's turn, then claims in a transaction of its own."""
        self._stopping.wait(self._throttle.debt_s())
        route = self._current()
        if self._cannot_claim():
            return None
        with self._store.transaction() as tx:
            claim = self._claims.next(tx, route)
        return Hand(claim) if claim else None

    def _cannot_claim(self) -> bool:
        return self._stopping.is_set() or self._paused.is_set()

    def _record(self, hand: Hand) -> None:
        """Writes the outcomes and claims the next batch in the same commit.

        The outcomes stay in hand until that commit: a store that fails for a moment does not put them in doubt.
        """
        self._judge(hand)
        route = self._route  # as read before the submit: reading it again may open another gateway, which may fail
        assert route is not None
        slow_down_s = hand.slow_down_s
        with self._store.transaction() as tx:
            hand.write(tx, self._clock.now_us())
            if route.down_since_us is not None:
                routes.mark_up(tx, route.id, self._clock.now_us())
            waits = slow_down_s > 0 or self._throttle.debt_s() > 0
            following = None if waits or self._cannot_claim() else self._claims.next(tx, route)
        self._hand = Hand(following) if following else None
        self._tell_recorded()
        if waits:
            self._stopping.wait(min(slow_down_s, MOST_PAUSE_S))
            self._hand = self._claim_next()

    def _tell_recorded(self) -> None:
        """Receipts that are not folded at once are folded in their turn; what is in hand matters more."""
        try:
            self._on_recorded()
        except Exception:
            log.exception("route %s: receipts that overtook their answers wait for their turn", self._route_id)

    def _back_off(self, down: GatewayDown) -> None:
        """Waits before the next try: doubling, with jitter so that routes do not return together."""
        self._failures += 1
        refused = self._gateway is not None and self._gateway.link().word is LinkWord.REFUSED
        unsent = self._hand if self._hand and not self._hand.submitted else None
        with self._store.transaction() as tx:
            if unsent:  # now, as the pause may be long and another route could carry it
                unsent.write(tx, self._clock.now_us())
            routes.mark_down(tx, self._route_id, str(down), self._clock.now_us(), refused=refused)
        if unsent:
            self._hand = None
        if down.permanent:
            self._close_gateway()
            self._await_change()
            return
        pause_s = min(down.retry_after_s * 2 ** min(self._failures, 10), MOST_PAUSE_S)
        self._await_link(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    def _await_link(self, pause_s: float) -> None:
        """Waits so long, or until a gateway that keeps its own connection has it again."""
        until = time.monotonic() + pause_s
        while (left_s := until - time.monotonic()) > 0 and not self._stopping.wait(min(left_s, LINK_LOOK_S)):
            link = self._gateway.link() if self._gateway else None
            if link is not None and link.binds and link.word is LinkWord.OPEN:
                return

    def _await_change(self) -> None:
        """The operator refused the login, or the address cannot be used: waits until it is another, or it is worth
        another try."""
        refused, began = self._route.gateway if self._route else "", time.monotonic()
        while not self._stopping.wait(REFUSED_LOOK_S):
            waited_s = time.monotonic() - began
            asked = self._awake.is_set() and waited_s > REFUSED_LEAST_S
            if asked or waited_s > REFUSED_PAUSE_S or self._url_now() != refused:
                return

    def _url_now(self) -> str:
        return routes.load(self._store, self._route_id).gateway
