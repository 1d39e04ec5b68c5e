"""Recipients of every region of the world, in the spellings that people use; the same for the same seed."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import phonenumbers
import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it ships none
from phonenumbers import PhoneNumberType

from engine import numbers
from engine.gateways.fates import ENDINGS

HEADER: Final = ("name", "phone", "city")
RANDOM_DIGITS: Final = 4
CANDIDATES: Final = 1.25
"""Random digits make some numbers nobody has, so more are drawn than are wanted."""


def file_of(ending: str, count: int, seed: int) -> bytes:
    """A csv or xlsx file of `count` rows of which about 97 in 100 can be sent to."""
    rng = random.Random(seed)
    rows = [(f"Person {row}", _spelled(rng, *number), "Springfield") for row, number in enumerate(_drawn(rng, count))]
    return _csv(rows) if ending == "csv" else _xlsx(rows)


def numbers_of(count: int, seed: int) -> list[str]:
    """`count` mobiles as a file has them, each spelled in another way."""
    rng = random.Random(seed)
    return [_spelled(rng, *number) for number in _drawn(rng, count)]


def file_of_accepted(count: int, seed: int) -> bytes:
    """A csv file in which each of `count` rows can be sent to, without the numbers that the simulator always fails."""
    rng = random.Random(seed)
    drawn = _drawn(rng, round(count * CANDIDATES) + 20)
    texts = dict.fromkeys(f"+{code}{number}" for code, number in drawn if number[-RANDOM_DIGITS:] not in ENDINGS)
    good = numbers.parse_column(list(texts))["msisdn"].drop_nulls().head(count)
    assert good.len() == count
    return _csv([(f"Person {row}", msisdn, "Springfield") for row, msisdn in enumerate(good)])


def _drawn(rng: random.Random, count: int) -> list[tuple[int, str]]:
    """(calling code, national number), regions taking turns and then shuffled."""
    known = _examples()
    drawn: list[tuple[int, str]] = []
    for place in range(count):
        code, national = known[place % len(known)]
        ending = "".join(rng.choices("0123456789", k=RANDOM_DIGITS))
        drawn.append((code, national[:-RANDOM_DIGITS] + ending))
    rng.shuffle(drawn)
    return drawn


def _spelled(rng: random.Random, code: int, national: str) -> str:
    """As exports write it (plain) or as people do (spaces, plus, brackets)."""
    spaced = f"{national[:3]} {national[3:6]} {national[6:]}".rstrip()
    return rng.choice(
        (f"{code}{national}", f"+{code}{national}", f"+{code} {spaced}", f"+{code} ({national[:3]}) {national[3:]}")
    )


@cache
def _examples() -> Sequence[tuple[int, str]]:
    """The library's example of a mobile for each region that has one."""
    found: list[tuple[int, str]] = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS - numbers.BLOCKED):
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        if example is not None and example.country_code is not None:
            found.append((example.country_code, phonenumbers.national_significant_number(example)))
    return found


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def _xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet: Any = book.add_worksheet()  # pyright: ignore[reportUnknownMemberType] - typed only in part
        for row, cells in enumerate([HEADER, *rows]):
            sheet.write_row(row, 0, cells)
    return data.getvalue()
