"""Cases of the customer: ask staff, report messages or a balance that looks wrong, read the answers."""

from __future__ import annotations

import secrets
from typing import Final

import streamlit as st

from engine.cases import BODY_LENGTH, SUBJECT_LENGTH, About, NewCase
from engine.errors import AccessError, ImsError
from engine.model import CUSTOMER_ROLES
from pages.ui import address, table
from pages.ui import cases as shared
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import begin, heading, link, send_record_styles
from pages.ui.registry import HELP, SUPPORT

actor = require(*CUSTOMER_ROLES)
engine = get_engine()

PAGE: Final = "support"
NEW: Final = f"{PAGE}-new"
KEY: Final = f"{PAGE}-key"
SUBJECTS: Final = {
    About.BALANCE: "My balance looks wrong",
    About.MESSAGES: "These messages did not arrive",
    About.TASK: "A question about a task",
    About.TOPUP: "A question about a top-up",
}


def fill(given: address.Values) -> None:
    """`?id=` opens a case, `?about=…&ids=1,2&task=3` begins one."""
    table.open_row(PAGE, address.number_in(given.get("id")))
    about = given.get("about", "")
    known = about if about in set(About) else About.OTHER.value
    ids = [found for part in given.get("ids", "").split(",") if (found := address.number_in(part)) is not None]
    st.session_state[NEW] = {"ids": tuple(ids), "task": address.number_in(given.get("task"))} if about else None
    st.session_state[KEY] = secrets.token_urlsafe(shared.KEY_BYTES)
    st.session_state[f"{PAGE}-about"] = known
    st.session_state[f"{PAGE}-subject"] = SUBJECTS.get(About(known), "")
    st.session_state[f"{PAGE}-body"] = ""


def overview() -> None:
    rows = engine.cases.listing(actor)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("New case", type="primary", icon=":material/add:", key=f"{PAGE}-begin"):
            fill({"about": About.OTHER.value})
            st.rerun()
        link(HELP, "Look it up in the help first")
    if not rows:
        with st.container(key="card-support-none"):
            heading("No cases yet")
            st.text(
                "When something went wrong with messages, credit or a top-up, open a case. Staff see the messages it "
                "is about, answer here, and can correct your account. You are told with the bell at the top."
            )
        return
    table.table(PAGE, rows, shared.columns(actor), alt="Your cases, changed last first")


def new_case(given: dict[str, object]) -> None:
    ids: tuple[int, ...] = given["ids"]  # type: ignore[assignment] # made by `fill`
    with st.form(f"{PAGE}-form"):
        st.selectbox("About", list(About), key=f"{PAGE}-about", format_func=lambda about: shared.ABOUT[about])
        st.text_input("Subject", key=f"{PAGE}-subject", max_chars=SUBJECT_LENGTH, autocomplete="off")
        st.text_area(
            "What happened, and what did you expect?",
            key=f"{PAGE}-body",
            max_chars=BODY_LENGTH,
            height=180,
            placeholder="When, which numbers, what you see and what should be there.",
        )
        if ids:
            st.caption(f"Staff will see the messages this is about: {len(ids):,}.")
        if given["task"] is not None:
            st.caption(f"Staff will see the task no. {given['task']}.")
        sent = st.form_submit_button("Send to staff", type="primary", icon=":material/send:")
    if sent:
        open_case(ids, given["task"])


def open_case(ids: tuple[int, ...], task: object) -> None:
    try:
        case_id = engine.cases.open(
            require(*CUSTOMER_ROLES),
            NewCase(
                about=About(st.session_state[f"{PAGE}-about"]),
                subject=st.session_state[f"{PAGE}-subject"] or "",
                body=st.session_state[f"{PAGE}-body"] or "",
                key=st.session_state[KEY],
                message_ids=ids,
                task_id=task if isinstance(task, int) else None,
            ),
        )
    except ImsError as error:
        refusal(error, "What you typed is kept.")
        return
    leave_note("success", f"Case {case_id} is with staff. The bell at the top tells you when they answer.")
    st.session_state[NEW] = None
    table.open_row(PAGE, case_id)
    st.rerun()


def body() -> None:
    address.arrived(PAGE, fill, probe=f"{PAGE}-about")
    opened, given = table.opened(PAGE), st.session_state.get(NEW)
    if opened is not None:
        send_record_styles()
        back_link(SUPPORT, "All cases")
        try:
            shared.thread(actor, engine.cases.one(actor, opened))
        except AccessError as error:
            refusal(error)
        address.keep(PAGE, {"id": opened})
        return
    if given is not None:
        back_link(SUPPORT, "All cases")
        begin("New case")
        new_case(given)
        ids = ",".join(map(str, given["ids"]))
        address.keep(PAGE, {"about": st.session_state[f"{PAGE}-about"], "ids": ids, "task": given["task"]})
        return
    begin(SUPPORT.title)
    overview()
    address.keep(PAGE, {})


body()
