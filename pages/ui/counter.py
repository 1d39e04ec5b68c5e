"""The counter below the message: characters, SMS billed and parts on the air while typing.

`st.text_area` tells the server only when it is left, so a small script in the page listens to each keystroke. It counts
exactly as `engine.parts` does (a test compares the two) and is for the eye only: the quote is counted by the engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st
from streamlit.components.v2 import component

from engine.content import placeholder_key
from engine.model import GSM_BASIC, GSM_EXTENSION, CountRule
from engine.parts import GSM_ALONE_SEPTETS, GSM_PART_SEPTETS, MAX_PARTS, UCS2_ALONE_UNITS, UCS2_PART_UNITS
from pages.ui.theme import ASSETS

_TABLES: Final = {
    "basic": list(GSM_BASIC),
    "extension": list(GSM_EXTENSION),
    "gsm7": {"alone": GSM_ALONE_SEPTETS, "part": GSM_PART_SEPTETS},
    "ucs2": {"alone": UCS2_ALONE_UNITS, "part": UCS2_PART_UNITS},
    "most_parts": MAX_PARTS,
}
JS: Final = f"const SMS = {json.dumps(_TABLES)};\n" + (ASSETS / "counter.js").read_text(encoding="utf-8")
CSS: Final = (ASSETS / "counter.css").read_text(encoding="utf-8")
PAUSE_MS: Final = 1_500
"""So long a pause in typing sends the text to the server, to be kept in the draft."""
HTML: Final = """
<div class="counter">
  <div class="row">
  <dl>
    <div><dt>Characters</dt><dd data-field="characters">0</dd></div>
    <div><dt>SMS billed</dt><dd data-field="sms">0</dd></div>
    <div><dt>Parts on air</dt><dd data-field="parts">0</dd></div>
    <div><dt>Encoding</dt><dd data-field="encoding">GSM-7</dd></div>
  </dl>
  <p data-field="left"></p>
  </div>
  <p data-field="note" role="status"></p>
</div>
"""

_mount = component("ims_counter", html=HTML, css=CSS, js=JS)


@st.fragment
def live_counter(
    *,
    watches: str,
    text: str,
    rule: CountRule,
    example: Mapping[str, str] | None = None,
    on_typed: Callable[[str], None] | None = None,
) -> None:
    """Shows the counts of the text area with the key `watches`, whose text the server knows as `text`.

    `example` is one recipient's values by column: with it `((name))` is counted as that recipient will read it.
    `on_typed` gets what stands in the box whenever typing pauses, before the box is left; only this fragment runs then.
    """
    found = _mount(
        key=f"counter-{watches}",
        data={
            "watches": watches,
            "text": text,
            "carrier": rule is CountRule.CARRIER,
            "example": {placeholder_key(name): value for name, value in (example or {}).items()},
            "pause_ms": PAUSE_MS,
        },
        on_typed_change=_nothing,
    )
    typed = found.get("typed")
    if on_typed is not None and isinstance(typed, str) and typed != text:
        on_typed(typed)


def _nothing() -> None:
    """A trigger needs a listener to be reported; the rerun of the fragment is all that is wanted."""
