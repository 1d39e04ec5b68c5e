"""Sending record: one row per dispatch, one run of a task through a route, with its counts and credit."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.model import Actor
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.filters import Chosen, Fields, filter_bar, keep_address
from pages.ui.guard import require
from pages.ui.records import (
    Record,
    begin,
    carried_words,
    drawer,
    facts,
    link,
    name_line,
    nothing_yet,
    watch,
)
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY, TASK
from pages.ui.status import DISPATCH as LOOKS
from pages.ui.status import badge, labels

actor = require()
engine = get_engine()

ORDERS: Final = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "recipients": "Most messages",
    "held": "Most held",
    "charged": "Most charged",
    "failed": "Most failed",
}
FIELDS: Final = Fields(
    page="sending",
    search="Task name",
    states=labels(LOOKS),
    opens="dispatch",
    senders=True,
    members=True,
    orders=ORDERS,
    order_help="Of all pages, not only of this one. A click on a column's head sorts the rows of this page.",
)
PHONE_WIDTH: Final = 150
RECORD: Final = Record("sending-record", "Dispatches", engine.history.dispatches, engine.history.export_dispatches)


def columns() -> list[table.Column]:
    return [
        table.text("Task", lambda row: row["task_name"], phone=PHONE_WIDTH),
        *table.account(actor),
        table.chip("Status", LOOKS, "state"),
        table.when("Started", "started_us", actor),
        table.count("Messages", "messages"),
        table.count("Submitted", "submitted"),
        table.count("Delivered", "delivered"),
        table.count("Failed", "failed"),
        table.credit("Held", lambda row: row["held_micro"]),
        table.credit("Charged", lambda row: row["charged_micro"]),
        table.credit("Returned", lambda row: row["returned_micro"]),
        table.text("Duration", lambda row: show.duration(row["duration_us"])),
        table.text("Route", lambda row: row["route_name"]),
        *table.carrier(actor),
        table.number("No.", lambda row: row["id"]),
    ]


def dispatch_drawer(rows: Rows, dispatch_id: int) -> None:
    row = next((row for row in rows if row["id"] == dispatch_id), None)
    if row is None:
        table.close(FIELDS.page)
        st.rerun()
    name_line(row["task_name"])
    badge(LOOKS, row["state"])
    facts(_facts(row))
    with st.container(horizontal=True):
        link(TASK, "Open the task", id=row["task_id"])
        link(SMS_HISTORY, "Its messages", task=row["task_id"])


def _facts(row: Row) -> dict[str, str]:
    return {
        "Started": show.when(row["started_us"], actor.zone, seconds=True),
        "Finished": show.when(row["finished_us"], actor.zone, seconds=True),
        "Duration": show.duration(row["duration_us"]),
        "Messages": show.number(row["messages"]),
        "Submitted": show.number(row["submitted"]),
        "Delivered": f"{show.number(row['delivered'])} ({show.percent(row['delivered'], row['messages'])})",
        "Failed": show.number(row["failed"]),
        "Route": row["route_name"],
        **carried_words(actor, row),
        **({"Account": row["account_name"]} if actor.is_operator else {}),
        "Held": show.credits(row["held_micro"]),
        "Charged": show.credits(row["charged_micro"]),
        "Returned": show.credits(row["returned_micro"]),
        "Still held": show.credits(row["held_micro"] - row["charged_micro"] - row["returned_micro"]),
    }


def body(who: Actor, chosen: Chosen) -> None:
    pager = RECORD.pager(who, chosen)
    if pager is None:
        nothing_yet(
            who,
            FIELDS.page,
            "Nothing sent yet",
            "When a task is due it goes through its route; each such run gets a row here with what was held, "
            "charged and returned.",
        )
        return
    RECORD.show(who, chosen, pager, columns())
    if any(row["state"] != "finished" for row in pager.rows):
        watch(pager)
    drawer(FIELDS.page, "Dispatch", lambda dispatch_id: dispatch_drawer(pager.rows, dispatch_id))


begin(SENDING_RECORD.title)
chosen = filter_bar(actor, FIELDS)
body(actor, chosen)
keep_address(FIELDS)
