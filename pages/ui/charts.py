"""Plotly figures in the colours of the theme: readable in light and dark, on a phone, and without colour vision.

They are written as plain dictionaries, which Streamlit validates once; building them with `update_…` took 25 ms each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import polars as pl
import streamlit as st

from engine.model import MICRO, format_credits
from pages.ui.theme import CHART_COLOURS, CHART_CONFIG, chart_layout

Figure = dict[str, Any]

GOOD: Final = CHART_COLOURS[0]
BAD: Final = CHART_COLOURS[3]
NEUTRAL: Final = CHART_COLOURS[2]
"""Teal, coral and blue: told apart without red-green vision, and every use is named by a legend or a text."""

CHART_HEIGHT: Final = 290
BAR_HEIGHT: Final = 36
"""Of one horizontal bar, its gap included."""
FEWEST_BARS: Final = 2
"""Room for so many, so that a single bar is not as thick as a card."""
BARS_MOST: Final = 6
DAYS_MOST: Final = 92
"""Longer periods are drawn by week."""
LABEL_LENGTH: Final = 22
TICKS: Final = 8

_OUTCOMES: Final = (("delivered", "Delivered", GOOD), ("failed", "Failed", BAD))
_AXIS: Final[Figure] = {"automargin": True, "fixedrange": True, "title": {"text": "", "standoff": 0}}
_COUNTS: Final[Figure] = _AXIS | {"rangemode": "tozero", "tickformat": ",~s"}


def volume(daily: pl.DataFrame) -> Figure:
    """Delivered and failed messages over time, stacked. `daily`: day, delivered, failed."""
    shown = by_week(daily, "delivered", "failed")
    days = shown["day"].to_list()
    return _stacked(days, shown, _time_axis(days))


def hours(by_hour: pl.DataFrame) -> Figure:
    """When sending began, hour by hour, and what became of it. `by_hour`: hour, delivered, failed."""
    labels = [f"{hour:02d}:00" for hour in by_hour["hour"]]
    return _stacked(labels, by_hour, {"type": "category", "nticks": TICKS, "tickangle": 0})


def spend(daily: pl.DataFrame) -> Figure:
    """Credits charged over time. `daily`: day, charged_micro."""
    shown = by_week(daily, "charged_micro")
    days, amounts = shown["day"].to_list(), shown["charged_micro"].to_list()
    bars = {
        "type": "bar",
        "x": days,
        "y": [amount / MICRO for amount in amounts],
        "customdata": [format_credits(amount) for amount in amounts],
        "marker": {"color": NEUTRAL},
        "hovertemplate": "%{customdata} credits<extra></extra>",
    }
    return _figure([bars], xaxis=_time_axis(days))


def success_rates(frame: pl.DataFrame, name: str) -> Figure:
    """Share of delivered among settled messages, a bar for each of the largest. `frame`: `name`, delivered, failed."""
    shown = (
        frame.with_columns((pl.col("delivered") + pl.col("failed")).alias("settled"))
        .filter(pl.col("settled") > 0)
        .sort("settled", descending=True)
        .head(BARS_MOST)
    )
    rates = [100 * good / settled for good, settled in zip(shown["delivered"], shown["settled"], strict=True)]
    texts = [f"{percent(rate)} of {settled:,}" for rate, settled in zip(rates, shown["settled"], strict=True)]
    return _bars(plain(shown[name].to_list()), rates, texts, GOOD, most=100.0)


def waits(took: pl.DataFrame) -> Figure:
    """How long delivery took. `took`: took, messages."""
    counts = took["messages"].to_list()
    shares = [100 * count / max(sum(counts), 1) for count in counts]
    texts = [f"{percent(share)} ({count:,})" for share, count in zip(shares, counts, strict=True)]
    return _bars(took["took"].to_list(), shares, texts, NEUTRAL, most=max([*shares, 1.0]))


def show(figure: Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)


def percent(value: float) -> str:
    """93.42 → "93.4%"; never rounds a single failure or success away."""
    if 99.95 <= value < 100:
        return ">99.9%"
    if 0 < value < 0.05:
        return "<0.1%"
    return f"{value:.1f}".removesuffix(".0") + "%"


def plain(labels: Sequence[str]) -> list[str]:
    """Names that people gave, shortened for a phone and as text: Plotly reads some HTML in labels.

    Two that are shortened alike stay two: the later gets a number.
    """
    seen: dict[str, int] = {}
    shown: list[str] = []
    for label in labels:
        short = label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"
        seen[short] = seen.get(short, 0) + 1
        short = short if seen[short] == 1 else f"{short} ({seen[short]})"
        shown.append(short.replace("&", "&amp;").replace("<", "&lt;"))
    return shown


def by_week(daily: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Days as they are, or summed by week (named by its Monday) when there are too many to tell apart."""
    if daily.height <= DAYS_MOST:
        return daily.select("day", *columns)
    return daily.group_by(pl.col("day").dt.truncate("1w")).agg(pl.col(*columns).sum()).sort("day")


def _stacked(x: Sequence[Any], shown: pl.DataFrame, xaxis: Figure) -> Figure:
    bars = [
        {
            "type": "bar",
            "x": list(x),
            "y": shown[name].to_list(),
            "name": label,
            "marker": {"color": colour},
            "hovertemplate": "%{y:,}",
        }
        for name, label, colour in _OUTCOMES
    ]
    return _figure(bars, xaxis=xaxis, barmode="stack")


def _bars(labels: list[str], values: list[float], texts: list[str], colour: str, *, most: float) -> Figure:
    """Horizontal bars, the first on top, each with its text."""
    bars = {
        "type": "bar",
        "x": values,
        "y": labels,
        "orientation": "h",
        "marker": {"color": colour},
        "text": texts,
        "textposition": "auto",
        "insidetextanchor": "start",
        "textangle": 0,
        "hovertemplate": "%{y}: %{text}<extra></extra>",
    }
    return _figure(
        [bars],
        xaxis={"visible": False, "range": [0, most * 1.02]},
        yaxis=_AXIS | {"type": "category", "autorange": "reversed", "ticklabelstandoff": 8, "showgrid": False},
        hovermode="closest",
        height=BAR_HEIGHT * max(len(labels), FEWEST_BARS) + 8,
    )


def _time_axis(days: Sequence[date]) -> Figure:
    """Day and month; the year below where it changes, when there is more than one."""
    years = "%-d %b\n%Y" if days and days[0].year != days[-1].year else "%-d %b"
    return {"type": "date", "tickformat": years, "hoverformat": "%a %-d %b %Y", "nticks": TICKS}


def _figure(data: list[Figure], *, xaxis: Figure, **more: Any) -> Figure:
    """What every figure has: a legend above, counts from zero, and no dragging, which would catch a scrolling thumb."""
    layout = chart_layout(**({"height": CHART_HEIGHT, "bargap": 0.25, "dragmode": False, "yaxis": _COUNTS} | more))
    legend = layout.get("legend", {}) | {"traceorder": "normal"}
    return {"data": data, "layout": layout | {"legend": legend, "xaxis": _AXIS | xaxis}}
