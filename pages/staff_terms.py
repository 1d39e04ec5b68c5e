"""Terms: the text in force, every version there was with the tasks that accepted it, and the next one."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import OPERATOR_ROLES, Role
from engine.store import Rows
from engine.terms import MOST_TEXT, VERSION_LENGTH
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import begin, drawer, facts, heading, name_line
from pages.ui.registry import STAFF_TERMS
from pages.ui.terms_text import preview_terms, show_terms

actor = require(*OPERATOR_ROLES)
engine = get_engine()
PAGE: Final = "terms"
VERSION, TEXT, ASKED, DONE = (f"{PAGE}-{name}" for name in ("version", "text", "asked", "done"))
TEXT_HEIGHT: Final = 360
NAMED: Final = re.compile(r"\bVersion\s+(\S*\d\S*)")


def publishing(rows: Rows) -> None:
    """The next version, with how it will look; asked once more before it is in force."""
    if st.session_state.pop(DONE, False):
        for key in (VERSION, TEXT):
            st.session_state.pop(key, None)
    st.session_state.setdefault(TEXT, rows[0]["body"])
    with st.container(key="card-terms-next"):
        heading("Publish a new version")
        st.text_input(
            "Version", key=VERSION, max_chars=VERSION_LENGTH, placeholder="2027-01", autocomplete="off", width=220
        )
        writing, preview = st.columns(2, gap="medium")
        with writing:
            st.text_area(
                "Text",
                key=TEXT,
                height=TEXT_HEIGHT,
                max_chars=MOST_TEXT,
                help="Lines that begin with # are headings, with - a list; **words** are bold. Anything else is text.",
            )
        with preview:
            st.caption("As customers will read it")
            preview_terms(st.session_state[TEXT], height=TEXT_HEIGHT)
        named = other_version(st.session_state[VERSION] or "", st.session_state[TEXT] or "")
        if named:
            notice("warning", f"The text calls itself version {named}.", "Change that line, or the version above.")
        if st.button("Publish", type="primary", key=f"{PAGE}-publish"):
            st.session_state[ASKED] = True
    if st.session_state.get(ASKED):
        confirm_publishing()


def other_version(version: str, text: str) -> str:
    """The version a text names when it is not the one that is typed; empty otherwise."""
    named = NAMED.search(text)
    found = named[1].rstrip(".,;:") if named else ""
    return found if version.strip() and found != version.strip() else ""


def forget() -> None:
    st.session_state.pop(ASKED, None)


@st.dialog("Publish these terms?", on_dismiss=forget)
def confirm_publishing() -> None:
    st.text(
        "They are in force at once and for ever kept. Customers accept them with their next task; quotes that are "
        "open now must be accepted anew."
    )
    if foot("Publish now", key=f"{PAGE}-yes", back=forget):
        version, text = st.session_state[VERSION], st.session_state[TEXT]
        try:
            engine.terms.publish(require(Role.ADMIN), version, text)
        except ImsError as error:
            refusal(error, "Nothing was published. Close this to correct it; what you typed is kept.")
            return
        forget()
        st.session_state[DONE] = True
        leave_note("success", f"Terms {version.strip()} are in force.")
        st.rerun()


def one_version(number: int) -> None:
    row = rows[len(rows) - number]
    name_line(row["version"])
    facts(
        {
            "In force since": show.when(row["created_us"], actor.zone),
            "Published by": row["member_name"] or "Came with the product",
            "Accepted by": show.plural(row["tasks"], "task"),
        }
    )
    show_terms(row["body"])


begin(STAFF_TERMS.title)
rows = engine.terms.versions(actor)
numbered = [{**row, "id": len(rows) - place} for place, row in enumerate(rows)]
with st.container(key="card-terms-versions"):
    heading("Versions")
    st.caption("The newest is in force. Click one to read it; versions are never changed or removed.")
    table.table(
        PAGE,
        numbered,
        [
            table.text("Version", lambda row: row["version"]),
            table.when("In force since", "created_us", actor),
            table.text("Published by", lambda row: row["member_name"] or "Came with the product"),
            table.count("Tasks that accepted it", "tasks"),
        ],
        alt="Versions of the terms",
    )
if actor.role is Role.ADMIN:
    publishing(rows)
else:
    notice("info", "Administrators publish new versions.", "Ask one of them to change the terms.")
    with st.container(key="card-terms-now"):
        show_terms(rows[0]["body"])
if not st.session_state.get(ASKED):
    drawer(PAGE, "Terms", one_version)
