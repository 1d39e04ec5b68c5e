"""Dashboard: the four headline figures, then volume, success, spend, time of day and why messages failed."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from engine.history import Dashboard, RecordFilter, StateGroup
from engine.model import Actor
from pages.ui import address, charts, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.filters import account_choice, dates_bar, dates_values, fill_dates
from pages.ui.guard import require
from pages.ui.period import Period
from pages.ui.records import link, nothing_yet
from pages.ui.registry import DASHBOARD, SENDING_RECORD, SMS_HISTORY, TASK_RECORD, TOPUP_HISTORY

actor = require()
engine = get_engine()

PAGE: Final = "dash"
ACCOUNT_KEY: Final = f"{PAGE}-account"
METRIC_WIDTH: Final = 150
CHART_WIDTH: Final = 360
SPARK_DAYS_MOST: Final = 92
END_OF_TIME_US: Final = 4_102_444_800 * 10**6
"""2100-01-01: for all dates; the Engine takes no later end."""


def fill(given: address.Values) -> None:
    fill_dates(PAGE, given)
    st.session_state[ACCOUNT_KEY] = address.number_in(given.get("account"))


def controls() -> tuple[Period, int | None]:
    """The period and, for operators, the account."""
    address.arrived(PAGE, fill, probe=f"{PAGE}-dates")
    period = dates_bar(actor, PAGE)
    if actor.is_operator:
        account_choice(actor, ACCOUNT_KEY)
    return period, st.session_state.get(ACCOUNT_KEY) if actor.is_operator else None


def headline(figures: Dashboard, period: Period) -> None:
    """Exactly four, in the order of the product; each compared with the equally long period before."""
    before = figures.previous
    daily = figures.daily if 1 < figures.daily.height <= SPARK_DAYS_MOST else None
    with st.grid(4, min_column_width=METRIC_WIDTH):
        metric("Credit usage", show.credits(figures.credit_usage_micro), figures.credit_usage_micro,
               before.credit_usage_micro, "charged_micro", daily, period, colour="off")  # fmt: skip
        metric("SMS task count", show.number(figures.task_count), figures.task_count,
               before.task_count, "tasks", daily, period, colour="off")  # fmt: skip
        metric("Success message count", show.number(figures.success_count), figures.success_count,
               before.success_count, "delivered", daily, period, colour="normal")  # fmt: skip
        metric("Failed message count", show.number(figures.failed_count), figures.failed_count,
               before.failed_count, "failed", daily, period, colour="inverse")  # fmt: skip
