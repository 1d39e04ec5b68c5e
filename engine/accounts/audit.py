"""What other rooms do around their own transactions: check again who asks and why, and write the audit log."""

from __future__ import annotations

from typing import Final

from engine.errors import AccessError, InputError
from engine.model import Actor
from engine.store import Tx

REASON_LENGTH: Final = 500
"""Characters kept of why staff did something."""


def reason_given(text: str) -> str:
    """Why staff do something to a customer, who reads it. Raises InputError("reason_missing")."""
    why = text.strip()[:REASON_LENGTH]
    if not why:
        raise InputError("reason_missing")
    return why


def confirm(tx: Tx, actor: Actor) -> None:
    """Reads member and account again where the change is made: a session checked a moment ago may be stale.

    Raises AccessError("session_ended" | "account_suspended").
    """
    row = tx.one("accounts.member", actor.user_id)
    if (
        row is None
        or row["status"] != "active"
        or row["role"] != actor.role.value
        or row["account_id"] != actor.account_id
    ):
        raise AccessError("session_ended")
    if row["account_status"] != "active":
        raise AccessError("account_suspended")


def record_audit(
    tx: Tx,
    *,
    actor: Actor | None,
    action: str,
    subject: str,
    detail: str,
    now_us: int,
    account_id: int | None = None,
) -> None:
    """One line: who (None before sign-in) did what to which thing. `account_id` is whose log it is, the actor's own
    when left out. Never holds a password, token or ticket.
    """
    whose = account_id if account_id is not None or actor is None else actor.account_id
    member_id = None if actor is None else actor.user_id
    tx.run("accounts.add_audit", tx.reserve("audit"), now_us, member_id, whose, action, subject, detail)
