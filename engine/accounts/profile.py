"""What a member changes about itself and an owner about the account, and what the account used."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.access import allows
from engine.accounts.audit import confirm, record_audit
from engine.accounts.forms import EMAIL, FULL_NAME, OLD_PASSWORD, email_of, name_of, zone_of
from engine.accounts.passwords import COST
from engine.accounts.proof import Proof
from engine.errors import AccessError, InputError
from engine.model import EVERY_ROLE, MICRO, Actor, Clock, Role, format_credits, to_datetime, to_us
from engine.notices import NoticeKind, tell_account
from engine.store import Row, Rows, Store, Tx

MONTHS: Final = 12
MOST_THRESHOLD_MICRO: Final = 10**9 * MICRO
TOLD_AT_ONCE: Final = 500
"""Accounts told in one round of the chore; the rest follow in the next."""


class Profile:
    def __init__(self, store: Store, clock: Clock, *, password_cost: int = COST) -> None:
        """`password_cost` is bcrypt's; only tests lower it."""
        self._store = store
        self._clock = clock
        self._proof = Proof(store, clock, password_cost)

    @allows(EVERY_ROLE)
    def own(self, actor: Actor) -> Row:
        """user_name, email, full_name, role, account_name, account_zone, own_zone (None: the account's),
        threshold_micro (None: no alert)."""
        row = self._store.one("profile.own", actor.user_id)
        if row is None:
            raise AccessError("session_ended")
        return row

    @allows(EVERY_ROLE)
    def change(self, actor: Actor, *, full_name: str, email: str, password: str) -> None:
        """Another name or e-mail address of the actor's own, confirmed by the password.

        Raises InputError naming the field, AccessError("login_locked").
        """
        name, address = name_of(FULL_NAME, full_name), email_of(email)
        member = self._proof.own_password(actor, password, field=OLD_PASSWORD, doing="change of e-mail")
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("profile.address_taken", address, actor.user_id) is not None:
                raise InputError("taken", what="e-mail address", field=EMAIL)
            tx.run("profile.change", actor.user_id, name, address)
            detail = "" if address == member["email"] else f"{member['email']} → {address}"
            self._audit(tx, actor, "profile_changed", f"member {actor.user_id}", detail)

    @allows(EVERY_ROLE)
    def set_own_zone(self, actor: Actor, zone: str) -> None:
        """The actor's own time zone; empty follows the account's. Raises InputError for an unknown one."""
        checked = zone_of(zone) if zone else ""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if checked:
                tx.run("profile.set_member_zone", actor.user_id, checked)
            else:
                tx.run("profile.drop_member_zone", actor.user_id)

    @allows(frozenset({Role.OWNER, Role.ADMIN}))
    def set_account_zone(self, actor: Actor, zone: str) -> None:
        """The time zone of the actor's account, for everybody without one of their own."""
        checked = zone_of(zone)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("profile.set_account_zone", actor.account_id, checked)
            self._audit(tx, actor, "zone_changed", f"account {actor.account_id}", checked)

    @allows(frozenset({Role.OWNER}))
    def set_alert(self, actor: Actor, threshold_micro: int | None) -> None:
        """Below this much available credit the account is told once; None: never. Raises InputError("amount")."""
        if threshold_micro is not None and not 0 < threshold_micro <= MOST_THRESHOLD_MICRO:
            raise InputError("amount", amount=format_credits(threshold_micro))
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if threshold_micro is None:
                tx.run("profile.drop_alert", actor.account_id)
            else:
                tx.run("profile.set_alert", actor.account_id, threshold_micro)
            detail = "off" if threshold_micro is None else format_credits(threshold_micro)
            self._audit(tx, actor, "alert_changed", f"account {actor.account_id}", detail)

    @allows(EVERY_ROLE)
    def usage(self, actor: Actor) -> Rows:
        """The last 12 months of the actor's account in the actor's zone, newest first.

        Rows: month (a date, its first day), charged_micro, tasks, delivered, failed (expired ones among them).
        """
        zone = ZoneInfo(actor.zone)
        bounds = _month_starts(to_datetime(self._clock.now_us()).astimezone(zone))
        rows = self._store.all("profile.usage", actor.account_id, [to_us(start) for start in bounds])
        months = [start.date() for start in bounds]
        return [{**row, "month": month} for row, month in zip(rows, months, strict=False)][::-1]

    def tell_low(self) -> int:
        """A chore: tells accounts that fell below their threshold, once until they rise again. How many were told."""
        if self._store.one("profile.any_alert_due") is None:
            return 0
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            tx.run("profile.rearm_alerts")
            low = tx.all("profile.low_accounts", TOLD_AT_ONCE)
            for row in low:
                sentence = (
                    f"{format_credits(row['available_micro'])} credits are left, less than the "
                    f"{format_credits(row['threshold_micro'])} you asked to be told at. Top up to keep sending."
                )
                tell_account(tx, row["account_id"], NoticeKind.BALANCE, sentence, link="top_up", now_us=now_us)
            if low:
                tx.run("profile.told", [row["account_id"] for row in low], now_us)
        return len(low)

    def _audit(self, tx: Tx, actor: Actor, action: str, subject: str, detail: str) -> None:
        now_us = self._clock.now_us()
        record_audit(tx, actor=actor, action=action, subject=subject, detail=detail, now_us=now_us)


def _month_starts(now: datetime) -> list[datetime]:
    """First instants of the last 12 months and of the next one, in the zone of `now`."""
    last = now.year * 12 + now.month - 1
    return [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=now.tzinfo) for number in range(last - MONTHS + 1, last + 2)
    ]
