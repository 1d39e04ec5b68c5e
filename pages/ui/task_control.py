"""What can be done with a task: pause, resume, another time or name, cancel, copy, send again. Each asks first and
says what will happen, in messages and credits. `?id=7&do=pause` opens a question by its address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.history import TaskDetail
from engine.model import OPERATOR_ROLES, SENDING_ROLES, Actor, TaskState, to_datetime
from engine.store import Row
from engine.tasks import Waiting
from engine.tasks.due import SCHEDULE_MOST_DAYS
from engine.tasks.quote import NAME_LENGTH
from pages.ui import format as show
from pages.ui.compose.flow import Flow
from pages.ui.compose.terms import terms_dialog
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import facts, link
from pages.ui.registry import BULK_SMS, QUICK_SMS
from pages.ui.schedule import STEP_MINUTES, resolve, zone_label

ASKED: Final = "task-asked"
"""Holds (task, question) while a question is open; the page is drawn anew meanwhile."""
FLOW: Final = "task-resend-flow"
CONTROLLING: Final = SENDING_ROLES | OPERATOR_ROLES
UNSENT: Final = frozenset({TaskState.SCHEDULED, TaskState.QUEUED, TaskState.SENDING})
DO: Final = "do"


def offers(row: Row, actor: Actor) -> list[str]:
    """What can be done with a task in its state, by the row alone: pause, resume, edit, cancel, resend. Staff can
    cancel a customer's."""
    if actor.is_operator:
        return ["cancel"] if row["state"] in UNSENT and not row["cancel_requested"] else []
    found: list[str] = []
    if row["state"] in UNSENT and not row["cancel_requested"]:
        found.append("resume" if row["paused_us"] is not None else "pause")
        if row["state"] == TaskState.SCHEDULED:
            found.append("edit")
        found.append("cancel")
    if row["failed"] or row["expired"] or row["in_doubt"]:
        found.append("resend")
    return found


LABELS: Final[dict[str, tuple[str, str]]] = {
    "pause": ("Pause", ":material/pause:"),
    "resume": ("Resume", ":material/play_arrow:"),
    "edit": ("Change time or name", ":material/edit_calendar:"),
    "cancel": ("Cancel task", ":material/cancel:"),
    "resend": ("Send again to failed", ":material/replay:"),
}
"""Question → label of its button and icon."""


def controls(actor: Actor, row: Row) -> None:
    """The buttons of a task's page."""
    if actor.role not in CONTROLLING:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="task-controls"):
        for name in offers(row, actor):
            label, icon = LABELS[name]
            st.button(label, icon=icon, key=f"task-{name}", on_click=ask, args=(row["id"], name))
        if not actor.is_operator:
            copy_link(row)


def copy_link(row: Row) -> None:
    link(QUICK_SMS if row["file_name"] is None else BULK_SMS, "Copy to new", copy=row["id"])


def ask(task_id: int, name: str | None) -> None:
    """Opens a question about a task; None closes it."""
    if name is None:
        st.session_state.pop(ASKED, None)
        st.session_state.pop(FLOW, None)
    else:
        st.session_state[ASKED] = (task_id, name)


def questions(actor: Actor, detail: TaskDetail) -> None:
    """Shows the question that is open about this task, by a button or by the address."""
    row = detail.row
    if actor.role not in CONTROLLING:
        return
    open_to = offers(row, actor)
    given = st.query_params.get(DO)
    if given is not None:
        del st.query_params[DO]
        if given in open_to:
            ask(row["id"], given)
    asked = st.session_state.get(ASKED)
    if asked is None or asked[0] != row["id"] or asked[1] not in open_to:
        ask(row["id"], None)
        return
    title, body = _DIALOGS[asked[1]]
    flow = st.session_state.get(FLOW)
    if isinstance(flow, Flow) and flow.preview is not None:
        terms_dialog(flow)
    else:
        st.dialog(title, on_dismiss=lambda: ask(row["id"], None))(body)(detail)


def _waiting_facts(waiting: Waiting) -> None:
    facts(
        {
            "Not handed over yet": show.plural(waiting.messages, "message"),
            "Credit held for them": show.credits(waiting.held_micro),
            "Handed over already": show.plural(waiting.handed_over, "message"),
        }
    )


def _decide(task_id: int, *, no: str, yes: str, key: str, act: Callable[[Actor], str]) -> None:
    """Two buttons; `act` does it for whoever presses and returns the sentence that says so."""
    if not foot(yes, key=key, back=lambda: ask(task_id, None), back_label=no):
        return
    try:
        sentence = act(require(*CONTROLLING))
    except ImsError as error:
        refusal(error, "Close this and look at the task again.")
        return
    ask(task_id, None)
    leave_note("success", sentence)
    st.rerun()


def _pause(detail: TaskDetail) -> None:
    task_id = detail.row["id"]
    waiting = get_engine().tasks.waiting(require(*SENDING_ROLES), task_id)
    st.text(
        "Messages that were not handed to the operator yet wait until you resume; their credit stays held. What was "
        "handed over goes on and is settled as usual."
    )
    _waiting_facts(waiting)

    def act(actor: Actor) -> str:
        get_engine().tasks.pause(actor, task_id)
        return f"Task {task_id} is paused; {show.plural(waiting.messages, 'message waits', 'messages wait')}."

    keep = "Keep sending" if detail.row["state"] == TaskState.SENDING else "Leave it as it is"
    _decide(task_id, no=keep, yes="Pause the task", key="task-pause-yes", act=act)


