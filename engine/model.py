"""The words of the product as types: roles, states, reasons, amounts, instants."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol

MICRO: Final = 1_000_000
"""Micro-credits in one credit; every amount of credit is an integer of these."""

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US


class Role(StrEnum):
    OWNER = "owner"
    SENDER = "sender"
    ANALYST = "analyst"
    STAFF = "staff"
    ADMIN = "admin"


CUSTOMER_ROLES: Final = frozenset({Role.OWNER, Role.SENDER, Role.ANALYST})
SENDING_ROLES: Final = frozenset({Role.OWNER, Role.SENDER})
OPERATOR_ROLES: Final = frozenset({Role.STAFF, Role.ADMIN})
EVERY_ROLE: Final = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Built from a checked session (or by the CLI), passed to every public call."""

    user_id: int
    account_id: int
    role: Role
    name: str
    zone: str = "UTC"
    restricted: bool = False
    """Must set up the second step of sign-in before anything else (see `access.allows`)."""
    viewing: bool = False
    """Staff who look at a customer's account: an analyst's reads, and no write of any kind (`engine.access`)."""

    @property
    def is_operator(self) -> bool:
        return self.role in OPERATOR_ROLES


class RowReason(StrEnum):
    """Why a row of a recipients file is not sent to."""

    EMPTY = "empty"
    CHARACTERS = "characters"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COUNTRY = "country"
    NOT_ASSIGNED = "not_assigned"
    NOT_A_COUNTRY = "not_a_country"
    LANDLINE = "landline"
    NOT_MOBILE = "not_mobile"
    PREMIUM = "premium"
    TEST_RANGE = "test_range"
    SPREADSHEET_NUMBER = "spreadsheet_number"
    TWO_NUMBERS = "two_numbers"
    DUPLICATE = "duplicate"
    BLOCKED_COUNTRY = "blocked_country"
    OPTED_OUT = "opted_out"


ROW_SENTENCES: Final[dict[RowReason, str]] = {
    RowReason.EMPTY: "There is no number in this row.",
    RowReason.CHARACTERS: "Has characters that are not part of a phone number. Keep digits and a leading +.",
    RowReason.TOO_SHORT: "Too short for a phone number. Add the country code and all digits.",
    RowReason.TOO_LONG: "Too long for a phone number in that country. Check for extra digits.",
    RowReason.COUNTRY: "The country code is missing or does not exist. Write it in full, such as 61412345678.",
    RowReason.NOT_ASSIGNED: "No such number is in use in that country. Check the digits and the country code.",
    RowReason.NOT_A_COUNTRY: "Belongs to a satellite or global service, not to a country.",
    RowReason.LANDLINE: "A landline: it cannot receive SMS. Use the mobile number.",
    RowReason.NOT_MOBILE: "Not a mobile number (toll-free, personal or service number).",
    RowReason.PREMIUM: "A premium-rate number; these are never sent to.",
    RowReason.TEST_RANGE: "Reserved for films and examples; nobody has this number.",
    RowReason.SPREADSHEET_NUMBER: "The spreadsheet changed this number and digits may be lost. "
    "Format the column as text and enter it again.",
    RowReason.TWO_NUMBERS: "Two numbers in one cell. Give each its own row.",
    RowReason.DUPLICATE: "The same number is in an earlier row; it is sent to once.",
    RowReason.BLOCKED_COUNTRY: "Numbers of mainland China are not served.",
    RowReason.OPTED_OUT: "This person has opted out of your messages and is not sent to.",
}


class NumberKind(StrEnum):
    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    """The country's plan does not tell the two apart (US, CA and others); sent to."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that can receive SMS. `msisdn` is E.164 with plus, `country` ISO 3166 alpha-2."""

    msisdn: str
    country: str
    kind: NumberKind


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


