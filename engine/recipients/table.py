"""Rows as they come out of any kind of file, before it is known which column holds the numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import FileError
from engine.recipients import limits

Cell = str | int | float | bool | dt.date | dt.time | dt.timedelta
"""What a cell can hold; a datetime is a date, and a blank cell is ""."""
Row = Sequence[Cell]

BLANK: Final = "".join(
    [chr(code) for code in range(0x3001) if chr(code).isspace()] + ["\u200b\u200c\u200d\u2060\ufeff\u00ad\x00"]
)
"""Characters that show nothing: a cell of only these is blank."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that hold anything, with the number each has in a spreadsheet (1-based)."""

    rows: list[Row]
    numbers: list[int]
    sheet: str | None = None
    notes: tuple[str, ...] = ()
    delimiter: str | None = None
    """Of a text file; None for spreadsheets and plain lists."""
    spanning: tuple[int, ...] = ()
    """Indices of rows with a cell of several lines, which a stray quotation mark makes as well."""
    is_list: bool = False
    """Numbers separated by anything: one column, and `numbers` count them one by one."""


def listing(names: Sequence[object], most: int = 5) -> str:
    """ "a, b, c, d, e and 3 more": names of any number in one sentence."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def sheet_notes(name: str, others: Sequence[str], hidden: Sequence[str]) -> tuple[str, ...]:
    """What the import report says of the sheets that were not read."""
    notes = [f"Hidden sheets were skipped: {listing(hidden)}."] if hidden else []
    if others:
        notes.append(f"Only sheet “{name}” was read. Other sheets: {listing(others)}.")
    return tuple(notes)


def is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip(BLANK)


def collect(records: Iterable[Row], *, first_number: int = 1) -> tuple[list[Row], list[int]]:
    """Keeps the rows that hold anything, and their numbers.

    Stops early with `too_many_rows`, or `malformed` for a row that is too wide.
    """
    rows: list[Row] = []
    numbers: list[int] = []
    for number, record in enumerate(records, first_number):
        if number > limits.MAX_PHYSICAL_ROWS:
            raise too_many_rows()
        if not any(record) and 0 not in record:  # a cell with the number 0 is not blank
            continue
        if all(map(is_blank, record)):
            continue
        if len(record) > limits.MAX_COLUMNS:
            record = _without_blank_end(record, number)  # noqa: PLW2901 - the same row, narrower
        rows.append(record)
        numbers.append(number)
        if len(rows) > limits.MAX_RECIPIENTS + limits.MAX_HEADER_ROWS:
            raise too_many_rows()
    return rows, numbers


def too_many_rows() -> FileError:
    return FileError("too_many_rows", limit=f"{limits.MAX_RECIPIENTS:,}")


def too_many_columns(number: int) -> FileError:
    return FileError("malformed", row=number, detail=f"it has more than {limits.MAX_COLUMNS} columns")


def _without_blank_end(record: Row, number: int) -> Row:
    if not all(map(is_blank, record[limits.MAX_COLUMNS :])):
        raise too_many_columns(number)
    return record[: limits.MAX_COLUMNS]
