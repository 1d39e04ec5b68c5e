"""What a provider says of messages it has taken → receipts, and messages from phones. Pure.

The same tables read what it posts to us and what it answers when asked.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from engine.gateways.base import Inbound, Receipt, ReceiptState
from engine.gateways.http.paths import Paths, read_list, read_word
from engine.gateways.http.settings import Settings
from engine.model import SECOND_US, FailReason, to_us

MOST_ITEMS: Final = 10_000
"""Receipts in one post."""
REF_LENGTH: Final = 200
CODE_LENGTH: Final = 40
DETAIL_LENGTH: Final = 200
TEXT_LENGTH: Final = 10_000
CODE_PREFIX: Final = "err:"
"""Begins the codes of receipts, as an answer's code of the same number can mean something else."""
NO_ERROR: Final = frozenset({"", "0", "000", "no_error"})
OLDEST_US: Final = 30 * 86_400 * SECOND_US
"""A time further back is not believed."""


class Places(NamedTuple):
    """Where to look in one receipt."""

    listed: Paths
    ref: Paths
    status: Paths
    code: Paths
    error: Paths
    to: Paths
    at: Paths


def posted_places(settings: Settings) -> Places:
    one = settings
    return Places(one.dlr_list, one.dlr_id, one.dlr_status, one.dlr_code, one.dlr_error, one.dlr_to, one.dlr_at)


def asked_places(settings: Settings) -> Places:
    one, usual = settings, posted_places(settings)
    own = (one.poll_list, one.poll_id, one.poll_status, one.poll_code, one.poll_error, one.poll_to, one.poll_at)
    return Places(*(here or there for here, there in zip(own, usual, strict=True)))


def items_of(said: Any, listed: Paths) -> list[Any]:
    """The receipts in what was said: a list at its place or by itself, or the one it is. Raises ValueError."""
    found = read_list(said, listed) if listed else None
    if found is None:
        found = read_list(said, ())
    items = [said] if found is None else found
    if len(items) > MOST_ITEMS:
        raise ValueError(f"more than {MOST_ITEMS} receipts at once")
    return items


def read_receipt(settings: Settings, places: Places, item: Any, *, now_us: int) -> Receipt | None:
    """None when it does not name a message and a state that the table of states has."""
    ref = read_word(item, places.ref)
    status = read_word(item, places.status)
    known = settings.states.get(status.lower())
    if not ref or len(ref) > REF_LENGTH or not ref.isprintable() or known is None:
        return None
    state, usual = known
    code = _line(settings, read_word(item, places.code))[:CODE_LENGTH]
    reason = None
    if state in {ReceiptState.FAILED, ReceiptState.EXPIRED}:
        reason = _reason(settings.dlr_codes.get(code.lower(), "")) or usual
        reason = reason or (FailReason.EXPIRED if state is ReceiptState.EXPIRED else FailReason.UNDELIVERABLE)
    return Receipt(
        ref,
        state,
        _at_us(read_word(item, places.at), now_us),
        reason,
        _line(settings, " ".join(part for part in (status, code, read_word(item, places.error)) if part)),
        "" if code.lower() in NO_ERROR else f"{CODE_PREFIX}{code}",
        e164(read_word(item, places.to)),
    )


def is_inbound(settings: Settings, item: Any) -> bool:
    """Whether it is a message from a phone rather than a receipt."""
    if settings.mo_when:
        return read_word(item, settings.mo_when.paths).lower() in settings.mo_when.words
    return not read_word(item, settings.dlr_status) and bool(read_word(item, settings.mo_from))


def read_inbound(settings: Settings, item: Any, *, now_us: int) -> Inbound | None:
    """None when the sender is no number."""
    msisdn = e164(read_word(item, settings.mo_from))
    if not msisdn:
        return None
    recipient, text = _text(read_word(item, settings.mo_to))[:40], _text(read_word(item, settings.mo_text))
    at = read_word(item, settings.mo_at)
    key = _text(read_word(item, settings.mo_id))[:REF_LENGTH]
    if not key:
        key = hashlib.sha256("\0".join((msisdn, recipient, text, _text(at))).encode()).hexdigest()
    return Inbound(msisdn, recipient, text, _at_us(at, now_us), key)


def e164(number: str) -> str:
    """A number as providers write it → E.164 with plus; empty when it is none."""
    digits = re.sub(r"[ ().+-]", "", number).removeprefix("00")
    return f"+{digits}" if re.fullmatch("[1-9][0-9]{6,14}", digits) else ""


def _text(said: str) -> str:
    """Text as a database takes it: no halves of characters, no zero bytes; bounded."""
    return said[:TEXT_LENGTH].encode("utf-8", "replace").decode().replace("\0", "�")


def _reason(meaning: str) -> FailReason | None:
    if meaning == "sender_here":
        return FailReason.SENDER_REFUSED
    return FailReason(meaning) if meaning in set(FailReason) else None


def _line(settings: Settings, said: str) -> str:
    line = " ".join(settings.scrub(said).split())
    return "".join(character if character.isprintable() else "�" for character in line)[:DETAIL_LENGTH]


def _at_us(text: str, now_us: int) -> int:
    """A provider's time; `now_us` when there is none, or one that cannot be: later than now, or older than a month."""
    try:
        found = _instant_us(text) if text else None
    except (ValueError, OverflowError):
        found = None
    return found if found is not None and now_us - OLDEST_US <= found <= now_us else now_us


def _instant_us(text: str) -> int:
    """ISO 8601, an RFC 5322 date, seconds or milliseconds since 1970, or yymmddhhmm; UTC where no zone is named.
    Raises ValueError."""
    if re.fullmatch("1[0-9]{9}(?:[0-9]{3})?", text):
        return int(text.ljust(16, "0"))
    if re.fullmatch("[0-9]{10}", text):
        when = datetime.strptime(text, "%y%m%d%H%M").replace(tzinfo=UTC)
    elif "," in text:
        when = parsedate_to_datetime(text)
    else:
        when = datetime.fromisoformat(text)
    return to_us(when if when.tzinfo else when.replace(tzinfo=UTC))
