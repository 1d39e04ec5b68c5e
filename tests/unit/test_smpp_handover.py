"""Receipts and messages from phones: acknowledged when they are durable, asked for again when not."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from engine.gateways import Inbound, Receipt, ReceiptState
from engine.gateways.smpp import handover
from engine.gateways.smpp.codec import Framer
from engine.gateways.smpp.handover import QUEUE_FULL, SYSTEM_ERROR, TAKEN, Arrival, HandOver, answer
from engine.gateways.smpp.inbound import SegmentOfInbound
from engine.gateways.smpp.settings import parse_settings

SETTINGS = parse_settings("smpp://ims:secret@localhost")
DELIVER_SM, DATA_SM = 0x05, 0x103
WAIT_S = 10.0


class Told:
    """What was answered: (session, command, sequence, status)."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, int, int, int]] = []
        self._changed = threading.Condition()

    def __call__(self, answers: Sequence[tuple[Any, bytes]]) -> None:
        with self._changed:
            for session, data in answers:
                for frame in Framer().feed(data):
                    _, command, status, sequence = struct.unpack_from(">IIII", frame)
                    self.answers.append((session, command, sequence, status))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[str, int, int, int]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answers) >= count, WAIT_S), self.answers
            return list(self.answers)


class Sink:
    """Takes what it is given, but refuses its first `refusals` calls and whatever holds `poison`."""

    def __init__(self, refusals: int = 0, poison: object = None) -> None:
        self.refusals = refusals
        self.poison = poison
        self.taken: list[Any] = []
        self.sizes: list[int] = []
        self.called = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, contents: Sequence[Any]) -> None:
        self.sizes.append(len(contents))
        self.called.set()
        self.gate.wait(WAIT_S)
        if self.refusals:
            self.refusals -= 1
            raise OSError("the disk is full")
        if self.poison in contents:
            raise ValueError("poison")
        self.taken.extend(contents)


Start = Callable[..., tuple[HandOver, Told]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[HandOver] = []

    def begin(sink: Sink, inbound: Sink | None = None) -> tuple[HandOver, Told]:
        told = Told()
        started.append(HandOver(SETTINGS, sink, inbound, told))
        return started[-1], told

    yield begin
    for one in started:
        one.close()


def receipt(number: int) -> Receipt:
    return Receipt(f"ref{number}", ReceiptState.DELIVERED, 1)


def arrivals(*contents: Receipt | Inbound | SegmentOfInbound, session: Any = "a", first: int = 1) -> list[Arrival]:
    return [Arrival(session, DELIVER_SM, first + place, content) for place, content in enumerate(contents)]


def inbound(number: int) -> Inbound:
    return Inbound("+61412345678", "1234", f"text {number}", 1, f"key{number}")


def segment(number: int, total: int) -> SegmentOfInbound:
    return SegmentOfInbound("+61412345678", "1234", 7, total, number, f"{number}".encode(), 0, 1, f"s{number}")


def test_an_answer_names_its_request_and_carries_an_empty_id() -> None:
    assert answer(DELIVER_SM, 9) == struct.pack(">IIIIB", 17, 0x8000_0005, 0, 9, 0)
    assert answer(DATA_SM, 9, QUEUE_FULL) == struct.pack(">IIIIB", 17, 0x8000_0103, 0x14, 9, 0)


def test_receipts_are_acknowledged_on_their_own_session_after_the_sink_has_them(start: Start) -> None:
    sink = Sink()
    sink.gate.clear()
    hand, told = start(sink)
    hand.put(arrivals(receipt(1), session="a", first=5))
    hand.put(arrivals(receipt(2), session="b", first=9))
    assert told.answers == []
    sink.gate.set()
    assert told.wait(2) == [("a", 0x8000_0005, 5, TAKEN), ("b", 0x8000_0005, 9, TAKEN)]
    assert sink.taken == [receipt(1), receipt(2)]


def test_what_comes_while_the_sink_works_goes_in_one_call(start: Start) -> None:
    sink = Sink()
    sink.gate.clear()
    hand, told = start(sink)
    hand.put(arrivals(receipt(0)))
    assert sink.called.wait(WAIT_S)
    for number in range(1, 100):
        hand.put(arrivals(receipt(number), first=number + 1))
    sink.gate.set()
    told.wait(100)
    assert sink.sizes == [1, 99]


def test_a_sink_that_fails_has_them_sent_again(start: Start) -> None:
    hand, told = start(Sink(refusals=1))
    hand.put(arrivals(receipt(1), receipt(2)))
    assert [status for *_, status in told.wait(2)] == [SYSTEM_ERROR] * 2
    hand.put(arrivals(receipt(1), receipt(2), first=3))
    assert [status for *_, status in told.wait(4)[2:]] == [TAKEN] * 2


def test_one_receipt_that_the_sink_cannot_take_does_not_keep_up_the_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "HAND_OVER_MOST", 8)
    monkeypatch.setattr(handover, "PAUSE_MOST_S", 0.01)
    sink = Sink(poison=receipt(3))
    hand, told = start(sink)
    wanted = {f"ref{number}" for number in range(8)} - {"ref3"}
    sequence, answered = 1, 0
    for _ in range(40):
        missing = [receipt(number) for number in range(8) if receipt(number) not in sink.taken]
        if {one.provider_ref for one in missing} == {"ref3"}:
            break
        hand.put(arrivals(*missing, first=sequence))
        sequence += len(missing)
        answered += len(missing)
        told.wait(answered)
    assert {one.provider_ref for one in sink.taken} == wanted


