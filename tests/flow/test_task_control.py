"""Pause, resume, another time: what a person does to a task while the dispatcher works on it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import ledger
from engine.app import Engine
from engine.errors import AccessError, InputError, StateError
from engine.model import DAY_US, HOUR_US, MICRO, Balance, to_datetime
from engine.store import jobs, open_store
from tests.flow.test_money import at_once
from tests.kit import MovedClock, World, audited, config_for, notices_of, operator, raw, settled, wait_until, world

SLOW = 400
"""Parts a second of a route on which a pause comes in the middle of 500 messages."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


def begun(made: World, count: int = 500) -> int:
    """A task that has sent some and not all."""
    task_id = made.send(count, route_id=made.add_route("Slow", "sim://", throughput=SLOW))
    wait_until(lambda: int(str(made.row(task_id)["submitted"])) > 0)
    return task_id


def tomorrow(made: World, hours: int = 24) -> object:
    return to_datetime(made.clock.now_us() + hours * HOUR_US)


def queued(made: World, task_id: int) -> int:
    found = raw(made, "select count(*) as n from message where task_id = $1 and state = 'queued'", task_id)
    return int(str(found[0]["n"]))


def at_rest(made: World, task_id: int) -> bool:
    """Everything handed over has its receipt."""
    row = made.row(task_id)
    return (
        row["submitted"] == row["delivered"] and int(str(row["submitted"])) + queued(made, task_id) == row["recipients"]
    )


def assert_all_delivered(made: World, task_id: int, count: int) -> None:
    wait_until(lambda: settled(made, task_id))
    row = made.row(task_id)
    assert (row["state"], row["delivered"], row["charged_micro"]) == ("finished", count, count * MICRO)
    assert made.engine.reconcile().ok
    assert ledger.balance(made.store, made.owner.account_id).held_micro == 0
    refs = raw(made, "select count(distinct provider_ref) as n from message where task_id = $1", task_id)
    assert refs == [{"n": count}]


def job_count(made: World) -> int:
    return int(str(raw(made, "select count(*) as n from job")[0]["n"]))


def test_a_pause_in_the_middle_stops_claiming_and_a_resume_sends_the_rest(made: World) -> None:
    task_id = begun(made)
    made.engine.tasks.pause(made.owner, task_id)
    wait_until(lambda: at_rest(made, task_id))
    left = queued(made, task_id)
    assert 0 < left < 500
    assert made.engine.tasks.waiting(made.owner, task_id).messages == left
    assert made.engine.tasks.waiting(made.owner, task_id).held_micro == left * MICRO
    time.sleep(0.6)
    assert queued(made, task_id) == left
    assert made.engine.reconcile().ok
    made.engine.tasks.resume(made.owner, task_id)
    assert_all_delivered(made, task_id, 500)
    wait_until(lambda: raw(made, "select distinct state from dispatch") == [{"state": "finished"}], timeout_s=5)


def test_a_paused_task_stays_paused_over_a_restart(tmp_path: Path) -> None:
    made = world(tmp_path)
    task_id = begun(made)
    made.engine.tasks.pause(made.owner, task_id)
    made.engine.stop()
    config = config_for(tmp_path)
    clock = MovedClock()
    again = World(Engine(config, open_store(config.url), clock), clock, made.owner, made.staff)
    again.engine.start()
    wait_until(lambda: at_rest(again, task_id))
    left = queued(again, task_id)
    again.engine.scheduler.tick()
    time.sleep(0.3)
    assert queued(again, task_id) == left > 0
    again.engine.tasks.resume(again.owner, task_id)
    assert_all_delivered(again, task_id, 500)
    again.engine.stop()


def test_pausing_and_resuming_again_and_again_loses_and_repeats_nothing(made: World) -> None:
    task_id = begun(made)

    def toggle(_: int) -> None:
        for _ in range(5):
            with contextlib.suppress(StateError):  # nothing is left to pause
                made.engine.tasks.pause(made.owner, task_id)
            made.engine.tasks.resume(made.owner, task_id)

    at_once(4, toggle)
    assert_all_delivered(made, task_id, 500)


def test_eight_resumes_at_once_make_one_job(tmp_path: Path) -> None:
    made = world(tmp_path, started=False)
    task_id = made.send(3, scheduled_at=tomorrow(made))
    assert job_count(made) == 1
    at_once(8, lambda _: made.engine.tasks.pause(made.owner, task_id))
    assert job_count(made) == 0
    at_once(8, lambda _: made.engine.tasks.resume(made.owner, task_id))
    assert job_count(made) == 1
    made.engine.stop()


