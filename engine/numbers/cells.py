"""One value as found in a cell → the digits of one phone number, or why there are none.

These rules come before libphonenumber, which is too lenient for files: it takes vanity letters, "ext 5", the number
inside a formula, the first of two numbers, and reads the text "61412345678.0" as another number.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time, timedelta
from functools import lru_cache
from math import isfinite
from typing import Final

from engine.model import RowReason

MAX_TEXT_CHARACTERS: Final = 250
"""libphonenumber reads no more than this either."""
MAX_CELL_CHARACTERS: Final = 4_096
"""No verdict needs more of a cell than this, so a huge one costs no more time."""
MAX_DIGITS: Final = 15
"""The longest number of ITU-T E.164, and what a spreadsheet keeps of one: it turns later digits into 0."""
MIN_DIGITS_OF_FULL_NUMBER: Final = 7

# Repetitions are possessive (*+) throughout: a cell made to be slow cannot make the pattern try again and again.
# Most cells match one of these two and skip everything below; neither can hold two numbers or a changed one.
_DIGITS_ONLY: Final = re.compile(r"\+?[0-9]{7,15}")
_PLAIN: Final = re.compile(r"[ (]*+\+?[ (]*+[0-9][0-9 ()-]*+")

_APOSTROPHES: Final = ("'", "’", "‘")
_ALIKE: Final = dict.fromkeys("‐‑‒–—―−ー", "-") | {"、": ","}
_LINE_BREAKS: Final = "\n\r\v\f\x85\u2028\u2029"
_SPACES: Final = str.maketrans("\t\r\v\f", " \n\n\n")
_FULL_WIDTH_TO_ASCII: Final = 0xFEE0

_PHONE_CHARACTERS: Final = re.compile(r"[+ \n()\[\]./,-]*+[0-9][0-9+ \n()\[\]./,-]*+")
_ONE_NUMBER: Final = re.compile(r"[ \n()\[\]./-]*+\+?[0-9 \n()\[\]./-]*+")
_PUNCTUATION: Final = str.maketrans("", "", " \n()[]./-")
_ALL_BUT_DIGITS: Final = str.maketrans("", "", "+ \n()[]./,-")

# "6.14E+10" and "6,14E+10"; "61412345678.0", ".00" or ",5"; "-61412345678".
_CHANGED_BY_SPREADSHEET: Final = re.compile(
    r"[+-]?[0-9]++(?:[.,][0-9]*+)? ?[eE] ?[+-]?[0-9]++|[+-]?[0-9]{7,}+[.,][0-9]{1,2}|[+-]?[0-9 ]{7,}+[.,]0++|-[0-9]++"
)
_FIRM_SEPARATORS: Final = re.compile(r"[\n,]+")
_LOOSE_SEPARATORS: Final = re.compile(r"[\n,/]+| {2,}")
_ANY_SEPARATORS: Final = re.compile(r"[^0-9]+")


def read(value: object) -> str | RowReason:
    """Digits with an optional leading plus, such as "+61412345678"; else `empty`, `characters`, `two_numbers`,
    `spreadsheet_number` or `too_long`. Nothing is said yet about which country they belong to."""
    if isinstance(value, str):
        if _DIGITS_ONLY.fullmatch(value):
            return value
        if _PLAIN.fullmatch(value):
            text = value.translate(_PUNCTUATION)
            if len(text) <= MAX_DIGITS:
                return text
        return _read_text(value)
    return _read_other(value)


def _read_other(value: object) -> str | RowReason:
    """A cell that is not text: a number as the spreadsheet keeps it, a date, nothing."""
    if value is None:
        return RowReason.EMPTY
    if isinstance(value, (date, time, timedelta)):  # what spreadsheets make of 1-2-2024
        return RowReason.SPREADSHEET_NUMBER
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return RowReason.CHARACTERS
    if isinstance(value, float) and not isfinite(value):
        return RowReason.CHARACTERS
    if not 0 <= value < 10**MAX_DIGITS or value != int(value):
        return RowReason.SPREADSHEET_NUMBER
    return str(int(value))


def _read_text(value: str) -> str | RowReason:
    text = _fold(value)
    if not text:
        return RowReason.EMPTY
    if _CHANGED_BY_SPREADSHEET.fullmatch(text):
        return RowReason.SPREADSHEET_NUMBER
    if not _PHONE_CHARACTERS.fullmatch(text):
        return RowReason.CHARACTERS
    if _holds_two(text[:MAX_TEXT_CHARACTERS]):
        return RowReason.TWO_NUMBERS
    if not _ONE_NUMBER.fullmatch(text):
        return RowReason.CHARACTERS
    return text.translate(_PUNCTUATION) if len(text) <= MAX_TEXT_CHARACTERS else RowReason.TOO_LONG


def _fold(value: str) -> str:
    """ASCII for digits of any script, full-width forms, dashes and spaces; without invisible characters,
    the outer spaces, and the apostrophe that marks text in spreadsheets, or the two around a database's export."""
    text = value.strip()[:MAX_CELL_CHARACTERS]
    text = text.translate(_SPACES) if text.isascii() else "".join(map(_fold_character, text)).strip()
    return text[1:].removesuffix("'").removesuffix("’").strip() if text.startswith(_APOSTROPHES) else text


@lru_cache(maxsize=4_096)
def _fold_character(character: str) -> str:
    if character.isspace():
        return "\n" if character in _LINE_BREAKS else " "
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - _FULL_WIDTH_TO_ASCII)
    if unicodedata.category(character) == "Cf":  # zero-width, bidirectional and byte order marks, soft hyphen
        return ""
    digit = unicodedata.decimal(character, None)  # of any script; superscripts and circled digits have none
    return _ALIKE.get(character, character) if digit is None else str(digit)


def _holds_two(text: str) -> bool:
    """Whether two full numbers are plainly there: apart by a new line or comma, each with its own plus, or
    apart by anything when all digits together are too many for one number. `text` has phone characters only."""
    digits = _digit_count(text)
    if digits < 2 * MIN_DIGITS_OF_FULL_NUMBER:
        return False
    if text.count("+") > 1 and _full_numbers(text.split("+")) > 1:
        return True
    if _full_numbers(_FIRM_SEPARATORS.split(text)) > 1:
        return True
    if digits <= MAX_DIGITS:
        return False
    return _full_numbers(_LOOSE_SEPARATORS.split(text)) > 1 or _full_numbers(_ANY_SEPARATORS.split(text)) > 1


def _full_numbers(pieces: list[str]) -> int:
    return sum(_digit_count(piece) >= MIN_DIGITS_OF_FULL_NUMBER for piece in pieces)


def _digit_count(text: str) -> int:
    return len(text.translate(_ALL_BUT_DIGITS))
