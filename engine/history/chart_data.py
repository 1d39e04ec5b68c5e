"""The table behind each chart, as people and files read it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import polars as pl

from engine.history.dashboard import Dashboard
from engine.history.exports import Cell, Columns
from engine.history.waits import DeliveryTimes


class Chart(StrEnum):
    DAYS = "days"
    """Volume, success and spend."""
    ROUTES = "routes"
    COUNTRIES = "countries"
    WEEK = "week"
    REASONS = "reasons"
    WAITS = "delivery-times"


_OUTCOME: Final[dict[str, tuple[str, Cell]]] = {
    "recipients": ("recipients", Cell.COUNT),
    "delivered": ("delivered", Cell.COUNT),
    "failed": ("failed", Cell.COUNT),
    "charged": ("charged_micro", Cell.CREDITS),
}
COLUMNS: Final[dict[Chart, Columns]] = {
    Chart.DAYS: {"day": ("day", Cell.TEXT), "tasks": ("tasks", Cell.COUNT)} | _OUTCOME,
    Chart.ROUTES: {"route": ("route", Cell.TEXT), "tasks": ("tasks", Cell.COUNT)} | _OUTCOME,
    Chart.COUNTRIES: {
        "country": ("country", Cell.TEXT),
        "country_name": ("country_name", Cell.TEXT),
        "sms": ("sms", Cell.COUNT),
    }
    | _OUTCOME,
    Chart.WEEK: {"weekday": ("weekday_name", Cell.TEXT), "hour": ("hour", Cell.COUNT), "tasks": ("tasks", Cell.COUNT)}
    | _OUTCOME,
    Chart.REASONS: {
        "reason": ("reason", Cell.TEXT),
        "sentence": ("sentence", Cell.TEXT),
        "next_step": ("next_step", Cell.TEXT),
        "messages": ("messages", Cell.COUNT),
    },
    Chart.WAITS: {"took": ("took", Cell.TEXT), "messages": ("messages", Cell.COUNT)},
}
"""Heading in the file → column and what it holds; times are days and hours of the zone that was asked for."""

WEEKDAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def table_of(chart: Chart, figures: Dashboard | DeliveryTimes) -> pl.DataFrame:
    """The rows of a chart, with the columns that COLUMNS names; hours of the week only where there was something."""
    if isinstance(figures, DeliveryTimes):
        return figures.classes
    if chart is Chart.WEEK:
        names: Any = dict(enumerate(WEEKDAY_NAMES, start=1))
        named = pl.col("weekday").replace_strict(names, return_dtype=pl.String).alias("weekday_name")
        return figures.week.filter(pl.col("tasks") > 0).with_columns(named)
    frames = {
        Chart.DAYS: figures.daily,
        Chart.ROUTES: figures.routes,
        Chart.COUNTRIES: figures.countries,
        Chart.REASONS: figures.reasons,
    }
    return frames[chart]
