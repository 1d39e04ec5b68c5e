"""Which row is the header and which column holds the phone numbers, by name and by content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from engine import content, numbers
from engine.errors import FileError
from engine.model import RowReason
from engine.recipients import headers, limits
from engine.recipients.table import BLANK, Cell, Row, Table, is_blank, listing

_SAMPLE_ROWS: Final = 200
_JUDGED_VALUES: Final = 40
"""Values of a column that are parsed in full, where names and shapes do not decide."""
_MAX_LABELS: Final = 10
"""Columns named in one sentence."""
_SURE: Final = 3
_LIKELY: Final = 2
"""Strengths of names, as `headers.strength` gives them."""
_MOST: Final = 0.5
_MIN_DIGITS: Final = 7
_MAX_DIGITS: Final = 40
"""Room for two numbers in one cell: such a column is one of numbers too."""
_NUMBER_SHAPE: Final = re.compile(
    r"[\s\d+＋'’‘`\"=()（）\[\]./,;、·\-‐-―−ー\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)
_DATE_SHAPE: Final = re.compile(r"\s*(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})(?:[ T].*)?")
_NUMBER_FIRST: Final = re.compile(r"\W*(?:[A-Za-z]{1,10}:)?\W*\d")
"""Behind at most one word with a colon, such as "tel:" or "p:"."""
_SCIENTIFIC: Final = re.compile(r"\s*\d(?:[.,]\d+)?\s*[eE]\s*\+?\d+\s*")
_MIN_NUMERIC: Final = 10 ** (_MIN_DIGITS - 1)
_DOUBTFUL: Final = frozenset(
    {
        RowReason.EMPTY,
        RowReason.CHARACTERS,
        RowReason.TOO_SHORT,
        RowReason.TOO_LONG,
        RowReason.COUNTRY,
        RowReason.NOT_ASSIGNED,
        RowReason.SPREADSHEET_NUMBER,
        RowReason.TWO_NUMBERS,
    }
)
"""Verdicts that do not show a value to be a phone number; a landline, say, plainly is one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`header` and `first` index `Table.rows`; `header` is None when there is no header row."""

    header: int | None
    first: int
    phone: int
    names: tuple[str, ...]
    """One per column, unique, "" where the column has no name."""
    notes: tuple[str, ...]


def looks_like_number(cell: Cell) -> bool:
    """Whether a cell is shaped like a phone number, valid or not: enough digits, no letters, not a date."""
    if isinstance(cell, str):
        if len(cell) > limits.MAX_VALUE_CHARS:
            return False
        if _NUMBER_SHAPE.fullmatch(cell):
            return _MIN_DIGITS <= sum(map(str.isdecimal, cell)) <= _MAX_DIGITS and not _DATE_SHAPE.fullmatch(cell)
        return _SCIENTIFIC.fullmatch(cell) is not None
    return not isinstance(cell, bool) and isinstance(cell, (int, float)) and abs(cell) >= _MIN_NUMERIC


def is_phone_header(cell: Cell) -> bool:
    return isinstance(cell, str) and headers.strength(cell.strip(BLANK)) >= _LIKELY


def find(table: Table, default_country: str | None, column: str | None) -> Layout:
    """The layout of a table. `column` is the name the user chose, as `choose_column` listed it.

    Raises `no_recipients`, or `choose_column` with `columns` (a sentence part) and `choices` (the names).
    """
    header = _find_header(table, default_country)
    first = 0 if header is None else header + 1
    search = _Search(table, header, first, default_country)
    if first >= len(table.rows):
        raise FileError("no_recipients")
    phone = search.chosen(column) if column is not None else search.found()
    return Layout(
        header, first, phone, tuple(search.names), (*_header_notes(table, header, phone), *search.notes(phone))
    )


def _find_header(table: Table, default_country: str | None) -> int | None:
    """Index of the header: the row that names a phone column, else the widest row above the first number."""
    top = table.rows[: limits.MAX_HEADER_ROWS]
    named = [max(map(_name_strength, row), default=0) for row in top]
    data = next((at for at, row in enumerate(top) if any(map(looks_like_number, row))), len(top))
    if table.is_list:
        return 0 if data and named[0] and _digits(top[0][0]) < _MIN_DIGITS else None
    sure = next((at for at in range(data) if named[at] == _SURE), None)
    if sure is None:
        sure = _header_below_sums(top, data, default_country)
    if sure is not None:
        return sure
    for least_filled in (2, 1):
        for at in range(data):
            if named[at] >= _LIKELY and _filled(top[at]) >= least_filled and not _below_people(top, at):
                return at
    above = _rows_above(top, data)
    return max(range(above), key=lambda at: (_filled(top[at]), -at), default=None)


def _header_below_sums(top: Sequence[Row], data: int, default_country: str | None) -> int | None:
    """Index of a header at or below a row whose digits are no phone number, such as "Total,1234567" or a date: the
    name has to stand above numbers, or it would be a value such as the kind of a number in a file without header."""
    for at in range(data, len(top)):
        if any(looks_like_number(cell) and numbers.parse(cell, default_country) not in _DOUBTFUL for cell in top[at]):
            return None
        places = [place for place, cell in enumerate(top[at]) if _name_strength(cell) == _SURE]
        below = (row[place] for row in top[at + 1 :] for place in places if len(row) > place)
        if any(map(looks_like_number, below)):
            return at
    return None


def _below_people(top: Sequence[Row], at: int) -> bool:
    """Whether a row above, no narrower than this one as a title is, holds a number."""
    width = _filled(top[at])
    return any(_filled(row) >= width and any(map(_is_number_among_words, row)) for row in top[:at])


def _rows_above(top: Sequence[Row], data: int) -> int:
    """How many of the rows above the first number are titles or header, not numbers that are too short or stand
    among words."""
    places = [place for place, cell in enumerate(top[data]) if looks_like_number(cell)] if data < len(top) else []
    for at in range(data):
        cells = [top[at][place] for place in places if len(top[at]) > place] if places else top[at]
        if any(map(_is_number_among_words, cells)) or (places and any(map(_is_digits, cells))):
            return at
    return data


def _header_notes(table: Table, header: int | None, phone: int) -> list[str]:
    if table.is_list and header is None:
        return ["The file is a plain list: every entry was taken as a recipient, and rows are counted one by one."]
    if header is None:
        first = table.rows[0][phone] if len(table.rows[0]) > phone else ""
        if is_blank(first):
            return []
        return [f"Row {table.numbers[0]} is itself a number, not a header: it was taken as a recipient."]
    if header == 0:
        return []
    above = f"Rows {table.numbers[0]} to {table.numbers[header - 1]} were"
    if header == 1:
        above = f"Row {table.numbers[0]} was"
    return [f"{above} skipped: the header is in row {table.numbers[header]}."]


class _Search:
    """The columns of one table while it is decided which one to send to."""

    def __init__(self, table: Table, header: int | None, first: int, default_country: str | None) -> None:
        rows = table.rows[first:]
        step = max(1, len(rows) // _SAMPLE_ROWS)
        self._sample = rows[:_SAMPLE_ROWS] + rows[_SAMPLE_ROWS::step]
        self._country = default_country
        titles = () if header is None else table.rows[header]
        self._width = max(map(len, (titles, *self._sample)), default=0)
        self.names = _unique_names(titles, self._width)
        shapes = [self._shape(place) for place in range(self._width)]
        self._filled = [filled for filled, _ in shapes]
        self._shaped = [shaped for _, shaped in shapes]
        self._judged: dict[int, bool] = {}

    def chosen(self, column: str) -> int:
        """The column the user named."""
        labels = [self._label(place) for place in range(self._width)]
        if column in labels:
            return labels.index(column)
        for place, label in enumerate(labels):
            if headers.same_name(label, column):
                return place
        raise self._ask([place for place in range(self._width) if self._filled[place]])

    def found(self) -> int:
        """The only column of numbers."""
        by_name = [place for place in range(self._width) if headers.strength(self.names[place]) >= _LIKELY]
        with_numbers = [place for place in by_name if self._shaped[place]]
        likely = self._likely(with_numbers)
        if len(likely) > 1:
            raise self._ask(likely)
        if likely:
            return likely[0]
        filled = [place for place in by_name if self._filled[place]]
        vague = any(map(self._is_vague, range(self._width)))
        if (filled and not vague) or (by_name and not any(self._shaped)):
            return (filled or by_name)[0]
        if by_name and not vague:  # the named column is empty: numbers under other names may be ids
            raise self._ask([place for place in range(self._width) if self._shaped[place]])
        return self._by_content()

    def notes(self, phone: int) -> list[str]:
        """What else looks like numbers, so that no column is left out unnoticed."""
        return [
            f"Column “{self._label(place)}” also looks like phone numbers; it was not used."
            for place in range(self._width)
            if place != phone and not headers.is_other(self.names[place]) and self._holds_numbers(place)
        ]

    def _is_vague(self, place: int) -> bool:
        """Whether a column with a vague name or none is plainly one of phone numbers."""
        name = self.names[place]
        return (not name or headers.strength(name) == 1) and self._holds_numbers(place)

    def _likely(self, named: list[int]) -> list[int]:
        """Named phone columns, and those with a vague name or none whose content is plainly phone numbers."""
        if not named:
            return []
        vague = [place for place in range(self._width) if place not in named and self._is_vague(place)]
        return sorted(named + vague)

    def _by_content(self) -> int:
        mostly = [place for place in range(self._width) if self._is_shaped(place)]
        if len(mostly) > 1:  # a fax column or one of ids is taken only when there is no other
            mostly = [place for place in mostly if not headers.is_other(self.names[place])] or mostly
        if len(mostly) > 1:
            mostly = [place for place in mostly if self._holds_numbers(place)] or mostly
        some = mostly or [place for place in range(self._width) if self._shaped[place]]
        if not some:
            raise FileError("no_recipients")
        if len(some) > 1:
            raise self._ask(some)
        return some[0]

    def _shape(self, place: int) -> tuple[int, int]:
        cells = [row[place] for row in self._sample if len(row) > place and not is_blank(row[place])]
        return len(cells), sum(map(looks_like_number, cells))

    def _is_shaped(self, place: int) -> bool:
        return self._shaped[place] > self._filled[place] * _MOST

    def _holds_numbers(self, place: int) -> bool:
        """Whether most cells of a column are numbers of some country, whether or not they get SMS."""
        if not self._is_shaped(place):
            return False
        if place not in self._judged:
            filled = (row[place] for row in self._sample if len(row) > place and not is_blank(row[place]))
            verdicts = [numbers.parse(cell, self._country) for cell in islice(filled, _JUDGED_VALUES)]
            plain = sum(verdict not in _DOUBTFUL for verdict in verdicts)
            self._judged[place] = plain >= len(verdicts) * _MOST
        return self._judged[place]

    def _label(self, place: int) -> str:
        return self.names[place] or f"column {column_letters(place)}"

    def _ask(self, places: Sequence[int]) -> FileError:
        labels = tuple(self._label(place) for place in places)
        return FileError("choose_column", columns=listing(labels, _MAX_LABELS), choices=labels)


def column_letters(place: int) -> str:
    """0 → "A", 26 → "AA", as a spreadsheet names its columns."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _unique_names(titles: Row, width: int) -> list[str]:
    """Header texts in the original spelling; the second “name”, as placeholders match names, becomes “name (2)”."""
    names: list[str] = []
    taken: set[str] = set()
    for place in range(width):
        title = str(titles[place]) if place < len(titles) and isinstance(titles[place], (str, int, float)) else ""
        visible = "".join(character for character in " ".join(title.split()) if character.isprintable())
        name = visible.strip(BLANK)[: limits.MAX_HEADER_CHARS]
        unique, count = name, 1
        while name and content.placeholder_key(unique) in taken:
            count += 1
            unique = f"{name} ({count})"
        if name:
            taken.add(content.placeholder_key(unique))
        names.append(unique)
    return names


def _name_strength(cell: Cell) -> int:
    if not isinstance(cell, str) or _is_number_among_words(cell):
        return 0
    return headers.strength(cell.strip(BLANK))


def _is_number_among_words(cell: Cell) -> bool:
    """Whether a cell begins with a number ("+61412345678 Ann", "tel:0412…") or holds one and is no name at all;
    "Phone (e.g. 61412345678)" is a name."""
    if not isinstance(cell, str) or len(cell) > limits.MAX_VALUE_CHARS or _digits(cell) < _MIN_DIGITS:
        return False
    return _NUMBER_FIRST.match(cell) is not None or not headers.strength(cell.strip(BLANK))


def _digits(cell: Cell) -> int:
    return sum(map(str.isdecimal, cell)) if isinstance(cell, str) else 0


def _is_digits(cell: Cell) -> bool:
    """Looser than a phone number: a cut or mistyped one in row 1 is reported, not swallowed as a header."""
    if isinstance(cell, str):
        return any(map(str.isdecimal, cell)) and not any(map(str.isalpha, cell))
    return isinstance(cell, (int, float))


def _filled(row: Row) -> int:
    return sum(not is_blank(cell) for cell in row)
