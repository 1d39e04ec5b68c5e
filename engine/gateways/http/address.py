"""An HTTP gateway address → settings: `https://user:password@host/path?query#preset=…&…`, parsed strictly.

What stands before # is where requests go, as it is; what stands after it says how they are written and read. Every
refusal is a ValueError whose sentence names the parameter at fault and never holds a value that may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from engine.gateways.http.checks import check
from engine.gateways.http.parameters import FREE, PARAMETERS, Kind
from engine.gateways.http.presets import PRESETS
from engine.gateways.http.settings import MASK, Settings, is_secret_name
from engine.gateways.http.values import SHOWN_LENGTH, free_values, typed_values

VALUE_LENGTH: Final = 1_000
_HOST: Final = re.compile("[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def parse_settings(url: str) -> Settings:
    """An address as an administrator writes it → settings. Raises ValueError: a sentence without secrets."""
    parts = _split(url)
    given = _parameters(parts.fragment)
    preset = given.get("preset")
    if preset is None:
        raise ValueError(
            "it does not say whose interface it is. Add #preset=generic (or twilio, vonage, infobip) at its end."
        )
    if preset not in PRESETS:
        raise ValueError(f"preset: use one of {', '.join(PRESETS)}.")
    values = _merged(PRESETS[preset].values, given)
    settings = replace(Settings(), **_where(parts), **typed_values(values), **free_values(values))
    if "auth" not in values:
        usual = "token" if settings.token else "basic" if settings.user else "none"
        settings = replace(settings, auth=usual)
    check(settings)
    return settings


# The address before #.


def _split(url: str) -> SplitResult:
    if not url.isprintable() or " " in url:
        raise ValueError("it has spaces or control characters. Write a space as %20.")
    if "@" in url.partition("#")[2]:
        raise ValueError("it has an @ after #. Write a # inside a password as %23, and an @ in a parameter as %40.")
    if ";" in url.partition("#")[2]:
        raise ValueError("it has a ; after #. Write it as %3B.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text holds what may be a password
        raise ValueError(
            "host and port cannot be read. Write special characters of user and password as %40 (@), %2F (/), %3A (:), "
            "%3F (?), %23 (#)."
        ) from None
    if (
        port == 0
        or not parts.hostname
        or not re.fullmatch(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}", parts.hostname)
    ):
        raise ValueError("the host is missing or cannot be read. Write https://user:password@host/path#preset=….")
    return parts


def _where(parts: SplitResult) -> dict[str, Any]:
    place = parts.netloc.rpartition("@")[2]
    return {
        "url": parts._replace(scheme=parts.scheme.lower(), netloc=place, path=parts.path or "/", fragment="").geturl(),
        "host": parts.hostname or "",
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


# The parameters after #.


def _parameters(fragment: str) -> dict[str, str]:
    """Name → value, as given; refuses unknown and repeated names."""
    found: dict[str, str] = {}
    for number, item in enumerate(fragment.split("&") if fragment else (), start=1):
        coded, equals, value = item.partition("=")
        name = unquote(coded)
        if not equals or not is_known(name):
            raise _unknown(name, number)
        if name in found:
            raise ValueError(f"the parameter {name} is given twice. Keep one.")
        found[name] = unquote(value)
        if len(found[name]) > VALUE_LENGTH or not found[name].isprintable():
            raise ValueError(f"{name} is longer than {VALUE_LENGTH} characters or has characters that cannot be used.")
    return found


def is_known(name: str) -> bool:
    """Whether a parameter of that name exists."""
    return name in PARAMETERS or (name.startswith(tuple(FREE)) and name not in FREE and name.isprintable())


def masked(fragment: str) -> str:
    """What stands after # as it may be shown: values of secrets, and whatever is not understood, are hidden."""
    return "&".join(_masked_item(item) for item in fragment.split("&"))


def _masked_item(item: str) -> str:
    coded, equals, value = item.partition("=")
    name = unquote(coded)
    if not item or (equals and is_known(name) and ";" not in item and not (value and is_secret_name(name))):
        return item
    return f"{coded}={MASK}" if equals and is_known(name) else MASK


def _unknown(name: str, number: int) -> ValueError:
    """A name is shown only when it is nearly one of ours: it may be a password gone astray."""
    if is_known(name):
        return ValueError(f"{name[:SHOWN_LENGTH]} has no value. Write {name[:SHOWN_LENGTH]}=….")
    close = get_close_matches(name.lower(), [*PARAMETERS, *FREE], n=1, cutoff=0.7)
    if close and name.isprintable():
        return ValueError(f"there is no parameter “{name[:SHOWN_LENGTH]}”; perhaps {close[0]} is meant.")
    return ValueError(f"parameter number {number} after # is not known. Look its name up in the list of parameters.")


def _merged(usual: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The preset's values with what the address says differently; tables grow instead of being replaced."""
    values = dict(usual)
    for name, value in given.items():
        grows = name in PARAMETERS and PARAMETERS[name].kind in {Kind.CODES, Kind.STATES}
        values[name] = f"{values[name]},{value}" if grows and values.get(name) and value else value
    return values
