"""Messages → requests, as the settings say: which go together, and what each request holds. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from engine.gateways.base import Submission
from engine.gateways.http.checks import is_loopback
from engine.gateways.http.paths import Path, write
from engine.gateways.http.settings import Settings
from engine.model import Encoding

SHORT_CODE_DIGITS: Final = 8
"""A numeric sender of at most this many digits is a short code, which is never written with a plus."""
KEY_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a request. `index` is its position in the batch, `ref` our reference of this attempt."""

    index: int
    ref: str
    message: Submission


Group = Sequence[Item]
"""What goes into one request."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Writer:
    """Writes the requests of one gateway. `callback` is where receipts are to be posted; empty: nowhere."""

    def __init__(self, settings: Settings, *, callback: str = "") -> None:
        self._settings = settings
        self._callback = callback if _can_reach(callback, settings.host) else ""
        self._instance = secrets.token_hex(4)
        self._submits = count(1)
        self._headers = login_headers(settings)

    def groups(self, batch: Sequence[Submission]) -> list[Group]:
        """The batch, in order, as one group for each request.

        References are new for every submit, so that no provider takes a later message for a repeated one, also after
        the database was restored and numbers its messages again; retries of a request keep theirs.
        """
        submit = next(self._submits)
        items = [
            Item(index, f"ims-{self._instance}-{submit:x}-{message.message_id:x}", message)
            for index, message in enumerate(batch)
        ]
        if self._settings.batch_by == "messages":
            return list(_chunks(items, self._settings.batch))
        alike: dict[tuple[str | None, str], list[Item]] = {}
        for item in items:
            alike.setdefault((item.message.sender, item.message.text), []).append(item)
        return [chunk for same in alike.values() for chunk in _chunks(same, self._settings.batch)]

    def request(self, group: Group) -> Request:
        """The same group gives the same request, however often it is written."""
        settings = self._settings
        fields = self._fields(group)
        headers = dict(self._headers)
        if settings.idempotency:
            headers[settings.idempotency] = _key(group)
        url, body = settings.url, b""
        if settings.body == "json":
            headers["Content-Type"] = "application/json"
            body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        elif settings.body == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(_flat(fields)).encode()
        else:
            url += ("&" if urlsplit(url).query else "?") + urlencode(_flat(fields))
        return Request(settings.method, url, headers, body)

    def _fields(self, group: Group) -> dict[str, Any]:
        settings = self._settings
        root: dict[str, Any] = {}
        several = settings.batch_by == "recipients"
        made = [group] if several else [[item] for item in group]
        if settings.list:
            write(root, settings.list, [self._message({}, one, several=several) for one in made])
        else:
            self._message(root, made[0], several=several)
        for path, value in settings.tops:
            write(root, path, value)
        if settings.auth == "fields":
            write(root, settings.user_field, settings.user)
            write(root, settings.password_field, settings.password)
        return root

    def _message(self, root: dict[str, Any], items: Group, *, several: bool) -> dict[str, Any]:
        settings, message = self._settings, items[0].message
        numbers = [self._number(item.message.msisdn) for item in items]
        sender = message.sender or settings.sender
        values: list[tuple[Path, Any]] = [
            (settings.to, (numbers if settings.body == "json" else ",".join(numbers)) if several else numbers[0]),
            (settings.from_, self._sender(sender) if sender else None),
            (settings.text, message.text),
            (settings.ref, items[0].ref),
            (settings.callback, self._callback or None),
            *settings.fields,
        ]
        if settings.unicode and message.encoding is Encoding.UCS2:
            values.append(settings.unicode)
        for path, value in values:
            if path and value is not None:
                write(root, path, value)
        return root

    def _number(self, msisdn: str) -> str:
        return msisdn if self._settings.plus else msisdn.removeprefix("+")

    def _sender(self, sender: str) -> str:
        digits = sender.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()) or len(digits) <= SHORT_CODE_DIGITS:
            return sender
        return f"+{digits}" if self._settings.plus else digits


def _chunks(items: Sequence[Item], size: int) -> Iterator[Group]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Nested fields by their dotted names: forms know no others."""
    return dict(_leaves("", fields))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        inside: Iterator[tuple[object, Any]] = iter(cast("dict[str, Any]", value).items())
    elif isinstance(value, list):
        inside = enumerate(cast("list[Any]", value))
    else:
        yield name, value if isinstance(value, str) else json.dumps(value)
        return
    for step, one in inside:
        yield from _leaves(f"{name}.{step}" if name else str(step), one)


def login_headers(settings: Settings) -> dict[str, str]:
    """What every request carries: the login, and the headers the address asks for."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "ims"}
    if settings.auth == "basic":
        login = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {login}"
    elif settings.auth == "token":
        headers["Authorization"] = f"{settings.scheme} {settings.token}".strip()
    return headers | dict(settings.headers)


def _key(group: Group) -> str:
    """The idempotency key: the same for the same messages of one submit."""
    return hashlib.sha256("\n".join(item.ref for item in group).encode()).hexdigest()[:KEY_LENGTH]


def _can_reach(callback: str, host: str) -> bool:
    """A provider elsewhere cannot post to an address of this machine, and would refuse messages that ask for it."""
    return bool(callback) and (not is_loopback(urlsplit(callback).hostname or "") or is_loopback(host))
