"""The one Engine of this process, and who is asking in this run of a script."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import Actor

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


def current_actor() -> Actor | None:
    """Who is signed in, asked of the database each time: sessions end elsewhere too."""
    return get_engine().accounts.actor_of(session_token())
