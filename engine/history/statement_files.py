"""Statements to keep: a PDF for people and their accountants, a spreadsheet for those who calculate.

Both begin with the opening balance, list every movement with the balance after it, and end with the closing balance;
before a byte is written it is proved that they follow from each other.
"""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs]  it ships none
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from engine.errors import InputError, StateError
from engine.history.exports import XLSX_EXACT_MICRO
from engine.history.filters import MOST_INT, one_of, zone_of
from engine.history.movements import Statement
from engine.model import MICRO, Balance, format_credits, to_datetime
from engine.store import Row

MAX_PDF_ROWS: Final = 5_000
"""Movements of one PDF, some 150 pages."""
UNKNOWN: Final = "◊"
"""Stands for a character that the PDF cannot show (Chinese or Arabic, say); said at the end of the page."""
MOST_LINES: Final = 3
"""Lines of a note or task's name in a PDF; the rest becomes an ellipsis."""


class StatementFormat(StrEnum):
    PDF = "pdf"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Heads:
    """Whose statement it is, in whose zone its times are, and when it was made. `account` is a user's text."""

    account: str
    zone: str
    made_us: int


def written(statement: Statement, heads: Heads, fmt: str) -> bytes:
    """The file; raises InputError for another format or zone or too many movements, StateError when it differs."""
    one_of(fmt, StatementFormat, "Format")
    zone_of(heads.zone)
    prove(statement)
    if fmt == StatementFormat.XLSX:
        return _xlsx(statement, heads)
    if len(statement.rows) > MAX_PDF_ROWS:
        raise InputError("too_many_for_pdf", count=f"{len(statement.rows):,}", limit=f"{MAX_PDF_ROWS:,}")
    return _Paper(statement, heads).bytes()


def prove(statement: Statement) -> None:
    """Opening + movements = closing, in both buckets and after every single movement."""
    available, held = statement.opening.available_micro, statement.opening.held_micro
    for row in statement.rows:
        available += row["available_change_micro"]
        held += row["held_change_micro"]
        if (available, held) != (row["available_after_micro"], row["held_after_micro"]):
            raise StateError("statement_differs")
    if statement.closing != Balance(available, held):
        raise StateError("statement_differs")


def period_words(statement: Statement, heads: Heads) -> str:
    """ "1 Oct 2026 – 31 Oct 2026"; open ends in words. The last day is the last one inside."""
    first = "the beginning" if statement.start_us <= 0 else _day(_local(statement.start_us, heads.zone))
    end_us = max(min(statement.end_us, heads.made_us + 1), statement.start_us + 1)
    last = "now" if statement.end_us >= MOST_INT // 2 else _day(_local(end_us - 1, heads.zone))
    return f"{first} – {last}"


def _local(instant_us: int, zone: str) -> datetime:
    return to_datetime(instant_us).astimezone(ZoneInfo(zone))


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _what(row: Row) -> str:
    """The task's name or the note, whichever a movement has."""
    return " · ".join(part for part in (row["task_name"], row["note"]) if part)


def _signed(amount_micro: int) -> str:
    return f"{'+' if amount_micro > 0 else ''}{format_credits(amount_micro)}" if amount_micro else ""


# --- Spreadsheet ------------------------------------------------------------------------------------------------------

_XLSX_HEADS: Final = (
    ("No.", 9),
    ("Time", 26),
    ("Kind", 26),
    ("Task or note", 40),
    ("Available", 15),
    ("Available after", 15),
    ("Held", 15),
    ("Held after", 15),
)


