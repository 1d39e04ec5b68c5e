"""How to write a gateway address: a form for the simulator, and what each kind of address needs."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.gateways import SCHEMES
from pages.ui.records import facts

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
OWN: Final = "Another address"

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
    "https": ("https://api.example.com/sms?key=…", "A provider's HTTP interface; its documentation names the address."),
    "http": ("http://10.0.0.5/sms", "A provider inside your own network; the connection is not encrypted."),
}
"""Scheme → (example, what it is)."""


def address_help() -> None:
    """What can be written, of the kinds this server has."""
    with st.expander("How to write a gateway address", icon=":material/help:"):
        for scheme in SCHEMES:
            example, meaning = HELP.get(scheme, (f"{scheme}://…", "See the documentation of this gateway."))
            facts({example: meaning})
        st.text("A password is hidden as *** as soon as it is saved. Leave the *** to keep it.")
