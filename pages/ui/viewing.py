"""View as: staff look at a customer's dashboard, records and tasks as its people see them, and change nothing.

Only this tab's session knows it, and `context.current_actor` checks the staff member's own session in every run. What
keeps it read-only is the Engine (`Desk.viewer`); this decides which pages are shown, and says so on each of them.
"""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from engine.model import OPERATOR_ROLES, Actor
from pages.ui.context import VIEWED, get_engine
from pages.ui.guard import require
from pages.ui.notices import notice
from pages.ui.registry import DASHBOARD, PAGES, STAFF_ACCOUNTS, TASK

GROUPS: Final = frozenset({"Overview", "Records"})
_GO: Final = "ims_viewing_go"
_LEAVE: Final = "ims-leave-view"


def begin(account_id: int) -> None:
    """For a button of staff: from the next run on they see the account's pages. Raises AccessError."""
    actor = require(*OPERATOR_ROLES)
    get_engine().desk.begin_view(actor, account_id)
    st.session_state[VIEWED] = (actor.user_id, account_id)
    st.session_state[_GO] = (str(DASHBOARD.path), {})
    st.rerun()


def go_on() -> None:
    """Goes where `begin` or the button Leave led; the pages there are known in this run only."""
    where = st.session_state.pop(_GO, None)
    if where is not None:
        path, query = where
        st.switch_page(path, query_params=query)


def shows(actor: Actor, url_path: str) -> bool:
    """Whether a page is shown to this actor; only viewers see fewer than their role may."""
    if not actor.viewing:
        return True
    entry = next((entry for entry in PAGES if entry.url_path == url_path), None)
    return entry is None or entry.group in GROUPS or entry == TASK


def banner(actor: Actor) -> None:
    """On every page of a viewer: whose eyes these are, and the way out."""
    if not actor.viewing:
        return
    name = get_engine().accounts.one(actor, actor.account_id)["name"]
    with st.container(key="ims-viewing", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p role="status">Viewing as <b>{escape(name)}</b> — read only</p>', width="stretch")
        st.button("Leave", icon=":material/logout:", key=_LEAVE, on_click=_leave)


def not_in_view() -> None:
    """In place of a page that a viewer has no use for."""
    notice("warning", "This page is not part of the view.", "Leave the view to use it, or choose another page.")


def _leave() -> None:
    viewed = st.session_state.pop(VIEWED, None)
    if viewed is not None:
        st.session_state[_GO] = (str(STAFF_ACCOUNTS.path), {"id": str(viewed[1])})
