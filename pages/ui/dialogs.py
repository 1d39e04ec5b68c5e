"""The foot of every dialog: a way back and, right of it, what the dialog is for."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def foot(
    label: str,
    *,
    key: str,
    back: Callable[[], object],
    back_label: str = "Back",
    disabled: bool = False,
    icon: str | None = None,
) -> bool:
    """True when the action was pressed; `back` closes the dialog without it."""
    with st.container(horizontal=True, horizontal_alignment="right", key=f"ims-foot-{key}"):
        if st.button(back_label, key=f"{key}-back"):
            back()
            st.rerun()
        return st.button(label, key=key, type="primary", icon=icon, disabled=disabled)