def _xlsx(statement: Statement, heads: Heads) -> bytes:
    """Every cell is written with its type, so that no text is taken for a formula."""
    target = io.BytesIO()
    book: Any = xlsxwriter.Workbook(target, {"constant_memory": True})
    sheet = book.add_worksheet("Statement")
    bold, amount = book.add_format({"bold": True}), book.add_format({"num_format": "0.00####"})

    def credit(row: int, column: int, value: int) -> None:
        if abs(value) < XLSX_EXACT_MICRO:
            sheet.write_number(row, column, value / MICRO, amount)
        else:
            sheet.write_string(row, column, format_credits(value))

    def balance(row: int, words: str, found: Balance) -> None:
        sheet.write_string(row, 2, words, bold)
        credit(row, 5, found.available_micro)
        credit(row, 7, found.held_micro)

    facts = (
        ("Account", heads.account),
        ("Period", period_words(statement, heads)),
        ("Time zone", heads.zone),
        ("Made", f"{_local(heads.made_us, heads.zone):%Y-%m-%d %H:%M}"),
    )
    for place, (_, width) in enumerate(_XLSX_HEADS):
        sheet.set_column(place, place, width)
    for row, (name, value) in enumerate(facts):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value)
    top = len(facts) + 1
    for place, (name, _) in enumerate(_XLSX_HEADS):
        sheet.write_string(top, place, name, bold)
    balance(top + 1, "Opening balance", statement.opening)
    for line, movement in enumerate(statement.rows, start=top + 2):
        sheet.write_number(line, 0, movement["id"])
        sheet.write_string(line, 1, _local(movement["created_us"], heads.zone).isoformat(timespec="seconds"))
        sheet.write_string(line, 2, movement["words"])
        sheet.write_string(line, 3, _what(movement))
        for column, name in enumerate(("available_change", "available_after", "held_change", "held_after"), start=4):
            credit(line, column, movement[f"{name}_micro"])
    balance(top + 2 + len(statement.rows), "Closing balance", statement.closing)
    book.close()
    return target.getvalue()


# --- PDF --------------------------------------------------------------------------------------------------------------

_FONT, _BOLD = "IMSSans", "IMSSansBold"
"""DejaVu Sans, embedded: looks the same everywhere, and has Latin, Greek, Cyrillic, Armenian and Georgian letters."""
_FONTS: Final = Path(__file__).parents[2] / "data" / "fonts"
_LEFTWARD: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"})
"""Bidirectional classes that drawing letter by letter from the left gets wrong (Unicode UAX #9)."""
_WIDTH, _HEIGHT = landscape(A4)
_MARGIN: Final = 40.0
_SIZE: Final = 7.5
_LEADING: Final = 10.5
_FOOT: Final = 52.0
"""Height kept free for the page number."""
_COLUMNS: Final = (
    ("No.", 40.0, False),
    ("Time", 96.0, False),
    ("Kind", 118.0, False),
    ("Task or note", 164.0, False),
    ("Available", 86.0, True),
    ("Available after", 86.0, True),
    ("Held", 86.0, True),
    ("Held after", 86.0, True),
)
"""Heading, width, whether it is aligned to the right."""


@cache
def _glyphs() -> frozenset[int]:
    """Registers the fonts once; the characters they have and can be drawn one by one."""
    fonts: Any = pdfmetrics  # reportlab is typed only in part
    for name, file in ((_FONT, "DejaVuSans.ttf"), (_BOLD, "DejaVuSans-Bold.ttf")):
        fonts.registerFont(TTFont(name, _FONTS / file))
    known: frozenset[int] = frozenset(fonts.getFont(_FONT).face.charToGlyph)
    return frozenset(code for code in known if unicodedata.bidirectional(chr(code)) not in _LEFTWARD)


