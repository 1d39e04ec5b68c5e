"""Prices of a route: a list to change by hand or by file, reviewed before it is saved, and every version there was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from engine.errors import ImsError, InputError
from engine.model import Actor, format_credits, parse_credits
from engine.routes import EVERYWHERE, Route, changes_between, read_prices, write_prices
from engine.store import Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import plain_table, send_styles
from pages.ui.records import heading
from pages.ui.routes.price_review import review
from pages.ui.routes.properties import SERVED
from pages.ui.routes.shared import VERSIONS, Sheet, answered, ask, asked, is_admin, place, require_admin, row_problems

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
        _list(actor, route, sheet, wanted)
    with right:
        if is_admin(actor):
            _by_hand(sheet, wanted)
            _by_file(sheet)
        else:
            notice("info", "Only administrators change prices.", "You see what customers pay.")
    _versions(actor, route, versions)


def _list(actor: Actor, route: Route, sheet: Sheet, wanted: Mapping[str, int]) -> None:
    changes = {change.country: change for change in changes_between(route.prices, wanted)}
    heading("Credits per SMS")
    rows = [
        (place(country), show.credits(wanted[country]), _was(country, route.prices, wanted))
        for country in [EVERYWHERE, *sorted(wanted.keys() - {EVERYWHERE}, key=place)]
        if country in wanted
    ]
    rows += [
        (place(country), "as elsewhere", f"was {show.credits(change.before_micro)}")
        for country, change in changes.items()
        if change.after_micro is None
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


def _was(country: str, before: Mapping[str, int], wanted: Mapping[str, int]) -> str:
    if before.get(country) == wanted[country]:
        return ""
    return f"was {show.credits(before[country])}" if country in before else "new"


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
            put = st.form_submit_button("Put in the list")
            dropped = st.form_submit_button("Back to the price everywhere else")
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


def _versions(actor: Actor, route: Route, versions: Rows) -> None:
    heading("Versions")
    st.caption("A task pays the prices that were in force when it was quoted. Nothing is ever deleted.")
    columns = [
        table.number("Version", lambda row: row["version"]),
        table.chip("State", VERSIONS, "state"),
        table.text("In force from", lambda row: _since(row["effective_us"], actor.zone)),
        table.text("Price", lambda row: _range(row["low_micro"], row["high_micro"])),
        table.number("Countries of their own", lambda row: row["countries"]),
        table.text("Saved by", lambda row: row["member_name"] or "the command line"),
        table.when("Saved", "created_us", actor),
    ]
    table.show_rows(versions, columns, key=f"routes-versions-{route.id}", alt="Price versions, newest first")
    planned = [row for row in versions if row["state"] == "planned"]
    if planned and is_admin(actor):
        _planned(actor, route, planned)


def _planned(actor: Actor, route: Route, planned: Rows) -> None:
    with st.container(key="card-route-planned"):
        heading("Planned changes")
        for row in planned:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"Version {row['version']} takes over on {_since(row['effective_us'], actor.zone)}.")
                name = f"withdraw-{row['version']}"
                st.button("Withdraw", key=f"routes-{name}", icon=":material/undo:", on_click=ask, args=(name,))
            if asked(name):
                st.dialog("Withdraw the planned prices?", on_dismiss=answered)(_withdraw)(route, row["version"])


def _withdraw(route: Route, version: int) -> None:
    st.text(f"Version {version} will never be in force. The prices of today stay.")
    if st.button("Withdraw it", type="primary", key=f"routes-withdraw-it-{version}", width="stretch"):
        try:
            get_engine().routes.withdraw_prices(require_admin(), route.id, version)
        except ImsError as error:
            refusal(error)
            return
        answered()
        leave_note("success", f"Price version {version} was withdrawn.")
        st.rerun()


def _since(effective_us: int, zone: str) -> str:
    return show.when(effective_us, zone) if effective_us else "the beginning"


def _range(low_micro: int, high_micro: int) -> str:
    low, high = format_credits(low_micro), format_credits(high_micro)
    return low if low == high else f"{low}–{high}"
