"""One test message of the text as it stands, to the member's own phone: priced, accepted and charged as any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl
import streamlit as st

from engine.errors import ImsError
from engine.model import SENDING_ROLES, Actor
from engine.recipients import FIELD_PREFIX, RecipientFile, read_numbers
from engine.routes import Route
from engine.tasks import Draft
from engine.tasks.quote import NAME_LENGTH
from pages.ui.compose.fields import Problems
from pages.ui.compose.flow import Flow
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal

PREFIX: Final = "Test: "
NUMBER_LENGTH: Final = 40


def trial_button(
    flow: Flow,
    actor: Actor,
    problems: Problems,
    *,
    text: str,
    people: RecipientFile | None,
    sender: str | None,
    route: Route,
    name: str,
) -> None:
    """Asks for the number, then for the quote, which opens the Terms."""
    with st.popover("Send a test to my phone", icon=":material/phonelink_ring:", key=flow.key("test"), width="stretch"):
        st.caption(
            "One message of the text as it stands, with the values of the first recipient. It costs as any other."
        )
        key = flow.key("mine")
        if key not in st.session_state:
            st.session_state[key] = get_engine().drafts.own_number(actor)
        typed = st.text_input(
            "Your number",
            key=key,
            max_chars=NUMBER_LENGTH,
            placeholder="61412345678",
            help="With the full country code. It is remembered for you.",
            persist_state="session",
        )
        pressed = st.button("Show the price", key=flow.key("trial"), icon=":material/send:", width="stretch")
        if not pressed:
            return
        blocking = [problem for field, problem in problems.items() if field in {"Content", "Sender ID"}]
        if not text.strip() or blocking:
            notice("error", blocking[0] if blocking else "Content: write the message first.")
            return
        _quote(flow, Draft(
            route_id=route.id, name=(PREFIX + (name.strip() or "untitled"))[:NAME_LENGTH], content=text,
            recipients=read_numbers(""), sender=sender, quick=True,
        ), typed, people)  # fmt: skip


def _quote(flow: Flow, draft: Draft, typed: str, people: RecipientFile | None) -> None:
    actor = require(*SENDING_ROLES)
    engine = get_engine()
    try:
        engine.drafts.remember_number(actor, typed)
        number = read_numbers(engine.drafts.own_number(actor))
        flow.preview = engine.tasks.preview(actor, replace(draft, recipients=with_values(number, people)))
    except ImsError as error:
        refusal(error)
        return
    flow.terms_note = ""
    flow.trial = True


def with_values(number: RecipientFile, people: RecipientFile | None) -> RecipientFile:
    """The number as a recipient with the first row's values, so that its text is made as every other."""
    if people is None or people.frame.is_empty() or not people.columns:
        return number
    values = people.frame.head(1).select(pl.col([FIELD_PREFIX + column for column in people.columns]))
    return replace(number, frame=number.frame.hstack(values), columns=people.columns)
