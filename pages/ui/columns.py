"""Which columns of a table are shown: each reader's own choice, kept for the next visit."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.model import Actor
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.table import Column


def picker(actor: Actor, page: str, columns: Sequence[Column]) -> list[Column]:
    """A menu with the labels of the columns (ours); returns those to show, in their own order, never none."""
    key, labels = f"{page}-columns", [column.label for column in columns]
    if key not in st.session_state:
        kept = get_engine().columns.chosen(actor, page)
        st.session_state[key] = [label for label in labels if kept is None or label in kept] or labels
    with st.popover("Columns", icon=":material/view_column:", key=f"{page}-columns-menu"):
        st.pills("Columns to show", labels, selection_mode="multi", key=key, on_change=_keep, args=(page, labels))
        st.caption("Kept for your next visit. None chosen shows all of them.")
    chosen = st.session_state.get(key) or labels
    return [column for column in columns if column.label in chosen] or list(columns)


def _keep(page: str, labels: Sequence[str]) -> None:
    chosen = [label for label in labels if label in (st.session_state.get(f"{page}-columns") or ())]
    get_engine().columns.choose(require(), page, None if len(chosen) in (0, len(labels)) else chosen)
