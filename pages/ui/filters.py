"""Filters of records: dates, search, status, route, account, kept in the address so that any view can be linked to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import streamlit as st

from engine.errors import AccessError
from engine.history import Order, RecordFilter
from engine.history.chart_data import WEEKDAY_NAMES
from engine.model import FAIL_SENTENCES, Actor, FailReason
from engine.numbers import COUNTRIES
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.period import FIRST_DAY, LABELS, LAST_DAY, Period, Preset, day_of, period_of

DEFAULT_DATES: Final = Preset.MONTH
FILTER_WIDTH: Final = 165
"""Two beside each other on a phone."""
MOST_A_LINE: Final = 4
DAYS_WIDTH: Final = 250
SEARCH_LENGTH: Final = 200
ACCOUNTS_LISTED: Final = 200
PINS: Final = ("task", "country", "reason", "by")
"""Filters that only links set; each is shown with a button that drops it."""
MESSAGE_PINS: Final = (*PINS, "weekday", "hour")
"""Those of messages, with what only the dashboard asks for."""
ANY: Final = ""
"""Nothing chosen; None would show a placeholder."""
BY_DUE: Final = "due"
"""`?by=due`: messages by when their task was due, as the dashboard counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Which filters a page offers. `page` begins the keys of its widgets; `states` are value → label.

    `senders`, `members`: choices of a sender ID, and of who submitted. `orders` are value → label, the first one the
    default; `order_help` says what they can do. `upcoming`: dates reach into the future, for what is scheduled.
    `opens`: parameter that names the open row.
    """

    page: str
    search: str
    states: Mapping[str, str] = field(default_factory=dict[str, str])
    state_label: str = "Status"
    routes: bool = True
    upcoming: bool = False
    opens: str = ""
    pins: tuple[str, ...] = PINS
    senders: bool = False
    members: bool = False
    orders: Mapping[str, str] = field(default_factory=dict[str, str])
    order_help: str = ""

    def key(self, name: str) -> str:
        return f"{self.page}-{name}"

    def value(self, name: str) -> Any:
        """What is chosen, None for nothing."""
        found = st.session_state.get(self.key(name))
        return None if found == ANY else found


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for: `wanted` for the Engine, `period` for people."""

    fields: Fields
    wanted: RecordFilter
    period: Period

    @property
    def page(self) -> str:
        return self.fields.page


def filter_bar(actor: Actor, fields: Fields) -> Chosen:
    """Shows the filters with what the address or an earlier run chose."""
    address.arrived(fields.page, partial(_fill, fields), probe=fields.key("dates"))
    period = dates_bar(actor, fields.page, upcoming=fields.upcoming)
    shown = 1 + bool(fields.states) + fields.routes + actor.is_operator
    shown = min(shown + fields.senders + fields.members + bool(fields.orders), MOST_A_LINE)
    with st.grid(shown, min_column_width=FILTER_WIDTH, gap="small"):
        st.text_input("Search", key=fields.key("q"), type="search", placeholder=fields.search, max_chars=SEARCH_LENGTH)
        if fields.states:
            choice(fields.key("state"), fields.state_label, fields.states, nothing="Any")
        if fields.routes:
            choice(fields.key("route"), "Route", _routes(actor), nothing="Any route")
        if actor.is_operator:
            account_choice(actor, fields.key("account"))
        _more_choices(actor, fields)
    _show_pins(fields)
    return Chosen(fields, _wanted(actor, fields, period), period)


def _more_choices(actor: Actor, fields: Fields) -> None:
    """Sender ID, who submitted, and the order of the rows."""
    if fields.senders or fields.members:
        account = fields.value("account") if actor.is_operator else None
        with suppress(AccessError):  # an address can name an account there is not
            known = get_engine().history.choices(actor, account_id=account)
            if fields.senders:
                choice(fields.key("sender"), "Sender ID", {name: name for name in known.senders}, nothing="Any")
            if fields.members:
                choice(fields.key("member"), "Submitted by", dict(known.members), nothing="Anybody")
    if fields.orders:
        key, first = fields.key("order"), next(iter(fields.orders))
        if st.session_state.get(key) not in fields.orders:
            st.session_state[key] = first
        st.selectbox(
            "Order", list(fields.orders), format_func=fields.orders.__getitem__, key=key, help=fields.order_help or None
        )


def keep_address(fields: Fields) -> None:
    """Last line of a page: writes what is shown into the address."""
    values = {name: fields.value(name) for name in ("q", "state", "route", "account", "sender", "member", *fields.pins)}
    if fields.orders and fields.value("order") != next(iter(fields.orders)):
        values["order"] = fields.value("order")
    dates = dates_values(fields.page, default=_default_dates(fields.value("task")))
    opened = {fields.opens: table.opened(fields.page)} if fields.opens else {}
    address.keep(fields.page, dates | values | opened)


def clear(fields: Fields) -> None:
    """All records of all dates, for a button; the account stays chosen."""
    st.session_state[fields.key("dates")] = Preset.ALL
    st.session_state[fields.key("q")] = ""
    for name in ("state", "route", "sender", "member", *fields.pins):
        st.session_state[fields.key(name)] = ANY


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
            st.session_state.setdefault(days, st.session_state.get(f"{page}-seen") or (today, today))
            st.date_input(
                "From and to",
                key=days,
                format=show.DATE_INPUT,
                label_visibility="collapsed",
                width=DAYS_WIDTH,
                min_value=FIRST_DAY,
                max_value=LAST_DAY,
            )
    custom = st.session_state.get(days) or ()
    period = period_of(preset or DEFAULT_DATES, today=today, zone=actor.zone, custom=custom, upcoming=upcoming)
    if period.first and period.last:
        st.session_state[f"{page}-seen"] = (period.first, period.last)  # where a free choice begins
    return period


