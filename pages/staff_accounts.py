"""Accounts, for the operator's staff: find one, see its credit, credit or debit it, open or close it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.model import OPERATOR_ROLES
from engine.store import Row
from pages.ui import account_desk as desk
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import refusal
from pages.ui.records import begin, facts, figure_card, heading, link, name_line
from pages.ui.registry import DASHBOARD, SENDING_RECORD, SMS_HISTORY, STAFF_ACCOUNTS, TASK_RECORD
from pages.ui.status import ACCOUNT as LOOKS
from pages.ui.status import badge

actor = require(*OPERATOR_ROLES)
engine = get_engine()

PAGE: Final = "accounts"
SEARCH: Final = f"{PAGE}-q"
FOUND_MOST: Final = 200
SEARCH_LENGTH: Final = 100
METRIC_WIDTH: Final = 150


def fill(given: address.Values) -> None:
    """`?account=ID` opens that account, `?q=…` searches."""
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]
    table.open_row(PAGE, address.number_in(given.get("account")))
    table.close(desk.PAGE)
    desk.drop_booking()


def overview() -> None:
    begin(STAFF_ACCOUNTS.title)
    text = st.text_input(
        "Search",
        key=SEARCH,
        type="search",
        placeholder="Account, user name or e-mail",
        max_chars=SEARCH_LENGTH,
        live=True,
    )
    rows = engine.accounts.find(actor, text, limit=FOUND_MOST)
    if not rows:
        nobody(text)
        return
    most = f"the newest {FOUND_MOST}; search for others" if len(rows) == FOUND_MOST else "newest first"
    st.caption(f"{show.plural(len(rows), 'account')}, {most}. Click one to open it.")
    waiting = sum(row["status"] == "pending" for row in rows)
    if waiting:
        st.badge(
            f"{show.plural(waiting, 'account waits', 'accounts wait')} for approval",
            icon=":material/hourglass_top:",
            color="orange",
        )
    table.table(PAGE, rows, columns(), alt="Customer accounts")


def nobody(text: str) -> None:
    with st.container(key="card-accounts-none"):
        if text.strip():
            st.text(f"No account is called “{text.strip()}”, nor does a user name or e-mail contain it.")
        else:
            st.subheader("No customers yet", anchor=False)
            st.text(f"An account appears here when a team registers at {engine.config.public_url}. Then you credit it.")


def columns() -> list[table.Column]:
    return [
        table.text("Account", lambda row: row["name"], width="medium"),
        table.chip("Status", LOOKS, "status"),
        table.credit("Available", lambda row: row["available_micro"]),
        table.credit("Held", lambda row: row["held_micro"]),
        table.text("Owner", lambda row: row["owner_name"]),
        table.text("User name", lambda row: row["owner_user_name"]),
        table.text("E-mail", lambda row: row["owner_email"]),
        table.when("Registered", "created_us", actor),
        table.when("Last log-in", "owner_last_login_us", actor),
        table.number("No.", lambda row: row["id"]),
    ]


def one(account: Row) -> None:
    link(STAFF_ACCOUNTS, "All accounts")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(account["name"], width="content")
        badge(LOOKS, account["status"])
    with st.grid(2, min_column_width=METRIC_WIDTH):
        with figure_card("available"):
            st.metric("Available", show.credits(account["available_micro"]))
        with figure_card("held"):
            st.metric("Held for tasks", show.credits(account["held_micro"]))
    form = desk.BookingForm(account["id"])
    left, right = st.columns(2, gap="medium")
    with left:
        form.draw()
    with right:
        about(account)
        desk.access_card(account)
    rows = desk.recent_movements(actor, account)
    if not desk.confirm(account, form):
        desk.movement_drawer(actor, account, rows)


def about(account: Row) -> None:
    with st.container(key="card-about"):
        heading("Owner")
        facts(
            {
                "Account no.": str(account["id"]),
                "Name": account["owner_name"] or show.NOTHING,
                "User name": account["owner_user_name"] or show.NOTHING,
                "E-mail": account["owner_email"] or show.NOTHING,
                "Time zone": account["zone"],
                "Registered": show.when(account["created_us"], actor.zone),
                "Last log-in": show.when(account["owner_last_login_us"], actor.zone),
            }
        )
        with st.container(horizontal=True):
            for entry, label in (
                (DASHBOARD, "Dashboard"),
                (TASK_RECORD, "Tasks"),
                (SENDING_RECORD, "Dispatches"),
                (SMS_HISTORY, "Messages"),
            ):
                link(entry, label, account=account["id"])


def body() -> None:
    address.arrived(PAGE, fill, probe=f"{PAGE}-open")
    opened = table.opened(PAGE)
    if opened is None:
        overview()
        address.keep(PAGE, {"q": st.session_state.get(SEARCH)})
        return
    try:
        one(engine.accounts.one(actor, opened))
    except AccessError as error:
        refusal(error)
        link(STAFF_ACCOUNTS, "All accounts")
    address.keep(PAGE, {"account": opened})


body()
