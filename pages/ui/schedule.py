"""A date and a time as typed, in the account's zone, made into one instant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

STEP_MINUTES: Final = 5
LEAD_MINUTES: Final = 30
"""How far ahead the first time offered is."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is aware, None when there is no such time; `problem` then says why, else `note` what is worth knowing."""

    at: datetime | None
    problem: str = ""
    note: str = ""


def resolve(day: date | None, clock: time | None, zone: str, now: datetime) -> Moment:
    """The instant that a wall clock of `zone` calls `day clock`.

    Clocks that are put forward skip some times: refused with the times around them. Clocks that are put back show
    some times twice: the first is taken, and the note says so. A time that has passed is refused.
    """
    if day is None or clock is None:
        return Moment(None, "Choose a date and a time, or “Now”.")
    place = ZoneInfo(zone)
    typed = datetime.combine(day, clock)
    first = typed.replace(tzinfo=place)
    shown = f"{typed:%H:%M} on {day_name(day)}"
    if first.astimezone(UTC).astimezone(place).replace(tzinfo=None) != typed:
        later = first.astimezone(UTC).astimezone(place)
        return Moment(
            None,
            f"There is no {shown} in {zone}: the clocks are put forward then. Choose {later:%H:%M} or another time.",
        )
    if first <= now:
        local = now.astimezone(place)
        return Moment(
            None,
            f"{shown} has passed: it is {local:%H:%M} on {day_name(local.date())} in {zone}. "
            "Choose a later time, or “Now”.",
        )
    if first.utcoffset() != typed.replace(tzinfo=place, fold=1).utcoffset():
        return Moment(
            first, note=f"{shown} comes twice in {zone}, as the clocks are put back; it is sent at the first."
        )
    return Moment(first)


def first_offer(zone: str, now: datetime) -> datetime:
    """A sensible first proposal: a full step at least half an hour from now, as a wall clock of `zone` shows it."""
    soon = now.astimezone(UTC) + timedelta(minutes=LEAD_MINUTES)
    step = timedelta(minutes=STEP_MINUTES)
    rounded = datetime.min.replace(tzinfo=UTC) + -((datetime.min.replace(tzinfo=UTC) - soon) // step) * step
    return rounded.astimezone(ZoneInfo(zone))


def zone_label(zone: str, at: datetime) -> str:
    """Such as `Australia/Sydney (UTC+11:00)`, as the clocks are at that time."""
    offset = f"{at.astimezone(ZoneInfo(zone)):%z}"
    return f"{zone} (UTC{offset[:3]}:{offset[3:5]})" if zone != "UTC" else "UTC"


def day_name(day: date) -> str:
    """Such as `Sun 4 Oct 2026`: no order of numbers to misread."""
    return f"{day:%a} {day.day} {day:%b %Y}"
