"""The one Engine of this process, and who is asking in this run of a script."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import streamlit as st

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.errors import AccessError
from engine.model import Actor

VIEWED: Final = "ims_viewed"
"""In a tab's session: (user id of the staff member, account that is viewed). Gone with a reload of the page."""

PHONE_MARK: Final = "Mobi"
"""In the User-Agent of every browser on phones."""

_engine: Engine | None = None


def set_engine(engine: Engine | None) -> None:
    """Called by the server when it opened (or closed) the Engine."""
    global _engine  # noqa: PLW0603 - scripts of all visitors share the one Engine of the process
    _engine = engine


def engine_or_none() -> Engine | None:
    return _engine


def get_engine() -> Engine:
    """The open Engine; scripts only run while the server has one."""
    if _engine is None:
        raise RuntimeError("the Engine is not open: scripts run inside the server only")
    return _engine


def cookies() -> Mapping[str, str]:
    """What the browser sent when this visit began."""
    return st.context.cookies


def session_token() -> str | None:
    """What the browser's session cookie holds. Read on the server, so that a reload shows no sign-in form."""
    return cookies().get(SESSION_COOKIE)


def client_address() -> str | None:
    """The address of the browser (or of a proxy before this server); None on this machine."""
    found = st.context.ip_address
    return found if isinstance(found, str) else None


def on_phone() -> bool:
    """Whether the browser says that it is a phone's: the server never learns the width of a window."""
    return PHONE_MARK in st.context.headers.get("User-Agent", "")


def signed_in() -> Actor | None:
    """Who is signed in, asked of the database each time: sessions end elsewhere too."""
    return get_engine().accounts.actor_of(session_token())


def current_actor() -> Actor | None:
    """Who is signed in; staff who view an account are its viewer (see `pages.ui.viewing`) while their session lasts."""
    actor = signed_in()
    viewed = st.session_state.get(VIEWED)
    if actor is None or viewed is None:
        return actor
    user_id, account_id = viewed
    if actor.user_id == user_id and actor.is_operator:
        with suppress(AccessError):  # the account is not a customer's any more
            return get_engine().desk.viewer(actor, account_id)
    del st.session_state[VIEWED]
    return actor
