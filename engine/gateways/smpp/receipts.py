"""deliver_sm → delivery receipt, message from a phone, or something unreadable. Pure, and raises for nothing.

A receipt says its id and state in optional parameters, in a text, or in both. The text has a customary form (SMPP 3.4
appendix B) that operators vary in order, case, fields and dates; ids may be decimal there and hexadecimal in answers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from engine.gateways.base import Inbound, Receipt, ReceiptState
from engine.gateways.smpp.alphabets import UCS2, text_of
from engine.gateways.smpp.codec import Sm, Tag
from engine.gateways.smpp.inbound import UDHI, SegmentOfInbound, Unreadable, e164, read_inbound, without_header
from engine.gateways.smpp.settings import Ids, Settings
from engine.model import DAY_US, MINUTE_US, FailReason

__all__ = ["SegmentOfInbound", "Unreadable", "answer_ref", "read_deliver"]

MOST_TEXT_CHARACTERS: Final = 1_000
"""Of a receipt; the form has 120. What follows is not looked at."""
MOST_ID_CHARACTERS: Final = 100
"""The standard has 64 (§5.2.23)."""
OLDEST_DATE_US: Final = 7 * DAY_US
"""An earlier date is a clock gone wrong: the time of arrival is nearer the truth."""
KEPT_DATES: Final = 1_024

_KIND: Final = 0x3C
"""esm_class: what sort of message this is (§5.2.12)."""
_RECEIPT: Final = 0x04
_INTERMEDIATE: Final = 0x20

# Aliases: reading a member of an enum costs more than what is done with it.
_ID: Final = int(Tag.RECEIPTED_MESSAGE_ID)
_STATE: Final = int(Tag.MESSAGE_STATE)
_NETWORK_ERROR: Final = int(Tag.NETWORK_ERROR_CODE)
_PAYLOAD: Final = int(Tag.MESSAGE_PAYLOAD)
_ENROUTE: Final = ReceiptState.ENROUTE
_DELIVERED: Final = ReceiptState.DELIVERED
_FAILED: Final = ReceiptState.FAILED
_EXPIRED: Final = ReceiptState.EXPIRED

_Meaning = tuple[str, ReceiptState, FailReason | None]

_BY_NUMBER: Final[dict[int, _Meaning]] = {
    0: ("SCHEDULED", _ENROUTE, None),
    1: ("ENROUTE", _ENROUTE, None),
    2: ("DELIVRD", _DELIVERED, None),
    3: ("EXPIRED", _EXPIRED, FailReason.EXPIRED),
    4: ("DELETED", _FAILED, FailReason.UNDELIVERABLE),
    5: ("UNDELIV", _FAILED, FailReason.UNDELIVERABLE),
    6: ("ACCEPTD", _ENROUTE, None),
    7: ("UNKNOWN", _FAILED, FailReason.UNDELIVERABLE),
    8: ("REJECTD", _FAILED, FailReason.REJECTED),
    9: ("SKIPPED", _FAILED, FailReason.UNDELIVERABLE),
}
"""message_state (§5.2.28; 0 and 9 are of version 5) → word of the text form, state, reason."""

_BEGINNING: Final = 5
_BY_WORD: Final[dict[str, _Meaning]] = {meaning[0][:_BEGINNING]: meaning for meaning in _BY_NUMBER.values()} | {
    "FAILE": _BY_NUMBER[5],
    "BUFFE": _BY_NUMBER[1],
}
"""By how the word begins: DELIVRD, DELIVERED and delivred are the same."""

ERRORS: Final[dict[int, FailReason]] = {
    1: FailReason.UNKNOWN_SUBSCRIBER,
    5: FailReason.UNKNOWN_SUBSCRIBER,  # unidentified
    6: FailReason.ABSENT,  # for short messages
    9: FailReason.BARRED,  # illegal subscriber
    10: FailReason.BARRED,  # bearer service not provisioned
    11: FailReason.BARRED,  # teleservice not provisioned
    12: FailReason.BARRED,  # illegal equipment
    13: FailReason.BARRED,
    21: FailReason.BARRED,  # facility not supported
    27: FailReason.ABSENT,
    31: FailReason.ABSENT,  # busy for short messages
    32: FailReason.MEMORY_FULL,
    33: FailReason.ABSENT,  # too many messages wait for the phone
}
"""`err` of a receipt, read as an error of GSM MAP (3GPP TS 29.002 §17.6): what most operators pass on. Those of one
operator alone belong into its route's table of codes."""

