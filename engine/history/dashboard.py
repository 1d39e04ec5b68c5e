"""Statistics of any period: four headline figures, the period before, and what is behind them.

Figures come from the counters of tasks and countries; only reasons (and `waits`) read messages. Days and hours are
those of the reader's zone: the database groups by quarter hours, which are converted here. Every figure counts tasks
by when they were due, so that all add up to the same and lead to exactly the messages behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.history.period import Period, local
from engine.history.records import merged_reasons
from engine.numbers import country_name
from engine.store import Reader

HOURS: Final = 24
WEEKDAYS: Final = 7

SUMS: Final[dict[str, Any]] = {
    "tasks": pl.Int64,
    "recipients": pl.Int64,
    "delivered": pl.Int64,
    "failed": pl.Int64,
    "charged_micro": pl.Int64,
}
CELLS_SCHEMA: Final[dict[str, Any]] = {
    "quarter_us": pl.Int64,
    "inside": pl.Boolean,
    "route_id": pl.Int64,
    "route": pl.String,
} | SUMS
REASONS_SCHEMA: Final[dict[str, Any]] = {
    "reason": pl.String,
    "sentence": pl.String,
    "next_step": pl.String,
    "messages": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The four figures. `failed_count` is failed and expired: what was sent and returned."""

    credit_usage_micro: int
    task_count: int
    success_count: int
    failed_count: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures of one period; `previous` are those of the equally long period before.

    Every frame but `reasons` has tasks (with anything in it), recipients, delivered, failed, charged_micro, and
    `daily`: day; every day of the period up to 400 days. `routes`: route_id, route. `countries`: country, country_name,
    sms, but no tasks. `hours`: hour 0–23 at which tasks were due. `week`: weekday 1 (Monday) to 7, hour; all 168.
    `reasons`: reason, sentence, next_step, messages.
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
    week: pl.DataFrame
    reasons: pl.DataFrame


def dashboard(reader: Reader, period: Period) -> Dashboard:
    cells = _cells(reader, period)
    now_cells = cells.filter("inside")
    now, before = _headline(now_cells), _headline(cells.filter(~pl.col("inside")))
    week = _week(now_cells, period.zone)
    return Dashboard(
        period=period,
        credit_usage_micro=now.credit_usage_micro,
        task_count=now.task_count,
        success_count=now.success_count,
        failed_count=now.failed_count,
        previous=before,
        daily=_daily(now_cells, period),
        routes=_routes(now_cells),
        countries=_countries(reader, period),
        hours=week.group_by("hour").agg(pl.col(*SUMS).sum()).sort("hour"),
        week=week,
        reasons=_reasons(reader, period),
    )


def _cells(reader: Reader, period: Period) -> pl.DataFrame:
    """Sums by quarter hour and route, of the period (`inside`) and of the one before."""
    params = (period.account_id, period.before_us, period.start_us, period.end_us, *period.only.of_tasks)
    country = period.only.country_code
    if country is None:
        found = reader.frame("dashboard.cells", *params)
    else:
        found = reader.frame("dashboard.cells_to_country", *params, country)
    return found.select(pl.col(name).cast(kind) for name, kind in CELLS_SCHEMA.items())


def _headline(cells: pl.DataFrame) -> Headline:
    sums = cells.select(pl.col("charged_micro", "tasks", "delivered", "failed").sum()).row(0)
    return Headline(*sums)


def _daily(cells: pl.DataFrame, period: Period) -> pl.DataFrame:
    found = cells.group_by(local(period.zone).dt.date().alias("day")).agg(pl.col(*SUMS).sum())
    days = period.days()
    if days is not None:
        found = days.join(found, on="day", how="left").with_columns(pl.exclude("day").fill_null(0))
    return found.sort("day")


def _routes(cells: pl.DataFrame) -> pl.DataFrame:
    """Most sent first."""
    found = cells.group_by("route_id", "route").agg(pl.col(*SUMS).sum())
    return found.sort(["recipients", "route"], descending=[True, False])


def _countries(reader: Reader, period: Period) -> pl.DataFrame:
    found = reader.frame("dashboard.countries", *period.params)
    names = pl.Series("country_name", [country_name(code) for code in found["country"]], dtype=pl.String)
    return found.insert_column(1, names)


def _week(cells: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Every hour of the week, as the clock shows it: an hour that a change of clocks repeats is one hour."""
    moment = local(zone)
    found = cells.group_by(moment.dt.weekday().alias("weekday"), moment.dt.hour().alias("hour")).agg(
        pl.col(*SUMS).sum()
    )
    every = pl.DataFrame({"weekday": range(1, WEEKDAYS + 1)}, schema={"weekday": pl.Int8}).join(
        pl.DataFrame({"hour": range(HOURS)}, schema={"hour": pl.Int8}), how="cross"
    )
    week = every.join(found, on=["weekday", "hour"], how="left").with_columns(pl.col(*SUMS).fill_null(0))
    return week.sort("weekday", "hour")


def _reasons(reader: Reader, period: Period) -> pl.DataFrame:
    span = reader.one("dashboard.failed_span", *period.params[:-1])
    if span is None or span["low"] is None:
        return pl.DataFrame(schema=REASONS_SCHEMA)
    rows = reader.all("dashboard.reasons", *period.params, span["low"], span["high"])
    return pl.DataFrame(merged_reasons(rows), schema=REASONS_SCHEMA)
