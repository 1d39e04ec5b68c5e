"""Sections of the page of one's own account: profile, time zones, the low-balance alert, usage by the month."""

from __future__ import annotations

from functools import cache
from typing import Final
from zoneinfo import available_timezones

import streamlit as st

from engine.accounts.forms import EMAIL, FULL_NAME, MOST_EMAIL, MOST_NAME, OLD_PASSWORD
from engine.errors import ImsError, InputError
from engine.model import Actor, Role, format_credits, parse_credits
from engine.store import Row
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import heading

AMOUNT_LENGTH: Final = 25
ZONE_MANAGERS: Final = (Role.OWNER, Role.ADMIN)


def profile_form(own: Row) -> None:
    with st.form("profile"):
        heading("Name and e-mail")
        name = st.text_input(
            FULL_NAME, str(own["full_name"]), key="profile-name", max_chars=MOST_NAME, autocomplete="name"
        )
        email = st.text_input(EMAIL, str(own["email"]), key="profile-email", max_chars=MOST_EMAIL, autocomplete="email")
        password = st.text_input(OLD_PASSWORD, key="profile-password", type="password", autocomplete="current-password")
        st.caption("Your user name stays as it is.")
        sent = st.form_submit_button("Save", type="primary")
        if sent:
            try:
                get_engine().profile.change(require(), full_name=name, email=email, password=password)
            except ImsError as error:
                refusal(error)
            else:
                leave_note("success", "Name and e-mail are saved.")
                st.rerun()


def own_zone_form(own: Row) -> None:
    zones = ["", *_zones()]
    with st.form("own-zone"):
        heading("Your time zone")
        zone = st.selectbox(
            "Times are shown to you in",
            zones,
            index=zones.index(own["own_zone"]) if own["own_zone"] in zones else 0,
            format_func=lambda value: value or f"The account's: {own['account_zone']}",
            key="own-zone-choice",
        )
        sent = st.form_submit_button("Save")
        if sent:
            try:
                get_engine().profile.set_own_zone(require(), zone)
            except ImsError as error:
                refusal(error)
            else:
                leave_note("success", "Your time zone is saved.")
                st.rerun()


def account_zone_form(own: Row) -> None:
    zones = _zones()
    with st.form("account-zone"):
        heading("Time zone of the account")
        zone = st.selectbox(
            "For everybody who chose none",
            zones,
            index=zones.index(own["account_zone"]) if own["account_zone"] in zones else 0,
            key="account-zone-choice",
        )
        sent = st.form_submit_button("Save")
        if sent:
            try:
                get_engine().profile.set_account_zone(require(*ZONE_MANAGERS), zone)
            except ImsError as error:
                refusal(error)
            else:
                leave_note("success", "The account's time zone is saved.")
                st.rerun()


def alert_form(own: Row) -> None:
    now = own["threshold_micro"]
    with st.form("alert"):
        heading("Low balance")
        text = st.text_input(
            "Tell us when fewer credits are available than",
            "" if now is None else format_credits(now),
            key="alert-threshold",
            max_chars=AMOUNT_LENGTH,
            placeholder="500",
            help="A notice in the app, once each time the balance falls below this. Empty: none.",
            autocomplete="off",
        )
        sent = st.form_submit_button("Save")
        if sent:
            try:
                get_engine().profile.set_alert(require(Role.OWNER), _threshold(text))
            except ImsError as error:
                refusal(error)
            else:
                leave_note("success", "You will be told." if text.strip() else "No notice will be given any more.")
                st.rerun()


def usage_table(actor: Actor) -> None:
    """Twelve months, the newest first; before anything was sent, what will be here."""
    rows = get_engine().profile.usage(actor)
    heading("Usage by month")
    if not any(row["tasks"] for row in rows):
        with st.container(key="card-usage-none"):
            st.text(
                "Nothing was sent in the last 12 months. Each month will show its tasks, messages and credits here."
            )
        return
    columns = [
        table.text("Month", lambda row: f"{row['month']:%B %Y}"),
        table.credit("Credits charged", lambda row: row["charged_micro"]),
        table.count("Tasks", "tasks"),
        table.count("Delivered", "delivered"),
        table.count("Failed", "failed"),
    ]
    table.show_rows(rows, columns, key="usage", alt="Usage by month, newest first")
    st.caption(f"Months as in {show.zone_info(actor.zone).key}; a task counts in the month it was due.")


def _threshold(text: str) -> int | None:
    """Micro-credits, None for nothing. Raises InputError("amount")."""
    if not text.strip():
        return None
    try:
        return parse_credits(text)
    except ValueError as error:
        raise InputError("amount", amount=text.strip()) from error


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
