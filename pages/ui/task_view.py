"""The sections of a task's page. What moves is asked from the Engine every few seconds, only while it moves."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.history import RecordFilter, TaskDetail, Verdict, has_begun
from engine.model import (
    FAIL_SENTENCES,
    SECOND_US,
    Actor,
    ChargeOn,
    CountRule,
    FailReason,
    TaskState,
)
from engine.store import Row
from pages.ui import format as show
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import notice
from pages.ui.plain import figures, plain_table, send_styles
from pages.ui.records import facts, heading, link, name_line
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY, SUPPORT, TASK_RECORD, TOPUP_HISTORY
from pages.ui.registry import TASK as TASK_PAGE
from pages.ui.status import MESSAGE, TASK, Colour, badge
from pages.ui.table import chip, count, credit, show_rows, text, when
from pages.ui.task_control import controls, questions
from pages.ui.terms_text import show_terms

LIVE_EVERY_S: Final = 2
OUTCOME_EVERY_S: Final = 6
"""Reasons, countries and messages: heavier to ask and to draw."""
ESTIMATE_AFTER_US: Final = 3 * SECOND_US
"""Before that a rate says little."""
MESSAGES_SHOWN: Final = 20
CHECK_WIDTH: Final = 90
REASON_WIDTH: Final = 470
"""The longest sentence in one line; on a phone the link goes below it."""
REASON_ON_PHONE: Final = 160
DONE: Final = frozenset({TaskState.FINISHED, TaskState.CANCELLED})


def head(actor: Actor, detail: TaskDetail) -> None:
    """Name, state, where it comes from, and what can be done with the task."""
    send_styles()
    back_link(TASK_RECORD, "All tasks")
    row = detail.row
    name_line(row["name"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(TASK, row["standing"])
        st.caption(_summary(actor, row), width="content")
    controls(actor, row)
    _relatives(detail)
    questions(actor, detail)


def _relatives(detail: TaskDetail) -> None:
    """The task this one repeats, and those that repeat it."""
    if detail.origin is None and not detail.repetitions:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if detail.origin is not None:
            link(TASK_PAGE, f"Sends again to some of task {detail.origin['origin_id']}", id=detail.origin["origin_id"])
        for again in detail.repetitions:
            reached = f"{show.number(again['delivered'])} of {show.number(again['recipients'])} reached"
            link(TASK_PAGE, f"Sent again as task {again['task_id']}: {reached}", id=again["task_id"])


def _summary(actor: Actor, row: Row) -> str:
    whose = f" · account no. {row['account_id']}" if actor.is_operator else ""
    return f"Task {row['id']} · accepted {show.when(row['created_us'], actor.zone)}{whose}"


CHECK_LOOKS: Final[dict[Verdict, tuple[str, Colour, str]]] = {
    Verdict.OK: (":material/check_circle:", "green", "Fine"),
    Verdict.LOOK: (":material/error:", "orange", "Look"),
    Verdict.WAIT: (":material/hourglass_empty:", "gray", "Open"),
}
"""Icon, colour and label of a verdict; the label always shows."""


def checks(actor: Actor, row: Row) -> None:
    """What the FAQ tells people to check when nobody reacts, checked for them; before anybody could, what warns."""
    found = get_engine().history.checks(actor, row["id"])
    if not found:
        return
    with st.container(key="card-task-checks"):
        heading("No reaction? What we checked for you" if has_begun(row) else "Before it is sent")
        for check in found:
            icon, colour, label = CHECK_LOOKS[check.verdict]
            with st.container(horizontal=True, vertical_alignment="top", gap="small"):
                st.badge(label, icon=icon, color=colour, width=CHECK_WIDTH)
                with st.container(gap=None):
                    st.text(check.question)
                    st.text(check.sentence)
                    if check.next_step:
                        st.caption(check.next_step)
        with st.container(horizontal=True, gap="small"):
            if has_begun(row):
                help_link("no-reaction")
            link(SUPPORT, "Report to staff", about="task", task=row["id"])


# --- What moves ------------------------------------------------------------------------------------------------------


def progress(row: Row) -> None:
    """Counts, bar and credit; asked again every few seconds until everything is settled."""
    moving = row["state"] not in DONE
    st.fragment(_live, run_every=LIVE_EVERY_S if moving else None)(row["id"], row["standing"])


def _live(task_id: int, shown_state: str) -> None:
    """A new state changes the whole page: what can be cancelled, the reasons, the end of asking."""
    actor = require()
    live = get_engine().history.live(actor, task_id)
    if live["standing"] != shown_state:
        st.rerun(scope="app")
    _waiting_words(actor, live)
    left, right = st.columns(2)
    with left, st.container(key="card-task-progress"):
        heading("Progress")
        _bar(live)
        _counts(live)
    with right, st.container(key="card-task-credit"):
        heading("Credit")
        _credit(live)


def _waiting_words(actor: Actor, live: Row) -> None:
    if live["stop_reason"] is not None:
        sentence, step = FAIL_SENTENCES[FailReason(live["stop_reason"])]
        notice("warning", f"The task was stopped by the operator: {sentence}", step)
    if live["standing"] == "paused":
        notice(
            "info",
            f"Paused since {show.when(live['paused_us'], actor.zone)}. What waits keeps its credit held.",
            "Resume it to send the rest, or cancel it to get that credit back.",
        )
    elif live["standing"] == "on_hold":
        notice(
            "warning",
            "On hold: this account is not active, so nothing of the task is sent.",
            "It goes on by itself when staff make the account active again.",
        )
    elif live["state"] == TaskState.SCHEDULED:
        notice("info", f"Scheduled for {show.when(live['due_us'], actor.zone)} ({actor.zone}). Its credit is held.")
    elif live["in_doubt"]:
        notice(
            "warning",
            f"{show.plural(live['in_doubt'], 'message is', 'messages are')} in doubt: the connection was lost while "
            "sending.",
            "They are not sent again by themselves; receipts settle them, after 72 hours at the latest.",
        )


def _bar(live: Row) -> None:
    total, settled = live["recipients"], live["settled"]
    words = f"{show.number(settled)} of {show.plural(total, 'message')} settled ({show.percent(settled, total)})"
    st.progress(settled / total if total else 1.0, text=words + _estimate(live))


def _estimate(live: Row) -> str:
    """Time left at the rate so far; nothing where that would be a guess."""
    now_us, started_us = get_engine().clock.now_us(), live["started_us"]
    if live["state"] not in (TaskState.SENDING, TaskState.SENT) or not started_us or not live["settled"]:
        return ""
    elapsed_us = now_us - started_us
    left = live["recipients"] - live["settled"] - live["in_doubt"]
    if elapsed_us < ESTIMATE_AFTER_US or left <= 0:
        return ""
    return f" · about {show.duration(max(elapsed_us * left // live['settled'], SECOND_US))} left"


def _counts(live: Row) -> None:
    open_still = live["recipients"] - live["settled"] - live["in_doubt"]
    rest = "Waiting" if live["state"] in (TaskState.SCHEDULED, TaskState.QUEUED) else "On the way"
    counts = {
        "Delivered": live["delivered"],
        "Failed": live["failed"] + live["expired"],
        "Cancelled": live["cancelled"],
        "In doubt": live["in_doubt"],
        rest: open_still,
    }
    always = {"Delivered", "Failed", rest}
    with st.grid("auto", min_column_width=88, gap="small"):
        for name, value in counts.items():
            if value or name in always:
                st.metric(name, show.number(value))
    if live["expired"]:
        st.caption(f"Failed {show.failed(live)}.")


def _credit(live: Row) -> None:
    """Held at acceptance = charged + returned + still held: the proof, to the last micro-credit."""
    held, charged, returned = live["held_micro"], live["charged_micro"], live["returned_micro"]
    still = held - charged - returned
    figures(
        (
            ("", "Held at acceptance", show.credits(held)),
            ("", "Charged", show.credits(charged)),
            ("", "Returned", show.credits(returned)),
            ("total", "Still held", show.credits(still)),
        )
    )
    rest = f" + still held {show.credits(still)}" if still else ""
    end = "" if still else " Every credit of this task is settled."
    st.caption(
        f"Held {show.credits(held)} = charged {show.credits(charged)} + returned {show.credits(returned)}{rest}.{end}"
    )


# --- What was accepted, and what became of it ------------------------------------------------------------------------


def outcome(row: Row) -> None:
    """Reasons, countries and messages; drawn again now and then while the task moves."""
    st.fragment(_outcome, run_every=OUTCOME_EVERY_S if row["state"] not in DONE else None)(row["id"])


def _outcome(task_id: int) -> None:
    actor = require()
    detail = get_engine().history.task(actor, task_id)
    reasons(detail)
    checks(actor, detail.row)
    countries(detail)
    messages(actor, task_id)


def countries(detail: TaskDetail) -> None:
    with st.container(key="card-task-countries"):
        heading("Accepted quote and outcome by country")
        plain_table(
            ("Country", "Recipients", "SMS", "Price", "Held", "Delivered", "Failed", "Charged"),
            [
                (
                    show.country(line["country"]),
                    show.number(line["recipients"]),
                    show.number(line["sms"]),
                    show.credits(line["price_micro"]),
                    show.credits(line["held_micro"]),
                    show.number(line["delivered"]),
                    show.number(line["failed"]),
                    show.credits(line["charged_micro"]),
                )
                for line in detail.countries
            ],
            label="Accepted quote and outcome by country, in credits",
            stacked=True,
        )
        if detail.row["expired"]:
            st.caption(f"Failed over all countries: {show.failed(detail.row)}.")


def reasons(detail: TaskDetail) -> None:
    """Why some did not arrive, with what to do, and the way to the messages."""
    if not detail.reasons:
        return
    with st.container(key="card-task-reasons"):
        heading("Why some did not arrive")
        for reason in detail.reasons:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(gap=None, width=REASON_WIDTH):
                    st.text(f"{show.number(reason['messages'])} · {reason['sentence']}")
                    st.caption(reason["next_step"])
                link(SMS_HISTORY, "Show them", task=detail.row["id"], reason=reason["reason"])


def messages(actor: Actor, task_id: int) -> None:
    found = get_engine().history.messages(actor, RecordFilter(task_id=task_id), limit=MESSAGES_SHOWN)
    with st.container(key="card-task-messages"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            heading("Messages")
            link(SMS_HISTORY, "All of them, with search and export", task=task_id)
        show_rows(
            sorted(found.rows, key=lambda row: row["row_number"]),
            [
                count("Row", "row_number"),
                text("Number", lambda row: row["msisdn"]),
                chip("Status", MESSAGE, "state"),
                text("Reason", lambda row: row["sentence"] or None, phone=REASON_ON_PHONE),
                text("Country", lambda row: show.country(row["country"])),
                count("SMS", "sms"),
                credit("Charged", lambda row: row["charged_micro"]),
                when("Settled", "final_us", actor),
            ],
            key="task-messages",
            alt="Messages of this task",
        )
        if found.next_after is not None:
            st.caption(f"The last {MESSAGES_SHOWN} rows are shown here.")


def details(actor: Actor, detail: TaskDetail) -> None:
    """What was accepted: text, sender, time, terms, rules."""
    row = detail.row
    with st.container(key="card-task-details"):
        heading("Details")
        st.caption("Content")
        with st.container(border=True):
            st.text(row["content"])
        left, right = st.columns(2)
        with left:
            facts(_what(row))
        with right:
            facts(_when(actor, row))
        with st.container(horizontal=True):
            link(SENDING_RECORD, "Dispatches of this task", task=row["id"])
            link(TOPUP_HISTORY, "Credit movements of this task", task=row["id"])
        with st.expander(f"Terms {row['terms_version']}, as accepted for this task"):
            show_terms(get_engine().terms.of(actor, row["terms_version"])["body"])


def _what(row: Row) -> dict[str, str]:
    counted = "160 characters" if row["count_rule"] == CountRule.MISSION else "carriers' parts (160, then 153)"
    charged = "Delivered messages" if row["charge_on"] == ChargeOn.DELIVERED else "Messages the operator accepted"
    return {
        "Route": row["route_name"],
        "Sender ID": row["sender"] or "None",
        "File": row["file_name"] or "Typed by hand",
        "Not sent to": show.plural(row["rejected_rows"], "rejected row"),
        "SMS": _sms(row),
        "Counted by": counted,
        "Charged for": charged,
    }


def _sms(row: Row) -> str:
    """What is billed can only become less while it goes on: what fails costs nothing."""
    parts = f"{show.plural(row['parts'], 'part')} on the air"
    if row["state"] not in DONE:
        return f"{show.number(row['sms'])} billed at most, {parts}"
    if row["charged_micro"] == row["held_micro"]:
        return f"{show.number(row['sms'])} billed, {parts}"
    return f"{show.number(row['sms'])} accepted, {parts}; only what is charged was billed"


def _when(actor: Actor, row: Row) -> dict[str, str]:
    asked = "At once" if row["scheduled_us"] is None else show.when(row["scheduled_us"], actor.zone)
    took = row["finished_us"] - row["started_us"] if row["finished_us"] and row["started_us"] else None
    values = {
        "Accepted by": row["member_name"] or show.NOTHING,
        "Accepted": show.when(row["created_us"], actor.zone, seconds=True),
        "Schedule": asked,
        "Started": show.when(row["started_us"], actor.zone, seconds=True),
        "Finished": show.when(row["finished_us"], actor.zone, seconds=True),
        "Took": show.duration(took),
    }
    if actor.is_operator:
        values["Account"] = row["account_name"]
    return values


def route_trouble(actor: Actor, row: Row) -> None:
    """Says why nothing moves while the route cannot reach its operator."""
    if row["state"] in DONE or row["state"] == TaskState.SCHEDULED:
        return
    with suppress(AccessError):  # a route that was closed since is nobody's trouble any more
        route = get_engine().routes.get(actor, row["route_id"])
        if route.taken_over_us is not None:
            notice(
                "info",
                f"Another route has carried the messages since {show.when(route.taken_over_us, actor.zone)}.",
                "The one you chose does not work well now. You pay the price you accepted; there is nothing to do.",
            )
        elif route.down_since_us is not None:
            notice(
                "warning",
                f"The route has not reached its operator since {show.when(route.down_since_us, actor.zone)}.",
                "Messages wait and are sent when it is back; cancel the task if you cannot wait.",
            )
