"""Files to download and fill in: header in row 1, numbers from row 2.

The examples are numbers that Australia keeps for films and books, so whoever forgets to delete them sends to nobody:
the import report rejects them as `test_range`.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it ships none

Format = Literal["csv", "xlsx", "txt"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "xlsx", "txt")

_HEADER: Final = ("phone", "name")
_EXAMPLES: Final = (("61491570156", "Ann"), ("61491570157", "Ben"))
_MIMES: Final[dict[Format, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "txt": "text/plain",
}
_PHONE_WIDTH_CHARS: Final = 20
_CREATED: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""Fixed, so that the file is the same on every download."""


@dataclass(frozen=True, slots=True)
class Template:
    file_name: str
    mime: str
    data: bytes


def template(file_format: Format) -> Template:
    """The template in one of `FORMATS`."""
    build: dict[Format, Callable[[], bytes]] = {"csv": _csv, "xlsx": _xlsx, "txt": _txt}
    return Template(f"recipients-template.{file_format}", _MIMES[file_format], build[file_format]())


def _csv() -> bytes:
    return "".join(f"{phone},{name}\r\n" for phone, name in (_HEADER, *_EXAMPLES)).encode("utf-8-sig")


def _txt() -> bytes:
    return "".join(f"{phone}\r\n" for phone, _ in (_HEADER, *_EXAMPLES)).encode()


def _xlsx() -> bytes:
    """The phone column is text to its last row: a spreadsheet rounds long numbers and drops a leading plus."""
    out = io.BytesIO()
    book: Any
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED.replace(tzinfo=None)})
        sheet = book.add_worksheet("Recipients")
        as_text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True})
        sheet.set_column(0, 0, _PHONE_WIDTH_CHARS, as_text)
        sheet.set_column(1, 1, _PHONE_WIDTH_CHARS)
        sheet.write_row(0, 0, _HEADER, bold)
        for row, (phone, name) in enumerate(_EXAMPLES, 1):
            sheet.write_string(row, 0, phone, as_text)
            sheet.write_string(row, 1, name)
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:A1048576"})
    return out.getvalue()
