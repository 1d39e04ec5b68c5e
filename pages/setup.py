"""First start: whoever holds the one-time link that the server printed becomes the administrator."""

from __future__ import annotations

import streamlit as st

from engine.accounts import RegisterForm
from engine.accounts.forms import TEAM
from engine.errors import AccessError, ImsError
from pages.ui.auth import Authenticator
from pages.ui.context import get_engine
from pages.ui.entry import entry_card, password_rules, show_log_in_link
from pages.ui.guard import require_visitor
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.registry import LOGIN

require_visitor()
engine = get_engine()
token = st.query_params.get("token", "")
made = False


def create(form: RegisterForm) -> None:
    engine.accounts.create_first_admin(token, form)


with entry_card("Set up this server", wide=True):
    if not engine.accounts.setup_needed():
        refusal(AccessError("setup_done"))
    else:
        answer = st.container()
        with answer:
            notice("info", "You are about to become the administrator of this server.", "This link works once.")
        with st.container(key="ims-card"):
            password_rules()
            st.subheader("Operator")
            team = st.text_input(TEAM, key="setup-team", max_chars=80, help="Who runs this server, as staff see it.")
            try:
                made = Authenticator().enrol(team, create, button="Create administrator")
            except ImsError as error:
                with answer:
                    refusal(error)
    show_log_in_link("Back to log in")

if made:
    leave_note("success", "The administrator is ready. Log in to begin.")
    st.switch_page(str(LOGIN.path))
