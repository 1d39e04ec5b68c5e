"""The limits of one account, to read and to change with a reason."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from engine.accounts.audit import REASON_LENGTH
from engine.accounts.limits import AccountLimits
from engine.errors import ImsError, InputError
from engine.model import OPERATOR_ROLES, Actor, format_credits, parse_credits
from engine.numbers import COUNTRIES
from engine.store import Row
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import heading

PAGE: Final = "desk-limits"
RECIPIENTS, SMS, CREDITS = "Recipients per task", "SMS per day", "Credits per task"
NUMBER_LENGTH: Final = 20


def limits_form(actor: Actor, account: Row) -> None:
    """Empty fields are no limit. What is typed is kept until it is saved."""
    engine, account_id = get_engine(), account["id"]
    now = engine.desk.limits(actor, account_id)
    place = f"{PAGE}-{account_id}"
    _fill(place, now)
    routes = {route.id: route.name for route in engine.routes.listing(actor)}
    with st.form(f"{place}-form"):
        heading("Limits")
        st.caption("They hold for new tasks: at the quote and again when it is accepted. Empty: no limit.")
        left, middle, right = st.columns(3)
        for column, label, name, example in (
            (left, RECIPIENTS, "recipients", "500"),
            (middle, SMS, "sms", "2,000"),
            (right, CREDITS, "credits", "1,000.00"),
        ):
            column.text_input(
                label, key=f"{place}-{name}", placeholder=f"No limit, or {example}", max_chars=NUMBER_LENGTH,
                autocomplete="off",
            )  # fmt: skip
        today = show.plural(engine.desk.sms_of_day(actor, account_id), "SMS", "SMS")
        st.caption(f"Accepted in the last 24 hours: {today}.")
        st.multiselect(
            "Routes it may use", list(routes), key=f"{place}-routes", format_func=lambda known: routes.get(known, "?"),
            placeholder="All routes",
        )  # fmt: skip
        st.multiselect(
            "Countries it may send to", sorted(COUNTRIES, key=show.country), key=f"{place}-countries",
            format_func=show.country, placeholder="All countries that are served",
        )  # fmt: skip
        st.text_input(
            "Reason", key=f"{place}-reason", max_chars=REASON_LENGTH, autocomplete="off",
            placeholder="New customer, first month", help="The account's people read it; it is kept in the audit log.",
        )  # fmt: skip
        if st.form_submit_button("Save limits", type="primary"):
            _save(place, account, now)


def _fill(place: str, now: AccountLimits) -> None:
    """Puts the limits into the fields when the page is opened, and after they were saved."""
    if f"{place}-recipients" in st.session_state and not st.session_state.pop(f"{place}-saved", False):
        return
    values: dict[str, Any] = {
        "recipients": _text(now.recipients),
        "sms": _text(now.sms_a_day),
        "credits": "" if now.task_micro is None else format_credits(now.task_micro),
        "routes": sorted(now.routes or ()),
        "countries": sorted(now.countries or ()),
        "reason": "",
    }
    for name, value in values.items():
        st.session_state[f"{place}-{name}"] = value


def _save(place: str, account: Row, now: AccountLimits) -> None:
    try:
        wanted = _read(place)
        if wanted == now:
            raise InputError("invalid", field="Limits", problem="are as they were.", remedy="Change one, then save.")
        reason = st.session_state[f"{place}-reason"]
        get_engine().desk.set_limits(require(*OPERATOR_ROLES), account["id"], wanted, reason=reason)
    except ImsError as error:
        refusal(error, "Nothing was changed; what you typed is kept.")
        return
    st.session_state[f"{place}-saved"] = True
    leave_note("success", f"Limits of “{account['name']}”: {wanted.words() or 'none'}.")
    st.rerun()


def _read(place: str) -> AccountLimits:
    state = st.session_state
    return AccountLimits(
        recipients=_whole(state[f"{place}-recipients"], RECIPIENTS),
        sms_a_day=_whole(state[f"{place}-sms"], SMS),
        task_micro=_credits(state[f"{place}-credits"]),
        routes=frozenset(state[f"{place}-routes"]) or None,
        countries=frozenset(state[f"{place}-countries"]) or None,
    )


def _whole(text: str, field: str) -> int | None:
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit()):
        raise InputError("invalid", field=field, problem=f"“{text}” is not a number.", remedy="Use digits, or nothing.")
    return int(plain)


def _credits(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return parse_credits(text)
    except ValueError as error:
        raise InputError(
            "invalid", field=CREDITS, problem=f"“{text}” is not an amount.", remedy="Write it as 1,200.50, or nothing."
        ) from error


def _text(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
