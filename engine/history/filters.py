"""What may be asked of the records: filters, pages, and whose rows an actor sees. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from engine import numbers
from engine.accounts.forms import NOT_ZONES
from engine.errors import AccessError, InputError
from engine.model import Actor, MessageState, Number
from engine.store import Row, Rows

LEAST_INT: Final = -(2**62)
MOST_INT: Final = 2**62
"""Stand for “from the beginning” and “to the end” of ids and instants; every given bound is kept between them."""
PAGE_ROWS: Final = 50
MAX_PAGE_ROWS: Final = 500
MAX_SEARCH_CHARS: Final = 200
E164_DIGITS: Final = range(7, 16)
"""Lengths of numbers, country code included (ITU-T E.164 §6; the shortest in use have 7)."""

_NUMBER_LIKE: Final = re.compile(r"[\s+()./0-9-]*[0-9][\s+()./0-9-]*")
_S: Final = MessageState


class StateGroup(StrEnum):
    """Groups of message states by what they mean to the sender; accepted wherever a message state is."""

    UNDELIVERED = "undelivered"
    """What the dashboard counts as failed."""
    OPEN = "open"
    """Not final: the credit is still held."""


GROUPED_STATES: Final[dict[StateGroup, tuple[MessageState, ...]]] = {
    StateGroup.UNDELIVERED: (_S.FAILED, _S.EXPIRED),
    StateGroup.OPEN: (_S.QUEUED, _S.SUBMITTING, _S.SUBMITTED, _S.IN_DOUBT),
}
MOST_GROUPED: Final = 4
"""States in the largest group; the SQL has as many places."""


class Order(StrEnum):
    """In which order records come; the numbers are the largest first, then the newest."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RECIPIENTS = "recipients"
    """Of a dispatch: the messages it took on."""
    HELD = "held"
    CHARGED = "charged"
    FAILED = "failed"


BY_TIME: Final = frozenset({Order.NEWEST.value, Order.OLDEST.value})
"""The orders of messages: ids are in the order of time, so a page of ten million is found at once; any other order
would have to sort them all."""
After = int | tuple[int, int]
"""Where a page ended: an id, or (value, id) where a value decides the order."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records; everything None or empty means all of them.

    `start_us` ≤ instant < `end_us`: when a task was due, a dispatch started, a message was accepted, credit moved.
    With `by_due` messages are chosen by when their task was due, as the dashboard counts them.
    `state` is a TaskState, a dispatch state, a MessageState or StateGroup, or a MovementKind.
    `search` is part of a task's name; for messages also a number or how it begins, for movements also the note.
    `sender` is a sender ID exactly, `member_id` who submitted the task (of movements: who moved the credit).
    `order` is an Order; messages know newest and oldest only.
    `account_id` is for operators; customers see their own account, and another one is not found for them.
    `weekday` (1 is Monday) and `hour` (0–23) are for messages: when their task was due, in the reader's zone.
    """

    start_us: int | None = None
    end_us: int | None = None
    search: str = ""
    state: str | None = None
    route_id: int | None = None
    country: str | None = None
    task_id: int | None = None
    account_id: int | None = None
    reason: str | None = None
    by_due: bool = False
    weekday: int | None = None
    hour: int | None = None
    sender: str | None = None
    member_id: int | None = None
    order: str = Order.NEWEST.value

    @property
    def from_us(self) -> int:
        return bounded(self.start_us, LEAST_INT)

    @property
    def below_us(self) -> int:
        return bounded(self.end_us, MOST_INT)

    @property
    def text(self) -> str:
        return storable(self.search).strip()[:MAX_SEARCH_CHARS]

    @property
    def route(self) -> int | None:
        return None if self.route_id is None else bounded(self.route_id, MOST_INT)

    @property
    def member(self) -> int | None:
        return None if self.member_id is None else bounded(self.member_id, MOST_INT)

    @property
    def sender_id(self) -> str | None:
        return storable(self.sender) if self.sender else None

    @property
    def country_code(self) -> str | None:
        return storable(self.country.upper()) if self.country else None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order asked for, and what to ask on `after`; None when these are the last."""

    rows: Rows
    next_after: After | None


def page_of(rows: Rows, limit: int, order: str = Order.NEWEST.value) -> Page:
    """`rows` were asked for with one more than `limit`."""
    more = len(rows) > limit
    return Page(rows[:limit], _end_of(rows[limit - 1], order) if more else None)


def _end_of(row: Row, order: str) -> After:
    if order in BY_TIME:
        return row["id"]
    return row["sort_key"], row["id"]


def start_of(after: After | None, order: str) -> tuple[int, int]:
    """(key, id) that the rows of a page come after, where the largest key is first."""
    if after is None:
        return MOST_INT, MOST_INT
    if isinstance(after, tuple):
        return bounded(after[0], MOST_INT), bounded(after[1], MOST_INT)
    place = bounded(after, MOST_INT)
    return (-place if order == Order.OLDEST else place), LEAST_INT


def id_of(after: After | None, default: int) -> int:
    """The id that rows in the order of time come after."""
    return bounded(after[1] if isinstance(after, tuple) else after, default)


def storable(text: str) -> str:
    """As the database takes it: half of a surrogate pair cannot be stored, so it is not looked for."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")


