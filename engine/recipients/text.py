"""Text of a csv or txt file → rows: delimiters, quotes, line ends, and plain lists of numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.columns import is_phone_header, looks_like_number
from engine.recipients.table import BLANK, Row, Table, collect, is_blank, too_many_rows

_DELIMITERS: Final = ",;\t|，；、"
"""In order of preference when two fit equally well."""
_LINE_ENDS: Final = ("\u2028", "\u2029", "\x85")
_LIST_LINE_ENDS: Final = ("\f", "\v", "\x1c", "\x1d", "\x1e")
_SEPARATORS: Final = re.compile(r"[^,;\t|，；、،؛\n]+")
"""What lies between the separators of a list."""
_SNIFFED_LINES: Final = 50
_FULL_NUMBER_DIGITS: Final = 8
"""A group of so many digits is a number of its own, not a part such as "412 345 678"."""
_OPEN_QUOTE: Final = "a quotation mark is opened and never closed"
_CSV_PROBLEMS: Final = (
    ("unexpected end of data", _OPEN_QUOTE),
    ("expected after", "there is text after a closing quotation mark"),
    ("field larger", f"a cell holds more than {limits.MAX_FIELD_CHARS:,} characters"),
)


def parse(text: str, *, may_be_list: bool) -> Table:
    """Rows of a text file. `may_be_list` (txt): a line may hold several numbers, separated by anything.

    Raises `empty`, `malformed` or `too_many_rows`.
    """
    text = _unify_line_ends(text, _LINE_ENDS + _LIST_LINE_ENDS if may_be_list else _LINE_ENDS)
    text, declared = _declared_delimiter(text)
    text = text.rstrip(BLANK + _DELIMITERS)  # thousands of blank rows at the end cost nothing
    if not text.strip(BLANK + _DELIMITERS + '"'):
        raise FileError("empty")
    if text.count("\n") > limits.MAX_LINES:
        raise too_many_rows()
    delimiter = declared or sniff_delimiter(text)
    if may_be_list and declared is None and _is_list(text, delimiter):
        return parse_list(text)
    rows, numbers = collect(_records(text, delimiter))
    if len(rows) == 1 and len(rows[0]) > 1 and all(looks_like_number(cell) for cell in rows[0] if not is_blank(cell)):
        return parse_list(text)
    return Table(rows, numbers, delimiter=delimiter)


def parse_list(text: str) -> Table:
    """Numbers separated by commas, semicolons, tabs, bars, new lines, or by spaces where that is plain.

    Row numbers are positions. Raises `too_many_rows`.
    """
    found: list[Row] = []
    for chunk in _SEPARATORS.finditer(text):
        for number in split_numbers(chunk.group()):
            found.append((number,))
            if len(found) > limits.MAX_RECIPIENTS + limits.MAX_HEADER_ROWS:
                raise too_many_rows()
    return Table(found, list(range(1, len(found) + 1)), is_list=True)


def split_numbers(chunk: str) -> list[str]:
    """One stretch of text without separators → its numbers; spaces inside a number are kept.

    "+61 412 345 678" is one; "61412345678 61412345679" and "+61 412 345 678 +61 412 345 679" are two.
    """
    pieces = chunk.strip(BLANK)[: limits.MAX_FIELD_CHARS].split()
    if len(pieces) < 2:
        return pieces
    numbers: list[list[str]] = [[]]
    digits = 0
    for piece in pieces:
        own = sum(map(str.isdecimal, piece))
        is_word = any(map(str.isalpha, piece))
        starts = piece.startswith(("+", "＋")) or (own >= _FULL_NUMBER_DIGITS and digits >= _FULL_NUMBER_DIGITS)
        if numbers[-1] and starts and not is_word:
            numbers.append([])
            digits = 0
        numbers[-1].append(piece)
        digits += own
    return [" ".join(number) for number in numbers]


def sniff_delimiter(text: str) -> str:
    """The delimiter that divides most of the first lines into equally many cells; a comma when none does."""
    lines = [line for line in text[: limits.MAX_FIELD_CHARS].split("\n") if line.strip(BLANK)][:_SNIFFED_LINES]
    bare = [re.sub(r'"[^"]*"?', "", line) for line in lines]
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in bare]
        usual = max(set(counts), key=counts.count)
        if usual == 0 and counts[0] == 0:
            continue
        width = usual or counts[0]
        score = (counts.count(width), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _unify_line_ends(text: str, others: tuple[str, ...]) -> str:
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
    first = next(line for line in text.split("\n", limits.MAX_PHYSICAL_ROWS) if line.strip(BLANK))
    header = first.split(delimiter)
    if len(header) > 1 and any(map(is_phone_header, header)):
        return False
    return any(_holds_several(line) for line in text.split("\n", limits.MAX_PHYSICAL_ROWS))


def _holds_several(line: str) -> bool:
    count = 0
    for chunk in _SEPARATORS.finditer(line[: limits.MAX_FIELD_CHARS]):
        count += sum(map(looks_like_number, split_numbers(chunk.group())))
        if count > 1:
            return True
    return False


def _records(text: str, delimiter: str) -> Iterator[Row]:
    """Records as a spreadsheet counts them: a quoted cell may span lines. Raises `malformed`."""
    number = 0
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for number, record in enumerate(reader, 1):  # noqa: B007 - needed where the reader fails
            if record and max(map(len, record)) > limits.MAX_FIELD_CHARS:
                raise csv.Error("field larger")
            yield record
    except csv.Error as error:
        detail = next((plain for mark, plain in _CSV_PROBLEMS if mark in str(error)), "its quotation marks do not fit")
        raise FileError("malformed", row=number + 1, detail=detail) from None


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text), 1):
        if len(line) > limits.MAX_LINE_CHARS:
            raise FileError("malformed", row=number, detail=f"it has more than {limits.MAX_LINE_CHARS:,} characters")
        yield line
