"""Filters of records: dates, search, status, route, account, kept in the address so that any view can be linked to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final

import streamlit as st

from engine.errors import AccessError
from engine.history import RecordFilter
from engine.model import FAIL_SENTENCES, Actor, FailReason
from engine.numbers import COUNTRIES
from pages.ui import address, format as show
from pages.ui.context import get_engine
from pages.ui.period import FIRST_DAY, LABELS, LAST_DAY, Period, Preset, day_of, period_of

DEFAULT_DATES: Final = Preset.MONTH
FILTER_WIDTH: Final = 165
"""Two beside each other on a phone."""
DAYS_WIDTH: Final = 250
SEARCH_LENGTH: Final = 200
ACCOUNTS_LISTED: Final = 200
BY_DUE: Final = "due"
"""In an address: messages by when their task was due, as the dashboard counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which filters a page offers. `page` begins the keys of its widgets; `states` are value → label.

    `upcoming`: dates reach into the future, for what is scheduled.
    """

    page: str
    search: str
    states: Mapping[str, str] = field(default_factory=dict[str, str])
    state_label: str = "Status"
    routes: bool = True
    upcoming: bool = False

    def key(self, name: str) -> str:
        return f"{self.page}-{name}"

    def value(self, name: str) -> Any:
        return st.session_state.get(self.key(name))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for: `wanted` for the Engine, `period` for people."""

    page: str
    wanted: RecordFilter
    period: Period


def filter_bar(actor: Actor, fields: Fields) -> Chosen:
    """Shows the filters and keeps them in the address. A link may also pin a task, country or reason."""
    routes = _routes(actor) if fields.routes else {}
    accounts = _accounts(actor, fields) if actor.is_operator else {}
    address.arrived(fields.page, partial(_fill, fields, routes, accounts), probe=fields.key("dates"))
    period = dates_bar(actor, fields.page, upcoming=fields.upcoming)
    with st.grid("auto", min_column_width=FILTER_WIDTH, gap="small"):
        st.text_input("Search", key=fields.key("q"), type="search", placeholder=fields.search, max_chars=SEARCH_LENGTH)
        if fields.states:
            _choice(fields, "state", fields.state_label, fields.states, "Any")
        if len(routes) > 1:
            _choice(fields, "route", "Route", routes, "Any route")
        if accounts:
            _choice(fields, "account", "Account", accounts, "All accounts")
    _pins(fields)
    return Chosen(fields.page, _wanted(fields, period), period)


def keep_address(fields: Fields, *, opened: tuple[str, int | None] = ("open", None)) -> None:
    """Last line of a page: writes what is shown into the address; `opened` names the row in the drawer."""
    values = {name: fields.value(name) for name in ("q", "state", "route", "account", *_PINS)}
    address.keep(fields.page, dates_values(fields.page) | values | {opened[0]: opened[1]})


def clear(fields: Fields) -> None:
    """All records of all dates, for a button; the account stays chosen."""
    st.session_state[fields.key("dates")] = Preset.ALL
    st.session_state[fields.key("q")] = ""
    for name in ("state", "route", *_PINS):
        st.session_state[fields.key(name)] = None


def dates_bar(actor: Actor, page: str, *, upcoming: bool = False) -> Period:
    """The presets, and two days for those who choose freely. Widgets: `page`-dates and `page`-days."""
    today = show.local_time(get_engine().clock.now_us(), actor.zone).date()
    days = f"{page}-days"
    with st.container(horizontal=True, vertical_alignment="center"):
        preset = st.segmented_control(
            "Dates",
            list(Preset),
            format_func=LABELS.__getitem__,
            key=f"{page}-dates",
            required=True,
            label_visibility="collapsed",
            wrap=True,
        )
        if preset is Preset.CUSTOM:
            st.session_state.setdefault(days, (today, today))
            st.date_input(
                "From and to",
                key=days,
                format="DD/MM/YYYY",
                label_visibility="collapsed",
                width=DAYS_WIDTH,
                min_value=FIRST_DAY,
                max_value=LAST_DAY,
            )
    return period_of(
        preset or DEFAULT_DATES, today=today, zone=actor.zone, custom=_days(page), upcoming=upcoming
    )


def dates_values(page: str) -> dict[str, str | None]:
    """What an address says about the dates; nothing for the default ones."""
    preset = st.session_state.get(f"{page}-dates") or DEFAULT_DATES
    if preset is not Preset.CUSTOM:
        return {"dates": None if preset is DEFAULT_DATES else preset.value}
    days = _days(page)
    return {"dates": preset.value} | ({"from": str(days[0]), "to": str(days[-1])} if days else {})


def fill_dates(page: str, given: address.Values, default: Preset = DEFAULT_DATES) -> None:
    """Sets the dates' widgets as an address says."""
    word = given.get("dates", "")
    st.session_state[f"{page}-dates"] = Preset(word) if word in set(Preset) else default
    days = sorted(day for day in (day_of(given.get("from")), day_of(given.get("to"))) if day)
    if days:
        st.session_state[f"{page}-days"] = (days[0], days[-1])


def account_choice(actor: Actor, key: str) -> None:
    """The account select box alone, for pages without other filters."""
    names = account_names(actor, st.session_state.get(key))
    st.selectbox(
        "Account", [None, *names], format_func=lambda value: "All accounts" if value is None else names[value], key=key
    )


def account_names(actor: Actor, also: int | None = None) -> dict[int, str]:
    """Id → name of the newest customer accounts, and of `also`, which an address may name."""
    accounts = get_engine().accounts
    rows = accounts.find(actor, limit=ACCOUNTS_LISTED)
    if also is not None and all(row["id"] != also for row in rows):
        try:
            rows.append(accounts.one(actor, also))
        except AccessError:
            st.session_state.pop("unknown-account", None)
    return {row["id"]: f"{row['name']} (no. {row['id']})" for row in rows}


_PINS: Final = ("task", "country", "reason", "by")
"""Filters that only links set; each is shown with a button to drop it."""
