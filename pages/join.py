"""Behind an invitation link: whoever holds it becomes a member of the account, once. Lands on the log-in page."""

from __future__ import annotations

import streamlit as st

from engine.accounts import RegisterForm
from engine.accounts.team import OpenLink
from engine.errors import AccessError, ImsError
from pages.ui.auth import Authenticator
from pages.ui.context import client_address, get_engine
from pages.ui.entry import entry_card, password_rules, show_log_in_link, support_line
from pages.ui.guard import require_visitor
from pages.ui.members import ROLES
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.registry import LOGIN

require_visitor()
engine = get_engine()
token = st.query_params.get("token", "")


def create(form: RegisterForm) -> None:
    engine.team.join(token, form, address=client_address())


def form_of(link: OpenLink) -> bool:
    """True once the person has joined."""
    answer = st.container()
    role = ROLES[link.role] if link.role else None
    with answer:
        notice(
            "info",
            f"You are invited to “{link.account_name}”" + (f" as {role.label.lower()}." if role else "."),
            role.meaning if role else "",
        )
    with st.container(key="ims-card"):
        password_rules()
        try:
            return Authenticator().enrol(link.account_name, create, button="Join")
        except ImsError as error:
            with answer:
                refusal(error, support_line())
            return False


joined = False
with entry_card("Join your team", wide=True):
    try:
        joined = form_of(engine.team.open_invitation(token))
    except AccessError as error:
        refusal(error)
    show_log_in_link()

if joined:
    leave_note("success", "Welcome. Log in with the user name and password you just chose.")
    st.switch_page(str(LOGIN.path))
