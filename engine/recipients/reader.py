"""A recipients file, or numbers typed by hand → every row accepted or rejected with a reason."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Final, cast

import polars as pl

from engine import numbers
from engine.errors import FileError
from engine.model import RowReason
from engine.recipients import columns, encodings, isolated, kinds, limits, sheets, text
from engine.recipients.kinds import Kind
from engine.recipients.table import Cell, Table, too_many_rows

FIELD_PREFIX: Final = "field:"
"""Columns of `RecipientFile.frame` that come from the file are this and the header's text, so none of them
clashes with `row`, `msisdn`, `country` or `kind`."""

_NOT_SHOWN: Final = r"[\x00-\x08\x0b-\x1f\x7f]"
COVER_MOST: Final = 1
"""Mobile numbers on a sheet that may be a cover, such as that of a hotline."""
_MEGABYTE: Final = 1024 * 1024
_FORMULA_TEXT: Final = ('="', '"')
"""Spreadsheet exports write ="0412…" so that a number stays text."""


@dataclass(frozen=True)
class RecipientFile:
    """What a file holds. Both frames are in file order, and together have one row per non-blank row of the file."""

    frame: pl.DataFrame
    """Accepted: row (Int32, as the spreadsheet shows it), msisdn (E.164 with plus), country, kind (String), and a
    String column named `FIELD_PREFIX` + name for each of `columns`."""
    rejected: pl.DataFrame
    """row (Int32), value (String, as found, at most `MAX_VALUE_CHARS`), reason (value of a RowReason)."""
    columns: tuple[str, ...]
    """Names usable as ((name)): the other columns' headers in their spelling; the second “a” is “a (2)”."""
    phone_column: str | None
    has_header: bool
    sheet: str | None
    notes: tuple[str, ...]
    """Plain sentences about what was assumed or skipped, for the import report."""

    @property
    def summary(self) -> dict[str, int]:
        """Rows by outcome: "ok" first, then each reason that occurs, most frequent first, then by name."""
        counts = self.rejected["reason"].value_counts().sort("count", "reason", descending=[True, False])
        return {"ok": self.frame.height, **dict(counts.iter_rows())}

    def field(self, name: str) -> pl.Series:
        """The values of one of `columns`, one per accepted row."""
        return self.frame[FIELD_PREFIX + name]


def read(
    file_name: str,
    data: bytes,
    default_country: str | None = None,
    *,
    column: str | None = None,
    opted_out: Collection[str] = (),
) -> RecipientFile:
    """Classifies every row of a recipients file (csv, txt, xlsx, xls, ods).

    `default_country` (ISO 3166 alpha-2) is whose national format is understood; `column` answers `choose_column`;
    `opted_out` holds E.164 numbers with plus. Raises `FileError` when nothing can be read, with one of the codes
    of recipient files in `engine.errors`; `InputError` when there is no such country.
    """
    kind = kinds.by_name(file_name)
    if len(data) > limits.MAX_FILE_BYTES:
        raise _too_large(len(data))
    if not data:
        raise FileError("empty")
    kinds.check_content(file_name, kind, data)
    if kind in (Kind.TEXT, Kind.LIST):
        decoded, notes = encodings.decode(data)
        table = text.parse(decoded, may_be_list=kind is Kind.LIST)
        return _classified(table, default_country=default_country, column=column, opted_out=opted_out, notes=notes)
    tables = sheets.read(data) if kind is Kind.XLSX else isolated.read(data, kind)
    return _first_with_recipients(tables, default_country, column, opted_out)


