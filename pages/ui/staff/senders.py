"""Sender IDs of one account: approve, reject, enter one."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from engine.accounts.sender_ids import MOST_LENGTH, REASON_LENGTH, SenderState
from engine.errors import ImsError
from engine.model import OPERATOR_ROLES, Actor
from engine.store import Row
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import name_and_lines
from pages.ui.records import heading
from pages.ui.status import SENDER_ID, badge

PAGE: Final = "desk-senders"


def sender_cards(actor: Actor, account: Row) -> None:
    if not get_engine().sender_ids.required:
        notice(
            "info",
            "Customers may use any sender ID; approvals are only recorded.",
            "IMS_SENDER_APPROVAL=1 makes them a condition.",
        )
    left, right = st.columns([2, 1], gap="medium")
    with left, st.container(key="card-senders"):
        heading("Sender IDs")
        rows = get_engine().sender_ids.listing(actor, account_id=account["id"])
        if not rows:
            st.text("None asked for. Requests appear here; you can also enter one that you have checked.")
        for row in rows:
            _line(actor, row)
    with right:
        _add_form(account)


def _line(actor: Actor, row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            asked = f"{row['asked_by_name'] or 'Staff'}, {show.when(row['created_us'], actor.zone)}"
            name_and_lines(row["sender"], row["reason"] or "", asked)
        badge(SENDER_ID, row["state"])
        with st.popover("Decide" if row["state"] == SenderState.REQUESTED else "Change", key=f"{PAGE}-{row['id']}"):
            _decision(row)


def _decision(row: Row) -> None:
    with st.form(f"{PAGE}-form-{row['id']}", border=False):
        reason = st.text_input(
            "Reason", key=f"{PAGE}-why-{row['id']}", max_chars=REASON_LENGTH, autocomplete="off",
            help="The customer reads it. A rejection needs one.",
        )  # fmt: skip
        with st.container(horizontal=True):
            approve = row["state"] != SenderState.APPROVED and st.form_submit_button("Approve", type="primary")
            reject = row["state"] != SenderState.REJECTED and st.form_submit_button("Reject")
        if approve or reject:
            state = SenderState.APPROVED if approve else SenderState.REJECTED
            try:
                get_engine().sender_ids.decide(require(*OPERATOR_ROLES), row["id"], state, reason=reason)
            except ImsError as error:
                refusal(error)
                return
            leave_note("success", f"Sender ID “{row['sender']}” is {state.value}; the customer is told.")
            st.rerun()


def _add_form(account: Row) -> None:
    place = f"{PAGE}-add-{account['id']}"
    if st.session_state.pop(f"{place}-done", False):
        for name in ("name", "reason"):
            st.session_state[f"{place}-{name}"] = ""
    with st.form(place):
        heading("Enter an approved one")
        text = partial(st.text_input, autocomplete="off")
        name = text("Sender ID", key=f"{place}-name", placeholder=f"At most {MOST_LENGTH} characters")
        reason = text("Reason", key=f"{place}-reason", max_chars=REASON_LENGTH, placeholder="Trade mark checked")
        sent = st.form_submit_button("Add", type="primary")
        if sent:
            try:
                get_engine().sender_ids.add(require(*OPERATOR_ROLES), account["id"], name, reason=reason)
            except ImsError as error:
                refusal(error, "Nothing was changed; what you typed is kept.")
                return
            st.session_state[f"{place}-done"] = True
            leave_note("success", f"Sender ID “{name.strip()}” is approved; the customer is told.")
            st.rerun()
