"""Leafing through rows, one dialog at a time, exports, and the search box of a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal

import streamlit as st

from engine.contacts import ListPage
from engine.contacts.exports import FORMATS as ENDINGS
from engine.contacts.limits import SEARCH_LENGTH
from engine.errors import ImsError
from engine.model import Actor
from engine.store import Rows
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.exporting import FORMATS
from pages.ui.notices import refusal

PAGE_ROWS: Final = 50


class Leaves:
    """Pages of rows; where one has been is kept under `page`, and another `wanted` begins at the first page."""

    def __init__(self, page: str, wanted: object, fetch: Callable[[Any], ListPage]) -> None:
        self._key = f"{page}-leaves"
        kept = st.session_state.get(self._key)
        if kept is None or kept[0] != wanted:
            kept = st.session_state[self._key] = (wanted, [None])
        self._wanted, self._trail = kept
        found = fetch(self._trail[-1])
        self.rows: Rows = found.rows
        self._next = found.next_after

    @property
    def words(self) -> str:
        """Such as "51–100"."""
        first = PAGE_ROWS * (len(self._trail) - 1) + 1
        return f"{first:,}–{first + len(self.rows) - 1:,}" if self.rows else "none"

    def buttons(self) -> None:
        """Back and on; nothing when everything fits on one page."""
        first = len(self._trail) == 1
        if first and self._next is None:
            return
        with st.container(horizontal=True, gap="small", width="content"):  # beside each other on a phone too
            st.button(
                "Previous",
                icon=":material/chevron_left:",
                key=f"{self._key}-previous",
                disabled=first,
                on_click=self._go,
                args=(self._trail[:-1] or [None],),
            )
            st.button(
                "Next",
                icon=":material/chevron_right:",
                key=f"{self._key}-next",
                disabled=self._next is None,
                on_click=self._go,
                args=([*self._trail, self._next],),
            )

    def _go(self, trail: list[Any]) -> None:
        st.session_state[self._key] = (self._wanted, trail)


def ask(page: str, what: str) -> None:
    """For a button's `on_click`: the page opens this dialog."""
    st.session_state[_dialog_key(page)] = what


def stop_asking(page: str) -> None:
    """No dialog is open; what it remembered is forgotten."""
    st.session_state.pop(_dialog_key(page), None)
    for key in [key for key in st.session_state if str(key).startswith(f"{page}-ask-")]:
        del st.session_state[key]


def dialog(
    page: str,
    what: str,
    title: str,
    body: Callable[[], None],
    *,
    width: Literal["small", "medium", "large"] = "small",
) -> bool:
    """Draws the dialog when `ask` opened it; whether it did. `title` is ours, never a user's text."""
    if st.session_state.get(_dialog_key(page)) != what:
        return False

    def guarded() -> None:
        try:
            body()
        except ImsError as error:
            refusal(error)

    st.dialog(title, width=width, on_dismiss=partial(stop_asking, page))(guarded)()
    return True


def _dialog_key(page: str) -> str:
    return f"{page}-dialog"


def search_box(page: str, placeholder: str) -> str:
    return (
        st.text_input(
            "Search",
            key=search_key(page),
            type="search",
            placeholder=placeholder,
            max_chars=SEARCH_LENGTH,
            live=True,
        )
        or ""
    )


def search_key(page: str) -> str:
    return f"{page}-q"


def export_menu(actor: Actor, page: str, *, name: str, make: Callable[[str], bytes]) -> None:
    """A menu of file formats; the file is made when one is chosen, with cells no spreadsheet runs."""
    today = show.local_time(get_engine().clock.now_us(), actor.zone).date()
    with st.popover("Export", icon=":material/download:", key=f"{page}-export"):
        for ending in ENDINGS:
            label, media_type = FORMATS[ending]
            st.download_button(
                label,
                data=partial(make, ending),
                file_name=f"{name}-{today}.{ending}",
                mime=media_type,
                key=f"{page}-export-{ending}",
                on_click="ignore",
                width="stretch",
            )