def fill_dates(page: str, given: address.Values, *, default: Preset = DEFAULT_DATES) -> None:
    """Sets the dates' widgets as an address says."""
    word = given.get("dates", "")
    st.session_state[f"{page}-dates"] = Preset(word) if word in set(Preset) else default
    days = sorted(day for day in (day_of(given.get("from")), day_of(given.get("to"))) if day)
    if days:
        st.session_state[f"{page}-days"] = (days[0], days[-1])


def dates_values(page: str, *, default: Preset = DEFAULT_DATES) -> dict[str, str | None]:
    """What an address says about the dates: nothing for the default, else the way back would lead here again."""
    preset = Preset(st.session_state.get(f"{page}-dates") or DEFAULT_DATES)
    days = st.session_state.get(f"{page}-days")
    if preset is not Preset.CUSTOM or not days:
        return {} if preset is default else {"dates": preset.value}
    return {"dates": preset.value, "from": str(days[0]), "to": str(days[-1])}


def choice(key: str, label: str, options: Mapping[Any, str], *, nothing: str) -> None:
    """A select box of value → label, and ANY; a value that is not offered becomes ANY."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = ANY
    st.selectbox(label, [ANY, *options], format_func=lambda value: nothing if value == ANY else options[value], key=key)


def account_choice(actor: Actor, key: str, *, nothing: str = "All accounts") -> None:
    """For operators: the newest customer accounts, and the one that an address names."""
    accounts = get_engine().accounts
    rows = accounts.find(actor, limit=ACCOUNTS_LISTED)
    named = st.session_state.get(key) or None
    if named is not None and all(row["id"] != named for row in rows):
        with suppress(AccessError):  # an address can name an account there is not; then none is chosen
            rows.append(accounts.one(actor, named))
    choice(key, "Account", {row["id"]: f"{row['name']} · no. {row['id']}" for row in rows}, nothing=nothing)


def _routes(actor: Actor) -> dict[int, str]:
    """Those that can be sent over, and those that were."""
    engine = get_engine()
    routes = engine.routes.listing(actor) if actor.is_operator else engine.routes.selectable(actor)
    return {route.id: route.name for route in routes} | engine.history.choices(actor).routes


def _fill(fields: Fields, given: address.Values) -> None:
    """Sets the widgets and the open row as an address says; what it says wrongly is left out."""
    task = address.number_in(given.get("task"))
    fill_dates(fields.page, given, default=_default_dates(task))
    table.open_row(fields.page, address.number_in(given.get(fields.opens)) if fields.opens else None)
    country = given.get("country", "").upper()
    reason = given.get("reason", "")
    values = {
        "q": given.get("q", "")[:SEARCH_LENGTH],
        "state": given.get("state"),
        "route": address.number_in(given.get("route")),
        "account": address.number_in(given.get("account")),
        "sender": given.get("sender"),
        "member": address.number_in(given.get("member")),
        "order": given.get("order"),
        "task": task,
        "country": country if country in COUNTRIES else None,
        "reason": reason if reason in set(FailReason) else None,
        "by": BY_DUE if given.get("by") == BY_DUE else None,
        "weekday": _among(given.get("weekday"), range(1, 8)),
        "hour": _among(given.get("hour"), range(24)),
    }
    for name, value in values.items():
        st.session_state[fields.key(name)] = value


def _default_dates(task: int | None) -> Preset:
    """Somebody who follows a link to one task wants all of it, whenever it was."""
    return DEFAULT_DATES if task is None else Preset.ALL


def _wanted(actor: Actor, fields: Fields, period: Period) -> RecordFilter:
    return RecordFilter(
        start_us=period.start_us,
        end_us=period.end_us,
        search=fields.value("q") or "",
        state=fields.value("state"),
        route_id=fields.value("route") if fields.routes else None,
        country=fields.value("country"),
        task_id=fields.value("task"),
        account_id=fields.value("account") if actor.is_operator else None,
        reason=fields.value("reason"),
        by_due=fields.value("by") == BY_DUE,
        weekday=fields.value("weekday") if fields.pins is MESSAGE_PINS else None,
        hour=fields.value("hour") if fields.pins is MESSAGE_PINS else None,
        sender=fields.value("sender") if fields.senders else None,
        member_id=fields.value("member") if fields.members else None,
        order=fields.value("order") or Order.NEWEST.value,
    )


def _among(text: str | None, allowed: range) -> int | None:
    number = address.number_in(text)
    return number if number in allowed else None


def _show_pins(fields: Fields) -> None:
    """What a link has set, each a button that drops it. Only words of the product are in the labels."""
    words = {
        "task": lambda value: f"Only task no. {value}",
        "country": lambda value: f"Only {show.country(value)}",
        "reason": lambda value: FAIL_SENTENCES[FailReason(value)][0].removesuffix("."),
        "by": lambda _: "By the time the task was due",
        "weekday": lambda value: f"Only {WEEKDAY_NAMES[value - 1]}s",
        "hour": lambda value: f"Only {value:02d}:00–{value:02d}:59",
    }
    pinned = {name: fields.value(name) for name in fields.pins if fields.value(name) is not None}
    if not pinned:
        return
    with st.container(horizontal=True, gap="small"):
        for name, value in pinned.items():
            st.button(
                words[name](value),
                icon=":material/close:",
                icon_position="right",
                key=fields.key(f"drop-{name}"),
                help="Show the others too",
                on_click=_drop,
                args=(fields.key(name),),
            )


def _drop(key: str) -> None:
    st.session_state[key] = ANY
