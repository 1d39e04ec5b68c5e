"""What must never go wrong with credit: concurrency, repetition, price changes, cancelling, late news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import ledger, routes
from engine.errors import AccessError, ImsError, InputError, MoneyError, StateError, StoreError
from engine.model import MICRO, Balance, ChargeOn, to_datetime
from engine.routes import EVERYWHERE
from tests.kit import World, au_mobiles, give, operator, raw, settled, wait_until, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


def at_once(count: int, call: Callable[[int], object]) -> tuple[list[object], list[ImsError]]:
    """Runs `call` on `count` threads that start together; (results, refusals)."""
    start, results, refused = threading.Barrier(count), [], []

    def run(index: int) -> None:
        start.wait()
        try:
            results.append(call(index))
        except ImsError as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, refused


def balance(made: World) -> Balance:
    return ledger.balance(made.store, made.owner.account_id)


def assert_proved(made: World, *task_ids: int) -> None:
    """Finished tasks: hold = charged + returned; the books add up; nothing is held."""
    wait_until(lambda: all(settled(made, task_id) for task_id in task_ids))
    for task_id in task_ids:
        row = made.row(task_id)
        assert row["held_micro"] == row["charged_micro"] + row["returned_micro"]  # type: ignore[operator]
    assert made.engine.reconcile().ok


def test_eight_acceptances_at_once_on_credit_for_one_make_one_task(tmp_path: Path) -> None:
    made = world(tmp_path, credit=5)
    previews = [made.engine.tasks.preview(made.owner, made.draft(5)) for _ in range(8)]
    results, refused = at_once(8, lambda index: made.engine.tasks.accept(made.owner, previews[index]))
    assert len(results) == 1
    assert {error.code for error in refused} == {"insufficient_credit"}
    assert_proved(made, *results)  # type: ignore[arg-type]
    assert balance(made).held_micro == 0
    assert raw(made, "select count(*) as n from message") == [{"n": 5}]
    made.engine.stop()


def test_a_double_click_makes_one_task_and_one_hold(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(5))
    results, refused = at_once(8, lambda _: made.engine.tasks.accept(made.owner, preview))
    assert len(set(results)) == 1
    assert not refused
    assert_proved(made, results[0])  # type: ignore[arg-type]
    assert raw(made, "select count(*) as n from ledger_tx where kind = 'hold'") == [{"n": 1}]
    assert balance(made) == Balance(10_000 * MICRO - 5 * MICRO, 0)


def test_what_is_accepted_is_exactly_what_was_quoted(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(5))
    for changed in (
        replace(preview, draft=replace(preview.draft, content="Another text")),
        replace(preview, messages=preview.messages.head(4)),
        replace(preview, messages=preview.messages.with_columns(price_micro=preview.messages["price_micro"] * 0)),
    ):
        with pytest.raises(StateError) as caught:
            made.engine.tasks.accept(made.owner, changed)
        assert caught.value.code == "quote_mismatch"
    assert balance(made).held_micro == 0


def test_a_price_change_between_preview_and_accept_bills_the_quote(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(4))
    made.engine.routes.set_prices(operator(made), preview.route.id, {EVERYWHERE: 9 * MICRO})
    task_id = made.engine.tasks.accept(made.owner, preview)
    assert_proved(made, task_id)
    assert made.row(task_id)["charged_micro"] == 4 * MICRO
    dearer = made.engine.tasks.preview(made.owner, made.draft(4))
    assert dearer.cost_micro == 36 * MICRO
    assert routes.prices_of(made.store, preview.route.id, preview.route.price_version)[EVERYWHERE] == MICRO


def test_a_quote_ends_after_ten_minutes(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(4))
    made.clock.move(seconds=601)
    with pytest.raises(StateError) as caught:
        made.engine.tasks.accept(made.owner, preview)
    assert caught.value.code == "quote_expired"


def test_a_quote_of_another_account_is_unknown(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(4))
    stranger = made.engine.accounts.ensure_account("stranger")
    with pytest.raises(StateError) as caught:
        made.engine.tasks.accept(stranger, preview)
    assert caught.value.code == "quote_unknown"


def test_cancelling_while_sending_returns_exactly_what_was_not_sent(made: World) -> None:
    slow = made.add_route("Slow", "sim://", throughput=200)
    task_id = made.send(1_000, route_id=slow)
    wait_until(lambda: made.row(task_id)["submitted"] > 0)  # type: ignore[operator]
    cancelled = made.engine.tasks.cancel(made.owner, task_id)
    assert cancelled > 0
    assert_proved(made, task_id)
    row = made.row(task_id)
    assert row["cancelled"] == cancelled
    assert row["delivered"] + row["cancelled"] == 1_000  # type: ignore[operator]
    assert row["returned_micro"] == cancelled * MICRO
    with pytest.raises(StateError):
        made.engine.tasks.cancel(made.owner, task_id)


def test_cancelling_a_scheduled_task_returns_everything_and_it_never_fires(made: World) -> None:
    later = to_datetime(made.clock.now_us() + 3_600_000_000)
    task_id = made.send(10, scheduled_at=later)
    assert made.row(task_id)["state"] == "scheduled"
    assert balance(made).held_micro == 10 * MICRO
    assert made.engine.tasks.cancel(made.owner, task_id) == 10
    made.clock.move(hours=2)
    made.engine.scheduler.tick()
    assert made.row(task_id)["state"] == "cancelled"
    assert balance(made) == Balance(10_000 * MICRO, 0)
    assert raw(made, "select count(*) as n from job") == [{"n": 0}]
    assert made.engine.reconcile().ok


def test_a_mix_of_all_outcomes_charges_only_what_was_delivered(made: World) -> None:
    mixed = made.add_route(
        "Mixed", "sim://?fail=0.2&expire=0.1&reject=0.1&duplicate=0.2&contradict=0.1&early=0.2&seed=7"
    )
    task_id = made.send(3_000, route_id=mixed)
    assert_proved(made, task_id)
    row = made.row(task_id)
    assert row["delivered"] * MICRO == row["charged_micro"]  # type: ignore[operator]
    assert min(row["delivered"], row["failed"], row["expired"]) > 0  # type: ignore[type-var]
    assert row["delivered"] + row["failed"] + row["expired"] == 3_000  # type: ignore[operator]


def test_lost_receipts_and_doubt_expire_after_72_hours_and_return(made: World) -> None:
    lossy = made.add_route("Lossy", "sim://?lost=0.3&doubt=0.3&seed=3")
    task_id = made.send(300, route_id=lossy)
    wait_until(lambda: made.row(task_id)["state"] == "sent" and _open(made, task_id) == 0)
    assert made.row(task_id)["in_doubt"] > 0  # type: ignore[operator]
    made.clock.move(hours=73)
    made.engine.scheduler._expire_all()
    row = made.row(task_id)
    assert (row["state"], row["in_doubt"]) == ("finished", 0)
    assert row["expired"] + row["delivered"] == 300  # type: ignore[operator]
    assert row["expired"] > 100  # type: ignore[operator]
    assert_proved(made, task_id)


def _open(made: World, task_id: int) -> int:
    """Messages that still expect something other than a deadline."""
    row = raw(
        made,
        "select count(*) as n from message where task_id = $1 and state in ('queued', 'submitting')",
        task_id,
    )[0]
    inbox = raw(made, "select count(*) as n from receipt_inbox where not parked")[0]
    return int(str(row["n"])) + int(str(inbox["n"]))


def test_charging_on_acceptance_never_returns_what_the_operator_took(made: World) -> None:
    route_id = made.add_route("No receipts", "sim://?fail=0.5&reject=0.2&seed=2", charge_on=ChargeOn.ACCEPTED)
    task_id = made.send(400, route_id=route_id)
    assert_proved(made, task_id)
    row = made.row(task_id)
    assert row["charged_micro"] == row["submitted"] * MICRO  # type: ignore[operator]
    assert 0 < row["submitted"] < 400  # type: ignore[operator]


def test_an_operator_that_throttles_and_falls_silent_costs_no_message_and_no_credit(made: World) -> None:
    rough = made.add_route("Rough", "sim://?throttle=0.3&retry_ms=10&down_for_ms=300&seed=5", batch=100)
    task_id = made.send(500, route_id=rough)
    assert_proved(made, task_id)
    assert made.row(task_id)["delivered"] == 500


def test_nothing_is_accepted_while_the_books_do_not_add_up(made: World) -> None:
    with made.store.transaction() as tx:
        tx.raw.execute("update account_balance set available_micro = available_micro + 1")  # type: ignore[attr-defined]
    assert not made.engine.reconcile().ok
    preview = made.engine.tasks.preview(made.owner, made.draft(1))
    with pytest.raises(StateError) as caught:
        made.engine.tasks.accept(made.owner, preview)
    assert caught.value.code == "sending_stopped"
    with made.store.transaction() as tx:
        tx.raw.execute("update account_balance set available_micro = available_micro - 1")  # type: ignore[attr-defined]
    assert made.engine.reconcile().ok
    assert_proved(made, made.engine.tasks.accept(made.owner, preview))


def test_a_restart_does_not_send_again_before_the_books_are_proved_in_full(tmp_path: Path) -> None:
    damage = "update message set held_micro = held_micro + $1 where task_id = $2"  # only the full proof reads messages
    made = world(tmp_path, started=False)
    task_id = made.send(3)
    with made.store.transaction() as tx:
        tx.raw.execute(damage, [1, task_id])  # type: ignore[attr-defined]
    assert not made.engine.reconcile().ok
    made.engine.stop()

    again = world(tmp_path, credit=0)
    wait_until(lambda: again.row(task_id)["state"] == "sending" and proved_in_full(again))
    assert again.engine.health()["sending"] is False
    assert raw(again, "select distinct state from message") == [{"state": "queued"}]
    with again.store.transaction() as tx:
        tx.raw.execute(damage, [-1, task_id])  # type: ignore[attr-defined]
    again.engine.stop()

    repaired = world(tmp_path, credit=0)
    assert_proved(repaired, task_id)
    assert repaired.engine.health()["sending"] is True
    assert repaired.row(task_id)["delivered"] == 3
    repaired.engine.stop()


def proved_in_full(made: World) -> bool:
    """Whether the reconciliation that runs beside the start has ended."""
    return any(run.name == "reconciliation" and run.took_us is not None for run in made.engine.scheduler.chores())


def test_a_stop_that_could_not_be_written_down_ends_with_the_next_proof(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck() -> None:
        raise StoreError("store_stuck", detail="another change did not end in time")

    with made.store.transaction() as tx:
        tx.raw.execute("update account_balance set available_micro = available_micro + 1")  # type: ignore[attr-defined]
    with monkeypatch.context() as locked, pytest.raises(StoreError):
        locked.setattr(made.store, "transaction", stuck)
        made.engine.reconcile()
    assert made.engine.health()["sending"] is False
    with made.store.transaction() as tx:
        tx.raw.execute("update account_balance set available_micro = available_micro - 1")  # type: ignore[attr-defined]
    assert made.engine.reconcile().ok
    assert made.engine.health()["sending"] is True


def test_too_little_credit_holds_nothing_and_says_what_is_missing(tmp_path: Path) -> None:
    made = world(tmp_path, credit=2)
    preview = made.engine.tasks.preview(made.owner, made.draft(3))
    assert not preview.affordable
    with pytest.raises(MoneyError, match=r"needs 3\.00 credits; 2\.00 are available"):
        made.engine.tasks.accept(made.owner, preview)
    give(made.engine, made.owner.account_id, 1)
    assert_proved(made, made.engine.tasks.accept(made.owner, preview))
    made.engine.stop()


def test_a_member_who_was_removed_cannot_spend_with_an_old_session(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(3))
    with made.store.transaction() as tx:
        tx.raw.execute("update member set status = 'removed'")  # type: ignore[attr-defined]
    with pytest.raises(AccessError):
        made.engine.tasks.accept(made.owner, preview)
    assert balance(made).held_micro == 0


def test_quick_sms_takes_at_most_a_hundred_recipients(made: World) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(made.owner, made.draft(recipients=au_mobiles(101), quick=True))
    assert caught.value.code == "too_many_recipients"
