"""What staff do at one account: credit and debit with a reason, undo a movement, open or close the account.

Every handler asks again who is there; the Engine checks it a third time and writes the audit log.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

import streamlit as st

from engine.errors import ImsError, InputError
from engine.history import RecordFilter
from engine.ledger import NOTE_LENGTH, REVERSIBLE
from engine.model import OPERATOR_ROLES, Actor, parse_credits
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import drawer, facts, heading, link
from pages.ui.registry import TOPUP_HISTORY
from pages.ui.status import MOVEMENT, badge

PAGE: Final = "desk"
BOOKING: Final = f"{PAGE}-booking"
RECENT_ROWS: Final = 20
KEY_BYTES: Final = 12
CREDIT, DEBIT = "Credit", "Debit"
AMOUNT: Final = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d{1,6})?", re.ASCII)
"""1200, 1,200 or 1,200.50. A comma is never a decimal sign: 1,5 and 1.200,50 are refused rather than guessed."""
WRITING: Final = "Decimals follow a point, such as 1,200.50. "
AMOUNT_LENGTH: Final = 25


@dataclass(frozen=True, slots=True)
class Booking:
    """What is about to be booked. `key` books it once, however often the button is pressed."""

    account_id: int
    amount_micro: int
    reason: str
    key: str


class BookingForm:
    """The form of one account, whose fields keep what was typed until the booking is made."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        if self._state("key") is None:
            self._start_over()

    def draw(self) -> None:
        """Shows the form; Review opens the confirmation (see `confirm`)."""
        with st.form(self._name("form")):
            heading("Credit or debit")
            st.segmented_control(
                "What to do", [CREDIT, DEBIT], key=self._name("side"), required=True, label_visibility="collapsed"
            )
            st.text_input(
                "Amount in credits",
                key=self._name("amount"),
                placeholder="500 or 1,200.50",
                max_chars=AMOUNT_LENGTH,
                autocomplete="off",
            )
            st.text_input(
                "Reason",
                key=self._name("reason"),
                placeholder="Bank transfer of 22 November, invoice 1042",
                help="Shown to the customer and kept in the books.",
                max_chars=NOTE_LENGTH,
                autocomplete="off",
            )
            if st.form_submit_button("Review", type="primary"):
                try:
                    st.session_state[BOOKING] = self._read()
                except ImsError as error:
                    writing = WRITING if error.code == "amount" else ""
                    refusal(error, f"{writing}Nothing was booked; what you typed is kept.")

    def done(self) -> None:
        """After a booking: empty fields and a new key with the next run."""
        st.session_state.pop(self._name("key"), None)

    def _read(self) -> Booking:
        amount_micro = amount_in(self._state("amount") or "")
        reason = (self._state("reason") or "").strip()
        if not reason:
            raise InputError("reason_missing")
        signed = -amount_micro if self._state("side") == DEBIT else amount_micro
        return Booking(self._account_id, signed, reason, self._state("key") or "")

    def _start_over(self) -> None:
        for name, value in (
            ("key", secrets.token_urlsafe(KEY_BYTES)),
            ("side", CREDIT),
            ("amount", ""),
            ("reason", ""),
        ):
            st.session_state[self._name(name)] = value

    def _name(self, name: str) -> str:
        return f"{PAGE}-{self._account_id}-{name}"

    def _state(self, name: str) -> str | None:
        return st.session_state.get(self._name(name))


def amount_in(text: str) -> int:
    """ "1,200.50" → micro-credits above zero. Raises InputError("amount" | "amount_missing")."""
    typed = text.strip()
    if not typed:
        raise InputError("amount_missing")
    if not AMOUNT.fullmatch(typed):
        raise InputError("amount", amount=f"“{typed}”")
    amount_micro = parse_credits(typed)
    if amount_micro == 0:
        raise InputError("amount", amount="0")
    return amount_micro


def confirm(account: Row, form: BookingForm) -> bool:
    """Opens the confirmation when a booking waits for it; True when it is open."""
    booking: Booking | None = st.session_state.get(BOOKING)
    if booking is None or booking.account_id != account["id"]:
        return False
    st.dialog("Check and book", on_dismiss=drop_booking)(_confirmation)(account, booking, form)
    return True


def drop_booking() -> None:
    st.session_state.pop(BOOKING, None)


def _confirmation(account: Row, booking: Booking, form: BookingForm) -> None:
    available_micro = get_engine().history.balance(require(*OPERATOR_ROLES), account["id"]).available_micro
    after_micro = available_micro + booking.amount_micro
    facts(
        {
            "Account": account["name"],
            "Credit" if booking.amount_micro > 0 else "Debit": show.signed_credits(booking.amount_micro),
            "Available now": show.credits(available_micro),
            "Available after": show.credits(after_micro),
            "Reason": booking.reason,
        }
    )
    if after_micro < 0:
        notice("warning", "The account has less than that.", "What is held for tasks cannot be taken off.")
    if foot("Book it", key=f"{PAGE}-book", back=drop_booking):
        try:
            get_engine().topups.credit(
                require(*OPERATOR_ROLES),
                booking.account_id,
                booking.amount_micro,
                reason=booking.reason,
                key=booking.key,
            )
        except ImsError as error:
            refusal(error, "Nothing was booked. Close this to correct it; what you typed is kept.")
            return
        booked(account, booking.amount_micro)
        form.done()
        drop_booking()
        st.rerun()


