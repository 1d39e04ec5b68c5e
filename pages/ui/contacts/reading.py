"""A file of numbers in a dialog: the upload, the choice of its column, and what each row is."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from engine.contacts.importing import DUPLICATE
from engine.errors import FileError, ImsError
from engine.recipients import MAX_FILE_BYTES, MAX_RECIPIENTS, RecipientFile, read, rejected_csv
from pages.ui import format as show
from pages.ui.compose.report import entries_html, reason_words
from pages.ui.context import get_engine
from pages.ui.notices import notice, refusal
from pages.ui.plain import send_styles

FILE_TYPES: Final = ["csv", "xlsx", "txt", "tsv", "xls", "ods"]
ROWS_SHOWN: Final = 100


def file_input(key: str, label: str) -> tuple[str, RecipientFile] | None:
    """(name, what was read) once there is a file that can be read. `key` begins with the dialog's own keys."""
    given = st.file_uploader(
        label,
        type=FILE_TYPES,
        key=key,
        max_upload_size=MAX_FILE_BYTES // 1024 // 1024,
        help=f"csv, xlsx or txt with at most {MAX_RECIPIENTS:,} numbers. Row 1 is the header, numbers start in row 2.",
    )
    if given is None:
        return None
    data = given.getvalue()
    column = _column(key, given.name, data)
    found = _read(key, given.name, data, column)
    if isinstance(found, RecipientFile):
        return given.name, found
    if not (isinstance(found, FileError) and found.code == "choose_column"):
        refusal(found)
    return None


def _column(key: str, name: str, data: bytes) -> str | None:
    """The column of numbers when the file has several; None when it has one, or none was chosen yet."""
    found = _read(key, name, data, None)
    if not (isinstance(found, FileError) and found.code == "choose_column"):
        return None
    choices = found.facts.get("choices", ())
    return st.selectbox(
        "Column with the numbers",
        choices if isinstance(choices, tuple) else (),
        index=None,
        placeholder="Choose a column",
        key=f"{key}-column",
    )


def _read(key: str, name: str, data: bytes, column: str | None) -> RecipientFile | ImsError:
    """Reads a file once, although the dialog is drawn many times."""
    mark = (name, len(data), hash(data), column)
    kept = st.session_state.get(f"{key}-read-{column is None}")
    if kept is None or kept[0] != mark:
        found: RecipientFile | ImsError
        try:
            found = read(name, data, get_engine().config.country, column=column)
        except ImsError as error:
            found = error
        kept = st.session_state[f"{key}-read-{column is None}"] = (mark, found)
    return kept[1]


def file_report(key: str, file: RecipientFile) -> None:
    """Figures, what was assumed, and every row that is left out with its number and reason."""
    send_styles()
    duplicates = file.summary.get(DUPLICATE, 0)
    with st.grid("auto", min_column_width=110, gap="small"):
        st.metric("Numbers", show.number(file.frame.height), border=True)
        st.metric("Duplicates", show.number(duplicates), border=True)
        st.metric("Not usable", show.number(file.rejected.height - duplicates), border=True)
    for note in file.notes:
        notice("info", note)
    if file.rejected.is_empty():
        return
    with st.expander(f"{show.plural(file.rejected.height, 'row')} left out", icon=":material/fact_check:"):
        st.html(entries_html(_shown(file), called="Row "))
        more = file.rejected.height - ROWS_SHOWN
        if more > 0:
            st.caption(f"And {show.number(more)} more; the download has all.")
        st.download_button(
            "Rejected rows",
            data=lambda: rejected_csv(file),
            file_name="rejected-rows.csv",
            mime="text/csv",
            key=f"{key}-rejected",
            icon=":material/download:",
            on_click="ignore",
        )


def _shown(file: RecipientFile) -> pl.DataFrame:
    return file.rejected.head(ROWS_SHOWN).select("row", "value", reason_words())
