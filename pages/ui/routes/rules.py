"""The content rules of a route, and a box to try them on a text before customers meet them."""

from __future__ import annotations

import streamlit as st

from engine import content, parts
from engine.content import ContentRules
from engine.errors import ImsError
from engine.model import Actor
from engine.routes import Route, RouteChanges
from engine.tasks.quote import CONTENT_LENGTH
from pages.ui.compose.findings import show_findings
from pages.ui.context import get_engine
from pages.ui.counter import live_counter
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import send_styles
from pages.ui.records import heading
from pages.ui.routes.shared import Sheet, is_admin, require_admin

WORDS_LENGTH = 15_000
OTHER_SCRIPTS = "block_other_scripts"
"""Stored the other way round, as allow_other_scripts."""
SWITCHES = {
    "block_greetings": ("Block greetings", "“hi”, “hello”, “hey” as whole words."),
    "block_chinese": ("Block Chinese characters and symbols", "Han, CJK punctuation and full-width forms."),
    "block_links": ("Block links", "Texts with http or https; www.example.com passes."),
    "block_emoji": ("Block emoji", "Every pictograph and flag."),
    OTHER_SCRIPTS: (
        "Block other scripts",
        "Texts outside the GSM alphabet. Off: they are sent with 70 characters per SMS.",
    ),
}
"""Switch → (label, what it does when it is on)."""


def draw(actor: Actor, route: Route) -> None:
    send_styles()
    sheet = Sheet("rules", route, probe="words")
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="card-route-rules"):
        rules = _switches(sheet, closed=not is_admin(actor))
        if rules is not None and is_admin(actor):
            _save_button(route, sheet, rules)
    with right, st.container(key="card-route-try"):
        _try(route, sheet, rules or route.rules)


def _switches(sheet: Sheet, *, closed: bool) -> ContentRules | None:
    """The rules as they are set on the page; None when the words cannot be read."""
    heading("What texts may hold")
    seen = sheet.seen.rules
    if closed:
        notice("info", "Only administrators change rules.", "You can try them on a text.")
    switches = {
        name: st.toggle(
            label,
            key=sheet.start(name, not seen.allow_other_scripts if name == OTHER_SCRIPTS else getattr(seen, name)),
            help=meaning,
            disabled=closed,
        )
        for name, (label, meaning) in SWITCHES.items()
    }
    allowed = not switches.pop(OTHER_SCRIPTS)
    typed = st.text_area(
        "Also blocked words",
        key=sheet.start("words", "\n".join(seen.words)),
        placeholder="One a line, or separated by commas",
        help="Whole words or phrases, in any case.",
        max_chars=WORDS_LENGTH,
        disabled=closed,
    )
    try:
        return ContentRules(words=content.parse_words(typed or ""), allow_other_scripts=allowed, **switches)
    except ImsError as error:
        refusal(error)
        return None


def _save_button(route: Route, sheet: Sheet, rules: ContentRules) -> None:
    changed = rules != sheet.seen.rules
    if changed:
        st.caption("Not saved yet: customers still have the rules from before.")
    if not st.button("Save rules", type="primary", key=sheet.key("save"), disabled=not changed):
        return
    try:
        get_engine().routes.edit(require_admin(), route.id, RouteChanges(rules=rules))
    except ImsError as error:
        refusal(error, "Nothing was saved; what you entered is kept.")
        return
    sheet.done()
    leave_note("success", "The rules are saved. They hold for every text that is submitted from now on.")
    st.rerun()


def _try(route: Route, sheet: Sheet, rules: ContentRules) -> None:
    heading("Try a text")
    key = sheet.start("try", "")
    text = st.text_area(
        "Text",
        key=key,
        max_chars=CONTENT_LENGTH,
        placeholder="Type or paste a text; it is checked when you leave the box",
    )
    live_counter(watches=key, text=text or "", rule=route.count_rule)
    if not (text or "").strip():
        st.text("Checked with the rules as they stand here, saved or not.")
        return
    verdict = content.check(text, rules)
    counted = parts.count(text, route.count_rule)
    if verdict.ok:
        notice("success", f"This text can be sent. It is billed as {counted.sms} SMS.")
    show_findings(text, verdict, key=sheet.key("fix"), fix=lambda fixed: _replace(key, fixed))


def _replace(key: str, fixed: str) -> None:
    st.session_state[key] = fixed
