"""Ways to an operator: the protocol, and which gateway a route's address stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from engine.errors import InputError
from engine.gateways.base import (
    Gateway,
    GatewayDown,
    GatewayFactory,
    Inbound,
    InboundSink,
    Link,
    LinkWord,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptSink,
    ReceiptState,
    Submission,
)
from engine.gateways.http import HttpGateway, masked
from engine.gateways.simulator import Simulator
from engine.gateways.smpp import SmppGateway

__all__ = [
    "MASK",
    "SCHEMES",
    "Gateway",
    "GatewayDown",
    "GatewayFactory",
    "Inbound",
    "InboundSink",
    "Link",
    "LinkWord",
    "Outcome",
    "OutcomeKind",
    "Receipt",
    "ReceiptSink",
    "ReceiptState",
    "Submission",
    "gateway_for",
    "masked_url",
    "safe_url",
]

URL_LENGTH_LIMIT: Final = 2_000
SHOWN_LENGTH_LIMIT: Final = 200
MASK: Final = "***"

_BUILDERS: Final[dict[str, Callable[[str], Gateway]]] = {
    "sim": Simulator.from_url,
    "smpp": SmppGateway.from_url,
    "smpps": SmppGateway.from_url,
    "https": HttpGateway.from_url,
    "http": HttpGateway.from_url,
}
"""Scheme → builder. A builder raises ValueError with a sentence that holds no secret; the address is added here."""

SCHEMES: Final = tuple(_BUILDERS)
"""What a gateway address can begin with."""

_SECRET_PARAMETER: Final = re.compile(
    r"([?&;][^=&;]*(?:pass|pw|secret|token|key|auth|sign)[^=&;]*=)[^&;]*", re.IGNORECASE
)
_BAD_PORT: Final = re.compile(r"^([^/?#:\[]+):(?![0-9]{1,5}(?:[/?#]|$))[^/?#]+")
"""`user:secret` whose `@host` was forgotten: a port is a number."""


def gateway_for(url: str) -> Gateway:
    """Gateway address → a gateway that is not yet open; nothing is connected or written here.

    Raises `InputError("gateway_url")` that names what is wrong; its text never holds a password of the address.
    """
    scheme, colon, _ = url.partition(":")
    build = _BUILDERS.get(scheme.strip().lower())
    if len(url) > URL_LENGTH_LIMIT:
        problem = f"it is longer than {URL_LENGTH_LIMIT:,} characters."
    elif not colon or build is None:
        problem = f"it has to begin with {' or '.join(f'{known}://' for known in SCHEMES)}."
    else:
        try:
            return build(url.strip())
        except ValueError as refusal:
            problem = str(refusal)
    raise InputError("gateway_url", url=safe_url(url), problem=problem)


def safe_url(url: str) -> str:
    """`masked_url`, cut where it is endless: for lists and logs."""
    shown = masked_url(url)
    return shown if len(shown) <= SHOWN_LENGTH_LIMIT else shown[: SHOWN_LENGTH_LIMIT - 1] + "…"


def masked_url(url: str) -> str:
    """The address as it may be shown or logged: `smpp://ims:secret@host` → `smpp://ims:***@host`.

    Also masks parameters that are named like a secret. Works on broken addresses too, and rather masks too much:
    a password may hold an unescaped `@`, `/` or `?`, so everything up to the last `@` counts as user and password.
    """
    scheme, slashes, rest = url.strip().partition("://")
    if not slashes:
        scheme, slashes, rest = "", "", url.strip()
    login, at, place = rest.rpartition("@")
    if at:
        user, colon, _ = login.partition(":")
        if colon:
            rest = f"{user}:{MASK}@{place}"
        elif not re.search(r"[/?#]", login):
            rest = f"{MASK}@{place}"  # a lone user name is often an API token
    else:
        rest = _BAD_PORT.sub(rf"\g<1>:{MASK}", rest)
    if scheme.lower() in {"http", "https"}:
        rest, hash_sign, fragment = rest.partition("#")
        rest = _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", rest) + hash_sign + masked(fragment)
    else:
        rest = _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", rest)
    shown = scheme + slashes + rest
    return "".join(character if character.isprintable() else "�" for character in shown)
