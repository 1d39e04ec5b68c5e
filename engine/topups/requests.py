"""Requests for credit: a customer asks and transfers money, staff approve or reject.

`requested → receipt_uploaded → approved | rejected | withdrawn`; an open request can end either way. Approval and
credit are one transaction, and the movement's key is the request's, so that it can be booked only once. A mistake is
undone by reversing the movement; no request is ever deleted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from engine import ledger
from engine.access import allows
from engine.accounts import confirm, reason_given, record_audit
from engine.errors import AccessError, MoneyError, StateError
from engine.model import DAY_US, EVERY_ROLE, MICRO, OPERATOR_ROLES, Actor, Role, format_credits
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Reader, Row, Rows, Tx
from engine.topups.base import Desk
from engine.topups.money import Currency, TopupQuote
from engine.topups.prices import current_prices

MOST_OPEN: Final = 10
"""Open requests of one account."""
MOST_A_DAY: Final = 20
"""New requests of one account in 24 hours, withdrawn ones included."""
KEY_LENGTH: Final = 100
PAGE_ROWS: Final = 50
MOST_ROWS: Final = 200
NEWEST: Final = 2**62
SEARCH_LENGTH: Final = 100
STAFF_NAME: Final = "Staff"
"""How a member of the operator is named to customers."""
OWNERS: Final = frozenset({Role.OWNER})


class RequestState(StrEnum):
    REQUESTED = "requested"
    RECEIPT_UPLOADED = "receipt_uploaded"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN_STATES: Final = frozenset({RequestState.REQUESTED, RequestState.RECEIPT_UPLOADED})


class Requests(Desk):
    @allows(OWNERS)
    def request(self, actor: Actor, credits_micro: int, *, price_version: int, key: str) -> int:
        """Asks for credit at the price that was shown (`price_version`); returns the request's id.

        The same `key` asks once: a form makes one when it is opened. Raises InputError("topup_amount"),
        StateError("topup_price_changed" | "topup_open" | "topup_daily"), MoneyError("key_reused").
        """
        if not 0 < len(key) <= KEY_LENGTH:
            raise MoneyError("key_reused")
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            earlier = tx.one("topups.request_by_key", actor.account_id, key)
            if earlier is not None:
                if earlier["credits_micro"] != credits_micro:
                    raise MoneyError("key_reused")
                return earlier["id"]
            _refuse_unknown_customer(tx, actor.account_id)
            table = current_prices(tx)
            quote = table.for_credits(credits_micro)
            if table.version != price_version:
                raise StateError("topup_price_changed")
            _refuse_too_many(tx, actor.account_id, now_us)
            return _add(tx, actor, quote, key, now_us)

    @allows(EVERY_ROLE)
    def requests(
        self,
        actor: Actor,
        *,
        open_only: bool | None = None,
        search: str = "",
        before: int = NEWEST,
        limit: int = PAGE_ROWS,
    ) -> Rows:
        """Newest first, below the id `before`; customers see their own account's. `open_only`: True the open ones,
        False the decided ones, None both. `search` is part of a reference, account or person.

        Rows: every column of the request, account_name, member_name, first_name, decided_name ("Staff" to customers),
        documents (how many).
        """
        scope = None if actor.is_operator else actor.account_id
        text, limit = search.strip().lower()[:SEARCH_LENGTH], min(max(limit, 1), MOST_ROWS)

        def read() -> Rows:
            return self._store.all("topups.requests", scope, open_only, text, before, limit)

        newest = not text and before == NEWEST  # what pages show at every run; anything else is asked for once
        rows = self._newest.get((scope, open_only, limit), read) if newest else read()
        return [_for(actor, row) for row in rows]

    @allows(EVERY_ROLE)
    def one_request(self, actor: Actor, request_id: int) -> Row:
        """A row as of `requests`, and reversed_by (the movement that undid its credit), needs_two (whether its amount
        needs two approvals), documents (rows: id, name, media_type, size_bytes, sha256, created_us)."""
        row = self._store.one("topups.request", request_id, None if actor.is_operator else actor.account_id)
        if row is None:
            raise AccessError("not_found", what="top-up request")
        documents = self._store.all("topups.documents", request_id)
        return _for(actor, row) | {"needs_two": self._needs_two(row), "documents": documents}

    @allows(OPERATOR_ROLES)
    def waiting(self, actor: Actor) -> Row:  # noqa: ARG002 - checked by the mark
        """How many requests wait: open, with_receipt, half_approved (the first of two approvals is given)."""
        row = self._store.one("topups.request_numbers")
        assert row is not None
        return row

    @allows(OWNERS)
    def withdraw(self, actor: Actor, request_id: int) -> None:
        """The customer takes an open request back. Raises StateError("topup_closed") for a decided one."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = open_request(tx, request_id, actor.account_id, already=RequestState.WITHDRAWN)
            if row is None:
                return
            _decide(tx, actor, row, RequestState.WITHDRAWN, now_us)
            _tell(tx, row, "was withdrawn. Nothing was credited.", now_us)
            _audit(tx, actor, "topup_withdrawn", row, "", now_us)

    @allows(OPERATOR_ROLES)
    def approve(self, actor: Actor, request_id: int) -> int | None:
        """Credits the account and closes the request, in one transaction; returns the id of the movement.

        From IMS_SECOND_APPROVAL credits on the first approval is only noted and gives None; another member of staff
        must approve too. Pressed twice by the same person it books once. Raises StateError("topup_closed" |
        "topup_second_person"), AccessError("not_found").
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one("topups.bare_request", request_id, None)
            if row is not None and row["state"] == RequestState.APPROVED and row["decided_by"] == actor.user_id:
                return row["ledger_tx"]
            row = open_request(tx, request_id, None)
            assert row is not None
            if self._needs_two(row) and row["first_approver"] is None:
                return self._first_approval(tx, actor, row, now_us)
            if self._needs_two(row) and row["first_approver"] == actor.user_id:
                raise StateError("topup_second_person")
            return _book(tx, actor, row, now_us)

    @allows(OPERATOR_ROLES)
    def reject(self, actor: Actor, request_id: int, *, reason: str) -> None:
        """Closes a request without credit; the customer reads the reason. Raises InputError("reason_missing"),
        StateError("topup_closed"), AccessError("not_found")."""
        why = reason_given(reason)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = open_request(tx, request_id, None)
            assert row is not None
            _decide(tx, actor, row, RequestState.REJECTED, now_us, reason=why)
            _tell(tx, row, f"was rejected: {why}", now_us)
            _audit(tx, actor, "topup_rejected", row, why, now_us)

    def _needs_two(self, row: Row) -> bool:
        return 0 < self._second_approval * MICRO <= row["credits_micro"]

    def _first_approval(self, tx: Tx, actor: Actor, row: Row, now_us: int) -> None:
        tx.run("topups.note_first_approval", row["id"], actor.user_id, now_us)
        words = f"{_amount(row)} for reference {row['reference']} has its first approval; a second person must approve."
        tell_operators(tx, NoticeKind.TOPUP, words, link=f"staff_topups?id={row['id']}", now_us=now_us)
        _audit(tx, actor, "topup_first_approval", row, "", now_us)


def open_request(tx: Tx, request_id: int, account_id: int | None, *, already: RequestState | None = None) -> Row | None:
    """The row of an open request; None when it is in the state `already`, so that a repeated click is no error.

    Raises AccessError("not_found"), StateError("topup_closed").
    """
    row = tx.one("topups.bare_request", request_id, account_id)
    if row is None:
        raise AccessError("not_found", what="top-up request")
    if row["state"] == already:
        return None
    if row["state"] not in OPEN_STATES:
        raise StateError("topup_closed", state=row["state"])
    return row


def reference_of(request_id: int) -> str:
    """A creditor reference (ISO 11649): banks and people can check its two check digits. 7 → "RF98000007"."""
    body = f"{request_id:06d}"
    check = 98 - int(f"{body}271500") % 97  # R = 27, F = 15, and 00 in the place of the check digits
    return f"RF{check:02d}{body}"


def currency_of(row: Row) -> Currency:
    """The currency a request was quoted in."""
    return Currency(row["currency"], row["decimals"])


def _add(tx: Tx, actor: Actor, quote: TopupQuote, key: str, now_us: int) -> int:
    request_id = tx.reserve("topup_request")
    reference = reference_of(request_id)
    tx.run(
        "topups.add_request",
        request_id,
        actor.account_id,
        actor.user_id,
        key,
        reference,
        quote.credits_micro,
        quote.total_minor,
        quote.price_version,
        quote.tier.price_micro,
        quote.currency.code,
        quote.currency.decimals,
        now_us,
    )
    row: dict[str, Any] = {"id": request_id, "account_id": actor.account_id, "credits_micro": quote.credits_micro}
    money = quote.currency.show(quote.total_minor)
    _tell(tx, row, f"was made: transfer {money} with the reference {reference}, then upload the receipt.", now_us)
    _audit(tx, actor, "topup_requested", row, f"{money}, reference {reference}", now_us)
    return request_id


def _book(tx: Tx, actor: Actor, row: Row, now_us: int) -> int:
    tx_id = ledger.adjust(
        tx,
        account_id=row["account_id"],
        amount_micro=row["credits_micro"],
        key=f"topup:{row['id']}",
        note=f"Top-up {row['reference']}",
        member_id=actor.user_id,
        now_us=now_us,
    )
    _decide(tx, actor, row, RequestState.APPROVED, now_us, ledger_tx=tx_id)
    _tell(tx, row, "was approved: the credit is on your account.", now_us)
    _audit(tx, actor, "topup_approved", row, f"movement {tx_id}, reference {row['reference']}", now_us)
    return tx_id


def _decide(
    tx: Tx,
    actor: Actor,
    row: Row,
    state: RequestState,
    now_us: int,
    *,
    reason: str = "",
    ledger_tx: int | None = None,
) -> None:
    ended = tx.one("topups.decide", row["id"], state.value, actor.user_id, now_us, reason, ledger_tx)
    assert ended is not None, "an open request was closed under the write lock"


def _tell(tx: Tx, row: Row, what: str, now_us: int) -> None:
    sentence = f"Your request for {_amount(row)} {what}"
    tell_account(tx, row["account_id"], NoticeKind.TOPUP, sentence, link=f"top_up?id={row['id']}", now_us=now_us)


def _audit(tx: Tx, actor: Actor, action: str, row: Row, detail: str, now_us: int) -> None:
    record_audit(
        tx,
        actor=actor,
        action=action,
        subject=f"top-up request {row['id']}",
        detail=f"{_amount(row)}: {detail}" if detail else _amount(row),
        now_us=now_us,
        account_id=row["account_id"],
    )


def _amount(row: Row) -> str:
    return f"{format_credits(row['credits_micro'], least_decimals=0)} credits"


def _for(actor: Actor, row: Row) -> Row:
    """Customers read “Staff” instead of names."""
    if actor.is_operator:
        return row
    decided = row["decided_name"]
    if decided and row["state"] != RequestState.WITHDRAWN:
        decided = STAFF_NAME
    return row | {"first_name": STAFF_NAME if row["first_name"] else "", "decided_name": decided}


def _refuse_unknown_customer(reader: Reader, account_id: int) -> None:
    account = reader.one("topups.account_kind", account_id)
    if account is None or account["kind"] != "customer":
        raise AccessError("not_found", what="customer account")


def _refuse_too_many(reader: Reader, account_id: int, now_us: int) -> None:
    counts = reader.one("topups.request_counts", account_id, now_us - DAY_US)
    assert counts is not None
    if counts["open"] >= MOST_OPEN:
        raise StateError("topup_open", limit=MOST_OPEN)
    if counts["recent"] >= MOST_A_DAY:
        raise StateError("topup_daily", limit=MOST_A_DAY)
