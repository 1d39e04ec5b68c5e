"""The way back from one thing to the list it is of; looks the same on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from pages.ui.registry import PageEntry

ICON: Final = ":material/arrow_back:"


def back_link(entry: PageEntry, label: str) -> None:
    """To the page as it is without a query. `label` is ours."""
    st.page_link(str(entry.path), label=label, icon=ICON)


def back_button(label: str, key: str, act: Callable[..., None], *args: Any) -> None:
    """Where something is to be forgotten on the way. `label` is ours."""
    st.button(label, icon=ICON, key=key, type="tertiary", on_click=act, args=args)
