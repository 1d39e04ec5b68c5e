"""Receipts of parts, and of messages whose reference was lost with the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dispatch import codes
from engine.gateways import Outcome, OutcomeKind, Receipt, ReceiptState
from engine.model import DAY_US, MICRO, ChargeOn, FailReason, to_datetime
from engine.receipts import DEADLINE_US
from engine.routes import Code
from engine.routes.codes import change
from engine.scheduler import FOLD_REST_S
from tests.kit import Scripted, World, raw, wait_until, world

LONG = "Your parcel arrives today. " * 12
"""324 characters: three parts on the air, three SMS."""
PARTS = ("p1", "p2", "p3")
MANY = Outcome(OutcomeKind.ACCEPTED, provider_ref="p1", part_refs=PARTS)
LOST = Outcome(OutcomeKind.LOST, detail="the answer never came")

Start = Callable[[Sequence[Outcome]], World]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Begins a world whose operator answers with these outcomes, and whose scheduler is turned by hand."""
    made: list[World] = []

    def begin(outcomes: Sequence[Outcome]) -> World:
        gateway = Scripted(outcomes)
        made.append(world(tmp_path, gateways=lambda _: gateway, started=False))
        return made[0]

    yield begin
    for one in made:
        one.engine.stop()


def handed_over(made: World, count: int = 1, text: str = LONG) -> int:
    """A task whose every message was handed to the operator."""
    task_id = made.send(count, content=text)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["state"] == "sent")
    return task_id


def arrive(made: World, *receipts: Receipt) -> None:
    """Receipts of now come and are folded; those for unknown references are looked at again after their wait."""
    made.engine._receipts.sink_for(1)([one._replace(at_us=made.clock.now_us()) for one in receipts])
    while made.engine._receipts.fold():
        continue
    made.clock.move(seconds=3)
    made.engine._receipts.fold_parked()


def receipt(ref: str, state: ReceiptState = ReceiptState.DELIVERED, msisdn: str = "") -> Receipt:
    reason = None if state is ReceiptState.DELIVERED else FailReason.ABSENT
    return Receipt(ref, state, 5, reason, msisdn=msisdn)


def of_task(made: World, task_id: int) -> tuple[object, ...]:
    row = made.row(task_id)
    assert made.engine.reconcile().ok
    return row["state"], row["delivered"], row["failed"], row["charged_micro"], row["returned_micro"]


def test_a_message_is_delivered_and_charged_once_its_last_part_is(start: Start) -> None:
    made = start([MANY])
    task_id = handed_over(made)
    arrive(made, receipt("p2"), receipt("p2"))
    arrive(made, receipt("p1"))
    assert of_task(made, task_id) == ("sent", 0, 0, 0, 0)
    arrive(made, receipt("p3"))
    assert of_task(made, task_id) == ("finished", 1, 0, 3 * MICRO, 0)


def test_one_failed_part_fails_the_message_and_returns_all_of_its_credit(start: Start) -> None:
    made = start([MANY])
    task_id = handed_over(made)
    arrive(made, receipt("p1"), receipt("p2", ReceiptState.FAILED), receipt("p3"))
    assert of_task(made, task_id) == ("finished", 0, 1, 0, 3 * MICRO)
    arrive(made, receipt("p2"), receipt("p3"))
    assert of_task(made, task_id) == ("finished", 0, 1, 0, 3 * MICRO)


@settings(max_examples=40)
@given(calls=st.lists(st.lists(st.sampled_from(PARTS), max_size=5), max_size=6), failing=st.sampled_from(["", *PARTS]))
def test_parts_in_any_order_in_any_batches_settle_once(
    tmp_path_factory: pytest.TempPathFactory, calls: list[list[str]], failing: str
) -> None:
    gateway = Scripted([MANY])
    made = world(tmp_path_factory.mktemp("parts"), gateways=lambda _: gateway, started=False)
    task_id = handed_over(made)
    seen: set[str] = set()
    expected: tuple[object, ...] = ("sent", 0, 0, 0, 0)
    for call in calls:
        arrive(made, *(receipt(ref, ReceiptState.FAILED if ref == failing else ReceiptState.DELIVERED) for ref in call))
        seen |= set(call)
        if expected[0] == "sent" and failing in seen:
            expected = ("finished", 0, 1, 0, 3 * MICRO)
        elif expected[0] == "sent" and seen == set(PARTS):
            expected = ("finished", 1, 0, 3 * MICRO, 0)
        assert of_task(made, task_id) == expected
    assert not raw(made, "select 1 from outstanding") or expected[0] == "sent"
    made.engine.stop()


