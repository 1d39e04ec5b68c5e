"""Byte for byte against smpplib, which shares no code with this: our PDUs are read there, theirs here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from engine import parts
from engine.gateways.base import Receipt, ReceiptState, Submission
from engine.gateways.smpp.alphabets import gsm_encode
from engine.gateways.smpp.codec import Bind, Command, Pdu, Sm, decode, encode, frame
from engine.gateways.smpp.receipts import read_deliver
from engine.gateways.smpp.settings import parse_settings
from engine.gateways.smpp.texts import Composer
from engine.model import GSM_BASIC, GSM_EXTENSION
from tests.operator import Operator, smsc
from tests.operator.messages import SHAPES, Address, Told
from tests.operator.options import Fate

ADDRESS = "smpp://ims:secret@smsc"
NOT_IN_THEIR_TABLE = "§\f"


class Numbering:
    """All that smpplib wants of a client when it reads bytes."""

    sequence = 1

    def next_sequence(self) -> int:
        return 1


def read_there(data: bytes) -> Any:
    return smpplib.smpp.parse_pdu(data, client=Numbering(), allow_unknown_opt_params=False)


def written_there(command: str, **fields: Any) -> bytes:
    pdu = smpplib.smpp.make_pdu(command, client=Numbering(), **fields)
    pdu.sequence = 7
    return pdu.generate()


def sent(text: str, query: str = "", *, sender: str | None = "ACMESTORES") -> list[Any]:
    """Our submit_sm of a message as smpplib reads them."""
    composer = Composer(parse_settings(f"{ADDRESS}?{query}"))
    count = parts.count(text)
    bodies = composer.bodies_of(Submission(1, "+61412345678", sender, text, count.encoding, count.parts), 0x1234)
    return [read_there(frame(Command.SUBMIT_SM, number, body)) for number, body in enumerate(bodies, start=1)]


def test_a_plain_submit_reads_the_same_there() -> None:
    (pdu,) = sent("Your parcel arrives today.", "validity_h=48&service_type=CMT")
    assert (pdu.command, pdu.status, pdu.sequence) == ("submit_sm", 0, 1)
    assert (pdu.service_type, pdu.validity_period, pdu.schedule_delivery_time) == (b"CMT", b"000002000000000R", b"")
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"ACMESTORES", 5, 0)
    assert (pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi) == (b"61412345678", 1, 1)
    assert (pdu.esm_class, pdu.protocol_id, pdu.priority_flag, pdu.registered_delivery) == (0, 0, 0, 1)
    assert (pdu.data_coding, pdu.sm_length, pdu.short_message) == (0, 26, b"Your parcel arrives today.")


def test_a_numeric_sender_is_an_international_number_there() -> None:
    (pdu,) = sent("x", sender="61480000001")
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"61480000001", 1, 1)
    (pdu,) = sent("x", sender=None)
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (b"", 0, 0)


def test_a_euro_on_a_boundary_goes_to_the_next_part_whole() -> None:
    text = "a" * 152 + "€" + "b" * 152
    found = sent(text)
    assert [pdu.esm_class for pdu in found] == [smpplib.consts.SMPP_GSMFEAT_UDHI] * 3
    assert [pdu.short_message[:6] for pdu in found] == [b"\5\0\3\x34\3" + bytes((number,)) for number in (1, 2, 3)]
    bodies = [pdu.short_message[6:] for pdu in found]
    assert bodies == [smpplib.gsm.gsm_encode(piece) for piece in ("a" * 152, "€" + "b" * 151, "b")]
    assert b"".join(bodies) == smpplib.gsm.gsm_encode(text)


def test_a_surrogate_pair_on_a_boundary_goes_to_the_next_part_whole() -> None:
    text = "ї" * 66 + "🎉" + "ї" * 65
    found = sent(text)
    bodies = [pdu.short_message[6:] for pdu in found]
    assert [body.decode("utf-16-be") for body in bodies] == ["ї" * 66, "🎉" + "ї" * 65]
    assert {pdu.data_coding for pdu in found} == {smpplib.consts.SMPP_ENCODING_ISO10646}


def test_sar_and_payload_are_read_as_parameters_there() -> None:
    text = "a" * 152 + "€" + "b" * 152
    found = sent(text, "long=sar")
    assert [(pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum) for pdu in found] == [
        (0x1234, 3, number) for number in (1, 2, 3)
    ]
    assert b"".join(pdu.short_message for pdu in found) == smpplib.gsm.gsm_encode(text)
    (whole,) = sent(text, "long=payload")
    assert (whole.sm_length, whole.message_payload) == (0, smpplib.gsm.gsm_encode(text))


def test_latin_1_is_the_coding_3_of_both() -> None:
    (pdu,) = sent("Café à Köln @ [1]", "coding=latin1&data_coding=3")
    assert pdu.data_coding == smpplib.consts.SMPP_ENCODING_ISO88591
    assert pdu.short_message == "Café à Köln @ [1]".encode("iso-8859-1")


@given(st.text("".join(set(GSM_BASIC + GSM_EXTENSION) - set(NOT_IN_THEIR_TABLE)), max_size=300))
def test_the_alphabet_is_the_same_on_both_sides(text: str) -> None:
    assert gsm_encode(text) == smpplib.gsm.gsm_encode(text)


@given(st.text(min_size=1, max_size=400), st.sampled_from(("udh", "sar", "payload")))
def test_whatever_is_sent_has_one_text_and_as_many_parts_as_counted_there(text: str, mode: str) -> None:
    text = text.replace("\x1b", "")
    found = sent(text, f"long={mode}")
    if mode != "payload":
        assert len(found) == max(parts.count(text).parts, 1)
    data = b"".join(
        (pdu.short_message or b"")[6 if pdu.esm_class else 0 :] + (getattr(pdu, "message_payload", None) or b"")
        for pdu in found
    )
    if found[0].data_coding:
        assert data == text.encode("utf-16-be")
    elif not set(text) & set(NOT_IN_THEIR_TABLE):
        assert data == smpplib.gsm.gsm_encode(text)


def test_binds_answers_and_bare_pdus_read_the_same_there() -> None:
    bind = read_there(encode(Pdu(Command.BIND_TRANSCEIVER, 7, bind=Bind("ims", "secret", "VMA", 0x34, 1, 1, "614"))))
    assert (bind.command, bind.system_id, bind.password, bind.system_type) == (
        "bind_transceiver",
        b"ims",
        b"secret",
        b"VMA",
    )
    assert (bind.interface_version, bind.addr_ton, bind.addr_npi, bind.address_range) == (0x34, 1, 1, b"614")
    answer = read_there(encode(Pdu(Command.SUBMIT_SM_RESP, 9, message_id="0A1B")))
    assert (answer.command, answer.sequence, answer.status, answer.message_id) == ("submit_sm_resp", 9, 0, b"0A1B")
    refusal = read_there(encode(Pdu(Command.SUBMIT_SM_RESP, 9, 0x58)))
    assert (refusal.status, refusal.is_error()) == (smpplib.consts.SMPP_ESME_RTHROTTLED, True)
    for command in ("enquire_link", "enquire_link_resp", "unbind", "unbind_resp", "generic_nack", "deliver_sm_resp"):
        found = read_there(encode(Pdu(Command[command.upper()], 3)))
        assert (found.command, found.sequence) == (command, 3)


def test_their_pdus_read_the_same_here() -> None:
    fields: dict[str, Any] = {
        "service_type": "CMT",
        "source_addr": "ACME",
        "source_addr_ton": 5,
        "destination_addr": "61412345678",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "short_message": b"hi \x1be",
        "data_coding": 0,
        "esm_class": 0x40,
        "registered_delivery": 1,
        "validity_period": "000002000000000R",
    }
    sm = Sm("ACME", 5, 0, "61412345678", 1, 1, b"hi \x1be", 0x40, 0, 1, "000002000000000R", "", "CMT")
    submit = written_there("submit_sm", **fields, sar_msg_ref_num=0x1234)
    assert decode(submit) == Pdu(Command.SUBMIT_SM, 7, sm=sm._replace(tlvs=((0x020C, b"\x12\x34"),)))
    deliver = written_there("deliver_sm", **fields, receipted_message_id="0A1B", message_state=2)
    tlvs = ((0x0427, b"\2"), (0x001E, b"0A1B\0"))
    assert decode(deliver) == Pdu(Command.DELIVER_SM, 7, sm=sm._replace(tlvs=tlvs))
    bind = written_there("bind_transmitter", system_id="ims", password="secret", system_type="VMA")
    assert decode(bind) == Pdu(Command.BIND_TRANSMITTER, 7, bind=Bind("ims", "secret", "VMA"))
    for command in ("enquire_link", "unbind", "enquire_link_resp", "generic_nack"):
        assert decode(written_there(command)) == Pdu(Command[command.upper()], 7)
    assert decode(written_there("submit_sm_resp", message_id="0A1B")).message_id == "0A1B"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("fate", [Fate(), Fate("UNDELIV", 5, "032")], ids=lambda fate: fate.word)
def test_every_receipt_of_the_test_operator_reads_the_same_there_and_here(shape: Any, fate: Fate) -> None:
    told = Told(b"0A1B", b"0A1B", fate, 1_714_980_480, 1_714_980_540, b"Your parcel")
    data = frame(Command.DELIVER_SM, 3, shape(Address("61412345678"), Address("ACME", 5, 0), told))
    theirs, ours = read_there(data), decode(data).sm
    assert ours is not None
    assert (theirs.source_addr, theirs.destination_addr) == (b"61412345678", b"ACME")
    assert (theirs.short_message or b"") == ours.short_message
    assert (getattr(theirs, "message_payload", None) or b"") == dict(ours.tlvs).get(0x0424, b"")
    found = read_deliver(ours, parse_settings(ADDRESS), 1_714_980_600_000_000)
    assert isinstance(found, Receipt)
    assert (found.provider_ref, found.msisdn) == ("0A1B", "+61412345678")
    assert found.state is (ReceiptState.DELIVERED if fate.state == 2 else ReceiptState.FAILED)


# smpplib's client and the test operator.


@pytest.fixture
def operator() -> Iterator[Operator]:
    with smsc(form="both") as made:
        yield made


def keeper(found: list[Any]) -> Callable[..., None]:
    """smpplib passes the PDU by name."""

    def keep(pdu: Any) -> None:
        found.append(pdu)

    return keep


def connected(operator: Operator) -> smpplib.client.Client:
    client = smpplib.client.Client(operator.host, operator.port, timeout=10, allow_unknown_opt_params=False)
    client.connect()
    return client


def test_their_client_logs_in_sends_gets_its_receipts_and_leaves(operator: Operator) -> None:
    client = connected(operator)
    answers: list[Any] = []
    delivered: list[Any] = []
    client.set_message_sent_handler(keeper(answers))
    client.set_message_received_handler(keeper(delivered))
    client.bind_transceiver(system_id="ims", password="secret")
    pieces, coding, esm_class = smpplib.gsm.make_parts("Your parcel arrives today. " * 10)
    for piece in pieces:
        client.send_message(
            source_addr_ton=5,
            source_addr="ACME",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="61412345678",
            short_message=piece,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    while len(delivered) < 2:
        client.read_once()
    assert [pdu.message_id.decode() for pdu in answers] == [found.message_id for found in operator.accepted]
    assert [pdu.receipted_message_id for pdu in delivered] == [pdu.message_id for pdu in answers]
    assert "".join(found.text for found in operator.accepted) == "Your parcel arrives today. " * 10
    operator.wait_for(lambda one: one.seen.acknowledged == 2)
    client.unbind()
    client.disconnect()
    operator.wait_for(lambda one: one.seen.open == 0)
    assert operator.seen.unbound == 1


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("ims", "wrong", smpplib.consts.SMPP_ESME_RINVPASWD),
        ("other", "secret", smpplib.consts.SMPP_ESME_RINVSYSID),
    ],
)
def test_their_client_is_refused_with_a_wrong_login(operator: Operator, user: str, password: str, status: int) -> None:
    client = connected(operator)
    with pytest.raises(smpplib.exceptions.PDUError) as refusal:
        client.bind_transmitter(system_id=user, password=password)
    assert refusal.value.args[1] == status
    client.disconnect()


def test_their_client_hears_from_phones_in_every_script(operator: Operator) -> None:
    client = connected(operator)
    heard: list[Any] = []
    client.set_message_received_handler(keeper(heard))
    client.bind_receiver(system_id="ims", password="secret")
    operator.phone_says("+61412345678", "STOP")
    operator.phone_says("+61412345678", "Нет 🎉")
    operator.phone_says("+61412345678", "x" * 161)
    while len(heard) < 4:
        client.read_once()
    assert [pdu.source_addr for pdu in heard] == [b"61412345678"] * 4
    assert heard[0].short_message == b"STOP"
    assert heard[1].short_message.decode("utf-16-be") == "Нет 🎉"
    assert [pdu.short_message[4:6] for pdu in heard[2:]] == [b"\2\1", b"\2\2"]
    client.unbind()
    client.disconnect()
