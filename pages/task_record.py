"""Task record: one row per submission, with its schedule, progress and cost."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import FAIL_SENTENCES, MINUTE_US, SENDING_ROLES, Actor, FailReason, TaskState
from engine.store import Row
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.filters import Chosen, Fields, filter_bar, keep_address
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import Record, begin, drawer, facts, link, name_line, nothing_yet, watch
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY, TASK, TASK_RECORD
from pages.ui.status import TASK as LOOKS
from pages.ui.status import badge, labels
from pages.ui.task_control import LABELS, copy_link, offers

actor = require()
engine = get_engine()

ORDERS: Final = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "recipients": "Most recipients",
    "held": "Most held",
    "charged": "Most charged",
    "failed": "Most failed",
}
STATES: Final = {state: label for state, label in labels(LOOKS).items() if state != "on_hold"}
FIELDS: Final = Fields(
    page="tasks",
    search="Task name",
    states=STATES,
    upcoming=True,
    opens="task_id",
    senders=True,
    members=True,
    orders=ORDERS,
    order_help="Of all pages, not only of this one. A click on a column's head sorts the rows of this page.",
)
RECORD: Final = Record("task-record", "Tasks", engine.history.tasks, engine.history.export_tasks)
MOVING: Final = frozenset({TaskState.QUEUED, TaskState.SENDING, TaskState.SENT})
PHONE_WIDTH: Final = 150
SOON_US: Final = 10 * MINUTE_US
ASK: Final = "tasks-ask-cancel"
"""Holds the task whose cancellation is being asked for."""


def columns() -> list[table.Column]:
    return [
        table.text("Task", lambda row: row["name"], phone=PHONE_WIDTH),
        *table.account(actor),
        table.chip("Status", LOOKS, "standing"),
        table.when("Due", "due_us", actor),
        table.share("Settled", lambda row: row["settled"] / row["recipients"]),
        table.count("Recipients", "recipients"),
        table.count("SMS", "sms"),
        table.count("Delivered", "delivered"),
        table.number("Failed", lambda row: row["failed"] + row["expired"]),
        table.credit("Held", lambda row: row["held_micro"]),
        table.credit("Charged", lambda row: row["charged_micro"]),
        table.credit("Returned", lambda row: row["returned_micro"]),
        table.credit("Still held", open_micro),
        table.text("Route", lambda row: row["route_name"]),
        table.text("Sender ID", lambda row: row["sender"]),
        table.text("By", lambda row: row["member_name"]),
        table.number("No.", lambda row: row["id"]),
    ]


def is_moving(row: Row) -> bool:
    """Whether the row is worth another look soon."""
    soon_us = engine.clock.now_us() + SOON_US
    return row["state"] in MOVING or (row["state"] == TaskState.SCHEDULED and row["due_us"] < soon_us)


def open_micro(row: Row) -> int:
    return row["held_micro"] - row["charged_micro"] - row["returned_micro"]


def task_drawer(task_id: int) -> None:
    row = engine.history.task(actor, task_id).row
    name_line(row["name"])
    badge(LOOKS, row["standing"])
    if row["stop_reason"]:
        notice("warning", "Sending was stopped by the operator.", FAIL_SENTENCES[FailReason(row["stop_reason"])][0])
    st.progress(row["settled"] / row["recipients"], f"{row['settled']:,} of {row['recipients']:,} settled")
    facts(
        {
            "Scheduled for" if row["scheduled_us"] else "Due": show.when(row["due_us"], actor.zone),
            "Accepted": show.when(row["created_us"], actor.zone),
            "Finished": show.when(row["finished_us"], actor.zone),
            "Delivered": show.number(row["delivered"]),
            "Failed": show.failed(row),
            "Cancelled": show.number(row["cancelled"]),
            "SMS": show.number(row["sms"]),
            "Route": row["route_name"],
            "Sender ID": row["sender"] or show.NOTHING,
        }
        | ({"Account": row["account_name"]} if actor.is_operator else {})
    )
    money(row)
    with st.container(horizontal=True):
        link(TASK, "Open the task", id=task_id)
        link(SMS_HISTORY, "Its messages", task=task_id)
        link(SENDING_RECORD, "Its dispatches", task=task_id)
        if actor.role not in SENDING_ROLES:
            return
        copy_link(row)
        for name in offers(row, actor):
            if name != "cancel":
                link(TASK, LABELS[name][0], id=task_id, do=name)
    if "cancel" in offers(row, actor):
        cancel_form(row)


def money(row: Row) -> None:
    """Held = charged + returned + still held, to the last digit."""
    facts(
        {
            "Held at acceptance": show.credits(row["held_micro"]),
            "Charged": show.credits(row["charged_micro"]),
            "Returned": show.credits(row["returned_micro"]),
            "Still held": show.credits(open_micro(row)),
        }
    )


def cancel_form(row: Row) -> None:
    """Asks first: what was handed to the operator already cannot be taken back."""
    if st.session_state.get(ASK) != row["id"]:
        st.button(
            "Cancel this task", icon=":material/block:", key="tasks-cancel", on_click=ask_to_cancel, args=(row["id"],)
        )
        return
    waiting = engine.tasks.waiting(require(*SENDING_ROLES), row["id"])
    notice(
        "warning",
        f"Cancel {show.plural(waiting.messages, 'message')} not sent yet?",
        f"{show.credits(waiting.held_micro)} credits are returned at once. Messages already handed to the operator "
        "cannot be taken back.",
    )
    with st.container(horizontal=True):
        if st.button("Yes, cancel", type="primary", key="tasks-cancel-yes"):
            cancel(row["id"])
        st.button("Keep it", key="tasks-cancel-no", on_click=forget_to_cancel)


def ask_to_cancel(task_id: int) -> None:
    st.session_state[ASK] = task_id


def forget_to_cancel() -> None:
    st.session_state.pop(ASK, None)


def cancel(task_id: int) -> None:
    forget_to_cancel()
    try:
        cancelled = engine.tasks.cancel(require(*SENDING_ROLES), task_id)
    except ImsError as error:
        refusal(error)
        return
    leave_note("success", f"{show.plural(cancelled, 'message')} cancelled; the credit is available again.")
    table.close(FIELDS.page)
    st.rerun()


def body(who: Actor, chosen: Chosen) -> None:
    pager = RECORD.pager(who, chosen)
    if pager is None:
        nothing_yet(
            who,
            FIELDS.page,
            "Nothing sent yet",
            "Every submission gets a row here: when it is due, how far it is, what it cost and what came back.",
        )
        return
    RECORD.show(who, chosen, pager, columns())
    if any(is_moving(row) for row in pager.rows):
        watch(pager)
    drawer(FIELDS.page, "Task", task_drawer)


begin(TASK_RECORD.title)
chosen = filter_bar(actor, FIELDS)
body(actor, chosen)
keep_address(FIELDS)
