"""Gateway addresses as people edit them: secrets stay hidden, and nothing that touches files is taken."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from engine.errors import InputError
from engine.gateways import MASK, gateway_for, masked_url, safe_url

FILE_OPTIONS: Final = frozenset({"journal"})
"""Options of an address that name a file on the server: for tests and the command line, never from a browser."""


def check_address(url: str) -> str:
    """An address typed in a browser, trimmed. Raises InputError("gateway_url") that says what is wrong."""
    address = url.strip()
    for item in re.split("[?&;#]", address)[1:]:
        name = unquote(item.partition("=")[0]).strip().lower()
        if name in FILE_OPTIONS:
            problem = f"the option {name} writes a file on the server and works on its command line only. Leave it out."
            raise InputError("gateway_url", url=safe_url(address), problem=problem)
    gateway_for(address).close()
    return address


def keep_secrets(typed: str, current: str) -> str:
    """The address that `typed` means, when it is the masked form of `current` or an edit of that.

    A hidden secret is put back only where user, host and path are the same as before: otherwise changing the host
    would hand the secret to somebody else. Raises InputError when it has to be typed again.
    """
    typed, shown = typed.strip(), masked_url(current)
    if typed == shown:
        return current
    if MASK not in typed:
        return typed
    head, pieces = _parted(typed)
    if head != _parted(shown)[0]:
        raise _type_again()
    head_now, pieces_now = _parted(current)
    kept: dict[str, list[str]] = {}
    for piece in pieces_now:
        name, _, value = piece.partition("=")
        kept.setdefault(name, []).append(value)
    return head_now + "".join(_put_back(piece, kept) for piece in pieces)


def same_place(one: str, other: str) -> bool:
    """Whether two addresses lead to one and the same account, so that both are down at once: the same address, or the
    same user at the same SMPP host, whatever their options."""
    one, other = one.strip(), other.strip()
    heads = [_parted(masked_url(url))[0].rstrip("/").lower() for url in (one, other)]
    return one == other or (heads[0] == heads[1] and heads[0].startswith(("smpp://", "smpps://")))


def _put_back(item: str, kept: dict[str, list[str]]) -> str:
    name, _, value = item.partition("=")
    if value != MASK:
        return item
    if not kept.get(name):
        raise _type_again()
    return f"{name}={kept[name].pop(0)}"


def _parted(url: str) -> tuple[str, list[str]]:
    """Everything up to the parameters, and these with the marks between them. A password may hold a ? or #: it lies
    before the last @. What stands after # are parameters of HTTP addresses only."""
    of_http = url.lower().startswith(("http://", "https://"))
    found = re.compile("[?#]" if of_http else "[?]").search(url, url.rfind("@") + 1)
    if not found:
        return url, []
    query, mark, fragment = url[found.start() :].partition("#") if of_http else (url[found.start() :], "", "")
    marks = re.compile("([&;]|^[?])")
    return url[: found.start()], [*marks.split(query), mark, *marks.split(fragment)]


def _type_again() -> InputError:
    return InputError(
        "invalid",
        field="Gateway address",
        problem="it leads elsewhere while its password is still hidden.",
        remedy="Type the whole address with its password.",
    )
