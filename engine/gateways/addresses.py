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
    for item in re.split("[?&;]", address)[1:]:
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
    head, query = _parted(typed)
    if head != _parted(shown)[0]:
        raise _type_again()
    head_now, query_now = _parted(current)
    kept: dict[str, list[str]] = {}
    for item in re.split("[&;]", query_now):
        name, _, value = item.partition("=")
        kept.setdefault(name, []).append(value)
    pieces = [_put_back(item, kept) for item in re.split("([&;])", query)]
    return head_now + ("?" + "".join(pieces) if query else "")


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


def _parted(url: str) -> tuple[str, str]:
    """Everything up to the parameters, and the parameters. A password may hold a `?`: it lies before the last `@`."""
    start = url.find("?", url.rfind("@") + 1)
    return (url, "") if start < 0 else (url[:start], url[start + 1 :])


def _type_again() -> InputError:
    return InputError(
        "invalid",
        field="Gateway address",
        problem="it leads elsewhere while its password is still hidden.",
        remedy="Type the whole address with its password.",
    )
