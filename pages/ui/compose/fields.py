"""The fields both composing pages share, in the order of the pages. Each returns its value and what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from engine import content
from engine.model import ChargeOn, CountRule, to_datetime
from engine.parts import MAX_PARTS, count
from engine.routes import EVERYWHERE, Route
from engine.tasks.due import SCHEDULE_MOST_DAYS
from engine.tasks.quote import CONTENT_LENGTH, NAME_LENGTH
from pages.ui import format as show
from pages.ui.compose.findings import show_findings
from pages.ui.compose.flow import Flow
from pages.ui.compose.kept import keep_typed
from pages.ui.compose.sources import template_picker
from pages.ui.context import get_engine
from pages.ui.counter import live_counter
from pages.ui.helping import help_link
from pages.ui.notices import notice
from pages.ui.records import heading
from pages.ui.schedule import STEP_MINUTES, Moment, first_offer, resolve, zone_label

ROOM: Final = 4
"""How many times too long a pasted text still arrives, to be refused with a sentence: more is dropped in silence."""
NOW: Final = "Now"
LATER: Final = "At a time"

Problems = dict[str, str]
"""Field → what it lacks, in the order of the page. Shown beside the field once Submit was pressed."""


@contextmanager
def card(name: str, words: str) -> Iterator[None]:
    """A card of the form with its heading."""
    with st.container(key=f"card-{name}"):
        heading(words)
        yield


def complain(flow: Flow, problems: Problems, field: str, sentence: str) -> None:
    """Notes what a field lacks; says it there once the person has tried to submit."""
    if not sentence:
        return
    problems[field] = sentence
    if flow.tried:
        notice("error", sentence)


def route_field(flow: Flow, choices: Mapping[int, Route]) -> Route:
    """The route, its price in its name."""
    key = flow.key("route")
    if st.session_state.get(key) not in choices:
        st.session_state[key] = next(iter(choices))
    chosen = st.selectbox(
        "Route",
        list(choices),
        key=key,
        format_func=lambda route_id: choices[route_id].display_name,
        persist_state="session",
    )
    route = choices[chosen]
    if route.down_since_us is not None:
        notice(
            "warning",
            "This route cannot reach its operator at the moment.",
            "Messages wait and are sent when it is back; or choose another route.",
        )
    st.caption(_route_words(route))
    if len(set(route.prices.values())) > 1:
        _price_list(route)
    return route


def _route_words(route: Route) -> str:
    charged = "Only delivered messages are charged"
    if route.charge_on is ChargeOn.ACCEPTED:
        charged = "This route has no receipts: messages the operator accepts are charged"
    counted = "one SMS per 160 characters"
    if route.count_rule is CountRule.CARRIER:
        counted = "one SMS up to 160 characters, then one per 153"
    reach = (
        "every country served" if route.countries is None else show.plural(len(route.countries), "country", "countries")
    )
    return f"{charged}. Counted as {counted}. Reaches {reach}."


def _price_list(route: Route) -> None:
    with st.popover("Prices by country", icon=":material/payments:", key=f"prices_{route.id}"):
        listed = sorted(
            (show.country(code), show.credits(price)) for code, price in route.prices.items() if code != EVERYWHERE
        )
        other = "Everywhere else" if listed else "Everywhere"
        rows = [*listed, (other, show.credits(route.prices[EVERYWHERE]))]
        st.dataframe(
            {"Country": [name for name, _ in rows], "Credit per SMS": [price for _, price in rows]}, hide_index=True
        )


def sender_field(flow: Flow, route: Route, choices: Mapping[int, Route], problems: Problems) -> str | None:
    """The brand name recipients see, only where the route carries one."""
    if not route.supports_sender:
        others = any(other.supports_sender for other in choices.values())
        remedy = " To use your brand name, choose a route marked SID." if others else ""
        st.caption(
            "**Sender ID**: this route does not support one. Recipients see a number that the operator chooses."
            + remedy
        )
        return None
    typed = st.text_input(
        "Sender ID (optional)",
        key=flow.key("sender"),
        placeholder=f"Your brand, at most {route.sender_max} characters",
        help=f"Your brand name, 3 to {route.sender_max} letters, digits, spaces or & . _ - with at least one letter. "
        "Empty: recipients see a number that the operator chooses.",
        persist_state="session",
    )
    if not typed:
        help_link("sender")
        return None
    problem = content.check_sender(typed, max_length=route.sender_max)
    if problem:
        problems["Sender ID"] = f"Sender ID: {problem}"
        notice("error", problems["Sender ID"])
    return typed


def name_field(flow: Flow, problems: Problems) -> str:
    name = st.text_input(
        "Task name",
        key=flow.key("name"),
        placeholder="For your records, such as November offer",
        persist_state="session",
    )
    if len(name) > NAME_LENGTH:
        problems["Task name"] = f"Task name: {too_long(name, NAME_LENGTH)}"
        notice("error", problems["Task name"])
        return name
    complain(flow, problems, "Task name", "" if name.strip() else "Task name: give this task a name for your records.")
    return name


def too_long(text: str, most: int) -> str:
    return f"it has {len(text):,} characters; the most is {most:,}. Shorten it."


def content_field(
    flow: Flow,
    route: Route,
    problems: Problems,
    *,
    columns: Sequence[str] | None,
    example: Mapping[str, str] | None = None,
) -> str:
    """The message with its live counter, and what the route's rules say about it.

    `columns` can stand in it as ((name)); None when they are not known yet.
    """
    key = flow.key("content")
    template_picker(flow)
    text = st.text_area(
        "Content",
        key=key,
        height=150,
        max_chars=ROOM * CONTENT_LENGTH,
        placeholder="Start with your brand name",
        persist_state="session",
    )
    live_counter(watches=key, text=text, rule=route.count_rule, example=example, on_typed=partial(keep_typed, flow))
    wrong = _wrong_at_once(text, route, columns, of_file=flow.kind == "bulk")
    personal = bool(content.placeholders(text))
    # Of what is far too long nothing is marked: it has to be another text anyway.
    verdict = content.check(text[:CONTENT_LENGTH], route.rules, template=personal)
    if len(text) <= CONTENT_LENGTH:
        show_findings(text, verdict, key=flow.key("fix"), fix=_replacer(key), refused=bool(wrong))
    with st.container(horizontal=True):
        help_link("counting")
        if verdict.findings:
            help_link("content")
    if wrong:
        problems["Content"] = f"Content: {wrong}"
        notice("error", problems["Content"])
    elif not text.strip():
        complain(flow, problems, "Content", "Content: write the message.")
    elif not verdict.ok:
        problems["Content"] = "Content: change the marked places."
    return text


def _wrong_at_once(text: str, route: Route, columns: Sequence[str] | None, *, of_file: bool) -> str:
    """What is wrong with a text as a whole, before anybody presses Submit; empty when nothing is."""
    if len(text) > CONTENT_LENGTH:
        return too_long(text, CONTENT_LENGTH)
    names = content.placeholders(text)
    parts = 0 if names else count(text, route.count_rule).parts
    if parts > MAX_PARTS:
        return f"it is {parts} parts long; the most is {MAX_PARTS}. Shorten it."
    return _unknown_names(names, columns, of_file=of_file)


def _unknown_names(names: Sequence[str], columns: Sequence[str] | None, *, of_file: bool) -> str:
    """What to do about a ((name)) that nothing fills in."""
    if columns is None:
        return ""
    known = {content.placeholder_key(column) for column in columns}
    missing = [name for name in names if content.placeholder_key(name) not in known]
    if not missing:
        return ""
    if not columns and of_file:
        return f"the file has no named column for “(({missing[0]}))”. Give row 1 the names of the columns."
    if not columns:
        return f"nothing fills in “(({missing[0]}))” here. Write the word itself, or use Bulk SMS with a file of names."
    return f"the file has no column “{missing[0]}”. Its columns are: {', '.join(columns)}."


def _replacer(key: str) -> Callable[[str], None]:
    def replace(fixed: str) -> None:
        st.session_state[key] = fixed

    return replace


def time_field(flow: Flow, zone: str, problems: Problems) -> Moment | None:
    """None sends now; otherwise the moment, whose `at` is None when it cannot be."""
    now = to_datetime(get_engine().clock.now_us())
    chosen = st.segmented_control(
        "Send",
        [NOW, LATER],
        default=NOW,
        required=True,
        key=flow.key("when"),
        persist_state="session",
    )
    if chosen == NOW:
        return None
    moment = _chosen_moment(flow, zone, now)
    if moment.at is None:
        problems["Time"] = f"Time: {moment.problem}"
        notice("error", problems["Time"])
    elif moment.note:
        notice("info", moment.note)
    return moment


def _chosen_moment(flow: Flow, zone: str, now: datetime) -> Moment:
    """Date and time as chosen; the first offer stays put although time goes on."""
    offer = first_offer(zone, now)
    today = now.astimezone(offer.tzinfo).date()
    st.session_state.setdefault(flow.key("day"), offer.date())
    st.session_state.setdefault(flow.key("clock"), offer.time())
    day_column, time_column = st.columns(2)
    day = day_column.date_input(
        "Date",
        min_value=today - timedelta(days=1),
        max_value=today + timedelta(days=SCHEDULE_MOST_DAYS),
        key=flow.key("day"),
        format=show.DATE_INPUT,
        persist_state="session",
    )
    clock = time_column.time_input(
        "Time", step=timedelta(minutes=STEP_MINUTES), key=flow.key("clock"), persist_state="session"
    )
    moment = resolve(day, clock, zone, now)
    st.caption(f"Time zone of your account: {zone_label(zone, moment.at or now)}.")
    return moment
