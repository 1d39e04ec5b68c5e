"""Accounts, for the operator's staff: find one, see its credit, credit or debit it, open or close it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from engine.errors import AccessError, ImsError
from engine.history import Page
from engine.model import OPERATOR_ROLES
from engine.store import Row
from pages.ui import account_desk as desk
from pages.ui import address, table, viewing
from pages.ui import format as show
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.filters import choice
from pages.ui.guard import require
from pages.ui.members import PAGE as MEMBERS
from pages.ui.members import members_panel
from pages.ui.notices import refusal
from pages.ui.records import Pager, begin, facts, figure_card, heading, link, name_line, row_id, send_record_styles
from pages.ui.registry import (
    DASHBOARD,
    SENDING_RECORD,
    SMS_HISTORY,
    STAFF_ACCOUNTS,
    STAFF_CASES,
    STAFF_TOPUPS,
    TASK_RECORD,
)
from pages.ui.staff.activity import activity_cards
from pages.ui.staff.limits import limits_form
from pages.ui.staff.senders import sender_cards
from pages.ui.status import ACCOUNT as LOOKS
from pages.ui.status import badge

actor = require(*OPERATOR_ROLES)
engine = get_engine()

PAGE: Final = "accounts"
SEARCH: Final = f"{PAGE}-q"
STATUS: Final = f"{PAGE}-status"
PART: Final = f"{PAGE}-part"
SEARCH_LENGTH: Final = 100
METRIC_WIDTH: Final = 150
PARTS: Final = {
    (CREDIT := "credit"): "Credit",
    (LIMITS := "limits"): "Limits",
    (SENDERS := "senders"): "Sender IDs",
    (PEOPLE := "people"): "People",
    (ACTIVITY := "activity"): "Activity",
}


@dataclass(frozen=True, slots=True)
class Asked:
    page: str
    wanted: tuple[str, str | None]


def fill(given: address.Values) -> None:
    """`?id=ID` opens that account (`part=` one of PARTS), `?q=…` and `?status=…` search."""
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]
    st.session_state[STATUS] = given.get("status")
    st.session_state[PART] = given["part"] if given.get("part") in PARTS else CREDIT
    table.open_row(PAGE, address.number_in(given.get("id") or given.get("account")))
    table.close(desk.PAGE)
    table.close(MEMBERS)
    desk.drop_booking()


def overview() -> None:
    begin(STAFF_ACCOUNTS.title)
    counts = engine.desk.counts(actor)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key=SEARCH,
            type="search",
            placeholder="Account, user name, e-mail or number",
            max_chars=SEARCH_LENGTH,
            live=True,
        )
        choice(STATUS, "Status", {word: f"{look.label} ({counts.get(word, 0):,})" for word, look in LOOKS.items()},
               nothing=f"Any ({sum(counts.values()):,})")  # fmt: skip
    status = st.session_state[STATUS] or None
    pager = Pager(
        Asked(PAGE, (text, status)),
        lambda after: Page(*engine.desk.find(actor, text, status=status, after=row_id(after))),
    )
    if not pager.rows:
        nobody(text, filtered=bool(status))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{pager.words}, newest first. Click one to open it.", width="stretch")
        pager.buttons()
    if counts.get("pending") and status != "pending":
        st.badge(
            f"{show.plural(counts['pending'], 'account waits', 'accounts wait')} for approval",
            icon=":material/hourglass_top:",
            color="orange",
        )
    table.table(PAGE, pager.rows, columns(), alt="Customer accounts")


def nobody(text: str, *, filtered: bool) -> None:
    with st.container(key="card-accounts-none"):
        if filtered:
            st.text("No account of this status matches. Choose another status.")
            return
        if text.strip():
            st.text(f"No account is called “{text.strip()}”, nor does a user name, e-mail or number match.")
        else:
            st.subheader("No customers yet", anchor=False)
            st.text(f"An account appears here when a team registers at {engine.config.public_url}. Then you credit it.")


def columns() -> list[table.Column]:
    return [
        table.text("Account", lambda row: row["name"]),
        table.chip("Status", LOOKS, "status"),
        table.credit("Available", lambda row: row["available_micro"]),
        table.credit("Held", lambda row: row["held_micro"]),
        table.text("Limits", lambda row: "Limited" if row["limited"] else None),
        table.text("Owner", lambda row: row["owner_name"]),
        table.text("User name", lambda row: row["owner_user_name"]),
        table.text("E-mail", lambda row: row["owner_email"]),
        table.when("Registered", "created_us", actor),
        table.when("Last log-in", "owner_last_login_us", actor),
        table.number("No.", lambda row: row["id"]),
    ]


def one(account: Row) -> None:
    send_record_styles()
    back_link(STAFF_ACCOUNTS, "All accounts")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(account["name"], width="content")
        badge(LOOKS, account["status"])
        view_as(account)
    with st.grid(2, min_column_width=METRIC_WIDTH):
        with figure_card("available"):
            st.metric("Available", show.credits(account["available_micro"]))
        with figure_card("held"):
            st.metric("Held for tasks", show.credits(account["held_micro"]))
    part = st.segmented_control(
        "Part", list(PARTS), format_func=PARTS.__getitem__, key=PART, required=True, label_visibility="collapsed"
    )
    if part == LIMITS:
        limits_form(actor, account)
    elif part == SENDERS:
        sender_cards(actor, account)
    elif part == PEOPLE:
        members_panel(actor, account["id"])
    elif part == ACTIVITY:
        activity_cards(actor, account)
    else:
        credit(account)


def view_as(account: Row) -> None:
    if st.button(
        "View as customer",
        icon=":material/visibility:",
        key="desk-view-as",
        help="See this account's dashboard, records and tasks as its people do. Nothing can be changed meanwhile.",
    ):
        try:
            viewing.begin(account["id"])
        except ImsError as error:
            refusal(error)


def credit(account: Row) -> None:
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
            link(STAFF_TOPUPS, "Top-up requests", show="all", q=account["name"])
            link(STAFF_CASES, "Cases", account=account["id"])


def body() -> None:
    address.arrived(PAGE, fill, probe=f"{PAGE}-open")
    opened = table.opened(PAGE)
    if opened is None:
        overview()
        address.keep(PAGE, {"q": st.session_state.get(SEARCH), "status": st.session_state.get(STATUS)})
        return
    try:
        one(engine.accounts.one(actor, opened))
    except AccessError as error:
        refusal(error)
        back_link(STAFF_ACCOUNTS, "All accounts")
    part = st.session_state.get(PART)
    address.keep(PAGE, {"id": opened, "part": None if part == CREDIT else part})


body()
