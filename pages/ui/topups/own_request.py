"""One's own request: what to transfer and where, the receipt, what staff have decided."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import Actor
from engine.store import Row
from engine.topups import MOST_BYTES, MOST_DOCUMENTS, RequestState
from engine.topups.files import receipt_of
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import facts, heading, link, name_line
from pages.ui.registry import TOP_UP, TOPUP_HISTORY
from pages.ui.status import badge
from pages.ui.topups.buying import PAGE, bank_lines
from pages.ui.topups.words import LOOKS, is_open, money, price, show_documents, state_of, whole, wrong_balance_link

WITHDRAWING: Final = f"{PAGE}-withdrawing"
FILE_TYPES: Final = ["png", "jpg", "jpeg", "pdf"]
LIMIT_MB: Final = MOST_BYTES // 2**20


def own_request(actor: Actor, row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(f"{whole(row['credits_micro'])} credits", width="content")
        badge(LOOKS, state_of(row))
    _outcome(row)
    left, right = st.columns(2, gap="medium")
    if is_open(row) and not row["documents"]:
        with left:
            _transfer(actor, row)
        with right:
            _receipts(row)
            _about(actor, row)
            _withdraw(row)
    elif is_open(row):  # the money is on its way: what is left to know comes first
        with left:
            _about(actor, row)
            with st.expander("Where to transfer", icon=":material/account_balance:"):
                _transfer_lines(actor, row)
        with right:
            _receipts(row)
            _withdraw(row)
    else:
        with left:
            _about(actor, row)
        with right:
            _receipts(row)
    wrong_balance_link()


def _outcome(row: Row) -> None:
    """In plain words: where this stands and what comes next."""
    support = get_engine().config.support
    if row["state"] == RequestState.APPROVED:
        notice("success", f"{whole(row['credits_micro'])} credits are on your account.")
        if row["reversed_by"] is not None:
            notice("warning", "Staff have undone this credit since; the reason is in the top-up history.")
        link(TOPUP_HISTORY, "See it in the top-up history")
    elif row["state"] == RequestState.REJECTED:
        notice("error", f"Rejected: {row['reason']}", f"Correct it and ask again, or write to {support}.")
    elif row["state"] == RequestState.WITHDRAWN:
        notice("info", "You took this request back. Nothing was credited.")
    elif row["documents"]:
        notice("info", "Staff check your receipt. The credit arrives when they approve; you are told here.")
    else:
        notice("info", "1. Transfer the money with the reference. 2. Upload the receipt. 3. Staff approve.")


def _transfer(actor: Actor, row: Row) -> None:
    with st.container(key="card-topup-transfer"):
        heading("Transfer")
        _transfer_lines(actor, row)


def _transfer_lines(actor: Actor, row: Row) -> None:
    st.caption("Amount")
    st.code(money(row), language=None)
    st.caption("Reference, so that your transfer is found")
    st.code(row["reference"], language=None)
    bank_lines(get_engine().topups.bank(actor))


def _about(actor: Actor, row: Row) -> None:
    with st.container(key="card-topup-about"):
        heading("Request")
        known = {
            "Credits": whole(row["credits_micro"]),
            "To pay": money(row),
            "Price per credit": price(row),
            "Reference": row["reference"],
            "Asked": f"{show.when(row['created_us'], actor.zone)} by {row['member_name']}",
        }
        if row["decided_us"] is not None:
            known["Decided"] = f"{show.when(row['decided_us'], actor.zone)} by {row['decided_name']}"
        facts(known)


def _receipts(row: Row) -> None:
    with st.container(key="card-topup-receipts"):
        heading("Receipt")
        if row["documents"]:
            show_documents(row["documents"])
        elif not is_open(row):
            st.text("No receipt was uploaded.")
        if is_open(row) and len(row["documents"]) < MOST_DOCUMENTS:
            _uploader(row)


def _uploader(row: Row) -> None:
    """The file goes to staff when the button is pressed; what was sent stays with the request."""
    given = st.file_uploader(
        f"A picture, or the bank's own PDF; up to {MOST_DOCUMENTS} files",
        type=FILE_TYPES,
        max_upload_size=LIMIT_MB,
        key=f"{PAGE}-file-{row['id']}-{len(row['documents'])}",  # another field once the file was taken
    )
    if given is None:
        return
    try:
        receipt_of(given.name, given.getvalue())
    except ImsError as error:
        refusal(error, "Choose another file; the request is kept.")
        return
    if st.button("Send the receipt", type="primary", key=f"{PAGE}-send", width="stretch"):
        try:
            get_engine().topups.upload(require(*TOP_UP.roles), row["id"], name=given.name, data=given.getvalue())
        except ImsError as error:
            refusal(error, "Choose another file; the request is kept.")
            return
        leave_note("success", "Your receipt has arrived. Staff check it and you are told here.")
        st.rerun()


def _withdraw(row: Row) -> None:
    if st.button("Withdraw this request", icon=":material/undo:", key=f"{PAGE}-withdraw"):
        st.session_state[WITHDRAWING] = row["id"]
    if st.session_state.get(WITHDRAWING) == row["id"]:
        st.dialog("Withdraw this request?", on_dismiss=_close)(_withdrawal)(row)


def _close() -> None:
    st.session_state.pop(WITHDRAWING, None)


def _withdrawal(row: Row) -> None:
    st.text(f"{whole(row['credits_micro'])} credits, reference {row['reference']}.")
    st.text("If you have transferred the money already, do not withdraw: upload the receipt instead.")
    if foot("Withdraw it", key=f"{PAGE}-withdraw-now", back=_close):
        try:
            get_engine().topups.withdraw(require(*TOP_UP.roles), row["id"])
        except ImsError as error:
            refusal(error)
            return
        _close()
        leave_note("success", "The request is withdrawn. Nothing was credited.")
        st.rerun()
