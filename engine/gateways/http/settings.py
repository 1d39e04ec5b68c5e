"""The settings of an HTTP gateway, as `address.parse_settings` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from engine.gateways.base import ReceiptState
from engine.gateways.http.parameters import PARAMETERS, Kind
from engine.gateways.http.paths import Path, Paths
from engine.model import FailReason

SECRET_LEAST: Final = 4
"""Shorter secrets are not looked for in what the provider says: they would hide half of it."""
MASK: Final = "***"

Codes = Mapping[str, str]
"""Provider's code, lower case → a reason, or one of `values.WORDS`."""
States = Mapping[str, tuple[ReceiptState, FailReason | None]]
"""Provider's word, lower case → state and reason."""

_SECRET_NAME: Final = re.compile("pass|pw|secret|token|key|auth|sign", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether the value of a parameter (or of a field in what is sent) has to be hidden, by its name."""
    parameter = PARAMETERS.get(name)
    if parameter is not None:
        return parameter.kind is Kind.SECRET
    return name.startswith("header.") or bool(_SECRET_NAME.search(name))


@dataclass(frozen=True, slots=True)
class Test:
    """Whether one of `words` (lower case) lies at one of `paths`."""

    paths: Paths
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """`url` is what requests go to: without login and without what stands after #. Names are those of the address."""

    url: str = ""
    host: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    preset: str = "generic"
    auth: str = "none"
    token: str = field(default="", repr=False)
    scheme: str = "Bearer"
    user_field: Path = ()
    password_field: Path = ()
    plain: bool = False
    method: str = "POST"
    body: str = "json"
    to: Path = ()
    from_: Path = ()
    text: Path = ()
    ref: Path = ()
    callback: Path = ()
    webhook: str = field(default="", repr=False)
    unicode: tuple[Path, str] | None = None
    plus: bool = True
    sender: str = ""
    list: Path = ()
    batch: int = 1
    batch_by: str = "messages"
    ok: Test | None = None
    id: Paths = ()
    answers: Paths = ()
    parts: bool = False
    answer_to: Paths = ()
    code: Paths = ()
    error: Paths = ()
    codes: Codes = field(default_factory=dict[str, str])
    connections: int = 8
    rps: int = 0
    timeout_s: int = 30
    connect_s: int = 10
    unsent: frozenset[int] = frozenset({429})
    idempotency: str = ""
    retry: bool = False
    dlr_list: Paths = ()
    dlr_id: Paths = ()
    dlr_status: Paths = ()
    states: States = field(default_factory=dict[str, tuple[ReceiptState, FailReason | None]])
    dlr_code: Paths = ()
    dlr_error: Paths = ()
    dlr_codes: Codes = field(default_factory=dict[str, str])
    dlr_to: Paths = ()
    dlr_at: Paths = ()
    reply: int = 200
    signature: str = "none"
    sign_secret: str = field(default="", repr=False)
    sign_header: str = "X-Signature"
    sign_method: str = "sha256"
    mo_when: Test | None = None
    mo_list: Paths = ()
    mo_from: Paths = ()
    mo_to: Paths = ()
    mo_text: Paths = ()
    mo_id: Paths = ()
    mo_at: Paths = ()
    poll: str = ""
    poll_rps: int = 5
    poll_list: Paths = ()
    poll_id: Paths = ()
    poll_status: Paths = ()
    poll_code: Paths = ()
    poll_error: Paths = ()
    poll_to: Paths = ()
    poll_at: Paths = ()
    fields: tuple[tuple[Path, Any], ...] = field(default=(), repr=False)
    """Constants of every message."""
    tops: tuple[tuple[Path, Any], ...] = field(default=(), repr=False)
    """Constants of every request."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def repeatable(self) -> bool:
        """Whether a request whose answer was lost may be sent again without becoming a second message."""
        return bool(self.idempotency) or self.retry

    def scrub(self, said: str) -> str:
        """What a provider said, without any secret of the address that it may have repeated."""
        for secret in self._secrets():
            said = said.replace(secret, MASK)
        return said

    def _secrets(self) -> Iterator[str]:
        held = [self.password or self.user, self.token, self.webhook, self.sign_secret]
        held += [value for _, value in self.headers]
        held += [value for name, value in parse_qsl(urlsplit(self.url).query) if is_secret_name(name)]
        for path, value in (*self.fields, *self.tops):
            if isinstance(value, str) and is_secret_name(".".join(map(str, path))):
                held.append(value)
        return (value for value in sorted(held, key=len, reverse=True) if len(value) >= SECRET_LEAST)
