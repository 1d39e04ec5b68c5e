"""SMS history list: one row per recipient message; a row opens with its timeline, parts, reason and credit."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import streamlit as st

from engine.history import StateGroup
from engine.model import SENDING_ROLES, Actor, CountRule, MovementKind
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.contacts.from_message import opt_out_button
from pages.ui.context import get_engine
from pages.ui.filters import MESSAGE_PINS, Chosen, Fields, filter_bar, keep_address
from pages.ui.guard import require
from pages.ui.notices import notice
from pages.ui.records import (
    Record,
    begin,
    carried_words,
    drawer,
    facts,
    heading,
    link,
    name_line,
    nothing_yet,
    watch,
)
from pages.ui.registry import SMS_HISTORY, SUPPORT, TASK, TOPUP_HISTORY
from pages.ui.status import MESSAGE as LOOKS
from pages.ui.status import MOVEMENT, badge, labels, look_of
from pages.ui.task_control import copy_link

actor = require()
engine = get_engine()

GROUPS: Final = {StateGroup.UNDELIVERED.value: "Failed or expired", StateGroup.OPEN.value: "On its way"}
FIELDS: Final = Fields(
    page="sms",
    search="Number or task name",
    states=labels(LOOKS) | GROUPS,
    opens="message",
    pins=MESSAGE_PINS,
    senders=True,
    members=True,
    orders={"newest": "Newest first", "oldest": "Oldest first"},
    order_help="All pages, by when messages were accepted. Millions of rows cannot be sorted by another column at "
    "once: filter first, then click a column's head to sort the rows of this page.",
)
RECORD: Final = Record("sms-history", "Messages", engine.history.messages, engine.history.export_messages)
REPEATABLE: Final = frozenset({"failed", "expired", "in_doubt"})
PHONE_WIDTH: Final = 160
OPEN_STATES: Final = frozenset({"queued", "submitting", "submitted"})
EFFECTS: Final[dict[str, str]] = {
    MovementKind.HOLD: "moved from available to held",
    MovementKind.CHARGE: "taken from what was held",
    MovementKind.RETURN: "moved from held back to available",
}
"""What each movement of a message's credit did."""
RULE_WORDS: Final = {
    CountRule.MISSION: "one SMS for every 160 characters",
    CountRule.CARRIER: "the parts on the air",
}


def columns() -> list[table.Column]:
    return [
        table.text("Number", lambda row: row["msisdn"]),
        *table.account(actor),
        table.chip("Status", LOOKS, "state"),
        table.text("Reason", lambda row: row["sentence"] or None, phone=PHONE_WIDTH),
        table.text("Country", lambda row: show.country(row["country"])),
        table.text("Sender ID", lambda row: row["sender"]),
        table.text("Content", lambda row: row["content"], width="medium", phone=PHONE_WIDTH),
        table.count("SMS", "sms"),
        table.credit("Charged", lambda row: row["charged_micro"]),
        table.when("Accepted", "created_us", actor),
        table.when("Sent", "submitted_us", actor),
        table.when("Settled", "final_us", actor),
        table.text("Task", lambda row: row["task_name"]),
        table.text("Route", lambda row: row["route_name"]),
        *table.carrier(actor),
    ]


def message_drawer(message_id: int) -> None:
    row = engine.history.message(actor, message_id)
    name_line(row["msisdn"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(LOOKS, row["state"])
        st.caption(show.country(row["country"]), width="content")
    if row["sentence"]:
        notice("warning", row["sentence"], f"What to do: {row['next_step']}")
    else:
        st.caption(look_of(LOOKS, row["state"]).meaning)
    timeline(row["timeline"])
    text_as_sent(row)
    credit_lines(row)
    heading("About")
    facts(_facts(row))
    next_steps(row)


def next_steps(row: Row) -> None:
    """Where to go from here. The page of opt-outs takes a number by its address and asks before it keeps it."""
    with st.container(horizontal=True):
        link(TASK, "Open its task", id=row["task_id"])
        link(SMS_HISTORY, "All messages of the task", task=row["task_id"])
        link(SUPPORT, "Report to staff", about="messages", ids=row["id"])
        opt_out_button(actor, row)
        if actor.role in SENDING_ROLES:
            copy_link(engine.history.task(actor, row["task_id"]).row)
            if row["state"] in REPEATABLE:
                link(TASK, "Send again to failed", id=row["task_id"], do="resend")


def timeline(steps: Rows) -> None:
    heading("What happened")
    facts([(show.when(step["at_us"], actor.zone, seconds=True), step["words"]) for step in steps])


def text_as_sent(row: Row) -> None:
    """Each part in a frame of its own, as the phone joins them."""
    heading("Text")
    total = row["part_count"]
    for place, (part, units) in enumerate(zip(row["parts"], row["part_units"], strict=True), start=1):
        st.html(f'<p class="ims-part">{escape(part)}</p>')
        st.caption(f"Part {place} of {total} · counts as {show.plural(units, 'character')}")
    rule = RULE_WORDS[CountRule(row["count_rule"])]
    st.caption(
        f"{show.plural(row['sms'], 'SMS', 'SMS')} billed ({rule}), "
        f"{show.plural(row['part_count'], 'part')} on the air, {show.credits(row['price_micro'])} credits per SMS"
    )


def credit_lines(row: Row) -> None:
    """This message's share of each movement: what was held is either charged or returned, never taken twice."""
    heading("Credit")
    facts(
        [
            (
                look_of(MOVEMENT, line["kind"]).label,
                f"{show.credits(abs(line['message_micro']))} {EFFECTS[line['kind']]}, "
                f"{show.when(line['created_us'], actor.zone)}",
            )
            for line in row["ledger"]
        ]
    )
    with st.container(horizontal=True):
        for line in row["ledger"]:
            link(TOPUP_HISTORY, f"Movement {line['tx_id']}", task=row["task_id"], movement=line["tx_id"])


def _facts(row: Row) -> dict[str, str]:
    known: dict[str, Any] = {
        "Task": row["task_name"],
        "Sender ID": row["sender"],
        "Route": row["route_name"],
        **carried_words(actor, row),
        "Row of the file": show.number(row["row_number"]),
        "Message no.": str(row["id"]),
        "Provider reference": row["provider_ref"],
    }
    if actor.is_operator:
        known |= {"Account": row["account_name"], "Operator said": row.get("detail")}
    return {label: value or show.NOTHING for label, value in known.items()}


def body(who: Actor, chosen: Chosen) -> None:
    pager = RECORD.pager(who, chosen)
    if pager is None:
        nothing_yet(
            who,
            FIELDS.page,
            "Nothing sent yet",
            "Every recipient gets a row here: what became of the message, why, and what it cost.",
        )
        return
    RECORD.show(who, chosen, pager, columns())
    if any(row["state"] in OPEN_STATES for row in pager.rows):
        watch(pager)


begin(SMS_HISTORY.title)
chosen = filter_bar(actor, FIELDS)
body(actor, chosen)
drawer(FIELDS.page, "Message", message_drawer)
keep_address(FIELDS)
