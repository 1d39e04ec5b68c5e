"""Behind a link for a new password: whoever holds it sets it, once. Lands on the log-in page."""

from __future__ import annotations

import streamlit as st

from engine.accounts.forms import PASSWORD, REPEAT, differing
from engine.accounts.team import OpenLink
from engine.errors import AccessError, ImsError
from pages.ui.auth import PASSWORD_HELP
from pages.ui.context import get_engine
from pages.ui.entry import entry_card, show_log_in_link
from pages.ui.guard import require_visitor
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.registry import LOGIN

require_visitor()
engine = get_engine()
token = st.query_params.get("token", "")


def set_password(new: str, repeated: str) -> None:
    """Raises ImsError to be shown."""
    if new != repeated:
        raise differing()
    engine.team.reset_password(token, new)


def form_of(link: OpenLink) -> bool:
    """True once the password is set."""
    answer = st.container()
    with answer:
        notice(
            "info",
            f"Choose a new password for the user name “{link.user_name}”.",
            "Every browser that is signed in with it is signed out.",
        )
    with st.container(key="ims-card"), st.form("reset", clear_on_submit=True):
        new = st.text_input(PASSWORD, type="password", autocomplete="new-password")
        st.caption(PASSWORD_HELP)
        repeated = st.text_input(REPEAT, type="password", autocomplete="new-password")
        sent = st.form_submit_button("Set the password", type="primary")
    if not sent:
        return False
    try:
        set_password(new, repeated)
    except ImsError as error:
        with answer:
            refusal(error)
        return False
    return True


done = False
with entry_card("New password"):
    try:
        done = form_of(engine.team.open_reset(token))
    except AccessError as error:
        refusal(error)
    show_log_in_link("Back to log in")

if done:
    leave_note("success", "The new password is set. Log in with it.")
    st.switch_page(str(LOGIN.path))
