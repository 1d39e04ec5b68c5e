"""Top-up history list: every movement of credit with the balance after it, and a statement that adds up."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from engine.history import RecordFilter, Statement
from engine.model import Actor, Balance, MovementKind
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.exporting import FORMATS
from pages.ui.filters import Chosen, Fields, filter_bar, keep_address
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import notice
from pages.ui.period import Period
from pages.ui.records import (
    Record,
    begin,
    drawer,
    facts,
    figure_card,
    link,
    nothing_yet,
)
from pages.ui.registry import SMS_HISTORY, TASK, TOP_UP, TOPUP_HISTORY
from pages.ui.status import MOVEMENT as LOOKS
from pages.ui.status import badge, labels, look_of
from pages.ui.topups.words import wrong_balance_link

actor = require()
engine = get_engine()

FIELDS: Final = Fields(
    page="topups",
    search="Task name or note",
    states=labels(LOOKS),
    state_label="Kind",
    routes=False,
    members=True,
    opens="movement",
)
RECORD: Final = Record(
    "credit-movements", "Movements of credit, newest first", engine.history.movements, engine.history.export_movements
)
METRIC_WIDTH: Final = 150
END_OF_TIME_US: Final = 2**61
STATEMENT_FILES: Final = (("pdf", "PDF", "application/pdf"), ("xlsx", *FORMATS["xlsx"]))
STATEMENT: Final = [
    table.text("Credits", lambda row: row["words"], width="medium"),
    table.number("Movements", lambda row: row["movements"]),
    table.credit("Available", lambda row: row["available"]),
    table.credit("Held", lambda row: row["held"]),
]


def columns() -> list[table.Column]:
    return [
        table.when("Time", "created_us", actor),
        *table.account(actor),
        table.chip("Kind", LOOKS, "kind"),
        table.credit("Available", lambda row: row["available_change_micro"], sign=True),
        table.credit("Available after", lambda row: row["available_after_micro"]),
        table.credit("Held", lambda row: row["held_change_micro"], sign=True),
        table.credit("Held after", lambda row: row["held_after_micro"]),
        table.text("Task", lambda row: row["task_name"], width="medium"),
        table.text("Note", lambda row: row["note"] or None, width="medium"),
        table.text("By", lambda row: row["member_name"] or None),
        table.number("No.", lambda row: row["id"]),
    ]


def movement_drawer(rows: Rows, movement_id: int) -> None:
    row = next((row for row in rows if row["id"] == movement_id), None) or movement_of(movement_id)
    if row is None:
        notice("info", "There is no such movement, or it is of another account.")
        return
    badge(LOOKS, row["kind"])
    st.caption(look_of(LOOKS, row["kind"]).meaning)
    facts(_facts(row))
    if row["note"]:
        st.caption("Note")
        st.text(row["note"])
    if row["task_id"] is not None:
        with st.container(horizontal=True):
            link(TASK, "Open its task", id=row["task_id"])
            link(SMS_HISTORY, "Its messages", task=row["task_id"])


def movement_of(movement_id: int) -> Row | None:
    """One that an address names and that is on another page of the rows."""
    found = engine.history.movements(actor, RecordFilter(), after=movement_id + 1, limit=1).rows
    return next((row for row in found if row["id"] == movement_id), None)


def _facts(row: Row) -> dict[str, str]:
    known = {
        "Time": show.when(row["created_us"], actor.zone, seconds=True),
        "Movement no.": str(row["id"]),
        "Available": f"{show.signed_credits(row['available_change_micro'])}, then "
        f"{show.credits(row['available_after_micro'])}",
        "Held": f"{show.signed_credits(row['held_change_micro'])}, then {show.credits(row['held_after_micro'])}",
        "By": row["member_name"] or "the system",
    }
    if row["reverses"] is not None:
        known["Reverses"] = f"movement no. {row['reverses']}"
    if row["task_name"]:
        known["Task"] = row["task_name"]
    return known | ({"Account": row["account_name"]} if actor.is_operator else {})


def statement_cards(who: Actor, chosen: Chosen) -> None:
    """Opening + added − charged = closing, of one account, whatever else is filtered."""
    account_id, period = chosen.wanted.account_id, chosen.period
    if who.is_operator and account_id is None:
        st.caption("Choose an account to see its statement.")
        return
    statement = engine.history.statement_totals(who, *bounds(period), account_id=account_id)
    changes = {line["kind"]: line["available_change_micro"] + line["held_change_micro"] for line in statement.totals}
    charged = changes.pop(MovementKind.CHARGE, 0)
    with st.grid(4, min_column_width=METRIC_WIDTH):
        balance_card("opening", "Opening balance", statement.opening)
        amount_card("added", "Credit added", show.signed_credits(sum(changes.values())), "top-ups less corrections")
        amount_card("charged", "Charged", show.signed_credits(charged), "for messages sent")
        balance_card("closing", "Closing balance", statement.closing)
    if not statement.adds_up:
        notice("error", "This statement does not add up.", f"Tell {engine.config.support}; nothing is lost.")
    statement_downloads(who, account_id, period)
    with st.expander("Statement by kind", icon=":material/receipt_long:"):
        table.show_rows(
            _lines(statement), STATEMENT, key="topups-statement", alt=f"Statement of {period.words}", placeholder=""
        )
        moved = show.plural(sum(line["movements"] for line in statement.totals), "movement")
        st.caption(f"{period.words.capitalize()}: opening and {moved} make the closing balance, to the last digit.")


def bounds(period: Period) -> tuple[int, int]:
    return period.start_us or 0, period.end_us or END_OF_TIME_US


def statement_downloads(who: Actor, account_id: int | None, period: Period) -> None:
    """The statement of exactly the dates above, to keep."""
    start_us, end_us = bounds(period)
    name = f"statement-{period.first or 'start'}-to-{period.last or 'now'}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("The statement of these dates, with every movement:", width="content")
        for ending, label, media_type in STATEMENT_FILES:
            st.download_button(
                label,
                data=partial(engine.history.statement_file, who, start_us, end_us, ending, account_id=account_id),
                file_name=f"{name}.{ending}",
                mime=media_type,
                icon=":material/download:",
                key=f"topups-statement-{ending}",
                on_click="ignore",
            )


def balance_card(name: str, label: str, balance: Balance) -> None:
    """Available and held together: holding does not change what an account owns."""
    held = f"of which {show.credits(balance.held_micro)} held" if balance.held_micro else "nothing held"
    amount_card(name, label, show.credits(balance.available_micro + balance.held_micro), held)


def amount_card(name: str, label: str, value: str, caption: str) -> None:
    with figure_card(name):
        st.metric(label, value)
        st.caption(caption)


def _lines(statement: Statement) -> Rows:
    opening, closing = statement.opening, statement.closing
    return [
        {
            "words": "Opening balance",
            "movements": None,
            "available": opening.available_micro,
            "held": opening.held_micro,
        },
        *(
            {
                "words": look_of(LOOKS, line["kind"]).label,
                "movements": line["movements"],
                "available": line["available_change_micro"],
                "held": line["held_change_micro"],
            }
            for line in statement.totals
        ),
        {
            "words": "Closing balance",
            "movements": None,
            "available": closing.available_micro,
            "held": closing.held_micro,
        },
    ]


def body(who: Actor, chosen: Chosen) -> None:
    pager = RECORD.pager(who, chosen)
    if pager is None:
        nothing_yet(
            who,
            FIELDS.page,
            "No credit has moved yet",
            "Each top-up, charge and return will be listed here with the balance after it. Credit comes with a top-up, "
            "which the owner of the account asks for.",
            send=False,
        )
        way_to_credit(who)
        return
    statement_cards(who, chosen)
    way_to_credit(who)
    RECORD.show(who, chosen, pager, columns())
    drawer(FIELDS.page, "Movement of credit", lambda movement_id: movement_drawer(pager.rows, movement_id))


def way_to_credit(who: Actor) -> None:
    """Below the figures: what waits for staff, top up, and whom to tell when something is not right."""
    if who.is_operator:
        return
    waiting = engine.topups.requests(who, open_only=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        if waiting:
            asked = show.credits(sum(row["credits_micro"] for row in waiting))
            st.caption(f"{show.plural(len(waiting), 'request')} for {asked} credits not decided yet.", width="content")
        if who.role in TOP_UP.roles:
            link(TOP_UP, "Top up")
        wrong_balance_link()


begin(TOPUP_HISTORY.title)
chosen = filter_bar(actor, FIELDS)
body(actor, chosen)
if not actor.is_operator:
    with st.container(horizontal=True):
        help_link("balance")
        help_link("held")
keep_address(FIELDS)
