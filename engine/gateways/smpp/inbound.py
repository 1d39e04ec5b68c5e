"""deliver_sm of a phone → a message, or a part of one. Pure.

Source: SMPP 3.4 §4.6; 3GPP TS 23.040 §9.2.3.24 (header of a text and its elements).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from engine.gateways.base import Inbound
from engine.gateways.smpp.alphabets import text_of
from engine.gateways.smpp.codec import Sm, Tag
from engine.gateways.smpp.settings import Settings
from engine.model import MINUTE_US

UDHI: Final = 0x40
"""esm_class: the text begins with a header."""
AGAIN_WITHIN_US: Final = 10 * MINUTE_US
"""Nothing in a deliver_sm names the message. The same words from the same phone within such a stretch of the clock are
taken for the operator's repetition of what we did not acknowledge."""
_CONCATENATED_8: Final = 0x00
_CONCATENATED_16: Final = 0x08
_E164: Final = re.compile("[1-9][0-9]{6,14}")
_NATIONAL_TON: Final = 2


class SegmentOfInbound(NamedTuple):
    """A part of a long message from a phone: number `number` of `total`; those of one message share the rest.

    `body` are the bytes after the header: a character may lie across two parts, so `join` reads all at once.
    """

    msisdn: str
    recipient: str
    reference: int
    total: int
    number: int
    body: bytes
    data_coding: int
    at_us: int
    key: str


class Unreadable(NamedTuple):
    """A deliver_sm that says nothing we can use. It is acknowledged, or the operator sends it for ever."""

    detail: str


def read_inbound(
    sm: Sm, data: bytes, tlvs: dict[int, bytes], settings: Settings, now_us: int
) -> Inbound | SegmentOfInbound | Unreadable:
    """`data` is the text of `sm`, wherever it was carried."""
    msisdn = e164(sm.source, sm.source_ton)
    if not msisdn:
        return Unreadable(f"message from “{sm.source[:20]}”, which is no number with a country code")
    place = (0, 1, 1)
    if sm.esm_class & UDHI:
        header = _header(data)
        if header is None:
            return Unreadable(f"message from {msisdn}: the header of its text is cut off")
        place, data = header
    elif Tag.SAR_MSG_REF_NUM in tlvs:
        place = (
            int.from_bytes(tlvs[Tag.SAR_MSG_REF_NUM], "big"),
            int.from_bytes(tlvs.get(Tag.SAR_TOTAL_SEGMENTS, b"\1"), "big"),
            int.from_bytes(tlvs.get(Tag.SAR_SEGMENT_SEQNUM, b"\1"), "big"),
        )
    reference, total, number = place
    key = _key(repr((msisdn, sm.destination, sm.data_coding, data, place, sm.tlvs, now_us // AGAIN_WITHIN_US)))
    if total > 1 and 1 <= number <= total <= 255:
        return SegmentOfInbound(msisdn, sm.destination, reference, total, number, data, sm.data_coding, now_us, key)
    return Inbound(msisdn, sm.destination, _text(data, sm.data_coding, settings), now_us, key)


def join(segments: Sequence[SegmentOfInbound], settings: Settings) -> Inbound:
    """The parts of one message in any order, at least one → the message; `…` stands for those that are missing."""
    by_number = {segment.number: segment for segment in segments}
    first = by_number[min(by_number)]
    runs: list[bytes | None] = []
    for number in range(1, first.total + 1):
        segment = by_number.get(number)
        before = runs[-1] if runs else None
        if segment is None:
            runs.append(None)
        elif before is not None:
            runs[-1] = before + segment.body
        else:
            runs.append(segment.body)
    text = "".join("…" if run is None else _text(run, first.data_coding, settings) for run in runs)
    key = _key("".join(by_number[number].key for number in sorted(by_number)))
    return Inbound(first.msisdn, first.recipient, text, max(segment.at_us for segment in segments), key)


def e164(address: str, ton: int) -> str:
    """An address of an operator → E.164 with plus; empty for names, short codes and numbers without country code."""
    digits = address.strip().removeprefix("+").removeprefix("00")
    return f"+{digits}" if ton != _NATIONAL_TON and _E164.fullmatch(digits) else ""


def without_header(sm: Sm, data: bytes) -> bytes:
    if not sm.esm_class & UDHI:
        return data
    header = _header(data)
    return header[1] if header else data


def _header(data: bytes) -> tuple[tuple[int, int, int], bytes] | None:
    """(reference, total, number) and the text after the header; None when it claims more bytes than there are."""
    end = 1 + (data[0] if data else 0)
    if end > len(data):
        return None
    place, at = (0, 1, 1), 1
    while at + 2 <= end:
        element, size = data[at], data[at + 1]
        value = data[at + 2 : min(at + 2 + size, end)]
        if (element, len(value)) in ((_CONCATENATED_8, 3), (_CONCATENATED_16, 4)):
            place = (int.from_bytes(value[:-2], "big"), value[-2], value[-1])
        at += 2 + size
    return place, data[end:]


def _text(data: bytes, data_coding: int, settings: Settings) -> str:
    return text_of(data, data_coding, default=settings.coding_of_0, ucs2=settings.ucs2)


def _key(content: str) -> str:
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
