"""PDUs as bytes and back, and the framing of a stream: any cut, any garbage."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.gateways.smpp.codec import (
    HEADER_BYTES,
    MOST_PDU_BYTES,
    Bind,
    Command,
    Framer,
    MalformedPdu,
    Pdu,
    Sm,
    decode,
    encode,
    frame,
)

WORDS = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=20)
BYTE = st.integers(0, 255)
SEQUENCE = st.integers(0, 2**32 - 1)
TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)
MESSAGES = st.builds(
    Sm,
    source=WORDS,
    source_ton=BYTE,
    source_npi=BYTE,
    destination=WORDS,
    dest_ton=BYTE,
    dest_npi=BYTE,
    short_message=st.binary(max_size=254),
    esm_class=BYTE,
    data_coding=BYTE,
    registered_delivery=BYTE,
    validity_period=WORDS,
    schedule_delivery_time=WORDS,
    service_type=WORDS,
    protocol_id=BYTE,
    priority_flag=BYTE,
    tlvs=TLVS,
)


def as_data_sm(sm: Sm) -> Sm:
    """Only what data_sm has fields for."""
    return sm._replace(short_message=b"", validity_period="", schedule_delivery_time="", protocol_id=0, priority_flag=0)


BINDS = st.builds(
    Bind,
    system_id=WORDS,
    password=WORDS,
    system_type=WORDS,
    interface_version=BYTE,
    addr_ton=BYTE,
    addr_npi=BYTE,
    address_range=WORDS,
)
NAMING = (
    Command.SUBMIT_SM_RESP,
    Command.DELIVER_SM_RESP,
    Command.DATA_SM_RESP,
    Command.BIND_RECEIVER_RESP,
    Command.BIND_TRANSMITTER_RESP,
    Command.BIND_TRANSCEIVER_RESP,
)
BARE = (
    Command.UNBIND,
    Command.UNBIND_RESP,
    Command.ENQUIRE_LINK,
    Command.ENQUIRE_LINK_RESP,
    Command.GENERIC_NACK,
)
PDUS = st.one_of(
    st.tuples(st.sampled_from((4, 5)), SEQUENCE, MESSAGES).map(lambda made: Pdu(made[0], made[1], sm=made[2])),
    st.tuples(SEQUENCE, MESSAGES).map(lambda made: Pdu(Command.DATA_SM, made[0], sm=as_data_sm(made[1]))),
    st.tuples(st.sampled_from((1, 2, 9)), SEQUENCE, BINDS).map(lambda made: Pdu(made[0], made[1], bind=made[2])),
    st.tuples(st.sampled_from(NAMING), SEQUENCE, SEQUENCE, WORDS).map(
        lambda made: Pdu(made[0], made[1], made[2], message_id=made[3])
    ),
    st.tuples(st.sampled_from(BARE), SEQUENCE, SEQUENCE).map(lambda made: Pdu(*made)),
)


@given(PDUS)
def test_what_was_encoded_is_decoded_as_it_was(pdu: Pdu) -> None:
    data = encode(pdu)
    assert struct.unpack(">I", data[:4]) == (len(data),)
    assert decode(data) == pdu


def test_a_submit_is_laid_out_as_the_standard_says() -> None:
    sm = Sm("ACME", 5, 0, "61412345678", 1, 1, b"hi", registered_delivery=1, tlvs=((0x020C, b"\0\7"),))
    data = encode(Pdu(Command.SUBMIT_SM, 77, sm=sm))
    assert data == (
        b"\0\0\0\x38\0\0\0\4\0\0\0\0\0\0\0\x4d"  # length, submit_sm, status, sequence
        b"\0\5\0ACME\0\1\x0161412345678\0"  # service type, source, destination
        b"\0\0\0\0\0\1\0\0\0\2hi"  # classes, times, registered delivery, coding, length, text
        b"\2\x0c\0\2\0\7"
    )


def test_an_answer_that_refuses_has_no_body_and_an_accepting_one_always_has() -> None:
    assert encode(Pdu(Command.SUBMIT_SM_RESP, 1, 0x58)) == struct.pack(">IIII", 16, 0x80000004, 0x58, 1)
    assert encode(Pdu(Command.DELIVER_SM_RESP, 1)) == struct.pack(">IIII", 17, 0x80000005, 0, 1) + b"\0"


@pytest.mark.parametrize("body", [b"", b"AB12", b"AB12\0", b"AB12\0\x02\x10\0\1\x34"])
def test_ids_of_answers_are_read_however_they_end(body: bytes) -> None:
    found = decode(frame(Command.BIND_TRANSCEIVER_RESP, 1, body))
    assert found.message_id == body[:4].decode()


def test_a_command_that_is_not_known_is_read_as_far_as_its_header() -> None:
    assert decode(frame(0x0000_0F0F, 9, b"anything", 3)) == Pdu(0x0F0F, 9, 3)
    assert decode(frame(Command.ALERT_NOTIFICATION, 9, b"\1\1614\0\0\0\0")) == Pdu(Command.ALERT_NOTIFICATION, 9)


@pytest.mark.parametrize(
    "pdu",
    [
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(source="a\0b")),
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(destination="６１")),
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(short_message=b"x" * 255)),
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(esm_class=256)),
        Pdu(Command.SUBMIT_SM, 2**32, sm=Sm()),
        Pdu(Command.SUBMIT_SM, 1),
        Pdu(Command.SUBMIT_SM, 1, 8, sm=Sm()),
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(tlvs=((0x10000, b""),))),
        Pdu(Command.SUBMIT_SM, 1, sm=Sm(tlvs=((0x424, b"x" * 65_536),))),
        Pdu(Command.DATA_SM, 1, sm=Sm(short_message=b"text")),
        Pdu(Command.BIND_TRANSCEIVER, 1),
        Pdu(Command.BIND_TRANSCEIVER, 1, bind=Bind("user", "pass\0word")),
        Pdu(Command.ENQUIRE_LINK, -1),
        Pdu(0x0F0F, 1),
    ],
)
def test_what_cannot_be_carried_is_refused_when_it_is_written(pdu: Pdu) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        encode(pdu)


def read(data: bytes) -> Pdu | MalformedPdu:
    try:
        return decode(data)
    except MalformedPdu as problem:
        return problem


@given(PDUS, st.data())
def test_a_body_that_ends_early_is_malformed_or_reads_as_something(pdu: Pdu, data: st.DataObject) -> None:
    whole = encode(pdu)
    end = data.draw(st.integers(HEADER_BYTES, len(whole)))
    found = read(frame(pdu.command, pdu.sequence, whole[HEADER_BYTES:end], pdu.status))
    assert (found.command, found.sequence, found.status) == (pdu.command, pdu.sequence, pdu.status)


@given(st.sampled_from([*Command, 0x0F0F]), st.binary(max_size=300))
@example(Command.SUBMIT_SM, b"\0" * 16 + b"\xff")
def test_any_body_is_read_or_malformed(command: int, body: bytes) -> None:
    found = read(frame(command, 7, body, 5))
    assert (found.command, found.sequence, found.status) == (command, 7, 5)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    assert isinstance(read(data), Pdu | MalformedPdu)


def test_a_pdu_whose_length_is_wrong_is_malformed() -> None:
    data = encode(Pdu(Command.ENQUIRE_LINK, 5))
    for wrong in (data[:15], data + b"\0", b"\0\0\0\x11" + data[4:]):
        with pytest.raises(MalformedPdu):
            decode(wrong)


def cuts(stream: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted({min(place, len(stream)) for place in places}), len(stream)]
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(PDUS, max_size=8), st.lists(st.integers(0, 1_000), max_size=30))
def test_a_stream_cut_anywhere_gives_the_same_pdus(pdus: list[Pdu], places: list[int]) -> None:
    framer = Framer()
    found = [piece for data in cuts(b"".join(map(encode, pdus)), places) for piece in framer.feed(data)]
    assert list(map(decode, found)) == pdus


def test_a_stream_of_single_bytes_gives_the_same_pdus() -> None:
    stream = encode(Pdu(Command.SUBMIT_SM, 1, sm=Sm(short_message=b"x" * 200))) * 3
    framer = Framer()
    assert b"".join(b"".join(framer.feed(bytes([byte]))) for byte in stream) == stream


@given(st.lists(PDUS, max_size=3), st.binary(min_size=4, max_size=60), st.lists(st.integers(0, 400), max_size=10))
def test_garbage_only_ever_raises_malformed_and_loses_nothing_that_came_before(
    pdus: list[Pdu], garbage: bytes, places: list[int]
) -> None:
    framer = Framer()
    found: list[bytes] = []
    with contextlib.suppress(MalformedPdu):
        for data in cuts(b"".join(map(encode, pdus)) + garbage, places):
            found += framer.feed(data)
    assert list(map(decode, found[: len(pdus)])) == pdus


@pytest.mark.parametrize("length", [0, 15, MOST_PDU_BYTES + 1, 2**32 - 1])
def test_an_impossible_length_breaks_the_stream_for_good(length: int) -> None:
    framer = Framer()
    good = encode(Pdu(Command.ENQUIRE_LINK, 5))
    assert framer.feed(good + struct.pack(">I", length)) == [good]
    for data in (b"", good):
        with pytest.raises(MalformedPdu):
            framer.feed(data)


def test_a_framer_keeps_less_than_one_pdu() -> None:
    framer = Framer()
    piece = b"\0" * 1_000
    assert framer.feed(struct.pack(">I", MOST_PDU_BYTES)) == []
    whole: list[bytes] = []
    for _ in range(1_000):
        try:
            whole += framer.feed(piece)
        except MalformedPdu:
            break
        assert len(framer._rest) < MOST_PDU_BYTES
    assert len(whole) == 1
    assert len(framer._rest) == 0
