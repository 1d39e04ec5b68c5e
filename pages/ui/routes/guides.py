"""Kinds of gateway as forms: which fields an operator's letter names, and the address that they make. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from engine.gateways import MASK
from engine.gateways.http import FREE, PARAMETERS
from engine.gateways.smpp.settings import PARAMETERS as SMPP_PARAMETERS
from pages.ui.routes.pieces import (
    FURTHER,
    NO_PIECES,
    Pieces,
    invalid,
    lines_of,
    parameters_of,
    put_together,
    take_apart,
)

MORE: Final = "more"
"""The field for every parameter that has none of its own."""
Values = Mapping[str, str]
"""Field → what it shows: a switch "1" or "0", a number its digits, a secret nothing while the stored one is kept."""


class Shape(StrEnum):
    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - a kind of field, not one
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """`usual` is what an address means that does not say it; `choices` are value → label. `parameter`: it is written
    under its own name into the address."""

    name: str
    label: str
    shape: Shape = Shape.TEXT
    usual: str = ""
    help: str = ""
    placeholder: str = ""
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    least: int = 0
    most: int = 0
    needed: bool = False
    parameter: bool = True


@dataclass(frozen=True, slots=True)
class Guide:
    """A kind of gateway. `read` gives the fields that are no parameters, `write` all but the fields that are."""

    word: str
    label: str
    meaning: str
    schemes: tuple[str, ...]
    fields: tuple[Field, ...]
    read: Callable[[Pieces], dict[str, str]]
    write: Callable[[Values, Pieces], Pieces]
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters that every address of this kind has."""
    quiet: frozenset[str] = frozenset()
    """Parameters that `write` cares for and no field shows."""
    reference: Mapping[str, str] = field(default_factory=dict[str, str])
    """Every parameter → what it means, for those that have no field."""

    @property
    def own(self) -> frozenset[str]:
        """Parameters that cannot stand among the further ones."""
        return frozenset({one.name for one in self.fields} | set(self.fixed) | self.quiet)

    @property
    def further(self) -> dict[str, str]:
        """What can stand among the further parameters, and what it means."""
        return {name: meaning for name, meaning in self.reference.items() if name not in self.own}

    def fits(self, pieces: Pieces) -> bool:
        """Whether an address is of this kind."""
        has = {name: pieces.parameters.get(name) for name in self.fixed}
        return pieces.scheme in self.schemes and has == dict(self.fixed)

    def stored(self, shown: str) -> frozenset[str]:
        """Secrets that an address of this kind holds: fields that may be left empty."""
        pieces = take_apart(shown) if shown else NO_PIECES
        secrets = [one for one in self.fields if one.shape is Shape.SECRET]
        return frozenset(
            one.name for one in secrets if (one.name in pieces.parameters if one.parameter else pieces.password)
        )

    def values_of(self, shown: str) -> dict[str, str]:
        """What the fields show of an address of this kind as it is shown; "" is a new one."""
        pieces = take_apart(shown) if shown else NO_PIECES
        values = {one.name: pieces.parameters.get(one.name, one.usual) for one in self.fields} | self.read(pieces)
        hidden = {one.name: "" for one in self.fields if one.shape is Shape.SECRET}
        further = {name: value for name, value in pieces.parameters.items() if name not in self.own}
        return values | hidden | {MORE: lines_of(further)}

    def address_of(self, values: Values, shown: str = "") -> str:
        """The address that the fields mean, with the mask for a secret of `shown` that is kept. InputError names the
        field that is missing or wrong."""
        before = take_apart(shown) if shown else NO_PIECES
        if before is not NO_PIECES and not self.fits(before):
            before, shown = NO_PIECES, ""
        stored = self.stored(shown)
        for one in self.fields:
            if one.needed and one.name not in stored and not values[one.name].strip():
                raise invalid(one.label, "is missing.", "Your operator or provider gave it to you.")
        written = self.write(values, before)
        parameters = self._parameters(values, before, written)
        _check_hidden(self, written, before, parameters)
        return put_together(replace(written, parameters=parameters), shown)

    def _parameters(self, values: Values, before: Pieces, written: Pieces) -> dict[str, str]:
        found = {**self.fixed, **written.parameters}
        for one in self.fields:
            if not one.parameter:
                continue
            value = values[one.name].strip()
            if one.shape is Shape.SECRET and not value and one.name in before.parameters:
                value = MASK
            if value and value != one.usual:
                found[one.name] = value
        further = parameters_of(values.get(MORE, ""))
        twice = next((name for name in further if name in self.own), None)
        if twice is not None:
            raise invalid(FURTHER, f"“{twice}” has a field of its own.", "Take the line out and use the field.")
        found |= further
        known = [name for name in before.parameters if name in found]
        return {name: found[name] for name in [*known, *(name for name in found if name not in known)]}


