from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import messages
from engine.gateways import Outcome, OutcomeKind, Receipt, ReceiptState
from engine.model import FINAL_STATES, FailReason, MessageState
from engine.scheduler import PARKED_EVERY_S
from tests.kit import Scripted, World, raw, wait_until, world


@pytest.fixture
def still(tmp_path: Path) -> Iterator[World]:
    """A world whose scheduler and senders do not run."""
    made = world(tmp_path, started=False)
    yield made
    made.engine.stop()


def state_counts(made: World, task_id: int) -> dict[str, int]:
    rows = raw(made, "select state, count(*) as n from message where task_id = $1 group by state", task_id)
    return {str(row["state"]): int(str(row["n"])) for row in rows}


def ids_of(made: World, task_id: int) -> list[int]:
    return [int(str(row["id"])) for row in raw(made, "select id from message where task_id = $1 order by id", task_id)]


@given(before=st.sampled_from(MessageState), after=st.sampled_from(MessageState))
def test_final_states_allow_nothing_and_doubt_is_never_resent(before: MessageState, after: MessageState) -> None:
    allowed = after in messages.ALLOWED[before]
    if before in FINAL_STATES or before is after:
        assert not allowed
    if after is MessageState.SUBMITTING:
        assert allowed == (before is MessageState.QUEUED)


def test_every_state_can_reach_a_final_one() -> None:
    for state in MessageState:
        reached, waiting = {state}, [state]
        while waiting:
            new = messages.ALLOWED[waiting.pop()] - reached
            reached |= new
            waiting += new
        assert reached & FINAL_STATES


def test_a_message_is_settled_once_whatever_comes_later(still: World) -> None:
    task_id = still.send(2)
    first, second = ids_of(still, task_id)
    for state in (MessageState.CANCELLED, MessageState.FAILED, MessageState.CANCELLED):
        with still.store.transaction() as tx:
            messages.finish(tx, messages.finals([first], state, now_us=1), now_us=1)
    row = still.row(task_id)
    assert row["returned_micro"] == 1_000_000
    assert (row["cancelled"], row["failed"]) == (1, 0)
    with still.store.transaction() as tx:
        assert messages.finish(tx, messages.finals([second], MessageState.DELIVERED, now_us=1), now_us=1) == 0
    assert state_counts(still, task_id) == {"cancelled": 1, "queued": 1}
    assert still.engine.reconcile().ok


def test_a_claim_takes_only_queued_messages_of_its_task(still: World) -> None:
    task_id, other = still.send(5), still.send(5)
    row = still.row(task_id)
    with still.store.transaction() as tx:
        tx.run("dispatch.insert", 1, task_id, still.owner.account_id, 1, 1, None)
        low = messages.first_queued(tx, row)
        assert low is not None
        assert low == row["first_message"]
        taken = messages.claim(tx, task=row, dispatch_id=1, low=low, limit=3)
        rest = messages.claim(tx, task=row, dispatch_id=1, low=low, limit=100)
    assert [len(taken), len(rest)] == [3, 2]
    assert state_counts(still, other) == {"queued": 5}


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_each_outcome_of_the_gateway_moves_the_message_as_designed(tmp_path: Path, kind: OutcomeKind) -> None:
    expected = {
        OutcomeKind.ACCEPTED: "submitted",
        OutcomeKind.REJECTED: "failed",
        OutcomeKind.UNSENT: "queued",
        OutcomeKind.LOST: "in_doubt",
    }
    gateway = Scripted([Outcome(kind, provider_ref="ref-1", reason=FailReason.REJECTED, retry_after_s=30)])
    made = world(tmp_path, gateways=lambda _: gateway)
    task_id = made.send(1)
    wait_until(lambda: state_counts(made, task_id) == {expected[kind]: 1} and bool(gateway.batches))
    assert made.engine.reconcile().ok
    made.engine.stop()


def test_an_operator_that_refuses_the_sender_stops_the_whole_task_and_returns_everything(tmp_path: Path) -> None:
    refusal = Outcome(OutcomeKind.REJECTED, reason=FailReason.SENDER_REFUSED, detail="0x0A", stop_task=True)
    gateway = Scripted([refusal])
    made = world(tmp_path, gateways=lambda _: gateway, started=False)
    with made.store.transaction() as tx:
        raw_tx = tx.raw  # type: ignore[attr-defined] # a batch of one, so that the rest is still queued
        raw_tx.execute("update route set batch = 1")
    made.engine.start()
    task_id = made.send(50)
    wait_until(lambda: made.row(task_id)["state"] == "finished")
    row = made.row(task_id)
    assert (row["failed"], row["returned_micro"], row["stop_reason"]) == (50, row["held_micro"], "sender_refused")
    assert len(gateway.batches) == 1
    made.engine.stop()


def test_receipts_fold_in_any_order_and_only_the_first_final_state_counts(tmp_path: Path) -> None:
    gateway = Scripted([Outcome(OutcomeKind.ACCEPTED, provider_ref="one")])
    made = world(tmp_path, gateways=lambda _: gateway, started=False)
    sink = made.engine._receipts.sink_for(1)
    # before the submit answer, twice, contradicting, and for an id nobody knows
    sink([Receipt("one", ReceiptState.FAILED, 5, FailReason.ABSENT), Receipt("nobody", ReceiptState.DELIVERED, 5)])
    made.engine._receipts.fold()
    made.engine.start()
    task_id = made.send(1)
    wait_until(lambda: made.row(task_id)["submitted"] == 1)
    wait_until(lambda: made.engine._receipts.fold_parked() >= 0 and made.row(task_id)["state"] == "finished")
    sink([Receipt("one", ReceiptState.DELIVERED, 6), Receipt("one", ReceiptState.FAILED, 7, FailReason.ABSENT)])
    made.clock.move(seconds=10)
    wait_until(lambda: made.engine._receipts.fold_parked() >= 0 and made.row(task_id)["late_delivered"] == 1)
    row = made.row(task_id)
    assert (row["failed"], row["delivered"], row["charged_micro"], row["returned_micro"]) == (1, 0, 0, 1_000_000)
    assert made.engine.reconcile().ok
    made.clock.move(hours=25)
    made.engine._receipts.fold_parked()
    assert raw(made, "select count(*) as n from receipt_inbox") == [{"n": 0}]
    made.engine.stop()


def test_a_receipt_that_overtakes_its_submit_answer_does_not_wait_for_the_next_round(tmp_path: Path) -> None:
    made = world(tmp_path, gateway="sim://?early=1")
    task_id = made.send(200)
    began = time.monotonic()
    wait_until(lambda: made.row(task_id)["state"] == "finished")
    assert time.monotonic() - began < PARKED_EVERY_S
    assert raw(made, "select count(*) as n from receipt_inbox") == [{"n": 0}]
    made.engine.stop()
