"""Plotly figures in the colours of the theme: readable in light and dark, on a phone, and without colour vision.

They are written as plain dictionaries, which Streamlit validates once; building them with `update_…` took 25 ms each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import polars as pl
import streamlit as st

from engine.history.chart_data import WEEKDAY_NAMES
from engine.model import MICRO, format_credits
from pages.ui.format import plural
from pages.ui.theme import CHART_COLOURS, CHART_CONFIG, chart_layout

Figure = dict[str, Any]

GOOD: Final = CHART_COLOURS[0]
BAD: Final = CHART_COLOURS[3]
NEUTRAL: Final = CHART_COLOURS[2]
"""Teal, coral and blue: told apart without red-green vision, and every use is named by a legend or a text."""

GOOD_BAR: Final = "#0b7a66"
NEUTRAL_BAR: Final = "#3a6fb5"
"""Darker, where white text stands on them (5 to 1)."""

CHART_HEIGHT: Final = 290
BAR_HEIGHT: Final = 36
"""Of one horizontal bar, its gap included."""
FEWEST_BARS: Final = 2
"""Room for so many, so that a single bar is not as thick as a card."""
BARS_MOST: Final = 6
DAYS_MOST: Final = 92
"""Longer periods are drawn by week."""
WEEK_HEIGHT: Final = 250
MAP_HEIGHT: Final = 300
CELL_SIZE: Final = 0.93
HOURS_NAMED: Final = (0, 6, 12, 18, 23)
LABEL_LENGTH: Final = 22
TICKS: Final = 8

STRENGTH: Final[Figure] = {
    "colorscale": [[0, "rgba(15,138,116,0.07)"], [0.001, "rgba(15,138,116,0.22)"], [1, "rgba(15,138,116,1)"]],
    "cmin": 0,
    "cmax": 1,
    "showscale": False,
}
"""Of cells and countries: from nothing to the most; see-through, so that it fits light and dark."""
LAND: Final = "rgba(118,134,143,0.16)"
BORDER: Final = "rgba(118,134,143,0.45)"
NO_MARGIN: Final = {"l": 0, "r": 0, "t": 0, "b": 0}

_OUTCOMES: Final = (("delivered", "Delivered", GOOD), ("failed", "Failed", BAD))
_AXIS: Final[Figure] = {"automargin": True, "fixedrange": True, "title": {"text": "", "standoff": 0}}
_HOUR_AXIS: Final[Figure] = {"type": "category", "nticks": TICKS, "tickangle": 0}
_COUNTS: Final[Figure] = _AXIS | {"rangemode": "tozero", "tickformat": ",~s"}


def volume(daily: pl.DataFrame) -> Figure:
    """Delivered and failed messages over time, stacked. `daily`: day, delivered, failed."""
    shown = by_week(daily, "delivered", "failed")
    days = shown["day"].to_list()
    return _stacked(days, shown, _time_axis(days))


def by_hour(hours: pl.DataFrame) -> Figure:
    """As `volume`, of one day hour by hour. `hours`: hour, delivered, failed."""
    return _stacked(_hour_labels(hours), hours, _HOUR_AXIS)


def week(cells: pl.DataFrame) -> Figure:
    """A row of 24 squares for each weekday, Monday on top: the more messages, the stronger the colour.

    Bars, because Plotly's heat maps cannot be clicked; curve and point are weekday and hour, both from 0. `cells`: all
    168 in order; weekday, hour, recipients, delivered, failed.
    """
    most = max(cells["recipients"].max() or 0, 1)  # type: ignore[type-var]  # the column holds integers
    rows = [
        {
            "type": "bar",
            "x": list(range(24)),
            "y": [CELL_SIZE] * 24,
            "base": [6 - place] * 24,
            "width": CELL_SIZE,
            "marker": {"color": [round(count / most, 4) for count in day["recipients"]], "coloraxis": "coloraxis"},
            "customdata": [_cell_words(row) for row in day.iter_rows(named=True)],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        for place, day in enumerate(cells.partition_by("weekday", maintain_order=True))
    ]
    hours = {"tickvals": HOURS_NAMED, "ticktext": [f"{hour:02d}:00" for hour in HOURS_NAMED], "showgrid": False}
    days = {
        "tickvals": [6 - place + CELL_SIZE / 2 for place in range(7)],
        "ticktext": [name[:3] for name in WEEKDAY_NAMES],
    }
    return _figure(
        rows,
        xaxis=hours | {"range": [-0.5, 23.5], "zeroline": False},
        yaxis=_AXIS | days | {"range": [0, 7], "showgrid": False, "zeroline": False},
        barmode="overlay",
        showlegend=False,
        hovermode="closest",
        coloraxis=STRENGTH,
        height=WEEK_HEIGHT,
    )


def world(countries: pl.DataFrame, names: Sequence[str]) -> Figure:
    """Where recipients are: the more, the stronger the colour, by the square root as few countries have most of them.

    `countries`: country_name, recipients, delivered, failed; `names`: ISO 3166-1 alpha-3, row by row.
    """
    most = max(countries["recipients"].max() or 0, 1)  # type: ignore[type-var]  # the column holds integers
    shapes = {
        "type": "choropleth",
        "locations": list(names),
        "z": [round((count / most) ** 0.5, 4) for count in countries["recipients"]],
        "customdata": [f"{row['country_name']}<br>{_outcome_words(row)}" for row in countries.iter_rows(named=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
        "coloraxis": "coloraxis",
        "marker": {"line": {"color": BORDER, "width": 0.5}},
    }
    geo = {
        "projection": {"type": "natural earth"},
        "bgcolor": "rgba(0,0,0,0)",
        "showframe": False,
        "showcoastlines": False,
        "showland": True,
        "landcolor": LAND,
        "showcountries": True,
        "countrycolor": BORDER,
        "countrywidth": 0.5,
        "lataxis": {"range": [-56, 84]},
    }
    return {
        "data": [shapes],
        "layout": chart_layout(
            geo=geo, coloraxis=STRENGTH, height=MAP_HEIGHT, dragmode=False, hovermode="closest", margin=NO_MARGIN
        ),
    }


def spend(daily: pl.DataFrame) -> Figure:
    """Credits charged over time. `daily`: day, charged_micro."""
    shown = by_week(daily, "charged_micro")
    days = shown["day"].to_list()
    return _amounts(days, shown, _time_axis(days))


def spend_by_hour(hours: pl.DataFrame) -> Figure:
    """As `spend`, of one day hour by hour. `hours`: hour, charged_micro."""
    return _amounts(_hour_labels(hours), hours, _HOUR_AXIS)


def _amounts(x: Sequence[Any], shown: pl.DataFrame, xaxis: Figure) -> Figure:
    amounts = shown["charged_micro"].to_list()
    bars = {
        "type": "bar",
        "x": list(x),
        "y": [amount / MICRO for amount in amounts],
        "customdata": [format_credits(amount) for amount in amounts],
        "marker": {"color": NEUTRAL},
        "hovertemplate": "%{x}<br>%{customdata} credits<extra></extra>",
    }
    return _figure([bars], xaxis=xaxis, hovermode="closest")


def success_rates(frame: pl.DataFrame, name: str) -> Figure:
    """Share of delivered among settled messages, a bar a row of `largest`. `frame`: `name`, delivered, failed."""
    shown = largest(frame)
    rates = [100 * good / settled for good, settled in zip(shown["delivered"], shown["settled"], strict=True)]
    texts = [f"{percent(rate)} of {settled:,}" for rate, settled in zip(rates, shown["settled"], strict=True)]
    return _bars(plain(shown[name].to_list()), rates, texts, GOOD_BAR, most=100.0)


def largest(frame: pl.DataFrame) -> pl.DataFrame:
    """Those with the most settled messages (a column of their own), most first."""
    return (
        frame.with_columns((pl.col("delivered") + pl.col("failed")).alias("settled"))
        .filter(pl.col("settled") > 0)
        .sort("settled", descending=True, maintain_order=True)
        .head(BARS_MOST)
    )


def waits(took: pl.DataFrame) -> Figure:
    """How long delivery took. `took`: took, messages."""
    counts = took["messages"].to_list()
    shares = [100 * count / max(sum(counts), 1) for count in counts]
    texts = [f"{percent(share)} ({count:,})" for share, count in zip(shares, counts, strict=True)]
    return _bars(took["took"].to_list(), shares, texts, NEUTRAL_BAR, most=max([*shares, 1.0]))


def show(figure: Figure, *, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=CHART_CONFIG, alt=alt)


def pick(figure: Figure, *, key: str, alt: str, config: dict[str, Any] | None = None) -> tuple[int, int] | None:
    """Shows a figure; curve and point that were clicked, both from 0."""
    event: Any = st.plotly_chart(
        figure, key=key, config=CHART_CONFIG | (config or {}), alt=alt, on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"]
    if not points:
        return None
    return points[0].get("curve_number", 0), points[0].get("point_number", points[0].get("point_index", 0))


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


def _hour_labels(hours: pl.DataFrame) -> list[str]:
    return [f"{hour:02d}:00" for hour in hours["hour"]]


def _cell_words(row: dict[str, Any]) -> str:
    return f"{WEEKDAY_NAMES[row['weekday'] - 1]} {row['hour']:02d}:00<br>{_outcome_words(row)}"


def _outcome_words(row: dict[str, Any]) -> str:
    settled = row["delivered"] + row["failed"]
    rate = f", {percent(100 * row['delivered'] / settled)} delivered" if settled else ""
    return f"{plural(row['recipients'], 'recipient')}{rate}"


def _stacked(x: Sequence[Any], shown: pl.DataFrame, xaxis: Figure) -> Figure:
    bars = [
        {
            "type": "bar",
            "x": list(x),
            "y": shown[name].to_list(),
            "name": label,
            "marker": {"color": colour},
            "hovertemplate": f"%{{x}}<br>%{{y:,}} {label.lower()}<extra></extra>",
        }
        for name, label, colour in _OUTCOMES
    ]
    return _figure(bars, xaxis=xaxis, barmode="stack", hovermode="closest")  # a click means one colour of one bar


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
        "insidetextfont": {"color": "#ffffff"},
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
