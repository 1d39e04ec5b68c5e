"""Who is sent to: numbers typed in a box, or a file with its import report."""

from __future__ import annotations

from html import escape
from typing import Final

import polars as pl
import streamlit as st

from engine.errors import ImsError
from engine.model import ROW_SENTENCES, RowReason
from engine.numbers import country_name
from engine.recipients import (
    FORMATS,
    MAX_FILE_BYTES,
    MAX_RECIPIENTS,
    RecipientFile,
    read,
    read_numbers,
    rejected_csv,
    report_csv,
    template,
)
from pages.ui import format as show
from pages.ui.compose.fields import Problems, complain
from pages.ui.compose.flow import Flow, Upload
from pages.ui.context import get_engine
from pages.ui.notices import notice, refusal

FILE_TYPES: Final = ["csv", "xlsx", "txt", "tsv", "xls", "ods"]
COUNTRIES_NAMED: Final = 4
ENTRIES_SHOWN: Final = 100
ALL_ROWS: Final = "All rows"
OK: Final = "ok"
REASON_LABELS: Final[dict[str, str]] = {
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

_CHECKED_SCHEMA: Final = ["row", "number", "outcome", "country", "sentence"]


# --- Numbers typed in a box ------------------------------------------------------------------------------------------


def typed_field(flow: Flow, problems: Problems, *, most: int) -> RecipientFile | None:
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
    notice("warning", f"{show.plural(found.rejected.height, 'entry is', 'entries are')} not sent to:")
    st.html(entries_html(found.rejected))


def entries_html(rejected: pl.DataFrame) -> str:
    """Position, what was typed (escaped) and why it is not sent to, a line each."""
    lines = [
        f"<p><i>{row}.</i><b>{escape(value) or show.NOTHING}</b><span>{ROW_SENTENCES[RowReason(reason)]}</span></p>"
        for row, value, reason in rejected.head(ENTRIES_SHOWN).iter_rows()
    ]
    more = rejected.height - ENTRIES_SHOWN
    if more > 0:
        lines.append(f"<p>And {show.number(more)} more.</p>")
    return f'<div class="ims-entries">{"".join(lines)}</div>'


def countries_words(frame: pl.DataFrame) -> str:
    """Such as `: Australia 2, Singapore 1`, the most frequent first."""
    counts = frame["country"].value_counts(sort=True).rows()
    named = [f"{country_name(code)} {number:,}" for code, number in counts[:COUNTRIES_NAMED]]
    more = len(counts) - COUNTRIES_NAMED
    return (
        ": " + ", ".join(named) + (f" and {show.plural(more, 'more country', 'more countries')}" * (more > 0))
    ) * bool(named)


# --- A file ----------------------------------------------------------------------------------------------------------


def file_field(flow: Flow, problems: Problems) -> RecipientFile | None:
    _templates(flow)
    key = flow.key("file")
    st.file_uploader(
        "File with the recipients",
        type=FILE_TYPES,
        key=key,
        max_upload_size=MAX_FILE_BYTES // 1024 // 1024,
        on_change=_take_upload,
        args=(flow, key),
        help=f"csv, xlsx or txt with at most {MAX_RECIPIENTS:,} recipients. Row 1 is the header, numbers start in "
        "row 2. Other columns can be used in the content as ((name)).",
    )
    upload = flow.upload
    if upload is None:
        complain(flow, problems, "File", "File: upload the list of recipients.")
        return None
    _kept_from_before(flow, key, upload)
    if upload.people is None and upload.error is None:
        with st.spinner("Reading the file …"):
            upload.read(_read)
    _column_choice(flow, upload)
    if upload.error is not None:
        problems["File"] = f"File: {upload.error.message}"
        if upload.asks and not upload.column:
            complain(flow, problems, "File", "File: choose the column with the numbers.")
        else:
            refusal(upload.error)
        return None
    people = upload.people
    assert people is not None
    show_report(flow, people)
    if people.frame.is_empty():
        problems["File"] = "File: none of its rows can be sent to. Correct them and upload the file again."
        notice("error", problems["File"])
    return people


def _read(name: str, data: bytes, column: str | None) -> RecipientFile:
    return read(name, data, get_engine().config.country, column=column)


def _take_upload(flow: Flow, key: str) -> None:
    given = st.session_state.get(key)
    flow.upload = Upload(given.name, given.getvalue()) if given is not None else None
    flow.uploads += 1


def _kept_from_before(flow: Flow, key: str, upload: Upload) -> None:
    """Coming back to the page, the uploader is empty although the file is still here."""
    if st.session_state.get(key) is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"Still here: {upload.name}")
        if st.button("Remove", key=flow.key("remove"), icon=":material/close:", type="tertiary"):
            flow.upload = None
            st.rerun()


