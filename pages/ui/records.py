"""What the pages of records share: filters kept in the address, pages of rows, export, the drawer, empty states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final

import streamlit as st

from engine.errors import ImsError
from engine.history import Page, RecordFilter
from engine.model import FAIL_SENTENCES, SENDING_ROLES, Actor, FailReason
from engine.numbers import COUNTRIES
from engine.store import Rows
from pages.ui import address, format as show
from pages.ui.context import get_engine
from pages.ui.notices import refusal
from pages.ui.period import LABELS, Period, Preset, clamped, day_of, period_of
from pages.ui.registry import QUICK_SMS
from pages.ui.table import close, opened

DEFAULT_DATES: Final = Preset.MONTH
DRAWER_WIDTH: Final = 560
FILTER_WIDTH: Final = 170
SEARCH_LENGTH: Final = 200
ACCOUNTS_LISTED: Final = 200
BY_DUE: Final = "due"

FORMATS: Final[dict[str, tuple[str, str]]] = {
    "csv": ("CSV", "text/csv"),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which filters a page offers. `page` begins the keys of its widgets; `states` are value → label."""

    page: str
    search: str
    states: Mapping[str, str] = field(default_factory=dict[str, str])
    state_label: str = "Status"
    routes: bool = True
    upcoming: bool = False

    def key(self, name: str) -> str:
        return f"{self.page}-{name}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody asks for. `values` are what the address holds."""

    fields: Fields
    wanted: RecordFilter
    period: Period
    values: dict[str, str | int | None]


def today_of(actor: Actor) -> date:
    return show.local_time(get_engine().clock.now_us(), actor.zone).date()


def filter_bar(actor: Actor, fields: Fields) -> Chosen:
    """Dates, search, status, route and (for operators) account; links may pin a task, country or reason besides."""
    routes = _route_names(actor) if fields.routes else {}
    accounts = account_names(actor) if actor.is_operator else {}
    address.arrived(fields.page, partial(_fill, fields, routes, accounts), probe=fields.key("dates"))
    period = dates_bar(actor, fields.page, upcoming=fields.upcoming)
    with st.grid("auto", min_column_width=FILTER_WIDTH, gap="small"):
        st.text_input(
            "Search", key=fields.key("q"), type="search", placeholder=fields.search, max_chars=SEARCH_LENGTH
        )
        if fields.states:
            _choice(fields, "state", fields.state_label, fields.states, "Any")
        if routes:
            _choice(fields, "route", "Route", routes, "Any route")
        if accounts:
            _choice(fields, "account", "Account", accounts, "All accounts")
    _pins(fields)
    return _chosen(fields, period)


def dates_bar(actor: Actor, page: str, *, upcoming: bool = False) -> Period:
    """The presets, and two days when none of them is meant. Its state is under `page`-dates and `page`-days."""
    dates, days = f"{page}-dates", f"{page}-days"
    st.session_state.setdefault(dates, DEFAULT_DATES)
    today = today_of(actor)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Dates", list(Preset), format_func=LABELS.__getitem__, key=dates, required=True, label_visibility="collapsed"
        )
        preset = Preset(st.session_state[dates] or DEFAULT_DATES)
        if preset is Preset.CUSTOM:
            st.session_state.setdefault(days, (today, today))
            st.date_input(
                "From and to",
                key=days,
                format="DD/MM/YYYY",
                label_visibility="collapsed",
                width=250,
                min_value=date(2000, 1, 1),
                max_value=date(2099, 12, 30),
            )
    return period_of(preset, today=today, zone=actor.zone, custom=_days_of(page), upcoming=upcoming)


def dates_address(page: str) -> dict[str, str | int | None]:
    """What the address says about the dates; the default is left out."""
    preset = Preset(st.session_state[f"{page}-dates"] or DEFAULT_DATES)
    if preset is not Preset.CUSTOM:
        return {"dates": None if preset is DEFAULT_DATES else preset.value}
    days = _days_of(page)
    return {"dates": preset.value, "from": str(days[0]), "to": str(days[-1])} if days else {"dates": preset.value}


def fill_dates(page: str, given: address.Values, default: Preset = DEFAULT_DATES) -> None:
    word = given.get("dates", default)
    preset = Preset(word) if word in Preset else default
    days = [day for day in (day_of(given.get("from")), day_of(given.get("to"))) if day]
    st.session_state[f"{page}-dates"] = preset
    if days:
        st.session_state[f"{page}-days"] = tuple(sorted(days))


def pages_of(chosen: Chosen, fetch: Callable[[int | None], Page]) -> tuple[Rows, Callable[[], None]]:
    """The rows of the page that is open, and what draws the buttons to the newer and older ones.

    Another filter begins at the newest again.
    """
    page = chosen.fields.page
    asked, trail = f"{page}-asked", f"{page}-trail"
    if st.session_state.get(asked) != chosen.wanted:
        st.session_state[asked], st.session_state[trail] = chosen.wanted, [None]
    visited: list[int | None] = st.session_state[trail]
    found = fetch(visited[-1])
    return found.rows, partial(_pager, page, visited, found)


def toolbar(chosen: Chosen, rows: Rows, pager: Callable[[], None], name: str, make: Callable[[str], bytes]) -> None:
    """Above a table: which rows these are, the pager, the export."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{show.plural(len(rows), 'row')}, newest first · {chosen.period.words}", width="stretch")
        pager()
        export(chosen.fields.page, name, make)


def export(page: str, name: str, make: Callable[[str], bytes]) -> None:
    """A menu of file formats. The file is made when it is asked for, by the Engine, safe for spreadsheets."""
    today = f"{get_engine().clock.now_us()}"
    del today
    with st.popover("Export", icon=":material/download:", key=f"{page}-export"):
        st.caption("Everything these filters find, up to 200,000 rows.")
        for ending, (label, mime) in FORMATS.items():
            st.download_button(
                label,
                data=partial(make, ending),
                file_name=f"{name}.{ending}",
                mime=mime,
                key=f"{page}-export-{ending}",
                on_click="ignore",
                width="stretch",
            )
