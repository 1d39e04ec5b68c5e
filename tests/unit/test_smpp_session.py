"""One bind: window, deadlines, signs of life, refusals, backpressure, and leaving."""

from __future__ import annotations

import asyncio

import pytest

from engine.gateways.smpp import session as module
from engine.gateways.smpp.codec import MOST_SEQUENCE, Bind, Command, Pdu, Sm, frame
from engine.gateways.smpp.session import DRAIN_S
from tests.smpp_wire import ENQUIRE_S, RESPONSE_S, WINDOW, Book, Line, bound, run, settled, submits


def test_a_window_is_filled_in_one_write_and_refilled_by_answers_in_any_order() -> None:
    async def test() -> None:
        line = await bound(20)
        first = submits(line.wire)
        assert (len(first), line.session.in_window) == (WINDOW, WINDOW)
        assert line.wire.writes == 2  # the login, and the window
        line.answer(*reversed(first))
        assert line.wire.writes == 3
        line.answer(*submits(line.wire))
        line.answer(*submits(line.wire))
        assert line.book.indexes == list(range(20))
        assert {end for end, _, _ in line.book.ends} == {"accepted"}
        assert line.book.ends[0] == ("accepted", WINDOW - 1, f"id{first[-1]}")

    run(test)


def test_nothing_is_submitted_before_the_login_nor_on_a_receiver() -> None:
    async def test() -> None:
        line = Line(Book(3))
        line.session.fill(line.now_s)
        assert line.wire.written == b""
        receiver = await bound(3, kind=Command.BIND_RECEIVER)
        receiver.session.fill(receiver.now_s)
        assert submits(receiver.wire) == []

    run(test)


def test_a_refused_login_tells_its_status_and_a_closed_connection_is_an_error() -> None:
    async def test() -> None:
        line = Line(Book())
        assert await line.bind(0x0E) == 0x0E
        assert not line.session.bound
        other = Line(Book())
        login = asyncio.ensure_future(other.session.login(Bind("ims", "secret")))
        await settled()
        other.wire.end(None)
        with pytest.raises(ConnectionError, match="closed the connection"):
            await login

    run(test)


def test_refusals_carry_their_status_also_when_they_come_as_generic_nack() -> None:
    async def test() -> None:
        line = await bound(2)
        one, two = submits(line.wire)
        line.answer(one, status=0x45)
        line.feed(Pdu(Command.GENERIC_NACK, two, 0x03))
        assert line.book.ends == [("refused", 0, "0x45"), ("refused", 1, "0x3")]

    run(test)


def test_answers_that_come_twice_or_to_nothing_are_ignored() -> None:
    async def test() -> None:
        line = await bound(1)
        (one,) = submits(line.wire)
        line.answer(one, one, 999)
        assert line.book.ends == [("accepted", 0, f"id{one}")]

    run(test)


def test_an_unanswered_part_is_lost_after_its_time_and_a_late_answer_changes_nothing() -> None:
    async def test() -> None:
        line = await bound(2)
        one, two = submits(line.wire)
        line.answer(one)
        line.session.tick(line.now_s + RESPONSE_S + 1)
        line.answer(two)
        assert line.book.ends == [("accepted", 0, f"id{one}"), ("lost", 1, "no answer within 30 s")]
        assert not line.session.gone.done()

    run(test)


def test_an_operator_that_answers_no_submit_of_a_whole_window_is_left() -> None:
    async def test() -> None:
        line = await bound(3 * WINDOW)
        line.session.tick(line.now_s + RESPONSE_S + 1)
        await settled()
        assert line.session.gone.result() == "the operator does not answer submits"
        assert line.book.indexes == list(range(WINDOW))

    run(test)


def test_a_lost_connection_loses_what_is_in_the_window_and_writes_no_more() -> None:
    async def test() -> None:
        line = await bound(WINDOW + 5)
        line.wire.end(ConnectionResetError("reset by peer"))
        await settled()
        assert line.session.gone.result() == "the connection was lost: reset by peer"
        assert line.book.indexes == list(range(WINDOW))
        assert line.book.waiting == 5
        line.session.fill(line.now_s)
        assert line.book.waiting == 5

    run(test)


