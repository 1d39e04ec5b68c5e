"""What the product told the people of the account (or the operator's staff), newest first."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from engine.notices import NEWEST, PAGE_ROWS, NoticeKind
from engine.store import Row
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.records import begin, heading
from pages.ui.registry import NOTICES, PAGES

actor = require()
engine = get_engine()

BEFORE: Final = "notices-before"
ICONS: Final[dict[str, str]] = {
    NoticeKind.TOPUP: ":material/account_balance_wallet:",
    NoticeKind.TASK: ":material/task:",
    NoticeKind.BALANCE: ":material/savings:",
    NoticeKind.CASE: ":material/forum:",
    NoticeKind.ACCOUNT: ":material/manage_accounts:",
    NoticeKind.ROUTE: ":material/alt_route:",
    NoticeKind.INBOX: ":material/inbox:",
}


def line(row: Row) -> None:
    """One notice: its sentence as plain text, new ones marked by a word, and the way to what it speaks of."""
    new = "" if row["seen"] else '<b class="ims-new">New</b>'
    with st.container(key=f"card-notice-{row['id']}", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<p class="ims-told">{new}{escape(row["sentence"])}'
            f"<span>{show.when(row['created_us'], actor.zone)}</span></p>"
        )
        target = urlsplit(row["link"])
        entry = next((entry for entry in PAGES if entry.url_path == target.path), None)
        if entry is not None and actor.role in entry.roles:
            query = dict(parse_qsl(target.query))
            st.page_link(str(entry.path), label="Open", icon=ICONS.get(row["kind"]), query_params=query)


def older(before: int) -> None:
    st.session_state[BEFORE] = before


begin(NOTICES.title)
rows = engine.notices.listing(actor, before=st.session_state.get(BEFORE, NEWEST))
if not rows:
    with st.container(key="card-notices-none"):
        heading("Nothing yet")
        st.text(
            "Top-ups, stopped tasks, low balance and answers of staff are told here; the bell shows how many are new."
        )
for row in rows:
    line(row)
if rows and not all(row["seen"] for row in rows):
    engine.notices.mark_seen(actor, rows[0]["id"])
if len(rows) == PAGE_ROWS:
    st.button("Older", icon=":material/chevron_right:", on_click=older, args=(rows[-1]["id"],))
if BEFORE in st.session_state:
    st.button("Newest", icon=":material/first_page:", on_click=st.session_state.pop, args=(BEFORE,))
