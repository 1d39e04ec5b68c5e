"""Links that let somebody in once: their addresses, and showing one when it is made. There is no mail."""

from __future__ import annotations

import streamlit as st

from engine.accounts.team import NewLink
from engine.model import Actor
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.notices import notice
from pages.ui.registry import PageEntry


def address_of(entry: PageEntry, link: NewLink) -> str:
    return f"{get_engine().config.public_url}/{entry.url_path}?token={link.token}"


def show_once(actor: Actor, entry: PageEntry, link: NewLink, whom: str) -> None:
    """The link with its copy button. `whom` is a sentence of ours that may hold a name (plain text)."""
    notice(
        "success",
        whom,
        f"It works once, until {show.when(link.expires_us, actor.zone)}, and is not shown again.",
    )
    st.code(address_of(entry, link), language=None, wrap_lines=True)
