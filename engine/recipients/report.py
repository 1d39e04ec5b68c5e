"""Downloads and machine-readable answers about a recipients file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from engine.model import ROW_SENTENCES, RowReason
from engine.recipients.reader import RecipientFile

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so may run as a formula in the spreadsheet that opens the download."""
_BOM: Final = "\ufeff"
"""Without it Excel reads UTF-8 as the local 8-bit code page."""


def rejected_csv(file: RecipientFile, more: Iterable[tuple[int, str, str, str]] = ()) -> bytes:
    """Rejected rows: row, value, reason, sentence. UTF-8 with byte order mark, CRLF, formula-safe.

    `more` are such rows that are left out for another reason than their number.
    """
    rejected = (
        (row, value, reason, ROW_SENTENCES[RowReason(reason)]) for row, value, reason in file.rejected.iter_rows()
    )
    rows = sorted([*rejected, *more], key=lambda row: row[0])
    return safe_csv(("row", "value", "reason", "sentence"), rows)


def report_csv(file: RecipientFile) -> bytes:
    """Every row of the file in order: row, value, outcome ("ok" or a reason), country, sentence; as `rejected_csv`.

    An accepted value is its E.164 digits, which any program takes back.
    """
    accepted = (
        (row, msisdn.removeprefix("+"), "ok", country, "")
        for row, msisdn, country in file.frame.select("row", "msisdn", "country").iter_rows()
    )
    rejected = (
        (row, value, reason, "", ROW_SENTENCES[RowReason(reason)]) for row, value, reason in file.rejected.iter_rows()
    )
    rows = sorted([*accepted, *rejected], key=lambda row: row[0])
    return safe_csv(("row", "value", "outcome", "country", "sentence"), rows)


def to_check_json(file: RecipientFile) -> dict[str, object]:
    """What `python -m engine check --json` prints."""
    return {
        "accepted": file.frame.select("row", "msisdn", "country").to_dicts(),
        "rejected": file.rejected.to_dicts(),
        "error": None,
    }


def safe_csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> bytes:
    """UTF-8 with byte order mark, CRLF; a cell that may run as a formula begins with an apostrophe."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow(tuple(map(_safe, header)))
    writer.writerows(tuple(map(_safe, row)) for row in rows)
    return out.getvalue().encode("utf-8")


def _safe(cell: object) -> object:
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
