"""What the address of an SMPP route says: `smpp://system_id:password@host:2775?window=50&tps=100`.

`PARAMETERS` is the reference for help pages. User and password are percent-decoded; everything up to the last `@` is
theirs, as where addresses are masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final, Literal, cast
from urllib.parse import unquote

DEFAULT_PORT: Final = 2775
DEFAULT_TLS_PORT: Final = 3550
"""Both as registered with IANA."""
LOGIN_MOST_CHARACTERS: Final = 64
"""The standard allows 15 and 8 (§5.2.1, §5.2.2); operators give out longer ones."""
SYSTEM_TYPE_MOST_CHARACTERS: Final = 12
SERVICE_TYPE_MOST_CHARACTERS: Final = 5
VALIDITY_MOST_H: Final = 30 * 24
DAY_MINUTES: Final = 24 * 60

LongBy = Literal["udh", "sar", "payload"]
Mode = Literal["trx", "txrx"]
Coding = Literal["gsm7", "latin1", "ascii"]
Ids = Literal["same", "hex_dec", "dec_hex"]
ToldFor = Literal["each", "first", "last"]


@dataclass(frozen=True, slots=True)
class Settings:
    """An address, read. `PARAMETERS` says what each parameter means and its bounds."""

    system_id: str
    password: str = field(repr=False)
    host: str
    port: int = DEFAULT_PORT
    window: int = 50
    tps: int = 0
    binds: int = 1
    mode: Mode = "trx"
    tls: bool = False
    ca: str = ""
    tls_name: str = ""
    """Never empty when `tls` is set by an address: the host then."""
    system_type: str = ""
    service_type: str = ""
    long: LongBy = "udh"
    coding: Coding = "gsm7"
    data_coding: int = 0
    ucs2: int = 8
    validity_h: int = 0
    ids: Ids = "same"
    enquire_s: int = 30
    response_s: int = 30
    bind_s: int = 10
    retries: int = 3
    sender_ton: int | None = None
    sender_npi: int | None = None
    dest_ton: int | None = None
    dest_npi: int | None = None
    plus: bool = False
    receipts: int = 1
    receipt_part: ToldFor = "each"
    utc_offset_min: int = 0

    @property
    def coding_of_0(self) -> Coding:
        """The alphabet of data coding 0 in what the operator sends: the route's, unless that has another number."""
        return "gsm7" if self.data_coding else self.coding


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter means. A whole number has `least` and `most`, a choice `words`, a text the most `characters`."""

    sentence: str
    least: int = 0
    most: int = 0
    words: tuple[str, ...] = ()
    characters: int = 0


_SWITCH: Final = ("0", "1")
_TON_MOST: Final = 7
_NPI_MOST: Final = 18

PARAMETERS: Final[dict[str, Parameter]] = {
    "window": Parameter("Parts that may await their answer at the same time, on each connection.", 1, 1_000),
    "tps": Parameter("Most parts per second on the whole route; 0 is no limit.", 0, 100_000),
    "binds": Parameter("Connections at the same time.", 1, 8),
    "mode": Parameter(
        "trx sends and receives on one connection; txrx opens one for each, where the operator wants that.",
        words=("trx", "txrx"),
    ),
    "tls": Parameter("1 encrypts and checks the operator's certificate, as smpps:// does.", words=_SWITCH),
    "ca": Parameter(
        "File (PEM) with the authority of the certificate, if the system does not know it.", characters=400
    ),
    "tls_name": Parameter("Host name in the certificate, when it is not that of the address.", characters=253),
    "system_type": Parameter(
        "Kind of system for the login, if the operator names one.", characters=SYSTEM_TYPE_MOST_CHARACTERS
    ),
    "service_type": Parameter(
        "Service of each message, if the operator names one.", characters=SERVICE_TYPE_MOST_CHARACTERS
    ),
    "long": Parameter(
        "How long messages go out: udh (header in each part), sar (optional parameters), payload (whole, in one).",
        words=("udh", "sar", "payload"),
    ),
    "coding": Parameter(
        "The operator's default alphabet. What it lacks goes out in UCS-2.",
        words=("gsm7", "latin1", "ascii"),
    ),
    "data_coding": Parameter("Data coding of the default alphabet, such as 3 with latin1.", 0, 255),
    "ucs2": Parameter("Data coding of UCS-2.", 0, 255),
    "validity_h": Parameter(
        "Hours after which an undelivered message is given up; 0 is the operator's choice.", 0, VALIDITY_MOST_H
    ),
    "ids": Parameter(
        "How ids in receipts relate to those in answers: same, hex_dec (hexadecimal in answers, decimal in receipts) "
        "or dec_hex.",
        words=("same", "hex_dec", "dec_hex"),
    ),
    "enquire_s": Parameter("Seconds without traffic after which the connection is tested.", 1, 3_600),
    "response_s": Parameter("Seconds until an unanswered message is in doubt.", 1, 600),
    "bind_s": Parameter("Seconds for connecting and for logging in.", 1, 120),
    "retries": Parameter("How often a message is submitted again after a passing fault of the operator.", 0, 20),
    "sender_ton": Parameter("Type of number of every sender, instead of the one for its kind.", 0, _TON_MOST),
    "sender_npi": Parameter("Numbering plan of every sender, instead of the one for its kind.", 0, _NPI_MOST),
    "dest_ton": Parameter("Type of number of recipients, instead of 1 (international).", 0, _TON_MOST),
    "dest_npi": Parameter("Numbering plan of recipients, instead of 1 (E.164).", 0, _NPI_MOST),
    "plus": Parameter("1 writes numbers with a plus.", words=_SWITCH),
    "receipts": Parameter("Asks for receipts: 1 for all, 2 for failures alone, 0 for none.", 0, 2),
    "receipt_part": Parameter(
        "Which parts of a long message have a receipt: each, or the first or last one for all.",
        words=("each", "first", "last"),
    ),
    "utc_offset_min": Parameter(
        "Minutes by which the operator's clock in receipts is ahead of UTC.", -DAY_MINUTES + 1, DAY_MINUTES - 1
    ),
}
"""Everything that may follow the `?` of an address; the defaults are those of `Settings`."""

_EXAMPLE: Final = "smpp://system_id:password@host:2775"
_HOST: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?))(?::(.*))?", re.DOTALL
)


def parse_settings(url: str) -> Settings:
    """An address → settings. Raises ValueError: a sentence that names the parameter at fault and shows no value."""
    scheme, slashes, rest = url.strip().partition("://")
    if scheme.lower() not in ("smpp", "smpps") or not slashes:
        raise ValueError(f"it has to look like {_EXAMPLE}.")
    login, at, place = rest.rpartition("@")
    if not at:
        raise ValueError(f"it has no system id and password. Write {_EXAMPLE}.")
    system_id, password = _login(login)
    authority, _, query = place.partition("?")
    values = _values(query)
    if scheme.lower() == "smpps":
        if values.get("tls") is False:
            raise ValueError("smpps:// is encrypted, and tls=0 says the opposite. Keep one of the two.")
        values["tls"] = True
    elif not values.get("tls") and ("ca" in values or "tls_name" in values):
        raise ValueError("ca and tls_name are of use with tls=1 only. Add it, or begin with smpps://.")
    host, port = _place(authority, encrypted=bool(values.get("tls")))
    settings = replace(Settings(system_id, password, host, port), **cast("dict[str, str]", values))
    return replace(settings, tls_name=settings.tls_name or host) if settings.tls else settings


def _login(login: str) -> tuple[str, str]:
    user, colon, secret = login.partition(":")
    system_id, password = unquote(user), unquote(secret)
    if not system_id or not colon:
        raise ValueError(f"system id or password is missing before the @. Write {_EXAMPLE}.")
    for name, text in (("system id", system_id), ("password", password)):
        if not _is_plain(text):
            raise ValueError(f"the {name} holds a character beyond ASCII, which SMPP does not carry.")
        if len(text) > LOGIN_MOST_CHARACTERS:
            raise ValueError(f"the {name} is longer than {LOGIN_MOST_CHARACTERS} characters.")
    return system_id, password


def _place(authority: str, *, encrypted: bool) -> tuple[str, int]:
    found = _HOST.fullmatch(authority.removesuffix("/"))
    if found is None:
        raise ValueError(f"what follows the @ is no host and port. Write {_EXAMPLE}; nothing but ? comes after it.")
    host, port = found[1] or found[2], found[3]
    if port is None:
        return host, DEFAULT_TLS_PORT if encrypted else DEFAULT_PORT
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ValueError("the port has to be a whole number from 1 to 65,535.")
    return host, int(port)


def _values(query: str) -> dict[str, str | int | bool]:
    values: dict[str, str | int | bool] = {}
    for item in query.split("&") if query else ():
        name, equals, text = item.partition("=")
        if name not in PARAMETERS:
            raise ValueError(_unknown(name if equals else ""))
        if name in values:
            raise ValueError(f"the parameter {name} is given twice. Keep one.")
        values[name] = _value(name, unquote(text))
    return values


def _value(name: str, text: str) -> str | int | bool:
    parameter = PARAMETERS[name]
    if parameter.words:
        if text not in parameter.words:
            raise ValueError(f"{name} has to be {' or '.join(parameter.words)}.")
        return text == "1" if parameter.words is _SWITCH else text
    if parameter.characters:
        if (
            not text
            or not text.isprintable()
            or len(text) > parameter.characters
            or (name != "ca" and not _is_plain(text))
        ):
            raise ValueError(f"{name} has to be a text of 1 to {parameter.characters} characters, or left out.")
        return text
    if not re.fullmatch("-?[0-9]{1,6}", text) or not parameter.least <= int(text) <= parameter.most:
        raise ValueError(f"{name} has to be a whole number from {parameter.least:,} to {parameter.most:,}.")
    return int(text)


def _unknown(name: str) -> str:
    if not re.fullmatch("[A-Za-z_]{1,40}", name):
        name = "…"  # it may be a password gone astray
    near = get_close_matches(name.lower(), PARAMETERS, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no parameter “{name}”.{hint} Known are {', '.join(PARAMETERS)}."


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