_STANDARD: Final = re.compile(
    r"id:(\S+) sub:\S* dlvrd:\S* submit date:\S* done date:(\S*) stat:(\S+) err:(\S*)", re.IGNORECASE
)
_FIELD: Final = re.compile(
    r"(?<![a-z])((?:msg)?id|sub|dlvrd|submit.?date|done.?date|stat(?:us)?|err(?:or)?)\s*:\s*([^\s,;:]*+)(?!:)",
    re.IGNORECASE,
)
_QUOTE: Final = re.compile(r"(?<![a-z])te?xt\s*:", re.IGNORECASE)
_LOOKS_LIKE_ONE: Final = re.compile(
    r"\s*id:\S+ (?=.{0,200}\b(?:dlvrd|done date):).{0,300}\bstat:[a-z]{5}", re.IGNORECASE | re.DOTALL
)
_ERROR: Final = re.compile("[0-9A-Za-z]{1,8}")
_DATE: Final = re.compile("(?:20)?([0-9]{10})([0-9]{2})?")


_NAMES: Final = {"id": "id", "don": "done", "sta": "stat", "err": "err"}


def read_deliver(sm: Sm, settings: Settings, now_us: int) -> Receipt | Inbound | SegmentOfInbound | Unreadable:
    """What a deliver_sm (or data_sm) brings; `now_us` stands in for a time it does not give.

    A receipt without the bit that marks one is known by its parameters or by the whole customary form of its text.
    """
    tlvs = dict(sm.tlvs) if sm.tlvs else {}
    data = sm.short_message or tlvs.get(_PAYLOAD, b"")
    kind = sm.esm_class & _KIND
    if kind in (_RECEIPT, _INTERMEDIATE) or (_ID in tlvs and _STATE in tlvs):
        return _receipt(sm, data, tlvs, settings, now_us)
    if not sm.esm_class & UDHI and _LOOKS_LIKE_ONE.match(data[:MOST_TEXT_CHARACTERS].decode("latin-1")):
        return _receipt(sm, data, tlvs, settings, now_us)
    return read_inbound(sm, data, tlvs, settings, now_us)


def answer_ref(message_id: str, settings: Settings) -> str:
    """The id of a submit_sm_resp as it is kept; `read_deliver` gives the same for the receipts of that message."""
    message_id = message_id.strip()
    if settings.ids == "hex_dec":
        return _rewritten(message_id, 16, "x")
    if settings.ids == "dec_hex":
        return _rewritten(message_id, 10, "d")
    return message_id


