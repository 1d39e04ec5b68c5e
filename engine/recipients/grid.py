"""The events of one xlsx sheet → rows of values."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Final

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.elements import local
from engine.recipients.table import Cell, Row, is_blank, too_many_columns, too_many_rows

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_EPOCH_1900: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's date has no zone
_DAYS_1904: Final = 1462
_HALF_SECOND: Final = dt.timedelta(milliseconds=500)
_MAX_NUMBER_CHARS: Final = 40
_MAX_COLUMN_LETTERS: Final = 3
_SHORT_CHARS: Final = 60
"""So short a text is not counted: even half a million of them are no bomb."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What cells refer to by index."""

    strings: list[str]
    dates: frozenset[str]
    """Indices, as written, of the styles that show a date."""
    from_1904: bool


class Grid:
    """Takes the events of a sheet and keeps the rows that hold anything, with their numbers.

    Positions come from the attributes `r`, or from counting where a writer leaves them out. A sheet has up to half a
    million cells, so `start` and `text` avoid calls. Raises `damaged`, `malformed`, `too_many_rows` or `zip_bomb`.
    """

    def __init__(self, shared: Shared) -> None:
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.hidden_rows = self.uncalculated = False
        self._shared = shared
        self._cell = self._value = self._inline = self._formula = self._row_element = ""
        self._places: dict[str, int] = {}
        self._row: list[Cell] = []
        self._number = 0
        self._number_is_known = True
        self._hidden = False
        self._formulas: list[int] = []
        self._place = -1
        self._attributes: dict[str, str] = {}
        self._pieces: list[str] = []
        self._taking = self._phonetic = False
        self._chars = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == self._value or name == self._inline:  # noqa: PLR1714 - a tuple costs a tenth of the whole time
            self._taking = not self._phonetic
            return
        self._taking = False
        if name == self._cell:
            if self._pieces:
                self._end_cell()
            self._attributes = attributes
            self._phonetic = False
            reference = attributes.get("r")
            if reference is None:
                self._place += 1
            else:
                letters = reference.rstrip("0123456789")
                self._place = self._places[letters] if letters in self._places else self._find(reference, letters)
        elif name == self._row_element:
            self._start_row(attributes)
        else:
            self._start_other(name)

    def text(self, piece: str) -> None:
        """Text between two tags, or a part of it."""
        if self._taking:
            self._pieces.append(piece)

    def finish(self) -> None:
        """Ends the row that was being read."""
        if self._pieces:
            self._end_cell()
        row, self._row = self._row, []
        waiting = self._end_formulas(row) if self._formulas else False
        if not waiting and all(map(is_blank, row)):
            return
        if self.numbers and self._number <= self.numbers[-1]:
            raise FileError("damaged")
        if self._number > limits.MAX_PHYSICAL_ROWS or len(self.rows) >= limits.MAX_RECIPIENTS + limits.MAX_HEADER_ROWS:
            raise too_many_rows()
        self.rows.append(row)
        self.numbers.append(self._number)
        self.hidden_rows = self.hidden_rows or self._hidden

    def _start_row(self, attributes: dict[str, str]) -> None:
        if self._row or self._pieces or self._formulas:
            self.finish()
        number = attributes.get("r")
        self._number_is_known = number is not None
        if number is None:
            self._number += 1
            self._places.clear()  # so that the first cell is looked at for the row's number
        else:
            self._number = _whole(number)
        self._hidden = attributes.get("hidden") in ("1", "true")
        self._place = -1

    def _start_other(self, name: str) -> None:
        element = local(name)
        if not self._cell:  # the root tells the prefix of all others
            prefix = name[: -len(element)]
            self._cell, self._value, self._inline = (prefix + own for own in ("c", "v", "t"))
            self._formula, self._row_element = (prefix + own for own in ("f", "row"))
        self._phonetic = element == "rPh"
        is_text = self._attributes.get("t") == "str"  # which is a result, also when it is ""
        if name == self._formula and not is_text:
            self._formulas.append(self._place)

    def _end_formulas(self, row: list[Cell]) -> bool:
        """Whether a formula of the row has no result; its row is kept, so that nobody in it is left out unnoticed."""
        waiting = any(place >= len(row) or row[place] == "" for place in self._formulas)
        self._formulas.clear()
        self.uncalculated = self.uncalculated or waiting
        return waiting

    def _find(self, reference: str, letters: str) -> int:
        """ "B7" → 1; remembered, and the row's number taken from it where the row has none."""
        if not self._number_is_known:
            self._number = _whole(reference[len(letters) :])
            self._number_is_known = True
        place = self._places[letters] = _column(letters)
        return place

    def _end_cell(self) -> None:
        text = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        self._pieces.clear()
        kind = self._attributes.get("t")
        if kind == "s" and text.isdecimal():
            value = self._string(text)
        elif kind is None and "s" not in self._attributes and len(text) <= _MAX_NUMBER_CHARS:
            value = _number(text)
        else:
            value = self._convert(text, kind)
        missing = self._place - len(self._row)
        if self._place >= limits.MAX_COLUMNS:
            if value != "":
                raise too_many_columns(self._number)
        elif missing < 0:  # a place given twice, or out of order
            self._row[self._place] = value
        elif missing:
            self._row += [*[""] * missing, value]
        else:
            self._row.append(value)

    def _convert(self, text: str, kind: str | None) -> Cell:
        if kind == "s":
            return self._string(str(_whole(text.strip())))
        if (kind is None or kind == "n") and len(text) <= _MAX_NUMBER_CHARS:
            number = _number(text)
            style = self._attributes.get("s")
            if style is not None and style in self._shared.dates and not isinstance(number, str):
                return _date(number, from_1904=self._shared.from_1904)
            return number
        if kind == "b":
            return text.strip() == "1"
        if kind == "d":
            return _iso_date(text.strip())
        return self._counted(unescape(text))

    def _string(self, index: str) -> str:
        try:
            value = self._shared.strings[int(index)]
        except IndexError:
            raise FileError("damaged") from None
        return self._counted(value) if len(value) > _SHORT_CHARS else value

    def _counted(self, value: str) -> str:
        """One shared text of megabytes in every row would be copied for each."""
        self._chars += len(value)
        if len(value) > limits.MAX_FIELD_CHARS:
            detail = f"a cell holds more than {limits.MAX_FIELD_CHARS:,} characters"
            raise FileError("malformed", row=self._number, detail=detail)
        if self._chars > limits.MAX_TEXT_CHARS:
            raise FileError("zip_bomb")
        return value


def unescape(text: str) -> str:
    """ "_x000D_" stands for a character that XML cannot hold."""
    return _ESCAPED.sub(_unescape_one, text) if "_x" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    character = chr(int(match.group(1), 16))
    return "" if "\ud800" <= character <= "\udfff" else character


def _number(text: str) -> int | float | str:
    """Exactly what the file says; whatever is no number stays text."""
    if text.isdecimal():
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _date(serial: float, *, from_1904: bool) -> Cell:
    """Days since the epoch of the workbook → date and time to the second, or the number itself beyond any calendar."""
    try:
        moment = _EPOCH_1900 + dt.timedelta(days=serial + (_DAYS_1904 if from_1904 else 0)) + _HALF_SECOND
    except OverflowError:
        return serial
    moment = moment.replace(microsecond=0)
    return moment.time() if 0 <= serial < 1 else moment


def _iso_date(text: str) -> Cell:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text


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