def booked(account: Row, amount_micro: int) -> None:
    """Says what was done and what the account has now."""
    now = get_engine().history.balance(require(*OPERATOR_ROLES), account["id"])
    what = "added to" if amount_micro > 0 else "taken off"
    leave_note(
        "success",
        f"{show.credits(abs(amount_micro))} credits {what} “{account['name']}”. "
        f"It now has {show.credits(now.available_micro)} available.",
    )


def recent_movements(actor: Actor, account: Row) -> Rows:
    """The newest movements; a click opens one, where staff's own can be undone."""
    rows = get_engine().history.movements(actor, RecordFilter(account_id=account["id"]), limit=RECENT_ROWS).rows
    with st.container(horizontal=True, vertical_alignment="center"):
        heading("Recent movements")
        link(TOPUP_HISTORY, "All movements and statement", account=account["id"])
    if not rows:
        st.text("No credit has moved yet.")
        return rows
    st.caption("Click a credit or debit to undo it.")
    columns = [
        table.when("Time", "created_us", actor),
        table.chip("Kind", MOVEMENT, "kind"),
        table.credit("Available", lambda row: row["available_change_micro"], sign=True),
        table.credit("Held", lambda row: row["held_change_micro"], sign=True),
        table.credit("Available after", lambda row: row["available_after_micro"]),
        table.text("Note or task", lambda row: row["note"] or row["task_name"], width="medium"),
        table.text("By", lambda row: row["member_name"] or None),
        table.number("No.", lambda row: row["id"]),
    ]
    table.table(PAGE, rows, columns, alt="Recent movements of this account, newest first")
    return rows


def movement_drawer(actor: Actor, account: Row, rows: Rows) -> None:
    drawer(PAGE, "Movement of credit", lambda movement_id: _movement(actor, account, rows, movement_id))


def _movement(actor: Actor, account: Row, rows: Rows, movement_id: int) -> None:
    row = next((row for row in rows if row["id"] == movement_id), None)
    if row is None:
        notice("info", "This movement is not among the recent ones any more.")
        return
    badge(MOVEMENT, row["kind"])
    facts(
        {
            "Time": show.when(row["created_us"], actor.zone, seconds=True),
            "Movement no.": str(row["id"]),
            "Available": show.signed_credits(row["available_change_micro"]),
            "Held": show.signed_credits(row["held_change_micro"]),
            "Available after": show.credits(row["available_after_micro"]),
            "By": row["member_name"] or "the system",
            "Task": row["task_name"] or show.NOTHING,
            "Note": row["note"] or show.NOTHING,
        }
    )
    undone = next((other["id"] for other in rows if other["reverses"] == row["id"]), None)
    if undone is not None:
        notice("info", f"Undone by movement {undone}.")
    elif row["kind"] in REVERSIBLE:
        _reversal(account, row)


def _reversal(account: Row, row: Row) -> None:
    with st.form(f"{PAGE}-reverse-{row['id']}"):
        heading("Undo this movement")
        st.caption("Books the opposite. Nothing is deleted; the customer sees both.")
        reason = st.text_input("Reason", key=f"{PAGE}-why-{row['id']}", max_chars=NOTE_LENGTH, autocomplete="off")
        sent = st.form_submit_button("Undo it", type="primary")
        if sent:
            try:
                get_engine().topups.reverse(require(*OPERATOR_ROLES), row["id"], reason=reason, key=f"undo:{row['id']}")
            except ImsError as error:
                refusal(error)
                return
            booked(account, -row["available_change_micro"])
            table.close(PAGE)
            st.rerun()


def access_card(account: Row) -> None:
    """Approve, suspend, reactivate: one button each for what is possible now."""
    status = account["status"]
    with st.container(key="card-access"):
        heading("Access")
        if status == "active":
            st.text("Its people can log in and send.")
            with st.popover("Suspend", icon=":material/block:", key=f"{PAGE}-suspend"):
                st.caption("Everyone of this account is signed out at once and cannot log in again.")
                _status_form(account, "suspended", "Suspend now")
        else:
            st.text("Nobody of this account can log in." if status == "suspended" else "It waits for your approval.")
            _status_form(account, "active", "Reactivate" if status == "suspended" else "Approve")


def _status_form(account: Row, status: str, label: str) -> None:
    with st.form(f"{PAGE}-status-{account['id']}-{status}", border=False):
        note = st.text_input(
            "Reason",
            key=f"{PAGE}-note-{account['id']}-{status}",
            max_chars=NOTE_LENGTH,
            help="Its people read it; it is kept in the audit log.",
        )
        sent = st.form_submit_button(label, type="primary" if status == "active" else "secondary")
        if sent:
            try:
                get_engine().accounts.set_status(require(*OPERATOR_ROLES), account["id"], status, note=note)
            except ImsError as error:
                refusal(error)
                return
            done = "can log in now" if status == "active" else "is suspended"
            leave_note("success", f"“{account['name']}” {done}.")
            st.rerun()
