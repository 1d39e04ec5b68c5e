"""What the customer's and the operator's page of cases share: the table, one case in full, the answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from html import escape
from typing import Final

import streamlit as st

from engine.cases import About, CaseDetail, CaseState
from engine.errors import ImsError
from engine.model import Actor
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import facts, heading, link, name_line
from pages.ui.registry import SMS_HISTORY, STAFF_ACCOUNTS, TASK
from pages.ui.status import CASE, MESSAGE, badge

ABOUT: Final[dict[str, str]] = {
    About.MESSAGES: "Messages",
    About.TASK: "A task",
    About.BALANCE: "Balance or charges",
    About.TOPUP: "A top-up",
    About.SENDER: "Sender ID",
    About.OTHER: "Something else",
}
KEY_BYTES: Final = 9
PHONE_WIDTH: Final = 200


def columns(actor: Actor) -> list[table.Column]:
    return [
        table.text("Subject", lambda row: row["subject"], phone=PHONE_WIDTH),
        table.chip("Status", CASE, "state"),
        *table.account(actor),
        table.when("Last change", "updated_us", actor),
        table.text("About", lambda row: ABOUT.get(row["about"], row["about"])),
        table.text("From", lambda row: row["member_name"]),
        table.when("Opened", "created_us", actor),
        table.number("No.", lambda row: row["id"]),
    ]


def thread(actor: Actor, detail: CaseDetail) -> None:
    """One case: what it is about, what was said, and the next answer."""
    row = detail.row
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(row["subject"], width="content")
        badge(CASE, row["state"])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        for entry in detail.entries:
            _entry(actor, entry)
        _answer(actor, row)
    with right, st.container(key="card-case-about"):
        heading("About")
        _about(actor, row)
        if detail.task is not None:
            link(TASK, "Open the task", id=detail.task["id"])
        _messages(actor, detail.messages)


def _entry(actor: Actor, entry: Row) -> None:
    ours = entry["by_operator"] == actor.is_operator
    side = "ims-said ims-ours" if ours else "ims-said"
    name = f"{entry['member_name']} (staff)" if entry["by_operator"] and actor.is_operator else entry["member_name"]
    st.html(
        f'<div class="{side}"><p class="ims-said-by"><b>{escape(name)}</b>'
        f"<span>{show.when(entry['created_us'], actor.zone)}</span></p>"
        f'<p class="ims-said-text">{escape(entry["body"])}</p></div>'
    )


def _about(actor: Actor, row: Row) -> None:
    facts(
        {
            "Case no.": str(row["id"]),
            "Topic": ABOUT.get(row["about"]) or row["about"],
            "Opened": show.when(row["created_us"], actor.zone),
            "By": row["member_name"],
        }
    )
    if actor.is_operator:
        balance = get_engine().history.balance(actor, row["account_id"])
        facts(
            {
                "Account": row["account_name"],
                "Available": show.credits(balance.available_micro),
                "Held": show.credits(balance.held_micro),
            }
        )
        link(STAFF_ACCOUNTS, "Open or adjust the account", account=row["account_id"])


def _messages(actor: Actor, rows: Rows) -> None:
    if not rows:
        return
    st.caption(f"{show.plural(len(rows), 'message')}; click one to see its whole story.")
    columns = [
        table.text("Number", lambda row: f"+{row['msisdn']}"),
        table.chip("Status", MESSAGE, "state"),
        table.credit("Charged", lambda row: row["charged_micro"]),
        table.when("Accepted", "created_us", actor),
    ]
    table.table("case-messages", rows, columns, alt="Messages this case is about")
    picked = table.opened("case-messages")
    if picked is not None:
        table.close("case-messages")
        st.switch_page(str(SMS_HISTORY.path), query_params={"message": str(picked)})


def _answer(actor: Actor, row: Row) -> None:
    """The form keeps what was typed until it was sent; its key says a thing once."""
    key = f"case-{row['id']}-key"
    if key not in st.session_state:
        st.session_state[key] = secrets.token_urlsafe(KEY_BYTES)
        st.session_state[f"case-{row['id']}-body"] = ""
    closed = row["state"] == CaseState.CLOSED
    with st.form(f"case-{row['id']}"):
        label = "Write again (opens the case anew)" if closed else "Your answer" if actor.is_operator else "Add to it"
        st.text_area(label, key=f"case-{row['id']}-body", height=120)
        sent = st.form_submit_button("Send", type="primary", icon=":material/send:")
        if sent:
            _do(lambda who: get_engine().cases.reply(who, row["id"], _typed(row), key=st.session_state[key]), key)
    if not closed and st.button("Close the case", key=f"case-{row['id']}-close", icon=":material/check:"):
        _do(lambda who: get_engine().cases.close(who, row["id"]), key)


def _typed(row: Row) -> str:
    return st.session_state[f"case-{row['id']}-body"] or ""


def _do(act: Callable[[Actor], None], key: str) -> None:
    try:
        act(require())
    except ImsError as error:
        refusal(error, "What you typed is kept.")
        return
    st.session_state.pop(key)
    leave_note("success", "Done. The other side sees it at once.")
    st.rerun()
