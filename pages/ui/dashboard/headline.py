"""The four figures that the dashboard begins with: each compared with the period before, with how it went."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from engine.history import Dashboard, Headline, StateGroup
from engine.model import MICRO, MessageState
from pages.ui import charts
from pages.ui import format as show
from pages.ui.dashboard.asked import Asked
from pages.ui.records import figure_card, link
from pages.ui.registry import SMS_HISTORY, TASK_RECORD, TOPUP_HISTORY

METRIC_WIDTH: Final = 150
FEWEST_POINTS: Final = 2
_COLUMNS: Final = {
    "credit_usage_micro": "charged_micro",
    "task_count": "tasks",
    "success_count": "delivered",
    "failed_count": "failed",
}


def headline(figures: Dashboard, asked: Asked) -> None:
    """Exactly four, in this order."""
    now = Headline(figures.credit_usage_micro, figures.task_count, figures.success_count, figures.failed_count)
    before = figures.previous if asked.period.start_us is not None else None
    trend = _trend(figures)
    failed, delivered = StateGroup.UNDELIVERED.value, MessageState.DELIVERED.value
    with st.grid(4, min_column_width=METRIC_WIDTH):
        with figure_card("usage"):
            _metric("Credit usage", "credit_usage_micro", now, before, trend)
            if not asked.narrowed:
                link(TOPUP_HISTORY, "See movements", **asked.query())
        with figure_card("tasks"):
            _metric("SMS task count", "task_count", now, before, trend)
            if not {"sender", "member"} & asked.narrowed.keys():  # the task record has no such filters
                link(TASK_RECORD, "See tasks", **asked.query())
        with figure_card("success"):
            _metric("Success message count", "success_count", now, before, trend)
            link(SMS_HISTORY, "See messages", **asked.behind(state=delivered))
        with figure_card("failed"):
            _metric("Failed message count", "failed_count", now, before, trend)
            link(SMS_HISTORY, "See messages", **asked.behind(state=failed))


def change(value: int, earlier: int | None) -> str | int | None:
    """ "+12.5%" against the period before; 0 for none; nothing where there was nothing to compare with."""
    if not earlier:
        return None
    if value == earlier:
        return 0
    share = 100 * (value - earlier) / earlier
    return f"{share:+,.1f}%" if abs(share) >= 0.05 else f"{'+' if share > 0 else '-'}<0.1%"


def _trend(figures: Dashboard) -> pl.DataFrame:
    """By day; by week when these are many, by hour when it is one."""
    if figures.daily.height == 1:
        return figures.hours
    return charts.by_week(figures.daily, *_COLUMNS.values())


def _metric(label: str, name: str, now: Headline, before: Headline | None, trend: pl.DataFrame) -> None:
    show_value = show.credits if name.endswith("_micro") else show.number
    value, earlier = getattr(now, name), getattr(before, name) if before else None
    points = trend[_COLUMNS[name]].to_list()
    st.metric(
        label,
        show_value(value),
        change(value, earlier),
        delta_color="off",
        delta_description=f"was {_roughly(earlier, name)}" if earlier else None,
        chart_data=[_point(point, name) for point in points] if len(points) >= FEWEST_POINTS else None,
        chart_type="area",
    )


def _point(value: int, name: str) -> float:
    return value / MICRO if name.endswith("_micro") else value


def _roughly(value: int, name: str) -> str:
    """The earlier figure in few characters: four cards share the width of a phone two by two."""
    if not name.endswith("_micro"):
        return show.compact(value)
    return show.credits(value) if value < 1_000 * MICRO else show.compact(round(value / MICRO))
