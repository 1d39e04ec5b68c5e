"""The charts of the dashboard, each with what it says and the messages behind it."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape
from typing import Any, Final

import polars as pl
import streamlit as st

from engine.history import Chart, Dashboard, StateGroup
from engine.history.chart_data import WEEKDAY_NAMES
from engine.model import MessageState
from engine.store import Row
from pages.ui import charts, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dashboard import words
from pages.ui.dashboard.asked import PAGE, Asked, Query
from pages.ui.dashboard.cards import Data, chart, download, drill_table, head, numbered
from pages.ui.dashboard.maps import MAP_CONFIG
from pages.ui.dashboard.regions import ISO3
from pages.ui.records import heading

DELIVERED: Final = MessageState.DELIVERED.value
FAILED: Final = StateGroup.UNDELIVERED.value
HALF_WIDTH: Final = 380
SHARE_WIDTH: Final = 120
COUNTRIES_SHOWN: Final = 8


def volume(figures: Dashboard, asked: Asked) -> None:
    """Messages over time; a bar's colour leads to its messages."""
    one_day = figures.daily.height == 1
    with st.container(key="card-volume"):
        data = _days(figures, asked)
        head(asked, "volume", "Messages over time", words.volume(figures.daily), data)
        if one_day:
            hours = figures.hours["hour"].to_list()
            targets = [[asked.behind(hour=str(hour), state=state) for hour in hours] for state in (DELIVERED, FAILED)]
            figure = charts.by_hour(figures.hours)
        else:
            spans = _spans(figures.daily)
            targets = [[asked.behind_days(*span, state=state) for span in spans] for state in (DELIVERED, FAILED)]
            figure = charts.volume(figures.daily)
        unit = words.over_time(figures.daily.height)
        chart(figure, "volume", f"Delivered and failed messages {unit}, {asked.period.words}", targets)


def spend(figures: Dashboard, asked: Asked) -> None:
    """Credits charged over time."""
    with st.container(key="card-spend", height="stretch"):
        head(asked, "spend", "Credits spent", words.spend(figures.daily), _days(figures, asked))
        if figures.daily.height == 1:
            behind = [asked.behind(hour=str(hour), state=DELIVERED) for hour in figures.hours["hour"]]
            figure = charts.spend_by_hour(figures.hours)
        else:
            behind = [asked.behind_days(*span, state=DELIVERED) for span in _spans(figures.daily)]
            figure = charts.spend(figures.daily)
        unit = words.over_time(figures.daily.height)
        chart(figure, "spend", f"Credits charged {unit}, {asked.period.words}", [behind])


def lasting(asked: Asked) -> None:
    """How long the credit of one account lasts."""
    if asked.account_id is None and asked.actor.is_operator:
        return
    forecast = get_engine().history.forecast(asked.actor, account_id=asked.account_id)
    lasts, why = words.lasting(forecast)
    with st.container(key="card-lasting"):
        heading("Credit lasts")
        st.html(f'<p class="ims-lasting">{escape(lasts)}</p><p class="ims-says">{escape(why)}</p>')


def routes(figures: Dashboard, asked: Asked) -> None:
    with st.container(key="card-routes"):
        rows = numbered(figures.routes.to_dicts())
        behind = [asked.behind(route=str(row["route_id"])) for row in rows]
        columns = _outcome_columns("Route", lambda row: row["route"])
        head(
            asked, "routes", "Success by route", words.routes(figures.routes), Data(Chart.ROUTES, columns, rows, behind)
        )
        largest = charts.largest(figures.routes)
        if largest.is_empty():
            return
        targets = [asked.behind(route=str(route)) for route in largest["route_id"]]
        figure = charts.success_rates(figures.routes, "route")
        chart(figure, "routes", f"Share of delivered messages by route, {asked.period.words}", [targets])


def countries(figures: Dashboard, asked: Asked) -> None:
    """The map, and beside it the same as a table: small countries have no shape."""
    with st.container(key="card-countries"):
        rows = numbered(figures.countries.to_dicts())
        behind = [asked.behind(country=row["country"]) for row in rows]
        columns = [*_outcome_columns("Country", _country), table.count("SMS", "sms")]
        data = Data(Chart.COUNTRIES, columns, rows, behind)
        head(asked, "countries", "Where messages go", words.countries(figures.countries), data)
        with st.grid(2, min_column_width=HALF_WIDTH, vertical_alignment="center"):
            names = [ISO3.get(row["country"], "") for row in rows]
            alt = f"Map of recipients by country, {asked.period.words}; the table beside it has the same figures"
            chart(charts.world(figures.countries, names), "map", alt, [behind], MAP_CONFIG)
            total = max(sum(row["recipients"] for row in rows), 1)
            top = rows[:COUNTRIES_SHOWN]
            shown = [
                table.text("Country", _country),
                table.share("Share of messages", lambda row: row["recipients"] / total, width=SHARE_WIDTH),
                table.count("Recipients", "recipients"),
                table.share(
                    "Success",
                    lambda row: row["delivered"] / max(row["delivered"] + row["failed"], 1),
                    width=SHARE_WIDTH,
                ),
            ]
            drill_table(
                f"{PAGE}-places", top, shown, behind[:COUNTRIES_SHOWN], alt="Countries with the most recipients"
            )


