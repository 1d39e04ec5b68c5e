"""Text of a csv or txt file → rows: delimiters, quotes, line ends, and plain lists of numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.columns import is_phone_header, looks_like_number
from engine.recipients.encodings import LOST
from engine.recipients.table import BLANK, Row, Table, collect, is_blank, listing, too_many_rows

OPEN_QUOTE: Final = "a quotation mark is opened and never closed"
_DELIMITERS: Final = ",;\t|，；、"
"""In order of preference when two fit equally well."""
_DOS_END: Final = "\x1a"
_LINE_ENDS: Final = ("\u2028", "\u2029", "\x85")
_LIST_LINE_ENDS: Final = ("\f", "\v", "\x1c", "\x1d", "\x1e")
_SEPARATORS: Final = re.compile(r"[^,;\t|，；、،؛\n]+")
"""What lies between the separators of a list."""
_ANY_DELIMITER: Final = re.compile(f"[{_DELIMITERS}]")
_QUOTED: Final = re.compile(r'"[^"]*"?')
_SNIFFED_LINES: Final = 50
_FULL_NUMBER_DIGITS: Final = 8
"""A group of so many digits is a number of its own, not a part such as "412 345 678"."""
_CALLING_CODE_DIGITS: Final = 3
_PLUS: Final = ("+", "＋")
_DIGIT_RUN: Final = r"(?:\d[ .()-]{0,3}){7}"
"""Quick look for what may be a number; lines with two of these are looked at closely."""
_AFTER_QUOTE: Final = "there is text after a closing quotation mark"
_FIELD_TOO_LONG: Final = f"a cell holds more than {limits.MAX_FIELD_CHARS:,} characters"
_CSV_PROBLEMS: Final = (
    ("unexpected end of data", OPEN_QUOTE),
    ("expected after", _AFTER_QUOTE),
    ("field larger", _FIELD_TOO_LONG),
)


def parse(text: str, *, may_be_list: bool) -> Table:
    """Rows of a text file. `may_be_list` (txt): a line may hold several numbers, separated by anything.

    Raises `empty`, `malformed` or `too_many_rows`.
    """
    text = unify_line_ends(text, _LINE_ENDS + _LIST_LINE_ENDS if may_be_list else _LINE_ENDS)
    text, declared = _declared_delimiter(text)
    text = text.rstrip(BLANK + _DELIMITERS + _DOS_END)  # thousands of blank rows at the end cost nothing
    if not text.strip(BLANK + _DELIMITERS + '"'):
        raise FileError("empty")
    if text.count("\n") > limits.MAX_LINES:
        raise too_many_rows()
    delimiter = declared or sniff_delimiter(text)
    if may_be_list and declared is None and _is_list(text, delimiter):
        return parse_list(text)
    if "\n" not in text.strip(BLANK) and (found := _numbers_of_line(text, delimiter)):
        return Table(found, list(range(1, len(found) + 1)), is_list=True)
    rows, numbers, notes = _read_rows(text, delimiter)
    spanning = _spanning(rows) if '"' in text else ()
    if LOST in text:
        notes += _lost_characters(rows, numbers)
    return Table(rows, numbers, notes=tuple(notes), delimiter=delimiter, spanning=spanning)


def _numbers_of_line(text: str, delimiter: str) -> list[Row]:
    """The cells of a file of one line when all are numbers and there are several, else none."""
    cells = [cell for row in _records(text, delimiter, strict=False) for cell in row if not is_blank(cell)]
    if len(cells) < 2 or not all(map(looks_like_number, cells)):
        return []
    if len(cells) > limits.MAX_RECIPIENTS:
        raise too_many_rows()
    return [(cell,) for cell in cells]


def parse_list(text: str) -> Table:
    """Numbers separated by commas, semicolons, tabs, bars, new lines, or by spaces where that is plain.

    Row numbers are positions. Raises `too_many_rows`.
    """
    found: list[Row] = []
    for chunk in _SEPARATORS.finditer(text):
        if len(chunk.group()) > limits.MAX_FIELD_CHARS:
            if len(chunk.group().split(maxsplit=1)) > 1:  # numbers with only spaces between, far too many
                raise too_many_rows()
            raise FileError("malformed", row=len(found) + 1, detail=_FIELD_TOO_LONG)
        for number in split_numbers(chunk.group()):
            found.append((number.strip('"'),))
            if len(found) > limits.MAX_RECIPIENTS + limits.MAX_HEADER_ROWS:
                raise too_many_rows()
    return Table(found, list(range(1, len(found) + 1)), is_list=True)


def split_numbers(chunk: str) -> list[str]:
    """One stretch of text without separators → its numbers; spaces inside a number are kept.

    "+61 412 345 678" is one; "61412345678 61412345679" and "+61 412 345 678 +61 412 345 679" are two, and so are
    "62 8123456789 62 8123456790". What may be divided in several ways stays whole, so that it is refused as it is.
    """
    pieces = chunk.strip(BLANK).split()
    if len(pieces) < 2:
        return pieces
    stretches: list[list[str]] = [[]]
    for piece in pieces:
        if stretches[-1] and piece.startswith(_PLUS) and not any(map(str.isalpha, piece)):
            stretches.append([])
        stretches[-1].append(piece)
    return [number for stretch in stretches for number in _split_stretch(stretch)]


def _split_stretch(pieces: list[str]) -> list[str]:
    """The numbers of one stretch, in which only the first piece may begin with a plus."""
    sizes = [size for size in (sum(map(str.isdecimal, piece)) for piece in pieces) if size]
    full = [size >= _FULL_NUMBER_DIGITS for size in sizes]
    if all(full):
        pieces_each = 1
    elif all(full[1::2]) and len(full) % 2 == 0 and all(size <= _CALLING_CODE_DIGITS for size in sizes[::2]):
        pieces_each = 2
    else:
        return [" ".join(pieces)]
    numbers: list[list[str]] = [[]]
    seen = 0
    for piece in pieces:
        if any(map(str.isdecimal, piece)):
            if seen and seen % pieces_each == 0:
                numbers.append([])
            seen += 1
        numbers[-1].append(piece)  # words and strokes stay with the number before them
    return [" ".join(number) for number in numbers]


def sniff_delimiter(text: str) -> str:
    """The delimiter that divides most of the first lines into equally many cells, and of two the one that leaves
    more of them with a number: names and amounts have commas too. A comma when none does."""
    lines = _first_lines(text)
    bare = [_QUOTED.sub("", line) for line in lines]
    best, best_score = ",", (0, 0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in bare]
        usual = max(set(counts), key=counts.count)
        if usual == 0 and counts[0] == 0:
            continue
        width = usual or counts[0]
        score = (counts.count(width), sum(_has_number(line.split(delimiter)) for line in lines), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _has_number(cells: list[str]) -> bool:
    """Whether one of the cells is a number by itself: other delimiters in it would be taken for its punctuation."""
    return any(looks_like_number(cell) and not _ANY_DELIMITER.search(cell) for cell in cells)


def _first_lines(text: str) -> list[str]:
    """The first lines that hold anything, at least one."""
    start = text.lstrip(BLANK)[: limits.MAX_FIELD_CHARS]
    return [line for line in start.split("\n") if line.strip(BLANK)][:_SNIFFED_LINES] or [""]


def unify_line_ends(text: str, others: tuple[str, ...] = _LINE_ENDS + _LIST_LINE_ENDS) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line_end in others:
        text = text.replace(line_end, "\n")
    return text


def _declared_delimiter(text: str) -> tuple[str, str | None]:
    """Spreadsheets take a first line such as "sep=;" as an instruction and do not show it."""
    match = re.match(r'"?sep=(.)"?[^\S\n]*(?:\n|$)', text.removeprefix("\ufeff"), re.IGNORECASE)
    if match is None:
        return text.removeprefix("\ufeff"), None
    return text.removeprefix("\ufeff")[match.end() :], match.group(1)


def _is_list(text: str, delimiter: str) -> bool:
    """Whether some line of a txt file holds several numbers, and no header says that they are columns."""
    lines = text.split("\n", limits.MAX_PHYSICAL_ROWS)
    header = next(line for line in lines if line.strip(BLANK))[: limits.MAX_FIELD_CHARS].split(delimiter)
    if len(header) > 1 and (any(map(is_phone_header, header)) or _is_even_table(text, header, delimiter)):
        return False
    candidates = pl.Series(lines).filter(pl.Series(lines).str.count_matches(_DIGIT_RUN) > 1)
    return any(_holds_several(line) for line in candidates.head(limits.MAX_RECIPIENTS))


def _is_even_table(text: str, header: list[str], delimiter: str) -> bool:
    """Whether words stand above lines of their width: names of columns, of which one may hold ids."""
    widths = {_QUOTED.sub("", line).count(delimiter) for line in _first_lines(text)}
    return len(widths) == 1 and not any(map(str.isdecimal, "".join(header)))


def _holds_several(line: str) -> bool:
    chunks = _SEPARATORS.finditer(line[: limits.MAX_FIELD_CHARS])
    found = (looks_like_number(number) for chunk in chunks for number in split_numbers(chunk.group()))
    return any(found) and any(found)  # the second goes on behind the first


def _read_rows(text: str, delimiter: str) -> tuple[list[Row], list[int], list[str]]:
    """Strictly first: a stray quotation mark must not swallow rows. Text after a closing one is let pass when
    no cell spans lines, since then nothing can have been swallowed."""
    try:
        rows, numbers = collect(_records(text, delimiter, strict=True))
    except FileError as error:
        if error.facts.get("detail") != _AFTER_QUOTE:
            raise
        rows, numbers = collect(_records(text, delimiter, strict=False))
        if _spanning(rows):
            raise
        return rows, numbers, [f"Row {error.facts['row']} has text after a closing quotation mark; it was kept."]
    return rows, numbers, []


def _records(text: str, delimiter: str, *, strict: bool) -> Iterator[Row]:
    """Records as a spreadsheet counts them: a quoted cell may span lines. Raises `malformed`."""
    done = 0
    try:
        for record in csv.reader(_lines(text), delimiter=delimiter, strict=strict, skipinitialspace=True):
            yield _checked(record, done + 1)
            done += 1
    except csv.Error as error:
        detail = next((plain for mark, plain in _CSV_PROBLEMS if mark in str(error)), "its quotation marks do not fit")
        raise FileError("malformed", row=done + 1, detail=detail) from None


def _checked(record: list[str], number: int) -> list[str]:
    """The csv module has such a limit too, but one for the whole process, which others may change."""
    if record and max(map(len, record)) > limits.MAX_FIELD_CHARS:
        raise FileError("malformed", row=number, detail=_FIELD_TOO_LONG)
    return record


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text), 1):
        if len(line) > limits.MAX_LINE_CHARS:
            raise FileError("malformed", row=number, detail=f"it has more than {limits.MAX_LINE_CHARS:,} characters")
        yield line


def _spanning(rows: list[Row]) -> tuple[int, ...]:
    return tuple(at for at, row in enumerate(rows) if any(isinstance(cell, str) and "\n" in cell for cell in row))


def _lost_characters(rows: list[Row], numbers: list[int]) -> list[str]:
    """A note naming the rows in which bytes could not be read."""
    broken = [
        number
        for number, row in zip(numbers, rows, strict=True)
        if any(isinstance(cell, str) and LOST in cell for cell in row)
    ]
    rows_named = "row" if len(broken) == 1 else "rows"
    where = f"{rows_named} {listing(broken)}"
    return [f"Some characters could not be read and show as “{LOST}” in {where}."] if broken else []
