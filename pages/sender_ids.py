"""Sender IDs: the account's own with what staff decided, and a form to ask for another."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.accounts.sender_ids import MOST_LENGTH, REASON_LENGTH
from engine.errors import ImsError
from engine.model import SENDING_ROLES
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import begin, heading
from pages.ui.registry import SENDER_IDS
from pages.ui.status import SENDER_ID as LOOKS

actor = require(*SENDING_ROLES)
engine = get_engine()
NAME: Final = "sender-id-name"
NOTE: Final = "sender-id-note"
SENT: Final = "sender-id-sent"


def request_form() -> None:
    if st.session_state.pop(SENT, False):
        for key in (NAME, NOTE):
            st.session_state[key] = ""
    with st.form("sender-id-request"):
        heading("Ask for a sender ID")
        left, right = st.columns([1, 2], gap="medium")
        name = left.text_input(
            "Sender ID", key=NAME, placeholder=f"Your brand, at most {MOST_LENGTH} characters", autocomplete="off"
        )
        note = right.text_input(
            "Whose name is it?",
            key=NOTE,
            max_chars=REASON_LENGTH,
            placeholder="Our registered trade mark, see bakery.example",
            help="Staff read this when they decide.",
        )
        sent = st.form_submit_button("Ask staff", type="primary")
        if sent:
            try:
                engine.sender_ids.request(require(*SENDING_ROLES), name, note=note)
            except ImsError as error:
                refusal(error, "Nothing was sent; what you typed is kept.")
                return
            st.session_state[SENT] = True
            leave_note("success", f"Staff were asked for “{name.strip()}”. You get a notice when they have decided.")
            st.rerun()


begin(SENDER_IDS.title)
st.caption("The brand name that recipients see in place of a number, on routes marked SID.")
help_link("sender")
if engine.sender_ids.required:
    notice("info", "Only approved sender IDs can be used.", "Ask for yours once; staff check that the name is yours.")
else:
    notice("info", "You can use any sender ID of your own.", "Asking staff first is not needed here, but keeps proof.")
rows = engine.sender_ids.own(actor)
with st.container(key="card-sender-ids"):
    heading("Your sender IDs")
    if rows:
        table.show_rows(
            rows,
            [
                table.text("Sender ID", lambda row: row["sender"]),
                table.chip("Status", LOOKS, "state"),
                table.text("Reason or note", lambda row: row["reason"] or None, width="medium"),
                table.text("Asked by", lambda row: row["asked_by_name"] or "Staff"),
                table.when("Asked", "created_us", actor),
                table.when("Decided", "decided_us", actor),
            ],
            key="sender-ids",
            alt="Sender IDs of your account",
        )
    else:
        st.text("None yet. Ask for the name that your recipients know you by; it is checked once and then yours.")
request_form()
