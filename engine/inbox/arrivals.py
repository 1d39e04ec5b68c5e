"""What gateways bring, made storable, and whose it is. Pure.

Nothing here raises for what an operator may send: a message that could not be stored would be delivered for ever.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine import numbers
from engine.gateways import Inbound
from engine.inbox.reading import Kind, kind_of
from engine.model import DAY_US, RowReason
from engine.store import Row

TEXT_LENGTH: Final = 4_000
"""Characters kept of a text; phones send ten SMS at most (1,530)."""
ADDRESS_LENGTH: Final = 40
"""Characters kept of an address; 20 octets in SMPP 3.4 §5.2.9."""
KEY_LENGTH: Final = 100
"""A longer key is kept as its digest: cut off, two could be the same."""
OLDEST_US: Final = 946_684_800_000_000
"""2000-01-01: an operator's clock that says less is not set."""
AHEAD_US: Final = DAY_US
"""How far an operator's clock, or its time zone, may be ahead of ours."""
_NUMBER: Final = re.compile(r"\+?(?:00)?([1-9][0-9]{2,14})")
"""Digits of an E.164 number, or of a short one of the operator's own."""
OTHER_FORMS: Final = (
    (re.compile("521([0-9]{10})"), r"52\1"),  # Mexico, until 2019
    (re.compile("54([1-8][0-9]{9})"), r"549\1"),  # Argentina, as dialled inside; what sends SMS is a mobile
)
"""Ways to write mobiles that are still in use, and the one that they are sent to (ITU-T E.164, national plans)."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message from a phone as it is kept. `phone` is a number with plus, or what the operator wrote (then `msisdn` is
    None)."""

    key: str
    phone: str
    msisdn: int | None
    recipient: str
    content: str
    kind: Kind
    sent_us: int


@dataclass(frozen=True, slots=True)
class Whose:
    """`account_id` is whose inbox it is in (None: the operator's), `message_id` of `task_id` what it answers;
    `accounts` are the customers that a STOP or a START is meant for."""

    account_id: int | None = None
    task_id: int | None = None
    message_id: int | None = None
    accounts: tuple[int, ...] = ()


NOBODYS: Final = Whose()


def letters(arrived: Sequence[Inbound], *, now_us: int) -> list[Letter]:
    """In their order, each key once."""
    found: dict[str, Letter] = {}
    for one in arrived:
        letter = _letter(one, now_us)
        found.setdefault(letter.key, letter)
    return list(found.values())


def _letter(one: Inbound, now_us: int) -> Letter:
    content, phone = _storable(one.text)[:TEXT_LENGTH], _storable(one.msisdn).strip()[:ADDRESS_LENGTH]
    digits = _NUMBER.fullmatch(phone)
    number = _as_sent_to(digits[1]) if digits else ""
    return Letter(
        key=_key(one),
        phone=f"+{number}" if number else phone,
        msisdn=int(number) if number else None,
        recipient=_storable(one.recipient).strip()[:ADDRESS_LENGTH],
        content=content,
        kind=kind_of(content),
        sent_us=one.at_us if OLDEST_US <= one.at_us <= now_us + AHEAD_US else now_us,
    )


def _as_sent_to(digits: str) -> str:
    """The form in which messages are sent to a number: a STOP must find them, however its operator writes it."""
    for pattern, form in OTHER_FORMS:
        match = pattern.fullmatch(digits)
        digits = match.expand(form) if match else digits
    found = numbers.parse(f"+{digits}")
    return digits if isinstance(found, RowReason) else found.msisdn.removeprefix("+")


def _key(one: Inbound) -> str:
    """Without a key of the operator's, a message is what it says and when."""
    given = one.key or repr((one.msisdn, one.recipient, one.text, one.at_us))
    if one.key and len(one.key) <= KEY_LENGTH and _storable(one.key) == one.key:
        return one.key
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def _storable(text: str) -> str:
    """As the database takes it and pages show it: halves of surrogate pairs joined or replaced, no control characters
    but line ends and tabs."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub("\ufffd", whole.replace("\r\n", "\n").replace("\r", "\n"))


def whose(recipient: str, sent: Sequence[Row]) -> Whose:
    """Whom a message answers; `sent` are the rows of `inbox.sent_to` for its number.

    The newest message to that number, of those whose sender is the address that was answered if there are any. A number
    that was answered is no brand, so else of those that had no sender ID. A STOP is meant for every account whose
    message it can answer: people do not know whom they answer when many send over one address, and regulators take the
    word of who says stop. The operator's own tests are no campaign: theirs is no account.
    """
    if not sent:
        return NOBODYS
    address = _address(recipient)
    telling = [row for row in sent if address and _address(row["sender"] or "") == address]
    unsigned = [row for row in sent if not row["sender"]] if address.isdecimal() else []
    newest = max(telling or unsigned or sent, key=lambda row: (row["at_us"], row["id"]))
    customers = sorted({row["account_id"] for row in telling or sent if not row["is_operator"]})
    if newest["is_operator"]:
        return Whose(accounts=tuple(customers))
    return Whose(newest["account_id"], newest["task_id"], newest["id"], tuple(customers))


def by_number(sent: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in sent:
        found.setdefault(row["msisdn"], []).append(row)
    return found


def _address(text: str) -> str:
    """Equal for the ways to write one sender: a number with and without plus, a name in any case."""
    plain = text.strip()
    digits = _NUMBER.fullmatch(plain)
    return digits[1] if digits else plain.casefold()
