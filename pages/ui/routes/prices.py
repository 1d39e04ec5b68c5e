"""Prices of a route: a list to change by hand or by file, reviewed before it is saved, and every version there was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from engine.errors import ImsError, InputError
from engine.model import Actor, parse_credits
from engine.routes import EVERYWHERE, PriceChange, Route, changes_between, read_prices, write_prices
from engine.store import Rows
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.notices import notice, refusal
from pages.ui.plain import plain_table, send_styles
from pages.ui.records import heading
from pages.ui.routes import price_versions
from pages.ui.routes.price_review import review
from pages.ui.routes.properties import SERVED
from pages.ui.routes.shared import Sheet, ask, asked, is_admin, place, row_problems

PRICE_LENGTH: Final = 20
FILE_MB: Final = 1


def draw(actor: Actor, route: Route) -> None:
    send_styles()
    versions = get_engine().routes.price_versions(actor, route.id)
    sheet = Sheet("prices", route, probe="list")
    wanted: dict[str, int] = sheet.value("list")
    if wanted is None or wanted == sheet.seen.prices:  # nothing was changed here: begin with what is stored now
        sheet.refresh(route)
        wanted = st.session_state[sheet.key("list")] = dict(route.prices)
        st.session_state[sheet.key("base")] = versions[0]["version"]
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="card-route-prices"):
        _list(actor, route, sheet, wanted, versions)
    with right:
        if is_admin(actor):
            _by_hand(sheet, wanted)
            _by_file(sheet)
        else:
            notice("info", "Only administrators change prices.", "You see what customers pay.")
    price_versions.draw(actor, route, versions)


def _list(actor: Actor, route: Route, sheet: Sheet, wanted: Mapping[str, int], versions: Rows) -> None:
    changes = {change.country: change for change in changes_between(route.prices, wanted)}
    planned = price_versions.planned_words(actor, route, versions)
    heading("Credits per SMS")
    named = wanted.keys() | changes.keys() | planned.keys()
    rows = [
        (
            place(country),
            show.credits(wanted[country]) if country in wanted else "as elsewhere",
            _was(changes[country]) if country in changes else planned.get(country, ""),
        )
        for country in [EVERYWHERE, *sorted(named - {EVERYWHERE}, key=place)]
        if country in named
    ]
    plain_table(("Country", "Price", "Change"), rows, label="Prices by country")
    with st.container(horizontal=True):
        if is_admin(actor):
            st.button(
                "Review and save",
                type="primary",
                disabled=not changes,
                key=sheet.key("review"),
                on_click=ask,
                args=("review",),
            )
            if changes and asked("review"):
                review(route, sheet, wanted)
            if changes and st.button("Discard changes", key=sheet.key("discard")):
                sheet.done()
                st.rerun()
        st.download_button(
            "CSV",
            data=lambda: write_prices(wanted),
            file_name=f"prices-route-{route.id}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=sheet.key("csv"),
            on_click="ignore",
        )
    if changes:
        st.caption("Not saved yet: customers still pay what was there before.")
    elif is_admin(actor):
        st.caption("Nothing is changed yet: set a price beside, or use a file.")


def _was(change: PriceChange) -> str:
    return "new" if change.before_micro is None else f"was {show.credits(change.before_micro)}"


def _by_hand(sheet: Sheet, wanted: dict[str, int]) -> None:
    with st.form(sheet.key("by-hand"), enter_to_submit=False):
        heading("Change prices")
        chosen = st.multiselect(
            "Countries",
            [EVERYWHERE, *SERVED],
            key=sheet.start("countries", [EVERYWHERE]),
            format_func=place,
            placeholder="Type a name",
        )
        typed = st.text_input(
            "Credits per SMS",
            key=sheet.start("price", ""),
            placeholder="1.20",
            max_chars=PRICE_LENGTH,
            autocomplete="off",
        )
        with st.container(horizontal=True):
            put = st.form_submit_button("Set price")
            dropped = st.form_submit_button("Remove this country's price")
        try:
            if put:
                _put(sheet, wanted, chosen, typed or "")
            elif dropped:
                _drop(sheet, wanted, chosen)
        except ImsError as error:
            refusal(error)


def _put(sheet: Sheet, wanted: Mapping[str, int], chosen: list[str], typed: str) -> None:
    if not chosen:
        raise InputError("invalid", field="Countries", problem="none is chosen.", remedy="Choose at least one.")
    try:
        price_micro = parse_credits(typed)
    except ValueError as error:
        raise InputError("price", value=typed) from error
    if price_micro < 0:
        raise InputError("price", value=typed)
    st.session_state[sheet.key("list")] = {**wanted, **dict.fromkeys(chosen, price_micro)}
    st.rerun()


def _drop(sheet: Sheet, wanted: Mapping[str, int], chosen: list[str]) -> None:
    if EVERYWHERE in chosen or not chosen:
        remedy = "Choose countries that shall cost what everywhere else does."
        raise InputError("invalid", field="Countries", problem="everywhere else always has a price.", remedy=remedy)
    st.session_state[sheet.key("list")] = {code: price for code, price in wanted.items() if code not in chosen}
    st.rerun()


def _by_file(sheet: Sheet) -> None:
    with st.container(key="card-route-price-file"):
        heading("Or from a file")
        st.caption(
            "A CSV file with the columns country (name or code, * for everywhere else) and price. "
            "It replaces the list; nothing is saved before you have reviewed it."
        )
        given = st.file_uploader("Price list (CSV)", type=["csv"], key=sheet.key("file"), max_upload_size=FILE_MB)
        if given is None:
            return
        try:
            found = read_prices(given.getvalue())
        except ImsError as error:
            refusal(error)
            return
        if found.problems:
            row_problems(found.problems)
        elif st.button(f"Use these {len(found.prices):,} prices", key=sheet.key("use")):
            st.session_state[sheet.key("list")] = dict(found.prices)
            st.rerun()
