"""Every version of a route's prices: what each has, how it differs from what is in force, and which are to come."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import Actor, format_credits
from engine.routes import EVERYWHERE, Route, changes_between
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import plain_table
from pages.ui.records import facts, heading
from pages.ui.routes.shared import VERSIONS, answered, ask, asked, is_admin, place, require_admin
from pages.ui.status import badge

PLANNED: Final = "planned"


def draw(actor: Actor, route: Route, versions: Rows) -> None:
    heading("Versions")
    st.caption(
        "Click one to see its prices. A task pays the prices that were in force when it was quoted; nothing is ever "
        "deleted."
    )
    columns = [
        table.number("Version", lambda row: row["version"]),
        table.chip("State", VERSIONS, "state"),
        table.text("In force from", lambda row: _since(row["effective_us"], actor.zone)),
        table.text("Price", lambda row: _range(row["low_micro"], row["high_micro"])),
        table.number("Countries of their own", lambda row: row["countries"]),
        table.text("Saved by", lambda row: row["member_name"] or "the command line"),
        table.when("Saved", "created_us", actor),
    ]
    page = f"routes-versions-{route.id}"
    numbered = [row | {"id": row["version"]} for row in versions]
    table.table(page, numbered, columns, alt="Price versions, newest first")
    clicked = table.opened(page)
    if clicked is not None:
        table.close(page)
        ask(f"version-{clicked}")
    for row in versions:
        if asked(f"version-{row['version']}"):
            st.dialog(f"Price version {row['version']}", width="medium", on_dismiss=answered)(_one)(actor, route, row)
    planned = [row for row in versions if row["state"] == PLANNED]
    if planned and is_admin(actor):
        _planned(actor, route, planned)


def planned_words(actor: Actor, route: Route, versions: Rows) -> dict[str, str]:
    """Country → what it will cost and from when: "1.50 from 26 Dec 2026", of each planned version that changes it."""
    found: dict[str, str] = {}
    before = dict(route.prices)
    for row in sorted(versions, key=lambda row: (row["effective_us"], row["version"])):
        if row["state"] != PLANNED:
            continue
        then = get_engine().routes.prices(actor, route.id, row["version"])
        since = show.day(show.local_time(row["effective_us"], actor.zone).date())
        for change in changes_between(before, then):
            earlier = f"{found[change.country]}; " if change.country in found else ""
            found[change.country] = f"{earlier}{_amount(change.after_micro)} from {since}"
        before = then
    return found


def _one(actor: Actor, route: Route, row: Row) -> None:
    """The whole list of a version, and what customers pay now where that differs."""
    badge(VERSIONS, row["state"])
    facts(
        {
            "In force from": _since(row["effective_us"], actor.zone),
            "Saved": f"{show.when(row['created_us'], actor.zone)} by {row['member_name'] or 'the command line'}",
        }
    )
    prices = get_engine().routes.prices(actor, route.id, row["version"])
    other = {change.country: change.before_micro for change in changes_between(route.prices, prices)}
    plain_table(
        ("Country", "Price", "Now"),
        [
            (
                place(country),
                show.credits(prices[country]) if country in prices else _amount(None),
                _amount(other[country]) if country in other else "the same",
            )
            for country in [EVERYWHERE, *sorted((prices.keys() | other.keys()) - {EVERYWHERE}, key=place)]
        ],
        label="Prices of this version",
    )
    if row["state"] != PLANNED:
        return
    if is_admin(actor):
        _withdrawal(route, row["version"])
    else:
        notice("info", "Only administrators withdraw planned prices.")


def _planned(actor: Actor, route: Route, planned: Rows) -> None:
    with st.container(key="card-route-planned"):
        heading("Planned changes")
        for row in planned:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"Version {row['version']} takes over on {_since(row['effective_us'], actor.zone)}.")
                name = f"withdraw-{row['version']}"
                st.button("Withdraw", key=f"routes-{name}", icon=":material/undo:", on_click=ask, args=(name,))
            if asked(name):
                st.dialog("Withdraw the planned prices?", on_dismiss=answered)(_withdrawal)(route, row["version"])


def _withdrawal(route: Route, version: int) -> None:
    st.text(f"Withdrawn, version {version} will never be in force. The prices of today stay.")
    if foot("Withdraw it", key=f"routes-withdraw-it-{version}", back=answered):
        try:
            get_engine().routes.withdraw_prices(require_admin(), route.id, version)
        except ImsError as error:
            refusal(error)
            return
        answered()
        leave_note("success", f"Price version {version} was withdrawn.")
        st.rerun()


def _amount(price_micro: int | None) -> str:
    return "as elsewhere" if price_micro is None else show.credits(price_micro)


def _since(effective_us: int, zone: str) -> str:
    return show.when(effective_us, zone) if effective_us else "the beginning"


def _range(low_micro: int, high_micro: int) -> str:
    low, high = format_credits(low_micro), format_credits(high_micro)
    return low if low == high else f"{low}–{high}"
