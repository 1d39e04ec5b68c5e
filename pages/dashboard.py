"""Dashboard: the four headline figures, then volume, success, spend, time of day and why messages failed."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from engine.history import Dashboard, Headline, RecordFilter, StateGroup
from engine.model import MICRO, MessageState
from engine.store import Row
from pages.ui import address, charts, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.filters import BY_DUE, account_choice, dates_bar, dates_values, fill_dates
from pages.ui.guard import require
from pages.ui.period import Period
from pages.ui.records import begin, figure_card, heading, link, nothing_yet
from pages.ui.registry import DASHBOARD, SMS_HISTORY, TASK_RECORD, TOPUP_HISTORY

actor = require()
engine = get_engine()

PAGE: Final = "dash"
REASONS: Final = "dash-reasons"
ACCOUNT_KEY: Final = f"{PAGE}-account"
METRIC_WIDTH: Final = 150
CHART_WIDTH: Final = 380
LATEST_US: Final = 4_102_444_800 * 10**6
"""2100-01-01, for periods without an end; the Engine takes no later one."""


def controls() -> tuple[Period, int | None]:
    """The period and, for operators, the account."""
    address.arrived(PAGE, fill, probe=f"{PAGE}-dates")
    period = dates_bar(actor, PAGE)
    if not actor.is_operator:
        return period, None
    account_choice(actor, ACCOUNT_KEY)
    return period, st.session_state[ACCOUNT_KEY] or None


def fill(given: address.Values) -> None:
    fill_dates(PAGE, given)
    st.session_state[ACCOUNT_KEY] = address.number_in(given.get("account"))


def here(**more: str) -> dict[str, str]:
    """The address parameters that show the same dates and account on another page."""
    values = dates_values(PAGE) | {"account": st.session_state.get(ACCOUNT_KEY)} | more
    return {name: str(value) for name, value in values.items() if value}


def headline(figures: Dashboard, period: Period) -> None:
    """Exactly four, in this order; each compared with the equally long period before."""
    now = Headline(figures.credit_usage_micro, figures.task_count, figures.success_count, figures.failed_count)
    before = figures.previous if period.start_us is not None else None
    failed, delivered = StateGroup.UNDELIVERED.value, MessageState.DELIVERED.value
    with st.grid(4, min_column_width=METRIC_WIDTH):
        with figure_card("usage"):
            metric("Credit usage", "credit_usage_micro", now, before)
            link(TOPUP_HISTORY, "See movements", **here())
        with figure_card("tasks"):
            metric("SMS task count", "task_count", now, before)
            link(TASK_RECORD, "See tasks", **here())
        with figure_card("success"):
            metric("Success message count", "success_count", now, before)
            link(SMS_HISTORY, "See messages", **here(state=delivered, by=BY_DUE))
        with figure_card("failed"):
            metric("Failed message count", "failed_count", now, before)
            link(SMS_HISTORY, "See messages", **here(state=failed, by=BY_DUE))


def metric(label: str, name: str, now: Headline, before: Headline | None) -> None:
    show_value = show.credits if name.endswith("_micro") else show.number
    value, earlier = getattr(now, name), getattr(before, name) if before else None
    st.metric(
        label,
        show_value(value),
        change(value, earlier),
        delta_color="off",
        delta_description=f"was {roughly(earlier, name)}" if earlier else None,
    )


def roughly(value: int, name: str) -> str:
    """The earlier figure in few characters: four cards share the width of a phone two by two."""
    if not name.endswith("_micro"):
        return show.compact(value)
    return show.credits(value) if value < 1_000 * MICRO else show.compact(round(value / MICRO))


def change(value: int, earlier: int | None) -> str | int | None:
    """ "+12.5%" against the period before; 0 for none; nothing where there was nothing to compare with."""
    if not earlier:
        return None
    if value == earlier:
        return 0
    share = 100 * (value - earlier) / earlier
    return f"{share:+,.1f}%" if abs(share) >= 0.05 else f"{'+' if share > 0 else '-'}<0.1%"


def volume_card(figures: Dashboard, words: str) -> None:
    with st.container(key="card-volume"):
        heading("Messages over time")
        charts.show(charts.volume(figures.daily), key="volume", alt=f"Delivered and failed messages, {words}")


def chart_cards(figures: Dashboard, words: str) -> None:
    with st.grid(2, min_column_width=CHART_WIDTH):
        with st.container(key="card-routes", height="stretch"):
            heading("Success by route")
            charts.show(charts.success_rates(figures.routes, "route"), key="routes", alt=f"Success by route, {words}")
        with st.container(key="card-countries", height="stretch"):
            heading("Success by country")
            charts.show(
                charts.success_rates(figures.countries, "country_name"),
                key="countries",
                alt=f"Success by country, {words}",
            )
        with st.container(key="card-spend", height="stretch"):
            heading("Credits spent")
            charts.show(charts.spend(figures.daily), key="spend", alt=f"Credits charged, {words}")
        with st.container(key="card-hours", height="stretch"):
            heading("By hour of the day")
            charts.show(charts.hours(figures.hours), key="hours", alt=f"Messages by the hour sending began, {words}")


def reasons_card(figures: Dashboard) -> None:
    """Why, in plain words; a click shows the messages behind the figure."""
    with st.container(key="card-reasons"):
        heading("Why messages failed")
        rows = figures.reasons.with_row_index("id").to_dicts()
        if not rows:
            st.text("No message failed.")
            return
        st.caption("Click a reason to see its messages.")
        table.table(REASONS, rows, reason_columns(sum(row["messages"] for row in rows)), alt="Reasons of failure")
        place = table.opened(REASONS)
        table.close(REASONS)
        if place is not None and place < len(rows):
            st.switch_page(str(SMS_HISTORY.path), query_params=here(reason=rows[place]["reason"], by=BY_DUE))


def reason_columns(total: int) -> list[table.Column]:
    return [
        table.text("What happened", lambda row: row["sentence"], width="large"),
        table.count("Messages", "messages", width="small"),
        table.share("Share", lambda row: row["messages"] / total, width="small"),
        table.text("What to do", lambda row: row["next_step"], width="medium"),
    ]


def figures_card(figures: Dashboard) -> None:
    """The numbers behind the charts."""
    with st.expander("Figures by country and route", icon=":material/table_rows:"):
        table.show_rows(
            figures.countries.to_dicts(), place_columns("Country", country_words), key="by-country", alt="By country"
        )
        table.show_rows(
            figures.routes.to_dicts(), place_columns("Route", lambda row: row["route"]), key="by-route", alt="By route"
        )


def country_words(row: Row) -> str:
    return show.country(row["country"])


def place_columns(label: str, name: Any) -> list[table.Column]:
    return [
        table.text(label, name, width="medium"),
        table.count("Recipients", "recipients"),
        table.count("Delivered", "delivered"),
        table.count("Failed", "failed"),
        table.share("Success", lambda row: row["delivered"] / max(row["delivered"] + row["failed"], 1)),
        table.credit("Charged", lambda row: row["charged_micro"]),
    ]


def waits_card(period: Period, account_id: int | None, words: str) -> None:
    """Reads the messages themselves, so only for those who open it."""
    with st.expander("Time to delivery", icon=":material/timer:", key="dash-waits", on_change="rerun") as card:
        if card.open:
            took = engine.history.delivery_times(
                actor, period.start_us or 0, period.end_us or LATEST_US, account_id=account_id
            )
            charts.show(charts.waits(took.classes), key="waits", alt=f"Time from the route to the phone, {words}")


def body() -> None:
    period, account_id = controls()
    figures = engine.history.dashboard(actor, period.start_us or 0, period.end_us or LATEST_US, account_id=account_id)
    headline(figures, period)
    if figures.task_count == 0:
        if not engine.history.tasks(actor, RecordFilter(account_id=account_id), limit=1).rows:
            nothing_yet(
                actor,
                PAGE,
                "Nothing sent yet",
                "After the first task this page shows what was delivered and when, what failed and why, "
                "and what it cost.",
            )
        else:
            st.text(f"No task was due in {period.words}.")
        return
    volume_card(figures, period.words)
    chart_cards(figures, period.words)
    reasons_card(figures)
    figures_card(figures)
    waits_card(period, account_id, period.words)


begin(DASHBOARD.title)
body()
address.keep(PAGE, here())