def _resume(detail: TaskDetail) -> None:
    row = detail.row
    task_id, due_us = row["id"], row["due_us"]
    actor, engine = require(*SENDING_ROLES), get_engine()
    waiting = engine.tasks.waiting(actor, task_id)
    ahead = due_us > engine.clock.now_us()
    when = f"at its time, {show.when(due_us, actor.zone)}" if ahead else "now, as fast as the route allows"
    st.text(f"The rest is sent {when}. The credit is held already; only what is delivered is charged.")
    _waiting_facts(waiting)

    def act(who: Actor) -> str:
        engine.tasks.resume(who, task_id)
        return f"Task {task_id} is resumed; {show.plural(waiting.messages, 'message')} will be sent."

    _decide(task_id, no="Leave it paused", yes="Resume the task", key="task-resume-yes", act=act)


def _cancel(detail: TaskDetail) -> None:
    task_id, tasks = detail.row["id"], get_engine().tasks
    actor = require(*CONTROLLING)
    waiting = tasks.waiting(actor, task_id)
    st.text(
        f"{show.plural(waiting.messages, 'message')} not handed to the operator yet will not be sent, and "
        f"{show.credits(waiting.held_micro)} credits come back at once. What was handed over already cannot be called "
        "back."
    )
    _waiting_facts(waiting)
    reason = ""
    if actor.is_operator:
        reason = st.text_input("Reason, which the customer reads", key=f"task-reason-{task_id}", autocomplete="off")

    def act(who: Actor) -> str:
        cancelled = tasks.cancel_for(who, task_id, reason=reason) if who.is_operator else tasks.cancel(who, task_id)
        return f"{show.plural(cancelled, 'message')} of task {task_id} cancelled; their credit is back."

    keep = "Keep sending" if detail.row["state"] == TaskState.SENDING else "Keep the task"
    _decide(task_id, no=keep, yes="Cancel the task", key="task-cancel-yes", act=act)


def _edit(detail: TaskDetail) -> None:
    """Time and name; another text or other recipients are another task."""
    row, engine = detail.row, get_engine()
    actor = require(*SENDING_ROLES)
    now = to_datetime(engine.clock.now_us())
    due = show.local_time(row["due_us"], actor.zone).replace(second=0, microsecond=0)  # as the widget shows it
    name = st.text_input("Task name", value=row["name"], max_chars=NAME_LENGTH, key=f"task-name-{row['id']}")
    left, right = st.columns(2)
    last = due.date() + timedelta(days=SCHEDULE_MOST_DAYS)
    day = left.date_input("Date", value=due.date(), max_value=last, format=show.DATE_INPUT, key=f"task-day-{row['id']}")
    clock = right.time_input(
        "Time", value=due.time(), step=timedelta(minutes=STEP_MINUTES), key=f"task-clock-{row['id']}"
    )
    same = (day, clock) == (due.date(), due.time())
    moment = None if same else resolve(day, clock, actor.zone, now)
    st.caption(f"Time zone of your account: {zone_label(actor.zone, due)}. The accepted price stays as it is.")
    st.caption(
        "Another text or other recipients: use “Copy to new”, then cancel this task; its credit comes back at once."
    )
    if moment is not None and moment.at is None:
        notice("error", moment.problem)
        return

    def act(who: Actor) -> str:
        at = moment.at if moment is not None else None
        engine.tasks.edit_scheduled(who, row["id"], name=name, at=at)
        return f"Task {row['id']} is changed."

    _decide(row["id"], no="Leave it", yes="Save", key="task-edit-yes", act=act)


def _resend(detail: TaskDetail) -> None:
    """Who, over which route; then the price and the terms, as for any task."""
    row, engine = detail.row, get_engine()
    actor = require(*SENDING_ROLES)
    counts = engine.tasks.resend_counts(actor, row["id"])
    failed, doubts = counts["failed"], counts["in_doubt"]
    if not failed + doubts:
        notice("info", "Nobody is left to send to again.", "All were reached, or another task sends to them already.")
        return
    st.text(
        f"{show.plural(failed, 'recipient was', 'recipients were')} not reached. A new task sends each the same text "
        "again; you see its price before you accept. The credit of the failed messages came back already."
    )
    with_doubts = False
    if doubts:
        with_doubts = st.checkbox(
            f"Also send to {show.plural(doubts, 'recipient')} in doubt or without receipt: they may get the text twice",
            key=f"task-doubts-{row['id']}",
        )
    routes = {route.id: route for route in engine.routes.selectable(actor)}
    places = list(routes)
    chosen = st.selectbox(
        "Route",
        places,
        index=places.index(row["route_id"]) if row["route_id"] in routes else 0,
        format_func=lambda route_id: routes[route_id].display_name,
        key=f"task-route-{row['id']}",
    )
    which = ("both" if failed else "in_doubt") if with_doubts else "failed"
    ready = bool(failed) or with_doubts
    if st.button("Show the price", type="primary", key="task-resend-yes", disabled=not ready):
        _quote(row["id"], which, chosen, may_repeat=with_doubts)


def _quote(task_id: int, which: str, route_id: int, *, may_repeat: bool) -> None:
    actor, tasks = require(*SENDING_ROLES), get_engine().tasks
    flow = Flow("bulk", generation=-task_id)
    try:
        found = tasks.resend_list(actor, task_id, which, may_repeat=may_repeat)
        flow.preview = tasks.preview(actor, found.draft(route_id=route_id))
    except ImsError as error:
        refusal(error)
        return
    st.session_state[FLOW] = flow
    st.rerun()


_DIALOGS: Final[dict[str, tuple[str, Callable[[TaskDetail], None]]]] = {
    "pause": ("Pause this task?", _pause),
    "resume": ("Resume this task?", _resume),
    "edit": ("Change time or name", _edit),
    "cancel": ("Cancel this task?", _cancel),
    "resend": ("Send again to those not reached", _resend),
}
