"""Every property of a route in one form; only what was changed is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from engine import numbers
from engine.errors import ImsError
from engine.model import Actor, ChargeOn, CountRule
from engine.routes import (
    AFTER_LEAST_S,
    AFTER_MOST_S,
    AFTER_USUAL_S,
    BELOW_LEAST,
    BELOW_MOST,
    MOST_BATCH,
    MOST_THROUGHPUT,
    SUCCESS_LEAST,
    SUCCESS_WINDOW_S,
    Route,
    RouteChanges,
)
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import heading
from pages.ui.routes.shared import Sheet, is_admin, require_admin

CHARGING = {
    ChargeOn.DELIVERED: "Delivered: failed messages return their credit",
    ChargeOn.ACCEPTED: "Accepted by the operator: for routes without receipts",
}
COUNTING = {
    CountRule.MISSION: "One SMS per 160 characters (70 in other scripts)",
    CountRule.CARRIER: "As carriers do: 160 alone, 153 per part (70, 67)",
}
SERVED = {
    code: name
    for code, name in sorted(numbers.COUNTRIES.items(), key=lambda pair: pair[1].casefold())
    if code not in numbers.BLOCKED
}
EVERYWHERE_SERVED, CHOSEN = "Everywhere that is served", "Only these countries"


def draw(actor: Actor, route: Route) -> None:
    sheet = Sheet("properties", route, probe="name")
    closed = not is_admin(actor)
    if closed:
        notice("info", "Only administrators change routes.", "You see what is set.")
    with st.container(
        key="card-route-properties"
    ):  # no st.form, which keeps what is typed in the browser until it is submitted
        _sending(sheet, closed)
        _selling(sheet, closed)
        _reach(sheet, closed)
        _takeover(sheet, closed, get_engine().routes.listing(actor))
        saved = st.button("Save properties", type="primary", key=sheet.key("save"), disabled=closed)
    if saved:
        _save(route, sheet)


def _sending(sheet: Sheet, closed: bool) -> None:
    seen = sheet.seen
    heading("How messages leave")
    st.text_input("Route name", key=sheet.start("name", seen.name), disabled=closed)
    left, right = st.columns(2)
    left.number_input(
        "Throughput in parts per second (0: no limit)",
        key=sheet.start("throughput", seen.throughput),
        min_value=0,
        max_value=MOST_THROUGHPUT,
        step=1,
        disabled=closed,
    )
    right.number_input(
        "Messages handed over at once",
        key=sheet.start("batch", seen.batch),
        min_value=1,
        max_value=MOST_BATCH,
        step=1,
        help="So many can be in doubt after a crash.",
        disabled=closed,
    )


def _selling(sheet: Sheet, closed: bool) -> None:
    seen = sheet.seen
    heading("What customers get")
    carries = st.toggle(
        "Carries a sender ID", key=sheet.start("supports_sender", seen.supports_sender), disabled=closed
    )
    longest = sheet.start("sender_max", seen.sender_max)
    if carries:
        st.columns(2)[0].number_input(
            "Longest sender ID in characters", key=longest, min_value=3, max_value=11, step=1, disabled=closed
        )
    st.selectbox(
        "Charged when",
        list(CHARGING),
        key=sheet.start("charge_on", seen.charge_on),
        format_func=lambda value: CHARGING[value],
        disabled=closed,
    )
    st.selectbox(
        "SMS are counted",
        list(COUNTING),
        key=sheet.start("count_rule", seen.count_rule),
        format_func=lambda value: COUNTING[value],
        disabled=closed,
    )
    st.toggle(
        "Default route: chosen first on the pages of sending",
        key=sheet.start("is_default", seen.is_default),
        disabled=closed or seen.is_default,
    )


def _reach(sheet: Sheet, closed: bool) -> None:
    countries = sheet.seen.countries
    heading("Where it reaches")
    reach = st.radio(
        "Countries",
        [EVERYWHERE_SERVED, CHOSEN],
        key=sheet.start("reach", EVERYWHERE_SERVED if countries is None else CHOSEN),
        horizontal=True,
        disabled=closed,
    )
    named = sheet.start("countries", sorted(countries or (), key=numbers.country_name))
    if reach == CHOSEN:
        st.multiselect(
            "Countries by name",
            list(SERVED),
            key=named,
            format_func=show.country,
            placeholder="Type a name",
            disabled=closed,
        )


def _takeover(sheet: Sheet, closed: bool, every: Sequence[Route]) -> None:
    seen = sheet.seen
    others = {route.id: route for route in every if route.id != seen.id}
    heading("When it cannot send")
    st.text(
        "Another route can take over what was never handed to the operator. Customers pay the quote they accepted, and "
        "records say which route carried a message."
    )
    st.selectbox(
        "Route that takes over",
        [None, *others],
        key=sheet.start("takeover_id", seen.takeover_id),
        format_func=lambda route_id: _other_words(others.get(route_id)),
        help="It has to carry all that this one accepts: sender IDs, countries, charging and content rules.",
        disabled=closed,
    )
    left, right = st.columns(2)
    left.number_input(
        "After seconds of being down",
        value=None,
        key=sheet.start("takeover_after_s", seen.takeover_after_s if seen.takeover_id else AFTER_USUAL_S),
        min_value=AFTER_LEAST_S,
        max_value=AFTER_MOST_S,
        step=1,
        placeholder="never for that",
        disabled=closed,
    )
    right.number_input(
        "Below a success rate of, in percent",
        value=None,
        key=sheet.start("takeover_below", seen.takeover_below),
        min_value=BELOW_LEAST,
        max_value=BELOW_MOST,
        step=1,
        placeholder="never for that",
        help=f"Of the last {SUCCESS_WINDOW_S // 60} minutes, once there are {SUCCESS_LEAST} results.",
        disabled=closed,
    )


def _other_words(route: Route | None) -> str:
    if route is None:
        return "No route: messages wait"
    return route.display_name + ("" if route.enabled else " (closed for customers)")


def changes_of(sheet: Sheet) -> RouteChanges:
    """What the person changed since the form was filled."""
    seen = sheet.seen
    wanted: dict[str, Any] = {
        field: sheet.value(field)
        for field in ("name", "throughput", "batch", "supports_sender", "sender_max", "charge_on", "count_rule",
                      "is_default")
    }  # fmt: skip
    wanted["countries"] = None if sheet.value("reach") == EVERYWHERE_SERVED else frozenset(sheet.value("countries"))
    takeover = ("takeover_id", "takeover_after_s", "takeover_below")
    wanted |= {field: sheet.value(field) if sheet.value("takeover_id") else None for field in takeover}
    changed = {field: value for field, value in wanted.items() if value != getattr(seen, field)}
    return RouteChanges(**changed)


def _save(route: Route, sheet: Sheet) -> None:
    changes = changes_of(sheet)
    if not changes:
        notice("info", "Nothing was changed.")
        return
    try:
        saved = get_engine().routes.edit(require_admin(), route.id, changes)
    except ImsError as error:
        refusal(error, "Nothing was saved; what you entered is kept.")
        return
    sheet.done()
    leave_note("success", f"Saved. Customers see “{saved.display_name}”.")
    st.rerun()
