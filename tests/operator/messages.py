"""What the test operator sends: receipts in every shape, texts from phones. Packed by hand, not by the codec."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from tests.operator.options import Fate

RECEIPT: Final = 0x04
UDHI: Final = 0x40
GSM_ALONE: Final = 160
GSM_PART: Final = 153
UCS2_ALONE: Final = 140
UCS2_PART: Final = 134
GARBAGE: Final = b"\0\1\x0161412345678"
"""The body of a deliver_sm that ends inside its first address."""


class Address(NamedTuple):
    text: str
    ton: int = 1
    npi: int = 1


class Told(NamedTuple):
    """What a receipt tells, before it has a shape. Ids as bytes; both are the same unless the operator mixes forms."""

    receipt_id: bytes
    answer_id: bytes
    fate: Fate
    submitted_s: int
    done_s: int
    text: bytes


def deliver(
    source: Address, destination: Address, text: bytes, tlvs: bytes = b"", *, esm_class: int = 0, data_coding: int = 0
) -> bytes:
    """The body of a deliver_sm, SMPP 3.4 §4.6.1. Addresses are Latin-1, `text` at most 255 bytes."""
    return b"".join(
        (
            b"\0",
            bytes((source.ton, source.npi)),
            source.text.encode("latin-1"),
            b"\0",
            bytes((destination.ton, destination.npi)),
            destination.text.encode("latin-1"),
            b"\0",
            bytes((esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, len(text))),
            text,
            tlvs,
        )
    )


def tlv(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


Shape = Callable[[Address, Address, Told], bytes]


def receipt(form: str, number: int, source: Address, destination: Address, told: Told) -> bytes:
    """The body of a receipt; with the form `any`, `number` chooses one of the shapes."""
    if form == "text":
        return as_text(source, destination, told)
    if form == "both":
        return with_parameters(source, destination, told)
    if form == "tlv":
        return parameters_alone(source, destination, told)
    return SHAPES[number % len(SHAPES)](source, destination, told)


def customary(told: Told, *, seconds: bool = False) -> bytes:
    return b"id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:%s" % (
        told.receipt_id,
        b"001" if told.fate.state == 2 else b"000",
        date(told.submitted_s, seconds=seconds),
        date(told.done_s, seconds=seconds),
        told.fate.word.encode(),
        told.fate.err.encode(),
        told.text[:20],
    )


@lru_cache(maxsize=1_024)
def date(instant_s: int, *, seconds: bool = False) -> bytes:
    return datetime.fromtimestamp(instant_s, UTC).strftime("%y%m%d%H%M%S" if seconds else "%y%m%d%H%M").encode()


def as_text(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, customary(told), esm_class=RECEIPT)


def parameters(told: Told, message_id: bytes) -> bytes:
    found = tlv(0x001E, message_id + b"\0") + tlv(0x0427, bytes((told.fate.state,)))
    err = int(told.fate.err)
    return found + (tlv(0x0423, b"\3" + err.to_bytes(2, "big")) if err else b"")


def with_parameters(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, customary(told), parameters(told, told.answer_id), esm_class=RECEIPT)


def parameters_alone(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, b"", parameters(told, told.receipt_id), esm_class=RECEIPT)


def shouted(source: Address, destination: Address, told: Told) -> bytes:
    text = b"ID:%s SUB:001 DLVRD:001 DONE DATE:%s STAT:%s ERR:%s TEXT:" % (
        told.receipt_id,
        date(told.done_s),
        told.fate.word.encode(),
        told.fate.err.encode(),
    )
    return deliver(source, destination, text, esm_class=RECEIPT)


def turned_round(source: Address, destination: Address, told: Told) -> bytes:
    text = b"stat:%s err:%s done date:%s submit date:%s dlvrd:001 sub:001 id:%s text:%s" % (
        told.fate.word.encode(),
        told.fate.err.encode(),
        date(told.done_s),
        date(told.submitted_s),
        told.receipt_id,
        told.text[:20],
    )
    return deliver(source, destination, text, esm_class=RECEIPT)


def bare(source: Address, destination: Address, told: Told) -> bytes:
    text = b"id:%s stat:%s err:%s" % (told.receipt_id, told.fate.word.encode(), told.fate.err.encode())
    return deliver(source, destination, text, esm_class=RECEIPT)


def underlined(source: Address, destination: Address, told: Told) -> bytes:
    text = b"id:%s, submit_date:%s, done_date:%s, status:%s, error:%s" % (
        told.receipt_id,
        date(told.submitted_s, seconds=True),
        date(told.done_s, seconds=True),
        told.fate.word.encode(),
        told.fate.err.encode(),
    )
    return deliver(source, destination, text, esm_class=RECEIPT)


def text_first(source: Address, destination: Address, told: Told) -> bytes:
    text = b"text:%s id:%s stat:%s err:%s" % (
        told.text[:20],
        told.receipt_id,
        told.fate.word.encode(),
        told.fate.err.encode(),
    )
    return deliver(source, destination, text, esm_class=RECEIPT)


def to_the_second(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, customary(told, seconds=True), esm_class=RECEIPT)


def in_payload(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, b"", tlv(0x0424, customary(told)), esm_class=RECEIPT)


def wide(source: Address, destination: Address, told: Told) -> bytes:
    text = customary(told._replace(text=b"")).decode().encode("utf-16-be")
    return deliver(source, destination, b"", tlv(0x0424, text), esm_class=RECEIPT, data_coding=8)


def unmarked(source: Address, destination: Address, told: Told) -> bytes:
    return deliver(source, destination, customary(told))


SHAPES: Final[tuple[Shape, ...]] = (
    as_text,
    with_parameters,
    parameters_alone,
    shouted,
    turned_round,
    bare,
    underlined,
    text_first,
    to_the_second,
    in_payload,
    wide,
    unmarked,
)


def from_phone(phone: Address, to: Address, text: str, *, reference: int, part_bytes: int = 0) -> list[bytes]:
    """What a phone sends, as bodies of deliver_sm: plain when it fits, else parts with headers.

    ASCII without `@$_` and brackets is sent as GSM-7, everything else as UCS-2. `part_bytes` forces shorter parts, cut
    without regard to characters.
    """
    gsm = text.isascii() and not set(text) & set("@$_[]{}~^|\\`")
    data = text.encode("ascii" if gsm else "utf-16-be")
    coding = 0 if gsm else 8
    if not part_bytes and len(data) <= (GSM_ALONE if gsm else UCS2_ALONE):
        return [deliver(phone, to, data, data_coding=coding)]
    size = part_bytes or (GSM_PART if gsm else UCS2_PART)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return [
        deliver(
            phone,
            to,
            b"\5\0\3" + bytes((reference % 256, len(pieces), number)) + piece,
            esm_class=UDHI,
            data_coding=coding,
        )
        for number, piece in enumerate(pieces, start=1)
    ]
