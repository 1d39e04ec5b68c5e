"""Rows of the file whose own text cannot be sent: which, why, and the choice to send the others."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl
import streamlit as st

from engine import content
from engine.errors import ImsError
from engine.recipients import RecipientFile, rejected_csv
from engine.routes import Route
from engine.tasks import Draft
from engine.tasks.quote import Priced
from pages.ui import format as show
from pages.ui.compose.fields import Problems
from pages.ui.compose.flow import Flow
from pages.ui.compose.report import download, entries_html
from pages.ui.notices import notice, refusal

ROWS_SHOWN: Final = 50


class RowChoice(NamedTuple):
    """What becomes of rows with a text that cannot be sent, and of those with an empty value."""

    skip_refused: bool = False
    skip_empty: bool = False


NOTHING_CHOSEN: Final = RowChoice()


def rows_field(flow: Flow, problems: Problems, people: RecipientFile | None, text: str, route: Route) -> RowChoice:
    """Only where each recipient has a text of their own, and it can be filled in."""
    if people is None or people.frame.is_empty() or "Content" in problems or not content.placeholders(text):
        return NOTHING_CHOSEN
    probe = Draft(route_id=route.id, name="", content=text, recipients=people, skip_refused=True)
    priced = flow.price(probe, route)
    if isinstance(priced, ImsError):
        if priced.code == "content":
            problems["Rows"] = "Rows: the text of no row can be sent."
            refusal(priced)
        return NOTHING_CHOSEN
    skip_empty = _gaps(flow, priced)
    return RowChoice(_refused(flow, problems, people, priced), skip_empty)


def _gaps(flow: Flow, priced: Priced) -> bool:
    if not priced.gaps:
        return False
    words = show.plural(priced.gaps, "row has no value", "rows have no value")
    notice("info", f"{words} for a name in (( )): its place stays empty in the text.")
    return st.checkbox(
        f"Leave out the {show.plural(priced.gaps, 'row')} with an empty value",
        key=flow.key(f"gaps_{flow.uploads}_{priced.gaps}"),
    )


def _refused(flow: Flow, problems: Problems, people: RecipientFile, priced: Priced) -> bool:
    """Asked anew when another number of rows is concerned: nobody is left out unnoticed."""
    refused = priced.refused
    if refused.is_empty():
        return False
    words = show.plural(refused.height, "row has a text", "rows have a text")
    notice(
        "warning",
        f"{words} of their own that cannot be sent."
        if refused.height > 1
        else f"{words} of its own that cannot be sent.",
    )
    st.html(entries_html(refused.head(ROWS_SHOWN).select("row", "value", "detail"), called="Row "))
    more = refused.height - ROWS_SHOWN
    if more > 0:
        st.caption(f"And {show.number(more)} more; the download has them all.")
    chosen = st.checkbox(
        f"Send the {show.plural(priced.messages.height, 'valid row')} without them",
        key=flow.key(f"valid_{flow.uploads}_{refused.height}_{priced.messages.height}"),
    )
    download(flow, "Rows left out", "rows-left-out.csv", lambda: rejected_csv(people, _left_out(refused)))
    if not chosen:
        problems["Rows"] = "Rows: correct the file, or choose to send the valid rows."
    return chosen


def _left_out(refused: pl.DataFrame) -> list[tuple[int, str, str, str]]:
    return [(row, value, reason, detail) for row, value, reason, detail in refused.iter_rows()]
