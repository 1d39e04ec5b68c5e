"""One message through a route, to see whether it works: sent like any other, but free and in the operator's account."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from engine import ledger, recipients, routes
from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import AccessError, InputError, StateError
from engine.model import MINUTE_US, OPERATOR_ROLES, ROW_SENTENCES, Actor, Clock, MessageState, RowReason
from engine.routes import EVERYWHERE, Route
from engine.store import Store, Tx
from engine.tasks.quote import Draft, Preview, check_draft, price, quote_lines, samples_of
from engine.tasks.service import QUOTE_MINUTES, STOPPED_SETTING, Tasks
from engine.terms import in_force

TEST_TEXT: Final = "Test message from IMS"
TESTS_A_MINUTE: Final = 10
"""Of all operators together: each goes out to a real phone and costs the operator."""
_FREE: Final = {EVERYWHERE: 0}


@dataclass(frozen=True, slots=True)
class RouteTestOutcome:
    """What became of a test message so far. `detail` and `provider_ref` are the operator's own words."""

    task_id: int
    route_id: int
    number: str
    state: MessageState
    reason: str | None
    detail: str | None
    provider_ref: str | None
    created_us: int
    submitted_us: int | None
    final_us: int | None
    carried_by: str | None = None
    """The route whose gateway carried it, when not its own."""

    @property
    def settled(self) -> bool:
        """Whether nothing more is awaited, in doubt included: its receipt may take days."""
        return self.final_us is not None or self.state is MessageState.IN_DOUBT


class RouteTests:
    def __init__(self, store: Store, clock: Clock, tasks: Tasks, country: str | None) -> None:
        """`country` is whose national numbers are understood."""
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._country = country
        self._recent: deque[int] = deque()
        self._lock = threading.Lock()

    @allows(OPERATOR_ROLES)
    def send(
        self, actor: Actor, route_id: int, number: str, *, sender: str | None = None, text: str = TEST_TEXT
    ) -> int:
        """Sends one message, over a closed route too, and returns its task. No credit moves.

        Raises InputError for what cannot be sent there, StateError("too_many_tests").
        """
        preview = self._preview(route_id, number, sender, text)
        self._throttle()
        return self._place(actor, preview, audited=True)

    def send_as(self, actor: Actor, route_id: int, number: str) -> int:
        """Internal, for the command line on the operator's own machine: the usual text as `actor`."""
        return self._place(actor, self._preview(route_id, number, None, TEST_TEXT), audited=False)

    @allows(OPERATOR_ROLES)
    def outcome(self, actor: Actor, task_id: int) -> RouteTestOutcome:
        """What became of a test so far; AccessError("not_found") for any other task."""
        row = self._store.one("tasks.test_outcome", task_id, actor.account_id)
        if row is None:
            raise AccessError("not_found", what="test message")
        return RouteTestOutcome(
            task_id=task_id,
            route_id=row["route_id"],
            number=f"+{row['msisdn']}",
            state=MessageState(row["state"]),
            reason=row["reason"],
            detail=row["detail"],
            provider_ref=row["provider_ref"],
            created_us=row["created_us"],
            submitted_us=row["submitted_us"],
            final_us=row["final_us"],
            carried_by=row["carrier_name"],
        )

    def _preview(self, route_id: int, number: str, sender: str | None, text: str) -> Preview:
        now_us = self._clock.now_us()
        route = routes.load(self._store, route_id, now_us=now_us)
        draft = Draft(
            route_id=route.id,
            name=f"Test of {route.name}",
            content=text,
            recipients=_one_number(number, self._country),
            sender=sender,
        )
        draft = check_draft(draft, route, most=1)
        rows = price(draft, replace(route, prices=_FREE)).messages
        return Preview(
            key=secrets.token_urlsafe(18),
            draft=draft,
            route=route,
            messages=rows,
            blocked=draft.recipients.rejected.clear().select("row", "value", "reason"),
            lines=quote_lines(rows),
            samples=samples_of(draft, rows),
            available_micro=0,
            expires_us=now_us + QUOTE_MINUTES * MINUTE_US,
            terms_version=in_force(self._store)["version"],
        )

    def _place(self, actor: Actor, preview: Preview, *, audited: bool) -> int:
        with self._store.transaction() as tx:
            if audited:
                confirm(tx, actor)
            if tx.one("store.setting", STOPPED_SETTING):
                raise StateError("sending_stopped")
            ledger.balance(tx, actor.account_id)  # a test lies in an account as every task does
            task_id = self._tasks.place(tx, actor, preview)
            if audited:
                self._audit(tx, actor, preview.route, preview.messages["msisdn"][0], task_id)
        self._tasks.notice_due()
        return task_id

    def _throttle(self) -> None:
        now_us = self._clock.now_us()
        with self._lock:
            while self._recent and self._recent[0] <= now_us - MINUTE_US:
                self._recent.popleft()
            if len(self._recent) >= TESTS_A_MINUTE:
                raise StateError("too_many_tests", limit=TESTS_A_MINUTE)
            self._recent.append(now_us)

    def _audit(self, tx: Tx, actor: Actor, route: Route, msisdn: int, task_id: int) -> None:
        record_audit(
            tx,
            actor=actor,
            action="route_tested",
            subject=f"route {route.id}",
            detail=f"“{route.name}” to +{msisdn}, task {task_id}",
            now_us=self._clock.now_us(),
        )


def _one_number(typed: str, country: str | None) -> recipients.RecipientFile:
    found = recipients.read_numbers(typed, country)
    if found.frame.height + found.rejected.height > 1:
        raise InputError("invalid", field="Number", problem="there are several.", remedy="Test with one number.")
    if found.frame.is_empty():
        reason = found.rejected["reason"][0] if found.rejected.height else RowReason.EMPTY.value
        raise InputError("invalid", field="Number", problem=ROW_SENTENCES[RowReason(reason)], remedy="")
    return found
