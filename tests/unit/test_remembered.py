"""Values that are kept until something is written that could change them."""

from __future__ import annotations

from pathlib import Path

from engine.accounts.limits import AccountLimits
from engine.model import HOUR_US, Balance
from engine.routes import RouteChanges
from engine.store import Remembered
from tests.kit import PASSWORD, give, operator, world
from tests.unit.topups_kit import office


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


def test_what_time_can_change_is_read_again_when_it_does_not_hold(tmp_path: Path) -> None:
    made = world(tmp_path, credit=5, started=False)
    kept = Remembered[None, int](made.store, "ledger")
    assert kept.get(None, lambda: 1, holds=lambda value: value == 1) == 1
    assert kept.get(None, lambda: 2, holds=lambda value: value == 1) == 1
    assert kept.get(None, lambda: 3, holds=lambda value: value != 1) == 3
    made.engine.stop()


def test_planned_prices_come_into_force_on_time_and_changed_routes_at_once(tmp_path: Path) -> None:
    made = world(tmp_path, credit=5, started=False)
    engine, owner, admin = made.engine, made.owner, operator(made)
    route = engine.routes.selectable(owner)[0]
    engine.routes.set_prices(admin, route.id, {"*": 2_000_000}, effective_us=made.clock.now_us() + HOUR_US)
    assert engine.routes.selectable(owner)[0].prices == route.prices
    made.clock.move(hours=1)
    assert engine.routes.selectable(owner)[0].prices == {"*": 2_000_000}
    made.clock.move(hours=-1)
    assert engine.routes.selectable(owner)[0].prices == route.prices
    engine.routes.edit(admin, route.id, RouteChanges(name="Renamed"))
    assert engine.routes.selectable(owner)[0].name == "Renamed"
    engine.desk.set_limits(admin, owner.account_id, AccountLimits(routes=frozenset()), reason="A test.")
    assert engine.routes.selectable(owner) == []
    made.engine.stop()


def test_requests_and_a_statement_follow_every_change_of_their_account(tmp_path: Path) -> None:
    desk = office(tmp_path)
    engine, owner, admin = desk.engine, desk.owner, desk.actors["admin"]
    assert engine.topups.requests(owner) == []
    request = desk.ask()
    assert [row["state"] for row in engine.topups.requests(owner)] == ["requested"]
    before = engine.history.statement_totals(owner, 0, 2**60)
    give(engine, desk.actors["rival"].account_id, 1)
    assert engine.history.statement_totals(owner, 0, 2**60) is before, "nothing of this account has moved"
    engine.topups.approve(admin, request)
    assert [row["state"] for row in engine.topups.requests(owner)] == ["approved"]
    after = engine.history.statement_totals(owner, 0, 2**60)
    assert after.closing == engine.history.balance(owner) != before.closing
    engine.profile.change(owner, full_name="Another Name", email="owner@example.com", password=PASSWORD)
    assert engine.topups.requests(owner)[0]["member_name"] == "Another Name"
    engine.stop()
