"""Statistics of any period: four headline figures, the period before, and what is behind them.

Figures come from the counters of tasks, countries and dispatches; only reasons and delivery times read messages.
Days and hours are those of the reader's zone: the database groups by quarter hours, which are converted here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import polars as pl

from engine.errors import InputError
from engine.history.filters import zone_of
from engine.history.records import merged_reasons
from engine.model import DAY_US, MINUTE_US, SECOND_US, to_datetime
from engine.numbers import country_name
from engine.store import Reader

CACHE_S: Final = 3
"""A dashboard shares the processor with sending: the same figures are not computed again within this."""
CACHED_MOST: Final = 256
FILLED_DAYS_MOST: Final = 400
"""Longer periods show only the days on which something was sent."""
LATEST_US: Final = 4_102_444_800 * SECOND_US
"""2100-01-01; periods end before."""
HOURS: Final = 24

DELIVERY_LIMITS: Final[tuple[tuple[str, int], ...]] = (
    ("up to 5 seconds", 5 * SECOND_US),
    ("up to 30 seconds", 30 * SECOND_US),
    ("up to 2 minutes", 2 * MINUTE_US),
    ("up to 10 minutes", 10 * MINUTE_US),
    ("up to 1 hour", 60 * MINUTE_US),
    ("longer", 365 * DAY_US),
)

_SUMS: Final[dict[str, Any]] = {"tasks": pl.Int64, "recipients": pl.Int64, "delivered": pl.Int64, "failed": pl.Int64}
DAILY_SCHEMA: Final[dict[str, Any]] = {"day": pl.Date} | _SUMS | {"charged_micro": pl.Int64}
HOURS_SCHEMA: Final[dict[str, Any]] = {"hour": pl.Int8, "delivered": pl.Int64, "failed": pl.Int64}
REASONS_SCHEMA: Final[dict[str, Any]] = {
    "reason": pl.String,
    "sentence": pl.String,
    "next_step": pl.String,
    "messages": pl.Int64,
}
DELIVERY_SCHEMA: Final[dict[str, Any]] = {"took": pl.String, "messages": pl.Int64}


@dataclass(frozen=True, slots=True)
class Headline:
    """The four figures. `failed_count` is failed and expired: what was sent and returned."""

    credit_usage_micro: int
    task_count: int
    success_count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class Period:
    """Whose figures, and when: tasks due from `start_us` to before `end_us`, with the days of `zone`."""

    account_id: int | None
    start_us: int
    end_us: int
    zone: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_us < self.end_us <= LATEST_US:
            raise InputError(
                "invalid", field="Dates", problem="the period is empty.", remedy="Choose an end after the start."
            )
        zone_of(self.zone)

    @property
    def params(self) -> tuple[int | None, int, int]:
        return self.account_id, self.start_us, self.end_us


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures of one period; `previous` are those of the equally long period before.

    `daily`: day, tasks, recipients, delivered, failed, charged_micro; every day of the period up to 400 days.
    `routes`: route_id, route, tasks, recipients, delivered, failed, charged_micro.
    `countries`: country, country_name, recipients, sms, delivered, failed, charged_micro.
    `hours`: hour 0–23 at which sending began, delivered, failed. `reasons`: reason, sentence, next_step, messages.
    """

    period: Period
    credit_usage_micro: int
    task_count: int
    success_count: int
    failed_count: int
    previous: Headline
    daily: pl.DataFrame
    routes: pl.DataFrame
    countries: pl.DataFrame
    hours: pl.DataFrame
    reasons: pl.DataFrame


def dashboard(reader: Reader, period: Period) -> Dashboard:
    now, before = _headlines(reader, period)
    return Dashboard(
        period=period,
        credit_usage_micro=now.credit_usage_micro,
        task_count=now.task_count,
        success_count=now.success_count,
        failed_count=now.failed_count,
        previous=before,
        daily=_daily(reader, period),
        routes=reader.frame("dashboard.routes", *period.params),
        countries=_countries(reader, period),
        hours=_hours(reader, period),
        reasons=_reasons(reader, period),
    )


def _headlines(reader: Reader, period: Period) -> tuple[Headline, Headline]:
    before_us = period.start_us - (period.end_us - period.start_us)
    row = reader.one("dashboard.headline", period.account_id, before_us, period.start_us, period.end_us)
    assert row is not None  # sums always have one row
    return (
        Headline(row["charged_micro"], row["tasks"], row["delivered"], row["failed"]),
        Headline(row["charged_before_micro"], row["tasks_before"], row["delivered_before"], row["failed_before"]),
    )