def _check_hidden(guide: Guide, written: Pieces, before: Pieces, parameters: Mapping[str, str]) -> None:
    """A stored secret goes nowhere else: it has to be typed again when host, path or user are others."""
    same = (written.scheme, written.user, written.place) == (before.scheme, before.user, before.place)
    if before is NO_PIECES or same or MASK not in (written.password, *parameters.values()):
        return
    secret = next((one.label for one in guide.fields if one.shape is Shape.SECRET), "Password")
    raise invalid(secret, "has to be typed again.", "The address leads elsewhere now, and no stored secret goes there.")


def guide_of(shown: str, guides: tuple[Guide, ...]) -> Guide | None:
    """The kind of an address as it is shown; None when it is none of these."""
    pieces = take_apart(shown)
    return next((guide for guide in guides if guide.fits(pieces)), None)


def _kept(typed: str, before: Pieces) -> str:
    """A password: as typed, or the mask of the one that is stored."""
    return typed or (MASK if before.password else "")


def _yes(value: str) -> bool:
    return value == "1"


# --- SMPP ------------------------------------------------------------------------------------------------------------

PORT: Final = "2775"
TLS_PORT: Final = "3550"
_PLACE: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?/?")


def _smpp_values(pieces: Pieces) -> dict[str, str]:
    tls = pieces.scheme == "smpps" or pieces.parameters.get("tls") == "1"
    found = _PLACE.fullmatch(pieces.place)
    host, port = (found[1], found[2]) if found else (pieces.place, None)
    return {
        "host": host,
        "port": port or (TLS_PORT if tls else PORT),
        "system_id": pieces.user,
        "tls": "1" if tls else "0",
    }


def _smpp_pieces(values: Values, before: Pieces) -> Pieces:
    tls, was = _yes(values["tls"]), _smpp_values(before)
    port = values["port"].strip() or (TLS_PORT if tls else PORT)
    place = f"{values['host'].strip()}:{port}"
    scheme = "smpps" if tls else "smpp"
    if before.scheme and (values["host"].strip(), port, values["tls"]) == (was["host"], was["port"], was["tls"]):
        place, scheme = before.place, before.scheme
    parameters = {"tls": "1"} if tls and scheme == "smpp" else {}
    return Pieces(scheme, values["system_id"].strip(), _kept(values["password"], before), place, parameters)


