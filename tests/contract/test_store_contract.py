"""What any store must do; each new kind of store joins `STORES`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from engine.errors import StoreError
from engine.store import Store, duck, jobs, open_store
from engine.store.queries import all_queries

STORES: dict[str, Callable[[Path], Store]] = {
    "duckdb": lambda folder: open_store(f"duckdb:///{folder / 'ims.db'}"),
    "duckdb in memory": lambda _: open_store("duckdb://"),
}
NOW = 1_800_000_000_000_000


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = STORES[request.param](tmp_path)
    yield made
    made.close()


def test_committed_rows_are_seen_by_readers(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("store.put_setting", "colour", "blue", NOW)
    assert store.one("store.setting", "colour") == {"value": "blue"}


def test_a_raised_error_undoes_the_whole_transaction(store: Store) -> None:
    with pytest.raises(KeyError), store.transaction() as tx:
        tx.run("store.put_setting", "colour", "blue", NOW)
        raise KeyError("stop")
    assert store.one("store.setting", "colour") is None


def test_an_error_of_the_database_undoes_the_whole_transaction_and_the_next_one_works(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)constraint"), store.transaction() as tx:
        tx.run("store.put_setting", "colour", "blue", NOW)
        tx.run("ledger.open_account", 1)
        tx.run("ledger.open_account", 1)
    assert store.one("store.setting", "colour") is None
    with store.transaction() as tx:
        tx.run("ledger.open_account", 1)
    assert store.one("ledger.balance", 1) == {"available_micro": 0, "held_micro": 0}


def test_uncommitted_rows_are_not_seen_by_readers(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("store.put_setting", "colour", "blue", NOW)
        assert store.one("store.setting", "colour") is None
        assert tx.one("store.setting", "colour") == {"value": "blue"}


def test_ids_are_consecutive_over_threads_and_rolled_back_ids_are_used_again(store: Store) -> None:
    taken: list[int] = []

    def reserve() -> None:
        for _ in range(10):
            with store.transaction() as tx:
                taken.append(tx.reserve("thing", 3))

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 121, 3))
    with pytest.raises(KeyError), store.transaction() as tx:
        tx.reserve("thing", 5)
        raise KeyError
    with store.transaction() as tx:
        assert tx.reserve("thing") == 121


def test_a_transaction_inside_a_transaction_is_refused(store: Store) -> None:
    with store.transaction(), pytest.raises(AssertionError), store.transaction():
        raise RuntimeError("not reached")


def test_bulk_writes_a_frame_and_returns_rows(store: Store) -> None:
    with store.transaction() as tx:
        for account in (1, 2):
            tx.run("ledger.open_account", account)
        batch = pl.DataFrame({"account_id": [1, 2], "available_micro": [5, -1], "held_micro": [0, 0]})
        moved = tx.bulk("ledger.move_balances", batch)
    assert moved == [{"account_id": 1, "available_micro": 5, "held_micro": 0}]


def test_frames_hold_the_rows_of_a_query(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("ledger.open_account", 7)
    assert store.frame("ledger.balance", 7).rows() == [(0, 0)]


def test_balances_below_zero_are_refused_by_the_database_itself(store: Store) -> None:
    names = all_queries()
    assert "check (available_micro >= 0)" not in names["ledger.move_balances"]
    with pytest.raises(Exception, match=r"(?i)check"), store.transaction() as tx:
        tx.run("ledger.open_account", 1)
        store_tx = tx.raw  # type: ignore[attr-defined] # past every query of the product
        store_tx.execute("update account_balance set available_micro = -1 where account_id = 1")


def test_a_job_runs_once_per_key_in_due_order_and_again_after_a_crash(store: Store) -> None:
    with store.transaction() as tx:
        for name, due in (("late", 50), ("soon", 10), ("soon", 99), ("future", 10_000)):
            jobs.submit(tx, "dispatch", {"task": name}, run_us=NOW + due, key=name, now_us=NOW)
    with store.transaction() as tx:
        taken = jobs.take_due(tx, now_us=NOW + 100, limit=10)
        assert sorted(job.args["task"] for job in taken) == ["late", "soon"]
    with store.transaction() as tx:
        assert jobs.take_due(tx, now_us=NOW + 100, limit=10) == []
        jobs.finish(tx, taken[0])
        jobs.recover(tx)
        again = jobs.take_due(tx, now_us=NOW + 100, limit=10)
        assert [job.key for job in again] == [taken[1].key]


def test_a_job_that_fails_waits_longer_each_time_and_ends_as_failed(store: Store) -> None:
    with store.transaction() as tx:
        jobs.submit(tx, "dispatch", {}, run_us=NOW, key="k", now_us=NOW)
    now_us, waits = NOW, []
    for _ in range(jobs.MOST_ATTEMPTS):
        with store.transaction() as tx:
            (job,) = jobs.take_due(tx, now_us=now_us, limit=1)
            jobs.retry(tx, job, error="boom", now_us=now_us)
        waits.append(job.attempts)
        now_us += jobs.RETRY_MOST_US + 1
    with store.transaction() as tx:
        assert jobs.take_due(tx, now_us=now_us, limit=1) == []
    assert waits == list(range(jobs.MOST_ATTEMPTS))


def test_a_job_whose_end_was_not_written_is_tried_again_and_that_counts_as_a_try(store: Store) -> None:
    with store.transaction() as tx:
        for key in ("ended", "unended", "later"):
            jobs.submit(tx, "dispatch", {"task": key}, run_us=NOW + (key == "later"), key=key, now_us=NOW)
    with store.transaction() as tx:
        ended, unended = jobs.take_due(tx, now_us=NOW, limit=2)
        jobs.finish(tx, ended)
    assert store.one("jobs.any_due", NOW) is not None
    with store.transaction() as tx:
        assert jobs.retry_unended(tx, now_us=NOW) == [unended]
    assert store.one("jobs.any_due", NOW) is None
    with store.transaction() as tx:
        assert jobs.retry_unended(tx, now_us=NOW) == []
        again = jobs.take_due(tx, now_us=NOW + jobs.RETRY_BASE_US, limit=9)
    assert [(job.key, job.args, job.attempts) for job in again] == [
        ("unended", {"task": "unended"}, 1),
        ("later", {"task": "later"}, 0),
    ]


def test_every_query_has_a_name_a_comment_and_no_formatting() -> None:
    for name, sql in all_queries().items():
        assert sql.startswith("-- "), f"{name} says nothing about itself"
        assert "{" not in sql, f"{name} looks like a template"


def test_a_second_process_is_told_who_has_the_database(tmp_path: Path) -> None:
    path = tmp_path / "ims.db"
    holder = open_store(f"duckdb:///{path}")
    code = f"from engine.store import open_store\nopen_store('duckdb:///{path}')"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    holder.close()
    assert second.returncode == 1
    assert "in use by process" in second.stderr


def test_what_is_not_a_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "ims.db"
    broken.write_text("this is not a database, although it is long enough to be read as one. " * 100)
    with pytest.raises(StoreError) as caught:
        open_store(f"duckdb:///{broken}")
    assert caught.value.code == "store_failed"
    with pytest.raises(StoreError):
        open_store("mysql://localhost/ims")


def test_changes_grow_with_what_was_committed_and_not_with_what_was_rolled_back(store: Store) -> None:
    before = store.changes("store"), store.changes("jobs")
    with store.transaction() as tx:
        tx.run("store.put_setting", "changed", "1", 1)
        assert store.changes("store") == before[0]
    assert store.changes("store") > before[0]
    assert store.changes("jobs") == before[1]
    known = store.changes("store")
    with pytest.raises(RuntimeError), store.transaction() as tx:
        tx.run("store.put_setting", "changed", "2", 2)
        raise RuntimeError
    assert store.changes("store") == known


def old_reader(store: Store) -> duckdb.DuckDBPyConnection:
    """A query that began before the last commit and is not done."""
    with store.transaction() as tx:
        tx.run("store.put_setting", "colour", "blue", NOW)
        reader = tx.raw.cursor()  # type: ignore[attr-defined] # the embedded store
    reader.begin()
    reader.execute("select count(*) from setting").fetchall()
    with store.transaction() as tx:
        tx.run("store.put_setting", "colour", "green", NOW)
    return reader


def test_a_backup_waits_for_a_query_that_began_before_the_last_commit(tmp_path: Path) -> None:
    store = open_store(f"duckdb:///{tmp_path / 'ims.db'}")
    reader, target = old_reader(store), tmp_path / "copy.db"
    with ThreadPoolExecutor(1) as pool:
        backup = pool.submit(store.backup, target)
        with pytest.raises(TimeoutError):
            backup.result(timeout=0.3)
        assert store.one("store.setting", "colour") == {"value": "green"}, "readers do not wait"
        reader.rollback()
        backup.result(timeout=duck.FOLD_WAIT_S)
    store.close()
    copy = open_store(f"duckdb:///{target}")
    assert copy.one("store.setting", "colour") == {"value": "green"}
    copy.close()


def test_the_regular_checkpoint_does_not_keep_writers_waiting_for_a_long_query(tmp_path: Path) -> None:
    store = open_store(f"duckdb:///{tmp_path / 'ims.db'}")
    reader = old_reader(store)
    with ThreadPoolExecutor(1) as pool:
        checkpoint = pool.submit(store.checkpoint)
        assert isinstance(checkpoint.exception(timeout=duck.FOLD_WAIT_S / 2), StoreError)
    reader.rollback()
    store.checkpoint()
    store.close()


def test_a_query_that_does_not_end_costs_a_backup_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duck, "FOLD_WAIT_S", 0.1)
    store = open_store(f"duckdb:///{tmp_path / 'ims.db'}")
    reader, target = old_reader(store), tmp_path / "copy.db"
    with pytest.raises(StoreError) as caught:
        store.backup(target)
    assert caught.value.code == "store_stuck"
    assert not target.exists()
    with store.transaction() as tx:
        tx.run("store.put_setting", "colour", "red", NOW)
    reader.rollback()
    store.backup(target)
    store.close()
