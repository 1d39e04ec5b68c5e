"""Dialogs of contact lists: a new one, an import, another name, deletion; and the drawer of one contact."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from engine.contacts import LIST_MOST, ImportMode, ImportResult
from engine.errors import ImsError
from engine.model import SENDING_ROLES, Actor
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.contacts.common import stop_asking
from pages.ui.contacts.reading import file_input, file_report
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import facts, name_line

PAGE: Final = "contacts"
ROWS: Final = "contacts-rows"
NEW, IMPORT, RENAME, DELETE = "new", "import", "rename", "delete"
MODES: Final = {
    ImportMode.ADD: "Add new numbers, keep the others as they are",
    ImportMode.UPDATE: "Add new numbers and update the others from the file",
    ImportMode.REPLACE: "Replace the whole list by the file",
}


def new_list() -> None:
    """Name and, if there is one already, the file."""
    name = st.text_input("List name", key=f"{PAGE}-ask-name", placeholder="Regular customers", autocomplete="off")
    given = file_input(f"{PAGE}-ask-file", "File with the contacts (optional)")
    if given is not None:
        file_report(f"{PAGE}-ask", given[1])
    if not foot("Create the list", key=f"{PAGE}-ask-create", back=partial(stop_asking, PAGE)):
        return
    contacts, actor = get_engine().contacts, require(*SENDING_ROLES)
    try:
        list_id = contacts.create(actor, name)
    except ImsError as error:
        refusal(error, "What you entered is kept.")
        return
    if given is not None:
        say(contacts.import_file(actor, list_id, given[1]))
    else:
        leave_note("success", "The list is made. Import a file to fill it.")
    table.open_row(PAGE, list_id)
    stop_asking(PAGE)
    st.rerun()


def import_into(row: Row) -> None:
    """The file, what is in it, and what to do with numbers the list has."""
    given = file_input(f"{PAGE}-ask-file", "File with the contacts")
    st.caption(
        f"All columns are kept and can be used in a message as ((name)). A list holds up to {LIST_MOST:,} contacts; "
        "import further files to fill it."
    )
    if given is None:
        return
    file_report(f"{PAGE}-ask", given[1])
    mode = ImportMode.ADD
    if row["contacts"]:
        mode = st.radio(
            "Contacts the list has already",
            list(MODES),
            key=f"{PAGE}-ask-mode",
            format_func=lambda chosen: MODES[chosen],
        )
    if mode is ImportMode.REPLACE:
        notice("warning", f"{show.plural(row['contacts'], 'contact')} of this list will be removed first.")
    label = f"Import {show.plural(given[1].frame.height, 'number')}"
    if foot(label, key=f"{PAGE}-ask-import", back=partial(stop_asking, PAGE), disabled=given[1].frame.is_empty()):
        try:
            say(get_engine().contacts.import_file(require(*SENDING_ROLES), row["id"], given[1], mode=mode))
        except ImsError as error:
            refusal(error, "Nothing was imported.")
            return
        stop_asking(PAGE)
        st.rerun()


def say(result: ImportResult) -> None:
    """What an import did, on the next page."""
    words = [f"{show.plural(result.added, 'contact')} added"]
    counted = (
        (result.updated, "updated"),
        (result.known, "there already"),
        (result.removed, "removed"),
        (result.duplicates, "repeated in the file"),
        (result.rejected, "not usable"),
    )
    words += [f"{count:,} {what}" for count, what in counted if count]
    cut = f" {show.plural(result.cut, 'long value was', 'long values were')} cut." if result.cut else ""
    leave_note("success", f"Imported: {', '.join(words)}.{cut} The list has {result.contacts:,} now.")


def rename(row: Row) -> None:
    st.session_state.setdefault(f"{PAGE}-ask-name", row["name"])
    name = st.text_input("List name", key=f"{PAGE}-ask-name", autocomplete="off")
    if foot("Rename", key=f"{PAGE}-ask-rename", back=partial(stop_asking, PAGE)):
        try:
            get_engine().contacts.rename(require(*SENDING_ROLES), row["id"], name)
        except ImsError as error:
            refusal(error)
            return
        stop_asking(PAGE)
        st.rerun()


def delete(row: Row) -> None:
    st.text(f"“{row['name']}” and its {show.plural(row['contacts'], 'contact')} will be gone for everybody.")
    st.caption("Tasks that were sent to it keep their records, and opt-outs stay.")
    if foot("Delete the list", key=f"{PAGE}-ask-delete", back=partial(stop_asking, PAGE)):
        get_engine().contacts.delete(require(*SENDING_ROLES), row["id"])
        leave_note("success", "The list is deleted.")
        table.close(PAGE)
        stop_asking(PAGE)
        st.rerun()


def contact_drawer(actor: Actor, rows: Rows, contact_id: int) -> None:
    """One contact with all it has, and what can be done with it."""
    row = next((row for row in rows if row["id"] == contact_id), None)
    if row is None:
        notice("info", "This contact is not on this page of the list any more.")
        return
    name_line(f"+{row['msisdn']}")
    if row["opted_out"]:
        notice("warning", "This person has opted out and is not sent to.", "Opt-outs are kept on their own page.")
    facts(
        [
            ("Country", show.country(row["country"])),
            *((name, value or show.NOTHING) for name, value in row["fields"].items()),
            ("Added", show.when(row["created_us"], actor.zone)),
        ]
    )
    with st.container(horizontal=True):
        if not row["opted_out"]:
            with st.popover("Opt out", icon=":material/do_not_disturb_on:", key=f"{ROWS}-stop"):
                st.caption("Nobody of your account sends to this number any more, from any list or file.")
                st.button("Opt out now", key=f"{ROWS}-stop-now", type="primary", on_click=_opt_out, args=(row,))
        with st.popover("Remove", icon=":material/delete:", key=f"{ROWS}-remove"):
            st.caption("The contact is taken off this list only.")
            st.button("Remove now", key=f"{ROWS}-remove-now", type="primary", on_click=_remove, args=(row,))


def _opt_out(row: Row) -> None:
    get_engine().opt_outs.add(require(*SENDING_ROLES), str(row["msisdn"]), note="From a contact list")
    leave_note("success", f"+{row['msisdn']} has opted out and is not sent to any more.")
    table.close(ROWS)


def _remove(row: Row) -> None:
    try:
        get_engine().contacts.remove(require(*SENDING_ROLES), row["id"])
    except ImsError as error:
        leave_note("error", error.message)
    else:
        leave_note("success", f"+{row['msisdn']} is taken off the list.")
    table.close(ROWS)
