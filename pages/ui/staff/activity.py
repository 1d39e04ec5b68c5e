"""What goes on at one account: recent tasks, what staff did."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.history import RecordFilter
from engine.model import Actor
from engine.store import Row
from engine.system import AuditFilter
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.records import heading, link
from pages.ui.registry import STAFF_AUDIT, TASK_RECORD
from pages.ui.staff.audit_words import person_of, words_of
from pages.ui.status import TASK

RECENT: Final = 10


def activity_cards(actor: Actor, account: Row) -> None:
    _tasks(actor, account["id"])
    _log(actor, account["id"])


def _tasks(actor: Actor, account_id: int) -> None:
    rows = get_engine().history.tasks(actor, RecordFilter(account_id=account_id), limit=RECENT).rows
    with st.container(key="card-desk-tasks"):
        with st.container(horizontal=True, vertical_alignment="center"):
            heading("Recent tasks")
            link(TASK_RECORD, "All tasks", account=account_id, dates="all")
        if not rows:
            st.text("Nothing sent yet.")
            return
        columns = [
            table.when("Accepted", "created_us", actor),
            table.text("Task", lambda row: row["name"], width="medium"),
            table.chip("Status", TASK, "state"),
            table.count("Recipients", "recipients"),
            table.count("Delivered", "delivered"),
            table.credit("Charged", lambda row: row["charged_micro"]),
            table.text("Sender ID", lambda row: row["sender"]),
            table.number("No.", lambda row: row["id"]),
        ]
        table.show_rows(rows, columns, key="desk-tasks", alt="Recent tasks of this account")


def _log(actor: Actor, account_id: int) -> None:
    rows = get_engine().system.audit(actor, AuditFilter(account_id=account_id), limit=RECENT).rows
    with st.container(key="card-desk-log"):
        with st.container(horizontal=True, vertical_alignment="center"):
            heading("Audit log")
            link(STAFF_AUDIT, "All lines", account=account_id, dates="all")
        columns = [
            table.when("Time", "created_us", actor),
            table.text("Person", person_of),
            table.text("Action", lambda row: words_of(row["action"])),
            table.text("Detail", lambda row: row["detail"] or None, width="large"),
        ]
        table.show_rows(rows, columns, key="desk-log", alt="What was done at this account")