def test_a_message_with_a_part_that_never_reports_expires_and_returns(start: Start) -> None:
    made = start([MANY])
    task_id = handed_over(made)
    arrive(made, receipt("p1"), receipt("p2"))
    made.clock.move(seconds=DEADLINE_US / 1_000_000 + 1)
    made.engine._receipts.expire()
    assert of_task(made, task_id) == ("finished", 0, 0, 0, 3 * MICRO)
    assert not raw(made, "select 1 from outstanding")


def test_a_receipt_with_the_number_settles_what_was_in_doubt(start: Start) -> None:
    made = start([LOST])
    task_id = handed_over(made, 2, "Your parcel arrives today")
    arrive(made, receipt("unheard", msisdn="+61412000000"))
    assert of_task(made, task_id) == ("sent", 1, 0, MICRO, 0)
    arrive(made, receipt("unheard of", ReceiptState.FAILED, msisdn="+61412000001"))
    assert of_task(made, task_id) == ("finished", 1, 1, MICRO, MICRO)
    assert made.row(task_id)["in_doubt"] == 0


def test_doubt_stays_when_two_messages_to_the_number_can_be_meant(start: Start) -> None:
    made = start([LOST])
    first, second = handed_over(made, 1, "One"), handed_over(made, 1, "Two")
    arrive(made, receipt("unheard", msisdn="+61412000000"))
    assert of_task(made, first) == of_task(made, second) == ("sent", 0, 0, 0, 0)


def test_doubt_is_not_settled_by_a_receipt_of_another_message_to_the_number(start: Start) -> None:
    made = start([MANY, LOST])
    known = handed_over(made)
    arrive(made, *(receipt(ref, msisdn="+61412000000") for ref in PARTS))
    assert of_task(made, known)[0] == "finished"
    doubtful = made.send(1, content="One")
    made.engine._dispatcher._workers[1]._gateway.outcomes = [LOST]  # type: ignore[union-attr] # the script
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(doubtful)["in_doubt"] == 1)
    arrive(made, receipt("p2", msisdn="+61412000000"))
    assert of_task(made, doubtful)[1:] == (0, 0, 0, 0)


def test_a_message_of_several_parts_in_doubt_waits_for_its_deadline(start: Start) -> None:
    made = start([LOST])
    task_id = handed_over(made)
    arrive(made, receipt("unheard", msisdn="+61412000000"))
    assert of_task(made, task_id)[1:] == (0, 0, 0, 0)


@pytest.mark.parametrize("msisdn", ["", "Brand", "+", "+614120000000000000000", "61412000000 ext 5"])
def test_a_receipt_that_names_nobody_changes_nothing(start: Start, msisdn: str) -> None:
    made = start([LOST])
    task_id = handed_over(made, 1, "One")
    arrive(made, receipt("unheard", msisdn=msisdn))
    assert made.row(task_id)["in_doubt"] == 1


def told(made: World, code: str, reason: FailReason, *, retry: bool = False) -> None:
    """An administrator says what a code of the first route's operator means."""
    with made.store.transaction() as tx:
        change(tx, 1, put=[Code(code, "", reason, retry)], drop=[], member_id=None, now_us=1)


def reasons(made: World) -> list[object]:
    return [row["reason"] for row in raw(made, "select reason from message order by id")]


def test_the_code_of_a_receipt_means_what_the_table_of_the_route_says(start: Start) -> None:
    made = start([Outcome(OutcomeKind.ACCEPTED, provider_ref="one")])
    told(made, "err:777", FailReason.BARRED)
    task_id = handed_over(made, 1, "One")
    arrive(made, receipt("one", ReceiptState.FAILED)._replace(code="err:777"))
    assert of_task(made, task_id)[:3] == ("finished", 0, 1)
    assert reasons(made) == [FailReason.BARRED]


