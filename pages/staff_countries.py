"""What is known of each country: how a sender ID arrives, when people sleep, from where it is known. `?q=`"""

from __future__ import annotations

from datetime import time
from typing import Final

import streamlit as st

from engine.countries import Country, SenderRule, Weekday
from engine.errors import ImsError
from engine.model import OPERATOR_ROLES
from engine.store import Row, Rows
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.compose.arrival import RULE_WORDS
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import begin, drawer, facts
from pages.ui.registry import STAFF_COUNTRIES
from pages.ui.status import Look, Looks

actor = require(*OPERATOR_ROLES)
engine = get_engine()

PAGE: Final = "countries"
SEARCH: Final = f"{PAGE}-q"
RULE: Final = f"{PAGE}-rule"
SEARCH_LENGTH: Final = 60
ANY: Final = ""
TEXT_LENGTH: Final = 300
ROWS_SHOWN: Final = 16
TABLE_HEIGHT: Final = 620
"""Pixels: all countries at once would be a page of ten screens."""
RULE_LOOKS: Final[Looks] = {
    SenderRule.SHOWN: Look(RULE_WORDS[SenderRule.SHOWN], "green", ":material/check_circle:"),
    SenderRule.REPLACED: Look(RULE_WORDS[SenderRule.REPLACED], "blue", ":material/pin:"),
    SenderRule.NEEDS_REGISTRATION: Look(RULE_WORDS[SenderRule.NEEDS_REGISTRATION], "orange", ":material/assignment:"),
    SenderRule.NOT_SUPPORTED: Look(RULE_WORDS[SenderRule.NOT_SUPPORTED], "red", ":material/block:"),
    SenderRule.UNKNOWN: Look(RULE_WORDS[SenderRule.UNKNOWN], "gray", ":material/help:"),
}


def fill(given: address.Values) -> None:
    st.session_state[SEARCH] = given.get("q", "")[:SEARCH_LENGTH]
    rule = given.get("rule", ANY)
    st.session_state[RULE] = rule if rule in {ANY, *SenderRule} else ANY


def overview() -> Rows:
    begin(STAFF_COUNTRIES.title)
    st.caption(
        "Customers see this before they send: how their sender ID arrives, and whom they would reach at night or on a "
        "weekend. The shipped table is general practice; correct it with what your operator tells you."
    )
    with st.grid(2, min_column_width=220, gap="small"):
        text = st.text_input(
            "Search", key=SEARCH, type="search", placeholder="Country, code or note", max_chars=SEARCH_LENGTH, live=True
        )
        rule = st.selectbox(
            "Sender ID",
            [ANY, *SenderRule],
            key=RULE,
            format_func=lambda value: RULE_WORDS[SenderRule(value)] if value else "Any",
        )
    rows = found(text.strip().lower(), rule)
    if rows:
        st.caption(f"{show.plural(len(rows), 'country', 'countries')}. Click one to see its source or change it.")
        height = TABLE_HEIGHT if len(rows) > ROWS_SHOWN else "content"
        table.table(PAGE, rows, columns(), alt="Countries and their rules", height=height)
    else:
        with st.container(key="card-countries-none"):
            st.text("No country matches. Search for its English name or its two-letter code.")
    return rows


def found(text: str, rule: str) -> Rows:
    listed = enumerate(engine.countries.listing(actor).values(), 1)
    return [
        {"id": number, "country": country, "rule": country.sender_rule}
        for number, country in listed
        if (not rule or country.sender_rule == rule)
        and (not text or text in f"{country.name} {country.code} {country.note}".lower())
    ]


def columns() -> list[table.Column]:
    return [
        table.text("Country", lambda row: show.country(row["country"].code), width="medium"),
        table.chip("Sender ID", RULE_LOOKS, "rule"),
        table.text("Quiet hours", lambda row: row["country"].quiet_words),
        table.text("Weekend", lambda row: row["country"].weekend_words),
        table.text("Changed by", lambda row: row["country"].edited_by),
        table.text("Note", lambda row: row["country"].note or None, width="large"),
    ]


def edit(number: int) -> None:
    country = list(engine.countries.listing(actor).values())[number - 1]
    facts(
        {
            "Country": f"{show.country(country.code)} ({country.code})",
            "Time zone of most people": country.zone,
            "Known from": country.source,
            "Checked": country.checked,
            "Changed": _changed_words(country),
        }
    )
    with st.form(f"{PAGE}-form-{country.code}", border=False):
        values = _fields(country)
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    reset = country.edited_us is not None and st.button(
        "Back to what is shipped", key=f"{PAGE}-reset-{country.code}", icon=":material/undo:", type="tertiary"
    )
    if not (saved or reset):
        return
    whoever = require(*OPERATOR_ROLES)
    try:
        if reset:
            engine.countries.reset(whoever, country.code)
        else:
            engine.countries.set(whoever, country.code, **values)
    except ImsError as error:
        refusal(error)
        return
    leave_note("success", f"{country.name}: {'as shipped again' if reset else 'saved'}.")
    table.close(PAGE)
    st.rerun()


def _changed_words(country: Country) -> str:
    if country.edited_us is None:
        return "as shipped"
    return f"{show.when(country.edited_us, actor.zone)} by {country.edited_by or 'somebody who has left'}"


def _fields(country: Country) -> Row:
    """The form's fields as `Countries.set` takes them."""
    key = f"{PAGE}-{country.code}"
    rule = st.selectbox(
        "Sender ID",
        list(SenderRule),
        index=list(SenderRule).index(country.sender_rule),
        format_func=RULE_WORDS.__getitem__,
        key=f"{key}-rule",
    )
    begins, ends = st.columns(2)
    quiet_from = begins.time_input("Quiet from", _clock(country.quiet_from), key=f"{key}-from", step=900)
    quiet_to = ends.time_input(
        "Quiet to", _clock(country.quiet_to), key=f"{key}-to", step=900, help="The same as “Quiet from”: none."
    )
    weekend = st.multiselect(
        "Weekend",
        list(Weekday),
        [day for day in Weekday if day in country.weekend],
        format_func=lambda day: day.value.capitalize(),
        key=f"{key}-weekend",
    )
    note = st.text_area("Note for customers", country.note, max_chars=TEXT_LENGTH, key=f"{key}-note", height=80)
    source = st.text_input(
        "Known from", "" if country.edited_us is None else country.source, max_chars=TEXT_LENGTH, key=f"{key}-source",
        placeholder="Such as: operator's letter of 12 November",
    )  # fmt: skip
    return {
        "sender_rule": SenderRule(rule),
        "quiet_from": _minutes(quiet_from, country.quiet_from),
        "quiet_to": _minutes(quiet_to, country.quiet_to),
        "weekend": frozenset(Weekday(day) for day in weekend),
        "note": note,
        "source": source,
    }


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _minutes(clock: time | None, otherwise: int) -> int:
    return otherwise if clock is None else 60 * clock.hour + clock.minute


address.arrived(PAGE, fill, probe=SEARCH)
overview()
drawer(PAGE, "Country", edit)
address.keep(PAGE, {"q": st.session_state.get(SEARCH), "rule": st.session_state.get(RULE)})