def test_a_scheduled_task_that_is_paused_does_not_begin_at_its_time(made: World) -> None:
    task_id = made.send(3, scheduled_at=tomorrow(made))
    made.engine.tasks.pause(made.owner, task_id)
    made.clock.move(hours=30)
    made.engine.scheduler.tick()
    assert made.row(task_id)["state"] == "scheduled"
    made.engine.tasks.resume(made.owner, task_id)
    assert_all_delivered(made, task_id, 3)


def test_a_pause_while_the_due_job_is_being_run_still_holds_and_the_resume_is_not_lost(tmp_path: Path) -> None:
    """The job was taken, then the pause and the resume came, then the handler ran and the job was finished."""
    made = world(tmp_path, started=False)
    task_id = made.send(3)
    with made.store.transaction() as tx:
        (job,) = jobs.take_due(tx, now_us=made.clock.now_us(), limit=9)
    made.engine.tasks.pause(made.owner, task_id)
    made.engine._dispatch(job.args)
    assert made.row(task_id)["state"] == "queued"
    made.engine.tasks.resume(made.owner, task_id)
    with made.store.transaction() as tx:
        jobs.finish(tx, job)
    assert job_count(made) == 1
    made.engine.start()
    assert_all_delivered(made, task_id, 3)
    made.engine.stop()


def test_a_job_that_was_interrupted_by_a_kill_does_not_begin_a_task_that_was_put_off(tmp_path: Path) -> None:
    made = world(tmp_path, started=False)
    task_id = made.send(3)
    with made.store.transaction() as tx:
        tx.raw.execute("update task set state = 'scheduled'")  # type: ignore[attr-defined] # as if it had been planned
        (job,) = jobs.take_due(tx, now_us=made.clock.now_us(), limit=9)
    made.engine.tasks.reschedule(made.owner, task_id, tomorrow(made))  # type: ignore[arg-type]
    made.engine._dispatch(job.args)
    with made.store.transaction() as tx:
        jobs.finish(tx, job)
        jobs.recover(tx)
    assert (made.row(task_id)["state"], job_count(made)) == ("scheduled", 1)
    made.clock.move(hours=25)
    made.engine.start()
    assert_all_delivered(made, task_id, 3)
    made.engine.stop()


def test_another_time_races_with_being_due_and_one_of_the_two_wins(made: World) -> None:
    for _ in range(5):
        task_id = made.send(3, scheduled_at=to_datetime(made.clock.now_us() + 200_000))
        refused: list[str] = []
        while not refused and made.row(task_id)["state"] == "scheduled":
            try:
                made.engine.tasks.reschedule(made.owner, task_id, to_datetime(made.clock.now_us() + 1_000))
            except StateError as error:
                refused.append(error.code)
        assert set(refused) <= {"not_editable"}
        assert_all_delivered(made, task_id, 3)
        assert job_count(made) == 0


def test_another_time_and_name_keep_price_and_credit(made: World) -> None:
    task_id = made.send(3, scheduled_at=tomorrow(made))
    when = to_datetime(made.clock.now_us() + 2 * HOUR_US)
    made.engine.tasks.edit_scheduled(made.owner, task_id, name="  Evening  ", at=when)
    row = made.row(task_id)
    assert (row["name"], to_datetime(int(str(row["due_us"])))) == ("Evening", when)
    assert ledger.balance(made.store, made.owner.account_id) == Balance(9_997 * MICRO, 3 * MICRO)
    made.clock.move(hours=3)
    assert_all_delivered(made, task_id, 3)
    with pytest.raises(StateError) as caught:
        made.engine.tasks.edit_scheduled(made.owner, task_id, name="Late")
    assert caught.value.code == "not_editable"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_name_that_cannot_be_and_a_time_that_passed_change_nothing(made: World, name: str) -> None:
    task_id = made.send(3, scheduled_at=tomorrow(made))
    before = made.row(task_id)
    with pytest.raises(InputError):
        made.engine.tasks.edit_scheduled(made.owner, task_id, name=name)
    with pytest.raises(InputError):
        made.engine.tasks.reschedule(made.owner, task_id, to_datetime(made.clock.now_us() - HOUR_US))
    assert made.row(task_id) == before


def test_a_paused_scheduled_task_keeps_its_pause_when_its_time_changes(made: World) -> None:
    task_id = made.send(3, scheduled_at=tomorrow(made))
    made.engine.tasks.pause(made.owner, task_id)
    made.engine.tasks.reschedule(made.owner, task_id, tomorrow(made, 2))  # type: ignore[arg-type]
    assert job_count(made) == 0
    made.engine.tasks.resume(made.owner, task_id)
    made.clock.move(hours=3)
    assert_all_delivered(made, task_id, 3)


