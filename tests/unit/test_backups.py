"""Backups: consistent while messages are sent, few enough, and restored without losing what was there."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from engine import ledger
from engine.app import Engine
from engine.config import Config
from engine.errors import StoreError
from engine.gateways import Outcome, OutcomeKind
from engine.model import HOUR_US, to_datetime
from engine.store import open_store
from engine.system import backups
from tests.flow.test_cli import run
from tests.kit import Scripted, World, code_of, config_for, raw, settled, wait_until, world


def tasks_in(path: Path) -> int:
    store = open_store(f"duckdb:///{path}")
    try:
        assert ledger.reconcile(store).ok
        rows = store.all("terms.versions")
        return sum(row["tasks"] for row in rows)
    finally:
        store.close()


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".before-" in path.name)


def test_a_backup_made_while_500_messages_are_sent_opens_and_its_books_add_up(tmp_path: Path) -> None:
    made = world(tmp_path, credit=1_000)
    made_ones: list[backups.Backup] = []

    def back_up() -> None:
        for _ in range(3):
            made_ones.append(backups.make(made.store, made.engine.config, now_us=made.clock.now_us()))

    thread = threading.Thread(target=back_up)
    tasks = [made.send(250)]
    thread.start()
    tasks.append(made.send(250))
    thread.join()
    wait_until(lambda: all(settled(made, task) for task in tasks))
    made.engine.stop()
    assert len({one.path for one in made_ones}) == 3
    assert [tasks_in(one.path) for one in made_ones][-1] >= 1
    assert tasks_in(tmp_path / "ims.db") == 2


def test_only_so_many_are_kept_and_documents_go_with_them(tmp_path: Path) -> None:
    made = world(tmp_path, credit=1_000, started=False)
    config = replace(made.engine.config, backups_kept=2)
    documents = tmp_path / backups.DOCUMENTS
    documents.mkdir()
    (documents / "one.png").write_bytes(b"receipt")
    for _ in range(4):
        made.clock.move(seconds=2)
        backups.make(made.store, config, now_us=made.clock.now_us())
    found = backups.listing(config)
    assert len(found) == 2
    assert all(one.documents for one in found)
    assert found[0].made_us > found[1].made_us
    assert len(list((tmp_path / backups.FOLDER).iterdir())) == 4
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / backups.FOLDER).iterdir()} == {0}
    made.engine.stop()


def test_a_backup_is_due_by_its_age_and_never_when_switched_off(tmp_path: Path) -> None:
    made = world(tmp_path, credit=1_000, started=False)
    config, now_us = made.engine.config, made.clock.now_us()
    assert backups.due(config, now_us=now_us)
    made.engine.system.back_up_when_due()
    made.engine.system.back_up_when_due()
    assert len(backups.listing(config)) == 1
    assert not backups.due(config, now_us=now_us + 23 * HOUR_US)
    assert backups.due(config, now_us=now_us + 24 * HOUR_US)
    assert not backups.due(replace(config, backup_hours=0), now_us=now_us + 999 * HOUR_US)
    made.engine.stop()


def test_a_database_in_memory_has_no_backups(tmp_path: Path) -> None:
    config = replace(config_for(tmp_path), url="duckdb://")
    engine = Engine.open(config)
    engine.system.back_up_when_due()
    assert code_of(lambda: backups.make(engine.store, config, now_us=0)) == "backup_memory"
    assert code_of(lambda: backups.restore(config, tmp_path, now_us=0)) == "backup_memory"
    engine.stop()


def prepared(folder: Path) -> tuple[World, Path]:
    """A world with one task, its backup, and a second task that the backup does not know; stopped."""
    made = world(folder, credit=1_000, started=False)
    documents = folder / backups.DOCUMENTS
    documents.mkdir()
    (documents / "one.png").write_bytes(b"then")
    made.send(2)
    copy = backups.write(made.store, made.engine.config, folder / "copy.db").path
    made.send(2)
    (documents / "one.png").write_bytes(b"now")
    made.engine.stop()
    return made, copy


def test_restore_brings_the_backup_back_and_keeps_the_old_files_aside(tmp_path: Path) -> None:
    made, copy = prepared(tmp_path)
    place = tmp_path / "ims.db"
    assert tasks_in(place) == 2
    (tmp_path / "ims.db.wal").touch()
    moved = backups.restore(made.engine.config, copy, now_us=made.clock.now_us()).moved
    assert tasks_in(place) == 1
    assert (tmp_path / backups.DOCUMENTS / "one.png").read_bytes() == b"then"
    assert sorted(path.name for path in moved) == kept(tmp_path)
    assert [name.split(".before-")[0] for name in kept(tmp_path)] == ["ims.db", "ims.db.wal", "receipts"]
    assert tasks_in(next(path for path in moved if path.name.startswith("ims.db.before"))) == 2
    assert tasks_in(copy) == 1


def test_what_was_sent_after_a_backup_is_not_sent_again_when_it_is_restored(tmp_path: Path) -> None:
    gateway = Scripted([Outcome(OutcomeKind.ACCEPTED, provider_ref="one")])
    made = world(tmp_path, gateways=lambda _: gateway, started=False)
    task_id = made.send(2, scheduled_at=to_datetime(made.clock.now_us() + HOUR_US))
    copy = backups.make(made.store, made.engine.config, now_us=made.clock.now_us()).path
    made.clock.move(hours=1.1)
    made.engine.scheduler.tick()
    wait_until(lambda: made.row(task_id)["state"] == "sent")
    made.engine.stop()
    config = made.engine.config
    assert backups.restore(config, copy, now_us=made.clock.now_us()).paused == 1
    again = Engine(config, open_store(config.url), made.clock, gateways=lambda _: gateway)
    again.start()
    row = again.store.one("tasks.of_account", task_id, made.owner.account_id)
    wait_until(lambda: again.store.one("jobs.any_due", made.clock.now_us()) is None)
    assert row is not None
    assert row["paused_us"] is not None
    assert len(gateway.batches) == 1
    assert "may have been sent" in again.notices.listing(made.owner)[0]["sentence"]
    again.tasks.resume(made.owner, task_id)
    wait_until(lambda: len(gateway.batches) == 2)
    again.stop()


@pytest.mark.parametrize("fault", ["missing", "rubbish", "books", "newer"])
def test_a_backup_that_cannot_be_used_changes_nothing(tmp_path: Path, fault: str) -> None:
    made, copy = prepared(tmp_path)
    before = (tmp_path / "ims.db").read_bytes()
    if fault == "missing":
        copy = tmp_path / "nowhere.db"
    elif fault == "rubbish":
        copy.write_bytes(b"not a database" * 100)
    else:
        spoil(copy, "update account_balance set available_micro = available_micro + 1" if fault == "books" else
              "insert into schema_version values (9999)")  # fmt: skip
    with pytest.raises(StoreError) as caught:
        backups.restore(made.engine.config, copy, now_us=made.clock.now_us())
    assert caught.value.code == "backup_bad"
    assert (tmp_path / "ims.db").read_bytes() == before
    assert kept(tmp_path) == []
    assert not list(tmp_path.glob("*.restoring*"))


def spoil(path: Path, sql: str) -> None:
    store = open_store(f"duckdb:///{path}")
    with store.transaction() as tx:
        tx.raw.execute(sql)  # type: ignore[attr-defined] # breaks what the product would never write
    store.checkpoint()
    store.close()


def test_the_command_line_backs_up_restores_and_refuses_a_database_in_use(tmp_path: Path) -> None:
    made = world(tmp_path / "data", credit=1_000, started=False)
    made.send(2)
    config: Config = made.engine.config
    busy = run(tmp_path / "data", "restore", str(config.data / "ims.db"))
    assert busy.returncode == 1
    assert "in use by process" in busy.stderr
    assert raw(made, "select count(*) as n from task")[0]["n"] == 1
    made.engine.stop()
    done = run(tmp_path / "data", "backup", str(tmp_path))
    assert done.returncode == 0, done.stderr
    copy = next(tmp_path.glob("ims-*.db"))
    shutil.rmtree(tmp_path / "data")
    back = run(tmp_path / "data", "restore", str(copy))
    assert back.returncode == 0, back.stderr
    assert tasks_in(tmp_path / "data" / "ims.db") == 1
    assert run(tmp_path / "data", "backup", str(copy)).returncode == 1
