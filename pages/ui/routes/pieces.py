"""A gateway address taken apart, and put together again. Pure.

Secrets are never read out: an address is taken apart as it is shown, with the mask in their place. What is put together
with a mask is turned back by the engine, only where the address leads to the same place as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from engine.errors import InputError
from engine.gateways import MASK

FURTHER: Final = "Further parameters"
_SAFE: Final = "/:,.{}|*!"
"""Characters of a parameter that need no escape anywhere in an address."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """`place` is host and port (of HTTP also path and query), as it is written; `parameters` are in their order."""

    scheme: str
    user: str
    password: str
    place: str
    parameters: Mapping[str, str]


NO_PIECES: Final = Pieces("", "", "", "", {})


def take_apart(shown: str) -> Pieces:
    """An address as it is shown, with its secrets hidden."""
    head, tail = _halves(shown.strip())
    scheme, slashes, rest = head.partition("://")
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    pairs = (item.partition("=") for item in tail.split("&") if item)
    parameters = {unquote(name): unquote(value) for name, _, value in pairs}
    return Pieces(scheme.lower() if slashes else "", unquote(user), unquote(password), place, parameters)


def put_together(pieces: Pieces, shown: str = "") -> str:
    """The address. `shown` is the one that was taken apart: its beginning stays to the letter while it leads to the
    same place with the same password, as that is where a mask can be turned back."""
    head = _halves(shown.strip())[0]
    before = take_apart(shown)
    same = (pieces.scheme, pieces.user, pieces.place) == (before.scheme, before.user, before.place)
    if not same or pieces.password not in ("", MASK):
        login = f"{quote(pieces.user, safe='')}:{quote(pieces.password, safe='*')}@" if pieces.user else ""
        head = f"{pieces.scheme}://{login}{pieces.place}"
    written = "&".join(
        f"{quote(name, safe=_SAFE)}={quote(value, safe=_SAFE)}" for name, value in pieces.parameters.items()
    )
    return f"{head}{_mark(head)}{written}" if written else head


def lines_of(parameters: Mapping[str, str]) -> str:
    """Parameters without a field of their own, one a line."""
    return "\n".join(f"{name}={value}" for name, value in parameters.items())


def parameters_of(lines: str) -> dict[str, str]:
    """Raises InputError that names the line without a =, or the name that stands twice."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        name, equals, value = (piece.strip() for piece in line.partition("="))
        if not line.strip():
            continue
        if not equals or not name:
            raise invalid(FURTHER, f"line {number} is not name=value.", "Write one parameter a line.")
        if name in found:
            raise invalid(FURTHER, f"“{name}” stands twice.", "Keep one of the lines.")
        found[name] = value
    return found


def invalid(field: str, problem: str, remedy: str) -> InputError:
    return InputError("invalid", field=field, problem=problem, remedy=remedy)


def _mark(address: str) -> str:
    """What stands before the parameters of the gateway itself: an HTTP provider has its own after the question mark."""
    return "#" if address.lower().startswith(("http://", "https://")) else "?"


def _halves(address: str) -> tuple[str, str]:
    """What is before the parameters, and these."""
    mark = _mark(address)
    login_ends = address.rfind("@") + 1 if mark == "?" else address.partition("#")[0].rfind("@") + 1
    start = address.find(mark, login_ends)
    return (address, "") if start < 0 else (address[:start], address[start + 1 :])
