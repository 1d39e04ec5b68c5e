"""One country's rules, and the table that ships with the product."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from engine.numbers import country_name

FILE: Final = Path(__file__).parents[2] / "data" / "countries.csv"
DAY_MINUTES: Final = 1_440
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class SenderRule(StrEnum):
    SHOWN = "shown"
    """Recipients see what was typed."""
    REPLACED = "replaced"
    """Recipients see a number that the operator chooses."""
    NEEDS_REGISTRATION = "needs_registration"
    """Shown when the operator has registered it; otherwise blocked or replaced."""
    NOT_SUPPORTED = "not_supported"
    UNKNOWN = "unknown"


class Weekday(StrEnum):
    """In the order of `datetime.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK: Final = tuple(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """`zone` is where most people live. Quiet hours are minutes of the local day, from ≤ t < to, over midnight when
    `quiet_from` is later; none when both are equal. `edited_us` None: as shipped."""

    code: str
    zone: str
    sender_rule: SenderRule
    quiet_from: int
    quiet_to: int
    weekend: frozenset[Weekday]
    note: str
    source: str
    checked: str
    edited_us: int | None = None
    edited_by: str | None = None

    @property
    def name(self) -> str:
        return country_name(self.code)

    @property
    def quiet_words(self) -> str:
        """Such as “20:00–08:00”."""
        if self.quiet_from == self.quiet_to:
            return "none"
        return f"{minutes_text(self.quiet_from)}–{minutes_text(self.quiet_to)}"

    @property
    def weekend_words(self) -> str:
        """Such as “Sat, Sun”."""
        return ", ".join(day.value.capitalize() for day in WEEK if day in self.weekend) or "none"


def minutes_of(clock: str) -> int:
    """ "20:00" → 1200. Raises ValueError."""
    found = _CLOCK.fullmatch(clock.strip())
    if found is None:
        raise ValueError(clock)
    return 60 * int(found[1]) + int(found[2])


def minutes_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def weekend_of(words: str) -> frozenset[Weekday]:
    """ "fri sat" → the days. Raises ValueError."""
    return frozenset(Weekday(word) for word in words.split())


def weekend_text(days: frozenset[Weekday]) -> str:
    return " ".join(day.value for day in WEEK if day in days)


@cache
def shipped() -> Mapping[str, Country]:
    """Every region by code, as `data/countries.csv` has it."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: _country(row) for row in csv.DictReader(file)}


def _country(row: Mapping[str, str]) -> Country:
    return Country(
        code=row["code"],
        zone=row["zone"],
        sender_rule=SenderRule(row["sender_rule"]),
        quiet_from=minutes_of(row["quiet_from"]),
        quiet_to=minutes_of(row["quiet_to"]),
        weekend=weekend_of(row["weekend"]),
        note=row["note"],
        source=row["source"],
        checked=row["checked"],
    )
