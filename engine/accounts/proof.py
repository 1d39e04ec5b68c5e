"""Proving who somebody is: passwords against rows, failures counted in the row, the lock after too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.accounts.audit import record_audit
from engine.accounts.passwords import COST, matches
from engine.errors import AccessError, InputError
from engine.model import MINUTE_US, Actor, Clock
from engine.store import Row, Store

FAILURES_ALLOWED: Final = 5
LOCK_US: Final = 15 * MINUTE_US
MOST_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """`cost` is bcrypt's; only tests lower it."""

    store: Store
    clock: Clock
    cost: int = COST

    def own_password(self, actor: Actor, password: str, *, field: str, doing: str) -> Row:
        """The actor's member row when the password is right; `doing` goes to the audit log when it locks.

        Raises InputError naming `field`, AccessError("login_locked") after too many wrong ones.
        """
        member = self.store.one("accounts.member", actor.user_id)
        if member is None or member["status"] != "active":
            raise AccessError("session_ended")
        refuse_locked(member["locked_until_us"], self.clock.now_us())
        if not matches(password, member["password_hash"], self.cost):
            self.count_failure(member, doing)
            raise InputError("invalid", field=field, problem="this is not right.", remedy="Type it again.")
        return member

    def count_failure(self, member: Row, doing: str) -> None:
        """One wrong password or code more. Raises AccessError("login_locked") when it was the last one allowed."""
        now_us = self.clock.now_us()
        with self.store.transaction() as tx:
            row = tx.one("accounts.count_failure", member["id"], FAILURES_ALLOWED, now_us + LOCK_US)
            until_us: int = row["locked_until_us"] if row else 0
            if until_us > now_us:
                record_audit(
                    tx,
                    actor=None,
                    action="sign_in_locked",
                    subject=f"member {member['id']}",
                    detail=doing[:MOST_AGENT],
                    now_us=now_us,
                    account_id=member["account_id"],
                )
        refuse_locked(until_us, now_us)


def refuse_locked(until_us: int, now_us: int) -> None:
    if until_us > now_us:
        raise AccessError("login_locked", minutes=-((now_us - until_us) // MINUTE_US))


def refuse_closed(member: Row) -> None:
    """Raises AccessError("account_pending" | "account_suspended")."""
    if member["account_status"] != "active":
        raise AccessError(f"account_{member['account_status']}")
