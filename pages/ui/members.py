"""The people of an account: a list, and one of them at the side with what the reader may do for or with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from engine.accounts.team import HELPERS, MANAGERS, roles_of
from engine.errors import ImsError
from engine.model import OPERATOR_ROLES, Actor, Role
from engine.store import Row
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.links import show_once
from pages.ui.notices import leave_note, refusal
from pages.ui.records import drawer, facts, heading, name_line
from pages.ui.registry import RESET
from pages.ui.status import Look, Looks, badge

PAGE: Final = "members"
PHONE_WIDTH: Final = 110
LINK: Final = f"{PAGE}-link"

ROLES: Final[Looks] = {
    Role.OWNER: Look("Owner", "violet", ":material/shield_person:", "May do everything, also invite and remove."),
    Role.SENDER: Look("Sender", "blue", ":material/send:", "Composes, sends and cancels; sees all records."),
    Role.ANALYST: Look("Analyst", "gray", ":material/monitoring:", "Reads dashboard and records; never sends."),
    Role.ADMIN: Look("Admin", "violet", ":material/shield_person:", "Staff, plus routes, prices, users and system."),
    Role.STAFF: Look("Staff", "blue", ":material/support_agent:", "Helps customers and credits accounts."),
}
SIGN_IN: Final[Looks] = {
    "locked": Look("Locked for minutes", "red", ":material/lock_clock:", "Too many wrong passwords or codes."),
    "second_step": Look("Two steps", "green", ":material/verified_user:", "A code is asked after the password."),
    "password": Look("Password", "gray", ":material/key:", "A password alone signs in."),
}


def members_panel(actor: Actor, account_id: int) -> None:
    """Lists the members of an account; a click opens one, with its actions. Raises AccessError("not_found")."""
    rows = get_engine().team.members(actor, account_id)
    heading("Members")
    st.caption(f"{show.plural(len(rows), 'person', 'people')}. Click one to open it.")
    columns = [
        table.text("Name", lambda row: row["full_name"], phone=PHONE_WIDTH),
        table.chip("Role", ROLES, "role"),
        table.text("User name", lambda row: row["user_name"], phone=PHONE_WIDTH),
        table.chip("Sign-in", SIGN_IN, "sign_in"),
        table.text("E-mail", lambda row: row["email"]),
        table.when("Last log-in", "last_login_us", actor),
        table.when("Since", "created_us", actor),
    ]
    table.table(PAGE, [{**row, "sign_in": _sign_in(row)} for row in rows], columns, alt="Members of the account")
    if table.opened(PAGE) is None:
        st.session_state.pop(LINK, None)
    drawer(PAGE, "Member", lambda member_id: _one(actor, account_id, member_id))


def _sign_in(row: Row) -> str:
    if row["locked"]:
        return "locked"
    return "second_step" if row["second_step"] else "password"


def _one(actor: Actor, account_id: int, member_id: int) -> None:
    row = next((row for row in get_engine().team.members(actor, account_id) if row["id"] == member_id), None)
    if row is None:
        st.text("This member is not in the account any more.")
        return
    name_line(row["full_name"])
    with st.container(horizontal=True):
        badge(ROLES, row["role"])
        badge(SIGN_IN, _sign_in(row))
    facts(
        {
            "User name": row["user_name"],
            "E-mail": row["email"],
            "Last log-in": show.when(row["last_login_us"], actor.zone),
            "Member since": show.when(row["created_us"], actor.zone),
        }
    )
    manages = account_id == actor.account_id and actor.role in MANAGERS
    helps = manages or (account_id != actor.account_id and actor.is_operator)
    if manages:
        _role_form(actor, row)
    if helps and member_id != actor.user_id:
        _help(actor, row)
    if manages:
        _removal(row)


def _role_form(actor: Actor, row: Row) -> None:
    roles = [role for role in ROLES if role in roles_of(actor)]
    with st.form(f"{PAGE}-role-{row['id']}"):
        heading("Role")
        chosen = st.selectbox(
            "Role",
            roles,
            index=[str(role) for role in roles].index(row["role"]),
            format_func=lambda role: f"{ROLES[role].label}: {ROLES[role].meaning}",
            key=f"{PAGE}-new-role-{row['id']}",
            label_visibility="collapsed",
        )
        sent = st.form_submit_button("Change role")
        if sent:
            _do(
                lambda: get_engine().team.set_role(require(*MANAGERS), row["id"], Role(chosen)),
                f"{row['full_name']} is {ROLES[chosen].label.lower()} now.",
            )


def _help(actor: Actor, row: Row) -> None:
    """A new password by link, an end to the wait, and, for staff, a way back without the phone."""
    with st.container(key=f"card-{PAGE}-help"):
        heading("Cannot log in?")
        _reset_link(actor, row)
        if row["locked"] and st.button("Unlock now", icon=":material/lock_open:", key=f"{PAGE}-unlock-{row['id']}"):
            _do(
                lambda: get_engine().team.unlock(require(*HELPERS), row["id"]),
                f"{row['full_name']} can try to log in again.",
            )
        if row["second_step"] and actor.is_operator:
            with st.popover("Remove the second step", icon=":material/phonelink_erase:", key=f"{PAGE}-factor"):
                st.text("Only when you are sure who asks: after this the password alone signs in.")
                if st.button("Remove it now", key=f"{PAGE}-factor-{row['id']}"):
                    _do(
                        lambda: get_engine().team.remove_factor(require(*OPERATOR_ROLES), row["id"]),
                        f"The second step of {row['full_name']} is off. The account was told.",
                    )


def _reset_link(actor: Actor, row: Row) -> None:
    """A button; once pressed, the link in its place for as long as this member is open."""
    place = st.empty()
    made = st.session_state.get(LINK)
    if made is None or made[0] != row["id"]:
        label, key = "Make a link for a new password", f"{PAGE}-reset-{row['id']}"
        if not place.button(label, icon=":material/key:", key=key):
            return
        try:
            made = (row["id"], get_engine().team.reset_link(require(*HELPERS), row["id"]))
        except ImsError as error:
            refusal(error)
            return
        st.session_state[LINK] = made
    with place.container():
        show_once(actor, RESET, made[1], f"Give this link to {row['full_name']}, to set a new password.")


def _removal(row: Row) -> None:
    with st.popover("Remove from the account", icon=":material/person_remove:", key=f"{PAGE}-remove"):
        st.text(
            "Signed out everywhere at once. What they sent stays in the records, so user name and e-mail address "
            "stay taken: should they come back, they need others."
        )
        if st.button("Remove now", key=f"{PAGE}-remove-{row['id']}"):
            _do(
                lambda: get_engine().team.remove(require(*MANAGERS), row["id"]),
                f"{row['full_name']} is no member any more.",
            )


def _do(change: Callable[[], None], said: str) -> None:
    """Makes a change and closes the side; a refusal stays beside what was pressed."""
    try:
        change()
    except ImsError as error:
        refusal(error)
        return
    leave_note("success", said)
    table.close(PAGE)
    st.rerun()