def page_limit(limit: int) -> int:
    return min(max(limit, 1), MAX_PAGE_ROWS)


def bounded(value: int | None, default: int) -> int:
    """Keeps what people put into addresses within what the database can hold."""
    return default if value is None else min(max(value, LEAST_INT), MOST_INT)


def scope_of(actor: Actor, account_id: int | None) -> int | None:
    """The account whose rows are shown; None is every account, for operators only."""
    if actor.is_operator:
        return None if account_id is None else known_id(account_id, "account")
    if account_id is not None and account_id != actor.account_id:
        raise AccessError("not_found", what="account")
    return actor.account_id


def known_id(value: int, what: str) -> int:
    """An id that can exist; others are refused as unknown ones are."""
    if not 0 < value < MOST_INT:
        raise AccessError("not_found", what=what)
    return value


def one_of(value: str | None, known: type[StrEnum] | frozenset[str], field: str) -> str | None:
    """Checks a chosen word; raises InputError naming those there are."""
    words = known if isinstance(known, frozenset) else frozenset(member.value for member in known)
    if value is None or value in words:
        return value
    raise InputError(
        "invalid", field=field, problem="is not known.", remedy=f"Choose one of {', '.join(sorted(words))}."
    )


def zone_of(name: str) -> ZoneInfo:
    """A time zone by name; raises InputError for one there is not."""
    with suppress(ValueError, OSError, LookupError):  # no path, a folder, unknown
        if name not in NOT_ZONES:
            return ZoneInfo(name)
    raise InputError(
        "invalid", field="Time zone", problem=f"“{name[:50]}” is not known.", remedy="Use one such as Europe/Paris."
    )


def message_states(state: str | None) -> tuple[MessageState, ...]:
    """The states a message may have under a filter; empty means any."""
    if state is None:
        return ()
    if state in GROUPED_STATES:
        return GROUPED_STATES[StateGroup(state)]
    one_of(state, frozenset([*MessageState, *StateGroup]), "Status")
    return (MessageState(state),)


@dataclass(frozen=True, slots=True)
class NumberSearch:
    """Numbers asked for: one exactly, all that begin so (`ranges`: lowest, highest, lowest, …), or all that end so."""

    exact: int | None = None
    ranges: tuple[int, ...] | None = None
    divisor: int | None = None
    rest: int | None = None


NO_NUMBER_SEARCH: Final = NumberSearch()


def number_search(text: str) -> NumberSearch | None:
    """Reads a search as a phone number; None when it is words.

    A whole number with its country code, written in any usual way (`+61 412 345 678`, `0061…`), is looked for exactly;
    fewer digits are how the number begins; with one leading zero (`0412 345`) they are how it is dialled at
    home, so the digits after the zero are how it ends.
    """
    if not _NUMBER_LIKE.fullmatch(text):
        return None
    whole = numbers.parse(text)
    if isinstance(whole, Number):
        return NumberSearch(exact=int(whole.msisdn.removeprefix("+")))
    digits = re.sub(r"[^0-9]", "", text)
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0") and len(digits) > 1:
        ending = digits[1:][: E164_DIGITS[-1]]
        return NumberSearch(divisor=10 ** len(ending), rest=int(ending))
    return NumberSearch(ranges=_ranges(digits))


def _ranges(prefix: str) -> tuple[int, ...]:
    """For each length of numbers the lowest and highest that begin so; (1, 0) holds none."""
    found: list[int] = []
    for length in E164_DIGITS:
        missing = length - len(prefix)
        possible = missing >= 0 and prefix and not prefix.startswith("0")
        lowest = int(prefix) * 10**missing if possible else 1
        found += [lowest, lowest + 10**missing - 1 if possible else 0]
    return tuple(found)
