"""Top-up requests, for the operator's staff: the queue, each with its receipt beside it, and what was decided.

`?id=7` opens a request, `?show=decided` or `?show=all` the others, `?q=…` searches.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.model import OPERATOR_ROLES
from engine.store import Row
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.back import back_button
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import refusal
from pages.ui.plain import send_styles
from pages.ui.records import begin
from pages.ui.registry import STAFF_TOPUPS
from pages.ui.topups.review import PAGE, close, review
from pages.ui.topups.words import STAFF_LOOKS, begin_styles, request_columns, with_looks

actor = require(*OPERATOR_ROLES)
engine = get_engine()

ARRIVED: Final = f"{PAGE}-arrived"
SEARCH: Final = f"{PAGE}-q"
SHOWN: Final = f"{PAGE}-show"
LISTED: Final = 200
SEARCH_LENGTH: Final = 100
VIEWS: Final[dict[str, tuple[str, bool | None]]] = {
    "waiting": ("Waiting", True),
    "decided": ("Decided", False),
    "all": ("All", None),
}
"""Word of the address → label, and what is asked of the engine."""


def fill(given: address.Values) -> None:
    st.session_state[ARRIVED] = True
    view = given.get("show", "")
    st.session_state[SHOWN] = view if view in VIEWS else "waiting"
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]
    table.open_row(PAGE, address.number_in(given.get("id")))
    close()


def overview() -> None:
    begin(STAFF_TOPUPS.title)
    send_styles()
    numbers = engine.topups.waiting(actor)
    st.session_state.setdefault(SHOWN, "waiting")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            "Show", list(VIEWS), format_func=lambda word: VIEWS[word][0], key=SHOWN, required=True
        )
        text = st.text_input(
            "Search",
            key=SEARCH,
            type="search",
            placeholder="Reference, account or person",
            max_chars=SEARCH_LENGTH,
            live=True,
        )
    st.caption(_queue_words(numbers))
    open_only = VIEWS[view or "waiting"][1]
    rows = with_looks(engine.topups.requests(actor, open_only=open_only, search=text, limit=LISTED))
    if not rows:
        nothing(text, open_only)
        return
    if open_only:
        rows.reverse()  # who has waited longest comes first
    table.table(PAGE, rows, columns(), alt="Requests for credit")
    if len(rows) == LISTED:
        st.caption(f"These are the newest {LISTED}; search for others.")


def _queue_words(numbers: Row) -> str:
    if not numbers["open"]:
        return "No request waits."
    words = (
        f"{show.plural(numbers['open'], 'request waits', 'requests wait')}, {numbers['with_receipt']} with a receipt"
    )
    half = numbers["half_approved"]
    return f"{words}, {half} for a second approval." if half else f"{words}. Click one to check it."


def columns() -> list[table.Column]:
    reference, *others = request_columns(STAFF_LOOKS)
    return [
        reference,
        table.text("Account", lambda row: row["account_name"], width="medium"),
        *others,
        table.number("Receipts", lambda row: row["documents"]),
        table.when("Asked", "created_us", actor),
        table.when("Decided", "decided_us", actor),
        table.text("By", lambda row: row["decided_name"] or row["first_name"] or None),
        table.number("No.", lambda row: row["id"]),
    ]


def nothing(text: str, open_only: bool | None) -> None:
    with st.container(key="card-stafftopups-none"):
        if text.strip():
            st.text(f"No request here has “{text.strip()}” in its reference, account or person.")
        elif open_only:
            st.subheader("Nothing to decide", anchor=False)
            st.text("A request appears here when a customer asks for credit; you are told when its receipt arrives.")
        else:
            st.text("No request yet. Customers ask on their page “Top up”, at the prices of “Prices & bank”.")


def body() -> None:
    address.arrived(PAGE, fill, probe=ARRIVED)
    opened = table.opened(PAGE)
    if opened is None:
        overview()
        view = st.session_state.get(SHOWN)
        address.keep(PAGE, {"show": None if view == "waiting" else view, "q": st.session_state.get(SEARCH)})
        return
    begin_styles()
    back_button("All requests", f"{PAGE}-back", table.close, PAGE)
    try:
        found = engine.topups.one_request(actor, opened)
    except AccessError as error:
        refusal(error)
    else:
        review(actor, found)
    address.keep(PAGE, {"id": opened})


body()
