"""The frame of both composing pages: what is loaded first, and what Submit does at the end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import AccessError
from engine.model import SENDING_ROLES, Actor
from engine.routes import Route
from engine.tasks import Draft
from engine.tasks.quote import Priced
from pages.ui import format as show
from pages.ui.address import number_in
from pages.ui.compose import lists, sources
from pages.ui.compose.copying import copy_people
from pages.ui.compose.fields import Problems, card
from pages.ui.compose.flow import Flow, Kind, flow_of, go_to_task, mark_of, submit
from pages.ui.compose.kept import keep, restore, restored_line
from pages.ui.compose.terms import terms_dialog
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import notice, refusal
from pages.ui.plain import figures, quiet, send_styles
from pages.ui.records import link
from pages.ui.registry import TOP_UP

COPY: Final = "copy"
"""`?copy=ID` fills the form with an earlier task."""

REPLY: Final = "to"
LIKE: Final = "like"
"""`?to=NUMBER&like=TASK` begins a message to one number, over the route and with the sender ID of an earlier task."""


def begin(kind: Kind, title: str, lead: str, actor: Actor) -> tuple[Flow, dict[int, Route]]:
    """The page's head, its memory and the routes; stops when there is none to send with."""
    flow = flow_of(kind)
    send_styles()
    if flow.accepted is not None:  # the run that accepted was interrupted before it could leave
        go_to_task(flow.accepted)
    st.title(title, anchor=False)
    st.caption(lead)
    if COPY in st.query_params or REPLY in st.query_params:  # asked for in so many words: it takes the place of a draft
        flow.looked = True
    restore(flow, actor)
    restored_line(flow, actor)
    choices = {route.id: route for route in get_engine().routes.selectable(actor)}
    if not choices:
        notice("error", "No route is open to send with.", f"Contact {get_engine().config.support}.")
        st.stop()
    _copy(flow, actor, choices)
    _reply(flow, actor, choices)
    sources.arrive(flow)
    lists.arrive(flow)
    return flow, choices


def _copy(flow: Flow, actor: Actor, choices: Mapping[int, Route]) -> None:
    """Fills the fields once from a task of the account."""
    task_id = number_in(st.query_params.get(COPY))
    if task_id is None or task_id in flow.copied:
        return
    flow.copied.add(task_id)
    try:
        row = get_engine().history.task(actor, task_id).row
    except AccessError as error:
        refusal(error)
        return
    values = {"name": row["name"], "content": row["content"], "sender": row["sender"] or ""}
    if row["route_id"] in choices:
        values["route"] = row["route_id"]
    for name, value in values.items():
        st.session_state[flow.key(name)] = value
    notice("info", f"Copied from task {task_id}. {copy_people(flow, actor, task_id, row['file_name'])}")


def _reply(flow: Flow, actor: Actor, choices: Mapping[int, Route]) -> None:
    """Fills the form of Quick SMS once for one number; what stood in it is another message."""
    number, task_id = number_in(st.query_params.get(REPLY)), number_in(st.query_params.get(LIKE))
    done = flow.key("reply_arrived")
    if number is None or flow.kind != "quick" or st.session_state.get(done) == number:
        return
    st.session_state[done] = number
    values: dict[str, str | int] = {"people": str(number), "name": f"Reply to +{number}", "content": "", "sender": ""}
    with suppress(AccessError):  # without a task of one's own the form's own route and sender ID stay
        row = None if task_id is None else get_engine().history.task(actor, task_id).row
        if row is not None and row["route_id"] in choices:
            values |= {"route": row["route_id"], "sender": row["sender"] or ""}
    for name, value in values.items():
        st.session_state[flow.key(name)] = value


def two_columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """The form, and beside it (below it on a phone) the summary with Submit."""
    form, side = st.columns([2, 1], gap="medium")
    return form, side


def end(flow: Flow, problems: Problems, draft: Draft | None, route: Route, actor: Actor) -> None:
    """What it will come to, Submit, and what still stands in its way."""
    keep(flow, actor)
    with card("summary", "Summary"):
        _estimate(flow, problems, draft, route, get_engine().history.balance(actor).available_micro)
        pressed = st.button(
            "Submit",
            key=flow.key("submit"),
            type="primary",
            icon=":material/send:",
            on_click=flow.press_submit,
            width="stretch",
        )
        if flow.tried and problems:
            words = show.plural(len(problems), "field needs", "fields need")
            notice("error", f"Not submitted: {words} a change.", points=problems.values())
        elif pressed and draft is not None:
            submit(flow, require(*SENDING_ROLES), draft)
        refused = flow.refused(mark_of(draft)) if draft is not None else None
        if refused is not None:
            refusal(refused, "Everything you entered is kept.")
        st.caption("Next: the price by country and the terms. Nothing is sent before you accept.")
        help_link("held")


def show_terms(flow: Flow) -> None:
    """Last line of a page: the Terms, once there is a quote."""
    if flow.preview is not None:
        terms_dialog(flow)


def _estimate(flow: Flow, problems: Problems, draft: Draft | None, route: Route, available_micro: int) -> None:
    """Recipients, SMS and cost as they are now; dashes while something they depend on is missing."""
    recipients, sms, cost_micro, uncounted = draft.recipients.frame.height if draft else 0, None, None, ""
    priced = None if draft is None or not recipients or "Content" in problems else flow.price(draft, route)
    if isinstance(priced, Priced):
        recipients = priced.messages.height
        sms, cost_micro = int(priced.messages["sms"].sum()), int(priced.messages["held_micro"].sum())
    else:
        uncounted = priced.message if priced is not None else _missing_words(flow, problems)
    after = "" if cost_micro is None or cost_micro <= available_micro else " short"
    figures(
        (
            ("", "Recipients", show.number(recipients) if recipients else show.NOTHING),
            ("", "SMS in all", show.number(sms)),
            (f"total{after}", "Estimated cost", show.credits(cost_micro)),
            ("", "Available", show.credits(available_micro)),
        )
    )
    if uncounted:
        quiet(uncounted)
    if after:
        notice("warning", "This is more than your available credit.", "Top up first, or send to fewer recipients.")
        link(TOP_UP, "Top up")


def _missing_words(flow: Flow, problems: Problems) -> str:
    """Which fields keep SMS and cost from being counted."""
    typed = {"Recipients": st.session_state.get(flow.key("people")), "File": flow.upload}
    typed["Content"] = st.session_state.get(flow.key("content"))
    missing = [field for field in typed if field in problems]
    verb = "corrected" if any(typed[field] for field in missing) else "filled in"
    be = "is" if len(missing) == 1 else "are"
    return f"SMS and cost are counted after {' and '.join(missing)} {be} {verb}." if missing else ""
