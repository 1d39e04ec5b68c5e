"""How it arrives: the sender ID in each destination, and who would get it at night or on a weekend."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import polars as pl
import streamlit as st

from engine.countries import Country, SenderRule
from engine.model import Actor
from engine.numbers import country_name
from engine.recipients import RecipientFile
from engine.routes import Route
from engine.tasks import Reach, Times
from pages.ui import format as show
from pages.ui.compose.flow import Flow
from pages.ui.context import get_engine
from pages.ui.notices import notice
from pages.ui.schedule import Moment

RULE_WORDS: Final[Mapping[SenderRule, str]] = {
    SenderRule.SHOWN: "Shown as typed",
    SenderRule.REPLACED: "Replaced by a number",
    SenderRule.NEEDS_REGISTRATION: "Needs registration",
    SenderRule.NOT_SUPPORTED: "Not supported",
    SenderRule.UNKNOWN: "Not known",
}
_REMEDIES: Final[Mapping[SenderRule, str]] = {
    SenderRule.SHOWN: "",
    SenderRule.REPLACED: "Recipients see a number instead, so begin the text with your name.",
    SenderRule.NEEDS_REGISTRATION: "Without it the operator blocks or replaces it. Ask staff before you send.",
    SenderRule.NOT_SUPPORTED: "The message may be blocked. Leave the sender ID empty, or ask staff.",
    SenderRule.UNKNOWN: "Try it with a test message, or ask staff.",
}
_SIGNS: Final[Mapping[SenderRule, str]] = {
    SenderRule.SHOWN: "✓",
    SenderRule.REPLACED: "#",
    SenderRule.NEEDS_REGISTRATION: "!",
    SenderRule.NOT_SUPPORTED: "✕",
    SenderRule.UNKNOWN: "?",
}
COUNTRIES_NAMED: Final = 6
TIME_WORDS: Final[Mapping[Times, str]] = {
    Times.SAME: "Everybody at that time",
    Times.DAYTIME: "In their daytime",
    Times.WEEKDAYS: "In their daytime, on working days",
}


def sender_notice(actor: Actor, people: RecipientFile | None, sender: str | None, route: Route) -> None:
    """What becomes of the sender ID in the countries of these recipients, by rule; nothing without one."""
    if people is None or people.frame.is_empty() or not sender or not route.supports_sender:
        return
    table = get_engine().countries.listing(actor)
    st.html(rules_html(by_rule(people.frame, table), table))


def by_rule(frame: pl.DataFrame, table: Mapping[str, Country]) -> dict[SenderRule, list[tuple[str, int]]]:
    """Rule → (country, recipients), the most first; rules in their own order."""
    counts: list[tuple[str, int]] = frame["country"].value_counts(sort=True).rows()
    found: dict[SenderRule, list[tuple[str, int]]] = {rule: [] for rule in SenderRule}
    for code, recipients in sorted(counts, key=lambda pair: (-pair[1], pair[0])):
        found[table[code].sender_rule].append((code, recipients))
    return {rule: countries for rule, countries in found.items() if countries}


def rules_html(found: Mapping[SenderRule, list[tuple[str, int]]], table: Mapping[str, Country]) -> str:
    """A block a rule; notes of countries are staff's words and are escaped."""
    blocks: list[str] = []
    for rule, countries in found.items():
        total = sum(recipients for _, recipients in countries)
        named = ", ".join(f"{country_name(code)} {recipients:,}" for code, recipients in countries[:COUNTRIES_NAMED])
        more = len(countries) - COUNTRIES_NAMED
        named += f" and {show.plural(more, 'more country', 'more countries')}" if more > 0 else ""
        notes = [f"{table[code].name}: {table[code].note}" for code, _ in countries if table[code].note]
        said = [_REMEDIES[rule], *notes[:COUNTRIES_NAMED]]
        small = "".join(f"<small>{escape(words)}</small>" for words in said if words)
        blocks.append(
            f'<li class="{rule.value}"><i aria-hidden="true">{_SIGNS[rule]}</i><div><b>{RULE_WORDS[rule]}</b> '
            f"{escape(show.plural(total, 'recipient'))}: {escape(named)}{small}</div></li>"
        )
    return f'<div class="ims-rules"><p>Your sender ID where it arrives</p><ul>{"".join(blocks)}</ul></div>'


def arrival_field(flow: Flow, actor: Actor, people: RecipientFile | None, moment: Moment | None) -> Times:
    """Warns of nights and weekends and offers the local daytime; what was chosen stays until it is changed."""
    key = flow.key("times")
    chosen = Times(st.session_state.get(key) or Times.SAME)
    if people is None or people.frame.is_empty() or (moment is not None and moment.at is None):
        return chosen
    found = _reach(flow, actor, people, moment)
    if not found.disturbs and not found.unsure and chosen is Times.SAME:
        return chosen
    total = people.frame.height
    if found.disturbs:
        notice(
            "warning",
            disturbed_words(found, total),
            "Night is what the country's quiet hours say, 20:00–08:00 in most.",
        )
    if found.unsure:
        st.caption(
            f"For {show.plural(found.unsure, 'more recipient')} the number does not tell the time zone; "
            "for some of them it may be night."
        )
    if found.disturbs or chosen is not Times.SAME:
        chosen = Times(
            st.segmented_control(
                "Recipients get it",
                list(Times),
                default=Times.SAME,
                required=True,
                format_func=TIME_WORDS.__getitem__,
                key=key,
                persist_state="session",
                wrap=True,
            )
        )
    if chosen is not Times.SAME:
        st.caption("One task for each group of time zones, accepted together; you see their times before you accept.")
    return chosen


def disturbed_words(found: Reach, total: int) -> str:
    """Such as “1,204 of 4,812 recipients would get this at night where they live, 300 on their weekend.”"""
    night = f"{found.night:,} of {show.plural(total, 'recipient')} would get this at night where they live"
    weekend = f"{found.weekend:,} of {show.plural(total, 'recipient')} would get this on their weekend"
    if found.night and found.weekend:
        return f"{night}, {found.weekend:,} on their weekend."
    return f"{night if found.night else weekend}."


def _reach(flow: Flow, actor: Actor, people: RecipientFile, moment: Moment | None) -> Reach:
    """Asked again when the recipients or the minute change."""
    at = moment.at if moment else None
    minute = at.isoformat() if at else str(get_engine().clock.now_us() // 60_000_000)
    mark = f"{id(people)}:{minute}"
    if flow.reach is None or flow.reach[0] != mark:
        flow.reach = (mark, get_engine().tasks.reach(actor, people, at))
    return flow.reach[1]