def test_cancelling_a_paused_task_returns_the_rest_and_ends_its_dispatch(made: World) -> None:
    task_id = begun(made)
    made.engine.tasks.pause(made.owner, task_id)
    wait_until(lambda: at_rest(made, task_id))
    left = queued(made, task_id)
    assert made.engine.tasks.cancel(made.owner, task_id) == left
    wait_until(lambda: raw(made, "select distinct state from dispatch") == [{"state": "finished"}], timeout_s=5)
    row = made.row(task_id)
    assert (row["state"], row["cancelled"], row["returned_micro"]) == ("finished", left, left * MICRO)
    assert made.engine.reconcile().ok


def test_what_was_sent_cannot_be_paused(made: World) -> None:
    task_id = made.send(3)
    wait_until(lambda: settled(made, task_id))
    with pytest.raises(StateError) as caught:
        made.engine.tasks.pause(made.owner, task_id)
    assert caught.value.code == "not_pausable"
    made.engine.tasks.resume(made.owner, task_id)
    assert job_count(made) == 0


def test_a_task_of_another_account_is_not_found(made: World) -> None:
    task_id = made.send(3, scheduled_at=tomorrow(made))
    stranger = made.engine.accounts.ensure_account("Rival")
    tasks = made.engine.tasks
    for call in (tasks.pause, tasks.resume, tasks.cancel, tasks.waiting, tasks.edit_scheduled):
        with pytest.raises(AccessError):
            call(stranger, task_id)


def test_nothing_of_a_suspended_account_is_sent_until_it_is_active_again(made: World) -> None:
    staff = made.staff
    task_id = made.send(3, scheduled_at=tomorrow(made))
    other = made.engine.accounts.ensure_account("Other")
    later = made.send(3, scheduled_at=to_datetime(made.clock.now_us() + 3 * DAY_US))
    admin = operator(made)
    accounts, account_id = made.engine.accounts, made.owner.account_id
    accounts.set_status(admin, account_id, "suspended", note="unpaid")
    made.clock.move(hours=25)
    wait_until(lambda: made.row(task_id)["state"] == "sending")
    time.sleep(0.3)
    assert queued(made, task_id) == 3
    assert made.engine.history.tasks(staff).rows[0]["standing"] == "on_hold"
    assert other.account_id != made.owner.account_id
    accounts.set_status(admin, account_id, "active", note="paid")
    assert made.row(task_id)["paused_us"] is not None
    assert made.row(later)["paused_us"] is None
    assert "waits paused" in notices_of(made, account_id)[-1]
    assert made.engine.tasks.cancel(made.owner, later) == 3
    made.engine.tasks.resume(made.owner, task_id)
    assert_all_delivered(made, task_id, 3)


def test_staff_cancel_a_task_of_an_account_with_a_reason_it_reads(made: World) -> None:
    admin, tasks = operator(made), made.engine.tasks
    task_id = made.send(3, scheduled_at=tomorrow(made))
    with pytest.raises(InputError) as missing:
        tasks.cancel_for(admin, task_id, reason=" ")
    assert missing.value.code == "reason_missing"
    with pytest.raises(AccessError):
        tasks.cancel_for(made.owner, task_id, reason="mine")
    with pytest.raises(AccessError):
        tasks.cancel_for(admin, task_id + 100, reason="none")
    assert tasks.cancel_for(admin, task_id, reason="the account is closed") == 3
    assert ledger.balance(made.store, made.owner.account_id) == Balance(10_000 * MICRO, 0)
    assert "the account is closed" in notices_of(made, made.owner.account_id)[-1]
    assert audited(made, "task_cancelled")[0]["account_id"] == made.owner.account_id
    with pytest.raises(StateError):
        tasks.cancel_for(admin, task_id, reason="again")


def test_a_pause_does_not_hold_up_other_tasks_of_the_route(made: World) -> None:
    first = begun(made)
    made.engine.tasks.pause(made.owner, first)
    route_id = made.row(first)["route_id"]
    second = made.send(50, route_id=route_id)
    assert_all_delivered_of(made, second, 50)
    made.engine.tasks.cancel(made.owner, first)


def assert_all_delivered_of(made: World, task_id: int, count: int) -> None:
    wait_until(lambda: settled(made, task_id))
    assert made.row(task_id)["delivered"] == count


def test_pauses_and_cancels_of_many_threads_keep_the_books(made: World) -> None:
    task_id = begun(made)
    tasks = made.engine.tasks
    calls = [tasks.pause, tasks.resume, tasks.pause, tasks.resume, tasks.cancel]
    barrier = threading.Barrier(len(calls))

    def run(index: int) -> None:
        barrier.wait()
        calls[index](made.owner, task_id)

    at_once(len(calls), run)
    wait_until(lambda: settled(made, task_id) or made.row(task_id)["paused_us"] is not None)
    if made.row(task_id)["paused_us"] is not None:
        tasks.resume(made.owner, task_id)
    wait_until(lambda: settled(made, task_id))
    row = made.row(task_id)
    assert int(str(row["delivered"])) + int(str(row["cancelled"])) == 500
    assert made.engine.reconcile().ok
