"""Credit that staff put on an account without a request: credit, debit, reversal. Nothing is ever deleted."""

from __future__ import annotations

from engine import ledger
from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import AccessError
from engine.model import OPERATOR_ROLES, Actor, format_credits
from engine.topups.base import Desk


class Booking(Desk):
    @allows(OPERATOR_ROLES)
    def credit(self, actor: Actor, account_id: int, amount_micro: int, *, reason: str, key: str) -> int:
        """Credits (or, below zero, debits) an account; returns the movement's id.

        `reason` is shown to the customer. The same `key` books once: a form makes one when it is opened.
        Raises InputError("amount" | "reason_missing"), MoneyError("insufficient_credit" | "key_reused").
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            account = tx.one("topups.account_kind", account_id)
            if account is None or account["kind"] != "customer":
                raise AccessError("not_found", what="customer account")
            booked = tx.one("topups.by_key", _key(key))
            tx_id = ledger.adjust(
                tx,
                account_id=account_id,
                amount_micro=amount_micro,
                key=_key(key),
                note=reason,
                member_id=actor.user_id,
                now_us=now_us,
            )
            if booked is None:
                record_audit(
                    tx,
                    actor=actor,
                    action="credit" if amount_micro > 0 else "debit",
                    subject=f"account {account_id}",
                    detail=f"{format_credits(amount_micro)} credits (movement {tx_id}): {reason.strip()}",
                    now_us=now_us,
                    account_id=account_id,
                )
        return tx_id

    @allows(OPERATOR_ROLES)
    def reverse(self, actor: Actor, tx_id: int, *, reason: str, key: str) -> int:
        """Books the opposite of a credit or debit, once; returns the id of the new movement."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            new_id = ledger.reverse(tx, tx_id=tx_id, key=_key(key), note=reason, member_id=actor.user_id, now_us=now_us)
            record_audit(
                tx,
                actor=actor,
                action="reverse",
                subject=f"movement {tx_id}",
                detail=f"movement {new_id}: {reason.strip()}",
                now_us=now_us,
                account_id=ledger.account_of(tx, new_id),
            )
        return new_id


def _key(key: str) -> str:
    return f"staff:{key}"
