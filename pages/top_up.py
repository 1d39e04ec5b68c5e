"""Top up: ask for credit at the price of its volume, transfer, upload the receipt, follow one's requests.

`?id=7` opens a request.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.store import Row
from pages.ui import address, table
from pages.ui.back import back_button
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import refusal
from pages.ui.plain import send_styles
from pages.ui.records import begin, heading, link
from pages.ui.registry import TOP_UP, TOPUP_HISTORY
from pages.ui.topups.buying import PAGE, bank_lines, buy_form
from pages.ui.topups.own_request import own_request
from pages.ui.topups.words import LOOKS, begin_styles, request_columns, with_looks, wrong_balance_link

actor = require(*TOP_UP.roles)
engine = get_engine()

ARRIVED: Final = f"{PAGE}-arrived"
LISTED: Final = 100


def fill(given: address.Values) -> None:
    st.session_state[ARRIVED] = True
    table.open_row(PAGE, address.number_in(given.get("id")))


def overview() -> None:
    begin(TOP_UP.title)
    send_styles()
    begin_styles()
    buy_form()
    with st.container(key="card-topup-bank"):
        heading("Bank details")
        bank_lines(engine.topups.bank(actor))
    own_requests()


def own_requests() -> None:
    heading("Your requests")
    rows = with_looks(engine.topups.requests(actor, limit=LISTED))
    if not rows:
        st.text("None yet. Type an amount above, press Ask for credit, and follow it here until the credit arrives.")
    else:
        st.caption("Newest first. Click one to see what to transfer, to upload its receipt or to withdraw it.")
        columns = [
            *request_columns(LOOKS),
            table.number("Receipts", lambda row: row["documents"]),
            table.when("Asked", "created_us", actor),
            table.when("Decided", "decided_us", actor),
            table.text("Reason", lambda row: row["reason"] or None, width="medium"),
        ]
        table.table(PAGE, rows, columns, alt="Your requests for credit, newest first")
    with st.container(horizontal=True, vertical_alignment="center"):
        link(TOPUP_HISTORY, "Top-up history and statements")
        wrong_balance_link()


def one(row: Row) -> None:
    begin_styles()
    back()
    own_request(actor, row)


def back() -> None:
    back_button("All requests", f"{PAGE}-back", table.close, PAGE)


def body() -> None:
    address.arrived(PAGE, fill, probe=ARRIVED)
    opened = table.opened(PAGE)
    if opened is None:
        overview()
    else:
        try:
            found = engine.topups.one_request(actor, opened)
        except AccessError as error:
            refusal(error)
            back()
        else:
            one(found)
    address.keep(PAGE, {"id": opened})


body()
