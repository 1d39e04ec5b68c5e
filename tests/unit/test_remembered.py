"""Values that are kept until something is written that could change them."""

from __future__ import annotations

from pathlib import Path

from engine.model import Balance
from engine.store import Remembered
from tests.kit import give, world


def test_a_value_is_read_again_only_after_its_rooms_were_written(tmp_path: Path) -> None:
    made = world(tmp_path, credit=5, started=False)
    reads: list[str] = []

    def read() -> int:
        reads.append("read")
        return len(reads)

    kept = Remembered[str, int](made.store, "ledger", "notices")
    assert [kept.get("one", read), kept.get("one", read), kept.get("two", read)] == [1, 1, 2]
    with made.store.transaction() as tx:
        tx.run("store.put_setting", "anything", "else", 1)
    assert kept.get("one", read) == 1
    give(made.engine, made.owner.account_id, 1)
    assert [kept.get("one", read), kept.get("one", read), kept.get("two", read)] == [3, 3, 4]
    made.engine.stop()


def test_balance_notices_and_inbox_follow_every_change_at_once(tmp_path: Path) -> None:
    made = world(tmp_path, credit=5, started=False)
    engine, owner = made.engine, made.owner
    for credit in (5, 6, 7):
        assert engine.history.balance(owner) == Balance(credit * 1_000_000, 0)
        give(engine, owner.account_id, 1)
    unread = engine.notices.unread(owner)
    with made.store.transaction() as tx:
        tx.run("notices.add", tx.reserve("notice"), owner.account_id, "task", "Something happened.", "", 1)
    assert engine.notices.unread(owner) == unread + 1
    newest = engine.notices.listing(owner)[0]["id"]
    engine.notices.mark_seen(owner, newest)
    assert engine.notices.unread(owner) == 0
    assert engine.accounts.name(owner) == "acme"
    made.engine.stop()
