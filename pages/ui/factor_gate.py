"""What people see whom the operator wants a second step of sign-in of, until they have set it up."""

from __future__ import annotations

import streamlit as st

from engine.model import Actor
from pages.ui import second_step
from pages.ui.context import current_actor
from pages.ui.entry import entry_card
from pages.ui.notices import notice


def is_gated(actor: Actor) -> bool:
    """Whether nothing but the set-up is shown: it is due, or its recovery codes have not been kept yet."""
    return actor.restricted or (second_step.is_under_way() and st.session_state.get(_GATED, False))


def show_gate(actor: Actor) -> None:
    """The set-up in place of every page."""
    st.session_state[_GATED] = True
    with entry_card("One more step", wide=True):
        if actor.restricted:
            notice(
                "info",
                "Your operator asks for a second step of sign-in.",
                "Set it up now; after that you are where you wanted to go.",
            )
        with st.container(key="ims-card"):
            second_step.set_up(_actor_again)


def _actor_again() -> Actor:
    actor = current_actor()
    if actor is None:
        st.rerun()  # the session ended meanwhile: begin anew, as a visitor
    return actor


_GATED = "ims_factor_gated"
