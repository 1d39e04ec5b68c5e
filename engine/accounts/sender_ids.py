"""Sender IDs of an account: asked for by its people or entered by staff, approved or rejected with a reason.

With the setting IMS_SENDER_APPROVAL only approved ones can be used; without it approvals are only kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from engine import content
from engine.access import allows
from engine.accounts.audit import confirm, record_audit
from engine.errors import AccessError, InputError, StateError
from engine.model import OPERATOR_ROLES, SENDING_ROLES, Actor, Clock
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Reader, Rows, Store, Tx

MOST_LENGTH: Final = 11
"""What a phone can show; each route has its own limit besides."""
REASON_LENGTH: Final = 300
MOST_SENDERS: Final = 100
LISTED: Final = 500


class SenderState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"


class SenderIds:
    def __init__(self, store: Store, clock: Clock, *, required: bool) -> None:
        """`required`: only approved sender IDs can be used."""
        self._store = store
        self._clock = clock
        self.required: Final = required

    @allows(SENDING_ROLES)
    def own(self, actor: Actor) -> Rows:
        """The account's sender IDs: id, sender, state, reason, created_us, decided_us, asked_by_name."""
        return self._store.all("desk.senders", actor.account_id, None, LISTED)

    @allows(SENDING_ROLES)
    def request(self, actor: Actor, sender: str, *, note: str = "") -> int:
        """Asks staff for a sender ID; a rejected one may be asked for again. `note` says whose name it is.

        Raises InputError("sender" | "sender_asked" | "too_many_senders").
        """
        name, now_us = _checked(sender), self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            sender_id = _ask(tx, actor, name, note.strip()[:REASON_LENGTH], now_us)
            _audit(tx, actor, "sender_id_requested", name, note, actor.account_id, now_us)
            sentence = f"{actor.name} asks for the sender ID “{name}”."
            link = f"staff_accounts?id={actor.account_id}&part=senders"
            tell_operators(tx, NoticeKind.ACCOUNT, sentence, link=link, now_us=now_us)
        return sender_id

    @allows(OPERATOR_ROLES)
    def listing(self, actor: Actor, *, account_id: int | None = None, state: SenderState | None = None) -> Rows:  # noqa: ARG002
        """Open requests first, of one account or of all; rows as `own`, and account_id, account_name."""
        return self._store.all("desk.senders", account_id, state.value if state else None, LISTED)

    @allows(OPERATOR_ROLES)
    def decide(self, actor: Actor, sender_id: int, state: SenderState, *, reason: str = "") -> None:
        """Approves or rejects; a rejection needs a reason, which the customer reads. It can be changed later."""
        if state is SenderState.REQUESTED or (state is SenderState.REJECTED and not reason.strip()):
            raise InputError("reason_missing")
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one("desk.sender_by_id", sender_id)
            if row is None:
                raise AccessError("not_found", what="sender ID")
            if row["state"] == state.value:
                raise StateError("sender_asked", value=row["sender"], state=state.value)
            why = reason.strip()[:REASON_LENGTH]
            tx.run("desk.decide_sender", sender_id, state.value, why, actor.user_id, now_us)
            _told(tx, actor, row["account_id"], row["sender"], state, why, now_us)

    @allows(OPERATOR_ROLES)
    def add(self, actor: Actor, account_id: int, sender: str, *, reason: str) -> int:
        """Enters an approved sender ID, or approves the one asked for; `reason` is kept in the audit log."""
        name, now_us, why = _checked(sender), self._clock.now_us(), reason.strip()[:REASON_LENGTH]
        if not why:
            raise InputError("reason_missing")
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("desk.customer", account_id) is None:
                raise AccessError("not_found", what="customer account")
            row = tx.one("desk.sender", account_id, name.lower())
            if row is not None and row["state"] == SenderState.APPROVED:
                raise InputError("sender_asked", value=row["sender"], state=row["state"])
            sender_id = row["id"] if row else tx.reserve("sender_id")
            if row is not None:
                tx.run("desk.decide_sender", sender_id, SenderState.APPROVED.value, why, actor.user_id, now_us)
            else:
                state = SenderState.APPROVED.value
                tx.run(
                    "desk.add_sender", sender_id, account_id, name, name.lower(), state, why, None, actor.user_id,
                    now_us, now_us,
                )  # fmt: skip
            _told(tx, actor, account_id, name, SenderState.APPROVED, why, now_us)
        return sender_id


def check_approved(reader: Reader, account_id: int, sender: str | None) -> None:
    """Raises InputError("sender_not_approved") for a sender ID (any case) that staff have not approved."""
    if sender is None:
        return
    row = reader.one("desk.sender", account_id, sender.lower())
    if row is None or row["state"] != SenderState.APPROVED:
        state = {SenderState.REQUESTED: "waiting for staff", SenderState.REJECTED: "rejected"}
        raise InputError("sender_not_approved", value=sender, state=state[row["state"]] if row else "not asked for yet")


def _checked(sender: str) -> str:
    name = sender.strip()
    problem = content.check_sender(name, max_length=MOST_LENGTH)
    if problem:
        raise InputError("sender", value=name, problem=problem)
    return name


def _ask(tx: Tx, actor: Actor, name: str, note: str, now_us: int) -> int:
    row = tx.one("desk.sender", actor.account_id, name.lower())
    if row is not None:
        if row["state"] != SenderState.REJECTED:
            raise InputError("sender_asked", value=row["sender"], state=row["state"])
        tx.run("desk.ask_again", row["id"], note, actor.user_id, now_us)
        return row["id"]
    count = tx.one("desk.count_senders", actor.account_id)
    if count is not None and count["senders"] >= MOST_SENDERS:
        raise InputError("too_many_senders", limit=MOST_SENDERS)
    sender_id = tx.reserve("sender_id")
    state = SenderState.REQUESTED.value
    tx.run(
        "desk.add_sender", sender_id, actor.account_id, name, name.lower(), state, note, actor.user_id, None, now_us,
        None,
    )  # fmt: skip
    return sender_id


def _told(tx: Tx, actor: Actor, account_id: int, name: str, state: SenderState, reason: str, now_us: int) -> None:
    """The customer's notice and the line of the audit log."""
    if state is SenderState.APPROVED:
        sentence = f"Sender ID “{name}” is approved. You can use it now."
    else:
        sentence = f"Sender ID “{name}” was rejected: {reason}"
    tell_account(tx, account_id, NoticeKind.ACCOUNT, sentence, link="sender_ids", now_us=now_us)
    _audit(tx, actor, f"sender_id_{state.value}", name, reason, account_id, now_us)


def _audit(tx: Tx, actor: Actor, action: str, name: str, detail: str, account_id: int, now_us: int) -> None:
    record_audit(
        tx,
        actor=actor,
        action=action,
        subject=f"sender ID {name}",
        detail=detail.strip()[:REASON_LENGTH],
        now_us=now_us,
        account_id=account_id,
    )
