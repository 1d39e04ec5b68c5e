"""Register a team: an account without credit and its owner. Lands on the log-in page."""

from __future__ import annotations

import streamlit as st

from engine.accounts import RegisterForm
from engine.accounts.forms import TEAM
from engine.errors import ImsError
from pages.ui.auth import Authenticator
from pages.ui.context import client_address, get_engine
from pages.ui.entry import entry_card, password_rules, show_log_in_link, support_line
from pages.ui.guard import require_visitor
from pages.ui.notices import leave_note, refusal
from pages.ui.registry import LOGIN

DONE = "Your team is registered. Log in with the user name and password you just chose."
WAITING = "Your team is registered. Staff approve new accounts first; you can log in after that."

require_visitor()
engine = get_engine()


def create(form: RegisterForm) -> None:
    engine.accounts.register(form, address=client_address())


with entry_card("Register your team", wide=True):
    answer = st.container()
    with st.container(key="ims-card"):
        password_rules()
        st.subheader("Your team")
        team = st.text_input(
            TEAM, key="register-team", max_chars=80, help="The account that holds credit and messages."
        )
        try:
            registered = Authenticator().enrol(team, create)
        except ImsError as error:
            registered = False
            with answer:
                refusal(error, support_line())
    show_log_in_link()

if registered:
    leave_note("success", WAITING if engine.config.approve_accounts else DONE)
    st.switch_page(str(LOGIN.path))
