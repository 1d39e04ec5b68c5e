"""A contact list as recipients: instead of a file on Bulk SMS, or typed into the box on Quick SMS."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.contacts import TASK_MOST, ranges
from engine.errors import ImsError
from engine.model import SENDING_ROLES
from engine.recipients import RecipientFile
from engine.store import Row
from pages.ui import format as show
from pages.ui.address import number_in
from pages.ui.compose.fields import Problems, complain
from pages.ui.compose.flow import Flow, Upload
from pages.ui.compose.report import show_report
from pages.ui.compose.sources import screened
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal

FILE: Final = "A file"
LIST: Final = "A contact list"
LIST_PARAMETER: Final = "list"
"""`?list=ID` sends to that contact list."""


def arrive(flow: Flow) -> None:
    """Chooses once the contact list that the address names."""
    list_id = number_in(st.query_params.get(LIST_PARAMETER))
    done = flow.key("list_arrived")
    if list_id is None or flow.kind != "bulk" or st.session_state.get(done) == list_id:
        return
    st.session_state[done] = list_id
    if list_id in _filled():
        st.session_state[flow.key("from")] = LIST
        st.session_state[flow.key("list")] = list_id
        _take(flow)


def from_list(flow: Flow) -> bool:
    """Asks where the recipients come from, once the account has a list; whether it is a list."""
    key = flow.key("from")
    if not _filled():
        return False
    chosen = st.segmented_control(
        "Recipients from",
        [FILE, LIST],
        default=FILE,
        required=True,
        key=key,
        on_change=_switch,
        args=(flow,),
        persist_state="session",
    )
    return chosen == LIST


def list_field(flow: Flow, problems: Problems) -> RecipientFile | None:
    """The list, its part when it is longer than a task, and the report of who of it is sent to."""
    rows = _filled()
    if st.session_state.get(flow.key("list")) not in rows:  # deleted since the draft was kept
        st.session_state.pop(flow.key("list"), None)
    chosen = st.selectbox(
        "Contact list",
        list(rows),
        key=flow.key("list"),
        index=None,
        placeholder="Choose a list",
        format_func=lambda list_id: f"{rows[list_id]['name']} ({rows[list_id]['contacts']:,})",
        on_change=_take,
        args=(flow,),
        persist_state="session",
    )
    row = rows.get(chosen) if chosen is not None else None
    if row is None:
        complain(flow, problems, "Contact list", "Contact list: choose the list to send to.")
        return None
    _part(flow, row)
    if st.session_state.get(flow.key("list_mark")) != _mark(flow, row) or flow.upload is None:
        _take(flow)  # the list was changed meanwhile
        st.rerun()
    if flow.upload.people is None:
        problems["Contact list"] = "Contact list: it cannot be read."
        if flow.upload.error is not None:
            refusal(flow.upload.error)
        return None
    people = screened(flow.upload.people)
    show_report(flow, people)
    if people.frame.is_empty():
        problems["Contact list"] = "Contact list: nobody in it can be sent to."
        notice("error", problems["Contact list"])
    return people


def _part(flow: Flow, row: Row) -> None:
    """One task sends to at most 5,000: which ones of a longer list."""
    if row["contacts"] <= TASK_MOST:
        return
    st.selectbox(
        "Part of the list",
        [first for first, _ in ranges(row["contacts"])],
        key=_part_key(flow, row),
        format_func=lambda first: f"Contacts {first:,} to {min(first + TASK_MOST - 1, row['contacts']):,}",
        on_change=_take,
        args=(flow,),
        persist_state="session",
    )


def _part_key(flow: Flow, row: Row) -> str:
    return flow.key(f"list_part_{row['id']}")


def _first(flow: Flow, row: Row) -> int:
    first = st.session_state.get(_part_key(flow, row)) or 1
    return first if row["contacts"] > TASK_MOST else 1


def _mark(flow: Flow, row: Row) -> tuple[int, int, int]:
    return row["id"], _first(flow, row), row["changed_us"]


def _switch(flow: Flow) -> None:
    """The other source begins anew."""
    flow.upload = None
    flow.uploads += 1
    if st.session_state.get(flow.key("from")) == LIST:
        _take(flow)


def _take(flow: Flow) -> None:
    """Reads the chosen part of the chosen list, as an upload is read."""
    row = _filled().get(st.session_state.get(flow.key("list"), 0))
    flow.upload = None
    flow.uploads += 1
    if row is None:
        return
    flow.upload = Upload(f"Contact list: {row['name']}", b"")
    st.session_state[flow.key("list_mark")] = _mark(flow, row)
    try:
        flow.upload.people = get_engine().contacts.as_recipients(
            require(*SENDING_ROLES), row["id"], first=_first(flow, row)
        )
    except ImsError as error:
        flow.upload.error = error


def list_adder(flow: Flow, *, most: int) -> None:
    """Puts the numbers of a short list into the box of Quick SMS."""
    rows = {list_id: row for list_id, row in _filled().items() if row["contacts"] <= most}
    if not rows:
        return
    with st.popover("Add a contact list", icon=":material/contacts:", key=flow.key("lists")):
        chosen = st.selectbox(
            "Contact list",
            list(rows),
            key=flow.key("list"),
            index=None,
            placeholder="Choose a list",
            format_func=lambda list_id: f"{rows[list_id]['name']} ({rows[list_id]['contacts']:,})",
        )
        st.caption(f"Lists of up to {show.plural(most, 'contact')}; for longer ones use Bulk SMS.")
        st.button(
            "Add its numbers",
            key=flow.key("list_add"),
            disabled=chosen is None,
            on_click=_add,
            args=(flow, chosen),
            type="primary",
        )


def _add(flow: Flow, list_id: int | None) -> None:
    if list_id is None:
        return
    contacts = get_engine().contacts.as_recipients(require(*SENDING_ROLES), list_id)
    numbers = [*contacts.frame["msisdn"].str.slice(1), *contacts.rejected["value"]]
    key = flow.key("people")
    typed = (st.session_state.get(key) or "").rstrip(" ,;\n")
    st.session_state[key] = ", ".join(filter(None, [typed, *numbers]))


def _filled() -> dict[int, Row]:
    rows = get_engine().contacts.lists(require(*SENDING_ROLES))
    return {row["id"]: row for row in rows if row["contacts"]}
