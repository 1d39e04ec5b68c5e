"""Cases for the operator's staff: what waits longest first, the answer, the account beside it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.cases import PAGE_ROWS, CaseState
from engine.errors import AccessError
from engine.model import OPERATOR_ROLES
from pages.ui import address, table
from pages.ui import cases as shared
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import refusal
from pages.ui.records import begin, heading, send_record_styles
from pages.ui.registry import STAFF_CASES
from pages.ui.status import CASE

actor = require(*OPERATOR_ROLES)
engine = get_engine()

PAGE: Final = "cases"
STATE: Final = f"{PAGE}-state"
ALL: Final = "all"
LABELS: Final = {state.value: CASE[state].label for state in CaseState} | {ALL: "All"}


def fill(given: address.Values) -> None:
    """`?id=` opens a case; `?account=` lists those of one account, `?state=` of all; `?from=` how many are skipped."""
    table.open_row(PAGE, address.number_in(given.get("id")))
    asked = given.get("state", CaseState.OPEN.value)
    st.session_state[STATE] = asked if asked in LABELS else CaseState.OPEN.value
    st.session_state[f"{PAGE}-from"] = address.number_in(given.get("from")) or 0
    st.session_state[f"{PAGE}-account"] = address.number_in(given.get("account"))


def turn(rows: int) -> None:
    st.session_state[f"{PAGE}-from"] = max(0, st.session_state[f"{PAGE}-from"] + rows)


def begin_again() -> None:
    st.session_state[f"{PAGE}-from"] = 0


def of_account(account_id: int) -> None:
    back_link(STAFF_CASES, "All cases")
    rows = engine.cases.of_account(actor, account_id)
    if rows:
        table.table(PAGE, rows, shared.columns(actor), alt="Cases of this account, changed last first")
    else:
        st.text("This account has opened no case.")


def overview() -> None:
    st.segmented_control(
        "Status", list(LABELS), key=STATE, format_func=lambda state: LABELS[state], required=True, on_change=begin_again
    )
    state, start = st.session_state[STATE], st.session_state[f"{PAGE}-from"]
    rows = engine.cases.listing(actor, "" if state == ALL else state, start=start)
    if not rows:
        with st.container(key="card-cases-none"):
            heading("Nobody waits" if state == CaseState.OPEN else "No cases here")
            st.text(
                "When a customer reports messages, a balance or a top-up, the case appears here and the bell tells."
            )
    else:
        table.table(PAGE, rows, shared.columns(actor), alt="Cases, waiting longest first")
    if start or len(rows) == PAGE_ROWS:
        with st.container(horizontal=True):
            st.button("Previous", key=f"{PAGE}-previous", disabled=not start, on_click=turn, args=(-PAGE_ROWS,))
            st.button("Next", key=f"{PAGE}-next", disabled=len(rows) < PAGE_ROWS, on_click=turn, args=(PAGE_ROWS,))


def body() -> None:
    address.arrived(PAGE, fill, probe=f"{PAGE}-from")
    opened = table.opened(PAGE)
    account = st.session_state[f"{PAGE}-account"]
    if opened is None and account is not None:
        of_account(account)
        address.keep(PAGE, {"account": account})
        return
    if opened is None:
        begin(STAFF_CASES.title)
        overview()
        address.keep(PAGE, {"state": st.session_state[STATE], "from": st.session_state[f"{PAGE}-from"] or None})
        return
    send_record_styles()
    back_link(STAFF_CASES, "All cases")
    try:
        shared.thread(actor, engine.cases.one(actor, opened))
    except AccessError as error:
        refusal(error)
    address.keep(PAGE, {"id": opened})


body()
