"""Small pieces of HTML of our own: tables, figures, texts. Every value is escaped, so users' text stays text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from html import escape

import streamlit as st

from pages.ui.theme import ASSETS


def send_styles() -> None:
    """The style sheet of the pages of sending; it takes no room on the page."""
    st.html(_style_tag())


def plain_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    label: str,
    total: Sequence[str] | None = None,
    words: Collection[int] = (),
    whole: bool = False,
    stacked: bool = False,
) -> None:
    """A table that is read, not worked with: the first column left, the others right; it scrolls when it is large.

    `words`: places of further columns that are read from the left. `whole`: as high as its rows, for a short list.
    `stacked`: on a phone each row is a list below its first cell, for tables that are wider.
    """
    named = header if stacked else [""] * len(header)
    foot = f"<tfoot>{_row(named, total, words)}</tfoot>" if total is not None else ""
    heads = "".join(f'<th scope="col"{_side(place, words)}>{escape(name)}</th>' for place, name in enumerate(header))
    body = "".join(_row(named, cells, words) for cells in rows)
    kind = " ".join(("ims-table", *(["whole"] if whole else []), *(["ims-stacked"] if stacked else [])))
    st.html(
        f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(label)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>{foot}</table></div>"
    )


def figures(rows: Sequence[tuple[str, str, str]]) -> None:
    """Lines of (class, name, value): "total" draws a line above, "short" a warning colour."""
    lines = (
        f'<div class="{kind}"><span>{escape(name)}</span><b>{escape(value)}</b></div>' for kind, name, value in rows
    )
    st.html(f'<div class="ims-sum">{"".join(lines)}</div>')


def quiet(words: str) -> None:
    """A line of explanation in which users' own words may stand."""
    st.html(f'<p class="ims-quiet">{escape(words)}</p>')


def texts_list(texts: Sequence[str]) -> None:
    """Texts as recipients read them, one below the other."""
    st.html(f'<div class="ims-entries ims-texts">{"".join(f"<p>{escape(text)}</p>" for text in texts)}</div>')


def _row(header: Sequence[str], cells: Sequence[str], words: Collection[int]) -> str:
    pairs = enumerate(zip(header, cells, strict=True))
    line = "".join(f"<td{_head(name)}{_side(place, words)}>{escape(cell)}</td>" for place, (name, cell) in pairs)
    return f"<tr>{line}</tr>"


def _head(name: str) -> str:
    return f' data-head="{escape(name)}"' if name else ""


def _side(place: int, words: Collection[int]) -> str:
    return ' class="words"' if place in words else ""


@cache
def _style_tag() -> str:
    return f"<style>{(ASSETS / 'send.css').read_text(encoding='utf-8')}</style>"


def name_and_lines(name: str, *lines: str) -> None:
    """One entry of a list of things: its name, and quieter what is known of it."""
    quiet = "".join(f"<span>{escape(line)}</span>" for line in lines if line)
    st.html(f'<p class="ims-entry-line"><b>{escape(name)}</b>{quiet}</p>')