SMPP: Final = Guide(
    "smpp",
    "SMPP operator",
    "An SMPP 3.4 account. Host, port, system id and password are in your operator's letter, and so are its limits.",
    ("smpp", "smpps"),
    (
        Field("host", "Host", placeholder="smsc.operator.example", needed=True, parameter=False),
        Field("port", "Port", Shape.NUMBER, PORT, least=1, most=65_535, parameter=False),
        Field("system_id", "System id", needed=True, parameter=False),
        Field("password", "Password", Shape.SECRET, needed=True, parameter=False),
        Field(
            "tls",
            "Encrypted (TLS)",
            Shape.SWITCH,
            "0",
            "Checks the operator's certificate. Usually on another port, often 3550.",
            parameter=False,
        ),
        Field("binds", "Connections (binds)", Shape.NUMBER, "1", "At the same time.", least=1, most=8),
        Field(
            "window", "Window", Shape.NUMBER, "50", "Parts on each connection that may await their answer.",
            least=1, most=1_000,
        ),
        Field(
            "tps", "Parts per second, all connections (0: no limit)", Shape.NUMBER, "0",
            "What the operator grants. The throughput of the route is a limit as well.", most=100_000,
        ),
        Field(
            "mode", "Kind of bind", Shape.CHOICE, "trx", "What the operator's letter says; a transceiver is usual.",
            choices={"trx": "Transceiver: sends and receives", "txrx": "A transmitter and a receiver each"},
        ),
        Field(
            "long", "Long messages", Shape.CHOICE, "udh", "How parts are marked so that phones join them.",
            choices={
                "udh": "User data header in each part",
                "sar": "SAR parameters (sar_msg_ref_num)",
                "payload": "Whole, in message_payload",
            },
        ),
        Field(
            "coding", "Default alphabet", Shape.CHOICE, "gsm7", "What data coding 0 means to the operator.",
            choices={"gsm7": "GSM 7-bit", "latin1": "Latin-1", "ascii": "ASCII"},
        ),
        Field(
            "ids", "Message ids in receipts", Shape.CHOICE, "same", "As the operator writes them.",
            choices={
                "same": "As in the answer to the submit",
                "hex_dec": "Decimal, of a hexadecimal one in the answer",
                "dec_hex": "Hexadecimal, of a decimal one in the answer",
            },
        ),
    ),
    _smpp_values,
    _smpp_pieces,
    quiet=frozenset({"tls"}),
    reference={name: parameter.sentence for name, parameter in SMPP_PARAMETERS.items()},
)  # fmt: skip


# --- HTTP providers --------------------------------------------------------------------------------------------------

_REFERENCE: Final = {name: parameter.sentence for name, parameter in PARAMETERS.items()} | {
    f"{name}…": sentence for name, sentence in FREE.items()
}
_TWILIO_PLACE: Final = "api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json"
_VONAGE_PLACE: Final = "rest.nexmo.com/sms/json"
_INFOBIP_PATH: Final = "/sms/3/messages"
_SENDER: Final = Field(
    "sender", "Usual sender", placeholder="+61412345678", help="A number you own, for messages without a sender ID."
)


def _twilio_pieces(values: Values, before: Pieces) -> Pieces:
    sid = values["account_sid"].strip()
    same = before.scheme and before.user == sid
    place = before.place if same else _TWILIO_PLACE.format(sid=sid)
    token = _kept(values["auth_token"], before)
    signed = values["auth_token"] or not before.scheme or "sign_secret" in before.parameters
    return Pieces("https", sid, token, place, {"sign_secret": token} if signed else {})


TWILIO: Final = Guide(
    "twilio",
    "Twilio",
    "Account SID and auth token are on the first page of the Twilio console.",
    ("https",),
    (
        Field("account_sid", "Account SID", placeholder="AC…", needed=True, parameter=False),
        Field(
            "auth_token", "Auth token", Shape.SECRET, help="Also checks the signatures of receipts.", needed=True,
            parameter=False,
        ),
        Field("field.MessagingServiceSid", "Messaging service", placeholder="MG…", help="If you send with one."),
        _SENDER,
    ),
    lambda pieces: {"account_sid": pieces.user},
    _twilio_pieces,
    {"preset": "twilio"},
    frozenset({"sign_secret"}),
    _REFERENCE,
)  # fmt: skip

