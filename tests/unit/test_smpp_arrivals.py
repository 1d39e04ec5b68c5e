"""What an operator sends by itself: receipts in every shape, messages from phones, and what cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from engine.gateways import Inbound, Receipt, ReceiptState
from engine.gateways.smpp import handover
from engine.model import FailReason
from tests.operator import smsc
from tests.smpp_kit import WAIT_S, Inbox, messages, of_refs, opened, wait_link

PHONE = "+61412345678"
STORY = "Once upon a time there was a phone that had much to say. " * 12


def test_a_receipt_may_come_before_its_answer() -> None:
    inbox = Inbox[Receipt]()
    with smsc(early=1.0, answer_ms=30) as operator, opened(operator, "window=50", sink=inbox) as gateway:
        found: list[str] = []
        submitting = threading.Thread(
            target=lambda: found.extend(outcome.provider_ref for outcome in gateway.submit(messages(50)))
        )
        submitting.start()
        receipts = inbox.wait_for(50)
        submitting.join(WAIT_S)
    assert {receipt.provider_ref for receipt in receipts} == set(found)


def test_receipts_in_every_shape_and_with_every_whim_reach_the_sink() -> None:
    inbox = Inbox[Receipt]()
    whims: dict[str, Any] = dict.fromkeys(("duplicate", "contradict", "stale", "enroute", "malformed", "early"), 0.2)
    with smsc(form="any", **whims) as operator, opened(operator, "window=50", sink=inbox) as gateway:
        outcomes = gateway.submit(messages(400))
        inbox.wait_until(of_refs([outcome.provider_ref for outcome in outcomes]))
        operator.wait_for(lambda one: not one.pending and not any(session.awaited for session in one._sessions))
        assert (operator.seen.nacked, operator.seen.resent, operator.seen.given_up) == (0, 0, 0)
        assert gateway.link().bound == 1


def test_a_receipt_names_state_reason_and_whom_the_message_went_to() -> None:
    inbox = Inbox[Receipt]()
    numbers = [f"+6141234{ending}" for ending in ("0000", "9901", "9903", "9905")]
    with smsc() as operator, opened(operator, sink=inbox) as gateway:
        gateway.submit([messages(1)[0]._replace(msisdn=number) for number in numbers])
        by_number = {receipt.msisdn: receipt for receipt in inbox.wait_for(4)}
    assert [by_number[number][1::2][:2] for number in numbers] == [
        (ReceiptState.DELIVERED, None),
        (ReceiptState.FAILED, FailReason.ABSENT),
        (ReceiptState.EXPIRED, FailReason.EXPIRED),
        (ReceiptState.FAILED, FailReason.MEMORY_FULL),
    ]
    assert by_number[numbers[3]].code == "err:032"


def test_receipts_are_acknowledged_only_when_the_sink_has_them() -> None:
    entered, gate = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        entered.set()
        gate.wait(WAIT_S)

    with smsc(resend_ms=60_000) as operator, opened(operator, sink=slow) as gateway:
        gateway.submit(messages(10))
        assert entered.wait(WAIT_S)
        assert operator.seen.acknowledged == 0
        gate.set()
        operator.wait_for(lambda one: one.seen.acknowledged == 10)


def test_receipts_that_the_sink_refuses_are_sent_again_and_none_is_lost() -> None:
    inbox = Inbox[Receipt](refusals=2)
    with smsc(resend_ms=5) as operator, opened(operator, sink=inbox) as gateway:
        refs = [outcome.provider_ref for outcome in gateway.submit(messages(60))]
        inbox.wait_until(of_refs(refs))
        operator.wait_for(lambda one: one.seen.acknowledged >= 60)
        assert operator.seen.nacked >= 2


def test_when_too_many_receipts_wait_the_operator_is_asked_to_keep_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "WAITING_MOST", 20)
    entered, gate = threading.Event(), threading.Event()
    inbox = Inbox[Receipt]()

    def slow(receipts: Sequence[Receipt]) -> None:
        entered.set()
        gate.wait(WAIT_S)
        inbox(receipts)

    with smsc(resend_ms=50) as operator, opened(operator, "window=50", sink=slow) as gateway:
        refs = [outcome.provider_ref for outcome in gateway.submit(messages(200))]
        assert entered.wait(WAIT_S)
        operator.wait_for(lambda one: one.seen.nacked > 0)
        gate.set()
        inbox.wait_until(of_refs(refs))


def test_what_was_not_acknowledged_comes_again_at_the_next_bind() -> None:
    entered, gate = threading.Event(), threading.Event()

    def stuck(_: object) -> None:
        entered.set()
        gate.wait(WAIT_S)
        raise OSError("the disk is full")

    inbox = Inbox[Receipt]()
    with smsc(resend_ms=300) as operator:
        with opened(operator, sink=stuck) as gateway:
            refs = [outcome.provider_ref for outcome in gateway.submit(messages(20))]
            assert entered.wait(WAIT_S)
            gate.set()
        with opened(operator, sink=inbox):
            inbox.wait_until(of_refs(refs))


def test_a_message_from_a_phone_reaches_its_own_sink() -> None:
    inbound = Inbox[Inbound]()
    with smsc() as operator, opened(operator, inbound=inbound) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.phone_says(PHONE, "STOP", to="61480000001")
        operator.phone_says(PHONE, "Größe 你好")
        found = inbound.wait_for(2)
        operator.wait_for(lambda one: one.seen.acknowledged == 2)
    assert [one[:3] for one in found] == [(PHONE, "61480000001", "STOP"), (PHONE, "61480000001", "Größe 你好")]
    assert len({one.key for one in found}) == 2


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1), (1, 1, 0, 3, 4, 2, 2)])
def test_a_long_message_from_a_phone_is_joined_whatever_the_order_of_its_parts(order: tuple[int, ...]) -> None:
    inbound = Inbox[Inbound]()
    with smsc() as operator, opened(operator, inbound=inbound) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.phone_says(PHONE, STORY, order=order)
        (message,) = inbound.wait_for(1)
        operator.wait_for(lambda one: one.seen.acknowledged == len(order))
        assert message.text == STORY
        assert len(inbound.items) == 1


def test_a_message_that_the_sink_refuses_comes_again_with_the_same_key() -> None:
    inbound = Inbox[Inbound](refusals=1)
    keys: list[str] = []

    def watching(arrived: Sequence[Inbound]) -> None:
        keys.extend(one.key for one in arrived)
        inbound(arrived)

    with smsc(resend_ms=5) as operator, opened(operator, inbound=watching) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.phone_says(PHONE, "yes")
        inbound.wait_for(1)
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_without_a_sink_messages_from_phones_are_acknowledged_and_dropped(caplog: pytest.LogCaptureFixture) -> None:
    with smsc() as operator, opened(operator) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.phone_says(PHONE, STORY)
        operator.wait_for(lambda one: one.seen.acknowledged == 5)
    assert "dropped" in caplog.text
    assert "Once upon" not in caplog.text


def test_what_cannot_be_read_is_acknowledged_once_and_logged_within_bounds(caplog: pytest.LogCaptureFixture) -> None:
    with smsc(malformed=1.0, resend_ms=20) as operator, opened(operator) as gateway:
        gateway.submit(messages(50))
        operator.wait_for(lambda one: one.seen.acknowledged >= 100)
        assert operator.seen.resent == 0
    assert len([one for one in caplog.records if "set aside" in one.message]) == 1
