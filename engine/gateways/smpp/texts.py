"""A message → the submit_sm of its parts: alphabet, split, headers of long messages, sender and validity. Pure.

A text is split where `engine.parts` splits it, so what was counted is what goes on the air: a pair of escape and
character, or of surrogates, never straddles. Texts that the operator's default alphabet lacks go out in UCS-2.

Source: SMPP 3.4 §4.4.1, §5.2 and §7.1.1; 3GPP TS 23.040 §9.2.3.24.1 (header of a part of a long message).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from engine import parts
from engine.gateways.base import Submission
from engine.gateways.smpp.alphabets import gsm_encode
from engine.gateways.smpp.codec import HEADER_BYTES, Command, Pdu, Sm, Tag, decode, encode, frame
from engine.gateways.smpp.settings import Settings

MOST_PARTS: Final = 255
"""The header of a part has one byte for their number."""
MOST_PAYLOAD_BYTES: Final = 64_000
"""Leaves room for the rest of the PDU."""
KEPT_TEXTS: Final = 512
"""Texts kept encoded on a route (a few MB at most): a bulk task shares one, personalised ones pass through."""
KEPT_SENDERS: Final = 64
SHORT_CODE_MOST_DIGITS: Final = 8

UDHI: Final = 0x40
"""esm_class: the text begins with a header."""
_UDH: Final = b"\x05\x00\x03"
_TLV: Final = struct.Struct(">HH")
_ESC: Final = "\x1b"


class Address(NamedTuple):
    """An address as SMPP has it: digits or name, type of number, numbering plan."""

    text: str
    ton: int
    npi: int


@dataclass(frozen=True, slots=True)
class _Letter:
    """A text, encoded: of each part the end of the body, from sm_length on, before the reference and after it."""

    data_coding: int
    esm_class: int
    reference_bytes: int
    ends: tuple[tuple[bytes, bytes], ...]


class Composer:
    """Writes the parts of one route's messages. Keeps what texts and senders have in common."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._letter = lru_cache(maxsize=KEPT_TEXTS)(self._write)
        self._envelope = lru_cache(maxsize=KEPT_SENDERS)(self._address)

    def bodies_of(self, submission: Submission, reference: int) -> list[bytes]:
        """The body of every submit_sm of a message, in order; `codec.frame(SUBMIT_SM, sequence, body)` is the PDU.

        `reference` ties the parts of a long message together: messages to the same phone need different ones (8 bits
        of it count, 16 with SAR). Raises ValueError for what cannot be written: more than 255 parts, a sender or
        number beyond ASCII. Under 1 µs a part once text and sender have been seen.
        """
        letter = self._letter(submission.text)
        head, middle = self._envelope(submission.sender or "", letter.data_coding, letter.esm_class)
        start = head + _digits(submission.msisdn, plus=self._settings.plus) + middle
        size = letter.reference_bytes
        if not size:
            return [start + end for end, _ in letter.ends]
        tie = (reference & (1 << 8 * size) - 1).to_bytes(size, "big")
        return [start + before + tie + after for before, after in letter.ends]

    def parts_of(self, submission: Submission, reference: int) -> list[Sm]:
        """`bodies_of` as tuples, to look at."""
        bodies = self.bodies_of(submission, reference)
        return [sm for body in bodies if (sm := decode(frame(Command.SUBMIT_SM, 0, body)).sm)]

    def _write(self, text: str) -> _Letter:
        settings = self._settings
        data_coding, pieces = _encoded(text, settings)
        total = len(pieces)
        if total == 1:
            return _Letter(data_coding, 0, 0, ((bytes((len(pieces[0]),)) + pieces[0], b""),))
        if settings.long == "payload":
            whole = b"".join(pieces)
            if len(whole) > MOST_PAYLOAD_BYTES:
                raise ValueError(f"a text of {len(whole):,} bytes; at most {MOST_PAYLOAD_BYTES:,} can be sent")
            return _Letter(data_coding, 0, 0, ((b"\0" + _tlv(Tag.MESSAGE_PAYLOAD, whole), b""),))
        if total > MOST_PARTS:
            raise ValueError(f"a message of {total} parts; at most {MOST_PARTS} can be sent")
        if settings.long == "sar":
            return _Letter(data_coding, 0, 2, tuple(_sar(piece, total, at) for at, piece in enumerate(pieces, 1)))
        return _Letter(data_coding, UDHI, 1, tuple(_udh(piece, total, at) for at, piece in enumerate(pieces, 1)))

    def _address(self, sender: str, data_coding: int, esm_class: int) -> tuple[bytes, bytes]:
        """What comes before the destination in the body of a submit_sm, and what between it and the text."""
        settings = self._settings
        source = sender_address(sender, settings)
        sm = Sm(
            source.text,
            source.ton,
            source.npi,
            "",
            1 if settings.dest_ton is None else settings.dest_ton,
            1 if settings.dest_npi is None else settings.dest_npi,
            esm_class=esm_class,
            data_coding=data_coding,
            registered_delivery=settings.receipts,
            validity_period=validity_period(settings.validity_h),
            service_type=settings.service_type,
        )
        body = encode(Pdu(Command.SUBMIT_SM, 0, sm=sm))[HEADER_BYTES:]
        cut = len(sm.service_type) + 1 + 2 + len(sm.source) + 1 + 2
        return body[:cut], body[cut:-1]