def test_a_refusal_means_what_the_table_says(start: Start) -> None:
    made = start([Outcome(OutcomeKind.REJECTED, code="0x0401"), Outcome(OutcomeKind.REJECTED, code="0x0402")])
    told(made, "0x0401", FailReason.MEMORY_FULL)
    task_id = made.send(2, content="One")
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["failed"] == 2)
    assert reasons(made) == [FailReason.MEMORY_FULL, FailReason.REJECTED]


def test_a_refusal_that_may_pass_is_tried_again_three_times_and_then_counts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "AGAIN_AFTER_S", 0.0)
    made = start([Outcome(OutcomeKind.REJECTED, code="0x0401")])
    told(made, "0x0401", FailReason.ABSENT, retry=True)
    task_id = made.send(2, content="One")
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["failed"] == 2)
    gateway = made.engine._dispatcher._workers[1]._gateway
    assert isinstance(gateway, Scripted)
    assert [len(batch) for batch in gateway.batches] == [2, 2, 2, 2]
    assert of_task(made, task_id)[3:] == (0, 2 * MICRO)
    assert reasons(made) == [FailReason.ABSENT] * 2


def test_a_refusal_of_a_part_is_not_tried_again_when_another_was_taken(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "AGAIN_AFTER_S", 0.0)
    made = start([Outcome(OutcomeKind.REJECTED, code="0x0401", partly=True)])
    told(made, "0x0401", FailReason.ABSENT, retry=True)
    task_id = made.send(1, content=LONG)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["failed"] == 1)
    gateway = made.engine._dispatcher._workers[1]._gateway
    assert isinstance(gateway, Scripted)
    assert [len(batch) for batch in gateway.batches] == [1]
    assert reasons(made) == [FailReason.ABSENT]


def scripted(made: World, *outcomes: Outcome) -> None:
    """What the operator answers from now on."""
    made.engine._dispatcher._workers[1]._gateway.outcomes = outcomes  # type: ignore[union-attr] # the script


def accepted(ref: str) -> Outcome:
    return Outcome(OutcomeKind.ACCEPTED, provider_ref=ref)


def state_of(made: World, task_id: int) -> tuple[object, ...]:
    (row,) = raw(made, "select state, reason, late_state from message where task_id = $1", task_id)
    return tuple(row.values())


def test_the_deadline_of_doubt_counts_from_the_doubt_and_not_from_the_task(start: Start) -> None:
    made = start([accepted("one")])
    handed_over(made, 1, "One")
    scripted(made, LOST)
    old = made.send(1, content="Two")
    with made.store.transaction() as tx:
        tx.run("dispatch.begin_task", old, made.clock.now_us(), None)
    made.clock.move(seconds=DEADLINE_US / 1_000_000 + 1)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(old)["in_doubt"] == 1)
    made.engine._receipts.expire()
    assert state_of(made, old)[0] == "in_doubt"
    made.clock.move(seconds=DEADLINE_US / 1_000_000 + 1)
    made.engine._receipts.expire()
    assert state_of(made, old)[:2] == ("expired", FailReason.NO_RECEIPT)


def test_a_late_receipt_of_what_was_scheduled_long_ago_is_recorded(start: Start) -> None:
    made = start([accepted("one")])
    task_id = made.send(1, content="One", scheduled_at=to_datetime(made.clock.now_us() + 20 * DAY_US))
    made.clock.move(hours=20 * 24 + 1)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["state"] == "sent")
    arrive(made, receipt("one", ReceiptState.FAILED))
    arrive(made, receipt("one"))
    assert state_of(made, task_id) == ("failed", FailReason.ABSENT, "delivered")
    assert made.row(task_id)["late_delivered"] == 1


def test_a_repeated_receipt_of_another_message_does_not_settle_doubt(start: Start) -> None:
    made = start([accepted("one")])
    known = made.send(1, content="One", scheduled_at=to_datetime(made.clock.now_us() + 20 * DAY_US))
    made.clock.move(hours=20 * 24 + 1)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(known)["state"] == "sent")
    arrive(made, receipt("one", msisdn="+61412000000"))
    scripted(made, LOST)
    doubtful = handed_over(made, 1, "Two")
    arrive(made, receipt("one", msisdn="+61412000000"))
    assert state_of(made, doubtful)[0] == "in_doubt"


