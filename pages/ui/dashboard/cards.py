"""Cards with a chart: what it says in a sentence, the chart, and the data behind it as a table and a file.

A click on a bar, a cell or a country opens the messages behind it. The table does the same for the keyboard, and says
in words and numbers what the chart says in colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from engine.history import Chart
from engine.store import Rows
from pages.ui import charts, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dashboard.asked import PAGE, Asked, Query
from pages.ui.exporting import FORMATS
from pages.ui.records import heading
from pages.ui.registry import SMS_HISTORY

Targets = Sequence[Sequence[Query | None]]
"""Curve by curve, point by point: the messages behind it; None when there are none."""


@dataclass(frozen=True, slots=True)
class Data:
    """The table behind a chart: `rows` have an id that is their place in `targets`."""

    chart: Chart
    columns: Sequence[table.Column]
    rows: Rows
    targets: Sequence[Query]


def numbered(rows: Rows) -> Rows:
    return [row | {"id": place} for place, row in enumerate(rows)]


def head(asked: Asked, name: str, title: str, says: str, data: Data | None) -> None:
    """Title and table on one line, then the sentence."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container():
            heading(title)
        if data is not None:
            _data(asked, name, title, data)
    st.html(f'<p class="ims-says">{escape(says)}</p>')


def chart(figure: charts.Figure, name: str, alt: str, targets: Targets, config: dict[str, Any] | None = None) -> None:
    """The figure; a click opens the messages behind what was clicked."""
    clicked = charts.pick(figure, key=f"{PAGE}-{name}", alt=alt, config=config)
    if clicked is None:
        return
    curve, point = clicked
    if curve < len(targets) and point < len(targets[curve]):
        query = targets[curve][point]
        if query is not None:
            go(query)


def drill_table(page: str, rows: Rows, columns: Sequence[table.Column], targets: Sequence[Query], *, alt: str) -> None:
    """A table whose rows open the messages behind them, by a click or the keyboard."""
    table.table(page, rows, columns, alt=alt)
    place = table.opened(page)
    table.close(page)
    if place is not None and place < len(targets):
        go(targets[place])


def go(query: Query) -> None:
    st.switch_page(str(SMS_HISTORY.path), query_params=query)


def download(asked: Asked, name: str, what: Chart) -> None:
    today = show.local_time(get_engine().clock.now_us(), asked.actor.zone).date()
    with st.container(horizontal=True, gap="small"):
        for ending in ("csv", "xlsx"):
            label, media_type = FORMATS[ending]
            st.download_button(
                label,
                data=partial(asked.file, what, ending),
                file_name=f"{what.value}-{today}.{ending}",
                mime=media_type,
                icon=":material/download:",
                key=f"{PAGE}-{name}-{ending}",
                on_click="ignore",
            )


def _data(asked: Asked, name: str, title: str, data: Data) -> None:
    """The table is read and sent only when somebody opens it."""
    shown = st.popover("Data", icon=":material/table_rows:", key=f"{PAGE}-{name}-data", on_change="rerun")
    if not shown.open:
        return
    with shown, st.container(key=f"ims-wide-{name}"):
        st.caption("Click a row to see its messages." if data.targets else asked.period.words)
        if data.targets:
            drill_table(f"{PAGE}-{name}-rows", data.rows, data.columns, data.targets, alt=title)
        else:
            table.show_rows(data.rows, data.columns, key=f"{PAGE}-{name}-rows", alt=title)
        download(asked, name, data.chart)
