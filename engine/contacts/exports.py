"""Contacts and opt-outs as files that no spreadsheet runs as formulas. Numbers are digits without plus."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final, Literal

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs]  it ships none

from engine.errors import InputError
from engine.recipients.report import safe_csv

ExportFormat = Literal["csv", "xlsx"]
FORMATS: Final[tuple[ExportFormat, ...]] = ("csv", "xlsx")
XLSX_MOST: Final = 50_000
"""Rows of a spreadsheet; each takes processor time that sending needs. CSV takes a thirtieth."""


def file_of(header: Sequence[str], rows: Sequence[Sequence[str]], fmt: str) -> bytes:
    """The file in one of FORMATS; InputError for another, or for more rows than a spreadsheet takes."""
    if fmt == "csv":
        return safe_csv(tuple(header), map(tuple, rows))
    if fmt != "xlsx":
        raise InputError(
            "invalid", field="Format", problem="is not known.", remedy=f"Choose one of {', '.join(FORMATS)}."
        )
    if len(rows) > XLSX_MOST:
        raise InputError("too_many_for_xlsx", limit=f"{XLSX_MOST:,}")
    return _xlsx(header, rows)


def _xlsx(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Every cell is written as text, so that none is taken for a formula and no digit is lost."""
    out = io.BytesIO()
    book: Any = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("Records")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(header):
        sheet.write_string(0, place, name, bold)
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if value:
                sheet.write_string(number, place, value)
    book.close()
    return out.getvalue()
