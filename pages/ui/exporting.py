"""The export menu: a format is chosen, a bar shows how far the file is, then a button saves it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from engine.errors import ImsError
from engine.model import Actor
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.notices import refusal

EXPORT_ROWS: Final = 200_000
"""The Engine's limit of one file."""
MEGABYTE: Final = 1_000_000

FORMATS: Final[dict[str, tuple[str, str]]] = {
    "csv": ("CSV", "text/csv"),
    "xlsx": ("Excel (.xlsx)", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
}
"""Ending → (label, media type)."""

_bar: ContextVar[Any] = ContextVar("export_bar", default=None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that waits to be saved, and what was asked for it: another filter makes it void."""

    asked: object
    ending: str
    data: bytes


def tell(done: int, total: int) -> None:
    """Pass it as `on_progress` to the Engine's exports: it moves the bar of the export under way, if there is one."""
    bar = _bar.get()
    if bar is not None and total:
        bar.progress(done / total, f"{show.number(done)} of {show.plural(total, 'row')}")


def export(actor: Actor, page: str, *, name: str, make: Callable[[str], bytes], asked: object = None) -> None:
    """A menu of file formats; `make` turns an ending of FORMATS into a file, whose cells no spreadsheet runs."""
    today = show.local_time(get_engine().clock.now_us(), actor.zone).date()
    with st.popover("Export", icon=":material/download:", key=f"{page}-export"):
        st.fragment(_menu)(page, f"{name}-{today}", make, asked)


def _menu(page: str, file_name: str, make: Callable[[str], bytes], asked: object) -> None:
    st.caption(f"Everything the filters find, up to {EXPORT_ROWS:,} rows, in the order shown.")
    for ending, (label, _) in FORMATS.items():
        if st.button(label, key=f"{page}-export-{ending}", width="stretch", icon=":material/description:"):
            _prepare(page, ending, make, asked)
    ready = st.session_state.get(_place(page))
    if isinstance(ready, Prepared) and ready.asked == asked:
        label, media_type = FORMATS[ready.ending]
        st.download_button(
            f"Save the {label} file ({_size(len(ready.data))})",
            data=ready.data,
            file_name=f"{file_name}.{ready.ending}",
            mime=media_type,
            key=f"{page}-export-save",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )


def _prepare(page: str, ending: str, make: Callable[[str], bytes], asked: object) -> None:
    st.session_state.pop(_place(page), None)
    mark = _bar.set(st.progress(0.0, "Reading the rows …"))
    try:
        st.session_state[_place(page)] = Prepared(asked, ending, make(ending))
    except ImsError as error:
        refusal(error)
    finally:
        _bar.get().empty()
        _bar.reset(mark)


def _place(page: str) -> str:
    return f"{page}-export-file"


def _size(count: int) -> str:
    return f"{count / MEGABYTE:.1f} MB" if count >= MEGABYTE else f"{max(count // 1000, 1)} kB"
