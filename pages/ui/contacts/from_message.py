"""“Opt out” beside a message of the history."""

from __future__ import annotations

import streamlit as st

from engine.errors import ImsError
from engine.model import SENDING_ROLES, Actor
from engine.store import Row
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note


def opt_out_button(actor: Actor, message: Row) -> None:
    """Opts the recipient of a message out; nothing for those who may not."""
    if actor.role not in SENDING_ROLES:
        return
    with st.popover("Opt this recipient out", icon=":material/do_not_disturb_on:", key="message-stop"):
        st.caption("Nobody of your account sends to this number any more, from any list or file.")
        st.button("Opt out now", key="message-stop-now", type="primary", on_click=_opt_out, args=(message["id"],))


def _opt_out(message_id: int) -> None:
    try:
        msisdn = get_engine().opt_outs.add(require(*SENDING_ROLES), message_id=message_id)
    except ImsError as error:
        leave_note("error", error.message)
    else:
        leave_note("success", f"+{msisdn} has opted out and is not sent to any more.")
