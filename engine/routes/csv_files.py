"""Small CSV files of administrators: read with the rows of the spreadsheet, written so that none of it is run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import InputError

MAX_BYTES: Final = 1_000_000
MAX_ROWS: Final = 1_000
MAX_VALUE: Final = 60
"""Characters of a faulty row that are shown."""
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot be taken; `row` is as the spreadsheet shows it."""

    row: int
    value: str
    sentence: str


Refuse = Callable[[str], InputError]
"""What is wrong with the whole file → the error that says so."""


def read_rows(data: bytes, needed: Sequence[str], refuse: Refuse) -> list[tuple[int, dict[str, str]]]:
    """(row of the spreadsheet, cells by the lower-case name of their column, the first of a name), no blank rows.

    Raises what `refuse` makes: too large, not text, or without one of the `needed` columns.
    """
    rows = _lines(data, refuse)
    if not rows:
        raise refuse("it is empty.")
    names = [cell.strip().lower() for cell in rows[0][1]]
    missing = [name for name in needed if name not in names]
    if missing:
        raise refuse(f"row 1 names no column “{missing[0]}”.")
    if len(rows) > MAX_ROWS + 1:
        raise refuse(f"it has more than {MAX_ROWS:,} rows.")
    return [
        (number, {name: cells[at].strip() if at < len(cells) else "" for at, name in reversed([*enumerate(names)])})
        for number, cells in rows[1:]
    ]


def write_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with byte order mark; what a spreadsheet would run gets an apostrophe in front."""
    out = io.StringIO(newline="")
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow(map(_safe, row))
    return out.getvalue().encode()


def plain_cell(cell: str) -> str:
    """A cell without the apostrophe that `write_rows` put in front."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_START) else cell


def _lines(data: bytes, refuse: Refuse) -> list[tuple[int, list[str]]]:
    """(row of the spreadsheet, cells) of what is not blank."""
    if len(data) > MAX_BYTES:
        raise refuse("it is larger than 1 MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse("it is not text in UTF-8.") from error
    if "\x00" in text:
        raise refuse("it is not text.")
    lines = re.split(r"\r\n|\r|\n", text)
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        try:
            cells = [cell for row in csv.reader([line], delimiter=delimiter) for cell in row]
        except csv.Error as error:
            raise refuse(f"row {number} cannot be read.") from error
        if any(cell.strip() for cell in cells):
            found.append((number, cells))
    return found


def _safe(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA_START) else cell
