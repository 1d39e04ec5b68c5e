"""A file of recipients: templates, the upload, the choice of its column."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.recipients import FORMATS, MAX_FILE_BYTES, MAX_RECIPIENTS, RecipientFile, read, template
from pages.ui.compose.fields import Problems, complain
from pages.ui.compose.flow import Flow, Upload
from pages.ui.compose.kept import keep_file
from pages.ui.compose.lists import from_list, list_field
from pages.ui.compose.report import show_report
from pages.ui.compose.sources import screened
from pages.ui.context import get_engine
from pages.ui.notices import notice, refusal

FILE_TYPES: Final = ["csv", "xlsx", "txt", "tsv", "xls", "ods"]


def file_field(flow: Flow, problems: Problems) -> RecipientFile | None:
    if from_list(flow):
        return list_field(flow, problems)
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
    read_pending(flow)
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
    people = screened(people)
    show_report(flow, people)
    if people.frame.is_empty():
        problems["File"] = "File: none of its rows can be sent to. Correct them and upload the file again."
        notice("error", problems["File"])
    return people


def _read(name: str, data: bytes, column: str | None) -> RecipientFile:
    return read(name, data, get_engine().config.country, column=column)


def read_pending(flow: Flow) -> None:
    """Reads a file that has just come, once; its bytes go into the member's draft first."""
    upload = flow.upload
    if upload is not None and upload.people is None and upload.error is None:
        with st.spinner("Reading the file …"):
            keep_file(flow, upload)
            upload.read(_read)


def _take_upload(flow: Flow, key: str) -> None:
    given = st.session_state.get(key)
    flow.upload = Upload(given.name, given.getvalue()) if given is not None else None
    flow.uploads += 1


def _kept_from_before(flow: Flow, key: str, upload: Upload) -> None:
    """Coming back to the page, the uploader is empty although the file is still here."""
    if st.session_state.get(key) is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"Using the file you uploaded before: {upload.name}")
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


def columns_of(flow: Flow) -> tuple[str, ...] | None:
    """What can stand in the content as ((name)); None before there is a file."""
    read_pending(flow)
    return flow.upload.people.columns if flow.upload and flow.upload.people else None


def placeholder_help(flow: Flow) -> None:
    """Which names can stand in double brackets; column names are users' text, so they stand in a code box."""
    columns = columns_of(flow)
    if columns is None:
        st.caption("A column of your file in double brackets, such as ((name)), is replaced for each recipient.")
    elif columns:
        st.caption("Columns of your file that you can use; each is replaced for every recipient:")
        st.code("  ".join(f"(({name}))" for name in columns), language=None, wrap_lines=True)
    else:
        st.caption("Your file has no other columns, so every recipient gets the same text.")
