"""The counter below the message: characters, SMS billed and parts on the air while typing.

`st.text_area` tells the server only when it is left, so a small script in the page listens to each keystroke. It counts
exactly as `engine.parts` does (a test compares the two) and is for the eye only: the quote is counted by the engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import streamlit as st

from engine.content import placeholder_key
from engine.model import GSM_BASIC, GSM_EXTENSION, CountRule
from engine.parts import (
    GSM_ALONE_SEPTETS,
    GSM_PART_SEPTETS,
    MAX_PARTS,
    UCS2_ALONE_UNITS,
    UCS2_PART_UNITS,
)

COUNT_JS: Final = """
const BASIC = new Set(%(basic)s), EXTENSION = new Set(%(extension)s);

function countSms(text, carrier) {
    const characters = Array.from(text.replaceAll("\\u001b", ""));
    const odd = characters.find((c) => !BASIC.has(c) && !EXTENSION.has(c));
    const gsm = odd === undefined;
    const widths = characters.map((c) => (gsm ? (EXTENSION.has(c) ? 2 : 1) : c.length));
    const units = widths.reduce((sum, width) => sum + width, 0);
    const [alone, part] = gsm ? [%(gsm_alone)d, %(gsm_part)d] : [%(ucs2_alone)d, %(ucs2_part)d];
    let parts = units ? 1 : 0;
    if (units > alone) {
        let used = 0;
        for (const width of widths) {
            if (used + width > part) { parts += 1; used = 0; }
            used += width;
        }
    }
    const sms = carrier ? parts : Math.ceil(units / alone);
    const room = carrier && parts > 1 ? parts * part : Math.max(sms, 1) * alone;
    const encoding = gsm ? "gsm7" : "ucs2";
    return { encoding, characters: characters.length, units, sms, parts, left: Math.max(room - units, 0), odd };
}
""" % {
    "basic": json.dumps(list(GSM_BASIC)),
    "extension": json.dumps(list(GSM_EXTENSION)),
    "gsm_alone": GSM_ALONE_SEPTETS,
    "gsm_part": GSM_PART_SEPTETS,
    "ucs2_alone": UCS2_ALONE_UNITS,
    "ucs2_part": UCS2_PART_UNITS,
}
"""`countSms(text, carrier)` → {encoding, characters, units, sms, parts, left, odd}; `odd` is what made it UCS-2."""

MOUNT_JS: Final = """
const PLACEHOLDER = /\\(\\((?!\\()((?:[^()\\n]|\\([^()\\n]*\\))+)\\)\\)/g;
const keyOf = (name) => name.normalize("NFKC").replace(/[\\s_-]/g, "").toLowerCase();

function filled(text, example) {
    let used = false;
    const out = text.replace(PLACEHOLDER, (whole, name) => {
        const value = example[keyOf(name)];
        used = true;
        return value === undefined ? whole : value;
    });
    return [out, used];
}

function noteOf(count, data, personal) {
    const notes = [];
    if (count.parts > data.maxParts) {
        notes.push(`Too long: at most ${data.maxParts} parts can be sent. Shorten the text.`);
    } else if (count.odd !== undefined) {
        notes.push(`“${count.odd}” is outside the SMS alphabet, so each SMS holds %(ucs2)d characters, not %(gsm)d.`);
    }
    if (personal) {
        const known = Object.keys(data.example).length > 0;
        notes.push(known ? "Counted with the values of the first recipient; the quote counts each one."
                         : "The names in (( )) are counted as typed; the quote counts each recipient's own text.");
    }
    return notes.join(" ");
}

export default function (component) {
    const { parentElement, data } = component;
    const field = (name) => parentElement.querySelector(`[data-field="${name}"]`);
    const show = (typed) => {
        const [text, personal] = filled(typed, data.example);
        const count = countSms(text, data.carrier);
        field("characters").textContent = count.characters.toLocaleString("en");
        field("sms").textContent = String(count.sms);
        field("parts").textContent = String(count.parts);
        field("encoding").textContent = count.encoding === "gsm7" ? "GSM-7" : "Unicode";
        field("left").textContent = count.sms ? `${count.left} left in this SMS` : "";
        field("note").textContent = noteOf(count, data, personal);
        parentElement.querySelector(".counter").classList.toggle("over", count.parts > data.maxParts);
    };
    const area = () => document.querySelector(`.st-key-${data.watches} textarea`);
    const onInput = (event) => { if (event.target === area()) show(event.target.value); };
    document.addEventListener("input", onInput);
    const there = area();
    show(there && document.activeElement === there ? there.value : data.text);
    return () => document.removeEventListener("input", onInput);
}
""" % {"ucs2": UCS2_ALONE_UNITS, "gsm": GSM_ALONE_SEPTETS}

HTML: Final = """
<div class="counter">
  <dl>
    <div><dt>Characters</dt><dd data-field="characters">0</dd></div>
    <div><dt>SMS billed</dt><dd data-field="sms">0</dd></div>
    <div><dt>Parts on air</dt><dd data-field="parts">0</dd></div>
    <div><dt>Encoding</dt><dd data-field="encoding">GSM-7</dd></div>
    <p data-field="left"></p>
  </dl>
  <p data-field="note" role="status"></p>
</div>
"""

CSS: Final = """
.counter { font-family: var(--st-font); color: var(--st-text-color); font-size: 0.8125rem; line-height: 1.35; }
dl { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; align-items: baseline; }
dl div { display: flex; gap: 0.375rem; align-items: baseline; }
dt, p { opacity: 0.72; margin: 0; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
p:empty { display: none; }
p[data-field="note"] { margin-top: 0.25rem; }
.over dd, .over p[data-field="note"] { color: var(--st-red-text-color, #b3261e); opacity: 1; }
"""

_mount = st.components.v2.component("ims_counter", html=HTML, css=CSS, js=COUNT_JS + MOUNT_JS)


def live_counter(*, watches: str, text: str, rule: CountRule, example: Mapping[str, str] | None = None) -> None:
    """Shows the counts of the text area with the key `watches`, whose text the server knows as `text`.

    `example` is one recipient's values by column: with it `((name))` is counted as that recipient will read it.
    """
    _mount(
        key=f"{watches}_counter",
        data={
            "watches": watches,
            "text": text,
            "carrier": rule is CountRule.CARRIER,
            "maxParts": MAX_PARTS,
            "example": {placeholder_key(name): value for name, value in (example or {}).items()},
        },
    )
