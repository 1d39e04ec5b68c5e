"""One message through a route, free of credit, and what becomes of it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import FAIL_SENTENCES, OPERATOR_ROLES, Actor, FailReason, MessageState
from engine.routes import Route, link_words
from engine.tasks import RouteTestOutcome
from engine.tasks.quote import CONTENT_LENGTH
from engine.tasks.route_test import TEST_TEXT, TESTS_A_MINUTE
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal
from pages.ui.records import facts, heading
from pages.ui.routes import listing
from pages.ui.routes.shared import Sheet
from pages.ui.status import MESSAGE, badge

LIVE_S: Final = 1
NUMBER_LENGTH: Final = 40


def draw(actor: Actor, route: Route) -> None:
    sheet = Sheet("test", route, probe="number")
    left, right = st.columns(2, gap="medium")
    with left:
        _form(route, sheet)
    with right, st.container(key="card-route-outcome"):
        heading("What became of it")
        task_id: int | None = sheet.value("task")
        if task_id is None:
            st.text("Nothing was sent yet. The answer of the operator and the receipt will show here.")
        elif _outcome(actor, task_id).settled:
            _show(actor, task_id)
        else:
            _follow(task_id)


def _form(route: Route, sheet: Sheet) -> None:
    with st.form(sheet.key("form")):
        heading("Send a test message")
        st.caption(
            "Goes out for real, in the operator's own account: no customer pays. "
            f"At most {TESTS_A_MINUTE} a minute; each is kept in the audit log."
        )
        number = st.text_input(
            "Number with country code",
            key=sheet.start("number", ""),
            placeholder="61412345678",
            max_chars=NUMBER_LENGTH,
        )
        sender = None
        if route.supports_sender:
            sender = st.text_input(
                "Sender ID (optional)",
                key=sheet.start("sender", ""),
                placeholder=f"At most {route.sender_max} characters",
            )
        text = st.text_area("Text", key=sheet.start("text", TEST_TEXT), max_chars=CONTENT_LENGTH)
        if not st.form_submit_button("Send test", type="primary", icon=":material/send:"):
            return
        if not (number or "").strip():
            notice("error", "Type a number.")
            return
        try:
            task_id = get_engine().route_test.send(
                require(*OPERATOR_ROLES), route.id, number or "", sender=sender or None, text=text or ""
            )
        except ImsError as error:
            refusal(error, "Nothing was sent; what you typed is kept.")
            return
    st.session_state[sheet.key("task")] = task_id
    st.rerun()


@st.fragment(run_every=LIVE_S)
def _follow(task_id: int) -> None:
    actor = require(*OPERATOR_ROLES)
    if _outcome(actor, task_id).settled:
        st.rerun(scope="app")
    _show(actor, task_id)


def _outcome(actor: Actor, task_id: int) -> RouteTestOutcome:
    return get_engine().route_test.outcome(actor, task_id)


def _show(actor: Actor, task_id: int) -> None:
    found = _outcome(actor, task_id)
    badge(MESSAGE, found.state)
    if found.submitted_us is None and not found.settled:
        _why_waiting(actor, found)
    if found.state is MessageState.DELIVERED:
        notice("success", "Delivered: the route works for this number.")
    elif found.reason is not None:
        notice("warning", *FAIL_SENTENCES[FailReason(found.reason)])
    facts(
        {
            "Number": found.number,
            "Accepted here": show.when(found.created_us, actor.zone, seconds=True),
            "Taken by the operator": show.when(found.submitted_us, actor.zone, seconds=True),
            **({"Carried by": f"{found.carried_by} instead of this route"} if found.carried_by else {}),
            "Receipt": show.when(found.final_us, actor.zone, seconds=True),
            "Receipt after": _delay(found),
            "Operator's words": found.detail or show.NOTHING,
            "Operator's reference": found.provider_ref or show.NOTHING,
            "Task no.": str(found.task_id),
        }
    )


def _why_waiting(actor: Actor, found: RouteTestOutcome) -> None:
    """Nothing was handed over yet: how the connection stands, and what is wrong with it."""
    health = next(one for one in get_engine().routes.health(actor) if one.route.id == found.route_id)
    st.text(f"Connection: {link_words(health.link)}.")
    listing.trouble(health, actor.zone)


def _delay(found: RouteTestOutcome) -> str:
    if found.final_us is None or found.submitted_us is None:
        return show.NOTHING
    return show.duration(max(0, found.final_us - found.submitted_us))
