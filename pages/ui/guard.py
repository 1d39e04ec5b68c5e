"""Who may see and do what on a page. The Engine checks again on every call; this decides what is shown."""

from __future__ import annotations

import streamlit as st

from engine.errors import AccessError
from engine.model import CUSTOMER_ROLES, OPERATOR_ROLES, Actor, Role
from pages.ui.context import current_actor
from pages.ui.entry import show_log_in, was_signed_in
from pages.ui.factor_gate import show_gate
from pages.ui.notices import notice, refusal
from pages.ui.registry import PageEntry, home_of


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


def not_for_you(entry: PageEntry) -> None:
    """In place of a page that the actor's role has no use for: which it is, and whom it is for."""
    actor = require()
    st.title(entry.title, anchor=False)
    theirs = not actor.is_operator and not entry.roles <= OPERATOR_ROLES
    choose = "Ask the owner of your account, or choose" if theirs else "Choose"
    notice(
        "warning",
        f"“{entry.title}” is for {_people(entry, actor)}.",
        f"You are signed in as {actor.role.value}. {choose} another page in the menu.",
    )


def _people(entry: PageEntry, actor: Actor) -> str:
    if entry.roles <= OPERATOR_ROLES:
        return "staff of the operator"
    names = [f"{role.value}s" for role in (Role.OWNER, Role.SENDER, Role.ANALYST) if role in entry.roles]
    whose = "a customer account" if actor.is_operator else "the account"
    return f"{' and '.join(names)} of {whose}" if len(names) < len(CUSTOMER_ROLES) else f"people of {whose}"
