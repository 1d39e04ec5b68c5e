"""Who may see and do what on a page. The Engine checks again on every call; this decides what is shown."""

from __future__ import annotations

import streamlit as st

from engine.errors import AccessError
from engine.model import Actor, Role
from pages.ui.context import current_actor
from pages.ui.entry import show_log_in, was_signed_in
from pages.ui.factor_gate import show_gate
from pages.ui.notices import notice, refusal
from pages.ui.registry import home_of


def require(*roles: Role) -> Actor:
    """First line of every page and of every handler that changes something. No roles: everybody signed in.

    The session is read from the database each time. Visitors get the log-in form at the address they asked for
    (so that it, with its query, is where they land after signing in), who needs a second step of sign-in its set-up,
    a wrong role a sentence. Each ends the run.
    """
    actor = current_actor()
    if actor is None:
        if was_signed_in():
            st.rerun()  # the session ended while this page was shown: begin anew, as a visitor
        show_log_in()
        st.stop()
    if actor.restricted:
        show_gate(actor)
        st.stop()
    if roles and actor.role not in roles:
        refusal(AccessError("forbidden", role=actor.role.value))
        st.stop()
    return actor


def require_visitor() -> None:
    """First line of the pages before sign-in: whoever is signed in already goes to the start page."""
    actor = current_actor()
    if actor is not None:
        st.switch_page(str(home_of(actor.role).path))


def not_for_you() -> None:
    """The page behind an address that the actor's role has no use for."""
    actor = require()
    notice("warning", str(AccessError("forbidden", role=actor.role.value)), "Choose another page in the menu.")
