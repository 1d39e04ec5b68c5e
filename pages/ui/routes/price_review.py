"""What changes for whom and from when, before prices are saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import Actor, to_datetime, to_us
from engine.routes import PriceChange, Route, changes_between
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import plain_table
from pages.ui.routes.shared import Sheet, answered, place, require_admin
from pages.ui.schedule import STEP_MINUTES, first_offer, resolve, zone_label

NOW: Final = "Now"
LATER: Final = "From a time on"
NAMED: Final = 3
"""Prices of a planned version that are named."""


def review(route: Route, sheet: Sheet, wanted: Mapping[str, int]) -> None:
    """Opens the dialog; nothing is saved before its button."""
    st.dialog("Check the new prices", width="medium", on_dismiss=answered)(_body)(route, sheet, dict(wanted))


def _body(route: Route, sheet: Sheet, wanted: dict[str, int]) -> None:
    actor = require_admin()
    rows = [_row(change) for change in changes_between(route.prices, wanted)]
    plain_table(("Country", "Now", "Then"), rows, label="What changes")
    st.text(f"Customers see: {_display(route, wanted)}")
    effective, ready = _since(actor)
    if ready:
        _undone_later(actor, route, wanted, effective)
    if foot("Save prices", key=sheet.key("save"), back=answered, disabled=not ready):
        try:
            version = get_engine().routes.set_prices(
                require_admin(),
                route.id,
                wanted,
                effective_us=None if effective is None else to_us(effective),
                base_version=sheet.value("base"),
            )
        except ImsError as error:
            refusal(error, "Nothing was saved.")
            return
        sheet.done()
        answered()
        since = "now" if effective is None else show.when(to_us(effective), actor.zone)
        leave_note("success", f"Price version {version} is saved, in force from {since}.")
        st.rerun()


def _since(actor: Actor) -> tuple[datetime | None, bool]:
    """(the instant or None for now, whether it can be used)."""
    chosen = st.segmented_control("In force", [NOW, LATER], default=NOW, required=True, key="routes-since")
    if chosen == NOW:
        return None, True
    now = to_datetime(get_engine().clock.now_us())
    offer = first_offer(actor.zone, now)
    left, right = st.columns(2)
    day = left.date_input(
        "Date", value=offer.date(), min_value=offer.date(), format=show.DATE_INPUT, key="routes-since-day"
    )
    clock = right.time_input("Time", value=offer.time(), step=60 * STEP_MINUTES, key="routes-since-time")
    moment = resolve(day, clock, actor.zone, now)
    st.caption(f"In your zone, {zone_label(actor.zone, moment.at or now)}.")
    if moment.problem:
        notice("error", moment.problem)
    elif moment.note:
        notice("info", moment.note)
    return moment.at, moment.at is not None


def _undone_later(actor: Actor, route: Route, wanted: Mapping[str, int], effective: datetime | None) -> None:
    """A version that was planned from older prices brings these back: each has the whole list."""
    routes = get_engine().routes
    from_us = 0 if effective is None else to_us(effective)
    changed = {change.country for change in changes_between(route.prices, wanted)}
    for version in routes.price_versions(actor, route.id):
        if version["state"] != "planned" or version["effective_us"] <= from_us:
            continue
        planned = routes.prices(actor, route.id, version["version"])
        others = [change for change in changes_between(wanted, planned) if change.country in changed]
        if others:
            has = ", ".join(f"{_amount(change.after_micro)} for {place(change.country)}" for change in others[:NAMED])
            since = show.when(version["effective_us"], actor.zone)
            notice(
                "warning",
                f"Version {version['version']}, planned for {since}, has {has}: it undoes this change then.",
                "Withdraw it, or plan it again with what you change here.",
            )


def _row(change: PriceChange) -> tuple[str, str, str]:
    return place(change.country), _amount(change.before_micro), _amount(change.after_micro)


def _amount(price_micro: int | None) -> str:
    return "as elsewhere" if price_micro is None else show.credits(price_micro)


def _display(route: Route, wanted: Mapping[str, int]) -> str:
    return route.with_prices(wanted).display_name
