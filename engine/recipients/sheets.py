"""Bytes of an xlsx file → the rows of its visible sheets.

Read with our own event handlers rather than a library: fast ones allocate whatever a file asks for (one attribute can
end the whole process), careful ones take seconds. Here nothing grows with what a file merely declares.
"""

from __future__ import annotations

import datetime as dt
import math
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import Archive
from engine.recipients.elements import Budget, local
from engine.recipients.table import Cell, Row, Table, is_blank, too_many_columns, too_many_rows

_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Built-in number formats that show a date or a time (ECMA-376 part 1, 18.8.30)."""
_NOT_FORMAT: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
"""Parts of a format code that are literal text, padding, colours or conditions."""
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_EPOCH_1900: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's date has no zone
_DAYS_1904: Final = 1462
_MAX_NUMBER_CHARS: Final = 40
_MAX_COLUMN_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class _Book:
    """What the workbook part says: visible sheets (name, path) in order, and where the shared parts are."""

    visible: list[tuple[str, str]]
    hidden: list[str]
    strings: str | None
    styles: str | None
    from_1904: bool


@dataclass(frozen=True, slots=True)
class _Shared:
    """What cells refer to by index."""

    strings: list[str]
    dates: frozenset[str]
    """Indices, as written, of the styles that show a date."""
    from_1904: bool


def read(data: bytes) -> Iterator[Table]:
    """The visible sheets that hold anything, in order, each read only when it is asked for.

    Raises `damaged`, `macros`, `password`, `zip_bomb`, `too_many_rows`, `malformed` or `unsupported`.
    """
    archive, budget = Archive(data), Budget()
    book = _read_book(archive, budget)
    shared = _Shared(
        _read_strings(archive.read(book.strings), budget) if book.strings else [],
        _read_date_styles(archive.read(book.styles), budget) if book.styles else frozenset(),
        book.from_1904,
    )
    hidden = [f"Sheet “{name}” is hidden and was skipped." for name in book.hidden]
    for name, path in book.visible[: limits.MAX_SHEETS]:
        sheet = _Sheet(shared)
        budget.walk(archive.read(path), sheet.start, sheet.text)
        sheet.finish()
        if sheet.rows:
            notes = [*hidden, *_notes(name, len(book.visible) - 1, hidden_rows=sheet.hidden_rows)]
            yield Table(sheet.rows, sheet.numbers, sheet=name, notes=tuple(notes))


def _notes(name: str, others: int, *, hidden_rows: bool) -> Iterator[str]:
    if others:
        yield f"Only sheet “{name}” was read; the file has {others} more."
    if hidden_rows:
        yield "Some rows are hidden in the spreadsheet; they were read as well."


def _read_book(archive: Archive, budget: Budget) -> _Book:
    """Follows the relationships from the root of the package to its parts."""
    roots = _relationships(archive, budget, "")
    path = next((target for kind, target in roots.values() if kind == "officeDocument"), "xl/workbook.xml")
    parts = _relationships(archive, budget, path)
    visible: list[tuple[str, str]] = []
    hidden: list[str] = []
    systems: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if element == "workbookPr":
            systems.append(attributes.get("date1904", "0"))
        elif element == "sheet":
            link = next((value for key, value in attributes.items() if local(key) == "id"), "")
            kind, target = parts.get(link, ("", ""))
            if attributes.get("state", "visible") != "visible":
                hidden.append(attributes.get("name", ""))
            elif kind == "worksheet":
                visible.append((attributes.get("name", ""), target))

    budget.walk(archive.read(path), start)
    if not visible and not hidden:
        raise FileError("damaged")
    by_kind = {kind: target for kind, target in parts.values() if target in archive}
    from_1904 = systems[:1] in (["1"], ["true"])
    return _Book(visible, hidden, by_kind.get("sharedStrings"), by_kind.get("styles"), from_1904)


def _relationships(archive: Archive, budget: Budget, path: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (last word of its type, path of its target) of one part, "" for the package."""
    folder, name = posixpath.split(path)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    links: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            links[attributes.get("Id", "")] = (kind, posixpath.normpath(posixpath.join("/", folder, target)))

    if relations in archive or path:
        budget.walk(archive.read(relations), start)
    return links


def _read_strings(xml: bytes, budget: Budget) -> list[str]:
    """The shared strings: plain ones and those of several runs, without the phonetic readings beside them."""
    strings: list[list[str]] = []
    taking = phonetic = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal taking, phonetic
        element = local(name)
        phonetic = element == "rPh" or (phonetic and element == "t")
        taking = element == "t" and not phonetic and bool(strings)
        if element == "si":
            strings.append([])

    def text(piece: str) -> None:
        if taking:
            strings[-1].append(piece)

    budget.walk(xml, start, text)
    return ["".join(pieces) for pieces in strings]


def _read_date_styles(xml: bytes, budget: Budget) -> frozenset[str]:
    """Which cell styles show their number as a date or time."""
    custom: dict[str, bool] = {}
    styles: list[str] = []
    inside = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        element = local(name)
        if element == "numFmt":
            code = _NOT_FORMAT.sub("", attributes.get("formatCode", "")[: limits.MAX_VALUE_CHARS])
            custom[attributes.get("numFmtId", "")] = any(map(code.lower().__contains__, "ymdhs"))
        elif element == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))
        elif element in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = element

    budget.walk(xml, start)
    built_in = {str(number) for number in _DATE_FORMATS}
    return frozenset(str(index) for index, number in enumerate(styles) if custom.get(number, number in built_in))


