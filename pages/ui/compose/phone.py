"""The message as a phone shows it, part by part, for any recipient. Text is escaped; links look like links only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import Final

import streamlit as st

from engine import content, parts
from engine.countries import SenderRule
from engine.model import Actor
from engine.recipients import RecipientFile
from engine.routes import Route
from pages.ui import format as show
from pages.ui.compose.fields import card
from pages.ui.compose.flow import Flow
from pages.ui.context import get_engine
from pages.ui.schedule import Moment

_LINK: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]+|\b(?:[a-z0-9-]+\.)+(?:com|net|org|info|io|co|app|me|ly|shop|biz|[a-z]{2})\b(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
"""What phones underline: addresses with or without a scheme."""
_LINK_ENDS: Final = ".,;:!?)"
A_NUMBER: Final = "A number of the operator"
REPLACING: Final = frozenset({SenderRule.REPLACED, SenderRule.NOT_SUPPORTED})


def phone_card(
    flow: Flow,
    actor: Actor,
    *,
    text: str,
    people: RecipientFile | None,
    sender: str | None,
    route: Route,
    moment: Moment | None,
) -> None:
    """A card with the bubble; a recipient can be chosen where each has a text of their own."""
    with card("phone", "On the phone"):
        if not text.strip():
            st.caption("Your message appears here as recipients see it.")
            return
        at = _chosen(flow, people) if content.placeholders(text) else 0
        shown = filled(text, people, at)
        pieces = parts.split(shown)
        now_us = get_engine().clock.now_us()
        clock = moment.at if moment and moment.at else show.local_time(now_us, actor.zone)
        st.html(phone_html(_sender(actor, sender, route, people, at), pieces, f"{clock:%H:%M}"))
        if len(pieces) > 1:
            st.caption(
                f"{len(pieces)} parts on the air; phones show them as one message. Marks show where parts begin."
            )


def _chosen(flow: Flow, people: RecipientFile | None) -> int:
    """Position of the recipient whose text is shown."""
    if people is None or people.frame.height < 2:
        return 0
    most = people.frame.height
    key = flow.key(f"shown_{flow.uploads}_{most}")
    at = min(int(st.session_state.get(key) or 1), most) - 1
    st.number_input(f"Recipient, 1 to {most:,}", 1, most, key=key)
    row, msisdn = people.frame["row"][at], people.frame["msisdn"][at]
    st.caption(f"Row {row} · {msisdn}")
    return at


def filled(text: str, people: RecipientFile | None, at: int) -> str:
    """The text of one recipient; as typed where nothing fills the placeholders yet."""
    if people is None or people.frame.is_empty():
        return text
    try:
        return content.fill(text, {column: people.field(column)[at] for column in people.columns})
    except KeyError:  # the form says which name has no column
        return text


def _sender(actor: Actor, sender: str | None, route: Route, people: RecipientFile | None, at: int) -> str:
    """Who it seems to come from, in the country of the recipient."""
    if not sender or not route.supports_sender:
        return A_NUMBER
    if people is None or people.frame.is_empty():
        return sender
    rule = get_engine().countries.one(actor, people.frame["country"][at]).sender_rule
    return A_NUMBER if rule in REPLACING else sender


def phone_html(sender: str, pieces: Sequence[str], clock: str) -> str:
    """Sender, bubble, time. `pieces` are the parts of the text; from the second on a mark stands before each."""
    return (
        '<figure class="ims-phone" aria-label="The message as a phone shows it">'
        f'<div class="who"><i aria-hidden="true">{escape(sender[:1].upper())}</i><b>{escape(sender)}</b></div>'
        f'<div class="bubble" tabindex="0" role="group" aria-label="Text">{"".join(_marked(pieces))}</div>'
        f"<time>{escape(clock)}</time></figure>"
    )


def _marked(pieces: Sequence[str]) -> Iterator[str]:
    """Escaped text with the beginnings of parts and what looks like a link."""
    text = "".join(pieces)
    begins = {at: number for number, at in enumerate(accumulate(map(len, pieces[:-1])), 2)}
    links = [(found.start(), found.start() + len(found[0].rstrip(_LINK_ENDS))) for found in _LINK.finditer(text)]
    edges = sorted({0, len(text), *begins, *(edge for link in links for edge in link)})
    if len(pieces) > 1:
        yield _mark(1)
    for start, end in pairwise(edges):
        if start in begins:
            yield _mark(begins[start])
        inside = any(first <= start < last for first, last in links)
        yield f"<u>{escape(text[start:end])}</u>" if inside else escape(text[start:end])


def _mark(number: int) -> str:
    return f'<i class="cut" title="Part {number} begins here" aria-label="part {number}">{number}</i>'