def test_a_silent_connection_is_tested_and_then_left() -> None:
    async def test() -> None:
        line = await bound()
        start_s = line.now_s
        line.session.tick(start_s + ENQUIRE_S - 1)
        await settled()
        assert line.wire.written == b""
        line.session.tick(start_s + ENQUIRE_S + 1)
        await settled()
        (asked,) = line.wire.sent()
        assert asked.command == Command.ENQUIRE_LINK
        line.session.tick(start_s + ENQUIRE_S + RESPONSE_S)
        assert not line.wire.is_closing()
        line.session.tick(start_s + ENQUIRE_S + RESPONSE_S + 2)
        await settled()
        assert line.session.gone.result() == "the operator showed no sign of life"

    run(test)


def test_any_word_of_the_operator_is_a_sign_of_life() -> None:
    for word in (Pdu(Command.ENQUIRE_LINK_RESP, 2), Pdu(Command.GENERIC_NACK, 2, 0x03), Pdu(Command.ENQUIRE_LINK, 1)):

        async def test(word: Pdu = word) -> None:
            line = await bound()
            line.session.tick(line.now_s + ENQUIRE_S + 1)
            line.feed(word)
            line.session.tick(line.now_s + ENQUIRE_S - 1)
            line.session.tick(line.now_s + ENQUIRE_S + RESPONSE_S - 1)
            assert not line.wire.is_closing()

        run(test)


def test_questions_of_the_operator_are_answered() -> None:
    async def test() -> None:
        line = await bound()
        line.feed(Pdu(Command.ENQUIRE_LINK, 7))
        line.session.data_received(frame(0x0000_0111, 8))
        line.session.data_received(frame(Command.SUBMIT_SM, 9, b"what?"))
        await settled()
        assert line.wire.sent() == [
            Pdu(Command.ENQUIRE_LINK_RESP, 7),
            Pdu(Command.GENERIC_NACK, 8, 0x03),
            Pdu(Command.GENERIC_NACK, 9, 0x03),
        ]

    run(test)


def test_what_wants_no_answer_gets_none() -> None:
    async def test() -> None:
        line = await bound()
        line.session.data_received(frame(Command.ALERT_NOTIFICATION, 5, b"\1\1x\0"))
        line.session.data_received(frame(0x8000_0111, 6))
        line.session.data_received(frame(Command.GENERIC_NACK, 0, status=0x02))
        await settled()
        assert line.wire.written == b""
        assert not line.wire.is_closing()

    run(test)


def test_deliveries_are_handed_on_together_and_not_answered_here() -> None:
    async def test() -> None:
        line = await bound()
        sm = Sm("61412345678", 1, 1, "1234", short_message=b"STOP")
        line.feed(Pdu(Command.DELIVER_SM, 1, sm=sm), Pdu(Command.DELIVER_SM, 2, sm=sm))
        await settled()
        assert [pdu.sequence for pdu in line.book.delivered_] == [1, 2]
        assert line.wire.written == b""
        line.session.write(frame(Command.DELIVER_SM_RESP, 1, b"\0"))
        await settled()
        assert [pdu.sequence for pdu in line.wire.sent()] == [1]

    run(test)


def test_a_delivery_before_the_login_is_refused() -> None:
    async def test() -> None:
        line = Line(Book())
        line.feed(Pdu(Command.DELIVER_SM, 4, sm=Sm("61412345678", short_message=b"STOP")))
        await settled()
        (answered,) = line.wire.sent()
        assert answered[:3] == (Command.DELIVER_SM_RESP, 4, 0x04)
        assert line.book.delivered_ == []

    run(test)