def _column_choice(flow: Flow, upload: Upload) -> None:
    if not upload.choices:
        return
    if upload.asks and not upload.column:
        notice("info", "Several columns of this file hold phone numbers.", "Choose the one to send to.")
    chosen = st.selectbox(
        "Column with the numbers",
        upload.choices,
        index=upload.choices.index(upload.column) if upload.column in upload.choices else None,
        placeholder="Choose a column",
        key=flow.key(f"column_{flow.uploads}"),
    )
    if chosen and chosen != upload.column:
        upload.column = chosen
        upload.read(_read)


def _templates(flow: Flow) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption("Template:", width="content")
        for file_format in FORMATS:
            made = template(file_format)
            st.download_button(
                file_format,
                made.data,
                made.file_name,
                made.mime,
                key=flow.key(f"template_{file_format}"),
                type="tertiary",
                icon=":material/download:",
                on_click="ignore",
            )


def example_of(flow: Flow) -> dict[str, str] | None:
    """The first recipient's values by column, to count the text as that recipient will read it."""
    people = flow.upload.people if flow.upload else None
    if people is None or people.frame.is_empty():
        return None
    return {column: people.field(column)[0] for column in people.columns}


def placeholder_help(flow: Flow) -> None:
    """Which names can stand in double brackets; column names are users' text, so they stand in a code box."""
    people = flow.upload.people if flow.upload else None
    if people is None or not people.columns:
        st.caption("A column of your file in double brackets, such as ((name)), is replaced for each recipient.")
        return
    st.caption("Columns of your file that you can use; each is replaced for every recipient:")
    st.code("  ".join(f"(({name}))" for name in people.columns), language=None, wrap_lines=True)


# --- The import report -----------------------------------------------------------------------------------------------


def show_report(flow: Flow, people: RecipientFile) -> None:
    """Figures, what was assumed, and every row with its verdict."""
    total = people.frame.height + people.rejected.height
    invalid = people.rejected.filter(~pl.col("reason").is_in(_grouped())).height
    figures = {"Rows": total, "OK": people.frame.height, "Invalid": invalid}
    figures |= {name: people.rejected.filter(pl.col("reason").is_in(list(of))).height for name, of in GROUPS.items()}
    with st.grid("auto", min_column_width=118, gap="small"):
        for name, value in figures.items():
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
    options = [*rejected, OK, ALL_ROWS] if rejected else [OK]
    chosen = st.selectbox(
        "Show",
        options,
        key=flow.key(f"verdict_{flow.uploads}_{len(options)}"),
        format_func=lambda reason: _option(reason, summary),
    )
    shown = _checked(people, chosen)
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if shown.height < 10 else 360,
        column_config={
            "row": st.column_config.NumberColumn("Row", width="small", help="As the spreadsheet numbers its rows."),
            "number": st.column_config.TextColumn("Number"),
            "outcome": st.column_config.TextColumn("Verdict"),
            "country": st.column_config.TextColumn("Country"),
            "sentence": st.column_config.TextColumn("Why", width="large"),
        },
        column_order=[name for name in _CHECKED_SCHEMA if chosen in (OK, ALL_ROWS) or name != "country"],
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
    number = sum(summary.values()) if reason == ALL_ROWS else summary[reason]
    return f"{REASON_LABELS.get(reason, reason)} ({number:,})"


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
    rows = {OK: accepted, ALL_ROWS: pl.concat([accepted, refused]).sort("row")}.get(
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
