"""Your account: who you are, change of password, where you are signed in."""

from __future__ import annotations

import streamlit as st

from engine.accounts.forms import OLD_PASSWORD
from engine.errors import ImsError, InputError
from engine.model import Actor
from engine.store import Row
from pages.ui import format as show
from pages.ui.agents import browser_name
from pages.ui.auth import PASSWORD_HELP, REPEAT
from pages.ui.context import get_engine, session_token
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal

actor = require()
engine = get_engine()


def change_password(who: Actor, old: str, new: str, repeated: str) -> None:
    """Raises ImsError to be shown."""
    if new != repeated:
        raise InputError("invalid", field=REPEAT, problem="the two passwords differ.", remedy="Type both again.")
    engine.accounts.change_password(who, old, new, keep_token=session_token())


def password_form() -> None:
    st.subheader("Change password")
    with st.form("change-password", clear_on_submit=True):
        old = st.text_input(OLD_PASSWORD, type="password", autocomplete="current-password")
        new = st.text_input("New password", type="password", autocomplete="new-password", help=PASSWORD_HELP)
        repeated = st.text_input(REPEAT, type="password", autocomplete="new-password")
        st.caption("Every other browser that is signed in with this user name is signed out.")
        sent = st.form_submit_button("Change password", type="primary")
    if sent:
        try:
            change_password(require(), old, new, repeated)
        except ImsError as error:
            refusal(error)
        else:
            notice("success", "The password is changed. Other browsers are signed out.")


def session_line(row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap="xsmall"):
            st.text(browser_name(row["agent"]))
            st.caption(
                f"Signed in {show.when(row['created_us'], actor.zone)} · last used "
                f"{show.when(row['seen_us'], actor.zone)}"
            )
        if row["current"]:
            st.badge("This browser", color="green")
        elif st.button("Sign out", key=f"end-{row['token_hash']}"):
            engine.accounts.end_session(require(), row["token_hash"])
            leave_note("success", "That browser is signed out.")
            st.rerun()


def session_list() -> None:
    st.subheader("Where you are signed in")
    with st.container(key="card-sessions"):
        for row in engine.accounts.sessions(actor, current_token=session_token()):
            session_line(row)


account = engine.accounts.one(actor, actor.account_id)
st.title("Your account")
with st.container(key="card-who"), st.grid("auto", min_column_width=190):
    for label, value in (
        ("Name", actor.name),
        ("Role", actor.role.value.capitalize()),
        ("Account", account["name"]),
        ("Time zone", actor.zone),
    ):
        with st.container(gap="xsmall"):
            st.caption(label)
            st.text(value)
left, right = st.columns(2, gap="medium")
with left:
    password_form()
with right:
    session_list()