def _receipt(sm: Sm, data: bytes, tlvs: dict[int, bytes], settings: Settings, now_us: int) -> Receipt | Unreadable:
    in_text, done, stat, err = _fields_of(sm, data, settings, whole=_ID not in tlvs)
    meaning = _BY_WORD.get(stat[:_BEGINNING].upper())
    in_parameter = ""
    if tlvs:
        in_parameter = tlvs.get(_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
        meaning = _BY_NUMBER.get(int.from_bytes(tlvs.get(_STATE) or b"\xff", "big"), meaning)
        if not err and _NETWORK_ERROR in tlvs:
            err = str(int.from_bytes(tlvs[_NETWORK_ERROR][1:3], "big"))
    ref = _receipt_ref(in_text, in_parameter, settings.ids)
    if not ref or len(ref) > MOST_ID_CHARACTERS or not ref.isprintable():
        return Unreadable(f"receipt without an id: {_shown(data)}")
    if meaning is None:
        return Unreadable(f"receipt for {ref} without a known state: {_shown(data)}")
    word, state, reason = meaning
    error = err if err == "000" else _error(err)
    if sm.esm_class & _KIND == _INTERMEDIATE:
        state, reason = _ENROUTE, None
    code = f"err:{error}" if reason and error.strip("0") else ""
    if code and state is _FAILED and error.isdecimal():
        reason = ERRORS.get(int(error), reason)
    return Receipt(
        ref,
        state,
        _at_us(done, settings, now_us),
        reason,
        f"stat:{word} err:{error}" if error else f"stat:{word}",
        code,
        e164(sm.source, sm.source_ton) or e164(sm.destination, sm.dest_ton),
    )


def _fields_of(sm: Sm, data: bytes, settings: Settings, *, whole: bool) -> tuple[str, str, str, str]:
    """Id, date of the end, state and error, empty where there is none.

    `whole`: fields may come after `text:` too. The customer's own words follow it and may look like fields, so they
    count only where nothing else names the message.
    """
    if sm.data_coding and sm.data_coding in (settings.ucs2, UCS2):
        text = text_of(
            data[: 2 * MOST_TEXT_CHARACTERS], sm.data_coding, default=settings.coding_of_0, ucs2=settings.ucs2
        )
    else:  # whatever the alphabet, fields are letters and digits of ASCII
        text = without_header(sm, data)[:MOST_TEXT_CHARACTERS].decode("latin-1")
    standard = _STANDARD.match(text)
    if standard:
        return standard[1], standard[2], standard[3], standard[4]
    quote = _QUOTE.search(text)
    named = _named(text[: quote.start()] if quote else text)
    if quote and whole and not {"id", "stat"} <= named.keys():
        named = _named(text[quote.end() :]) | named
    return named.get("id", ""), named.get("done", ""), named.get("stat", ""), named.get("err", "")


def _named(text: str) -> dict[str, str]:
    """Field → its first value that is not empty."""
    found: dict[str, str] = {}
    for key, value in _FIELD.findall(text):
        name = _NAMES.get(key[-2:].lower() if key[-1:] in "dD" else key[:3].lower())
        if name and value:
            found.setdefault(name, value)
    return found


def _receipt_ref(in_text: str, in_parameter: str, ids: Ids) -> str:
    """Where answers and receipts write ids differently, it is the text that does; the parameter is often like the
    answer."""
    if ids == "same":
        return in_parameter or in_text
    receipt_id = in_text or in_parameter
    if ids == "dec_hex":
        return _rewritten(receipt_id, 16, "d")
    return _rewritten(receipt_id, 10 if receipt_id.isdecimal() else 16, "x")


def _rewritten(number: str, base: int, form: str) -> str:
    """The number in the form of answers, without leading zeros; as it is when it is no such number."""
    if len(number) > MOST_ID_CHARACTERS or not re.fullmatch("[0-9]+" if base == 10 else "[0-9A-Fa-f]+", number):
        return number
    return format(int(number, base), form)


def _error(err: str) -> str:
    """`32` → `032`; empty for what is no code."""
    if not _ERROR.fullmatch(err):
        return ""
    return err.zfill(3) if err.isdecimal() else err.upper()


def _at_us(date: str, settings: Settings, now_us: int) -> int:
    at_us = _date_us(date)
    if at_us is None:
        return now_us
    at_us -= settings.utc_offset_min * MINUTE_US
    return min(at_us, now_us) if at_us > now_us - OLDEST_DATE_US else now_us


@lru_cache(maxsize=KEPT_DATES)
def _date_us(date: str) -> int | None:
    """YYMMDDhhmm or YYMMDDhhmmss, also with the whole year; None for anything else."""
    found = _DATE.fullmatch(date)
    if not found:
        return None
    try:
        at = datetime.strptime(f"{found[1]}{found[2] or '00'}", "%y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * 1_000_000


def _shown(data: bytes) -> str:
    text = data[:120].decode("latin-1")
    return "".join(character if character.isprintable() else "·" for character in text) or "no text"