def read_numbers(typed: str, default_country: str | None = None, *, opted_out: Collection[str] = ()) -> RecipientFile:
    """Classifies numbers typed in a box, separated by commas, semicolons, new lines, tabs, or by spaces where
    that is plain; `row` is the position. Nothing typed is an empty result.

    Raises `FileError` `too_large`, `too_many_rows` or `malformed`.
    """
    if len(typed) > limits.MAX_FILE_BYTES:
        raise _too_large(len(typed))
    table = text.parse_list(text.unify_line_ends(typed))
    if len(table.rows) > limits.MAX_RECIPIENTS:
        raise too_many_rows()
    values = [row[0] for row in table.rows]
    frame, rejected = _judge(table.numbers, values, {}, default_country, opted_out)
    return RecipientFile(frame, rejected, (), None, has_header=False, sheet=None, notes=())


def _too_large(size_bytes: int) -> FileError:
    size_mb = math.ceil(size_bytes * 10 / _MEGABYTE) / 10  # up, or one byte too many would seem to be none
    return FileError("too_large", size_mb=f"{size_mb:.1f}", limit_mb=limits.MAX_FILE_BYTES // _MEGABYTE)


def _first_with_recipients(
    tables: Iterable[Table], default_country: str | None, column: str | None, opted_out: Collection[str]
) -> RecipientFile:
    """Reads the first sheet that holds phone numbers; a cover sheet before it is passed over."""
    classify = partial(_classified, default_country=default_country, column=column, opted_out=opted_out)
    problem: FileError | None = None
    notes: tuple[str, ...] = ()
    remaining = iter(tables)
    for table in remaining:
        try:
            first = classify(table, notes=notes)
        except FileError as error:
            if error.code not in ("no_recipients", "choose_column"):
                raise
            if error.code == "no_recipients" or column is not None:
                problem = problem or error
                notes += (f"Sheet “{table.sheet}” was skipped: it holds no phone numbers.",)
                continue
            first = error
        if column is None and not _is_named(first) and _may_be_cover(first):
            skipped = f"Sheet “{table.sheet}” was skipped: no column of it is named as one of phone numbers."
            first = _better_sheet(first, remaining, partial(classify, notes=(*notes, skipped))) or first
        if isinstance(first, FileError):
            raise first
        return first
    raise problem or FileError("empty")


def _better_sheet(
    first: RecipientFile | FileError, remaining: Iterator[Table], classify: Callable[[Table], RecipientFile]
) -> RecipientFile | None:
    """A sheet behind one whose numbers may be those of a cover or of other things: with a phone column and no fewer
    recipients, or with recipients at all where the first has none."""
    least = 1 if isinstance(first, FileError) else first.frame.height
    with suppress(FileError):  # what is wrong with a sheet that nobody needs is no reason to refuse the file
        for table in remaining:
            with suppress(FileError):
                found = classify(table)
                accepted = found.frame.height
                if (_is_named(found) and accepted >= least) or accepted > least == 0:
                    return found
    return None


def _may_be_cover(found: RecipientFile | FileError) -> bool:
    """A list without header is not passed over: the list behind it may be an older one."""
    return isinstance(found, FileError) or found.frame.height <= COVER_MOST


def _is_named(found: RecipientFile | FileError) -> bool:
    """Whether a header says of a column that it holds phone numbers, or of those to choose from."""
    names = found.facts["choices"] if isinstance(found, FileError) else (found.phone_column or "",)
    return any(map(columns.is_phone_header, cast("Sequence[str]", names)))


def _classified(
    table: Table, *, default_country: str | None, column: str | None, opted_out: Collection[str], notes: tuple[str, ...]
) -> RecipientFile:
    layout = columns.find(table, default_country, column)
    rows, row_numbers = table.rows[layout.first :], table.numbers[layout.first :]
    if len(rows) > limits.MAX_RECIPIENTS:
        raise too_many_rows()
    _refuse_swallowed_rows(table, layout)
    by_column = list(zip_longest(*rows, fillvalue=""))
    fields = {
        name: _as_texts(by_column[place]) if place < len(by_column) else [""] * len(rows)
        for place, name in enumerate(layout.names)
        if name and place != layout.phone
    }
    values = (
        [_phone_cell(cell) for cell in by_column[layout.phone]] if layout.phone < len(by_column) else [""] * len(rows)
    )
    frame, rejected = _judge(row_numbers, values, fields, default_country, opted_out)
    return RecipientFile(
        frame,
        rejected,
        columns=tuple(fields),
        phone_column=layout.names[layout.phone] or None,
        has_header=layout.header is not None,
        sheet=table.sheet,
        notes=(*notes, *table.notes, *layout.notes),
    )


def _judge(
    row_numbers: Sequence[int],
    values: Sequence[Cell],
    fields: dict[str, Sequence[str]],
    default_country: str | None,
    opted_out: Collection[str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames `frame` and `rejected` of a RecipientFile. A row keeps the first reason: its own, then a number
    seen before, then an opt-out."""
    unwanted = opted_out if isinstance(opted_out, (set, frozenset)) else frozenset(opted_out)
    parsed = numbers.parse_column(values, default_country)
    repeated = parsed["msisdn"].is_not_null() & ~parsed["msisdn"].is_first_distinct()
    stopped = pl.Series([number in unwanted for number in parsed["msisdn"]], dtype=pl.Boolean)
    judged = parsed.with_columns(
        pl.Series("row", row_numbers, dtype=pl.Int32),
        pl.when(repeated)
        .then(pl.lit(RowReason.DUPLICATE.value))
        .when(stopped)
        .then(pl.lit(RowReason.OPTED_OUT.value))
        .otherwise(parsed["reason"])
        .alias("reason"),
    )
    accepted = judged["reason"].is_null()
    cleaned = [
        pl.Series(FIELD_PREFIX + name, cells, dtype=pl.String).filter(accepted) for name, cells in fields.items()
    ]
    frame = judged.filter(accepted).select("row", "msisdn", "country", "kind").with_columns(cleaned)
    shown = pl.Series("value", [_shown(value) for value, ok in zip(values, accepted, strict=True) if not ok], pl.String)
    rejected = judged.filter(~accepted).select("row", shown, "reason")
    if cleaned:
        texts = pl.col(pl.String).exclude("msisdn", "country", "kind")
        frame = frame.with_columns(texts.str.replace_all(_NOT_SHOWN, "").str.strip_chars())
    return frame, rejected


def _phone_cell(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.startswith(_FORMULA_TEXT[0]) and cell.endswith(_FORMULA_TEXT[1]):
        inner = cell[2:-1]
        return inner if '"' not in inner else cell
    return cell


def _as_texts(cells: Sequence[Cell]) -> Sequence[str]:
    if set(map(type, cells)) == {str}:  # always so in text files
        return cast("Sequence[str]", cells)
    return [_as_text(cell) for cell in cells]


def _as_text(cell: Cell) -> str:
    """A cell as it can stand in a message: 5.0 is "5", a date ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return f"{cell:.15g}" if abs(cell) < 10**15 else str(int(cell))
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return str(cell.date()) if midnight else cell.isoformat(" ", "minutes")
    return str(cell)


def _shown(value: Cell) -> str:
    return _as_text(value).strip()[: limits.MAX_VALUE_CHARS]


def _refuse_swallowed_rows(table: Table, layout: columns.Layout) -> None:
    """A stray quotation mark makes one cell of several rows; nobody in them may be lost silently."""
    for at in table.spanning:
        for place, cell in enumerate(table.rows[at]):
            if place == layout.phone or not isinstance(cell, str) or "\n" not in cell:
                continue
            if _holds_rows(cell, place, table.delimiter, layout.phone):
                raise FileError("malformed", row=table.numbers[at], detail=text.OPEN_QUOTE)


def _holds_rows(cell: str, place: int, delimiter: str | None, phone: int) -> bool:
    """Whether a line in a cell of several has a number where the column of numbers would be."""
    for number, line in enumerate(cell.split("\n")):
        cells = line.split(delimiter)
        where = phone if number else phone - place  # the first line goes on where the cell began
        if len(cells) > 1 and 0 <= where < len(cells) and columns.looks_like_number(cells[where]):
            return True
    return False
