"""Who would get a message at night or on the weekend, and the split of a task by local time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from engine.countries import Country, Sleep, is_open, next_open, sleep_at, zones_of
from engine.model import HOUR_US, to_datetime

MOST_GROUPS: Final = 48
"""Tasks one submission is split into at most."""

Zones = tuple[str, ...]
Table = Mapping[str, Country]


class Times(StrEnum):
    """When the recipients of one submission get it."""

    SAME = "same"
    """Everybody at the same instant."""
    DAYTIME = "daytime"
    """Outside the quiet hours of where each lives."""
    WEEKDAYS = "weekdays"
    """The same, and not on the weekend there."""


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients that are sent to at `at_us`. `rows` are positions in the messages; `label` such as “UTC+10”."""

    at_us: int
    label: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many recipients are at night, in the daytime of a day off, and how many may be at night because their
    number leaves several time zones open (not among the first two)."""

    night: int = 0
    weekend: int = 0
    unsure: int = 0

    @property
    def disturbs(self) -> bool:
        return bool(self.night or self.weekend)


def reach(msisdns: pl.Series, countries: pl.Series, table: Table, at_us: int) -> Reach:
    """Of numbers (E.164 digits, Int64) and their regions, at one instant."""
    night = weekend = unsure = 0
    for (code, zones), rows in _places(msisdns, countries).items():
        found = [sleep_at(table[code], zone, at_us) for zone in zones]
        night += len(rows) * (found[0] is Sleep.NIGHT)
        weekend += len(rows) * (found[0] is Sleep.WEEKEND)
        unsure += len(rows) * (found[0] is None and Sleep.NIGHT in found)
    return Reach(night, weekend, unsure)


def split(messages: pl.DataFrame, table: Table, at_us: int, times: Times) -> tuple[Group, ...]:
    """Every message in exactly one group, the earliest group first; () when all go at `at_us`.

    Nobody is sent to in quiet hours (or on the weekend) where there is an open time at all; where a number leaves
    several zones open, a time that suits all of them is preferred. Groups that begin in the same hour are one.
    """
    if times is Times.SAME:
        return ()
    weekdays = times is Times.WEEKDAYS
    places = _places(messages["msisdn"], messages["country"])
    starts: dict[int, list[tuple[str, Zones]]] = {}
    for code, zones in places:
        start_us = next_open(table[code], zones, at_us, weekdays=weekdays)
        starts.setdefault(start_us, []).append((code, zones))
    merged = _bounded(_by_hour(starts, table, at_us, weekdays=weekdays))
    if list(merged) == [at_us]:
        return ()
    return tuple(
        Group(start_us, _label([zones[0] for _, zones in there], start_us), _rows_of(there, places))
        for start_us, there in sorted(merged.items())
    )


def _places(msisdns: pl.Series, countries: pl.Series) -> dict[tuple[str, Zones], list[int]]:
    """Positions by country and possible zones: a few hundred at most, whatever the number of recipients."""
    found: dict[tuple[str, Zones], list[int]] = {}
    for at, (msisdn, code) in enumerate(zip(msisdns.to_list(), countries.to_list(), strict=True)):
        found.setdefault((code, zones_of(code, msisdn)), []).append(at)
    return found


Starts = dict[int, list[tuple[str, Zones]]]


def _by_hour(starts: Starts, table: Table, at_us: int, *, weekdays: bool) -> Starts:
    """Merges starts in the same hour into the latest of them, as far as that is open for everybody there."""
    hours: dict[int, list[int]] = {}
    for start_us in starts:
        hours.setdefault(at_us if start_us == at_us else start_us - start_us % HOUR_US, []).append(start_us)
    merged: Starts = {}
    for within in hours.values():
        latest_us = max(within)
        for start_us in within:
            for code, zones in starts[start_us]:
                # The zone that decided was the first where no time suits all.
                stays = all(is_open(table[code], zone, start_us, weekdays=weekdays) for zone in zones)
                asked = zones if stays else zones[:1]
                fits = all(is_open(table[code], zone, latest_us, weekdays=weekdays) for zone in asked)
                merged.setdefault(latest_us if fits else start_us, []).append((code, zones))
    return merged


def _bounded(starts: Starts) -> Starts:
    """At most MOST_GROUPS: the closest neighbours become one, at the later time."""
    found = dict(sorted(starts.items()))
    while len(found) > MOST_GROUPS:
        times = sorted(found)
        early, late = min(pairwise(times), key=lambda pair: pair[1] - pair[0])
        found[late] += found.pop(early)
    return found


def _rows_of(there: Sequence[tuple[str, Zones]], places: Mapping[tuple[str, Zones], list[int]]) -> tuple[int, ...]:
    return tuple(sorted(at for place in there for at in places[place]))


def _label(zones: Sequence[str], at_us: int) -> str:
    """ "UTC+10", or "UTC-5 to UTC+1"."""
    moment = to_datetime(at_us)
    offsets = {moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for zone in zones}
    low, high = _offset_words(min(offsets)), _offset_words(max(offsets))
    return low if low == high else f"{low} to {high}"


def _offset_words(offset: timedelta) -> str:
    hours, rest = divmod(abs(int(offset.total_seconds())) // 60, 60)
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")