GSM_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of one septet in code order, without ESC (3GPP TS 23.038 §6.2.1)."""

GSM_EXTENSION: Final = "\f^{}\\[~]|€"
"""The characters of two septets, ESC and one more (3GPP TS 23.038 §6.2.1.1)."""


class CountRule(StrEnum):
    """How SMS are counted for billing on a route."""

    MISSION = "160"
    """ceil(n/160) in GSM-7, ceil(n/70) in UCS-2: the default."""
    CARRIER = "carrier"
    """What is on the air: 160 alone or 153 per part; 70 or 67."""


class ChargeOn(StrEnum):
    DELIVERED = "delivered"
    ACCEPTED = "accepted"


class MessageState(StrEnum):
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL_STATES: Final = frozenset(
    {MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED, MessageState.CANCELLED}
)


class TaskState(StrEnum):
    SCHEDULED = "scheduled"
    """Waits for its time."""
    QUEUED = "queued"
    """Due; waits for the route."""
    SENDING = "sending"
    SENT = "sent"
    """Everything was handed to the gateway; receipts are awaited."""
    FINISHED = "finished"
    """Every message is final and every credit settled."""
    CANCELLED = "cancelled"
    """Cancelled before anything was sent; everything was returned."""


class FailReason(StrEnum):
    """Why a message was not delivered, in the operator's categories."""

    ABSENT = "absent"
    BARRED = "barred"
    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    MEMORY_FULL = "memory_full"
    INVALID_NUMBER = "invalid_number"
    SENDER_REFUSED = "sender_refused"
    TOO_LONG = "too_long"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NO_RECEIPT = "no_receipt"
    UNREPORTED = "unreported"
    """As NO_RECEIPT, on a route that charges what its operator accepts."""
    UNDELIVERABLE = "undeliverable"
    CONNECTION_LOST = "connection_lost"
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"


FAIL_SENTENCES: Final[dict[FailReason, tuple[str, str]]] = {
    FailReason.ABSENT: ("The phone was switched off or out of reach.", "Send again in the local daytime."),
    FailReason.BARRED: ("The recipient's line does not accept such messages.", "Ask for another number."),
    FailReason.UNKNOWN_SUBSCRIBER: ("The number is not in service.", "Check it with the recipient."),
    FailReason.MEMORY_FULL: ("The phone's message memory was full.", "Send again later."),
    FailReason.INVALID_NUMBER: ("The operator does not know this number.", "Check the digits and the country code."),
    FailReason.SENDER_REFUSED: ("The operator refused the sender ID.", "Use another sender ID or ask staff."),
    FailReason.TOO_LONG: ("The message was too long for the operator.", "Shorten the message."),
    FailReason.REJECTED: ("The operator refused the message without a reason.", "Try again once, then ask staff."),
    FailReason.EXPIRED: ("The phone stayed off until the message expired.", "Send again in the local daytime."),
    FailReason.NO_RECEIPT: (
        "The operator never told the outcome within 72 hours.",
        "It may have arrived. Ask staff to check.",
    ),
    FailReason.UNREPORTED: (
        "The operator took the message and told no outcome; this route charges for what its operator takes.",
        "Nothing to do. To see who got it, choose a route with receipts.",
    ),
    FailReason.UNDELIVERABLE: ("The operator could not deliver the message.", "Check the number, then send again."),
    FailReason.CONNECTION_LOST: (
        "The connection was lost while sending; the message may have arrived.",
        "Wait for the receipt; it is settled after 72 hours at the latest.",
    ),
    FailReason.CANCELLED: ("You cancelled the task before this message was sent.", "Copy the task to send it."),
    FailReason.OPTED_OUT: (
        "The recipient opted out before this message was sent.",
        "Nothing to do: it was not sent and its credit was returned.",
    ),
}
"""Plain sentence and next step for each reason."""


class MovementKind(StrEnum):
    TOP_UP = "top_up"
    DEBIT = "debit"
    HOLD = "hold"
    CHARGE = "charge"
    RETURN = "return"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class Balance:
    available_micro: int
    held_micro: int


class Clock(Protocol):
    """Source of time, injected so that tests can move it."""

    def now_us(self) -> int:
        """UTC as microseconds since 1970."""
        ...


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1_000


def to_datetime(instant_us: int) -> datetime:
    """Epoch microseconds → aware UTC datetime."""
    return datetime.fromtimestamp(instant_us / SECOND_US, UTC)


def to_us(when: datetime) -> int:
    """Aware datetime → epoch microseconds; a naive one is an error."""
    if when.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return round(when.timestamp() * SECOND_US)


def format_credits(amount_micro: int, *, least_decimals: int = 2) -> str:
    """1_200_000 → "1.20"; thousands grouped; never rounds what exists."""
    sign = "-" if amount_micro < 0 else ""
    whole, rest = divmod(abs(amount_micro), MICRO)
    decimals = f"{rest:06d}".rstrip("0").ljust(least_decimals, "0")
    return f"{sign}{whole:,}.{decimals}" if decimals else f"{sign}{whole:,}"


_CREDITS: Final = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.[0-9]{1,6})?")
"""ASCII digits, thousands in groups of three, a point before at most six decimals: nothing that can be misread."""


def parse_credits(text: str) -> int:
    """ "1,200.50" → micro-credits. Raises ValueError for anything that could mean another amount."""
    plain = text.strip()
    if not _CREDITS.fullmatch(plain):
        raise ValueError(text)
    return int(Decimal(plain.replace(",", "")) * MICRO)
