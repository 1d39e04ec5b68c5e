"""What a page shows, kept in its address: links, reload and the back button bring the same view.

Streamlit's own binding of widgets to the address cannot be combined with links that set a filter, so widgets keep
their value under a key of the page, are filled when somebody arrives by an address, and written back after a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st

Values = Mapping[str, str]
MOST_DIGITS: Final = 18
"""Of an id in an address; the database holds no larger ones."""


def arrived(page: str, fill: Callable[[Values], None], *, probe: str) -> None:
    """Calls `fill` with the address's parameters when the page is opened by another address than it last showed.

    Also when `probe`, a key that `fill` sets, is gone: Streamlit forgets a page's widgets when the page is left.
    """
    given = st.query_params.to_dict()
    if probe not in st.session_state or given != st.session_state.get(_shown(page)):
        fill(given)
        st.session_state[_arrival(page)] = True


def keep(page: str, values: Mapping[str, str | int | None]) -> None:
    """Writes the values there are into the address, without a rerun.

    After an arrival in any case: a link from a page to itself leaves the browser showing the address of before. The
    browser makes no entry in its history of what it shows already.
    """
    wanted = {name: str(value) for name, value in values.items() if value not in (None, "")}
    if st.session_state.pop(_arrival(page), False) or st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    st.session_state[_shown(page)] = wanted


def shown(page: str) -> Values:
    """What the page last showed; empty before it has."""
    return st.session_state.get(_shown(page)) or {}


def number_in(text: str | None) -> int | None:
    """A whole number of an address, None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _arrival(page: str) -> str:
    return f"{page}-arrival"


def _shown(page: str) -> str:
    return f"{page}-address"
