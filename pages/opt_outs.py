"""Opt-outs: people who do not want your messages. They are left out of everything this account sends."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from engine.contacts.limits import NOTE_LENGTH
from engine.contacts.opt_outs import SOURCE_WORDS, Source
from engine.errors import ImsError
from engine.model import SENDING_ROLES
from engine.store import Row, Rows
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.contacts.common import Leaves, ask, dialog, export_menu, search_box, search_key, stop_asking
from pages.ui.contacts.reading import file_input, file_report
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import begin, drawer, facts, heading, name_line
from pages.ui.registry import OPT_OUTS

actor = require(*SENDING_ROLES)
opt_outs = get_engine().opt_outs

PAGE: Final = "optouts"
ADD, IMPORT = "add", "import"
NUMBER_LENGTH: Final = 40


def fill(given: address.Values) -> None:
    """`?q=…` searches."""
    st.session_state[search_key(PAGE)] = given.get("q", "")[:100]
    table.close(PAGE)
    stop_asking(PAGE)


def columns() -> list[table.Column]:
    return [
        table.text("Number", lambda row: f"+{row['msisdn']}"),
        table.when("Opted out", "created_us", actor),
        table.text("How", lambda row: SOURCE_WORDS[Source(row["source"])]),
        table.text("Note", lambda row: row["note"] or None, width="medium"),
        table.text("By", lambda row: row["member_name"] or "The recipient"),
    ]


def listing() -> Rows:
    count = opt_outs.count(actor)
    if not count:
        teach()
        return []
    text = search_box(PAGE, "Number or note")
    leaves = Leaves(PAGE, text, lambda after: opt_outs.page(actor, search=text, after=after))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = f"{show.plural(count, 'number')} opted out · shown: {leaves.words}, newest first"
        st.caption(words, width="stretch")
        leaves.buttons()
        buttons()
        export_menu(actor, PAGE, name="opt-outs", make=lambda fmt: opt_outs.export(actor, fmt))
    if leaves.rows:
        table.table(PAGE, leaves.rows, columns(), alt="Opt-outs, newest first")
    else:
        st.text("No opt-out matches.")
    return leaves.rows


def teach() -> None:
    with st.container(key="card-optouts-empty"):
        heading("Nobody has opted out")
        st.text(
            "Somebody who asks not to be messaged any more belongs here: by number, or a whole file from an earlier "
            "system. From then on the number is left out of every quick message, file, list and scheduled task, and "
            "the import report names its row. In many countries the law asks for this."
        )
        with st.container(horizontal=True):
            buttons()


def buttons() -> None:
    for what, label, icon in ((ADD, "Add a number", ":material/add:"), (IMPORT, "Import", ":material/upload_file:")):
        kind = "primary" if what == ADD else "secondary"
        st.button(label, icon=icon, type=kind, key=f"{PAGE}-{what}", on_click=ask, args=(PAGE, what))


def add() -> None:
    number = st.text_input(
        "Number",
        key=f"{PAGE}-ask-number",
        placeholder="61412345678",
        max_chars=NUMBER_LENGTH,
        help="Full country code and number.",
        autocomplete="off",
    )
    note = st.text_input(
        "Note (optional)",
        key=f"{PAGE}-ask-note",
        placeholder="Asked by phone on 22 November",
        max_chars=NOTE_LENGTH,
        autocomplete="off",
    )
    if not foot("Opt out", key=f"{PAGE}-ask-add", back=partial(stop_asking, PAGE)):
        return
    try:
        msisdn = opt_outs.add(require(*SENDING_ROLES), number, note=note)
    except ImsError as error:
        refusal(error, "What you entered is kept.")
        return
    leave_note("success", f"+{msisdn} has opted out and is not sent to any more.")
    stop_asking(PAGE)
    st.rerun()


def import_file() -> None:
    given = file_input(f"{PAGE}-ask-file", "File with the numbers")
    if given is None:
        return
    name, file = given
    file_report(f"{PAGE}-ask", file)
    label = f"Opt out {show.plural(file.frame.height, 'number')}"
    if foot(label, key=f"{PAGE}-ask-import", back=partial(stop_asking, PAGE), disabled=file.frame.is_empty()):
        result = opt_outs.import_file(require(*SENDING_ROLES), file, note=name)
        known = f", {result.known:,} had before" if result.known else ""
        left = f" {show.plural(result.rejected, 'row was', 'rows were')} left out." if result.rejected else ""
        leave_note("success", f"{show.plural(result.added, 'number has', 'numbers have')} opted out{known}.{left}")
        stop_asking(PAGE)
        st.rerun()


def one(rows: Rows, msisdn: int) -> None:
    row = next((row for row in rows if row["msisdn"] == msisdn), None)
    if row is None:
        notice("info", "This number is not on this page any more.")
        return
    name_line(f"+{row['msisdn']}")
    facts(
        {
            "Opted out": show.when(row["created_us"], actor.zone),
            "How": SOURCE_WORDS[Source(row["source"])],
            "Note": row["note"] or show.NOTHING,
            "By": row["member_name"] or "The recipient",
        }
    )
    removal(row)


def removal(row: Row) -> None:
    with st.form(f"{PAGE}-remove-{row['msisdn']}"):
        heading("Send to this person again")
        st.caption("Only when they asked for it. Who removed it, when and why stays in the audit log.")
        reason = st.text_input(
            "Reason", key=f"{PAGE}-why-{row['msisdn']}", max_chars=NOTE_LENGTH, placeholder="Asked by e-mail to be back"
        )
        sent = st.form_submit_button("Remove the opt-out", type="primary")
        if sent:
            try:
                opt_outs.remove(require(*SENDING_ROLES), row["msisdn"], reason=reason or "")
            except ImsError as error:
                refusal(error)
                return
            leave_note("success", f"+{row['msisdn']} can be sent to again.")
            table.close(PAGE)
            st.rerun()


def body() -> None:
    begin(OPT_OUTS.title)
    st.caption("Numbers that are left out of everything this account sends.")
    help_link("opt-out")
    address.arrived(PAGE, fill, probe=f"{PAGE}-shown")
    rows = listing()
    st.session_state[f"{PAGE}-shown"] = True
    asked = dialog(PAGE, ADD, "Opt a number out", add) or dialog(
        PAGE, IMPORT, "Import opt-outs", import_file, width="medium"
    )
    if not asked:
        drawer(PAGE, "Opt-out", lambda msisdn: one(rows, msisdn))
    address.keep(PAGE, {"q": st.session_state.get(search_key(PAGE))})


body()