class _Paper:
    """Writes top down, a new page when the line does not fit; page numbers when their sum is known."""

    def __init__(self, statement: Statement, heads: Heads) -> None:
        self._known = _glyphs()
        self._replaced = False
        self._statement, self._heads = statement, heads
        self._target = io.BytesIO()
        self._canvas: Any = Canvas(self._target, pagesize=(_WIDTH, _HEIGHT), pageCompression=1)
        self._canvas.setTitle("Statement")
        self._pages = 0
        self._y = 0.0

    def bytes(self) -> bytes:
        statement = self._statement
        self._canvas.setTitle(f"Statement {period_words(statement, self._heads)}")
        self._page()
        self._balance("Opening balance", statement.opening)
        for row in statement.rows:
            self._row(_cells(row, self._heads.zone))
        self._balance("Closing balance", statement.closing)
        self._end()
        self._canvas.save()
        return self._target.getvalue()

    def _page(self) -> None:
        if self._pages:
            self._footer()
            self._canvas.showPage()
        self._pages += 1
        self._y = _HEIGHT - _MARGIN
        if self._pages == 1:
            self._heading()
        self._table_head()

    def _heading(self) -> None:
        self._text(_MARGIN, "Statement of credits", font=_BOLD, size=15)
        self._y -= 20
        made = _local(self._heads.made_us, self._heads.zone)
        for name, value in (
            ("Account", self._heads.account),
            ("Period", period_words(self._statement, self._heads)),
            ("Made", f"{_day(made)}, {made:%H:%M}; times are of {self._heads.zone}"),
            ("Movements", f"{len(self._statement.rows):,}"),
        ):
            self._text(_MARGIN, name, font=_BOLD, size=9)
            for line in self._wrapped(value, _WIDTH - 2 * _MARGIN - 80, size=9):
                self._text(_MARGIN + 80, line, size=9)
                self._y -= 13
        self._y -= 8

    def _table_head(self) -> None:
        self._y -= _LEADING
        self._line([name for name, _, _ in _COLUMNS], font=_BOLD)
        self._y -= 4
        self._rule()

    def _balance(self, words: str, found: Balance) -> None:
        after = (format_credits(found.available_micro), format_credits(found.held_micro))
        self._row(["", "", words, "", "", after[0], "", after[1]], font=_BOLD)

    def _row(self, cells: list[str], *, font: str = _FONT) -> None:
        """Wraps the kind and the note; every other cell is one line."""
        wrapped = [
            self._wrapped(cell, width - 8, font=font) if place in {2, 3} else [cell]
            for place, (cell, (_, width, _)) in enumerate(zip(cells, _COLUMNS, strict=True))
        ]
        height = max(len(lines) for lines in wrapped)
        if self._y - height * _LEADING < _FOOT:
            self._page()
        for number in range(height):
            self._y -= _LEADING
            self._line([lines[number] if number < len(lines) else "" for lines in wrapped], font=font)
        self._y -= 3.5
        self._rule()

    def _line(self, cells: list[str], *, font: str = _FONT) -> None:
        left = _MARGIN
        self._canvas.setFont(font, _SIZE)
        for cell, (_, width, right) in zip(cells, _COLUMNS, strict=True):
            if cell and right:
                self._canvas.drawRightString(left + width, self._y, self._shown(cell))
            elif cell:
                self._canvas.drawString(left, self._y, self._shown(cell))
            left += width

    def _rule(self) -> None:
        self._canvas.setLineWidth(0.3)
        self._canvas.setStrokeGray(0.75)
        self._canvas.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)

    def _text(self, x: float, text: str, *, font: str = _FONT, size: float = _SIZE) -> None:
        self._canvas.setFont(font, size)
        self._canvas.drawString(x, self._y, self._shown(text))

    def _end(self) -> None:
        if self._replaced:
            if self._y - 2 * _LEADING < _FOOT:
                self._page()
            self._y -= 2 * _LEADING
            self._text(
                _MARGIN, f"{UNKNOWN} stands for a character that this font does not have; the Excel file has them all."
            )
        self._footer()

    def _footer(self) -> None:
        self._canvas.setFont(_FONT, _SIZE)
        self._canvas.drawString(_MARGIN, _MARGIN - 8, "Amounts in credits. Opening + movements = closing, exactly.")
        self._canvas.drawRightString(_WIDTH - _MARGIN, _MARGIN - 8, f"Page {self._pages}")

    def _shown(self, text: str) -> str:
        """Literally, with UNKNOWN for characters the font lacks, so that nothing vanishes unseen."""
        if all(ord(c) in self._known for c in text):
            return text
        self._replaced = True
        return "".join(c if ord(c) in self._known else UNKNOWN for c in text)

    def _wrapped(self, text: str, width: float, *, font: str = _FONT, size: float = _SIZE) -> list[str]:
        """At most MOST_LINES lines that fit; broken between words where there are any."""
        lines: list[str] = []
        rest = " ".join(self._shown(text).split())
        while rest and len(lines) < MOST_LINES:
            cut = _fitting(rest, width, font, size)
            space = rest.rfind(" ", 0, cut + 1)
            if cut < len(rest) and space > 0:
                cut = space
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        if rest:
            last = lines[-1]
            lines[-1] = last[: _fitting(last, width - _SIZE, font, size)] + "…"
        return lines or [""]


def _cells(row: Row, zone: str) -> list[str]:
    when = _local(row["created_us"], zone)
    return [
        str(row["id"]),
        f"{_day(when)}, {when:%H:%M:%S}",
        row["words"],
        _what(row),
        _signed(row["available_change_micro"]),
        format_credits(row["available_after_micro"]),
        _signed(row["held_change_micro"]),
        format_credits(row["held_after_micro"]),
    ]


def _fitting(text: str, width: float, font: str, size: float) -> int:
    """How many characters from the beginning fit, at least one."""
    used = 0.0
    for place, character in enumerate(text):
        used += _advance(character, font) * size
        if used > width:
            return max(place, 1)
    return len(text)


@cache
def _advance(character: str, font: str) -> float:
    """Width of a character at size 1; only those of the font come here, so the cache stays small."""
    return pdfmetrics.stringWidth(character, font, 1)