def test_more_than_can_wait_is_given_back(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "WAITING_MOST", 3)
    sink = Sink()
    sink.gate.clear()
    hand, _ = start(sink)
    hand.put(arrivals(receipt(0)))
    assert sink.called.wait(WAIT_S)
    batch = arrivals(*(receipt(number) for number in range(5)), first=2)
    assert hand.put(batch) == batch[3:]
    assert hand.put(batch) == batch
    sink.gate.set()


def test_messages_from_phones_go_to_their_own_sink(start: Start) -> None:
    sink, phones = Sink(), Sink()
    hand, told = start(sink, phones)
    hand.put(arrivals(inbound(1), receipt(1), inbound(2)))
    assert sorted(told.wait(3)) == [("a", 0x8000_0005, sequence, TAKEN) for sequence in (1, 2, 3)]
    assert (sink.taken, phones.taken) == ([receipt(1)], [inbound(1), inbound(2)])


def test_when_one_sink_fails_the_other_is_not_asked_again(start: Start) -> None:
    hand, told = start(Sink(refusals=1), Sink())
    hand.put(arrivals(inbound(1), receipt(1)))
    assert sorted(status for *_, status in told.wait(2)) == [TAKEN, SYSTEM_ERROR]


def test_without_a_sink_messages_from_phones_are_acknowledged_and_the_log_says_so(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    hand, told = start(Sink())
    hand.put(arrivals(inbound(1)))
    assert told.wait(1)[0][3] == TAKEN
    assert "dropped" in caplog.text
    assert "text 1" not in caplog.text


def test_the_last_part_of_a_long_message_is_acknowledged_only_when_the_whole_is_durable(start: Start) -> None:
    phones = Sink(refusals=1)
    hand, told = start(Sink(), phones)
    hand.put(arrivals(segment(1, 2)))
    assert told.wait(1)[-1] == ("a", 0x8000_0005, 1, TAKEN)
    hand.put(arrivals(segment(2, 2), first=2))
    assert told.wait(2)[-1] == ("a", 0x8000_0005, 2, SYSTEM_ERROR)
    hand.put(arrivals(segment(2, 2), first=3))
    assert told.wait(3)[-1] == ("a", 0x8000_0005, 3, TAKEN)
    assert [message.text for message in phones.taken] == ["12"]


def test_closing_hands_over_what_is_unfinished(start: Start) -> None:
    phones = Sink()
    hand, told = start(Sink(), phones)
    hand.put(arrivals(segment(1, 2)))
    told.wait(1)
    hand.close()
    assert [message.text for message in phones.taken] == ["1…"]


def test_closing_leaves_unacknowledged_what_is_not_durable(start: Start) -> None:
    sink = Sink()
    hand, told = start(sink)
    hand.close()
    hand.put(arrivals(receipt(1)))
    assert (sink.taken, told.answers) == ([], [])
