"""The dates that records are read for: presets and free choice, as days of the reader's zone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from engine.model import to_us
from pages.ui import format as show

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 30)
"""No record lies outside; the ends keep every instant within what calendars and the database can hold."""
ONE_DAY: Final = timedelta(days=1)


class Preset(StrEnum):
    """Written into addresses: `?dates=7d`."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "30d"
    THIS_MONTH = "month"
    ALL = "all"
    CUSTOM = "custom"


LABELS: Final[dict[Preset, str]] = {
    Preset.TODAY: "Today",
    Preset.WEEK: "7 days",
    Preset.MONTH: "30 days",
    Preset.THIS_MONTH: "This month",
    Preset.ALL: "All",
    Preset.CUSTOM: "Custom",
}


@dataclass(frozen=True, slots=True)
class Period:
    """`start_us` ≤ instant < `end_us`, None without limit; `words` name it, `first` and `last` are its days."""

    start_us: int | None
    end_us: int | None
    words: str
    first: date | None = None
    last: date | None = None


def period_of(preset: Preset, *, today: date, zone: str, custom: Sequence[date] = (), upcoming: bool = False) -> Period:
    """The period of a preset. `custom` has one day or a first and a last; none yet means today.

    `upcoming` leaves presets that reach until today open to the future: for records of what is scheduled.
    """
    if preset is Preset.ALL:
        return Period(None, None, "all dates")
    first, last = _days(preset, today, [clamped(day) for day in custom])
    open_end = upcoming and preset in {Preset.WEEK, Preset.MONTH, Preset.THIS_MONTH}
    words = f"since {show.day(first)}" if open_end else span_words(first, last)
    end_us = None if open_end else midnight_us(last + ONE_DAY, zone)
    return Period(midnight_us(first, zone), end_us, words, first, last)


def midnight_us(day: date, zone: str) -> int:
    """When a day begins in a zone; where clocks are put forward at midnight, the first moment that exists."""
    return to_us(datetime.combine(day, time(), show.zone_info(zone)))


def clamped(day: date) -> date:
    return min(max(day, FIRST_DAY), LAST_DAY)


def day_of(text: str | None) -> date | None:
    """ "2026-11-22" of an address → that day; None for anything else."""
    try:
        return clamped(date.fromisoformat(text)) if text else None
    except ValueError:
        return None


def span_words(first: date, last: date) -> str:
    """ "22 Nov 2026", "1–22 Nov 2026", "24 Oct – 22 Nov 2026" or both dates in full."""
    if first == last:
        return show.day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{show.day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {show.day(last)}"
    return f"{show.day(first)} – {show.day(last)}"


def _days(preset: Preset, today: date, custom: Sequence[date]) -> tuple[date, date]:
    """First and last day."""
    if preset is Preset.CUSTOM:
        chosen = sorted(custom) or [today]
        return chosen[0], chosen[-1]
    first = {
        Preset.TODAY: today,
        Preset.WEEK: today - 6 * ONE_DAY,
        Preset.MONTH: today - 29 * ONE_DAY,
        Preset.THIS_MONTH: today.replace(day=1),
    }[preset]
    return first, today
