"""What of the settings fits together. Every refusal is a ValueError with a whole sentence, without secrets."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from engine.gateways.http.paths import Path
from engine.gateways.http.settings import Settings
from engine.gateways.http.values import HEADER_NAME

_PLAIN_HOST: Final = re.compile(r"[^.]+|.*\.(?:local|internal|lan|home\.arpa|localhost)", re.IGNORECASE)


def is_private(host: str) -> bool:
    """Whether a host is this machine or in one's own network, by its name or address alone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(_PLAIN_HOST.fullmatch(host))
    return address.is_loopback or address.is_private or address.is_link_local


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def check(settings: Settings) -> None:
    """Raises ValueError where parameters contradict each other or lack what they need."""
    _check_login(settings)
    _check_request(settings)
    _check_addresses(settings)
    _check_reading(settings)


def _check_login(settings: Settings) -> None:
    if settings.auth in {"basic", "fields"} and not settings.user:
        raise ValueError(f"auth={settings.auth} needs user:password@ before the host.")
    if settings.auth == "token" and not settings.token:
        raise ValueError("auth=token needs the parameter token.")
    if settings.auth == "fields" and not (settings.user_field and settings.password_field):
        raise ValueError("auth=fields needs user_field and password_field.")
    if not settings.token.isascii() or not re.fullmatch("[A-Za-z0-9-]{0,30}", settings.scheme):
        raise ValueError("token and scheme can hold ASCII characters only.")
    if settings.url.startswith("http:") and not (settings.plain or is_private(settings.host)):
        raise ValueError(
            "messages and login would go over the internet without encryption. Use https, or plain=1 if that is meant."
        )


def _check_request(settings: Settings) -> None:
    if not settings.to or not settings.text:
        raise ValueError("the fields to and text cannot be empty: a message needs both.")
    if settings.method == "GET" and settings.body != "query":
        raise ValueError("method=GET needs body=query.")
    if settings.body != "json" and (settings.list or (settings.batch > 1 and settings.batch_by == "messages")):
        raise ValueError("a list of messages needs body=json.")
    if settings.batch > 1 and settings.batch_by == "messages" and not settings.list:
        raise ValueError("batch needs the parameter list, or batch_by=recipients.")
    if settings.batch > 1 and settings.id and not settings.answers:
        raise ValueError("batch with id needs answers: one id for all would give all of them the first receipt.")
    if settings.parts and (settings.batch > 1 or not settings.answers):
        raise ValueError("parts=1 needs answers, and batch=1.")
    if settings.retry and not settings.ref:
        raise ValueError("retry=1 needs the parameter ref.")
    if settings.idempotency and not HEADER_NAME.fullmatch(settings.idempotency):
        raise ValueError("idempotency is not the name of a header.")
    _check_places(settings)


def _check_places(settings: Settings) -> None:
    """No two fields may claim the same place, or one a place inside another."""
    item = [settings.to, settings.from_, settings.text, settings.ref, settings.callback]
    item += [settings.unicode[0]] if settings.unicode else []
    item += [path for path, _ in settings.fields]
    top = [settings.list, *(path for path, _ in settings.tops)]
    top += [settings.user_field, settings.password_field] if settings.auth == "fields" else []
    for paths in (item, top) if settings.list else ([*item, *top],):
        named = [path for path in paths if path]
        if any(_collide(one, other) for index, one in enumerate(named) for other in named[:index]):
            raise ValueError("two fields claim the same place in what is sent.")


def _collide(one: Path, other: Path) -> bool:
    for left, right in zip(one, other, strict=False):
        if isinstance(left, int) != isinstance(right, int):
            return True  # a list and an object
        if left != right:
            return False
    return True


def _check_addresses(settings: Settings) -> None:
    if settings.poll:
        if "{id}" not in settings.poll or urlsplit(settings.poll).scheme:
            raise ValueError("poll is an address relative to the gateway's own, with {id} in it: Messages/{id}.json.")
        if urlsplit(urljoin(settings.url, settings.poll)).netloc != urlsplit(settings.url).netloc:
            raise ValueError("poll leads to another host. Write an address relative to the gateway's own.")
    if settings.webhook and not re.fullmatch(r"https?://[!-~]{1,500}", settings.webhook):
        raise ValueError("webhook is not an address that begins with https://.")
    if not HEADER_NAME.fullmatch(settings.sign_header):
        raise ValueError("sign_header is not the name of a header.")


def _check_reading(settings: Settings) -> None:
    if not settings.id and not settings.ref:
        raise ValueError("id or ref has to be given: receipts name a message by one of them.")
    if not settings.dlr_id or not settings.dlr_status:
        raise ValueError("dlr_id and dlr_status cannot be empty: a receipt needs both.")
    if settings.sign_secret and settings.signature == "none":
        raise ValueError("sign_secret needs the parameter signature.")
