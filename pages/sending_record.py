"""Sending record: one row per dispatch, one run of a task through a route, with its counts and credit."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from engine.errors import InputError
from engine.history import MAX_EXPORT_ROWS, RecordFilter
from engine.history.exports import Cell, Columns, written
from engine.model import Actor
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.filters import Chosen, Fields, filter_bar, keep_address
from pages.ui.guard import require
from pages.ui.records import Pager, begin, drawer, facts, link, name_line, nothing_matches, nothing_yet, toolbar, watch
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY, TASK
from pages.ui.status import DISPATCH as LOOKS
from pages.ui.status import badge, labels

actor = require()
engine = get_engine()

FIELDS: Final = Fields(page="sending", search="Task name", states=labels(LOOKS))
EXPORT_PAGE_ROWS: Final = 500

EXPORT_COLUMNS: Final[Columns] = {
    "dispatch_id": ("id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "task_id": ("task_id", Cell.COUNT),
    "task": ("task_name", Cell.TEXT),
    "status": ("state", Cell.TEXT),
    "route": ("route_name", Cell.TEXT),
    "messages": ("messages", Cell.COUNT),
    "submitted": ("submitted", Cell.COUNT),
    "delivered": ("delivered", Cell.COUNT),
    "failed": ("failed", Cell.COUNT),
    "held": ("held_micro", Cell.CREDITS),
    "charged": ("charged_micro", Cell.CREDITS),
    "returned": ("returned_micro", Cell.CREDITS),
    "started": ("started_us", Cell.TIME),
    "finished": ("finished_us", Cell.TIME),
}


def columns() -> list[table.Column]:
    return [
        table.when("Started", "started_us", actor),
        *table.account(actor),
        table.text("Task", lambda row: row["task_name"], width="medium"),
        table.chip("Status", LOOKS, "state"),
        table.count("Messages", "messages"),
        table.count("Submitted", "submitted"),
        table.count("Delivered", "delivered"),
        table.count("Failed", "failed"),
        table.credit("Held", lambda row: row["held_micro"]),
        table.credit("Charged", lambda row: row["charged_micro"]),
        table.credit("Returned", lambda row: row["returned_micro"]),
        table.text("Duration", lambda row: show.duration(row["duration_us"])),
        table.text("Route", lambda row: row["route_name"]),
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
        "Account": row["account_name"],
        "Held": show.credits(row["held_micro"]),
        "Charged": show.credits(row["charged_micro"]),
        "Returned": show.credits(row["returned_micro"]),
        "Still held": show.credits(row["held_micro"] - row["charged_micro"] - row["returned_micro"]),
    }


def export_file(who: Actor, wanted: RecordFilter, ending: str) -> bytes:
    """Everything the filter finds, written by the Engine's own writer."""
    rows: Rows = []
    after: int | None = None
    while True:
        page = engine.history.dispatches(who, wanted, after=after, limit=EXPORT_PAGE_ROWS)
        rows += page.rows
        after = page.next_after
        if len(rows) > MAX_EXPORT_ROWS:
            raise InputError("too_many_to_export", limit=f"{MAX_EXPORT_ROWS:,}")
        if after is None:
            return written(_frame(rows), EXPORT_COLUMNS, ending, zone=who.zone)


def _frame(rows: Rows) -> pl.DataFrame:
    kinds = {name: pl.String if cell is Cell.TEXT else pl.Int64 for name, cell in EXPORT_COLUMNS.values()}
    return pl.DataFrame({name: [row[name] for row in rows] for name in kinds}, schema=kinds)


def body(who: Actor, chosen: Chosen) -> None:
    pager = Pager(chosen, lambda after: engine.history.dispatches(who, chosen.wanted, after=after))
    if not pager.rows and not engine.history.dispatches(who, RecordFilter(), limit=1).rows:
        nothing_yet(
            who,
            FIELDS.page,
            "Nothing sent yet",
            "When a task is due it goes through its route; each such run gets a row here with what was held, "
            "charged and returned.",
        )
        return
    if pager.rows:
        toolbar(who, chosen, pager, name="sending-record", make=lambda ending: export_file(who, chosen.wanted, ending))
        table.table(FIELDS.page, pager.rows, columns(), alt="Dispatches, newest first")
    else:
        nothing_matches(chosen)
    if any(row["state"] != "finished" for row in pager.rows):
        watch(pager)
    drawer(FIELDS.page, "Dispatch", lambda dispatch_id: dispatch_drawer(pager.rows, dispatch_id))


begin(SENDING_RECORD.title)
chosen = filter_bar(actor, FIELDS)
body(actor, chosen)
keep_address(FIELDS)
