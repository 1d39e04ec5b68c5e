"""deliver_sm in every shape operators use: receipts by text and parameters, messages from phones, nonsense."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.gateways.base import Inbound, Receipt, ReceiptState
from engine.gateways.smpp.codec import Sm
from engine.gateways.smpp.inbound import SegmentOfInbound, Unreadable, e164, join
from engine.gateways.smpp.receipts import ERRORS, answer_ref, read_deliver
from engine.gateways.smpp.settings import Settings, parse_settings
from engine.model import DAY_US, HOUR_US, MINUTE_US, SECOND_US, FailReason

NOW_US = int(datetime(2024, 5, 6, 7, 30, tzinfo=UTC).timestamp()) * SECOND_US
DONE_US = int(datetime(2024, 5, 6, 7, 29, tzinfo=UTC).timestamp()) * SECOND_US
STANDARD = "id:42ab sub:001 dlvrd:001 submit date:2405060728 done date:2405060729 stat:{} err:{} text:Your parcel"
STATE, ID, ERROR, PAYLOAD = 0x0427, 0x001E, 0x0423, 0x0424


def settings(query: str = "") -> Settings:
    return parse_settings(f"smpp://ims:secret@smsc?{query}" if query else "smpp://ims:secret@smsc")


def deliver(text: str | bytes = b"", *tlvs: tuple[int, bytes], esm_class: int = 4, data_coding: int = 0) -> Sm:
    return Sm(
        source="61412345678",
        source_ton=1,
        source_npi=1,
        destination="ACME",
        dest_ton=5,
        short_message=text.encode("latin-1") if isinstance(text, str) else text,
        esm_class=esm_class,
        data_coding=data_coding,
        tlvs=tlvs,
    )


def receipt(sm: Sm, query: str = "") -> Receipt:
    found = read_deliver(sm, settings(query), NOW_US)
    assert isinstance(found, Receipt), found
    return found


def test_the_customary_text_is_read_whole() -> None:
    assert receipt(deliver(STANDARD.format("DELIVRD", "000"))) == Receipt(
        "42ab", ReceiptState.DELIVERED, DONE_US, None, "stat:DELIVRD err:000", "", "+61412345678"
    )
    assert receipt(deliver(STANDARD.format("UNDELIV", "032"))) == Receipt(
        "42ab",
        ReceiptState.FAILED,
        DONE_US,
        FailReason.MEMORY_FULL,
        "stat:UNDELIV err:032",
        "err:032",
        "+61412345678",
    )


STATES = [
    ("ENROUTE", 1, ReceiptState.ENROUTE, None),
    ("DELIVRD", 2, ReceiptState.DELIVERED, None),
    ("EXPIRED", 3, ReceiptState.EXPIRED, FailReason.EXPIRED),
    ("DELETED", 4, ReceiptState.FAILED, FailReason.UNDELIVERABLE),
    ("UNDELIV", 5, ReceiptState.FAILED, FailReason.UNDELIVERABLE),
    ("ACCEPTD", 6, ReceiptState.ENROUTE, None),
    ("UNKNOWN", 7, ReceiptState.FAILED, FailReason.UNDELIVERABLE),
    ("REJECTD", 8, ReceiptState.FAILED, FailReason.REJECTED),
]


@pytest.mark.parametrize(("word", "number", "state", "reason"), STATES)
def test_every_state_is_read_from_the_text_and_from_the_parameters_alone(
    word: str, number: int, state: ReceiptState, reason: FailReason | None
) -> None:
    by_text = receipt(deliver(STANDARD.format(word, "000")))
    by_parameter = receipt(deliver(b"", (ID, b"42ab\0"), (STATE, bytes((number,)))))
    for found in (by_text, by_parameter):
        assert (found.provider_ref, found.state, found.reason, found.code) == ("42ab", state, reason, "")
    assert by_parameter.at_us == NOW_US
    assert by_parameter.detail == f"stat:{word}"


@pytest.mark.parametrize("word", ["DELIVERED", "delivrd", "Delivred"])
def test_a_state_is_known_however_it_is_written(word: str) -> None:
    assert receipt(deliver(STANDARD.format(word, "0"))).state is ReceiptState.DELIVERED


@pytest.mark.parametrize(
    "text",
    [
        "STAT:UNDELIV ERR:27 ID:42ab",
        "id:42ab stat:UNDELIV err:027",
        "id: 42ab, stat: UNDELIV, err: 27, text: hello",
        "message_id:42ab\r\nstatus:UNDELIVERABLE\r\nerror:027\r\n",
        "id:42ab sub: dlvrd: submit date: done date: stat:UNDELIV err:27 text:",
        "id:42ab submit_date:2405060728 done_date:2405060729 stat:UNDELIV err:27",
        "text:Your parcel id:42ab stat:UNDELIV err:27",
        "sub:001 dlvrd:000 err:027 done date:240506072900 submit date:240506072800 stat:UNDELIV id:42ab text:a",
        "id:42ab sub:001 dlvrd:000 submit date:20240506072800 done date:20240506072900 stat:UNDELIV err:27 Text:a",
        "  id:42ab   stat:UNDELIV   err:27",
    ],
)
def test_fields_are_found_in_any_order_and_case_and_with_some_missing(text: str) -> None:
    found = receipt(deliver(text))
    assert (found.provider_ref, found.state, found.reason) == ("42ab", ReceiptState.FAILED, FailReason.ABSENT)
    assert found.code == "err:027"
    assert found.at_us in (NOW_US, DONE_US)


def test_a_text_in_payload_or_in_ucs_2_or_behind_a_header_is_read_too() -> None:
    text = STANDARD.format("DELIVRD", "000")
    for sm in (
        deliver(b"", (PAYLOAD, text.encode())),
        deliver(text.encode("utf-16-be"), data_coding=8),
        deliver(b"\5\0\3\1\1\1" + text.encode(), esm_class=0x44),
    ):
        assert receipt(sm) == receipt(deliver(text))


def test_parameters_go_before_the_text_and_fill_what_it_lacks() -> None:
    found = receipt(deliver(STANDARD.format("ENROUTE", ""), (ID, b"other\0"), (STATE, b"\5"), (ERROR, b"\3\0\x0d")))
    assert (found.provider_ref, found.state, found.reason) == ("other", ReceiptState.FAILED, FailReason.BARRED)
    assert (found.code, found.detail) == ("err:013", "stat:UNDELIV err:013")


def test_the_customers_words_after_text_are_not_taken_for_fields() -> None:
    text = "id:42ab stat:UNDELIV err:001 text:id:99 stat:DELIVRD err:000"
    assert (receipt(deliver(text)).provider_ref, receipt(deliver(text)).state) == ("42ab", ReceiptState.FAILED)
    found = receipt(deliver("text:id:99 stat:DELIVRD", (ID, b"2A\0"), (STATE, b"\5")), "ids=hex_dec")
    assert (found.provider_ref, found.state) == ("2a", ReceiptState.FAILED)


def test_a_receipt_without_the_bit_is_known_by_its_parameters_or_its_whole_form() -> None:
    assert receipt(deliver(b"", (ID, b"42ab\0"), (STATE, b"\2"), esm_class=0)).state is ReceiptState.DELIVERED
    assert receipt(deliver(STANDARD.format("DELIVRD", "000"), esm_class=0)).provider_ref == "42ab"
    for text in ("id:42ab stat:DELIVRD", "My id: 7 and stat: good", "stat:DELIVRD"):
        assert isinstance(read_deliver(deliver(text, esm_class=0), settings(), NOW_US), Inbound)


def test_an_intermediate_notification_never_ends_a_message() -> None:
    for word in ("UNDELIV", "DELIVRD", "EXPIRED"):
        found = receipt(deliver(STANDARD.format(word, "027"), esm_class=0x20))
        assert (found.state, found.reason) == (ReceiptState.ENROUTE, None)


@pytest.mark.parametrize(
    ("ids", "answer", "in_text", "in_parameter"),
    [
        ("same", "0AbC", "0AbC", ""),
        ("same", "0AbC", "", "0AbC"),
        ("same", "0AbC", "2748", "0AbC"),
        ("hex_dec", "0ABC", "2748", ""),
        ("hex_dec", "abc", "0000002748", ""),
        ("hex_dec", "abc", "", "2748"),
        ("hex_dec", "abc", "", "0ABC"),
        ("hex_dec", "1000", "4096", "1000"),
        ("dec_hex", "2748", "ABC", ""),
        ("dec_hex", "0002748", "", "abc"),
        ("dec_hex", "4096", "1000", "4096"),
        ("hex_dec", "msg-7", "msg-7", ""),
        ("dec_hex", "msg-7", "msg-7", ""),
        ("hex_dec", "f" * 16, str(2**64 - 1), ""),
    ],
)
def test_a_receipt_names_its_message_however_both_write_ids(
    ids: str, answer: str, in_text: str, in_parameter: str
) -> None:
    tlvs = ((ID, in_parameter.encode() + b"\0"),) if in_parameter else ()
    sm = deliver(f"id:{in_text} stat:DELIVRD", *tlvs)
    assert receipt(sm, f"ids={ids}").provider_ref == answer_ref(answer, settings(f"ids={ids}"))


@given(st.integers(0, 2**64 - 1), st.booleans(), st.booleans())
def test_any_number_is_the_same_id_in_decimal_and_hexadecimal(number: int, hex_answers: bool, upper: bool) -> None:
    decimal, hexadecimal = str(number), f"{number:X}" if upper else f"{number:08x}"
    query = "ids=hex_dec" if hex_answers else "ids=dec_hex"
    answer, told = (hexadecimal, decimal) if hex_answers else (decimal, hexadecimal)
    assert receipt(deliver(f"id:{told} stat:DELIVRD"), query).provider_ref == answer_ref(answer, settings(query))


@pytest.mark.parametrize(
    ("date", "query", "at_us"),
    [
        ("2405060729", "", DONE_US),
        ("240506072930", "", DONE_US + 30 * SECOND_US),
        ("20240506072930", "", DONE_US + 30 * SECOND_US),
        ("2405061729", "utc_offset_min=600", DONE_US),
        ("2405060159", "utc_offset_min=-330", DONE_US),
        ("2405060731", "", NOW_US),
        ("2405061729", "", NOW_US),
        ("0001010000", "", NOW_US),
        ("2413450729", "", NOW_US),
        ("yesterday", "", NOW_US),
        ("2405010729", "", DONE_US - 5 * DAY_US),
    ],
)
def test_the_time_is_the_operators_unless_it_gives_none_or_nonsense(date: str, query: str, at_us: int) -> None:
    assert receipt(deliver(f"id:1 done date:{date} stat:DELIVRD"), query).at_us == at_us


@pytest.mark.parametrize(("number", "reason"), ERRORS.items())
def test_errors_of_the_network_have_their_reason(number: int, reason: FailReason) -> None:
    for err in (str(number), f"{number:03}"):
        found = receipt(deliver(f"id:1 stat:UNDELIV err:{err}"))
        assert (found.reason, found.code) == (reason, f"err:{number:03}")


@pytest.mark.parametrize(
    ("err", "code"), [("1015", "err:1015"), ("a1f", "err:A1F"), ("000", ""), ("", ""), ("é", ""), ("123456789", "")]
)
def test_other_errors_keep_the_reason_of_the_state_and_their_code(err: str, code: str) -> None:
    found = receipt(deliver(f"id:1 stat:UNDELIV err:{err}"))
    assert (found.reason, found.code) == (FailReason.UNDELIVERABLE, code)
    assert receipt(deliver(f"id:1 stat:EXPIRED err:{err}")).reason is FailReason.EXPIRED


@pytest.mark.parametrize(
    "sm",
    [
        deliver(b""),
        deliver(b"\xff\xfe\x00garbage"),
        deliver("stat:DELIVRD err:000"),
        deliver("id: stat:DELIVRD"),
        deliver("id:42ab stat:MAYBE"),
        deliver("id:42ab"),
        deliver(b"", (STATE, b"\2")),
        deliver(b"", (ID, b"\0"), (STATE, b"\2")),
        deliver(b"", (ID, b"42ab\0"), (STATE, b"")),
        deliver(b"", (ID, b"42ab\0"), (STATE, b"\x99")),
        deliver(b"", (ID, b"4\x012\0"), (STATE, b"\2")),
        deliver(f"id:{'9' * 101} stat:DELIVRD"),
    ],
)
def test_a_receipt_that_names_no_message_or_state_is_unreadable_and_says_so(sm: Sm) -> None:
    for query in ("ids=same", "ids=hex_dec", "ids=dec_hex"):
        found = read_deliver(sm, settings(query), NOW_US)
        assert isinstance(found, Unreadable)
        assert found.detail.isprintable()
        assert len(found.detail) < 400


FIELDS = [
    "id:42ab",
    "sub:001",
    "dlvrd:001",
    "submit date:2405060728",
    "done date:2405060729",
    "stat:DELIVRD",
    "err:000",
]


@given(st.permutations(FIELDS), st.randoms(use_true_random=False), st.sampled_from((" ", "  ", ", ", "\n", ";")))
def test_any_order_and_case_reads_the_same(fields: list[str], rng: random.Random, gap: str) -> None:
    shouted = [field.upper() if rng.random() < 0.5 and not field.startswith("id:") else field for field in fields]
    found = receipt(deliver(gap.join(shouted)))
    assert (found.provider_ref, found.state, found.at_us) == ("42ab", ReceiptState.DELIVERED, DONE_US)


TLVS = st.lists(
    st.tuples(st.sampled_from((ID, STATE, ERROR, PAYLOAD, 0x020C, 0x020E, 0x020F, 0x1400)), st.binary(max_size=30)),
    max_size=5,
).map(tuple)
TEXTS = st.one_of(
    st.binary(max_size=254),
    st.lists(
        st.sampled_from([*FIELDS, "text:", "id:", "stat:", ":", "\0", "err:-1", "done date:٣", "done date:9999999999"])
    ).map(lambda words: " ".join(words).encode("utf-8")[:254]),
)


@given(
    TEXTS,
    TLVS,
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(("", "61412345678", "+61412345678", "ACME", "0412", "\xff")),
    st.sampled_from(("same", "hex_dec", "dec_hex")),
)
@example(b"\xff" * 254, (), 0x40, 0, "61412345678", "same")
@example(b"\x05\x00\x03", (), 0x40, 0, "61412345678", "same")
def test_nothing_an_operator_sends_raises(
    text: bytes, tlvs: tuple[tuple[int, bytes], ...], esm_class: int, data_coding: int, source: str, ids: str
) -> None:
    sm = Sm(source=source, source_ton=1, short_message=text, esm_class=esm_class, data_coding=data_coding, tlvs=tlvs)
    found = read_deliver(sm, settings(f"ids={ids}"), NOW_US)
    if isinstance(found, Receipt):
        assert found.provider_ref
        assert NOW_US - 8 * DAY_US < found.at_us <= NOW_US
        assert (found.reason is not None) == (found.state in (ReceiptState.FAILED, ReceiptState.EXPIRED))
        assert len(found.detail) <= 200
    elif isinstance(found, SegmentOfInbound):
        assert join([found], settings()).text


def test_a_text_that_repeats_fields_without_end_is_read_in_no_time() -> None:
    for piece in ("id:x sub:", "id: ", "text:", "stat:DELIVRD ", " ", "done date:"):
        for esm_class in (0, 4):
            read_deliver(deliver(b"", (PAYLOAD, piece.encode() * 6_000), esm_class=esm_class), settings(), NOW_US)


# Messages from phones.


def phone(
    text: bytes, *tlvs: tuple[int, bytes], data_coding: int = 0, esm_class: int = 0, source: str = "61412345678"
) -> Sm:
    return deliver(text, *tlvs, esm_class=esm_class, data_coding=data_coding)._replace(
        source=source, destination="61480000001", dest_ton=1
    )


def inbound(sm: Sm, *, now_us: int = NOW_US) -> Inbound:
    found = read_deliver(sm, settings(), now_us)
    assert isinstance(found, Inbound), found
    return found


def test_a_message_from_a_phone_says_who_and_what_and_to_whom() -> None:
    found = inbound(phone(b"STOP"))
    assert found[:4] == ("+61412345678", "61480000001", "STOP", NOW_US)
    assert inbound(phone("Нет 🎉".encode("utf-16-be"), data_coding=8)).text == "Нет 🎉"
    assert inbound(phone(b"", (PAYLOAD, b"stop\x1be"))).text == "stop€"
    assert inbound(phone(b"Arr\xeat", data_coding=3)).text == "Arrêt"


def test_the_default_alphabet_of_the_operator_is_read_as_the_route_says() -> None:
    for query, text in (
        ("", "\u03a9\ufffd@"),
        ("coding=latin1", "\x15é\0"),
        ("coding=latin1&data_coding=3", "\u03a9\ufffd@"),
    ):
        found = read_deliver(phone(b"\x15\xe9\0"), settings(query), NOW_US)
        assert isinstance(found, Inbound)
        assert found.text == text


def test_what_the_operator_sends_again_has_the_same_key_and_other_messages_another() -> None:
    first = inbound(phone(b"YES"))
    assert inbound(phone(b"YES"), now_us=NOW_US + MINUTE_US).key == first.key
    others = [
        inbound(phone(b"NO")),
        inbound(phone(b"YES"), now_us=NOW_US + HOUR_US),
        inbound(phone(b"YES", source="61412345679")),
        inbound(phone(b"YES", (0x1400, b"operator's id 2"))),
    ]
    assert len({found.key for found in (first, *others)}) == 5


@pytest.mark.parametrize(
    ("address", "ton", "expected"),
    [
        ("61412345678", 1, "+61412345678"),
        ("+61412345678", 1, "+61412345678"),
        ("0061412345678", 0, "+61412345678"),
        ("61412345678", 0, "+61412345678"),
        ("0412345678", 2, ""),
        ("412345678", 2, ""),
        ("0412345678", 0, ""),
        ("12345", 3, ""),
        ("ACME", 5, ""),
        ("", 0, ""),
        ("6141234567890123", 1, ""),
        ("٦١٤١٢٣٤٥٦٧٨", 1, ""),
    ],
)
def test_addresses_become_numbers_with_a_country_code_or_nothing(address: str, ton: int, expected: str) -> None:
    assert e164(address, ton) == expected


def test_a_sender_that_is_no_phone_is_unreadable() -> None:
    found = read_deliver(phone(b"Your bill", source="OPERATOR"), settings(), NOW_US)
    assert isinstance(found, Unreadable)
    assert "OPERATOR" in found.detail


def segment(sm: Sm) -> SegmentOfInbound:
    found = read_deliver(sm, settings(), NOW_US)
    assert isinstance(found, SegmentOfInbound), found
    return found


@pytest.mark.parametrize("wide", [False, True])
def test_parts_of_a_long_message_are_joined_in_order_with_characters_that_lay_across(wide: bool) -> None:
    raw = "ab🎉cd".encode("utf-16-be")
    header = b"\6\x08\4\1\2" if wide else b"\5\0\3\7"
    parts = [
        segment(phone(header + bytes((3, number)) + raw[start : start + 6], esm_class=0x40, data_coding=8))
        for number, start in ((1, 0), (2, 6), (3, 12))
    ]
    assert {part.reference for part in parts} == {0x0102 if wide else 7}
    for order in (parts, parts[::-1], [*parts, parts[1]]):
        assert join(order, settings()).text == "ab🎉cd"
    assert join(parts, settings()).key == join(parts[::-1], settings()).key


def test_parts_told_by_parameters_are_joined_too() -> None:
    tlvs = [((0x020C, b"\1\2"), (0x020E, b"\2"), (0x020F, bytes((number,)))) for number in (1, 2)]
    parts = [segment(phone(text, *tlv)) for text, tlv in zip((b"cost 5\x1b", b"e"), tlvs, strict=True)]
    assert join(parts, settings()).text == "cost 5€"
    assert parts[0].reference == 0x0102


def test_missing_parts_leave_a_mark() -> None:
    parts = [
        segment(phone(b"\5\0\3\7\5" + bytes((number,)) + text, esm_class=0x40))
        for number, text in ((2, b"b"), (5, b"e"))
    ]
    assert join(parts, settings()).text == "…b……e"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"\0", "hi"),
        (b"\5\0\3\7\1\1", "hi"),
        (b"\5\0\3\7\2\0", "hi"),
        (b"\5\0\3\7\2\3", "hi"),
        (b"\6\5\4\x0b\x84\0\0", "hi"),
        (b"\3\0\3\7", "hi"),
        (b"\2\0", "i"),
    ],
)
def test_a_header_that_names_no_part_leaves_a_message_of_its_own(header: bytes, text: str) -> None:
    assert inbound(phone(header + b"hi", esm_class=0x40)).text == text


def test_a_header_longer_than_its_message_is_unreadable() -> None:
    for data in (b"\x09\0\3\7", b""):
        assert isinstance(read_deliver(phone(data, esm_class=0x40), settings(), NOW_US), Unreadable)
