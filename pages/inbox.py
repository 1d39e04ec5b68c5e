"""Inbox: what people answered, newest first, and the conversation with each of them. Staff see what is nobody's."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.contacts.limits import SEARCH_LENGTH
from engine.errors import AccessError
from engine.inbox import InboxFilter, Show
from pages.ui import address, table
from pages.ui.back import back_button
from pages.ui.contacts.common import Leaves, export_menu
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.inbox.conversation import HANDLING_ROLES, PAGE, conversation, may_handle
from pages.ui.inbox.looks import status_column
from pages.ui.notices import leave_note, refusal
from pages.ui.records import begin, heading, send_record_styles
from pages.ui.registry import INBOX

actor = require()
inbox = get_engine().inbox

SHOW: Final = f"{PAGE}-show"
SEARCH: Final = f"{PAGE}-q"
ARRIVED: Final = f"{PAGE}-arrived"
PHONE_WIDTH: Final = 175
"""Leaves room for a chip beside number and message."""
LABELS: Final = {
    Show.ALL: "All",
    Show.UNREAD: "Unread",
    Show.STOP: "Asked to stop",
    Show.MAY_STOP: "May ask to stop",
}


def fill(given: address.Values) -> None:
    """`?id=` opens a conversation, `?show=` and `?q=` choose what is listed."""
    asked = given.get("show", "")
    st.session_state[SHOW] = Show(asked) if asked in set(Show) else Show.ALL
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]
    st.session_state[ARRIVED] = True
    table.open_row(PAGE, address.number_in(given.get("id")))


def columns() -> list[table.Column]:
    answers = [] if actor.is_operator else [table.text("Answers", lambda row: row["task_name"])]
    return [
        table.text("From", lambda row: row["phone"]),
        table.text("Message", lambda row: row["content"] or None, width="large", phone=PHONE_WIDTH),
        status_column(),
        table.when("Arrived", "received_us", actor),
        *answers,
        table.text("Sent to", lambda row: row["recipient"] or None),
        table.text("Route", lambda row: row["route_name"]),
    ]


def listing() -> None:
    begin(INBOX.title)
    st.caption(
        "Messages from phones that nobody here had written to."
        if actor.is_operator
        else "What people answer to your messages. Who answers STOP is opted out at once."
    )
    help_link("inbox")
    if not inbox.page(actor, limit=1).rows:
        teach()
        return
    wanted = filters()
    leaves = Leaves(PAGE, wanted, lambda after: inbox.page(actor, wanted, after=after))
    if not leaves.rows:
        nothing_matches()
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Messages {leaves.words}, newest first · click one for the conversation", width="stretch")
        leaves.buttons()
        if may_handle(actor) and inbox.unread(actor):
            newest = inbox.page(actor, limit=1).rows[0]["id"]
            st.button(
                "Mark all read", icon=":material/done_all:", key=f"{PAGE}-all-read", on_click=all_read, args=(newest,)
            )
        export_menu(actor, PAGE, name="inbox", make=lambda fmt: inbox.export(actor, wanted, fmt))
    table.table(PAGE, leaves.rows, columns(), alt="Messages from phones, newest first")


def filters() -> InboxFilter:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.segmented_control(
            "Messages",
            list(LABELS),
            key=SHOW,
            format_func=LABELS.__getitem__,
            required=True,
            label_visibility="collapsed",
            persist_state="session",
            wrap=True,
        )
        text = st.text_input(
            "Search",
            key=SEARCH,
            type="search",
            placeholder="Number or text",
            max_chars=SEARCH_LENGTH,
            label_visibility="collapsed",
            live=True,
            persist_state="session",
        )
    return InboxFilter(show=Show(chosen or Show.ALL), search=text or "")


def nothing_matches() -> None:
    with st.container(key="card-inbox-none", horizontal_alignment="center"):
        st.text("No message matches.")
        st.button("Show all", icon=":material/filter_alt_off:", key=f"{PAGE}-clear", on_click=fill, args=({},))


def teach() -> None:
    """Nothing has come yet: what will be here, and over which routes it can."""
    with st.container(key="card-inbox-empty"):
        if actor.is_operator:
            heading("Nothing here")
            st.text(
                "Answers go to the account that wrote to the number within the last 30 days, over the same route. Only "
                "what fits no account is kept here; you can give it to one, or leave it."
            )
        else:
            heading("No answers yet")
            st.text(
                "Somebody who answers one of your messages appears here, beside what you sent. STOP, and its kin in "
                "more than sixty languages, opts the number out at once; a longer text that may ask for it is marked, "
                "and one press opts out."
            )
        names = inbox.receiving(actor)
        if names:
            st.text(
                f"Answers can arrive over: {', '.join(names)}. People can answer a number; nobody can answer a name as "
                "sender ID."
            )
        else:
            ask = "" if actor.is_operator else " Ask staff for a route to a real operator."
            st.text(f"No route brings answers yet: the built-in simulator has no phones.{ask}")


def all_read(through_id: int) -> None:
    inbox.mark_all_read(require(*HANDLING_ROLES), through_id)
    leave_note("success", "Everything is marked as read.")


def one(inbound_id: int) -> None:
    send_record_styles()
    back_button("All messages", f"{PAGE}-back", table.close, PAGE)
    try:
        found = inbox.conversation(actor, inbound_id)
    except AccessError as error:
        refusal(error)
        return
    if may_handle(actor) and any(not line["ours"] and line["unread"] for line in found.lines):
        inbox.mark_read(require(*HANDLING_ROLES), inbound_id)
        st.rerun()  # the menu has counted it already
    conversation(actor, found)


def body() -> None:
    address.arrived(PAGE, fill, probe=ARRIVED)
    opened = table.opened(PAGE)
    if opened is None:
        listing()
    else:
        one(opened)
    chosen = Show(st.session_state.get(SHOW) or Show.ALL)
    asked = None if chosen is Show.ALL else chosen.value
    address.keep(PAGE, {"show": asked, "q": st.session_state.get(SEARCH), "id": opened})


body()