def parts_of(submission: Submission, settings: Settings, reference: int) -> list[Sm]:
    """`Composer.parts_of` for a single message."""
    return Composer(settings).parts_of(submission, reference)


def sender_address(sender: str, settings: Settings) -> Address:
    """A sender ID → its address: a name is TON 5, an international number TON 1 NPI 1, a short code TON 3.

    No sender is an empty address of type 0: the operator puts its own. Parameters of the route take precedence.
    """
    if not sender:
        return Address("", 0, 0)
    digits = sender.removeprefix("+")
    if not re.fullmatch("[0-9]+", digits):
        found = Address(sender, 5, 0)
    elif digits == sender and len(digits) <= SHORT_CODE_MOST_DIGITS:
        found = Address(digits, 3, 0)
    else:
        found = Address(f"+{digits}" if settings.plus else digits, 1, 1)
    return Address(
        found.text,
        found.ton if settings.sender_ton is None else settings.sender_ton,
        found.npi if settings.sender_npi is None else settings.sender_npi,
    )


def validity_period(hours: int) -> str:
    """Relative time, §7.1.1.2: 48 → `000002000000000R`. 0 is empty, the operator's choice. At most 31 days."""
    return f"0000{hours // 24:02}{hours % 24:02}0000000R" if hours else ""


def _digits(msisdn: str, *, plus: bool) -> bytes:
    digits = msisdn.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a recipient is a plus and digits")
    return f"+{digits}".encode() if plus else digits.encode()


def _encoded(text: str, settings: Settings) -> tuple[int, list[bytes]]:
    """Data coding, and the bytes of each part. An empty text is one empty part."""
    text = text.replace(_ESC, "")
    try:
        whole = _in_default_alphabet(text, settings)
    except UnicodeEncodeError:
        return settings.ucs2, _ucs2_pieces(text)
    pieces = parts.split(text)
    if len(pieces) <= 1:
        return settings.data_coding, [whole]
    return settings.data_coding, [_in_default_alphabet(piece, settings) for piece in pieces]


def _in_default_alphabet(text: str, settings: Settings) -> bytes:
    """Raises UnicodeEncodeError when it, or GSM-7 on the air, has not all of the characters."""
    septets = gsm_encode(text)
    return septets if settings.coding == "gsm7" else text.encode(settings.coding)


def _ucs2_pieces(text: str) -> list[bytes]:
    """As `parts.split`, which would leave a text in GSM-7 where it can: the operator's alphabet may lack some of it."""
    raw = text.encode("utf-16-be", "surrogatepass")
    if len(raw) <= 2 * parts.UCS2_ALONE_UNITS:
        return [raw]
    pieces: list[bytes] = []
    start = 0
    while start < len(raw):
        end = start + 2 * parts.UCS2_PART_UNITS
        if end < len(raw) and 0xDC <= raw[end] <= 0xDF:
            end -= 2
        pieces.append(raw[start:end])
        start = end
    return pieces


def _udh(piece: bytes, total: int, number: int) -> tuple[bytes, bytes]:
    return bytes((len(piece) + len(_UDH) + 3,)) + _UDH, bytes((total, number)) + piece


def _sar(piece: bytes, total: int, number: int) -> tuple[bytes, bytes]:
    return (
        bytes((len(piece),)) + piece + _TLV.pack(Tag.SAR_MSG_REF_NUM, 2),
        _tlv(Tag.SAR_TOTAL_SEGMENTS, bytes((total,))) + _tlv(Tag.SAR_SEGMENT_SEQNUM, bytes((number,))),
    )


def _tlv(tag: Tag, value: bytes) -> bytes:
    return _TLV.pack(tag, len(value)) + value
