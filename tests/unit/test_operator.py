"""The operator of the tests keeps its own promises: a test that leans on it must not pass because it did nothing."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.gateways.base import Inbound, Receipt, ReceiptState, Submission
from engine.gateways.fates import ENDINGS as SIMULATED
from engine.gateways.smpp.codec import Bind, Command, Framer, MalformedPdu, Pdu, decode, encode, frame
from engine.gateways.smpp.inbound import SegmentOfInbound, join
from engine.gateways.smpp.receipts import answer_ref, read_deliver
from engine.gateways.smpp.settings import Settings, parse_settings
from engine.gateways.smpp.texts import Composer
from engine.model import Encoding
from tests.operator import ENDINGS, Operator, make_certificate, read_journal, smsc
from tests.operator.messages import SHAPES
from tests.operator.options import Fate

SETTINGS = parse_settings("smpp://ims:secret@smsc")
COMPOSER = Composer(SETTINGS)
NOW_US = 4_000_000_000_000_000
WAIT_S = 10.0
SILENCE_S = 0.15
"""How long nothing has to come to be taken for silence."""


class Esme:
    """A client on a plain socket, which acknowledges what it is told to."""

    def __init__(
        self, port: int, command: Command = Command.BIND_TRANSCEIVER, context: ssl.SSLContext | None = None
    ) -> None:
        raw = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.socket = context.wrap_socket(raw, server_hostname="localhost") if context else raw
        self._framer = Framer()
        self._frames: list[bytes] = []
        self.sequence = 1
        self.send(Pdu(command, 1, bind=Bind("ims", "secret")))
        assert self.read() == Pdu(command | 0x8000_0000, 1, message_id="TEST")

    def send(self, *pdus: Pdu) -> None:
        self.socket.sendall(b"".join(map(encode, pdus)))

    def submit(self, *last: str, text: str = "hi", sender: str = "ACME") -> None:
        """A message for each end of a number, all in one write."""
        frames: list[bytes] = []
        for digits in last:
            message = Submission(1, f"+6141234{digits}", sender, text, Encoding.GSM7, 1)
            for body in COMPOSER.bodies_of(message, self.sequence):
                self.sequence += 1
                frames.append(frame(Command.SUBMIT_SM, self.sequence, body))
        self.socket.sendall(b"".join(frames))

    def read(self, timeout_s: float = WAIT_S) -> Pdu:
        """The next PDU. Raises TimeoutError, or ConnectionError at the end; MalformedPdu carries on with the next."""
        self.socket.settimeout(timeout_s)
        while not self._frames:
            data = self.socket.recv(65_536)
            if not data:
                raise ConnectionError("the operator ended the connection")
            self._frames = self._framer.feed(data)
        return decode(self._frames.pop(0))

    def take(self, answers: int = 0, delivered: int = 0) -> tuple[list[Pdu], list[Pdu], list[int]]:
        """So many answers and deliver_sm, the latter acknowledged; and the commands in the order they came."""
        found: dict[int, list[Pdu]] = {Command.SUBMIT_SM_RESP: [], Command.DELIVER_SM: []}
        order: list[int] = []
        while len(found[Command.SUBMIT_SM_RESP]) < answers or len(found[Command.DELIVER_SM]) < delivered:
            pdu = self.read()
            found[pdu.command].append(pdu)
            order.append(pdu.command)
            if pdu.command == Command.DELIVER_SM:
                self.send(Pdu(Command.DELIVER_SM_RESP, pdu.sequence))
        return found[Command.SUBMIT_SM_RESP], found[Command.DELIVER_SM], order

    def hears_nothing(self) -> bool:
        with suppress(TimeoutError):
            return self.read(SILENCE_S) is None
        return True

    def reads_to_the_end(self) -> list[Pdu]:
        found: list[Pdu] = []
        with suppress(ConnectionError):
            while True:
                found.append(self.read())
        return found


@contextmanager
def bound(
    operator: Operator | int, command: Command = Command.BIND_TRANSCEIVER, context: ssl.SSLContext | None = None
) -> Iterator[Esme]:
    made = Esme(operator if isinstance(operator, int) else operator.port, command, context)
    try:
        yield made
    finally:
        made.socket.close()


def ends(count: int) -> list[str]:
    return [f"{number:04}" for number in range(count)]


def told(delivered: list[Pdu], settings: Settings = SETTINGS) -> list[Receipt]:
    found: list[Receipt] = []
    for pdu in delivered:
        assert pdu.sm is not None
        receipt = read_deliver(pdu.sm, settings, NOW_US)
        assert isinstance(receipt, Receipt), receipt
        found.append(receipt)
    return found


def test_a_plain_operator_accepts_everything_and_delivers_it_after_the_answer() -> None:
    with smsc() as operator, bound(operator) as esme:
        esme.submit(*ends(20))
        answers, delivered, order = esme.take(20, 20)
        assert [answer.status for answer in answers] == [0] * 20
        ids = [answer.message_id for answer in answers]
        assert len(set(ids)) == 20
        assert [(one.provider_ref, one.state) for one in told(delivered)] == [
            (ref, ReceiptState.DELIVERED) for ref in ids
        ]
        assert order == [Command.SUBMIT_SM_RESP] * 20 + [Command.DELIVER_SM] * 20
        operator.wait_for(lambda one: one.seen.acknowledged == 20)
        assert [(found.message_id, found.text) for found in operator.accepted] == [(ref, "hi") for ref in ids]


def test_every_part_is_accepted_and_receipted_and_counted_by_itself() -> None:
    with smsc() as operator, bound(operator) as esme:
        for _ in range(2):
            esme.submit("0001", text="a" * 400)
            answers, delivered, _ = esme.take(3, 3)
            assert {one.provider_ref for one in told(delivered)} == {answer.message_id for answer in answers}
        assert operator.counts == {
            ("61412340001", "1/3", b"a" * 153): 2,
            ("61412340001", "2/3", b"a" * 153): 2,
            ("61412340001", "3/3", b"a" * 94): 2,
        }


@pytest.mark.parametrize(("which", "at"), [("first", 0), ("last", 2)])
def test_a_long_message_can_have_one_receipt_alone(which: str, at: int) -> None:
    with smsc(receipt_part=which) as operator, bound(operator) as esme:
        esme.submit("0001", text="a" * 400)
        esme.submit("0002")
        answers, delivered, _ = esme.take(4, 2)
        assert [one.provider_ref for one in told(delivered)] == [answers[at].message_id, answers[3].message_id]


def test_throttling_takes_its_share_and_nothing_of_it_is_accepted() -> None:
    with smsc(throttle=0.3) as operator, bound(operator) as esme:
        esme.submit(*ends(500))
        answers, _, _ = esme.take(500)
        throttled = [answer for answer in answers if answer.status]
        assert {answer.status for answer in throttled} == {0x58, 0x14}
        assert 100 < len(throttled) < 200
        assert operator.desk.taken == 500 - len(throttled) == len(operator.counts)


@pytest.mark.parametrize("before", [0, 1])
def test_the_connection_is_cut_every_so_many_submits(before: int) -> None:
    with smsc(drop_every=10, drop_before=before) as operator:
        for turn in range(1, 3):
            with bound(operator) as esme:
                esme.submit(*ends(25))
                found = esme.reads_to_the_end()
                assert sum(pdu.command == Command.SUBMIT_SM_RESP for pdu in found) <= 9
            operator.wait_for(lambda one, turn=turn: one.seen.dropped == turn)
            assert operator.desk.taken == turn * (9 if before else 10)


def test_receipts_that_a_cut_left_open_go_to_the_next_connection() -> None:
    with smsc(drop_every=10) as operator:
        with bound(operator) as esme:
            esme.submit(*ends(10))
            esme.reads_to_the_end()
        with bound(operator, Command.BIND_RECEIVER) as esme:
            _, delivered, _ = esme.take(0, 10)
            assert {one.provider_ref for one in told(delivered)} == {found.message_id for found in operator.accepted}


def test_it_is_down_for_a_while_and_comes_back_on_the_same_port() -> None:
    with smsc() as operator, bound(operator) as esme:
        operator.go_down()
        assert esme.reads_to_the_end() == []
        with pytest.raises(ConnectionRefusedError):
            Esme(operator.port)
        operator.come_up()
        with bound(operator) as again:
            again.submit("0001")
            again.take(1, 1)


def test_it_can_begin_down_and_comes_up_by_itself() -> None:
    with smsc(down_s=3_600) as operator:
        with pytest.raises(ConnectionRefusedError):
            Esme(operator.port)
        operator.go_down(0.02)
        operator.wait_for(lambda one: one._server is not None)
        with bound(operator):
            pass


def test_answers_come_late_and_out_of_order() -> None:
    with smsc(answer_ms=50, shuffle=1) as operator, bound(operator) as esme:
        esme.submit(*ends(50))
        answers, _, order = esme.take(50, 50)
        sequences = [answer.sequence for answer in answers]
        assert sequences != sorted(sequences)
        assert sorted(sequences) == list(range(2, 52))
        assert operator.seen.most_unanswered == 50
        assert order[0] == Command.SUBMIT_SM_RESP, "a receipt waits for its answer"


def test_a_silent_operator_accepts_and_does_not_answer() -> None:
    with smsc(silent=1.0, no_receipt=1.0) as operator, bound(operator) as esme:
        esme.submit("0001", "0002")
        assert esme.hears_nothing()
        assert operator.desk.taken == operator.seen.silent == 2


def test_a_deaf_operator_does_not_even_answer_enquiries() -> None:
    with smsc() as operator, bound(operator) as esme:
        esme.send(Pdu(Command.ENQUIRE_LINK, 7))
        assert esme.read() == Pdu(Command.ENQUIRE_LINK_RESP, 7)
        operator.go_deaf()
        esme.send(Pdu(Command.ENQUIRE_LINK, 8))
        assert esme.hears_nothing()


def test_early_receipts_come_before_their_answer() -> None:
    with smsc(early=1.0) as operator, bound(operator) as esme:
        esme.submit("0001", "0002")
        _, _, order = esme.take(2, 2)
        assert order == [Command.DELIVER_SM, Command.SUBMIT_SM_RESP] * 2


def test_receipts_come_twice_contradict_go_ahead_and_name_strangers() -> None:
    with smsc(enroute=1.0, duplicate=1.0, contradict=1.0, stale=1.0) as operator, bound(operator) as esme:
        esme.submit("0001")
        answers, delivered, _ = esme.take(1, 5)
        found = told(delivered)
        ref = answers[0].message_id
        assert [one.state for one in found[:4]] == [
            ReceiptState.ENROUTE,
            ReceiptState.DELIVERED,
            ReceiptState.DELIVERED,
            ReceiptState.FAILED,
        ]
        assert {one.provider_ref for one in found[:4]} == {ref}
        assert found[4].provider_ref != ref


def test_a_stale_receipt_is_three_days_old() -> None:
    with smsc(stale=1.0) as operator, bound(operator) as esme:
        esme.submit("0001")
        _, delivered, _ = esme.take(1, 2)
        assert delivered[1].sm is not None
        date = delivered[1].sm.short_message.split(b"done date:")[1][:10].decode()
        fresh = delivered[0].sm.short_message.split(b"done date:")[1][:10].decode() if delivered[0].sm else ""
        assert date < fresh


def test_a_malformed_deliver_sm_cannot_be_read_and_comes_again_until_it_is_acknowledged() -> None:
    with smsc(malformed=1.0, resend_ms=20) as operator, bound(operator) as esme:
        esme.submit("0001")
        esme.take(1, 1)
        for _ in range(2):
            with pytest.raises(MalformedPdu) as problem:
                esme.read()
            assert problem.value.command == Command.DELIVER_SM
            esme.send(Pdu(Command.GENERIC_NACK, problem.value.sequence, 2))
        with pytest.raises(MalformedPdu) as problem:
            esme.read()
        esme.send(Pdu(Command.DELIVER_SM_RESP, problem.value.sequence))
        operator.wait_for(lambda one: one.seen.acknowledged == 2)
        assert operator.seen.generic_nacks == operator.seen.nacked == 2
        assert esme.hears_nothing()


def test_what_is_refused_or_never_acknowledged_is_sent_again() -> None:
    with smsc(resend_ms=20, acknowledge_ms=200) as operator, bound(operator) as esme:
        esme.submit("0001")
        first, second = esme.read(), esme.read()
        assert (first.command, second.command) == (Command.SUBMIT_SM_RESP, Command.DELIVER_SM)
        esme.send(Pdu(Command.DELIVER_SM_RESP, second.sequence, 8))
        third = esme.read()
        fourth = esme.read()  # nobody said anything to the third
        assert second.sm == third.sm == fourth.sm
        assert len({second.sequence, third.sequence, fourth.sequence}) == 3
        esme.send(Pdu(Command.DELIVER_SM_RESP, fourth.sequence))
        operator.wait_for(lambda one: one.seen.acknowledged == 1)
        assert (operator.seen.nacked, operator.seen.given_up) == (1, 0)


def test_ends_of_numbers_have_the_fates_of_the_simulator_and_a_few_more() -> None:
    for digits, ending in SIMULATED.items():
        ours = ENDINGS[digits]
        if ending.fate.refusal:
            assert f"0x{ours:02X}" == ending.fate.refusal.detail.split()[0]
        else:
            assert isinstance(ours, Fate)
            assert ending.fate.verdict is not None
            assert ending.fate.verdict.detail == f"stat:{ours.word} err:{ours.err}"
    with smsc() as operator, bound(operator) as esme:
        esme.submit(*ENDINGS)
        answers, delivered, _ = esme.take(len(ENDINGS), 5)
        assert [answer.status for answer in answers] == [
            ending if isinstance(ending, int) else 0 for ending in ENDINGS.values()
        ]
        assert [(one.code or one.detail) for one in told(delivered)] == [
            "err:027",
            "stat:EXPIRED err:000",
            "err:013",
            "err:032",
            "err:1015",
        ]
        assert esme.hears_nothing()


def test_a_sender_can_be_refused() -> None:
    with smsc(refuse_sender="BAD") as operator, bound(operator) as esme:
        esme.submit("0001", sender="BAD")
        esme.submit("0001", sender="GOOD")
        assert [answer.status for answer in esme.take(2, 1)[0]] == [0x0A, 0]


@pytest.mark.parametrize("form", ["text", "both", "tlv", "any"])
@pytest.mark.parametrize("ids", ["same", "hex_dec", "dec_hex"])
def test_receipts_name_their_message_in_every_form_and_both_number_systems(form: str, ids: str) -> None:
    settings = parse_settings(f"smpp://ims:secret@smsc?ids={ids}")
    with smsc(form=form, ids=ids, fail=0.3) as operator, bound(operator) as esme:
        esme.submit(*ends(3 * len(SHAPES)))
        answers, delivered, _ = esme.take(3 * len(SHAPES), 3 * len(SHAPES))
        refs = [answer_ref(answer.message_id, settings) for answer in answers]
        assert [one.provider_ref for one in told(delivered, settings)] == refs
        shapes = {(pdu.sm.esm_class, bool(pdu.sm.short_message), len(pdu.sm.tlvs)) for pdu in delivered if pdu.sm}
        assert (len(shapes) > 4) == (form == "any")
        if ids != "same" and form != "tlv":
            plain = [pdu.sm.short_message for pdu in delivered if pdu.sm and pdu.sm.short_message.startswith(b"id:")]
            assert not {answer.message_id.encode() for answer in answers} & {text[3:].split()[0] for text in plain}


def test_phones_are_heard_whole_and_in_parts_cut_anywhere() -> None:
    with smsc() as operator, bound(operator, Command.BIND_RECEIVER) as esme:
        operator.phone_says("+61412345678", "STOP", to="ACME")
        _, delivered, _ = esme.take(0, 1)
        assert delivered[0].sm is not None
        found = read_deliver(delivered[0].sm, SETTINGS, NOW_US)
        assert isinstance(found, Inbound)
        assert found[:3] == ("+61412345678", "ACME", "STOP")
        operator.phone_says("+61412345678", "Нет 🎉!", part_bytes=3, order=(2, 0, 1, 4, 3))
        segments: list[SegmentOfInbound] = []
        for pdu in esme.take(0, 5)[1]:
            assert pdu.sm is not None
            segment = read_deliver(pdu.sm, SETTINGS, NOW_US)
            assert isinstance(segment, SegmentOfInbound)
            segments.append(segment)
        assert [segment.number for segment in segments] == [3, 1, 2, 5, 4]
        assert join(segments, SETTINGS).text == "Нет 🎉!"[:7]


def test_it_asks_whether_the_other_side_is_there() -> None:
    with smsc(enquire_ms=20) as operator, bound(operator) as esme:
        asked = esme.read()
        assert asked.command == Command.ENQUIRE_LINK
        esme.send(Pdu(Command.ENQUIRE_LINK_RESP, asked.sequence))
        operator.wait_for(lambda one: one.seen.enquiries_answered == 1)


def test_who_is_not_bound_or_bound_to_receive_cannot_submit() -> None:
    with smsc() as operator, bound(operator, Command.BIND_RECEIVER) as esme:
        esme.submit("0001")
        assert esme.take(1)[0][0].status == 0x04
        assert operator.desk.submits == 0


def test_garbage_is_nacked_and_a_stream_out_of_step_is_cut() -> None:
    with smsc() as operator, bound(operator) as esme:
        esme.socket.sendall(frame(Command.SUBMIT_SM, 5, b"\1"))
        assert esme.read() == Pdu(Command.SUBMIT_SM_RESP, 5, 2)
        esme.socket.sendall(frame(Command.BIND_TRANSCEIVER, 6, b"\1"))
        assert esme.read() == Pdu(Command.GENERIC_NACK, 6, 2)
        esme.socket.sendall(frame(Command.QUERY_SM, 7, b"\0\0\0\0"))
        assert esme.read() == Pdu(Command.GENERIC_NACK, 7, 3)
        esme.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert esme.reads_to_the_end() == []
        assert operator.seen.malformed == 3


def test_a_login_can_be_refused_with_any_status() -> None:
    with smsc(refuse_bind=0x0D) as operator:
        with socket.create_connection((operator.host, operator.port), timeout=WAIT_S) as raw:
            raw.sendall(encode(Pdu(Command.BIND_TRANSCEIVER, 1, bind=Bind("ims", "secret"))))
            assert decode(raw.recv(100)) == Pdu(Command.BIND_TRANSCEIVER_RESP, 1, 0x0D)
            assert raw.recv(100) == b""
        assert (operator.seen.binds_refused, operator.seen.binds) == (1, [])
        operator.set(refuse_bind=0)
        with bound(operator):
            assert operator.seen.binds == [(Command.BIND_TRANSCEIVER, Bind("ims", "secret"))]


def test_tls_is_spoken_with_a_certificate_made_for_the_test(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with smsc(tls=certificate) as operator:
        assert operator.url().startswith("smpps://")
        with bound(operator, context=ssl.create_default_context(cafile=certificate.authority)) as esme:
            esme.submit("0001")
            esme.take(1, 1)
        with pytest.raises(ssl.SSLCertVerificationError):
            Esme(operator.port, context=ssl.create_default_context())


def test_as_a_process_it_prints_its_port_keeps_a_journal_and_says_what_it_saw(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    command = [
        sys.executable,
        "-m",
        "tests.operator",
        "--user",
        "ims",
        "--password",
        "secret",
        "--journal",
        str(journal),
    ]
    with subprocess.Popen([*command, "--no-receipt", "1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with bound(int(process.stdout.readline())) as esme:
            esme.submit("0001", "0002", "0001", text="hé")
            esme.take(3)
            assert read_journal(journal) == {("61412340001", "", b"h\x05"): 2, ("61412340002", "", b"h\x05"): 1}
        process.send_signal(signal.SIGTERM)
        seen = json.loads(process.stdout.read())
        assert (seen["submits"], seen["accepted"], seen["binds"]) == (3, 3, 1)
    assert process.returncode == 0


def test_the_journal_has_what_was_accepted_and_never_answered(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with smsc(journal=str(journal), silent=1.0) as operator, bound(operator) as esme:
        esme.submit("0001")
        operator.wait_for(lambda _: read_journal(journal).total() == 1)
        operator.set(drop_every=2)
        esme.submit("0002")
        esme.reads_to_the_end()
        assert read_journal(journal) == operator.counts
        assert read_journal(journal).total() == 2
