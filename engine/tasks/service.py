"""Quotes, acceptance and cancellation, with the actor checked and the money in the same transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import polars as pl

from engine import ledger, messages, routes
from engine.access import allows
from engine.accounts import confirm
from engine.errors import AccessError, InputError, StateError
from engine.model import DAY_US, MINUTE_US, SENDING_ROLES, Actor, Clock, TaskState, to_us
from engine.store import Row, Store, Tx, jobs
from engine.tasks.gate import Gate
from engine.tasks.quote import (
    MOST_RECIPIENTS,
    Draft,
    Preview,
    check_draft,
    price,
    quote_lines,
    samples_of,
)
from engine.terms import in_force

QUOTE_MINUTES: Final = 10
SCHEDULE_MOST_DAYS: Final = 90
PAST_SLACK_US: Final = MINUTE_US
"""A time that passed while the person was reading the quote still means now."""
DISPATCH_JOB: Final = "dispatch"
STOPPED_SETTING: Final = "sending_stopped"
"""Set by reconciliation when the books do not add up; then nothing is accepted or sent."""


_LINE_SCHEMA: Final[dict[str, Any]] = {
    "country": pl.String,
    "recipients": pl.Int32,
    "sms": pl.Int64,
    "price_micro": pl.Int64,
    "cost_micro": pl.Int64,
}


class Tasks:
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
        route = routes.load(self._store, draft.route_id)
        if not route.enabled:
            raise InputError("route_closed", route=route.name)
        draft = check_draft(draft, route, most=self._quick_limit if draft.quick else MOST_RECIPIENTS)
        _check_time(draft.scheduled_at, now_us)
        rows, blocked = price(draft, self._gate.narrow(self._store, actor, draft, route))
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
            terms_version=in_force(self._store)["version"],
        )
        self._gate.check_quote(self._store, actor, preview, now_us=now_us)
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
        self._gate.check_acceptance(tx, actor, preview, now_us=now_us)
        due_us = _due_us(preview.draft.scheduled_at, now_us)
        self._insert(tx, actor, preview, quote, task_id=task_id, hold_tx=hold_tx, due_us=due_us, now_us=now_us)
        tx.run("tasks.use_quote", preview.key, task_id)
        jobs.submit(tx, DISPATCH_JOB, {"task": task_id}, run_us=due_us, key=dispatch_key(task_id), now_us=now_us)
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
            preview.terms_version, first, preview.recipients, preview.rejected, preview.sms, preview.parts, hold_tx,
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

    @allows(SENDING_ROLES)
    def cancel(self, actor: Actor, task_id: int) -> int:
        """Stops a task: what was not handed over yet is cancelled and returned. Returns how many messages."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            task = tx.one("tasks.of_account", task_id, actor.account_id)
            if task is None:
                raise AccessError("not_found", what="task")
            if task["state"] not in (TaskState.SCHEDULED, TaskState.QUEUED, TaskState.SENDING):
                raise StateError("not_cancellable", state=task["state"])
            tx.run("tasks.request_cancel", task_id)
            jobs.remove(tx, dispatch_key(task_id))
            return messages.cancel_queued(tx, task, now_us=now_us)


def dispatch_key(task_id: int) -> str:
    """One dispatch job a task."""
    return f"{DISPATCH_JOB}:{task_id}"


def _check_time(scheduled_at: datetime | None, now_us: int) -> None:
    if scheduled_at is None:
        return
    if scheduled_at.tzinfo is None:
        raise InputError("invalid", field="Time", problem="has no time zone.", remedy="Choose the zone of the account.")
    scheduled_us = to_us(scheduled_at)
    if scheduled_us < now_us - PAST_SLACK_US:
        raise InputError("past", when=scheduled_at.strftime("%Y-%m-%d %H:%M"))
    if scheduled_us > now_us + SCHEDULE_MOST_DAYS * DAY_US:
        raise InputError("too_far", days=SCHEDULE_MOST_DAYS)


def _due_us(scheduled_at: datetime | None, now_us: int) -> int:
    return max(to_us(scheduled_at), now_us) if scheduled_at else now_us
