"""Numbers typed in a box, and which of them are not sent to."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.recipients import RecipientFile, read_numbers
from pages.ui import format as show
from pages.ui.compose.fields import Problems, complain
from pages.ui.compose.flow import Flow
from pages.ui.compose.lists import list_adder
from pages.ui.compose.report import countries_words, entries_html, reason_words
from pages.ui.compose.sources import screened
from pages.ui.context import get_engine
from pages.ui.notices import notice, refusal

ENTRIES_SHOWN: Final = 100


def typed_field(flow: Flow, problems: Problems, *, most: int) -> RecipientFile | None:
    list_adder(flow, most=most)
    typed = st.text_area(
        "Recipients",
        key=flow.key("people"),
        height=110,
        placeholder="61412345678, 447400123456",
        help="Full country code and number, such as 614xxxxxxxx. Separate numbers by commas; new lines, spaces and "
        "semicolons work too.",
        persist_state="session",
    )
    found = _understood(flow, typed)
    if isinstance(found, ImsError):
        problems["Recipients"] = f"Recipients: {found.message}"
        refusal(found)
        return None
    found = screened(found)
    _show_understood(found)
    sentence = ""
    if not typed.strip():
        sentence = f"Recipients: enter 1 to {most:,} numbers with their country code."
    elif found.frame.is_empty():
        sentence = "Recipients: none of these can be sent to. Correct the rejected numbers."
    elif found.frame.height > most:
        sentence = f"Recipients: {found.frame.height:,} are more than the {most:,} of this page. Use Bulk SMS instead."
    complain(flow, problems, "Recipients", sentence)
    return found


def _understood(flow: Flow, typed: str) -> RecipientFile | ImsError:
    if flow.typed is None or flow.typed[0] != typed:
        try:
            flow.typed = (typed, read_numbers(typed, get_engine().config.country))
        except ImsError as error:
            flow.typed = (typed, error)
    return flow.typed[1]


def _show_understood(found: RecipientFile) -> None:
    if not found.frame.height + found.rejected.height:
        return
    st.caption(f"{show.plural(found.frame.height, 'recipient')}{countries_words(found.frame)}")
    if found.rejected.is_empty():
        return
    notice("warning", f"{show.plural(found.rejected.height, 'entry', 'entries')} will not be sent:")
    st.html(entries_html(found.rejected.head(ENTRIES_SHOWN).select("row", "value", reason_words(of_list=True))))
    more = found.rejected.height - ENTRIES_SHOWN
    if more > 0:
        st.caption(f"And {show.number(more)} more.")
