"""Cases: a customer asks or reports, staff answer. Both see the same thread; the messages it is about are named."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import AccessError, InputError, StateError
from engine.model import CUSTOMER_ROLES, DAY_US, EVERY_ROLE, OPERATOR_ROLES, Actor, Clock
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Row, Rows, Store, Tx
from engine.store.base import one_column

SUBJECT_LENGTH: Final = 120
BODY_LENGTH: Final = 4_000
MOST_OPEN: Final = 20
MOST_A_DAY: Final = 40
"""Cases of an account opened in 24 hours, closed ones included."""
"""Cases of one account that are not closed."""
MOST_MESSAGES: Final = 100
"""Messages one case can name."""
MOST_ENTRIES: Final = 200
PAGE_ROWS: Final = 50
KEY_LENGTH: Final = 100


class About(StrEnum):
    MESSAGES = "messages"
    TASK = "task"
    BALANCE = "balance"
    TOPUP = "topup"
    SENDER = "sender"
    OTHER = "other"


class CaseState(StrEnum):
    OPEN = "open"
    """Waits for staff."""
    ANSWERED = "answered"
    """Waits for the customer."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What a customer reports. `key` opens one case, however often the form is sent."""

    about: About
    subject: str
    body: str
    key: str
    message_ids: tuple[int, ...] = ()
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """`row`: id, account_id, account_name, member_name, about, subject, state, created_us, updated_us.
    `entries`: by_operator, member_name ("Staff" to customers), body, created_us. `messages`: id, task_id, task_name,
    msisdn, country, state, reason, charged_micro. `task`: id, name, state or None."""

    row: Row
    entries: Rows
    messages: Rows
    task: Row | None


class Cases:
    """Raises AccessError("not_found") for cases of another account."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(CUSTOMER_ROLES)
    def open(self, actor: Actor, new: NewCase) -> int:
        """Opens a case and tells staff; returns its id. The same key again returns the same case.

        Raises InputError for fields, AccessError("not_found") for things of another account and
        StateError("too_many_cases" | "cases_daily").
        """
        subject = _text(new.subject, "Subject", SUBJECT_LENGTH)
        body = _text(new.body, "Message", BODY_LENGTH)
        key, now_us = f"{actor.account_id}:{new.key[:KEY_LENGTH]}", self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            known = tx.one("cases.by_key", key)
            if known is not None:
                return known["id"]
            _check_room(tx, actor.account_id, now_us)
            ids = _own_messages(tx, actor.account_id, new.message_ids)
            if new.task_id is not None and tx.one("cases.own_task", new.task_id, actor.account_id) is None:
                raise AccessError("not_found", what="task")
            case_id = tx.reserve("support_case")
            tx.run("cases.add", case_id, key, actor.account_id, actor.user_id, new.about.value, subject, now_us)
            _say(tx, case_id, actor, body, f"{case_id}:first", now_us)
            for message_id in ids:
                tx.run("cases.add_reference", case_id, "message", message_id)
            if new.task_id is not None:
                tx.run("cases.add_reference", case_id, "task", new.task_id)
            tell_operators(
                tx, NoticeKind.CASE, f"New case {case_id}: {subject}", link=f"staff_cases?id={case_id}", now_us=now_us
            )
        return case_id

    @allows(EVERY_ROLE)
    def reply(self, actor: Actor, case_id: int, body: str, *, key: str) -> None:
        """Adds to a case and tells the other side; a closed case is open again. The same key says it once."""
        text, now_us = _text(body, "Message", BODY_LENGTH), self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            case = _load(tx, actor, case_id)
            if len(tx.all("cases.entries", case_id)) >= MOST_ENTRIES:
                raise StateError("case_full", limit=MOST_ENTRIES)
            if not _say(tx, case_id, actor, text, f"{case_id}:{actor.user_id}:{key[:KEY_LENGTH]}", now_us):
                return
            state = CaseState.ANSWERED if actor.is_operator else CaseState.OPEN
            tx.run("cases.set_state", case_id, state.value, now_us)
            if actor.is_operator:
                _tell_customer(tx, case, f"Staff answered your case {case_id}: {case['subject']}", now_us)
                _audit(tx, actor, case, "case answered", now_us)
            else:
                words = f"{case['account_name']} wrote in case {case_id}: {case['subject']}"
                tell_operators(tx, NoticeKind.CASE, words, link=f"staff_cases?id={case_id}", now_us=now_us)

    @allows(EVERY_ROLE)
    def close(self, actor: Actor, case_id: int) -> None:
        """Nothing more is to be said; either side may, and a reply opens it again."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            case = _load(tx, actor, case_id)
            if case["state"] == CaseState.CLOSED:
                return
            tx.run("cases.set_state", case_id, CaseState.CLOSED.value, now_us)
            if actor.is_operator:
                _tell_customer(tx, case, f"Staff closed your case {case_id}: {case['subject']}", now_us)
                _audit(tx, actor, case, "case closed", now_us)

    @allows(EVERY_ROLE)
    def listing(self, actor: Actor, state: str = "", *, start: int = 0) -> Rows:
        """At most 50 cases from row `start` on: the account's, changed last first; for operators everybody's, the one
        that waits longest first. `state`: a CaseState or empty for all. Columns as `CaseDetail.row`."""
        start = max(0, start)
        if actor.is_operator:
            return self._store.all("cases.of_everybody", state, start, PAGE_ROWS)
        return self._store.all("cases.of_account", actor.account_id, state, start, PAGE_ROWS)

    @allows(OPERATOR_ROLES)
    def of_account(self, actor: Actor, account_id: int) -> Rows:  # noqa: ARG002 - the role is checked above
        """The cases of one account, changed last first."""
        return self._store.all("cases.of_account", account_id, "", 0, PAGE_ROWS)

    @allows(EVERY_ROLE)
    def one(self, actor: Actor, case_id: int) -> CaseDetail:
        case = _load(self._store, actor, case_id)
        entries = self._store.all("cases.entries", case_id)
        if not actor.is_operator:
            entries = [entry | ({"member_name": "Staff"} if entry["by_operator"] else {}) for entry in entries]
        things = self._store.all("cases.references", case_id)
        ids = [thing["thing_id"] for thing in things if thing["kind"] == "message"]
        tasks = [thing["thing_id"] for thing in things if thing["kind"] == "task"]
        return CaseDetail(
            row=case,
            entries=entries,
            messages=self._store.all("cases.message_rows", ids, min(ids), max(ids)) if ids else [],
            task=self._store.one("cases.task_row", tasks[0]) if tasks else None,
        )


