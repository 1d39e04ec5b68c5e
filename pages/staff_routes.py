"""Routes, for the operator: how each does now, its prices, properties, content rules and codes, and a test message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.model import OPERATOR_ROLES, Actor
from engine.routes import Route
from pages.ui import address, table
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import refusal
from pages.ui.records import begin, name_line, send_record_styles
from pages.ui.registry import STAFF_ROUTES
from pages.ui.routes import adding, codes, gateways, listing, overview, prices, properties, rules, testing
from pages.ui.routes.shared import PAGE, TAB, answered, forget_typed, is_admin, keep_typed

actor = require(*OPERATOR_ROLES)
engine = get_engine()

HERE: Final = f"{PAGE}-here"
TABS: Final[dict[str, tuple[str, Callable[[Actor, Route], None]]]] = {
    "overview": ("Overview", overview.draw),
    "prices": ("Prices", prices.draw),
    "gateway": ("Gateway", gateways.draw),
    "properties": ("Properties", properties.draw),
    "rules": ("Content rules", rules.draw),
    "codes": ("Codes", codes.draw),
    "test": ("Test", testing.draw),
}
"""Word in the address → (label, what draws it)."""


def fill(given: address.Values) -> None:
    """`?id=ID` opens a route, `&tab=…` one of its tabs."""
    answered()
    forget_typed()
    st.session_state[HERE] = True
    table.open_row(PAGE, address.number_in(given.get("id")))
    st.session_state[TAB] = TABS.get(given.get("tab", ""), TABS["overview"])[0]


def overview_of_all() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        begin(STAFF_ROUTES.title)
        if is_admin(actor):
            adding.button()
    st.caption("Ways to the operators. Customers choose one by its name and price.")
    listing.cards()
    address.keep(PAGE, {})


def one(route: Route) -> None:
    send_record_styles()
    back_link(STAFF_ROUTES, "All routes")
    name_line(route.name)
    st.text(f"{'Customers see' if route.enabled else 'Closed. Customers would see'}: {route.display_name}")
    labels = [label for label, _ in TABS.values()]
    for (word, (_, draw)), tab in zip(TABS.items(), st.tabs(labels, key=TAB, on_change="rerun"), strict=True):
        if tab.open:
            with tab:
                draw(actor, route)
            address.keep(PAGE, {"id": route.id, "tab": None if word == "overview" else word})


def body() -> None:
    # The tabs forget themselves when the page is left; the list has no such widget.
    address.arrived(PAGE, fill, probe=HERE if table.opened(PAGE) is None else TAB)
    keep_typed()
    opened = table.opened(PAGE)
    if opened is None:
        overview_of_all()
        return
    try:
        route = engine.routes.get(actor, opened)
    except AccessError as error:
        refusal(error)
        back_link(STAFF_ROUTES, "All routes")
        return
    one(route)


body()
