"""Sending again to those an earlier task did not reach: the same texts, a new task, linked to the old one.

Left out are recipients whose late receipt says delivered, and those that another repetition, of this task or of one
that it repeats, reached or may yet reach: nobody is sent to twice because somebody pressed twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from engine.access import allows
from engine.errors import AccessError, InputError, StateError
from engine.model import SENDING_ROLES, Actor, Clock, NumberKind
from engine.recipients import RecipientFile
from engine.store import Reader, Row, Rows, Store, Tx
from engine.tasks.quote import NAME_LENGTH, Draft, Origin, Resend
from engine.tasks.texts import OWN_TEXT

UNCERTAIN: Final[dict[Resend, bool | None]] = {Resend.FAILED: False, Resend.IN_DOUBT: True, Resend.BOTH: None}
"""Whether those that are sent to again may have got it: in doubt, or never heard of by a receipt."""

_REJECTED: Final[dict[str, Any]] = {"row": pl.Int32, "value": pl.String, "reason": pl.String}


@dataclass(frozen=True, slots=True)
class ResendList:
    """Who is sent to again, each with the text they were sent; `task` is the earlier task's row.

    `in_doubt` of them may have got it already: no receipt ever said. `draft()` is what `preview` takes.
    """

    task: Row
    which: Resend
    recipients: RecipientFile
    in_doubt: int

    def draft(self, *, route_id: int | None = None, name: str | None = None, at: datetime | None = None) -> Draft:
        """A draft with the earlier task's text, sender and route unless another is given."""
        task = self.task
        return Draft(
            route_id=task["route_id"] if route_id is None else route_id,
            name=f"{task['name'][: NAME_LENGTH - len(' (again)')]} (again)" if name is None else name,
            content=task["content"],
            recipients=self.recipients,
            sender=task["sender"],
            scheduled_at=at,
            file_name=task["file_name"],
            origin=Origin(task["id"], self.which),
        )


class TaskResend:
    """The part of `Tasks` that repeats what did not arrive."""

    _store: Store
    _clock: Clock
    _on_due: Callable[[], None]

    @allows(SENDING_ROLES)
    def resend_counts(self, actor: Actor, task_id: int) -> dict[str, int]:
        """How many recipients each choice of `resend_list` would send to: failed, in_doubt.

        Raises AccessError("not_found").
        """
        rows = resendable(self._store, _own(self._store, actor, task_id), Resend.BOTH)
        doubts = sum(row["uncertain"] for row in rows)
        return {Resend.FAILED.value: len(rows) - doubts, Resend.IN_DOUBT.value: doubts}

    @allows(SENDING_ROLES)
    def resend_list(self, actor: Actor, task_id: int, which: str, *, may_repeat: bool = False) -> ResendList:
        """The recipients of `which` (failed, in_doubt, both) for a new task; they are priced and accepted as any.

        Messages in doubt, or without a receipt, may have arrived: they need `may_repeat`, the person's confirmation.
        Raises AccessError("not_found"), StateError("doubt_unconfirmed"), InputError("nothing_to_resend").
        """
        chosen = _which(which)
        task = _own(self._store, actor, task_id)
        if chosen is not Resend.FAILED and not may_repeat:
            raise StateError("doubt_unconfirmed")
        rows = resendable(self._store, task, chosen)
        if not rows:
            raise InputError("nothing_to_resend")
        return ResendList(task, chosen, _file(rows), sum(row["uncertain"] for row in rows))

    @allows(SENDING_ROLES)
    def copy_list(self, actor: Actor, task_id: int) -> RecipientFile | None:
        """Every recipient of a task, for a new one with the same text; None when each had a text of their own, as the
        columns it was made of are not kept. Raises AccessError("not_found")."""
        task = _own(self._store, actor, task_id)
        last = task["first_message"] + task["recipients"] - 1
        rows = self._store.all("control.recipients", task_id, task["first_message"], last)
        return None if rows[0]["content"] is not None else _file(rows)


def resendable(reader: Reader, task: Row, which: Resend) -> Rows:
    """Messages of a task that can be sent again: row_number, msisdn, country, content, state, uncertain."""
    last = task["first_message"] + task["recipients"] - 1
    return reader.all("control.resendable", task["id"], task["first_message"], last, UNCERTAIN[which])


def link_origin(tx: Tx, actor: Actor, draft: Draft, messages: pl.DataFrame, *, task_id: int, now_us: int) -> None:
    """Remembers what a new task repeats. Raises StateError("resend_changed") when some of its recipients were
    reached, or sent to again, since the quote was made."""
    if draft.origin is None:
        return
    task = _own(tx, actor, draft.origin.task_id)
    open_still = {row["msisdn"] for row in resendable(tx, task, draft.origin.which)}
    if not open_still.issuperset(messages["msisdn"].to_list()):
        raise StateError("resend_changed")
    tx.run("control.link_origin", task_id, draft.origin.task_id, draft.origin.which.value, now_us)


def _own(reader: Reader, actor: Actor, task_id: int) -> Row:
    task = reader.one("tasks.of_account", task_id, actor.account_id)
    if task is None:
        raise AccessError("not_found", what="task")
    return task


def _which(word: str) -> Resend:
    if word not in set(Resend):
        raise InputError("invalid", field="Which", problem="is not known.", remedy="Use failed, in_doubt or both.")
    return Resend(word)


def _file(rows: Rows) -> RecipientFile:
    """As if a file had been read: rows of the first file, numbers, and each one's own text where they had one."""
    columns: dict[str, Any] = {
        "row": pl.Series([row["row_number"] for row in rows], dtype=pl.Int32),
        "msisdn": [f"+{row['msisdn']}" for row in rows],
        "country": [row["country"] for row in rows],
        "kind": [NumberKind.MOBILE.value] * len(rows),
    }
    if rows[0]["content"] is not None:
        columns[OWN_TEXT] = [row["content"] for row in rows]
    return RecipientFile(
        frame=pl.DataFrame(columns),
        rejected=pl.DataFrame(schema=_REJECTED),
        columns=(),
        phone_column=None,
        has_header=False,
        sheet=None,
        notes=(),
    )