def test_what_happened_before_a_message_was_handed_over_does_not_settle_its_doubt(start: Start) -> None:
    made = start([LOST])
    task_id = handed_over(made, 1, "One")
    before_us = made.clock.now_us() - 2 * DAY_US
    made.engine._receipts.sink_for(1)([receipt("unheard", msisdn="+61412000000")._replace(at_us=before_us)])
    arrive(made)
    assert state_of(made, task_id)[0] == "in_doubt"


def test_doubt_is_not_settled_while_another_message_to_the_number_awaits_its_answer(start: Start) -> None:
    made = start([LOST])
    doubtful = handed_over(made, 1, "One")
    other = made.send(1, content="Two")
    with made.store.transaction() as tx:
        tx.raw.execute("update message set state = 'submitting' where task_id = $1", [other])  # type: ignore[attr-defined]
    arrive(made, receipt("early", msisdn="+61412000000"))
    assert state_of(made, doubtful)[0] == "in_doubt"


def test_a_late_receipt_of_one_part_says_nothing_of_the_message(start: Start) -> None:
    made = start([MANY])
    task_id = handed_over(made)
    arrive(made, receipt("p2", ReceiptState.FAILED))
    arrive(made, receipt("p1"))
    assert state_of(made, task_id) == ("failed", FailReason.ABSENT, None)
    assert not raw(made, "select 1 from receipt_inbox")


@pytest.mark.parametrize(("msisdn", "delivered"), [("+61412000001", 1), ("", 0), ("+61412999999", 0)])
def test_a_reference_that_two_messages_have_ends_the_one_it_names(start: Start, msisdn: str, delivered: int) -> None:
    made = start([accepted("000001")])
    task_id = handed_over(made, 2, "One")
    arrive(made, receipt("000001", msisdn=msisdn))
    arrive(made)
    states = raw(made, "select msisdn, state from message where task_id = $1 order by id", task_id)
    assert [row["state"] for row in states] == ["submitted", "delivered" if delivered else "submitted"]
    assert of_task(made, task_id)[1:4] == (delivered, 0, delivered * MICRO)


def test_what_a_route_charged_on_acceptance_is_not_offered_for_sending_again(tmp_path: Path) -> None:
    gateway = Scripted([accepted("one")])
    made = world(tmp_path, gateways=lambda _: gateway, started=False)
    route_id = made.add_route("Plain", "sim://?seed=2", charge_on=ChargeOn.ACCEPTED)
    task_id = made.send(1, content="One", route_id=route_id)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["state"] == "sent")
    made.clock.move(seconds=DEADLINE_US / 1_000_000 + 1)
    made.engine._receipts.expire()
    assert of_task(made, task_id) == ("finished", 0, 0, MICRO, 0)
    assert state_of(made, task_id)[:2] == ("expired", FailReason.UNREPORTED)
    assert made.engine.tasks.resend_counts(made.owner, task_id) == {"failed": 0, "in_doubt": 0}
    made.engine.stop()


def test_what_no_receipt_ever_told_of_is_sent_again_only_when_confirmed(start: Start) -> None:
    made = start([accepted("one")])
    task_id = handed_over(made, 1, "One")
    made.clock.move(seconds=DEADLINE_US / 1_000_000 + 1)
    made.engine._receipts.expire()
    assert made.engine.tasks.resend_counts(made.owner, task_id) == {"failed": 0, "in_doubt": 1}


def test_receipts_that_trickle_in_are_folded_together(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 60
    made = start([Outcome(OutcomeKind.ACCEPTED, provider_ref=f"r{number}") for number in range(count)])
    task_id = handed_over(made, count, text="Short.")
    fold, folded = made.engine._receipts.fold, list[int]()

    def counted() -> int:
        taken = fold()
        folded.extend([taken] * bool(taken))
        return taken

    monkeypatch.setattr(made.engine._receipts, "fold", counted)
    made.engine.scheduler.start()
    begun = time.monotonic()
    for number in range(count):
        made.engine._receipts.sink_for(1)([receipt(f"r{number}")])
    wait_until(lambda: of_task(made, task_id)[0] == "finished")
    assert sum(folded) == count
    assert len(folded) <= 1 + (time.monotonic() - begun) / FOLD_REST_S
    assert of_task(made, task_id)[1:4] == (count, 0, count * MICRO)
