"""The second step of sign-in as people see it: the code at log-in, the set-up with its QR code, recovery codes.

Secret and recovery codes are shown while they are set up and never again; they live in the server's memory of this
visit only.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

import segno
import streamlit as st

from engine.accounts.factors import CODE, FactorSetup
from engine.accounts.forms import OLD_PASSWORD
from engine.errors import ImsError
from engine.model import Actor
from pages.ui.context import get_engine, session_token
from pages.ui.notices import leave_note, notice, refusal

SETUP: Final = "ims_factor_setup"
CODES: Final = "ims_factor_codes"
CODE_HELP: Final = "Six digits of your authenticator app, or one of your recovery codes."
QR_SCALE: Final = 5
GROUP: Final = 4
RECOVERY_FILE: Final = "ims-recovery-codes.txt"


def ask_code(challenge: str, *, start_over: Callable[[], None]) -> str | None:
    """The form after a right password; a ticket when the code was right. Raises AccessError to be shown."""
    with st.form("second-step", border=False):
        st.subheader("Second step", anchor=False)
        st.text("Open your authenticator app and type the code it shows for IMS.")
        code = st.text_input(CODE, key="second-step-code", autocomplete="one-time-code", max_chars=64, help=CODE_HELP)
        sent = st.form_submit_button("Continue", type="primary")
    st.button("Log in as somebody else", icon=":material/arrow_back:", on_click=start_over)
    if not sent:
        return None
    agent = st.context.headers.get("User-Agent", "")
    return get_engine().factors.pass_code(challenge, code, agent)


def set_up(actor_again: Callable[[], Actor], *, label: str = "Set up the second step") -> None:
    """Password → QR code → first code → recovery codes. `actor_again` asks anew who is there, for the handlers."""
    if CODES in st.session_state:
        _codes_once()
    elif SETUP in st.session_state:
        _first_code(actor_again, st.session_state[SETUP])
    else:
        _begin(actor_again, label)


def is_under_way() -> bool:
    """Whether recovery codes are waiting to be kept; they must not vanish behind another page."""
    return CODES in st.session_state


def show_codes(codes: list[str]) -> None:
    """Keeps new recovery codes to be shown until the person has them."""
    st.session_state[CODES] = codes


def _begin(actor_again: Callable[[], Actor], label: str) -> None:
    with st.form("factor-begin", border=False):
        st.text(
            "Your phone then shows a new code every 30 seconds, which you type after your password: a stolen password "
            "alone opens nothing. Any authenticator app works (Aegis, Google Authenticator, Microsoft Authenticator, "
            "1Password and others)."
        )
        password = st.text_input(OLD_PASSWORD, key="factor-password", type="password", autocomplete="current-password")
        sent = st.form_submit_button(label, type="primary")
    if sent:
        try:
            st.session_state[SETUP] = get_engine().factors.begin(actor_again(), password)
        except ImsError as error:
            refusal(error)
        else:
            st.rerun()


def _first_code(actor_again: Callable[[], Actor], setup: FactorSetup) -> None:
    st.text("1. Scan this picture with your authenticator app.")
    picture = segno.make(setup.address, error="m", micro=False).svg_data_uri(scale=QR_SCALE, border=3, light="#fff")
    st.html(f'<img class="ims-qr" alt="QR code of the secret below" src="{escape(picture)}">')
    st.text("No camera? Type this secret into the app instead (time-based, 6 digits):")
    st.code(" ".join(setup.secret[i : i + GROUP] for i in range(0, len(setup.secret), GROUP)), language=None)
    with st.form("factor-finish", border=False):
        code = st.text_input(
            "2. Type the code the app shows", key="factor-code", autocomplete="one-time-code", max_chars=64
        )
        sent = st.form_submit_button("Switch it on", type="primary")
    st.button("Cancel", key="factor-cancel", on_click=_forget_setup)
    if sent:
        try:
            show_codes(get_engine().factors.finish(actor_again(), code, keep_token=session_token()))
        except ImsError as error:
            if error.code == "factor_expired":
                _forget_setup()
            refusal(error)
        else:
            _forget_setup()
            st.rerun()


def _codes_once() -> None:
    codes: list[str] = st.session_state[CODES]
    notice(
        "warning",
        "Keep these recovery codes now. They are shown only this once.",
        "Each signs you in once when your phone is not at hand. Print them or put them into a password manager.",
    )
    st.code("\n".join(codes), language=None)
    with st.container(horizontal=True):
        st.download_button(
            "Download", "\n".join([*codes, ""]), RECOVERY_FILE, "text/plain", icon=":material/download:",
            on_click="ignore", key="factor-download",
        )  # fmt: skip
        st.button("I have kept them", type="primary", on_click=_kept, key="factor-kept")


def _kept() -> None:
    st.session_state.pop(CODES, None)
    leave_note("success", "The second step is on: from now on a code is asked after your password.")


def _forget_setup() -> None:
    st.session_state.pop(SETUP, None)
