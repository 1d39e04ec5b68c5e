"""Your account: who you are, how you sign in and where you are signed in, the account's settings, its usage."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.accounts.factors import CODE
from engine.accounts.forms import OLD_PASSWORD, REPEAT, differing
from engine.errors import ImsError
from engine.model import Actor, Role
from engine.store import Row
from pages.ui import format as show
from pages.ui import own_account, second_step
from pages.ui.agents import browser_name
from pages.ui.auth import PASSWORD_HELP
from pages.ui.context import get_engine, session_token
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import begin, heading

actor = require()
engine = get_engine()


def change_password(who: Actor, old: str, new: str, repeated: str) -> None:
    """Raises ImsError to be shown."""
    if new != repeated:
        raise differing()
    engine.accounts.change_password(who, old, new, keep_token=session_token())


def password_form() -> None:
    with st.form("change-password", clear_on_submit=True):
        heading("Change password")
        old = st.text_input(OLD_PASSWORD, type="password", autocomplete="current-password")
        new = st.text_input("New password", type="password", autocomplete="new-password")
        st.caption(PASSWORD_HELP)
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
    rows = engine.accounts.sessions(actor, current_token=session_token())
    with st.container(key="card-sessions"):
        heading("Where you are signed in")
        for row in rows:
            session_line(row)
        if len(rows) > 1 and st.button("Sign out everywhere else", icon=":material/logout:", key="end-all-others"):
            engine.accounts.end_other_sessions(require(), keep_token=session_token())
            leave_note("success", "Every other browser is signed out.")
            st.rerun()


def second_step_card() -> None:
    """Set-up while it is off; new recovery codes and the way out while it is on."""
    state = engine.factors.state(actor)
    with st.container(key="card-second-step"):
        heading("Second step of sign-in")
        if not state.on or second_step.is_under_way():
            second_step.set_up(require)
            help_link("two-factor")
            return
        st.badge("On", icon=":material/verified_user:", color="green")
        st.text(
            f"A code is asked after your password since {show.when(state.since_us, actor.zone)}. "
            f"{show.plural(state.codes_left, 'recovery code is', 'recovery codes are')} left."
        )
        proven_form("New recovery codes", "The old ones are void then.", renew_codes)
        proven_form("Turn it off", "To use another phone, turn it off and set it up again.", turn_off)


def proven_form(label: str, hint: str, change: Callable[[str, str], None]) -> None:
    """A change of the second step that asks for password and code once more."""
    key = label.lower().replace(" ", "-")
    with st.popover(label, key=f"factor-{key}"), st.form(f"form-{key}", border=False):
        st.text(hint)
        password = st.text_input(OLD_PASSWORD, key=f"password-{key}", type="password")
        code = st.text_input(CODE, key=f"code-{key}", help=second_step.CODE_HELP, autocomplete="one-time-code")
        if st.form_submit_button(label, type="primary"):
            try:
                change(password, code)
            except ImsError as error:
                refusal(error)
            else:
                st.rerun()


def renew_codes(password: str, code: str) -> None:
    second_step.show_codes(engine.factors.renew_codes(require(), password, code))


def turn_off(password: str, code: str) -> None:
    engine.factors.turn_off(require(), password, code)
    leave_note("success", "The second step is off: your password alone signs you in.")


account = engine.accounts.one(actor, actor.account_id)
begin("Your account")
with st.container(key="card-who"), st.grid("auto", min_column_width=130):
    for label, value in (
        ("Name", actor.name),
        ("Role", actor.role.value.capitalize()),
        ("Account", account["name"]),
        ("Time zone", actor.zone),
    ):
        with st.container(gap="xsmall"):
            st.caption(label)
            st.text(value)
own = engine.profile.own(actor)
names = ["Sign-in", "Profile"]
if actor.role in own_account.ZONE_MANAGERS:
    names.append("Account")
if not actor.is_operator:
    names.append("Usage")
tabs = dict(zip(names, st.tabs(names), strict=True))
with tabs["Sign-in"]:
    left, right = st.columns(2, gap="medium")
    with left:
        password_form()
    with right:
        second_step_card()
        session_list()
with tabs["Profile"]:
    left, right = st.columns(2, gap="medium")
    with left:
        own_account.profile_form(own)
    with right:
        own_account.own_zone_form(own)
if "Account" in tabs:
    with tabs["Account"]:
        left, right = st.columns(2, gap="medium")
        with left:
            own_account.account_zone_form(own)
        if actor.role is Role.OWNER:
            with right:
                own_account.alert_form(own)
if "Usage" in tabs:
    with tabs["Usage"]:
        own_account.usage_table(actor)
