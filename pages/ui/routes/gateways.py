"""The way to an operator: a form for each kind of gateway, how its connection stands, and what the address means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from engine.errors import AccessError, ImsError
from engine.gateways import SCHEMES, masked_url
from engine.model import OPERATOR_ROLES, Actor
from engine.routes import Route, RouteChanges
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import send_styles
from pages.ui.records import facts, heading
from pages.ui.routes import listing
from pages.ui.routes.guides import GUIDES, MORE, Field, Guide, Shape, guide_of
from pages.ui.routes.shared import Sheet, is_admin, require_admin

PRESETS: Final[dict[str, tuple[str, str]]] = {
    "Simulator: everything arrives": ("sim://", "Every message is delivered at once. For trying things out."),
    "Simulator: like a real route": (
        "sim://?fail=0.04&expire=0.01&reject=0.01&receipt_ms=1500&receipt_jitter_ms=3000",
        "A few messages fail or expire, and receipts take seconds.",
    ),
    "Simulator: slow receipts": (
        "sim://?receipt_ms=20000&receipt_jitter_ms=40000",
        "Receipts take 20 seconds to a minute.",
    ),
    "Simulator: trouble": (
        "sim://?fail=0.2&lost=0.05&doubt=0.01&throttle=0.1&duplicate=0.05&late=0.05&receipt_ms=800",
        "Failures, lost and doubled receipts, and an operator who asks to slow down.",
    ),
}
"""Label → (address, what it does)."""
OWN: Final = "Address as text"
KINDS: Final = {guide.label: guide for guide in GUIDES if set(guide.schemes) & set(SCHEMES)}
"""Label → form, of the kinds this server has."""
ADDRESS_LENGTH: Final = 2_000
VALUE_LENGTH: Final = 500
MORE_LENGTH: Final = 1_500
_HERE_ONLY: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - only compared with
KEPT: Final = "kept unless you type another"

HELP: Final[dict[str, tuple[str, str]]] = {
    "sim": (
        "sim://?fail=0.05&receipt_ms=500",
        "The built-in simulator: no operator, no costs. fail, expire, reject, lost, doubt are shares from 0 to 1; "
        "receipt_ms and latency_ms are milliseconds; down_for_ms makes it unreachable for a while.",
    ),
    "smpp": (
        "smpp://system_id:password@host:2775?window=50&tps=100",
        "An SMPP 3.4 account: system id, password and host are what your operator gave you.",
    ),
    "smpps": ("smpps://system_id:password@host:3550", "The same, encrypted (TLS)."),
    "https": ("https://api.example.com/sms#preset=…", "A provider's HTTP interface; parameters follow after the #."),
    "http": ("http://10.0.0.5/sms#preset=…", "A provider inside your own network; the connection is not encrypted."),
}
"""Scheme → (example, what it is)."""
Start = Callable[[str, Any], str]
"""(name of a field, what it shows when the form is new) → the key of its widget."""


def draw(actor: Actor, route: Route) -> None:
    send_styles()
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="card-route-gateway"):
        heading("Gateway")
        if is_admin(actor):
            kind = _change(route)
        else:
            kind = OWN
            facts({"Address": route.gateway_safe})
            notice("info", "Only administrators change the gateway.")
    with right:
        _live(route.id)
        _receipts_address(actor, route)
        address_help(kind)


@st.fragment(run_every=listing.LIVE_S)
def _live(route_id: int) -> None:
    actor = require(*OPERATOR_ROLES)
    health = next(one for one in get_engine().routes.health(actor) if one.route.id == route_id)
    with st.container(key="card-route-link"):
        heading("Connection")
        listing.state_line(health)
        st.text(f"{listing.connection_words(health)}.")
        listing.trouble(health, actor.zone)


def _receipts_address(actor: Actor, route: Route) -> None:
    """Where an HTTP provider posts to; nothing for other gateways."""
    try:
        address = get_engine().hooks.address(actor, route.id)
    except AccessError:
        return
    with st.container(key="card-route-hook"):
        heading("Where its receipts come to")
        st.code(address, language=None, wrap_lines=True)
        st.text(
            "The provider posts receipts and messages from phones here. Enter it in the provider's dashboard if that "
            "asks for a webhook or callback address; treat it like a password."
        )
        if urlsplit(address).hostname in _HERE_ONLY:
            notice(
                "warning",
                "No provider can reach this address.",
                "Set IMS_PUBLIC_URL to the address that this server has on the internet.",
            )


# --- Changing it -----------------------------------------------------------------------------------------------------


def _change(route: Route) -> str:
    """Draws the form; returns the kind that is chosen."""
    sheet = Sheet("gateway", route, probe="kind")
    shown = masked_url(sheet.seen.gateway)
    now = guide_of(shown, tuple(KINDS.values()))
    st.caption(
        "Receipts that are still awaited reach a new address only when it belongs to the same operator; the others "
        "return their credit after 72 hours."
    )
    kind = st.selectbox("Kind", [*KINDS, *PRESETS, OWN], key=sheet.start("kind", now.label if now else _preset(shown)))
    guide = KINDS.get(kind)
    before = shown if guide is not None and guide is now else ""
    typed = address_fields(kind, lambda name, value: sheet.start(f"{kind}-{name}", value), shown=before or shown)
    if st.button("Save gateway", type="primary", key=sheet.key("save")):
        try:
            saved = get_engine().routes.edit(require_admin(), route.id, RouteChanges(gateway=typed()))
        except ImsError as error:
            refusal(error, "Nothing was saved; what you typed is kept.")
            return kind
        sheet.done()
        same = saved.gateway == route.gateway
        leave_note("info" if same else "success", "Nothing was changed." if same else "Saved. Send a test message now.")
        st.rerun()
    return kind


def _preset(shown: str) -> str:
    return next((label for label, (address, _) in PRESETS.items() if address == shown), OWN)


def address_fields(kind: str, start: Start, *, shown: str = "") -> Callable[[], str]:
    """The fields of a kind of gateway. What is returned makes the address of them, or raises InputError.

    `shown` is the address as it is now, with its secrets hidden; "" for a new route.
    """
    if kind in PRESETS:
        address, meaning = PRESETS[kind]
        st.caption(meaning)
        st.code(address, language=None)
        return lambda: address
    guide = KINDS.get(kind)
    if guide is None:
        typed = st.text_input(
            "Gateway address",
            key=start("address", shown),
            max_chars=ADDRESS_LENGTH,
            autocomplete="off",
            help="Leave the *** to keep the password that is stored.",
        )
        return lambda: typed or ""
    return _guided(guide, start, shown=shown if guide is guide_of(shown, (guide,)) else "")


def _guided(guide: Guide, start: Start, *, shown: str) -> Callable[[], str]:
    st.caption(guide.meaning)
    begin, stored = guide.values_of(shown), guide.stored(shown)
    values: dict[str, str] = {}
    for row in _rows(guide.fields):
        for one, column in zip(row, st.columns(2, vertical_alignment="bottom"), strict=False):
            with column:
                values[one.name] = _field(one, start, begin[one.name], kept=one.name in stored)
    with st.expander("Further parameters", expanded=bool(begin[MORE])):
        values[MORE] = (
            st.text_area(
                "One a line: name=value",
                key=start(MORE, begin[MORE]),
                max_chars=MORE_LENGTH,
                placeholder="enquire_s=20" if guide.word == "smpp" else "rps=10",
                help="Leave *** where a secret is to stay as it is.",
            )
            or ""
        )
    return lambda: guide.address_of(values, shown)


def _rows(fields: Sequence[Field]) -> list[list[Field]]:
    """Two fields a row; a switch, which is half as high, has its own."""
    rows: list[list[Field]] = []
    for one in fields:
        alone = one.shape is Shape.SWITCH
        if rows and len(rows[-1]) == 1 and not alone and rows[-1][0].shape is not Shape.SWITCH:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def _field(one: Field, start: Start, value: str, *, kept: bool) -> str:
    """Draws a field; its value as an address has it."""
    key, about = start(one.name, _widget_value(one, value)), one.help or None
    label = one.label if one.needed or one.shape is not Shape.TEXT or one.usual else f"{one.label} (optional)"
    if one.shape is Shape.SWITCH:
        return "1" if st.toggle(label, key=key, help=about) else "0"
    if one.shape is Shape.NUMBER:
        number = st.number_input(label, key=key, min_value=one.least, max_value=one.most, step=1, help=about)
        return str(number)
    if one.shape is Shape.CHOICE:
        return st.selectbox(label, list(one.choices), key=key, format_func=lambda word: one.choices[word], help=about)
    secret = one.shape is Shape.SECRET
    typed = st.text_input(
        label,
        key=key,
        type="password" if secret else "default",
        max_chars=VALUE_LENGTH,
        placeholder=KEPT if secret and kept else one.placeholder,
        autocomplete="new-password" if secret else "off",
        help=about,
    )
    return typed or ""


def _widget_value(one: Field, value: str) -> Any:
    """What the widget of a field begins with; a value it cannot show becomes the usual one."""
    if one.shape is Shape.SWITCH:
        return value == "1"
    if one.shape is Shape.NUMBER:
        usual = int(one.usual)
        number = int(value) if value.isascii() and value.isdigit() else usual
        return number if one.least <= number <= one.most else usual
    return one.usual if one.shape is Shape.CHOICE and value not in one.choices else value


def address_help(kind: str) -> None:
    """What can be written into the form of a kind, or into an address as text."""
    guide = KINDS.get(kind)
    if guide is not None and guide.further:
        with st.expander("What further parameters mean", icon=":material/help:"):
            facts(guide.further)
        return
    with st.expander("How to write a gateway address", icon=":material/help:"):
        for scheme in SCHEMES:
            example, meaning = HELP.get(scheme, (f"{scheme}://…", "See the documentation of this gateway."))
            facts({example: meaning})
        st.text("A password is hidden as *** as soon as it is saved. Leave the *** to keep it.")
