"""What the pages of records share: pages of rows, export, the drawer with one row in full, empty states."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from html import escape
from typing import Any, Final, Literal, Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.errors import ImsError
from engine.history import PAGE_ROWS, After, Order, Page, RecordFilter
from engine.model import SENDING_ROLES, Actor
from engine.store import Row, Rows
from pages.ui import viewing
from pages.ui.columns import picker
from pages.ui.context import current_actor
from pages.ui.exporting import export, tell
from pages.ui.filters import Chosen, clear
from pages.ui.notices import refusal
from pages.ui.registry import BULK_SMS, QUICK_SMS, PageEntry
from pages.ui.table import Column, close, opened, table
from pages.ui.theme import ASSETS

DRAWER_WIDTH: Final = 560
WATCH_S: Final = 3


def begin(title: str) -> None:
    """Head of a page of records. `title` is ours."""
    send_record_styles()
    st.title(title, anchor=False)


def send_record_styles() -> None:
    """The style sheet of records, for a page whose head is a name; it takes no room."""
    st.html(_style())


def heading(text: str) -> None:
    """Head of a card or section, as plain text."""
    st.html(f'<h2 class="ims-heading">{escape(text)}</h2>')


def name_line(text: str, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """A name that somebody gave, as the head of a page or drawer; plain text."""
    st.html(f'<h1 class="ims-name">{escape(text)}</h1>', width=width)


def figure_card(name: str) -> DeltaGenerator:
    """A card for one metric; cards of a row are equally high."""
    return st.container(key=f"card-figure-{name}", gap="xsmall", height="stretch")


@cache
def _style() -> str:
    return f"<style>{(ASSETS / 'records.css').read_text(encoding='utf-8')}</style>"


class Asked(Protocol):
    """What a pager must know: whose page it is, and a filter that can be compared."""

    @property
    def page(self) -> str: ...

    @property
    def wanted(self) -> Any: ...


def row_id(after: After | None) -> int | None:
    """Where a page goes on whose rows are in the order of their ids."""
    return after[1] if isinstance(after, tuple) else after


class Pager:
    """Pages newest first. Where one has been is kept per page of the app; another filter begins at the newest."""

    def __init__(self, chosen: Asked, fetch: Callable[[After | None], Page]) -> None:
        self._page = chosen.page
        self._fetch = fetch
        self._newest_first = getattr(chosen.wanted, "order", Order.NEWEST) == Order.NEWEST
        self._made_s = time.monotonic()
        asked = f"{chosen.page}-asked"
        if st.session_state.get(asked) != chosen.wanted:
            st.session_state[asked] = chosen.wanted
            st.session_state[self._trail_key] = [None]
        found = fetch(self._trail[-1])
        self.rows: Rows = found.rows
        self._next = found.next_after

    @property
    def age_s(self) -> float:
        return time.monotonic() - self._made_s

    def changed(self) -> bool:
        """Whether the rows are other ones by now."""
        return self._fetch(self._trail[-1]).rows != self.rows

    @property
    def words(self) -> str:
        """Such as "Rows 51–100"."""
        first = PAGE_ROWS * (len(self._trail) - 1) + 1
        return f"Rows {first:,}–{first + len(self.rows) - 1:,}" if self.rows else "No rows"

    def buttons(self) -> None:
        """Newer and Older (Back and More in another order); nothing when everything fits on one page."""
        first = len(self._trail) == 1
        if first and self._next is None:
            return
        for way, label, icon, closed, act in (
            ("newer", "Newer" if self._newest_first else "Back", ":material/chevron_left:", first, self._newer),
            (
                "older",
                "Older" if self._newest_first else "More",
                ":material/chevron_right:",
                self._next is None,
                self._older,
            ),
        ):
            st.button(label, icon=icon, key=f"{self._page}-{way}", disabled=closed, on_click=act)

    @property
    def _trail_key(self) -> str:
        return f"{self._page}-trail"

    @property
    def _trail(self) -> list[After | None]:
        return st.session_state[self._trail_key]

    def _newer(self) -> None:
        st.session_state[self._trail_key] = self._trail[:-1] or [None]

    def _older(self) -> None:
        st.session_state[self._trail_key] = [*self._trail, self._next]


@st.fragment(run_every=WATCH_S)
def watch(pager: Pager) -> None:
    """Invisible: looks every few seconds whether rows have moved on, and only then draws the page again."""
    if pager.age_s > WATCH_S / 2 and pager.changed():  # not in the run that has just read them
        st.rerun(scope="app")


def toolbar(
    actor: Actor,
    chosen: Chosen,
    pager: Pager,
    *,
    name: str,
    make: Callable[[str], bytes],
    columns: Sequence[Column] = (),
) -> list[Column]:
    """Above a table: which rows these are, the pager, the choice of columns, the export. Returns the columns to show.

    `make` turns an ending of `exporting.FORMATS` into a file; with `on_progress=exporting.tell` a bar moves meanwhile.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{pager.words} · {chosen.period.words} · click a row to open it", width="stretch")
        pager.buttons()
        shown = picker(actor, chosen.page, columns) if columns else []
        export(actor, chosen.page, name=name, make=make, asked=chosen.wanted)
    return shown


