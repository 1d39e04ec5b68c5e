"""Quotes, acceptance and cancellation, with the actor checked and the money in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from engine import countries, drafts, ledger, messages, routes
from engine.access import allows
from engine.accounts import confirm
from engine.errors import InputError, MoneyError, StateError
from engine.model import MINUTE_US, SENDING_ROLES, Actor, Clock, TaskState, format_credits
from engine.recipients import RecipientFile
from engine.store import Row, Store, Tx, one_column
from engine.tasks import opt_outs
from engine.tasks.control import TaskControl
from engine.tasks.daytime import Reach, reach, split
from engine.tasks.due import check_time, due_of, submit_dispatch
from engine.tasks.gate import Gate
from engine.tasks.pace import Finish, finish, open_parts
from engine.tasks.quote import (
    MOST_RECIPIENTS,
    Draft,
    Piece,
    Preview,
    check_draft,
    price,
    quote_lines,
    samples_of,
)
from engine.tasks.resend import TaskResend, link_origin
from engine.terms import in_force

QUOTE_MINUTES: Final = 10
STOPPED_SETTING: Final = "sending_stopped"
"""Set by reconciliation when the books do not add up; then nothing is accepted or sent."""


_LINE_SCHEMA: Final[dict[str, Any]] = {
    "country": pl.String,
    "recipients": pl.Int32,
    "sms": pl.Int64,
    "price_micro": pl.Int64,
    "cost_micro": pl.Int64,
}


class Tasks(TaskControl, TaskResend):
    def __init__(self, store: Store, clock: Clock, *, quick_limit: int, on_due: Callable[[], None], gate: Gate) -> None:
        """`on_due` is called after a task was accepted, so that the scheduler looks at once; `gate` says what the
        account may send."""
        self._store = store
        self._clock = clock
        self._quick_limit = quick_limit
        self._on_due = on_due
        self._gate = gate

    @allows(SENDING_ROLES)
    def preview(self, actor: Actor, draft: Draft) -> Preview:
        """Checks and prices a draft; nothing is held yet. InputError says what to change."""
        now_us = self._clock.now_us()
        route = routes.load(self._store, draft.route_id, now_us=now_us)
        if not route.enabled:
            raise InputError("route_closed", route=route.name)
        draft = opt_outs.left_out(self._store, actor.account_id, draft)
        draft = check_draft(draft, route, most=self._quick_limit if draft.quick else MOST_RECIPIENTS)
        check_time(draft.scheduled_at, now_us, actor.zone)
        priced = price(draft, self._gate.narrow(self._store, actor, draft, route))
        preview = Preview(
            key=secrets.token_urlsafe(18),
            draft=draft,
            route=route,
            messages=priced.messages,
            blocked=priced.blocked,
            lines=quote_lines(priced.messages),
            samples=samples_of(draft, priced.messages),
            available_micro=ledger.balance(self._store, actor.account_id).available_micro,
            expires_us=now_us + QUOTE_MINUTES * MINUTE_US,
            terms_version=in_force(self._store)["version"],
            refused=priced.refused,
            gaps=priced.gaps,
            groups=split(
                priced.messages, countries.load_all(self._store), due_of(draft.scheduled_at, now_us), draft.times
            ),
        )
        self._gate.check_quote(self._store, actor, preview, now_us=now_us)
        with self._store.transaction() as tx:
            tx.run(
                "tasks.insert_quote", preview.key, actor.account_id, actor.user_id, route.id, route.price_version,
                preview.digest(), preview.cost_micro, now_us, preview.expires_us,
            )  # fmt: skip
        return preview

    @allows(SENDING_ROLES)
    def reach(self, actor: Actor, people: RecipientFile, at: datetime | None) -> Reach:  # noqa: ARG002 - checked above
        """How many recipients a message would reach at night or on their weekend, at an aware time (None: now)."""
        frame = people.frame
        at_us = due_of(at, self._clock.now_us())
        digits = frame["msisdn"].str.slice(1).cast(pl.Int64)
        return reach(digits, frame["country"], countries.load_all(self._store), at_us)

    @allows(SENDING_ROLES)
    def finishing(self, actor: Actor, preview: Preview) -> Finish:  # noqa: ARG002 - same; only a duration is told
        """When everything would have been handed over if it were accepted now."""
        now_us = self._clock.now_us()
        own = [(max(piece.at_us or now_us, now_us), piece.parts) for piece in preview.pieces()]
        queue = open_parts(self._store.all("tasks.queue_of_route", preview.route.id))
        return finish(own, queue, per_s=preview.route.throughput, now_us=now_us)

    @allows(SENDING_ROLES)
    def accept(self, actor: Actor, preview: Preview) -> int:
        """As `accept_many`; the id of the first task, which for most quotes is the only one."""
        return self.accept_many(actor, preview)[0]

    @allows(SENDING_ROLES)
    def accept_many(self, actor: Actor, preview: Preview) -> list[int]:
        """Holds the credit and writes every task and its messages in one transaction; returns the tasks' ids.

        One task, or one a group where the quote is split by local time. The same quote accepted again (double click,
        rerun, second tab) returns the same tasks. Raises MoneyError("insufficient_credit"), StateError("quote_…") or
        InputError; then nothing is held or written.
        """
        digest = preview.digest()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            quote = tx.one("tasks.quote", preview.key, actor.account_id)
            if quote is None:
                raise StateError("quote_unknown")
            if quote["digest"] != digest or quote["cost_micro"] != preview.cost_micro:
                raise StateError("quote_mismatch")
            if quote["task_id"] is not None:
                return one_column(tx.all("tasks.parts_of", preview.key), "task_id") or [quote["task_id"]]
            self._check_open(tx, quote)
            opt_outs.refuse_new(tx, actor.account_id, preview)
            task_ids = self._write_all(tx, actor, preview, quote)
            if preview.draft.page is not None:
                drafts.clear(tx, actor.user_id, preview.draft.page)
        self._on_due()
        return task_ids

    def _check_open(self, tx: Tx, quote: Row) -> None:
        if quote["expires_us"] < self._clock.now_us():
            raise StateError("quote_expired", minutes=QUOTE_MINUTES)
        if tx.one("store.setting", STOPPED_SETTING):
            raise StateError("sending_stopped")
        route = routes.load(tx, quote["route_id"])
        if not route.enabled:
            raise StateError("route_closed", route=route.name)

    def _write_all(self, tx: Tx, actor: Actor, preview: Preview, quote: Row) -> list[int]:
        pieces = preview.pieces()
        if len(pieces) > 1:  # so that a refusal names the whole, not the piece at which it ran out
            _check_credit(tx, actor, pieces)
        task_ids = [
            self._write(
                tx, actor, preview, quote, piece, key=f"hold:{preview.key}" + (f":{at}" if at else ""), gated=at == 0
            )
            for at, piece in enumerate(pieces)
        ]
        tx.run("tasks.use_quote", preview.key, task_ids[0])
        if len(task_ids) > 1:
            for at, task_id in enumerate(task_ids):
                tx.run("tasks.add_part", preview.key, at, task_id)
        return task_ids

    def _write(
        self, tx: Tx, actor: Actor, preview: Preview, quote: Row, piece: Piece, *, key: str, gated: bool = False
    ) -> int:
        """`gated`: after the hold, which locks the balance, the account's limits are asked once for the whole quote."""
        now_us = self._clock.now_us()
        task_id = tx.reserve("task")
        hold_tx = ledger.hold(
            tx,
            account_id=actor.account_id,
            amount_micro=piece.cost_micro,
            key=key,
            task_id=task_id,
            member_id=actor.user_id,
            now_us=now_us,
        )
        if gated:
            self._gate.check_acceptance(tx, actor, preview, now_us=now_us)
        due_us = max(piece.at_us or now_us, now_us)
        self._insert(tx, actor, preview, quote, piece, task_id=task_id, hold_tx=hold_tx, due_us=due_us, now_us=now_us)
        link_origin(tx, actor, preview.draft, piece.messages, task_id=task_id, now_us=now_us)
        submit_dispatch(tx, task_id, due_us=due_us, now_us=now_us)
        return task_id

    def place(self, tx: Tx, actor: Actor, preview: Preview) -> int:
        """Internal, for tests of a route: writes the task of a preview that was never quoted; its caller has checked
        the actor. Returns the task."""
        (piece,) = preview.pieces()
        quote = {"price_version": preview.route.price_version}
        return self._write(tx, actor, preview, quote, piece, key=f"hold:{preview.key}")

    def notice_due(self) -> None:
        """Internal: the scheduler looks at once."""
        self._on_due()

    def _insert(
        self,
        tx: Tx,
        actor: Actor,
        preview: Preview,
        quote: Row,
        piece: Piece,
        *,
        task_id: int,
        hold_tx: int,
        due_us: int,
        now_us: int,
    ) -> None:
        draft, route = preview.draft, preview.route
        recipients = piece.messages.height
        first = tx.reserve("message", recipients)
        scheduled_us = piece.at_us if draft.scheduled_at or due_us > now_us else None
        state = TaskState.SCHEDULED if due_us > now_us else TaskState.QUEUED
        tx.run(
            "tasks.insert", task_id, actor.account_id, actor.user_id, route.id, piece.name, draft.sender, draft.content,
            draft.file_name, state.value, quote["price_version"], route.count_rule.value, route.charge_on.value,
            preview.terms_version, first, recipients, piece.rejected, piece.sms, piece.parts, hold_tx,
            piece.cost_micro, actor.zone, scheduled_us, now_us, due_us,
        )  # fmt: skip
        lines = [(line.country, line.recipients, line.sms, line.price_micro, line.cost_micro) for line in piece.lines]
        tx.bulk("tasks.insert_countries", pl.DataFrame(lines, schema=_LINE_SCHEMA, orient="row"), task_id)
        messages.insert(
            tx,
            piece.messages.with_columns(
                pl.int_range(first, first + recipients, dtype=pl.Int64).alias("id"),
                pl.lit(task_id, dtype=pl.Int64).alias("task_id"),
                pl.lit(actor.account_id, dtype=pl.Int64).alias("account_id"),
                pl.lit(route.id, dtype=pl.Int64).alias("route_id"),
                pl.lit(now_us, dtype=pl.Int64).alias("created_us"),
            ),
        )


def _check_credit(tx: Tx, actor: Actor, pieces: Sequence[Piece]) -> None:
    needed_micro = sum(piece.cost_micro for piece in pieces)
    available_micro = ledger.balance(tx, actor.account_id).available_micro
    if needed_micro > available_micro:
        raise MoneyError(
            "insufficient_credit", needed=format_credits(needed_micro), available=format_credits(available_micro)
        )
