"""The import report: every row of a file with its verdict, figures, downloads."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

import polars as pl
import streamlit as st

from engine.model import ROW_SENTENCES, RowReason
from engine.numbers import country_name
from engine.recipients import RecipientFile, rejected_csv, report_csv
from pages.ui import format as show
from pages.ui.compose.flow import Flow
from pages.ui.notices import notice

COUNTRIES_NAMED: Final = 4
PAGE_ROWS: Final = 50
OK: Final = "ok"
ALL_ROWS: Final = "all"
NOT_SENT: Final = "rejected"
REASON_LABELS: Final[dict[str, str]] = {
    ALL_ROWS: "All rows",
    NOT_SENT: "All that are not sent to",
    OK: "OK",
    RowReason.EMPTY: "Empty",
    RowReason.CHARACTERS: "Characters",
    RowReason.TOO_SHORT: "Too short",
    RowReason.TOO_LONG: "Too long",
    RowReason.COUNTRY: "Country code",
    RowReason.NOT_ASSIGNED: "Not in use",
    RowReason.NOT_A_COUNTRY: "No country",
    RowReason.LANDLINE: "Landline",
    RowReason.NOT_MOBILE: "Not mobile",
    RowReason.PREMIUM: "Premium",
    RowReason.TEST_RANGE: "Test number",
    RowReason.SPREADSHEET_NUMBER: "Changed by spreadsheet",
    RowReason.TWO_NUMBERS: "Two numbers",
    RowReason.DUPLICATE: "Duplicate",
    RowReason.BLOCKED_COUNTRY: "Blocked country",
    RowReason.OPTED_OUT: "Opted out",
}
GROUPS: Final[dict[str, frozenset[str]]] = {
    "Duplicates": frozenset({RowReason.DUPLICATE}),
    "Landlines": frozenset({RowReason.LANDLINE}),
    "Blocked country": frozenset({RowReason.BLOCKED_COUNTRY}),
    "Opted out": frozenset({RowReason.OPTED_OUT}),
}
"""Headline figures of the import report; every other reason is “invalid”."""

FIGURES_ALWAYS: Final = frozenset({"Rows", "OK", "Invalid", "Duplicates"})


def show_report(flow: Flow, people: RecipientFile) -> None:
    """Figures, what was assumed, and every row with its verdict."""
    total = people.frame.height + people.rejected.height
    invalid = people.rejected.filter(~pl.col("reason").is_in(_grouped())).height
    figures = {"Rows": total, "OK": people.frame.height, "Invalid": invalid}
    figures |= {name: people.rejected.filter(pl.col("reason").is_in(list(of))).height for name, of in GROUPS.items()}
    with st.grid("auto", min_column_width=118, gap="small"):
        for name, value in figures.items():
            if value or name in FIGURES_ALWAYS:
                st.metric(name, show.number(value), border=True)
    for note in people.notes:
        notice("info", note)
    st.caption(f"Ready to send to {show.plural(people.frame.height, 'recipient')}{countries_words(people.frame)}.")
    refused = people.rejected.height
    words = f"{show.plural(refused, 'row')} not sent to" if refused else "every row can be sent to"
    with st.expander(f"Import report: {words}", expanded=bool(refused), icon=":material/fact_check:"):
        _rows(flow, people)


def _rows(flow: Flow, people: RecipientFile) -> None:
    summary = people.summary
    rejected = sorted((reason for reason in summary if reason != OK), key=lambda reason: (-summary[reason], reason))
    every = [NOT_SENT] if len(rejected) > 1 else []
    options = [*every, *rejected, OK, ALL_ROWS] if rejected else [OK]
    chosen = st.selectbox(
        "Show",
        options,
        key=flow.key(f"verdict_{flow.uploads}_{len(options)}"),
        format_func=lambda reason: _option(reason, summary),
    )
    shown = _checked(people, chosen)
    pages = -(-shown.height // PAGE_ROWS)
    st.html(entries_html(_page(flow, shown, chosen, pages), called="Row "))
    with st.container(horizontal=True):
        if rejected:
            download(flow, "Rejected rows", "rejected-rows.csv", lambda: rejected_csv(people))
        download(flow, "Whole report", "import-report.csv", lambda: report_csv(people))


def download(flow: Flow, label: str, file_name: str, data: Callable[[], bytes]) -> None:
    """A csv that is made when it is asked for."""
    st.download_button(
        label,
        data=data,
        file_name=file_name,
        mime="text/csv",
        key=flow.key(file_name),
        icon=":material/download:",
        on_click="ignore",
    )


def _option(reason: str, summary: dict[str, int]) -> str:
    total = sum(summary.values())
    numbers = {ALL_ROWS: total, NOT_SENT: total - summary[OK]} | summary
    return f"{REASON_LABELS.get(reason, reason)} ({numbers[reason]:,})"


def _page(flow: Flow, shown: pl.DataFrame, chosen: str, pages: int) -> pl.DataFrame:
    """The rows of the page that is open; with more than one page, the numbers to leaf through."""
    key = flow.key(f"page_{flow.uploads}_{chosen}")
    at = min(int(st.session_state.get(key, 1)), pages)
    if pages > 1:
        st.pagination(pages, key=key)
    return shown.slice((at - 1) * PAGE_ROWS, PAGE_ROWS)


def _checked(people: RecipientFile, chosen: str) -> pl.DataFrame:
    """row, value, words: rows with one verdict, or all of them in file order."""
    accepted = people.frame.select("row", pl.col("msisdn").alias("value"), ok_words(people).alias("words"))
    refused = people.rejected.select("row", "value", "reason", reason_words().alias("words"))
    if chosen == OK:
        return accepted
    if chosen == NOT_SENT:
        return refused.drop("reason")
    if chosen == ALL_ROWS:
        return pl.concat([accepted, refused.drop("reason")]).sort("row")
    return refused.filter(pl.col("reason") == chosen).drop("reason")


def entries_html(rows: pl.DataFrame, *, called: str = "") -> str:
    """A line each of (row, value, words); what users typed is escaped. `called` stands before each row's number."""
    lines = [
        f"<p><i>{called}{row}</i><b>{escape(value) or show.NOTHING}</b><span>{escape(words)}</span></p>"
        for row, value, words in rows.iter_rows()
    ]
    return f'<div class="ims-entries" tabindex="0" role="region" aria-label="Rows">{"".join(lines)}</div>'