class Record:
    """One of the pages of rows: `read` and `make` are calls of `Engine.history` for its rows and for a file of them."""

    def __init__(self, name: str, alt: str, read: Callable[..., Page], make: Callable[..., bytes]) -> None:
        """`name` is that of exported files, `alt` says what the table lists."""
        self._name = name
        self._alt = alt
        self._read = read
        self._make = make

    def pager(self, actor: Actor, chosen: Chosen) -> Pager | None:
        """The page of rows that was asked for; None when there is no row at all yet, whatever the filter."""
        pager = Pager(chosen, lambda after: self._read(actor, chosen.wanted, after=after))
        return pager if pager.rows or self._read(actor, RecordFilter(), limit=1).rows else None

    def show(self, actor: Actor, chosen: Chosen, pager: Pager, columns: Sequence[Column]) -> None:
        """The toolbar and the table, or that nothing matches."""
        if not pager.rows:
            nothing_matches(chosen)
            return
        shown = toolbar(
            actor,
            chosen,
            pager,
            name=self._name,
            make=lambda ending: self._make(actor, chosen.wanted, ending, on_progress=tell),
            columns=columns,
        )
        table(chosen.page, pager.rows, shown, alt=self._alt)


def drawer(page: str, title: str, body: Callable[[int], None]) -> None:
    """Opens the row that was clicked (or named by the address) at the side. `title` is ours, never a user's text."""
    row_id = opened(page)
    if row_id is None:
        return

    def guarded() -> None:
        try:
            body(row_id)
        except ImsError as error:
            refusal(error)

    st.dialog(title, width=DRAWER_WIDTH, position="right", on_dismiss=partial(close, page))(guarded)()


def facts(values: Mapping[str, str] | Sequence[tuple[str, str]]) -> None:
    """Label and value, a line each, as plain text. Pairs may repeat a label."""
    pairs = values.items() if isinstance(values, Mapping) else values
    lines = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in pairs)
    st.html(f'{_style()}<div class="ims-facts-room"><dl class="ims-facts">{lines}</dl></div>')


def carried_words(actor: Actor, row: Row) -> dict[str, str]:
    """Of a message or dispatch that another route carried: which one, in a line for `facts`; nothing otherwise."""
    if not row["carried_by"]:
        return {}
    carrier, own = row["carried_by"], row["route_name"]
    if actor.is_operator:
        return {"Carried by": f"{carrier} instead of {own}"}
    return {"Carried by": f"{carrier} in the place of {own}, at the price you accepted"}


def nothing_matches(chosen: Chosen) -> None:
    """There are records, but not of this kind or time."""
    with st.container(key=f"card-{chosen.page}-none", horizontal_alignment="center"):
        st.text(f"Nothing matches in {chosen.period.words}.")
        st.button(
            "Show everything",
            icon=":material/filter_alt_off:",
            key=f"{chosen.page}-clear",
            on_click=clear,
            args=(chosen.fields,),
        )


def nothing_yet(actor: Actor, page: str, sentence: str, teaching: str, *, send: bool = True) -> None:
    """The very first visit: what will be here, and the way to it for those who may go it."""
    with st.container(key=f"card-{page}-empty"):
        heading(sentence)
        st.text(teaching)
        if not send or actor.role not in SENDING_ROLES:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Send your first SMS", type="primary", icon=QUICK_SMS.icon, key=f"{page}-first"):
                st.switch_page(str(QUICK_SMS.path))
            link(BULK_SMS, "Upload a file of recipients")


def link(entry: PageEntry, label: str, **query: str | int) -> None:
    """A link to another page of the app, for those who may open it; nothing for others. `label` is ours."""
    actor = current_actor()
    if actor is not None and not (actor.role in entry.roles and viewing.shows(actor, entry.url_path)):
        return
    st.page_link(
        str(entry.path), label=label, icon=entry.icon, query_params={name: str(value) for name, value in query.items()}
    )
