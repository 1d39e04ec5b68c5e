"""What staff do with one request: compare it with its receipt, approve or reject."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.ledger import NOTE_LENGTH
from engine.model import OPERATOR_ROLES, Actor
from engine.store import Row
from engine.topups import RequestState
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import facts, heading, link, name_line
from pages.ui.registry import STAFF_ACCOUNTS, TOPUP_HISTORY
from pages.ui.status import badge
from pages.ui.topups.words import STAFF_LOOKS, is_open, money, price, show_documents, state_of, whole

PAGE: Final = "stafftopups"
ASKED: Final = f"{PAGE}-asked"
"""Which decision is being confirmed: (word, request)."""
APPROVE, REJECT = "approve", "reject"


def review(actor: Actor, row: Row) -> None:
    """The request with its receipts beside it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(f"{whole(row['credits_micro'])} credits · {row['account_name']}", width="content")
        badge(STAFF_LOOKS, state_of(row))
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="card-stafftopups-receipts"):
        heading("Receipt")
        if row["documents"]:
            show_documents(row["documents"], large=True)
        else:
            st.text("No receipt was uploaded yet.")
    with right:
        _about(actor, row)
        _decision(actor, row)


def _about(actor: Actor, row: Row) -> None:
    with st.container(key="card-stafftopups-about"):
        heading("Request")
        known = {
            "Account": f"{row['account_name']} (no. {row['account_id']})",
            "Asked by": row["member_name"],
            "Credits": whole(row["credits_micro"]),
            "To be paid": money(row),
            "Price per credit": f"{price(row)} (prices no. {row['price_version']})",
            "Reference": row["reference"],
            "Asked": show.when(row["created_us"], actor.zone),
        }
        if row["first_name"]:
            known["First approval"] = f"{row['first_name']}, {show.when(row['first_approved_us'], actor.zone)}"
        if row["decided_us"] is not None:
            known["Decided"] = f"{row['decided_name']}, {show.when(row['decided_us'], actor.zone)}"
        if row["reason"]:
            known["Reason"] = row["reason"]
        if row["ledger_tx"] is not None:
            known["Movement no."] = str(row["ledger_tx"])
        facts(known)
        with st.container(horizontal=True):
            link(STAFF_ACCOUNTS, "Account", account=row["account_id"])
            link(TOPUP_HISTORY, "Its credit", account=row["account_id"])


def _decision(actor: Actor, row: Row) -> None:
    if not is_open(row):
        _after(row)
        return
    with st.container(key="card-stafftopups-decision"):
        heading("Decision")
        waits_for_other = _who_decides(actor, row)
        with st.container(horizontal=True):
            if st.button("Approve", type="primary", key=f"{PAGE}-approve", disabled=waits_for_other):
                st.session_state[ASKED] = (APPROVE, row["id"])
            if st.button("Reject", key=f"{PAGE}-reject"):
                st.session_state[ASKED] = (REJECT, row["id"])
    asked = st.session_state.get(ASKED)
    if asked == (APPROVE, row["id"]):
        st.dialog("Approve this request?", on_dismiss=close)(_approval)(row)
    elif asked == (REJECT, row["id"]):
        st.dialog("Reject this request?", on_dismiss=close)(_rejection)(row)


def _who_decides(actor: Actor, row: Row) -> bool:
    """Says what the approval will mean; True when it must be somebody else's."""
    waits_for_other = row["needs_two"] and row["first_approver"] == actor.user_id
    if waits_for_other:
        notice("info", "You have approved. A second, different member of staff must approve too.")
    elif row["first_approver"] is not None:
        notice("info", f"{row['first_name']} has approved. Your approval is the second and credits the account.")
    elif row["needs_two"]:
        notice("info", "This amount needs two members of staff.")
    if not row["documents"]:
        notice("warning", "There is no receipt yet.", "Approve only when you see the money on the bank account.")
    return waits_for_other


def _after(row: Row) -> None:
    if row["reversed_by"] is not None:
        notice("warning", f"The credit was undone by movement {row['reversed_by']}.")
    elif row["state"] == RequestState.APPROVED:
        st.caption("A mistake? Open the account, click the movement and undo it. Nothing is deleted.")


def close() -> None:
    """No decision is being confirmed any more."""
    st.session_state.pop(ASKED, None)


def _approval(row: Row) -> None:
    actor = require(*OPERATOR_ROLES)
    available_micro = get_engine().history.balance(actor, row["account_id"]).available_micro
    facts(
        {
            "Account": row["account_name"],
            "Money received": money(row),
            "Reference": row["reference"],
            "Credits": f"+{show.credits(row['credits_micro'])}",
            "Available now": show.credits(available_micro),
            "Available after": show.credits(available_micro + row["credits_micro"]),
        }
    )
    first = row["needs_two"] and row["first_approver"] is None
    label = "Give the first approval" if first else "Approve and credit"
    if foot(label, key=f"{PAGE}-approve-now", back=close):
        try:
            tx_id = get_engine().topups.approve(require(*OPERATOR_ROLES), row["id"])
        except ImsError as error:
            refusal(error, "Nothing was credited by you.")
            return
        close()
        if tx_id is None:
            leave_note("info", "Your approval is noted. A second, different member of staff must approve too.")
        else:
            leave_note("success", f"{whole(row['credits_micro'])} credits added to “{row['account_name']}”.")
        st.rerun()


def _rejection(row: Row) -> None:
    st.text(f"{whole(row['credits_micro'])} credits for “{row['account_name']}”, {money(row)}.")
    reason = st.text_area(
        "Reason",
        key=f"{PAGE}-reason-{row['id']}",
        max_chars=NOTE_LENGTH,
        placeholder="The transfer has not arrived. Please send the receipt of the right date.",
        help="The customer reads it.",
    )
    if foot("Reject it", key=f"{PAGE}-reject-now", back=close):
        try:
            get_engine().topups.reject(require(*OPERATOR_ROLES), row["id"], reason=reason or "")
        except ImsError as error:
            refusal(error)
            return
        close()
        leave_note("success", f"The request of “{row['account_name']}” is rejected; they read the reason.")
        st.rerun()