VONAGE: Final = Guide(
    "vonage",
    "Vonage (SMS API)",
    "Key and secret are in the API settings of the Vonage dashboard.",
    ("https",),
    (
        Field("api_key", "API key", needed=True, parameter=False),
        Field("api_secret", "API secret", Shape.SECRET, needed=True, parameter=False),
        Field(
            "sign_secret", "Signature secret", Shape.SECRET, help="If signed webhooks are switched on in the dashboard."
        ),
        Field(
            "sign_method", "Signature method", Shape.CHOICE, "md5hash", "As chosen in the dashboard.",
            choices={"md5hash": "MD5 hash", "md5": "MD5 HMAC", "sha1": "SHA-1 HMAC", "sha256": "SHA-256 HMAC",
                     "sha512": "SHA-512 HMAC"},
        ),
        _SENDER,
    ),
    lambda pieces: {"api_key": pieces.user},
    lambda values, before: Pieces(
        "https", values["api_key"].strip(), _kept(values["api_secret"], before), before.place or _VONAGE_PLACE, {}
    ),
    {"preset": "vonage"},
    reference=_REFERENCE,
)  # fmt: skip

INFOBIP: Final = Guide(
    "infobip",
    "Infobip",
    "The base URL and the API key are on the home page of the Infobip portal.",
    ("https",),
    (
        Field("base", "Base URL", placeholder="xxxxx.api.infobip.com", needed=True, parameter=False),
        Field("token", "API key", Shape.SECRET, needed=True),
        _SENDER,
    ),
    lambda pieces: {"base": pieces.place.removesuffix(_INFOBIP_PATH)},
    lambda values, _: Pieces(
        "https", "", "", values["base"].strip().removeprefix("https://").strip("/") + _INFOBIP_PATH, {}
    ),
    {"preset": "infobip"},
    reference=_REFERENCE,
)


def _other_values(pieces: Pieces) -> dict[str, str]:
    return {"url": f"{pieces.scheme}://{pieces.place}" if pieces.scheme else "", "user": pieces.user}


def _other_pieces(values: Values, before: Pieces) -> Pieces:
    scheme, slashes, place = values["url"].strip().partition("://")
    if not slashes or scheme.lower() not in ("http", "https") or "@" in place.partition("/")[0] or "#" in place:
        raise invalid("Address", "does not look like https://api.example.com/sms.", "User and password follow below.")
    user = values["user"].strip()
    return Pieces(scheme.lower(), user, _kept(values["password"], before) if user else "", place, {})


OTHER: Final = Guide(
    "generic",
    "Another HTTP provider",
    "Name the fields as the provider's documentation does; dots lead inside, such as content.text.",
    ("https", "http"),
    (
        Field("url", "Address", placeholder="https://api.example.com/sms", needed=True, parameter=False),
        Field("token", "Key or token", Shape.SECRET, help="Sent as header Authorization: Bearer. Or a user below."),
        Field("user", "User", parameter=False),
        Field("password", "Password", Shape.SECRET, parameter=False),
        Field(
            "body", "Sent as", Shape.CHOICE, "json", "How the provider wants the fields.",
            choices={"json": "JSON", "form": "Form", "query": "Parameters of the address"},
        ),
        Field("to", "Field of the number", usual="to"),
        Field("from", "Field of the sender ID", usual="from"),
        Field("text", "Field of the text", usual="text"),
        Field("id", "Where the answer has the message id", usual="id,message_id,messageId"),
        Field("ok", "Where the answer says yes", placeholder="status:0,queued",
              help="The place and the words for it. Empty: an answer with an id is a yes."),
        Field("batch", "Messages in one request", Shape.NUMBER, "1", least=1, most=1_000),
        Field("sign_secret", "Secret that receipts are signed with", Shape.SECRET),
    ),
    _other_values,
    _other_pieces,
    {"preset": "generic"},
    reference=_REFERENCE,
)  # fmt: skip

GUIDES: Final = (SMPP, TWILIO, VONAGE, INFOBIP, OTHER)
