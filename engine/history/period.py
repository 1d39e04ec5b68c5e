"""Whose figures are asked for: account, dates, zone and what they are narrowed to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from engine.errors import InputError
from engine.history.filters import MOST_INT, bounded, zone_of
from engine.model import SECOND_US, to_datetime

LATEST_US: Final = 4_102_444_800 * SECOND_US
"""2100-01-01; periods end before."""
FILLED_DAYS_MOST: Final = 400
"""Longer periods show only the days on which something was sent."""


@dataclass(frozen=True, slots=True)
class Only:
    """Narrows figures; None is no narrowing. `member_id` submitted the task, `sender` is its sender ID."""

    route_id: int | None = None
    country: str | None = None
    member_id: int | None = None
    sender: str | None = None

    @property
    def of_tasks(self) -> tuple[int | None, int | None, str | None]:
        """Route, member and sender ID as the database takes them."""
        route, member = (None if number is None else bounded(number, MOST_INT) for number in self._ids)
        return route, member, storable(self.sender)

    @property
    def country_code(self) -> str | None:
        code = storable(self.country)
        return code.upper() if code else None

    @property
    def _ids(self) -> tuple[int | None, int | None]:
        return self.route_id, self.member_id


EVERYTHING_SENT: Final = Only()


@dataclass(frozen=True, slots=True)
class Period:
    """Whose figures, and when: tasks due from `start_us` to before `end_us`, with the days of `zone`."""

    account_id: int | None
    start_us: int
    end_us: int
    zone: str
    only: Only = field(default=EVERYTHING_SENT)

    def __post_init__(self) -> None:
        if not 0 <= self.start_us < self.end_us <= LATEST_US:
            raise InputError(
                "invalid", field="Dates", problem="the period is empty.", remedy="Choose an end after the start."
            )
        zone_of(self.zone)

    @property
    def before_us(self) -> int:
        """When the equally long period before began."""
        return self.start_us - (self.end_us - self.start_us)

    @property
    def params(self) -> tuple[Any, ...]:
        """Account, due from/to, route, member, sender ID, country."""
        return (self.account_id, self.start_us, self.end_us, *self.only.of_tasks, self.only.country_code)

    def days(self) -> pl.DataFrame | None:
        """Every day of the period (column day); None when there are more than 400."""
        zone = zone_of(self.zone)
        first, last = _moment(self.start_us, zone).date(), _moment(self.end_us - 1, zone).date()
        number = (last - first).days + 1
        if number > FILLED_DAYS_MOST:
            return None
        return pl.DataFrame({"day": [first + timedelta(days=day) for day in range(number)]}, schema={"day": pl.Date})


def storable(text: str | None) -> str | None:
    """Text of an address as the database takes it: without halves of surrogate pairs and zero characters."""
    return None if text is None else text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")


def local(zone: str) -> pl.Expr:
    """`quarter_us` as an instant with the wall clock of a zone."""
    return pl.from_epoch("quarter_us", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def local_date(instant_us: int, zone: str) -> date:
    return _moment(instant_us, zone_of(zone)).date()


def _moment(instant_us: int, zone: ZoneInfo) -> datetime:
    return to_datetime(instant_us).astimezone(zone)
