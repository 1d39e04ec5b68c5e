"""The terms as a text to read: headings, lists and bold words of a little Markdown, everything else as it was typed.

Administrators write them, so it is not Streamlit's Markdown, which would load pictures and turn text into links.
"""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from typing import Final

import streamlit as st

_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")
_HEADINGS: Final = (("### ", "h4"), ("## ", "h4"), ("# ", "h3"))


def show_terms(body: str) -> None:
    st.html(f'<div class="ims-terms">{html_of(body)}</div>')


def preview_terms(body: str, *, height: int) -> None:
    """In a box of `height` pixels that scrolls, also from the keyboard."""
    st.html(
        f'<div class="ims-terms ims-scroll" tabindex="0" role="region" aria-label="As customers will read it"'
        f' style="height: {int(height)}px">{html_of(body)}</div>'
    )


def html_of(body: str) -> str:
    """Blocks are separated by empty lines; lines that begin with "- " are a list."""
    blocks = re.split(r"\n\s*\n", body.strip())
    return "".join(_block(block.splitlines()) for block in blocks if block.strip())


def _block(lines: list[str]) -> str:
    parts: list[str] = []
    for kind, group in groupby(lines, key=_kind):
        texts = [_inline(line.removeprefix(kind)) for line in group]
        if kind == "- ":
            parts.append(f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>")
        elif kind:
            tag = dict(_HEADINGS)[kind]
            parts += [f"<{tag}>{text}</{tag}>" for text in texts]
        else:
            parts.append(f"<p>{'<br>'.join(texts)}</p>")
    return "".join(parts)


def _kind(line: str) -> str:
    """What a line begins with: a heading, "- " or nothing."""
    return next((mark for mark in ("- ", *(mark for mark, _ in _HEADINGS)) if line.startswith(mark)), "")


def _inline(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", escape(text.strip()))
