"""The operator's own codes on a route: what each means to customers, by hand or by file, and those nobody explained."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import FAIL_SENTENCES, Actor, FailReason
from engine.routes import (
    CODE_LENGTH,
    MEANING_LENGTH,
    MOST_CODES,
    REASONS,
    Code,
    CodeFile,
    Route,
    read_codes,
    write_codes,
)
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import name_and_lines, send_styles
from pages.ui.records import heading
from pages.ui.routes.shared import Sheet, answered, ask, asked, is_admin, require_admin, row_problems

FILE_MB: Final = 1
SEEN_SHOWN: Final = 10
NEW: Final = ""
"""What the list of entries says for one that is not there yet."""


def draw(actor: Actor, route: Route) -> None:
    send_styles()
    sheet = Sheet("codes", route, probe="code")
    entries = get_engine().routes.code_entries(actor, route.id)
    st.caption(
        "Operators report failures with codes of their own. What is common to all of them is understood by itself; an "
        "entry here says more, or something else. Customers read its words with each message."
    )
    _entries(actor, route, sheet, entries)
    left, right = st.columns(2, gap="medium")
    with left:
        if is_admin(actor):
            _by_hand(route, sheet, entries)
        else:
            notice("info", "Only administrators change codes.", "You see what customers read.")
    with right:
        _seen(actor, route, sheet)
        if is_admin(actor):
            _by_file(route, sheet)


def _entries(actor: Actor, route: Route, sheet: Sheet, entries: Rows) -> None:
    with st.container(key="card-route-codes"):
        heading("Codes of this operator")
        if not entries:
            st.text("None yet. Enter one, or take over a code that was seen lately.")
            return
        columns = [
            table.text("Code", lambda row: row["code"], width="small"),
            table.text("Customers read", _sentence, width="large"),
            table.text("Reason", lambda row: reason_words(row["reason"]), width="medium"),
            table.text("Tried again", lambda row: "yes" if row["retry"] else "no", width="small"),
            table.when("Changed", "changed_us", actor),
            table.text("By", lambda row: row["member_name"] or "the command line"),
        ]
        if is_admin(actor):
            st.caption("Click one to change it below.")
        _rows(actor, route, sheet, entries, columns)
        st.download_button(
            "CSV",
            data=lambda: write_codes([_code(row) for row in entries]),
            file_name=f"codes-route-{route.id}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=sheet.key("csv"),
            on_click="ignore",
        )


def _rows(actor: Actor, route: Route, sheet: Sheet, entries: Rows, columns: list[table.Column]) -> None:
    """The table; a click of an administrator fills the form, which is drawn after it."""
    page, alt = f"routes-codes-{route.id}", "Codes and what they mean"
    if not is_admin(actor):
        table.show_rows(entries, columns, key=page, alt=alt)
        return
    table.table(page, [row | {"id": place} for place, row in enumerate(entries)], columns, alt=alt)
    clicked = table.opened(page)
    if clicked is not None and clicked < len(entries):
        table.close(page)
        entry = _code(entries[clicked])
        st.session_state[sheet.key("entry")] = entry.code
        _fill(sheet, entry)


def _seen(actor: Actor, route: Route, sheet: Sheet) -> None:
    seen = get_engine().routes.codes_seen(actor, route.id)
    with st.container(key="card-route-codes-seen"):
        heading("Seen lately without an entry")
        if not seen:
            st.text("None: every failure of the last days came with a code that is understood, or without one.")
            return
        st.caption("With failures of the newest dispatches, at most a week old.")
        for place, row in enumerate(seen[:SEEN_SHOWN]):
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(width="stretch"):
                    name_and_lines(row["code"], _seen_words(row, actor.zone), f"The operator said: {row['detail']}")
                if is_admin(actor):
                    st.button(
                        "Explain",
                        key=sheet.key(f"explain-{place}"),
                        icon=":material/edit:",
                        on_click=_fill,
                        args=(sheet, Code(row["code"], "", _reason(row["reason"]))),
                    )


def _seen_words(row: Row, zone: str) -> str:
    return f"{show.plural(row['messages'], 'message')}, the last {show.when(row['last_us'], zone)}"


# --- One entry -------------------------------------------------------------------------------------------------------


def _by_hand(route: Route, sheet: Sheet, entries: Rows) -> None:
    known = {row["code"]: _code(row) for row in entries}
    with st.container(key="card-route-code"):
        heading("Add or change an entry")
        chosen = st.selectbox(
            "Entry",
            [NEW, *known],
            key=sheet.start("entry", NEW),
            format_func=lambda code: code or "A new one",
            on_change=_choose,
            args=(sheet, known),
        )
        code = st.text_input(
            "Code",
            key=sheet.start("code", ""),
            max_chars=CODE_LENGTH,
            placeholder="err:032",
            help="As it stands in what the operator said: err:032 in a receipt, 0x0401 as the answer to a "
            "submit, or a provider's own, such as 30007.",
            autocomplete="off",
        )
        meaning = st.text_input(
            "What customers read",
            key=sheet.start("meaning", ""),
            max_chars=MEANING_LENGTH,
            placeholder="The sentence of the reason below",
            autocomplete="off",
        )
        reason = st.selectbox(
            "Reason",
            list(REASONS),
            key=sheet.start("reason", FailReason.UNDELIVERABLE),
            format_func=reason_words,
            help="Decides what customers are advised to do, and where the message is counted.",
        )
        retry = st.toggle(
            "Try again",
            key=sheet.start("retry", False),
            help="What the operator refused at once with this code is submitted again, a few times. Not for codes "
            "of receipts.",
        )
        with st.container(horizontal=True):
            saved = st.button("Save entry", type="primary", key=sheet.key("save"))
            if chosen in known:
                st.button(
                    "Remove entry", icon=":material/delete:", key=sheet.key("drop"), on_click=ask, args=("drop-code",)
                )
        if chosen in known and asked("drop-code"):
            st.dialog("Remove the entry?", on_dismiss=answered)(_confirm_drop)(route, sheet, known[chosen])
        if saved:
            _save(route, sheet, Code(code or "", meaning or "", reason, bool(retry)))


def _choose(sheet: Sheet, known: dict[str, Code]) -> None:
    """Another entry was chosen: the form shows it."""
    entry = known.get(st.session_state[sheet.key("entry")])
    _fill(sheet, entry or Code("", "", FailReason.UNDELIVERABLE))


def _fill(sheet: Sheet, entry: Code) -> None:
    for field in ("code", "meaning", "reason", "retry"):
        st.session_state[sheet.key(field)] = getattr(entry, field)


def _save(route: Route, sheet: Sheet, entry: Code) -> None:
    try:
        get_engine().routes.change_codes(require_admin(), route.id, put=[entry])
    except ImsError as error:
        refusal(error, "Nothing was saved; what you entered is kept.")
        return
    sheet.done()
    leave_note("success", f"Code {entry.code.strip()} is saved. Customers read: {entry.sentence}")
    st.rerun()


def _confirm_drop(route: Route, sheet: Sheet, entry: Code) -> None:
    st.text(f"{entry.code} will mean what it means everywhere, if anything. Messages that have failed stay failed.")
    if foot("Remove it", key=sheet.key("drop-it"), back=answered):
        try:
            get_engine().routes.change_codes(require_admin(), route.id, drop=[entry.code])
        except ImsError as error:
            refusal(error)
            return
        sheet.done()
        answered()
        leave_note("success", f"Code {entry.code} is removed.")
        st.rerun()


# --- Files -----------------------------------------------------------------------------------------------------------


def _by_file(route: Route, sheet: Sheet) -> None:
    with st.container(key="card-route-code-file"):
        heading("Or from a file")
        st.caption(
            "A CSV file with the columns code, meaning, reason (such as absent) and, if you like, retry (yes or no). "
            f"It is added to the list; codes that are there are changed. At most {MOST_CODES} in all."
        )
        given = st.file_uploader("Codes (CSV)", type=["csv"], key=sheet.key("file"), max_upload_size=FILE_MB)
        if given is None:
            return
        try:
            found = read_codes(given.getvalue())
        except ImsError as error:
            refusal(error)
            return
        if found.problems:
            row_problems(found.problems)
        elif not found.codes:
            notice("warning", "The file has no code in it.")
        elif st.button(f"Take these {show.plural(len(found.codes), 'code')}", key=sheet.key("take")):
            _take(route, sheet, found)


def _take(route: Route, sheet: Sheet, found: CodeFile) -> None:
    try:
        get_engine().routes.change_codes(require_admin(), route.id, put=found.codes)
    except ImsError as error:
        refusal(error, "Nothing was saved.")
        return
    sheet.done()
    leave_note("success", f"{show.plural(len(found.codes), 'code')} of the file are saved.")
    st.rerun()


def reason_words(reason: str) -> str:
    return FAIL_SENTENCES[FailReason(reason)][0].removesuffix(".")


def _reason(stored: str | None) -> FailReason:
    known = {reason.value: reason for reason in REASONS}
    return known.get(stored or "", FailReason.UNDELIVERABLE)


def _sentence(row: Row) -> str:
    return _code(row).sentence


def _code(row: Row) -> Code:
    return Code(row["code"], row["meaning"], FailReason(row["reason"]), row["retry"])
