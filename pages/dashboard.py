"""Dashboard: the four headline figures, then when, where, how well, at what cost, and why messages failed."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.history import RecordFilter
from pages.ui.context import get_engine
from pages.ui.dashboard import sections
from pages.ui.dashboard.asked import PAGE, Asked, all_dates, ask, drop_filters, keep
from pages.ui.dashboard.headline import headline
from pages.ui.guard import require
from pages.ui.records import begin, nothing_yet
from pages.ui.registry import DASHBOARD

actor = require()
engine = get_engine()

EMPTY: Final = (
    "After the first task this page shows what was delivered and when, where it went, what failed and why, what it "
    "cost, and how long the credit lasts. Every figure leads to the messages behind it."
)


def body(asked: Asked) -> None:
    figures = asked.figures()
    headline(figures, asked)
    if figures.task_count == 0:
        if engine.history.tasks(actor, RecordFilter(account_id=asked.account_id), limit=1).rows:
            sections.nothing_found(asked, drop_filters, all_dates)
        else:
            nothing_yet(actor, PAGE, "Nothing sent yet", EMPTY)
        return
    st.caption("Click a bar, a square or a country to see the messages behind it. “Data” has the same as a table.")
    sections.volume(figures, asked)
    with st.grid(2, min_column_width=sections.HALF_WIDTH):
        with st.container():
            sections.routes(figures, asked)
            sections.lasting(asked)
        sections.spend(figures, asked)
    sections.countries(figures, asked)
    sections.week(figures, asked)
    sections.reasons(figures, asked)
    sections.waits(asked)


begin(DASHBOARD.title)
asked = ask(actor)
body(asked)
keep(asked)
