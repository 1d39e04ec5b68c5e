"""Sentences to people: errors, hints, successes. Always plain text: what users typed may be part of them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

import streamlit as st

from engine.errors import ImsError

Kind = Literal["error", "warning", "success", "info"]

_NOTE = "ims_note"


def notice(kind: Kind, sentence: str, detail: str = "", *, points: Iterable[str] = ()) -> None:
    """A box with one sentence, a list of `points` below it and, smaller, what to do or how to reach somebody."""
    role = "alert" if kind == "error" else "status"
    items = "".join(f"<li>{escape(point)}</li>" for point in points)
    listed = f"<ul>{items}</ul>" if items else ""
    last = f"<p>{escape(detail)}</p>" if detail else ""
    st.html(
        f'<div class="ims-notice ims-{kind}" role="{role}"><div><p>{escape(sentence)}</p>{listed}{last}</div></div>'
    )


def refusal(error: ImsError, detail: str = "") -> None:
    """What the Engine refused, in its own words; of several fields a line each."""
    lines = error.message.splitlines()
    if len(lines) > 1:
        notice("error", f"{len(lines)} fields need a change.", detail, points=lines)
    else:
        notice("error", error.message, detail)


def leave_note(kind: Kind, sentence: str) -> None:
    """A notice for the next page this visitor sees (before `st.switch_page` or `st.rerun`)."""
    st.session_state[_NOTE] = (kind, sentence)


def show_note() -> None:
    """Shows what `leave_note` left, once."""
    left = st.session_state.pop(_NOTE, None)
    if left is not None:
        notice(*left)