def week(figures: Dashboard, asked: Asked) -> None:
    """Every hour of the week."""
    with st.container(key="card-week"):
        cells = figures.week
        busy = cells.filter(pl.col("recipients") > 0).sort("recipients", descending=True, maintain_order=True)
        rows = numbered(busy.to_dicts())
        behind = [_hour_query(asked, row) for row in rows]
        columns = _outcome_columns("Hour", lambda row: f"{WEEKDAY_NAMES[row['weekday'] - 1]} {row['hour']:02d}:00")
        head(asked, "week", "By weekday and hour", words.week(cells), Data(Chart.WEEK, columns, rows, behind))
        targets: list[list[Query | None]] = [
            [_hour_query(asked, row) if row["recipients"] else None for row in day.iter_rows(named=True)]
            for day in cells.partition_by("weekday", maintain_order=True)
        ]
        alt = f"Messages by weekday and hour at which they were due, {asked.period.words}"
        chart(charts.week(cells), "week", alt, targets)
        st.caption(f"The stronger the colour, the more messages. Hours are those of {_zone(asked)}.")


def reasons(figures: Dashboard, asked: Asked) -> None:
    """Why, in plain words."""
    with st.container(key="card-reasons"):
        rows = numbered(figures.reasons.to_dicts())
        head(asked, "reasons", "Why messages failed", words.reasons(figures.reasons), None)
        if not rows:
            return
        total = sum(row["messages"] for row in rows)
        columns = [
            table.text("What happened", lambda row: row["sentence"], width="large"),
            table.count("Messages", "messages", width="small"),
            table.share("Share", lambda row: row["messages"] / total, width="small"),
            table.text("What to do", lambda row: row["next_step"], width="medium"),
        ]
        behind = [asked.behind(reason=row["reason"], state=FAILED) for row in rows]
        st.caption("Click a reason to see its messages.")
        drill_table(f"{PAGE}-reasons", rows, columns, behind, alt="Reasons of failure")
        download(asked, "reasons", Chart.REASONS)


def waits(asked: Asked) -> None:
    """Reads the messages themselves, so only for those who open it."""
    with st.expander("Time to delivery", icon=":material/timer:", key=f"{PAGE}-waits", on_change="rerun") as card:
        if not card.open:
            return
        found = asked.delivery_times()
        st.html(f'<p class="ims-says">{escape(words.waits(found))}</p>')
        if found.messages:
            charts.show(
                charts.waits(found.classes), key=f"{PAGE}-times", alt=f"Time from route to phone, {asked.period.words}"
            )
            st.caption(words.COUNTED, help=words.RESOLUTION)
            download(asked, "waits", Chart.WAITS)


def nothing_found(asked: Asked, drop: Any, widen: Any) -> None:
    """There are messages, but not of these dates or filters."""
    with st.container(key="card-dash-none"):
        heading("Nothing to show")
        if asked.narrowed:
            st.text(f"No task in {asked.period.words} matches these filters.")
            st.button("Drop the filters", icon=":material/filter_alt_off:", key=f"{PAGE}-drop", on_click=drop)
        else:
            st.text(f"No task was due in {asked.period.words}.")
            st.button("Show all dates", icon=":material/date_range:", key=f"{PAGE}-widen", on_click=widen)


def _days(figures: Dashboard, asked: Asked) -> Data:
    """Days with anything in them, the latest first."""
    busy = figures.daily.filter(pl.col("tasks") > 0).sort("day", descending=True)
    rows = numbered(busy.to_dicts())
    behind = [asked.behind_days(row["day"], row["day"]) for row in rows]
    return Data(Chart.DAYS, _outcome_columns("Day", lambda row: show.day(row["day"])), rows, behind)


def _spans(daily: pl.DataFrame) -> list[tuple[date, date]]:
    """First and last day of each bar."""
    shown = charts.by_week(daily, "tasks")
    length = timedelta(days=6 if daily.height > charts.DAYS_MOST else 0)
    return [(day, day + length) for day in shown["day"]]


def _hour_query(asked: Asked, row: Row) -> Query:
    return asked.behind(weekday=str(row["weekday"]), hour=str(row["hour"]))


def _success(row: Row) -> float:
    return row["delivered"] / max(row["delivered"] + row["failed"], 1)


def _country(row: Row) -> str:
    return show.country(row["country"])


def _zone(asked: Asked) -> str:
    return show.zone_info(asked.actor.zone).key


def _outcome_columns(label: str, name: Any) -> list[table.Column]:
    return [
        table.text(label, name),
        table.count("Recipients", "recipients"),
        table.count("Delivered", "delivered"),
        table.count("Failed", "failed"),
        table.share("Success", _success, width=SHARE_WIDTH),
        table.credit("Charged", lambda row: row["charged_micro"]),
    ]
