"""Contact lists: people you send to again and again. `?list=ID` opens one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from engine.contacts import LISTS_MOST, TASK_MOST, ranges
from engine.errors import AccessError
from engine.model import SENDING_ROLES
from engine.store import Row
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.back import back_button
from pages.ui.contacts import lists
from pages.ui.contacts.common import Leaves, ask, dialog, export_menu, search_box, search_key, stop_asking
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal
from pages.ui.records import begin, drawer, facts, figure_card, heading, link, name_line
from pages.ui.registry import BULK_SMS, CONTACTS, OPT_OUTS
from pages.ui.status import Look

actor = require(*SENDING_ROLES)
contacts = get_engine().contacts

PAGE: Final = lists.PAGE
ROWS: Final = lists.ROWS
FIGURE_WIDTH: Final = 150
COLUMNS_SHOWN: Final = 12
SEARCH_FROM: Final = 9
"""Lists from which on they can be searched."""
LOOKS: Final[Mapping[Any, Look]] = {
    False: Look("Can be sent to", "green", ":material/check_circle:"),
    True: Look("Opted out", "orange", ":material/do_not_disturb_on:"),
}


def fill(given: address.Values) -> None:
    """`?list=ID` opens that list."""
    table.open_row(PAGE, address.number_in(given.get("list")))
    table.close(ROWS)
    stop_asking(PAGE)
    st.session_state[f"{PAGE}-arrived"] = True


def overview() -> None:
    begin(CONTACTS.title)
    rows = contacts.lists(actor)
    if not rows:
        first_list()
    else:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"{show.plural(len(rows), 'list')} of at most {LISTS_MOST} · "
                f"{show.plural(sum(row['contacts'] for row in rows), 'contact')} · click a list to open it",
                width="stretch",
            )
            new_button("New list")
        text = search_box(PAGE, "Name of a list") if len(rows) >= SEARCH_FROM else ""
        table.table(PAGE, contacts.lists(actor, text), list_columns(), alt="Contact lists by name")
    dialog(PAGE, lists.NEW, "New contact list", lists.new_list, width="medium")


def first_list() -> None:
    with st.container(key="card-contacts-empty"):
        heading("No contact lists yet")
        st.text(
            "A list keeps the people you send to again and again, so that you upload their file once. Other columns of "
            "the file, such as a name, can be used in each message. Who opts out is left out of every list by itself."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            new_button("Make your first list")
            link(BULK_SMS, "Send to a file without keeping it")


def new_button(label: str) -> None:
    st.button(label, icon=":material/add:", type="primary", key=f"{PAGE}-new", on_click=ask, args=(PAGE, lists.NEW))


def list_columns() -> list[table.Column]:
    return [
        table.text("List", lambda row: row["name"], width="medium"),
        table.count("Contacts", "contacts"),
        table.text("Columns", lambda row: ", ".join(row["columns"]) or None, width="medium"),
        table.when("Changed", "changed_us", actor),
        table.text("By", lambda row: row["member_name"]),
    ]


def one(row: Row) -> None:
    begin_list(row)
    if not row["contacts"]:
        empty_list()
    else:
        figures(row)
        if row["contacts"] > TASK_MOST:
            notice(
                "info",
                f"One task sends to at most {TASK_MOST:,} contacts.",
                f"This list needs {len(ranges(row['contacts']))} tasks; Bulk SMS asks which part to send to.",
            )
        people(row)
    if not dialogs(row) and table.opened(ROWS) is not None:
        shown = st.session_state.get(f"{ROWS}-shown", [])
        drawer(ROWS, "Contact", lambda contact_id: lists.contact_drawer(actor, shown, contact_id))


def begin_list(row: Row) -> None:
    begin_link()
    name_line(row["name"])
    names = ", ".join(f"(({name}))" for name in row["columns"])
    changed = f"{show.when(row['changed_us'], actor.zone)}, by {row['member_name'] or show.NOTHING}"
    facts({"Changed": changed, "For messages": names or "No columns besides the number"})
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if row["contacts"]:
            send = st.button("Send to this list", type="primary", icon=BULK_SMS.icon, key=f"{PAGE}-send")
            if send:
                st.switch_page(str(BULK_SMS.path), query_params={"list": str(row["id"])})
        for what, label, icon in (
            (lists.IMPORT, "Import", ":material/upload_file:"),
            (lists.RENAME, "Rename", ":material/edit:"),
            (lists.DELETE, "Delete", ":material/delete:"),
        ):
            st.button(label, icon=icon, key=f"{PAGE}-{what}", on_click=ask, args=(PAGE, what))
        if row["contacts"]:
            export_menu(actor, PAGE, name="contacts", make=lambda fmt: contacts.export(actor, row["id"], fmt))


def begin_link() -> None:
    back_button("All lists", f"{PAGE}-all", go_back)


def go_back() -> None:
    table.close(ROWS)
    table.close(PAGE)
    st.session_state.pop(search_key(ROWS), None)


def figures(row: Row) -> None:
    with st.grid(3, min_column_width=FIGURE_WIDTH):
        for name, label, value in (
            ("contacts", "Contacts", row["contacts"]),
            ("opted-out", "Opted out", row["opted_out"]),
            ("ready", "Can be sent to", row["contacts"] - row["opted_out"]),
        ):
            with figure_card(name):
                st.metric(label, show.number(value))


def empty_list() -> None:
    with st.container(key="card-list-empty"):
        heading("Nobody in this list yet")
        st.text(
            "Import a csv, xlsx or txt file: row 1 is the header, numbers with their country code start in row 2. "
            "Every row gets a verdict, and numbers that repeat are kept once."
        )
        st.button(
            "Import a file",
            icon=":material/upload_file:",
            type="primary",
            key=f"{PAGE}-first-import",
            on_click=ask,
            args=(PAGE, lists.IMPORT),
        )


def people(row: Row) -> None:
    text = search_box(ROWS, "Number or any value")
    leaves = Leaves(ROWS, (row["id"], text), lambda after: contacts.page(actor, row["id"], search=text, after=after))
    st.session_state[f"{ROWS}-shown"] = leaves.rows
    if not leaves.rows:
        st.text("Nobody in this list matches.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Contacts {leaves.words} · click one to open it", width="stretch")
        leaves.buttons()
    table.table(ROWS, leaves.rows, contact_columns(row), alt="Contacts in the order of the list")


def contact_columns(row: Row) -> list[table.Column]:
    return [
        table.text("Number", lambda contact: f"+{contact['msisdn']}"),
        table.text("Country", lambda contact: show.country(contact["country"])),
        table.chip("Status", LOOKS, "opted_out"),
        *(value_column(name) for name in row["columns"][:COLUMNS_SHOWN]),
        table.when("Added", "created_us", actor),
    ]


def value_column(name: str) -> table.Column:
    return table.text(f"(({name}))", lambda contact: contact["fields"][name] or None)


def dialogs(row: Row) -> bool:
    """The one that is open, if any."""
    return (
        dialog(PAGE, lists.IMPORT, "Import contacts", lambda: lists.import_into(row), width="medium")
        or dialog(PAGE, lists.RENAME, "Rename the list", lambda: lists.rename(row))
        or dialog(PAGE, lists.DELETE, "Delete the list", lambda: lists.delete(row))
    )


def body() -> None:
    address.arrived(PAGE, fill, probe=f"{PAGE}-arrived")
    opened = table.opened(PAGE)
    if opened is None:
        overview()
        link(OPT_OUTS, "People who opted out")
        address.keep(PAGE, {})
        return
    try:
        one(contacts.get(actor, opened))
    except AccessError as error:
        refusal(error)
        begin_link()
    address.keep(PAGE, {"list": opened})


body()