def _load(source: Any, actor: Actor, case_id: int) -> Row:
    row: Row | None = source.one("cases.one", case_id)
    if row is None or not (actor.is_operator or row["account_id"] == actor.account_id):
        raise AccessError("not_found", what="case")
    return row


def _say(tx: Tx, case_id: int, actor: Actor, body: str, key: str, now_us: int) -> bool:
    """False when this was said already."""
    entry_id = tx.reserve("case_entry")
    return tx.one("cases.add_entry", entry_id, key, case_id, actor.user_id, actor.is_operator, body, now_us) is not None


def _text(text: str, field: str, most: int) -> str:
    found = text.strip()
    if not found or len(found) > most:
        problem = "is empty." if not found else f"has {len(found):,} characters."
        raise InputError("invalid", field=field, problem=problem, remedy=f"Use 1–{most:,} characters.")
    return found


def _check_room(tx: Tx, account_id: int, now_us: int) -> None:
    row = tx.one("cases.open_count", account_id, now_us - DAY_US)
    assert row is not None
    if row["cases"] >= MOST_OPEN:
        raise StateError("too_many_cases", limit=MOST_OPEN)
    if row["recent"] >= MOST_A_DAY:
        raise StateError("cases_daily", limit=MOST_A_DAY)


def _own_messages(tx: Tx, account_id: int, ids: tuple[int, ...]) -> list[int]:
    if len(ids) > MOST_MESSAGES:
        raise InputError(
            "invalid",
            field="Messages",
            problem=f"are {len(ids):,}.",
            remedy=f"Name at most {MOST_MESSAGES}; staff can see the rest of the task.",
        )
    wanted = sorted(set(ids))
    if not wanted:
        return []
    found = one_column(tx.all("cases.own_messages", wanted, account_id, wanted[0], wanted[-1]), "id")
    if len(found) != len(wanted):
        raise AccessError("not_found", what="message")
    return sorted(found)


def _tell_customer(tx: Tx, case: Row, sentence: str, now_us: int) -> None:
    tell_account(tx, case["account_id"], NoticeKind.CASE, sentence, link=f"support?id={case['id']}", now_us=now_us)


def _audit(tx: Tx, actor: Actor, case: Row, action: str, now_us: int) -> None:
    record_audit(
        tx,
        actor=actor,
        action=action,
        subject=f"case {case['id']}",
        detail=case["subject"],
        now_us=now_us,
        account_id=case["account_id"],
    )