def _local(period: Period) -> pl.Expr:
    """`quarter_us` as an instant with the wall clock of the period's zone."""
    return pl.from_epoch("quarter_us", time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(period.zone)


def _daily(reader: Reader, period: Period) -> pl.DataFrame:
    quarters = reader.frame("dashboard.quarters", *period.params)
    if quarters.is_empty():
        found = pl.DataFrame(schema=DAILY_SCHEMA)
    else:
        found = quarters.group_by(_local(period).dt.date().alias("day")).agg(pl.exclude("quarter_us").sum())
    zone = zone_of(period.zone)
    days = _days(_moment(period.start_us, zone).date(), _moment(period.end_us - 1, zone).date())
    if days is not None:
        found = days.join(found, on="day", how="left").with_columns(pl.exclude("day").fill_null(0))
    return found.select(pl.col(name).cast(kind) for name, kind in DAILY_SCHEMA.items()).sort("day")


def _moment(instant_us: int, zone: ZoneInfo) -> datetime:
    return to_datetime(instant_us).astimezone(zone)


def _days(first: date, last: date) -> pl.DataFrame | None:
    number = (last - first).days + 1
    if number > FILLED_DAYS_MOST:
        return None
    return pl.DataFrame({"day": [first + timedelta(days=day) for day in range(number)]}, schema={"day": pl.Date})


def _countries(reader: Reader, period: Period) -> pl.DataFrame:
    found = reader.frame("dashboard.countries", *period.params)
    names = pl.Series("country_name", [country_name(code) for code in found["country"]], dtype=pl.String)
    return found.insert_column(1, names)


def _hours(reader: Reader, period: Period) -> pl.DataFrame:
    quarters = reader.frame("dashboard.dispatch_quarters", *period.params)
    every = pl.DataFrame({"hour": range(HOURS)}, schema={"hour": pl.Int8})
    if quarters.is_empty():
        found = pl.DataFrame(schema=HOURS_SCHEMA)
    else:
        found = quarters.group_by(_local(period).dt.hour().alias("hour")).agg(pl.exclude("quarter_us").sum())
    hours = every.join(found, on="hour", how="left").with_columns(pl.exclude("hour").fill_null(0))
    return hours.select(pl.col(name).cast(kind) for name, kind in HOURS_SCHEMA.items()).sort("hour")


def _reasons(reader: Reader, period: Period) -> pl.DataFrame:
    span = reader.one("dashboard.failed_span", *period.params)
    if span is None or span["low"] is None:
        return pl.DataFrame(schema=REASONS_SCHEMA)
    rows = reader.all("dashboard.reasons", *period.params, span["low"], span["high"])
    return pl.DataFrame(merged_reasons(rows), schema=REASONS_SCHEMA)


def delivery_times(reader: Reader, period: Period) -> pl.DataFrame:
    """How long delivered messages took from the gateway to the phone: took, messages; shortest first."""
    span = reader.one("dashboard.delivered_span", *period.params)
    counts = [0] * len(DELIVERY_LIMITS)
    if span is not None and span["low"] is not None:
        limits = [limit_us for _, limit_us in DELIVERY_LIMITS[:-1]]
        row = reader.one("dashboard.delivery_times", *period.params, span["low"], span["high"], *limits)
        assert row is not None  # counts always have one row
        upto = [row[f"upto_{place}"] for place in range(1, len(DELIVERY_LIMITS) + 1)]
        counts = [number - before for number, before in zip(upto, [0, *upto], strict=False)]
    words = [word for word, _ in DELIVERY_LIMITS]
    return pl.DataFrame({"took": words, "messages": counts}, schema=DELIVERY_SCHEMA)


V = TypeVar("V")


class Recent(Generic[V]):
    """What was computed within the last CACHE_S, at most CACHED_MOST results; safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[int, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, now_us: int, compute: Callable[[], V]) -> V:
        """The kept result, or a new one; computed outside the lock, so readers of other keys do not wait."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and 0 <= now_us - kept[0] < CACHE_S * SECOND_US:
            return kept[1]
        value = compute()
        with self._lock:
            self._kept[key] = (now_us, value)
            self._kept.move_to_end(key)
            while len(self._kept) > CACHED_MOST:
                self._kept.popitem(last=False)
        return value
