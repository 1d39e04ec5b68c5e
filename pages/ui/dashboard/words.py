"""What a chart says, in one sentence of plain words. Pure; names in them were given by people."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.history import DeliveryTimes, Forecast
from engine.history.chart_data import WEEKDAY_NAMES
from engine.history.forecast import BASIS_DAYS, FEWEST_DAYS, MOST_DAYS, Basis
from engine.history.waits import RESOLUTION as WAITS_RESOLUTION
from pages.ui import format as show
from pages.ui.charts import DAYS_MOST, percent

NONE_SETTLED: Final = "Nothing is settled yet: the operators' receipts are still to come."
COUNTED: Final = "Every delivered message is counted."
RESOLUTION: Final = f"The two times are p50 and p95, {WAITS_RESOLUTION}."
FEW_SETTLED: Final = 20
"""A rate of fewer messages says little about a route."""


def volume(daily: pl.DataFrame) -> str:
    busiest = _most(daily.with_columns(_settled()), "settled")
    if busiest is None:
        return NONE_SETTLED
    delivered, failed = int(daily["delivered"].sum()), int(daily["failed"].sum())
    share = (
        f"{percent(100 * delivered / (delivered + failed))} of {delivered + failed:,} settled messages were delivered"
    )
    if daily.height == 1:
        return f"{share}."
    return f"{share}; the busiest day was {busiest['day']:%A}, {show.day(busiest['day'])}, with {busiest['settled']:,}."


def routes(frame: pl.DataFrame) -> str:
    judged = _rated(frame, FEW_SETTLED)
    if judged.height < 2:
        judged = _rated(frame, 1)
    if judged.is_empty():
        return NONE_SETTLED
    best, worst = judged.row(0, named=True), judged.row(-1, named=True)
    if judged.height == 1:
        return f"{best['route']} delivered {percent(best['rate'])} of {best['settled']:,} settled messages."
    if percent(best["rate"]) == percent(worst["rate"]):
        return f"Each of the {judged.height} routes delivered {percent(best['rate'])} of its settled messages."
    return (
        f"{best['route']} delivered the largest share, {percent(best['rate'])}; "
        f"{worst['route']} the smallest, {percent(worst['rate'])}."
    )


def countries(frame: pl.DataFrame) -> str:
    total = int(frame["recipients"].sum())
    if not total:
        return "No recipients in this period."
    first = frame.row(0, named=True)
    share = percent(100 * first["recipients"] / total)
    others = frame.height - 1
    rest = f"; the rest to {show.plural(others, 'other country', 'other countries')}" if others else ""
    return f"{share} of {show.plural(total, 'message')} went to {first['country_name']}{rest}."


def week(frame: pl.DataFrame) -> str:
    busiest = _most(frame, "recipients")
    if busiest is None:
        return "Nothing was sent in this period."
    day = WEEKDAY_NAMES[busiest["weekday"] - 1]
    share = percent(100 * busiest["recipients"] / frame["recipients"].sum())
    return f"{day} {busiest['hour']:02d}:00 is the busiest hour: {share} of all messages were due then."


def reasons(frame: pl.DataFrame) -> str:
    total = int(frame["messages"].sum())
    if not total:
        return "No message failed."
    first = frame.row(0, named=True)
    share = percent(100 * first["messages"] / total)
    return f"The most frequent reason, {share} of {show.plural(total, 'failure')}: {first['sentence']}"


def spend(daily: pl.DataFrame) -> str:
    total, costliest = int(daily["charged_micro"].sum()), _most(daily, "charged_micro")
    if costliest is None:
        return "Nothing was charged: only delivered messages cost credit."
    if daily.height == 1:
        return f"{show.credits(total)} credits in all."
    most = show.credits(costliest["charged_micro"])
    return f"{show.credits(total)} credits in all; the costliest day was {show.day(costliest['day'])}, with {most}."


def lasting(forecast: Forecast) -> tuple[str, str]:
    """How long the credit lasts, and what that is based on."""
    basis = forecast.basis
    if basis is Basis.TOO_LITTLE:
        return show.NOTHING, f"A forecast needs {FEWEST_DAYS} days since the first charge."
    if basis is Basis.NOTHING:
        return show.NOTHING, f"Nothing was charged in the last {BASIS_DAYS} days, so there is nothing to forecast from."
    average = f"about {show.credits(round(forecast.daily_micro, -4))} credits a day"
    available = f"{show.credits(forecast.available_micro)} available"
    if basis is Basis.WEEKDAYS:
        why = f"{available}; by the average of each weekday over the last {BASIS_DAYS} days ({average})."
    else:
        why = f"{available}; by the average of the {forecast.days} days since the first charge ({average})."
    return _days(forecast), why


def waits(found: DeliveryTimes) -> str:
    if found.p50_us is None or found.p95_us is None:
        return "No message was delivered in this period."
    half, most = show.duration(found.p50_us), show.duration(found.p95_us)
    messages = show.plural(found.messages, "delivered message")
    return f"Half of {messages} arrived within {half}, 95 of 100 within {most}."


def over_time(days: int) -> str:
    """What a bar of a chart over time is."""
    if days == 1:
        return "by hour"
    return "by week, from its Monday on" if days > DAYS_MOST else "by day"


def _days(forecast: Forecast) -> str:
    days = forecast.days_left or 0
    if days >= MOST_DAYS:
        return "more than a year"
    if forecast.last_day is None:
        return "less than a day"
    return f"about {show.plural(days, 'day')}, until {show.day(forecast.last_day)}"


def _settled() -> pl.Expr:
    return (pl.col("delivered") + pl.col("failed")).alias("settled")


def _rated(frame: pl.DataFrame, least: int) -> pl.DataFrame:
    """Those with enough settled messages, the best first."""
    rate = (100 * pl.col("delivered") / pl.col("settled")).alias("rate")
    return (
        frame.with_columns(_settled())
        .filter(pl.col("settled") >= least)
        .with_columns(rate)
        .sort("rate", descending=True, maintain_order=True)
    )


def _most(frame: pl.DataFrame, name: str) -> dict[str, Any] | None:
    """The row with the largest value, the first of equals; None when there is none above 0."""
    if frame.is_empty() or frame[name].max() == 0:
        return None
    return frame.row(frame[name].arg_max() or 0, named=True)
