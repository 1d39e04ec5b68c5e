"""Help: the questions people ask, answered in the application's own words, searchable."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.model import CUSTOMER_ROLES
from pages.ui import address
from pages.ui.back import back_link
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import Topic, search, topics
from pages.ui.records import begin, heading, link
from pages.ui.registry import HELP, SUPPORT

actor = require()

PAGE: Final = "help"
SEARCH: Final = f"{PAGE}-q"
SEARCH_LENGTH: Final = 100


def fill(given: address.Values) -> None:
    """`?q=` searches, `?topic=` opens one answer."""
    slugs = {topic.slug for topic in topics()}
    asked = given.get("topic", "")
    st.session_state[f"{PAGE}-topic"] = asked if asked in slugs else ""
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]


def forget_topic() -> None:
    st.session_state[f"{PAGE}-topic"] = ""


def still_stuck() -> None:
    with st.container(key="card-help-stuck"):
        heading("Not answered?")
        if actor.role in CUSTOMER_ROLES:
            st.text("Open a case: staff see your account and the messages it is about.")
            link(SUPPORT, "Ask staff", about="other")
        else:
            st.text(f"Customers reach you through their cases and at: {get_engine().config.support}")


def answers(of: list[Topic], *, first_open: bool = False) -> None:
    with st.container(gap="xsmall"):
        for topic in of:
            with st.expander(topic.question, expanded=first_open and topic is of[0]):
                st.markdown(topic.answer)


def everything() -> None:
    """Every question under the heading of its group, two groups beside each other."""
    groups: dict[str, list[Topic]] = {}
    for topic in topics():
        groups.setdefault(topic.group, []).append(topic)
    columns = st.columns(2, gap="medium")
    for place, (name, of) in enumerate(groups.items()):
        with columns[place % len(columns)], st.container(key=f"ims-help-{place}"):
            heading(name)
            answers(of)


begin(HELP.title)
address.arrived(PAGE, fill, probe=SEARCH)
st.text_input(
    "Search the help",
    key=SEARCH,
    type="search",
    placeholder="Why did it fail, top up, sender ID …",
    max_chars=SEARCH_LENGTH,
    live=True,
    on_change=forget_topic,
)
opened = st.session_state[f"{PAGE}-topic"]
text = st.session_state[SEARCH] or ""
found = [topic for topic in topics() if topic.slug == opened] if opened else search(text)
if not found:
    with st.container(key="card-help-none"):
        st.text(f"Nothing in the help has the words “{text.strip()}”. Try fewer or other words.")
if found and (opened or text.strip()):
    answers(found, first_open=True)
elif found:
    everything()
if opened:
    back_link(HELP, "All questions")
still_stuck()
address.keep(PAGE, {"topic": opened, "q": text})
