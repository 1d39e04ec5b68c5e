"""What visitors see before they are signed in: brand, log-in form, ways to register and to reach staff."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import AccessError, ImsError
from pages.ui.auth import PASSWORD_HELP, Authenticator
from pages.ui.browser import begin_session
from pages.ui.context import get_engine
from pages.ui.notices import leave_note, notice, refusal, show_note
from pages.ui.registry import LOGIN, REGISTER
from pages.ui.second_step import ask_code
from pages.ui.theme import ICON, PRODUCT

_ENDED = "ims_was_signed_in"
_TICKET = "ims_ticket"
_CHALLENGE = "ims_challenge"


@contextmanager
def entry_card(title: str, *, wide: bool = False) -> Iterator[None]:
    """One narrow column with the brand on top and a card below."""
    with st.container(key="ims-entry-wide" if wide else "ims-entry"):
        st.html(
            f'<div class="ims-brand"><img alt="" src="{_icon_address()}"><div>'
            f"<b>{PRODUCT}</b><span>{escape(title)}</span></div></div>"
        )
        show_note()
        yield


def password_rules() -> None:
    """Above a form whose fields the package draws: seen before a password is thought of, on a phone too."""
    st.caption(f"Password: {PASSWORD_HELP[0].lower()}{PASSWORD_HELP[1:]}")


def show_log_in(next_address: str = "") -> None:
    """The log-in form; after it the browser loads `next_address`, or the present one again when empty."""
    engine = get_engine()
    with entry_card("Bulk SMS for your team"):
        if st.session_state.pop(_ENDED, False):
            notice("info", "Your session has ended. Log in to continue where you were.")
        if engine.accounts.setup_needed():
            notice(
                "info",
                "This server has no administrator yet.",
                "Open the set-up link that the server printed when it started.",
            )
        answer = st.container()
        with st.container(key="ims-card"):
            ticket = _ask_code(answer) if _CHALLENGE in st.session_state else _ask(answer)
        if ticket is not None:
            st.session_state[_TICKET] = ticket
        _exchange(answer, next_address)
        if _CHALLENGE in st.session_state:
            return
        st.page_link(str(REGISTER.path), label="New here? Register your team", icon=":material/person_add:")
        with st.expander("Forgot your password?", icon=":material/help:"):
            st.text(
                "The owner of your account makes you a link for a new password, on the page Team. "
                "Are you the owner, or did you lose the phone with your codes? Then ask staff."
            )
            st.text(support_line())


def _exchange(answer: DeltaGenerator, next_address: str) -> None:
    """Hands the ticket to the browser; it stays until the page is left or the exchange was refused."""
    ticket = st.session_state.get(_TICKET)
    if ticket is not None and begin_session(ticket, next_address):
        del st.session_state[_TICKET]
        _start_over()
        with answer:
            refusal(AccessError("login_failed"), support_line())


def remember_signed_in() -> None:
    """Lets the log-in form say why it is there when the session ends during a visit."""
    st.session_state[_ENDED] = True


def was_signed_in() -> bool:
    """Whether this visit was signed in at its last run and has not been told yet that this is over."""
    return bool(st.session_state.get(_ENDED))


def forget_signed_in() -> None:
    """Who signs out on purpose needs no explanation."""
    st.session_state.pop(_ENDED, None)


def _ask(answer: DeltaGenerator) -> str | None:
    """A ticket when name and password were right; otherwise `answer` says what to check."""
    try:
        ticket = Authenticator().ask()
    except ImsError as error:
        with answer:
            refusal(error, support_line())
        return None
    if ticket is not None and get_engine().factors.awaits_code(ticket):
        st.session_state[_CHALLENGE] = ticket
        st.rerun()
    return ticket


def _ask_code(answer: DeltaGenerator) -> str | None:
    """The second step; a ticket when the code was right too. The password is asked anew when it took too long."""
    try:
        return ask_code(st.session_state[_CHALLENGE], start_over=_start_over)
    except ImsError as error:
        with answer:
            refusal(error, support_line())
        if error.code in {"factor_expired", "login_locked"}:
            leave_note("error", error.message)
            _start_over()
            st.rerun()
        return None


def _start_over() -> None:
    st.session_state.pop(_CHALLENGE, None)


def support_line() -> str:
    """How to reach staff."""
    return f"Support: {get_engine().config.support}"


@cache
def _icon_address() -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(ICON.read_bytes()).decode("ascii")


def show_log_in_link(label: str = "Registered already? Log in") -> None:
    st.page_link(str(LOGIN.path), label=label, icon=":material/login:")
