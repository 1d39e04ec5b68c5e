"""From a text to its parts on the wire: alphabets, where long messages are cut, who they are from."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import parts
from engine.gateways.base import Submission
from engine.gateways.smpp.alphabets import gsm_decode, gsm_encode, text_of
from engine.gateways.smpp.codec import Command, Sm, Tag, decode, encode, frame
from engine.gateways.smpp.settings import Settings, parse_settings
from engine.gateways.smpp.texts import UDHI, Composer, parts_of, sender_address, validity_period
from engine.model import GSM_BASIC, GSM_EXTENSION, Encoding

ADDRESS = "smpp://ims:secret@smsc"
MODES = ("udh", "sar", "payload")
GSM = st.text(GSM_BASIC + GSM_EXTENSION, min_size=1, max_size=700)
ANY = st.text(st.characters(exclude_characters="\x1b"), min_size=1, max_size=400)
EMOJI = st.text("ab🎉€", min_size=60, max_size=300)


def settings(query: str = "") -> Settings:
    return parse_settings(f"{ADDRESS}?{query}" if query else ADDRESS)


def message(text: str, *, sender: str | None = "ACME", msisdn: str = "+61412345678") -> Submission:
    found = parts.count(text)
    return Submission(1, msisdn, sender, text, found.encoding, found.parts)


def tlv(sm: Sm, tag: int) -> bytes:
    return dict(sm.tlvs).get(tag, b"")


def rejoined(found: list[Sm], how: Settings) -> str:
    """Reads parts as a phone does: ordered by their headers, then the bytes of all as one text."""
    pieces: dict[int, bytes] = {}
    for sm in found:
        data, total, number = sm.short_message, 1, 1
        if sm.esm_class & UDHI:
            assert data[:3] == b"\5\0\3"
            total, number, data = data[4], data[5], data[6:]
        elif tlv(sm, Tag.SAR_MSG_REF_NUM):
            total, number = tlv(sm, Tag.SAR_TOTAL_SEGMENTS)[0], tlv(sm, Tag.SAR_SEGMENT_SEQNUM)[0]
        data = data or tlv(sm, Tag.MESSAGE_PAYLOAD)
        assert total == len(found)
        assert number not in pieces
        pieces[number] = data
    whole = b"".join(pieces[number] for number in range(1, len(found) + 1))
    if found[0].data_coding == 8:
        return whole.decode("utf-16-be", "surrogatepass")
    return text_of(whole, found[0].data_coding, default=how.coding)


@given(st.one_of(GSM, ANY, EMOJI), st.sampled_from(MODES), st.sampled_from(("gsm7", "latin1", "ascii")))
@example("a" * 152 + "€" + "b" * 152, "udh", "gsm7")
@example("ї" * 66 + "🎉" + "ї" * 70, "udh", "gsm7")
@example("é" * 300 + "\0", "sar", "ascii")
def test_rejoined_parts_are_the_text_again(text: str, mode: str, coding: str) -> None:
    how = settings(f"long={mode}&coding={coding}")
    assert rejoined(parts_of(message(text), how, 7), how) == text


@given(st.one_of(GSM, ANY, EMOJI), st.sampled_from(("udh", "sar")))
def test_there_are_as_many_parts_as_were_counted_cut_at_the_same_places(text: str, mode: str) -> None:
    how = settings(f"long={mode}")
    found = parts_of(message(text), how, 7)
    assert len(found) == parts.count(text).parts
    for sm, piece in zip(found, parts.split(text), strict=True):
        data = sm.short_message[6:] if sm.esm_class & UDHI else sm.short_message
        assert data == (piece.encode("utf-16-be", "surrogatepass") if sm.data_coding else gsm_encode(piece))


@given(st.one_of(GSM, ANY, EMOJI), st.sampled_from(MODES), st.integers(0, 2**20))
def test_a_body_is_what_the_codec_writes_for_its_parts(text: str, mode: str, reference: int) -> None:
    composer = Composer(settings(f"long={mode}&validity_h=30&service_type=CMT"))
    bodies = composer.bodies_of(message(text), reference)
    for body, sm in zip(bodies, composer.parts_of(message(text), reference), strict=True):
        pdu = decode(frame(Command.SUBMIT_SM, 9, body))
        assert pdu.sm == sm
        assert encode(pdu) == frame(Command.SUBMIT_SM, 9, body)


def test_a_short_text_is_one_plain_part() -> None:
    assert parts_of(message("Hi [you] €5"), settings(), 7) == [
        Sm(
            source="ACME",
            source_ton=5,
            destination="61412345678",
            dest_ton=1,
            dest_npi=1,
            short_message=b"Hi \x1b<you\x1b> \x1be5",
            registered_delivery=1,
        )
    ]


def test_an_escape_pair_that_would_straddle_goes_to_the_next_part_whole() -> None:
    found = parts_of(message("a" * 152 + "€" + "b" * 152), settings(), 0x1FF)
    assert [sm.short_message for sm in found] == [
        b"\5\0\3\xff\3\1" + b"a" * 152,
        b"\5\0\3\xff\3\2\x1be" + b"b" * 151,
        b"\5\0\3\xff\3\3b",
    ]
    assert {sm.esm_class for sm in found} == {0x40}


def test_a_surrogate_pair_that_would_straddle_goes_to_the_next_part_whole() -> None:
    first, second = (
        parts_of(message("ї" * 66 + "🎉"), settings(), 0)[:1],
        parts_of(message("ї" * 66 + "🎉ї" * 2), settings(), 3),
    )
    assert first[0].short_message == ("ї" * 66 + "🎉").encode("utf-16-be"), "68 units fit into one"
    assert second[0].short_message == b"\5\0\3\3\2\1" + ("ї" * 66).encode("utf-16-be")
    assert second[1].short_message == b"\5\0\3\3\2\2" + "🎉ї🎉ї".encode("utf-16-be")
    assert second[0].data_coding == 8


def test_sar_puts_number_and_reference_of_16_bits_into_parameters() -> None:
    found = parts_of(message("a" * 161), settings("long=sar"), 0x1_0203)
    assert [(sm.short_message, sm.esm_class) for sm in found] == [(b"a" * 153, 0), (b"a" * 8, 0)]
    assert found[1].tlvs == ((0x020C, b"\2\3"), (0x020E, b"\2"), (0x020F, b"\2"))


def test_payload_carries_the_whole_text_in_one_submit() -> None:
    (long,) = parts_of(message("a€" * 100), settings("long=payload"), 7)
    assert (long.short_message, long.tlvs) == (b"", ((0x0424, b"a\x1be" * 100),))
    (short,) = parts_of(message("a" * 160), settings("long=payload"), 7)
    assert (short.short_message, short.tlvs) == (b"a" * 160, ())


def test_latin_1_keeps_accents_in_one_byte_and_sends_what_it_lacks_in_ucs_2() -> None:
    how = settings("coding=latin1&data_coding=3")
    assert [(sm.data_coding, sm.short_message) for sm in parts_of(message("Café @[1]"), how, 7)] == [
        (3, b"Caf\xe9 @[1]")
    ]
    assert [(sm.data_coding, sm.short_message) for sm in parts_of(message("5€"), how, 7)] == [(8, b"\0005\x20\xac")]
    assert parts_of(message("[" * 81), how, 7)[0].short_message[6:] == b"[" * 76, "cut where GSM-7 on the air is full"
    euros = parts_of(message("€" * 80), how, 7)
    assert [len(sm.short_message) for sm in euros] == [6 + 134, 6 + 26]


def test_ascii_sends_accents_in_ucs_2_of_the_routes_coding() -> None:
    how = settings("coding=ascii&ucs2=24")
    found = [parts_of(message(text), how, 7)[0] for text in ("Cafe @", "Café")]
    assert [(sm.data_coding, sm.short_message) for sm in found] == [(0, b"Cafe @"), (24, "Café".encode("utf-16-be"))]


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("ACMESTORES", ("ACMESTORES", 5, 0)),
        ("A&B -_.", ("A&B -_.", 5, 0)),
        ("+61412345678", ("61412345678", 1, 1)),
        ("61412345678", ("61412345678", 1, 1)),
        ("12345", ("12345", 3, 0)),
        ("", ("", 0, 0)),
    ],
)
def test_the_type_of_a_sender_goes_by_its_kind(sender: str, expected: tuple[str, int, int]) -> None:
    assert sender_address(sender, settings()) == expected
    (sm,) = parts_of(message("x", sender=sender or None), settings(), 7)
    assert (sm.source, sm.source_ton, sm.source_npi) == expected


def test_a_route_can_set_every_type_of_number_and_write_a_plus() -> None:
    how = settings("sender_ton=0&sender_npi=8&dest_ton=2&dest_npi=0&plus=1")
    (sm,) = parts_of(message("x", sender="+61412345678"), how, 7)
    assert (sm.source, sm.source_ton, sm.source_npi) == ("+61412345678", 0, 8)
    assert (sm.destination, sm.dest_ton, sm.dest_npi) == ("+61412345678", 2, 0)
    assert sender_address("", how) == ("", 0, 0)


def test_receipts_are_asked_for_on_every_part_as_the_route_says() -> None:
    assert [sm.registered_delivery for sm in parts_of(message("a" * 400), settings(), 7)] == [1, 1, 1]
    assert [sm.registered_delivery for sm in parts_of(message("a"), settings("receipts=0"), 7)] == [0]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, ""),
        (1, "000000010000000R"),
        (23, "000000230000000R"),
        (48, "000002000000000R"),
        (719, "000029230000000R"),
    ],
)
def test_validity_is_a_relative_time_of_16_characters(hours: int, expected: str) -> None:
    assert validity_period(hours) == expected
    assert parts_of(message("x"), settings(f"validity_h={hours}"), 7)[0].validity_period == expected


def test_an_empty_text_is_one_empty_part() -> None:
    assert [sm.short_message for sm in parts_of(message(""), settings(), 7)] == [b""]


@pytest.mark.parametrize(
    ("submission", "query"),
    [
        (message("a" * 153 * 256), "long=udh"),
        (message("a" * 153 * 256), "long=sar"),
        (message("a" * 65_000), "long=payload"),
        (message("x", sender="Café"), ""),
        (message("x", sender="a\0b"), ""),
        (message("x", msisdn="+61412٥"), ""),
        (message("x", msisdn=""), ""),
        (message("x", msisdn="+1\0"), ""),
    ],
)
def test_what_cannot_be_written_is_a_value_error(submission: Submission, query: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        parts_of(submission, settings(query), 7)


@given(GSM)
def test_gsm_septets_read_as_the_text_again(text: str) -> None:
    septets = gsm_encode(text)
    assert len(septets) == parts.count(text).units
    assert septets.isascii()
    assert gsm_decode(septets) == text


@given(st.binary(max_size=200), st.integers(0, 255), st.sampled_from(("gsm7", "latin1", "ascii")))
def test_any_bytes_in_any_coding_are_some_text(data: bytes, data_coding: int, default: str) -> None:
    how = settings(f"coding={default}")
    assert isinstance(text_of(data, data_coding, default=how.coding), str)


@pytest.mark.parametrize(
    ("data", "coding", "text"),
    [
        (b"\x00\x1be\x7f", 0, "@€à"),
        (b"a\x1bz\x1b", 0, "az "),
        (b"Caf\xe9", 3, "Café"),
        (b"\x04\x38", 8, "и"),
        (b"\x04\x38", 0x18, "и"),
        (b"\x00", 0xF0, "@"),
        (b"\xe9", 0xF4, "é"),
        (b"\xd8\x3c\xdf\x89", 8, "🎉"),
        (b"\xd8\x3c", 8, "�"),
        (b"\x04\x38\x04", 8, "и�"),
        (b"\xb8", 6, "И"),
    ],
)
def test_texts_from_phones_are_read_by_their_coding(data: bytes, coding: int, text: str) -> None:
    assert text_of(data, coding, default="gsm7") == text


def test_nothing_but_the_alphabet_is_encoded() -> None:
    for character in "\0\x1b`\x80ÿі🎉￾":
        with pytest.raises(UnicodeEncodeError):
            gsm_encode(f"a{character}")


def test_the_encoding_named_in_a_submission_does_not_change_what_its_text_needs() -> None:
    (sm,) = parts_of(message("и")._replace(encoding=Encoding.GSM7), settings(), 7)
    assert (sm.data_coding, sm.short_message) == (8, b"\x04\x38")
