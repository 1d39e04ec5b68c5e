"""What staff do at one account beside its credit: find it, limit it, see its people, look through its eyes."""

from __future__ import annotations

from typing import Final

from engine.access import allows
from engine.accounts.audit import confirm, reason_given, record_audit
from engine.accounts.limits import AccountLimits, limits_of, sms_of_day, write_limits
from engine.errors import AccessError, InputError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Clock, Role
from engine.notices import NoticeKind, tell_account
from engine.store import Row, Rows, Store

PAGE_ROWS: Final = 50
MOST_ROWS: Final = 200
NEWEST: Final = 2**62
STATUSES: Final = frozenset({"active", "pending", "suspended"})
VIEW_ACTION: Final = "view_as"


class Desk:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(OPERATOR_ROLES)
    def find(
        self,
        actor: Actor,  # noqa: ARG002 - checked by the mark
        search: str = "",
        *,
        status: str | None = None,
        after: int | None = None,
        limit: int = PAGE_ROWS,
    ) -> tuple[Rows, int | None]:
        """Customer accounts, newest first, and the id to ask on `after` (None: these are the last).

        `search`: part of the account's name, a user name or an address, or an id. Rows as `Accounts.find`, and
        `limited` (whether it has limits of its own).
        """
        if status is not None and status not in STATUSES:
            raise InputError("invalid", field="Status", problem="unknown.", remedy="Choose one of the list.")
        text = search.strip().lower()
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        count = min(max(limit, 1), MOST_ROWS)
        rows = self._store.all("desk.find", text, number, after or NEWEST, status, count + 1)
        return rows[:count], rows[count - 1]["id"] if len(rows) > count else None

    @allows(OPERATOR_ROLES)
    def counts(self, actor: Actor) -> dict[str, int]:  # noqa: ARG002 - checked by the mark
        """Customer accounts by status."""
        return {row["status"]: row["accounts"] for row in self._store.all("desk.counts")}

    @allows(EVERY_ROLE)
    def limits(self, actor: Actor, account_id: int | None = None) -> AccountLimits:
        """The limits of the actor's account; operators name another."""
        return limits_of(self._store, self._own_or_any(actor, account_id))

    @allows(EVERY_ROLE)
    def sms_of_day(self, actor: Actor, account_id: int | None = None) -> int:
        """SMS accepted in the last 24 hours, which the daily limit counts."""
        return sms_of_day(self._store, self._own_or_any(actor, account_id), now_us=self._clock.now_us())

    @allows(OPERATOR_ROLES)
    def set_limits(self, actor: Actor, account_id: int, limits: AccountLimits, *, reason: str) -> None:
        """Replaces the limits of a customer account; its people are told. Tasks accepted before go on."""
        limits.checked()
        why = reason_given(reason)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("desk.customer", account_id) is None:
                raise AccessError("not_found", what="customer account")
            if limits_of(tx, account_id) == limits:
                return
            write_limits(tx, account_id, limits, now_us=now_us)
            sentence = f"Staff changed the limits of your account ({limits.words() or 'no limits'}): {why}"
            tell_account(tx, account_id, NoticeKind.ACCOUNT, sentence, link="account", now_us=now_us)
            record_audit(
                tx,
                actor=actor,
                action="limits",
                subject=f"account {account_id}",
                detail=f"{limits.words() or 'no limits'}: {why}",
                now_us=now_us,
                account_id=account_id,
            )

    @allows(OPERATOR_ROLES)
    def begin_view(self, actor: Actor, account_id: int) -> Actor:
        """Writes into the audit log that staff look at an account, and returns `viewer`."""
        viewer = self.viewer(actor, account_id)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            record_audit(
                tx,
                actor=actor,
                action=VIEW_ACTION,
                subject=f"account {account_id}",
                detail="",
                now_us=self._clock.now_us(),
                account_id=account_id,
            )
        return viewer

    @allows(OPERATOR_ROLES)
    def viewer(self, actor: Actor, account_id: int) -> Actor:
        """Who staff are while they look at an account: an analyst's reads of it, and no write of any kind.

        Its user is staff's own, whom `confirm` finds in another account with another role; and the store opens no
        transaction while a call of a viewer runs.
        """
        row = self._customer(account_id)
        return Actor(actor.user_id, account_id, Role.ANALYST, actor.name, row["zone"], viewing=True)

    def _customer(self, account_id: int) -> Row:
        row = self._store.one("desk.customer", account_id)
        if row is None:
            raise AccessError("not_found", what="customer account")
        return row

    def _own_or_any(self, actor: Actor, account_id: int | None) -> int:
        if account_id is None or account_id == actor.account_id:
            return actor.account_id
        if not actor.is_operator:
            raise AccessError("not_found", what="account")
        return account_id