def test_deliveries_and_answers_that_cannot_be_read_are_told_apart() -> None:
    async def test() -> None:
        line = await bound(1)
        submits(line.wire)
        line.session.data_received(frame(Command.DELIVER_SM, 3, b"\0\0\0"))
        assert line.book.unreadable_ == [3]
        assert not line.wire.is_closing()

    run(test)


def test_a_stream_out_of_step_is_answered_and_closed() -> None:
    async def test() -> None:
        line = await bound(2)
        submits(line.wire)
        line.session.data_received(b"GET / HTTP/1.1\r\n\r\n")
        (nack,) = line.wire.sent()
        assert nack == Pdu(Command.GENERIC_NACK, 0, 0x02)
        await settled()
        assert "no SMPP" in line.session.gone.result()
        assert line.book.indexes == [0, 1]

    run(test)


def test_an_operator_that_ends_the_session_still_gives_its_answers() -> None:
    async def test() -> None:
        line = await bound(3)
        one, two, _ = submits(line.wire)
        line.answer(one)
        line.feed(Pdu(Command.UNBIND, 5))
        line.book.waiting = 9
        line.answer(two)
        await settled()
        assert [pdu.command for pdu in line.wire.sent()] == [Command.UNBIND_RESP]
        assert line.book.waiting == 9
        assert not line.wire.is_closing()
        line.session.tick(line.now_s + DRAIN_S + 0.1)
        await settled()
        assert line.session.gone.result() == "the operator ended the session"
        assert [(end, index) for end, index, _ in line.book.ends] == [("accepted", 0), ("accepted", 1), ("lost", 2)]

    run(test)


def test_leaving_unbinds_and_waits_for_the_answer() -> None:
    async def test() -> None:
        line = await bound(1)
        (one,) = submits(line.wire)
        leaving = asyncio.ensure_future(line.session.leave())
        await settled()
        assert line.wire.written == b""
        line.answer(one)
        await asyncio.sleep(2 * module.LOOK_S)
        (unbind,) = line.wire.sent()
        assert unbind.command == Command.UNBIND
        line.feed(Pdu(Command.UNBIND_RESP, unbind.sequence))
        await leaving
        await settled()
        assert line.session.gone.done()
        assert line.book.ends == [("accepted", 0, f"id{one}")]

    run(test)


def test_leaving_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVE_S", 0.02)
    monkeypatch.setattr(module, "UNBIND_S", 0.02)

    async def test() -> None:
        line = await bound(1)
        await line.session.leave()
        await settled()
        assert line.book.indexes == [0]
        assert line.session.gone.done()

    run(test)


def test_while_the_operator_reads_slowly_nothing_more_is_submitted() -> None:
    async def test() -> None:
        line = await bound(WINDOW)
        first = submits(line.wire)
        line.book.waiting = 3
        line.session.pause_writing()
        line.answer(*first)
        assert submits(line.wire) == []
        line.session.resume_writing()
        assert len(submits(line.wire)) == 3

    run(test)


def test_an_operator_that_reads_nothing_while_it_asks_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNREAD_BYTES", 1_000)

    async def test() -> None:
        line = await bound()
        line.wire.unread = 1_001
        line.feed(Pdu(Command.ENQUIRE_LINK, 7))
        await settled()
        assert line.session.gone.result() == "the operator does not read what is sent to it"

    run(test)


def test_sequence_numbers_begin_again_after_the_last() -> None:
    async def test() -> None:
        line = await bound()
        line.session._sequence = MOST_SEQUENCE - 1
        line.book.waiting = 3
        line.session.fill(line.now_s)
        assert submits(line.wire) == [MOST_SEQUENCE, 1, 2]

    run(test)


def test_after_a_complaint_the_bind_holds_back() -> None:
    async def test() -> None:
        line = await bound(WINDOW)
        line.book.slow = True
        first = submits(line.wire)
        line.book.waiting = 50
        line.answer(first[0], status=0x58)
        assert submits(line.wire) == []
        line.answer(*first[1:], status=0x58)
        assert submits(line.wire) == []
        assert line.session.pace.per_s > 0

    run(test)
