"""A new route: name, gateway, price, and what it carries; everything else can be set afterwards."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import streamlit as st

from engine.errors import ImsError, InputError
from engine.model import parse_credits
from engine.routes import EVERYWHERE, NAME_LENGTH, NewRoute
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.notices import leave_note, refusal
from pages.ui.routes.gateways import KINDS, OWN, PRESETS, address_fields, address_help
from pages.ui.routes.prices import PRICE_LENGTH
from pages.ui.routes.shared import PAGE, answered, ask, asked, require_admin

KIND: Final = f"{PAGE}-add-kind"


def button() -> None:
    st.button("Add route", icon=":material/add:", type="primary", key=f"{PAGE}-add", on_click=ask, args=("add",))
    if asked("add"):
        st.dialog("Add a route", width="medium", on_dismiss=answered)(_body)()


def _body() -> None:
    name = st.text_input("Route name", key=f"{PAGE}-add-name", placeholder=f"Premium, at most {NAME_LENGTH} characters")
    kind = st.selectbox("Gateway", [*PRESETS, *KINDS, OWN], key=KIND)
    typed = address_fields(kind, partial(_start, kind))
    if kind in KINDS or kind == OWN:
        address_help(kind)
    price = st.text_input(
        "Credits per SMS, everywhere",
        value="1.00",
        key=f"{PAGE}-add-price",
        max_chars=PRICE_LENGTH,
        help="Prices by country follow on the page of the route.",
    )
    sender = st.toggle("Carries a sender ID", key=f"{PAGE}-add-sender")
    opened = st.toggle(
        "Open for customers at once", key=f"{PAGE}-add-open", help="Off: set it up and test it first, then open it."
    )
    if foot("Add it", key=f"{PAGE}-add-it", back=answered):
        try:
            new = NewRoute(
                name=name or "",
                gateway=typed(),
                prices={EVERYWHERE: _price(price or "")},
                supports_sender=sender,
                enabled=opened,
            )
            route_id = get_engine().routes.add(require_admin(), new)
        except ImsError as error:
            refusal(error, "Nothing was added; what you typed is kept.")
            return
        leave_note("success", f"Route “{new.name.strip()}” is added. Set its prices, then send a test.")
        answered()
        table.open_row(PAGE, route_id)
        st.rerun()


def _start(kind: str, name: str, value: Any) -> str:
    """The key of a field of the gateway, which begins with what is usual."""
    key = f"{PAGE}-add-{kind}-{name}"
    st.session_state.setdefault(key, value)
    return key


def _price(typed: str) -> int:
    try:
        return parse_credits(typed)
    except ValueError as error:
        raise InputError("price", value=typed) from error
