"""What can be done with a task that was accepted: pause, resume, another time or name, cancel.

Each call is one transaction on the task's row and its job, so it happens before or after a claim of the dispatcher,
never in between; called twice it does what it does once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine import messages
from engine.access import allows
from engine.accounts import confirm, reason_given, record_audit
from engine.errors import AccessError, InputError, StateError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, SENDING_ROLES, Actor, Clock, TaskState, to_us
from engine.notices import NoticeKind, tell_account
from engine.store import Row, Store, Tx
from engine.tasks.due import check_time, drop_dispatch, due_of, submit_dispatch
from engine.tasks.quote import NAME_LENGTH

UNSENT_STATES: Final = frozenset({TaskState.SCHEDULED, TaskState.QUEUED, TaskState.SENDING})
"""A task in one of these can have messages that were not handed over yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a task was not handed over yet (`messages`, holding `held_micro`), and how many were (`handed_over`)."""

    messages: int
    held_micro: int
    handed_over: int


class TaskControl:
    """The part of `Tasks` that is about tasks there are."""

    _store: Store
    _clock: Clock
    _on_due: Callable[[], None]

    @allows(EVERY_ROLE)
    def waiting(self, actor: Actor, task_id: int) -> Waiting:
        """What a pause or a cancellation would be about. Raises AccessError("not_found")."""
        scope = None if actor.is_operator else actor.account_id
        row = self._store.one("control.task", task_id, scope)
        if row is None:
            raise AccessError("not_found", what="task")
        last = row["first_message"] + row["recipients"] - 1
        sums = self._store.one("control.waiting", task_id, row["first_message"], last)
        assert sums is not None
        return Waiting(sums["messages"], sums["held_micro"], row["recipients"] - row["cancelled"] - sums["messages"])

    @allows(SENDING_ROLES)
    def pause(self, actor: Actor, task_id: int) -> None:
        """Nothing more of the task is handed over until `resume`; what was claimed already finishes normally.

        A task that is paused stays so. Raises AccessError("not_found"), StateError("not_pausable") when nothing waits.
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            task = _own(tx, actor, task_id)
            if task["paused_us"] is not None:
                return
            if task["state"] not in UNSENT_STATES or messages.first_queued(tx, task) is None:
                raise StateError("not_pausable", state=_words(task))
            tx.run("control.pause", task_id, now_us)
            drop_dispatch(tx, task_id)

    @allows(SENDING_ROLES)
    def resume(self, actor: Actor, task_id: int) -> None:
        """Sends the rest: at its time when that lies ahead, else now. A task that is not paused is left as it is.

        Raises AccessError("not_found").
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            task = _own(tx, actor, task_id)
            if task["paused_us"] is None:
                return
            tx.run("control.resume", task_id)
            submit_dispatch(tx, task_id, due_us=task["due_us"], now_us=now_us)
        self._on_due()

    @allows(SENDING_ROLES)
    def reschedule(self, actor: Actor, task_id: int, at: datetime) -> None:
        """Another time for a task that waits for its time; see `edit_scheduled`."""
        self.edit_scheduled(actor, task_id, at=at)

    @allows(SENDING_ROLES)
    def edit_scheduled(
        self, actor: Actor, task_id: int, *, name: str | None = None, at: datetime | None = None
    ) -> None:
        """Another name or time (aware) for a task that waits for its time; None keeps what there is.

        The price stays the accepted one. Raises AccessError("not_found"), StateError("not_editable") once it began,
        InputError for a name or time that cannot be.
        """
        now_us = self._clock.now_us()
        check_time(at, now_us, actor.zone)
        new_name = None if name is None else _checked_name(name)
        with self._store.transaction() as tx:
            task = _own(tx, actor, task_id)
            if task["state"] != TaskState.SCHEDULED or task["cancel_requested"]:
                raise StateError("not_editable", state=_words(task))
            due_us = task["due_us"] if at is None else due_of(at, now_us)
            scheduled_us = task["scheduled_us"] if at is None else to_us(at)
            tx.run("control.edit", task_id, new_name or task["name"], scheduled_us, due_us)
            if at is not None and task["paused_us"] is None:
                drop_dispatch(tx, task_id)
                submit_dispatch(tx, task_id, due_us=due_us, now_us=now_us)
        self._on_due()

    @allows(SENDING_ROLES)
    def cancel(self, actor: Actor, task_id: int) -> int:
        """Stops a task: what was not handed over yet is cancelled and returned. Returns how many messages."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            cancelled = _cancel(tx, _own(tx, actor, task_id), now_us)
        self._on_due()
        return cancelled

    @allows(OPERATOR_ROLES)
    def cancel_for(self, actor: Actor, task_id: int, *, reason: str) -> int:
        """As `cancel`, by staff for any account, which reads the reason. Raises InputError("reason_missing") too."""
        why = reason_given(reason)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            task = tx.one("tasks.one", task_id)
            if task is None:
                raise AccessError("not_found", what="task")
            cancelled, account_id = _cancel(tx, task, now_us), task["account_id"]
            sentence = f"Staff cancelled what was not sent of “{task['name']}” ({cancelled:,} messages): {why}"
            tell_account(tx, account_id, NoticeKind.TASK, sentence, link=f"task?id={task_id}", now_us=now_us)
            record_audit(
                tx,
                actor=actor,
                action="task_cancelled",
                subject=f"task {task_id}",
                detail=f"{cancelled} messages: {why}",
                now_us=now_us,
                account_id=account_id,
            )
        self._on_due()
        return cancelled


def _cancel(tx: Tx, task: Row, now_us: int) -> int:
    if task["state"] not in UNSENT_STATES:
        raise StateError("not_cancellable", state=task["state"])
    tx.run("tasks.request_cancel", task["id"])
    drop_dispatch(tx, task["id"])
    if task["paused_us"] is not None:
        submit_dispatch(tx, task["id"], due_us=now_us, now_us=now_us)  # the route closes what was on its way
    return messages.cancel_queued(tx, task, now_us=now_us)


def _own(tx: Tx, actor: Actor, task_id: int) -> Row:
    """The task, if the actor may still act and it is of the actor's account."""
    confirm(tx, actor)
    task = tx.one("tasks.of_account", task_id, actor.account_id)
    if task is None:
        raise AccessError("not_found", what="task")
    return task


def _checked_name(name: str) -> str:
    trimmed = name.strip()
    if not trimmed or len(trimmed) > NAME_LENGTH:
        raise InputError(
            "invalid", field="Task name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    return trimmed


def _words(task: Row) -> str:
    return "being cancelled" if task["cancel_requested"] else task["state"]