LIST_SENTENCES: Final = {RowReason.DUPLICATE: "The same number is earlier in the list; it is sent to once."}
"""Where there are no rows."""


def reason_words(*, of_list: bool = False) -> pl.Expr:
    """The sentence of each rejected row, or of each entry of a list that was typed."""
    sentences = ROW_SENTENCES | LIST_SENTENCES if of_list else ROW_SENTENCES
    return pl.col("reason").replace_strict(
        {reason.value: text for reason, text in sentences.items()}, return_dtype=pl.String
    )


def ok_words(people: RecipientFile) -> pl.Expr:
    names = {code: f"OK: {country_name(code)}" for code in people.frame["country"].unique()}
    return pl.col("country").replace_strict(names, default="OK", return_dtype=pl.String)


def _grouped() -> list[str]:
    return [reason for group in GROUPS.values() for reason in group]


def countries_words(frame: pl.DataFrame) -> str:
    """Such as `: Australia 2, Singapore 1`, the most frequent first."""
    counts = frame["country"].value_counts(sort=True).rows()
    named = [f"{country_name(code)} {number:,}" for code, number in counts[:COUNTRIES_NAMED]]
    more = len(counts) - COUNTRIES_NAMED
    return (
        ": " + ", ".join(named) + (f" and {show.plural(more, 'more country', 'more countries')}" * (more > 0))
    ) * bool(named)
