"""What the dashboard is asked for: dates, account and filters, in widgets, in the address, and for the Engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import streamlit as st

from engine.history import Chart, Choices, Dashboard, DeliveryTimes, Only
from engine.model import Actor
from engine.numbers import country_name
from pages.ui import address
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.filters import (
    ANY,
    BY_DUE,
    FILTER_WIDTH,
    MESSAGE_PINS,
    account_choice,
    choice,
    dates_bar,
    dates_values,
    fill_dates,
)
from pages.ui.period import Period, Preset

PAGE: Final = "dash"
ACCOUNT_KEY: Final = f"{PAGE}-account"
NARROWING: Final = ("route", "country", "sender", "member")
"""Parameters of the address, the same as of the SMS history list."""
ORDER: Final = (*("dates", "from", "to", "state", "route", "account", "sender", "member"), *MESSAGE_PINS)
"""In which the pages of records write parameters: another order is another entry in the browser's history."""
TEXT_MOST: Final = 40
LATEST_US: Final = 4_102_444_800 * 10**6
"""2100-01-01, for periods without an end; the Engine takes no later one."""

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """`narrowed`: route, country, sender or member → what is chosen."""

    actor: Actor
    period: Period
    account_id: int | None
    narrowed: Mapping[str, Any]

    @property
    def only(self) -> Only:
        given = self.narrowed
        return Only(given.get("route"), given.get("country"), given.get("member"), given.get("sender"))

    @property
    def span(self) -> tuple[int, int]:
        return self.period.start_us or 0, self.period.end_us or LATEST_US

    def figures(self) -> Dashboard:
        return get_engine().history.dashboard(self.actor, *self.span, account_id=self.account_id, only=self.only)

    def delivery_times(self) -> DeliveryTimes:
        return get_engine().history.delivery_times(self.actor, *self.span, account_id=self.account_id, only=self.only)

    def file(self, chart: Chart, ending: str) -> bytes:
        """The data behind a chart."""
        return get_engine().history.export_chart(
            self.actor, chart, *self.span, account_id=self.account_id, only=self.only, fmt=ending
        )

    def query(self, **more: str) -> Query:
        """The address parameters of the same dates, account and filters, and more."""
        values: dict[str, Any] = dates_values(PAGE) | {"account": self.account_id} | dict(self.narrowed) | more
        return {name: str(values[name]) for name in ORDER if values.get(name)}

    def behind(self, **more: str) -> Query:
        """Of the messages behind a figure: the dashboard counts by when tasks were due."""
        return self.query(by=BY_DUE, **more)

    def behind_days(self, first: date, last: date, **more: str) -> Query:
        """As `behind`, of some days of the period."""
        first, last = max(first, self.period.first or first), min(last, self.period.last or last)
        days = {"dates": Preset.CUSTOM.value, "from": str(first), "to": str(last)}
        return self.behind(**days, **more)


def ask(actor: Actor) -> Asked:
    """Shows dates and filters with what the address or an earlier run chose."""
    address.arrived(PAGE, _fill, probe=f"{PAGE}-dates")
    period = dates_bar(actor, PAGE)
    with st.grid(len(NARROWING) + actor.is_operator, min_column_width=FILTER_WIDTH, gap="small"):
        if actor.is_operator:
            account_choice(actor, ACCOUNT_KEY)
        account_id = (st.session_state[ACCOUNT_KEY] or None) if actor.is_operator else None
        offered = _offered(get_engine().history.choices(actor, account_id=account_id))
        narrowed = {name: _choose(name, *offered[name]) for name in NARROWING if offered[name][2]}
    return Asked(actor, period, account_id, {name: value for name, value in narrowed.items() if value})


def keep(asked: Asked) -> None:
    """Last line of the page: writes what is shown into the address."""
    address.keep(PAGE, asked.query())


def drop_filters() -> None:
    """All messages of the dates; for a button."""
    for name in NARROWING:
        st.session_state[f"{PAGE}-{name}"] = ANY


def all_dates() -> None:
    st.session_state[f"{PAGE}-dates"] = Preset.ALL


def _offered(choices: Choices) -> dict[str, tuple[str, str, Mapping[Any, str]]]:
    """Name → label, words for no choice, value → words."""
    countries = {code: show.country(code) for code in sorted(choices.countries, key=country_name)}
    return {
        "route": ("Route", "Any route", choices.routes),
        "country": ("Country", "Any country", countries),
        "sender": ("Sender ID", "Any sender ID", {sender: sender for sender in choices.senders}),
        "member": ("Member", "Any member", choices.members),
    }


def _choose(name: str, label: str, nothing: str, options: Mapping[Any, str]) -> Any:
    key = f"{PAGE}-{name}"
    choice(key, label, options, nothing=nothing)
    return st.session_state[key] or None


def _fill(given: address.Values) -> None:
    if "by" in given:
        # On its way to the messages behind a figure the browser notes their parameters under this page's path; who
        # goes back from them meets that note and means what was shown here.
        given = address.shown(PAGE) or given
    fill_dates(PAGE, given)
    values = {
        "account": address.number_in(given.get("account")),
        "route": address.number_in(given.get("route")),
        "member": address.number_in(given.get("member")),
        "country": given.get("country", "").upper()[:TEXT_MOST],
        "sender": given.get("sender", "")[:TEXT_MOST],
    }
    for name, value in values.items():
        st.session_state[f"{PAGE}-{name}"] = value
