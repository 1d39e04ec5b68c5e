"""The import report: every row of a file with its verdict, figures, downloads."""

from __future__ import annotations

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
ROWS_UNSCROLLED: Final = 10
ROWS_HEIGHT: Final = 380
WRAPPED_ROW_HEIGHT: Final = 52
"""Two lines: a sentence is read without scrolling sideways."""
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
    st.caption(f"Sent to {show.plural(people.frame.height, 'recipient')}{countries_words(people.frame)}.")
    with st.expander(
        f"Import report: {show.plural(people.rejected.height, 'row')} not sent to",
        expanded=not people.rejected.is_empty(),
        icon=":material/fact_check:",
    ):
        _rows(flow, people)


def _rows(flow: Flow, people: RecipientFile) -> None:
    summary = people.summary
    rejected = [reason for reason in summary if reason != OK]
    every = [NOT_SENT] if len(rejected) > 1 else []
    options = [*every, *rejected, OK, ALL_ROWS] if rejected else [OK]
    chosen = st.selectbox(
        "Show",
        options,
        key=flow.key(f"verdict_{flow.uploads}_{len(options)}"),
        format_func=lambda reason: _option(reason, summary),
    )
    mixed = chosen in (ALL_ROWS, NOT_SENT)
    if not mixed and chosen != OK:
        st.text(ROW_SENTENCES[RowReason(chosen)])
    shown = _checked(people, chosen)
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if shown.height < ROWS_UNSCROLLED else ROWS_HEIGHT,
        row_height=WRAPPED_ROW_HEIGHT if mixed else None,
        alt="Rows of the file with their verdict",
        column_config={
            "row": st.column_config.NumberColumn("Row", width="small", help="As the spreadsheet numbers its rows."),
            "number": st.column_config.TextColumn("Number"),
            "outcome": st.column_config.TextColumn("Verdict"),
            "country": st.column_config.TextColumn("Country"),
            "sentence": st.column_config.TextColumn("Why", width="medium"),
        },
        column_order=["row", "number"]
        + ["outcome"] * mixed
        + ["country"] * (chosen in (OK, ALL_ROWS))
        + ["sentence"] * mixed,
    )
    with st.container(horizontal=True):
        if rejected:
            st.download_button(
                "Rejected rows",
                data=lambda: rejected_csv(people),
                file_name="rejected-rows.csv",
                mime="text/csv",
                key=flow.key("rejected"),
                icon=":material/download:",
                on_click="ignore",
            )
        st.download_button(
            "Whole report",
            data=lambda: report_csv(people),
            file_name="import-report.csv",
            mime="text/csv",
            key=flow.key("report"),
            icon=":material/download:",
            on_click="ignore",
        )


def _option(reason: str, summary: dict[str, int]) -> str:
    total = sum(summary.values())
    numbers = {ALL_ROWS: total, NOT_SENT: total - summary[OK]} | summary
    return f"{REASON_LABELS.get(reason, reason)} ({numbers[reason]:,})"


def _checked(people: RecipientFile, chosen: str) -> pl.DataFrame:
    """Rows with one verdict, or all of them in file order."""
    accepted = people.frame.select(
        "row", pl.col("msisdn").alias("number"), pl.lit(OK).alias("outcome"), "country", pl.lit("").alias("sentence")
    )
    refused = people.rejected.select(
        "row",
        pl.col("value").alias("number"),
        pl.col("reason").alias("outcome"),
        pl.lit("").alias("country"),
        _sentence(pl.col("reason")).alias("sentence"),
    )
    rows = {OK: accepted, NOT_SENT: refused, ALL_ROWS: pl.concat([accepted, refused]).sort("row")}.get(
        chosen, refused.filter(pl.col("outcome") == chosen)
    )
    names = {code: country_name(code) for code in rows["country"].unique() if code}
    return rows.with_columns(
        pl.col("outcome").replace_strict(REASON_LABELS, default=pl.col("outcome"), return_dtype=pl.String),
        pl.col("country").replace_strict(names, default="", return_dtype=pl.String) if names else pl.col("country"),
    )


def _sentence(reason: pl.Expr) -> pl.Expr:
    return reason.replace_strict({r.value: text for r, text in ROW_SENTENCES.items()}, return_dtype=pl.String)


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