class _Sheet:
    """Takes the events of one sheet part and keeps the rows that hold anything.

    Positions come from the attributes `r`, or from counting where a writer leaves them out.
    """

    def __init__(self, shared: _Shared) -> None:
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.hidden_rows = False
        self._shared = shared
        self._names: tuple[str, str, str, str] | None = None
        self._places: dict[str, int] = {}
        self._row: list[Cell] = []
        self._number = 0
        self._number_is_known = True
        self._hidden = False
        self._place = -1
        self._type: str | None = None
        self._style: str | None = None
        self._pieces: list[str] = []
        self._taking = self._phonetic = False
        self._chars = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._names is None:  # the root tells the prefix of all others
            prefix = name[: -len(local(name))]
            self._names = (f"{prefix}c", f"{prefix}v", f"{prefix}t", f"{prefix}row")
        cell, value, inline, row = self._names
        if name in (value, inline):
            self._taking = not self._phonetic
            return
        self._taking = False
        if name == cell:
            self._end_cell()
            self._type = attributes.get("t")
            self._style = attributes.get("s")
            self._phonetic = False
            reference = attributes.get("r")
            self._place = self._place + 1 if reference is None else self._find(reference)
        elif name == row:
            self.finish()
            self._begin_row(attributes)
        else:
            self._phonetic = local(name) == "rPh"

    def text(self, piece: str) -> None:
        if self._taking:
            self._pieces.append(piece)

    def finish(self) -> None:
        """Ends the row that was being read."""
        self._end_cell()
        if all(map(is_blank, self._row)):
            return
        if self.numbers and self._number <= self.numbers[-1]:
            raise FileError("damaged")
        if self._number > limits.MAX_PHYSICAL_ROWS or len(self.rows) >= limits.MAX_RECIPIENTS + limits.MAX_HEADER_ROWS:
            raise too_many_rows()
        self.rows.append(self._row)
        self.numbers.append(self._number)
        self.hidden_rows = self.hidden_rows or self._hidden
        self._row = []

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        self._number_is_known = number is not None
        self._number = self._number + 1 if number is None else _whole(number)
        self._hidden = attributes.get("hidden") in ("1", "true")
        self._row = []
        self._place = -1

    def _find(self, reference: str) -> int:
        """ "B7" → 1."""
        letters = reference.rstrip("0123456789")
        if not self._number_is_known:
            self._number = _whole(reference[len(letters) :])
            self._number_is_known = True
        place = self._places.get(letters)
        if place is None:
            place = self._places[letters] = _column(letters)
        return place

    def _end_cell(self) -> None:
        if not self._pieces:
            return
        text = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        self._pieces = []
        value = self._value(text)
        if value == "":
            return
        if self._place >= limits.MAX_COLUMNS:
            raise too_many_columns(self._number)
        if isinstance(value, str):
            self._count(value)
        missing = self._place - len(self._row)
        if missing < 0:  # a place given twice, or out of order
            self._row[self._place] = value
            return
        if missing:
            self._row.extend([""] * missing)
        self._row.append(value)

    def _count(self, value: str) -> None:
        """A shared text of megabytes in every row would be copied for each."""
        self._chars += len(value)
        if len(value) > limits.MAX_FIELD_CHARS:
            detail = f"a cell holds more than {limits.MAX_FIELD_CHARS:,} characters"
            raise FileError("malformed", row=self._number, detail=detail)
        if self._chars > limits.MAX_TEXT_CHARS:
            raise FileError("zip_bomb")

    def _value(self, text: str) -> Cell:
        kind = self._type
        if kind is None or kind == "n":
            number = _number(text)
            if self._style is not None and self._style in self._shared.dates and not isinstance(number, str):
                return _date(number, from_1904=self._shared.from_1904)
            return number
        if kind == "s":
            index = _whole(text.strip())
            if index >= len(self._shared.strings):
                raise FileError("damaged")
            text = self._shared.strings[index]
        elif kind == "b":
            return text.strip() == "1"
        elif kind == "d":
            return _iso_date(text.strip())
        return _ESCAPED.sub(_unescape, text) if "_x" in text else text


def _number(text: str) -> int | float | str:
    """Exactly what the file says; whatever is no number stays text."""
    if text.isdecimal() and len(text) <= _MAX_NUMBER_CHARS:
        return int(text)
    try:
        number = float(text) if len(text) <= _MAX_NUMBER_CHARS else math.inf
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _date(serial: float, *, from_1904: bool) -> Cell:
    """Days since the epoch of the workbook → date and time, or the number itself when no calendar has it."""
    try:
        moment = _EPOCH_1900 + dt.timedelta(days=serial + (_DAYS_1904 if from_1904 else 0))
    except OverflowError:
        return serial
    rounded = moment + dt.timedelta(microseconds=500_000)
    moment = rounded.replace(microsecond=0)
    return moment.time() if 0 <= serial < 1 else moment


def _iso_date(text: str) -> Cell:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text


def _unescape(match: re.Match[str]) -> str:
    character = chr(int(match.group(1), 16))
    return "" if "\ud800" <= character <= "\udfff" else character


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > _MAX_NUMBER_CHARS:
        raise FileError("damaged")
    return int(text)


def _column(letters: str) -> int:
    """ "A" → 0, "XFD" → 16383, the last there is."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > _MAX_COLUMN_LETTERS:
        raise FileError("damaged")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
