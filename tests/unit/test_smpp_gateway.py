"""What becomes of submitted messages, against an operator on a real socket with every whim of real ones."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from engine.gateways import GatewayDown, Outcome, OutcomeKind, Receipt
from engine.gateways.smpp import batch as batch_module
from engine.gateways.smpp import pace, traffic
from engine.model import FailReason
from tests.operator import smsc
from tests.smpp_kit import LONG, WAIT_S, Inbox, destination, kinds, messages, of_refs, opened, send_all, wait_link

ACCEPTED, REJECTED, UNSENT, LOST = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNSENT, OutcomeKind.LOST


def test_each_message_gets_its_own_reference_also_when_answers_come_out_of_order() -> None:
    batch = messages(300)
    with smsc(answer_ms=20, shuffle=1) as operator, opened(operator) as gateway:
        outcomes = gateway.submit(batch)
        by_number = {one.sm.destination: one.message_id for one in operator.accepted}
        assert operator.seen.most_unanswered == 20
    assert [outcome.provider_ref for outcome in outcomes] == [by_number[destination(message)] for message in batch]


def test_refusals_have_a_reason_words_and_the_code_of_the_operator() -> None:
    with smsc() as operator, opened(operator, "window=5&retries=0") as gateway:
        (number,) = gateway.submit(messages(1))
        invalid, own, fault = (
            gateway.submit([messages(1)[0]._replace(msisdn=f"+6141234{ending}")])[0]
            for ending in ("9902", "9908", "9907")
        )
    assert number.kind is ACCEPTED
    assert invalid[:4] == (REJECTED, "", FailReason.INVALID_NUMBER, "0x0B phone number not valid")
    assert (own.kind, own.code) == (REJECTED, "0x0401")
    assert (fault.kind, fault.code) == (REJECTED, "0x0008")


def test_a_passing_fault_is_tried_again_as_often_as_the_route_says_and_a_refusal_without_reason_once() -> None:
    with smsc() as operator, opened(operator, "retries=2") as gateway:
        outcomes = gateway.submit([messages(1)[0]._replace(msisdn=f"+6141234{ending}") for ending in ("9907", "9906")])
        assert operator.desk.submits == 3 + 2
    assert kinds(outcomes) == [REJECTED, REJECTED]


def test_a_sender_that_is_not_approved_stops_the_task_and_the_rest_is_not_written() -> None:
    with smsc(refuse_sender="ACME", answer_ms=5) as operator, opened(operator, "window=3") as gateway:
        outcomes = gateway.submit([*messages(200, sender="ACME"), *messages(2, sender="Shop")])
        assert operator.desk.submits <= 3 + 2 + 3
    assert kinds(outcomes) == [REJECTED] * 200 + [ACCEPTED] * 2
    assert all(outcome.stop_task for outcome in outcomes[:200])
    assert outcomes[0].reason is FailReason.SENDER_REFUSED
    assert "sender" in outcomes[0].detail


def test_a_long_message_names_all_its_parts() -> None:
    with smsc() as operator, opened(operator, "window=2") as gateway:
        outcomes = gateway.submit(messages(20, text=LONG, parts=3))
        texts = {one.message_id: one.text for one in operator.accepted}
    for outcome in outcomes:
        assert len(outcome.part_refs) == 3
        assert outcome.provider_ref == outcome.part_refs[0]
        assert "".join(texts[ref] for ref in outcome.part_refs) == LONG


def test_throttling_costs_no_message_and_sends_none_twice() -> None:
    batch = [*messages(250), *messages(50, text=LONG, parts=3, ending="111")]
    with smsc(throttle=0.3) as operator, opened(operator, "window=50") as gateway:
        outcomes = send_all(gateway, batch)
        assert operator.desk.throttled > 50
        assert set(operator.counts.values()) == {1}
        assert len(operator.counts) == 250 + 3 * 50
    assert kinds(outcomes) == [ACCEPTED] * 300


def test_an_operator_that_takes_nothing_gives_the_messages_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "THROTTLED_MOST_S", 0.1)
    monkeypatch.setattr(traffic, "BEGIN_MOST_S", 0.3)
    monkeypatch.setattr(pace, "CALM_S", 0.2)
    with smsc(throttle=1.0) as operator, opened(operator) as gateway:
        outcomes = gateway.submit(messages(100))
        assert operator.desk.submits < 100
        assert kinds(outcomes) == [UNSENT] * 100
        assert max(outcome.retry_after_s for outcome in outcomes) > 0
        operator.set(throttle=0.0)
        assert kinds(send_all(gateway, messages(30))) == [ACCEPTED] * 30


def test_the_rate_of_the_route_is_kept() -> None:
    with smsc() as operator, opened(operator, "window=50&tps=200&binds=2") as gateway:
        assert kinds(gateway.submit(messages(100))) == [ACCEPTED] * 100
        times = sorted(one.at_s for one in operator.accepted)
    assert times[-1] - times[0] >= (100 - 20) / 200 - 0.05


def test_a_batch_that_takes_long_goes_back_in_part_so_that_the_rest_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(traffic, "BEGIN_MOST_S", 0.1)
    with smsc() as operator, opened(operator, "tps=100") as gateway:
        counted = Counter(kinds(gateway.submit(messages(500))))
        assert counted[ACCEPTED] == len(operator.accepted) > 0
        assert counted[UNSENT] == 500 - counted[ACCEPTED]


def test_a_submit_without_answer_is_lost_and_its_receipt_comes_all_the_same() -> None:
    inbox = Inbox[Receipt]()
    with smsc(silent=0.1, receipt_ms=1) as operator, opened(operator, "response_s=1", sink=inbox) as gateway:
        outcomes = gateway.submit(messages(100))
        counted = Counter(kinds(outcomes))
        assert counted[LOST] == operator.seen.silent > 0
        assert counted[ACCEPTED] == 100 - counted[LOST]
        assert set(operator.counts.values()) == {1}
        receipts = inbox.wait_until(of_refs([one.message_id for one in operator.accepted]))
    lost = {message.msisdn for message, outcome in zip(messages(100), outcomes, strict=True) if outcome.kind is LOST}
    assert lost <= {receipt.msisdn for receipt in receipts}


@pytest.mark.parametrize("before", [0, 1])
def test_dropped_connections_cost_no_message_and_send_none_twice(before: int) -> None:
    """`before`: whether the submit at which the connection is cut was accepted."""
    batch = messages(800)
    with smsc(drop_every=120, drop_before=before) as operator, opened(operator, "window=10") as gateway:
        outcomes = send_all(gateway, batch)
        counts = Counter({key[0]: times for key, times in operator.counts.items()})
        assert operator.seen.dropped >= 6
    assert max(counts.values()) == 1
    for message, outcome in zip(batch, outcomes, strict=True):
        if outcome.kind is ACCEPTED:
            assert counts[destination(message)] == 1
        else:
            assert outcome.kind is LOST
            assert outcome.detail
    assert 0 < kinds(outcomes).count(LOST) <= 10 * operator.seen.dropped


def test_while_the_operator_is_down_nothing_is_written_and_the_gateway_says_so() -> None:
    with smsc() as operator, opened(operator) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.go_down()
        wait_link(gateway, lambda link: not link.bound)
        with pytest.raises(GatewayDown) as down:
            gateway.submit(messages(50))
        assert not down.value.permanent
        assert down.value.retry_after_s > 0
        assert "secret" not in str(down.value)
        operator.come_up()
        assert kinds(send_all(gateway, messages(50))) == [ACCEPTED] * 50
        assert set(operator.counts.values()) == {1}


def test_an_operator_that_goes_down_in_a_batch_loses_a_window_and_the_rest_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(traffic, "RECONNECT_WAIT_S", 0.3)
    with smsc(answer_ms=10) as operator, opened(operator, "window=5") as gateway:
        found: list[Outcome] = []
        submitting = threading.Thread(target=lambda: found.extend(gateway.submit(messages(2_000))))
        submitting.start()
        operator.wait_for(lambda one: one.desk.taken > 20)
        operator.go_down()
        submitting.join(WAIT_S)
        counted = Counter(kinds(found))
    assert counted[ACCEPTED] > 0
    assert counted[LOST] <= 5
    assert counted[UNSENT] > 1_000
    assert max(outcome.retry_after_s for outcome in found) > 0


def test_a_batch_goes_on_when_the_connection_comes_back() -> None:
    with smsc(answer_ms=5) as operator, opened(operator, "window=5") as gateway:
        found: list[Outcome] = []
        submitting = threading.Thread(target=lambda: found.extend(gateway.submit(messages(200))))
        submitting.start()
        operator.wait_for(lambda one: one.desk.taken > 20)
        operator.drop()
        submitting.join(WAIT_S)
        counted = Counter(kinds(found))
        assert len(operator.seen.binds) == 2
    assert counted[UNSENT] == 0
    assert counted[LOST] <= 5
    assert counted[ACCEPTED] == 200 - counted[LOST]


def test_a_message_of_which_a_part_was_taken_is_in_doubt_when_the_connection_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(traffic, "RECONNECT_WAIT_S", 0.2)
    with smsc(answer_ms=10) as operator, opened(operator, "window=1") as gateway:
        found: list[Outcome] = []
        submitting = threading.Thread(target=lambda: found.extend(gateway.submit(messages(1, text=LONG, parts=3))))
        submitting.start()
        operator.wait_for(lambda one: one.desk.taken == 2)
        operator.go_down()
        submitting.join(WAIT_S)
    assert kinds(found) == [LOST]


def test_closing_in_a_batch_leaves_nothing_open() -> None:
    with smsc(answer_ms=200) as operator, opened(operator, "window=5") as gateway:
        found: list[Outcome] = []
        submitting = threading.Thread(target=lambda: found.extend(gateway.submit(messages(500))))
        submitting.start()
        operator.wait_for(lambda one: one.desk.taken == 5)
        gateway.close()
        submitting.join(WAIT_S)
        assert operator.seen.unbound == 1
        with pytest.raises(GatewayDown):
            gateway.submit(messages(1))
    assert kinds(found) == [ACCEPTED] * 5 + [UNSENT] * 495


def test_a_message_that_cannot_be_sent_is_rejected_and_harms_no_other() -> None:
    with smsc() as operator, opened(operator) as gateway:
        batch = messages(5)
        batch[2] = batch[2]._replace(sender="Größe")
        outcomes = gateway.submit(batch)
    assert kinds(outcomes) == [ACCEPTED, ACCEPTED, REJECTED, ACCEPTED, ACCEPTED]
    assert outcomes[2].detail.startswith("not sent: ")


def test_ids_are_the_same_in_answers_and_receipts_however_the_operator_writes_them() -> None:
    for ids in ("same", "hex_dec", "dec_hex"):
        inbox = Inbox[Receipt]()
        with smsc(ids=ids) as operator, opened(operator, f"ids={ids}", sink=inbox) as gateway:
            refs = [outcome.provider_ref for outcome in gateway.submit(messages(20))]
            inbox.wait_until(of_refs(refs))
