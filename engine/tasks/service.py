"""Quotes, acceptance and cancellation, with the actor checked and the money in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from engine import ledger, messages, routes
from engine.access import allows
from engine.accounts import confirm
from engine.errors import InputError, StateError
from engine.model import MINUTE_US, SENDING_ROLES, Actor, Clock, TaskState, to_us
from engine.store import Row, Store, Tx
from engine.tasks.control import TaskControl
from engine.tasks.due import check_time, due_of, submit_dispatch
from engine.tasks.quote import (
    MOST_RECIPIENTS,
    Draft,
    Preview,
    check_draft,
    price,
    quote_lines,
    samples_of,
)
from engine.tasks.resend import TaskResend, link_origin

TERMS_VERSION: Final = "2026-11"
"""Version of `data/terms.md` that a task accepts."""
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
    def __init__(self, store: Store, clock: Clock, *, quick_limit: int, on_due: Callable[[], None]) -> None:
        """`on_due` is called after a task was accepted, so that the scheduler looks at once."""
        self._store = store
        self._clock = clock
        self._quick_limit = quick_limit
        self._on_due = on_due

    @allows(SENDING_ROLES)
    def preview(self, actor: Actor, draft: Draft) -> Preview:
        """Checks and prices a draft; nothing is held yet. InputError says what to change."""
        now_us = self._clock.now_us()
        route = routes.load(self._store, draft.route_id)
        if not route.enabled:
            raise InputError("route_closed", route=route.name)
        draft = check_draft(draft, route, most=self._quick_limit if draft.quick else MOST_RECIPIENTS)
        check_time(draft.scheduled_at, now_us)
        rows, blocked = price(draft, route)
        preview = Preview(
            key=secrets.token_urlsafe(18),
            draft=draft,
            route=route,
            messages=rows,
            blocked=blocked,
            lines=quote_lines(rows),
            samples=samples_of(draft, rows),
            available_micro=ledger.balance(self._store, actor.account_id).available_micro,
            expires_us=now_us + QUOTE_MINUTES * MINUTE_US,
        )
        with self._store.transaction() as tx:
            tx.run(
                "tasks.insert_quote", preview.key, actor.account_id, actor.user_id, route.id, route.price_version,
                preview.digest(), preview.cost_micro, now_us, preview.expires_us,
            )  # fmt: skip
        return preview

    @allows(SENDING_ROLES)
    def accept(self, actor: Actor, preview: Preview) -> int:
        """Holds the credit and writes task and messages in one transaction; returns the task's id.

        The same quote accepted again (double click, rerun, second tab) returns the same task.
        Raises MoneyError("insufficient_credit"), StateError("quote_…") or InputError.
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
                return quote["task_id"]
            self._check_open(tx, quote)
            task_id = self._write(tx, actor, preview, quote)
        self._on_due()
        return task_id

    def _check_open(self, tx: Tx, quote: Row) -> None:
        if quote["expires_us"] < self._clock.now_us():
            raise StateError("quote_expired", minutes=QUOTE_MINUTES)
        if tx.one("store.setting", STOPPED_SETTING):
            raise StateError("sending_stopped")
        route = routes.load(tx, quote["route_id"])
        if not route.enabled:
            raise StateError("route_closed", route=route.name)

    def _write(self, tx: Tx, actor: Actor, preview: Preview, quote: Row) -> int:
        now_us = self._clock.now_us()
        task_id = tx.reserve("task")
        hold_tx = ledger.hold(
            tx,
            account_id=actor.account_id,
            amount_micro=preview.cost_micro,
            key=f"hold:{preview.key}",
            task_id=task_id,
            member_id=actor.user_id,
            now_us=now_us,
        )
        due_us = due_of(preview.draft.scheduled_at, now_us)
        self._insert(tx, actor, preview, quote, task_id=task_id, hold_tx=hold_tx, due_us=due_us, now_us=now_us)
        link_origin(tx, actor, preview.draft, preview.messages, task_id=task_id, now_us=now_us)
        tx.run("tasks.use_quote", preview.key, task_id)
        submit_dispatch(tx, task_id, due_us=due_us, now_us=now_us)
        return task_id

    def _insert(
        self,
        tx: Tx,
        actor: Actor,
        preview: Preview,
        quote: Row,
        *,
        task_id: int,
        hold_tx: int,
        due_us: int,
        now_us: int,
    ) -> None:
        draft, route = preview.draft, preview.route
        first = tx.reserve("message", preview.recipients)
        scheduled_us = to_us(draft.scheduled_at) if draft.scheduled_at else None
        state = TaskState.SCHEDULED if due_us > now_us else TaskState.QUEUED
        tx.run(
            "tasks.insert", task_id, actor.account_id, actor.user_id, route.id, draft.name, draft.sender, draft.content,
            draft.file_name, state.value, quote["price_version"], route.count_rule.value, route.charge_on.value,
            TERMS_VERSION, first, preview.recipients, preview.rejected, preview.sms, preview.parts, hold_tx,
            preview.cost_micro, actor.zone, scheduled_us, now_us, due_us,
        )  # fmt: skip
        lines = [(line.country, line.recipients, line.sms, line.price_micro, line.cost_micro) for line in preview.lines]
        names = {
            "country": pl.String,
            "recipients": pl.Int32,
            "sms": pl.Int64,
            "price_micro": pl.Int64,
            "cost_micro": pl.Int64,
        }
        tx.bulk("tasks.insert_countries", pl.DataFrame(lines, schema=names, orient="row"), task_id)
        messages.insert(
            tx,
            preview.messages.with_columns(
                pl.int_range(first, first + preview.recipients, dtype=pl.Int64).alias("id"),
                pl.lit(task_id, dtype=pl.Int64).alias("task_id"),
                pl.lit(actor.account_id, dtype=pl.Int64).alias("account_id"),
                pl.lit(route.id, dtype=pl.Int64).alias("route_id"),
                pl.lit(now_us, dtype=pl.Int64).alias("created_us"),
            ),
        )
