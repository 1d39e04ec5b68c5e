"""The system page's answers: sizes, chores, jobs, queues, proofs, and the audit log with its filters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model import DAY_US, MICRO, Actor, Role
from engine.store import jobs
from engine.system import AuditFilter
from tests.kit import World, audited, code_of, operator, raw, settled, wait_until, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, credit=1_000, started=False)
    yield made
    made.engine.stop()


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made, Role.ADMIN)


def test_the_overview_counts_what_waits_on_each_route(made: World, admin: Actor) -> None:
    made.send(3)
    found = made.engine.system.overview(admin)
    assert found.database_bytes > 0
    assert found.memory_bytes is None or found.memory_bytes > 10**6
    assert found.disk_free_bytes <= found.disk_bytes
    assert found.jobs == {"waiting": 1}
    (queue,) = found.queues
    assert (queue["name"], queue["queued"], queue["in_flight"], queue["awaited"]) == ("Simulator", 3, 0, 0)
    assert not found.scheduler_ok
    assert found.proof is None
    assert {"reconciliation", "backup", "checkpoint", "deadlines"} <= {chore.name for chore in found.chores}
    made.engine.start()
    wait_until(lambda: settled(made, 1))
    after = made.engine.system.overview(admin)
    assert after.scheduler_ok
    assert after.queues[0]["queued"] == 0
    assert after.proof is not None
    assert (after.proof.ok, after.proof.quick) == (True, True)


def test_growth_is_told_from_the_oldest_size_of_a_month(made: World, admin: Actor) -> None:
    made.engine.system.note_size()
    assert made.engine.system.overview(admin).grown_days == 0
    made.clock.move(hours=5 * 24)
    made.engine.system.note_size()
    assert made.engine.system.overview(admin).grown_days == 5
    made.clock.move(hours=29 * 24)
    assert made.engine.system.overview(admin).grown_days == 29
    assert len(raw(made, "select * from database_size")) == 2


def test_a_failed_job_is_tried_again_or_given_up_and_written_down(made: World, admin: Actor) -> None:
    system = made.engine.system
    for number in range(2):
        with made.store.transaction() as tx:
            jobs.submit(tx, "dispatch", {"task": 1}, run_us=0, key=f"k{number}", now_us=0)
    assert code_of(lambda: system.drop_job(admin, 1)) == "job_not_failed"
    with made.store.transaction() as tx:
        tx.raw.execute("update job set state = 'failed', attempts = 20")  # type: ignore[attr-defined]
    first, second = system.jobs(admin)
    system.retry_job(admin, first["id"])
    system.drop_job(admin, second["id"])
    (left,) = system.jobs(admin)
    assert (left["id"], left["state"], left["attempts"]) == (first["id"], "waiting", 0)
    assert [len(audited(made, action)) for action in ("job_retried", "job_dropped")] == [1, 1]
    assert code_of(lambda: system.retry_job(operator(made, Role.STAFF), first["id"])) == "forbidden"


def test_proof_and_backup_run_on_request_in_the_background(made: World, admin: Actor) -> None:
    system = made.engine.system
    assert system.reconcile_now(admin)
    assert system.back_up_now(admin)
    wait_until(lambda: len(system.backups(admin)) == 1 and system.overview(admin).proof is not None)

    def ended() -> bool:
        runs = {chore.name: chore for chore in system.overview(admin).chores}
        return all(runs[f"{name} on request"].took_us is not None for name in ("backup", "reconciliation"))

    wait_until(ended)
    assert system.overview(admin).proof.quick is False  # type: ignore[union-attr]
    assert len(audited(made, "backup")) == len(audited(made, "reconciliation")) == 1


def test_the_same_request_runs_once_at_a_time_and_its_failure_is_told(made: World, admin: Actor) -> None:
    scheduler = made.engine.scheduler

    def fail() -> None:
        time.sleep(0.05)
        raise OSError("the disk is full")

    assert scheduler.run_now("test", fail)
    assert not scheduler.run_now("test", fail)
    wait_until(lambda: any(run.name == "test" and run.error for run in scheduler.chores()))
    run = next(run for run in scheduler.chores() if run.name == "test")
    assert (run.error, run.running) == ("the disk is full", False)


def test_the_audit_log_is_filtered_by_person_account_action_text_and_time(made: World, admin: Actor) -> None:
    engine, account = made.engine, made.owner.account_id
    staff = operator(made, Role.STAFF)
    engine.topups.credit(admin, account, MICRO, reason="=Invoice 7", key="a")
    engine.topups.credit(staff, account, MICRO, reason="Invoice 8", key="b")
    engine.accounts.set_status(staff, account, "suspended", note="unpaid")

    def found(**wanted: object) -> list[str]:
        return [row["action"] for row in engine.system.audit(admin, AuditFilter(**wanted)).rows]  # type: ignore[arg-type]

    assert found(member_id=staff.user_id, staff_only=True) == ["account_suspended", "credit", "operator_created"]
    assert found(account_id=account, action="credit") == ["credit", "credit"]
    assert found(search="INVOICE 7") == ["credit"]
    assert found(search="acme", action="account_suspended") == ["account_suspended"]
    assert found(start_us=made.clock.now_us() + DAY_US) == []
    page = engine.system.audit(admin, limit=2)
    assert len(page.rows) == 2
    assert isinstance(page.next_after, int)
    rest = engine.system.audit(admin, after=page.next_after).rows
    assert max(row["id"] for row in rest) < page.rows[-1]["id"]
    actions, people = engine.system.audit_choices(admin)
    assert "credit" in actions
    assert {row["role"] for row in people} == {"staff", "admin"}


def test_the_audit_log_as_a_file_runs_no_formula(made: World, admin: Actor) -> None:
    made.engine.sender_ids.add(admin, made.owner.account_id, "Bakery", reason="=1+1")
    text = made.engine.system.export_audit(admin, AuditFilter(action="sender_id_approved")).decode()
    assert "'=1+1" in text
    assert text.count("\n") == 2
