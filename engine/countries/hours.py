"""Whether it is night or weekend where somebody lives, and when it is not any more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from engine.countries.table import WEEK, Country
from engine.model import to_datetime, to_us

LOOK_AHEAD_DAYS: Final = 9
"""Longer than any weekend and the night after it."""


class Sleep(StrEnum):
    NIGHT = "night"
    WEEKEND = "weekend"
    """In the daytime of a day off."""


def sleep_at(country: Country, zone: str, at_us: int) -> Sleep | None:
    """What a message at that instant would disturb; None on a working day's daytime."""
    local = to_datetime(at_us).astimezone(ZoneInfo(zone))
    if _is_quiet(country, 60 * local.hour + local.minute):
        return Sleep.NIGHT
    return Sleep.WEEKEND if WEEK[local.weekday()] in country.weekend else None


def is_open(country: Country, zone: str, at_us: int, *, weekdays: bool) -> bool:
    """Whether it may be sent then: not in quiet hours and, with `weekdays`, not on the weekend."""
    found = sleep_at(country, zone, at_us)
    return found is None or (found is Sleep.WEEKEND and not weekdays)


def next_open(country: Country, zones: Sequence[str], at_us: int, *, weekdays: bool) -> int:
    """The first instant from `at_us` on that is open in all `zones`; where no such instant exists, in the first;
    `at_us` itself where there is none either."""
    for places in (tuple(zones), tuple(zones[:1])):
        for start_us in sorted({at_us, *_openings(country, places, at_us)}):
            if all(is_open(country, zone, start_us, weekdays=weekdays) for zone in places):
                return start_us
    return at_us


def _openings(country: Country, zones: Sequence[str], at_us: int) -> Iterator[int]:
    """Instants at which quiet hours or a weekend can end: nothing opens at any other."""
    clocks = {country.quiet_to, 0}
    for zone in zones:
        place = ZoneInfo(zone)
        midnight = datetime.combine(to_datetime(at_us).astimezone(place).date(), datetime.min.time())
        for days in range(LOOK_AHEAD_DAYS + 1):
            for clock in clocks:
                wall = midnight + timedelta(days=days, minutes=clock)
                # A time that clocks skip is read with the offset of before: the same instant, one hour later.
                start_us = to_us(wall.replace(tzinfo=place).astimezone(UTC))
                if start_us > at_us:
                    yield start_us


def _is_quiet(country: Country, minute: int) -> bool:
    begins, ends = country.quiet_from, country.quiet_to
    if begins <= ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends
