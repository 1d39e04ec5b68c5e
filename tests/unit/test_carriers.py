"""Records say which route's gateway carried a message sold over another, and what its operator's code means."""

from __future__ import annotations

import polars as pl
import pytest

from engine.history import History, RecordFilter
from engine.model import Role
from engine.store.duck import DuckStore
from tests.unit.history_kit import Book, Sent, actor

OWNER, STAFF = actor(1), actor(9, Role.STAFF)
CODE = {"meaning": "The phone is full.", "reason": "memory_full", "retry": False, "changed_us": 0, "member_id": None}


def run(store: DuckStore, sql: str) -> None:
    store._root.cursor().execute(sql)


@pytest.fixture
def carried(book: Book, store: DuckStore) -> Book:
    """A task of route 1 whose first message failed on its own gateway, and whose other two route 2 carried."""
    book.task(1, [Sent("failed"), Sent("failed"), Sent()])
    run(store, "update message set carrier_id = 2 where id in (2, 3)")
    run(store, "update dispatch set carrier_id = 2 where id = 1")
    return book


def test_staff_read_which_route_carried_a_message(history: History, carried: Book) -> None:
    rows = {row["id"]: row for row in history.messages(STAFF, RecordFilter()).rows}
    assert {key: (row["route_name"], row["carried_by"]) for key, row in rows.items()} == {
        1: ("Route 1", ""), 2: ("Route 1", "Route 2"), 3: ("Route 1", "Route 2"),
    }  # fmt: skip
    assert history.message(STAFF, 2)["carried_by"] == "Route 2"
    assert history.dispatches(STAFF).rows[0]["carried_by"] == "Route 2"
    assert history.task(STAFF, 1).dispatches[0]["carried_by"] == "Route 2"


def test_customers_read_the_name_only_of_a_route_they_could_choose(
    history: History, carried: Book, store: DuckStore
) -> None:
    assert history.message(OWNER, 2)["carried_by"] == "Route 2"
    carried.insert("account_limit", [{"account_id": 1, "routes": "[1]", "countries": "", "changed_us": 0}])
    assert history.message(OWNER, 2)["carried_by"] == "another route"
    assert history.message(STAFF, 2)["carried_by"] == "Route 2"
    run(store, "delete from account_limit")
    run(store, "update route set enabled = false where id = 2")
    for found in (history.message(OWNER, 2), history.dispatches(OWNER).rows[0], history.messages(OWNER).rows[0]):
        assert found["carried_by"] == "another route"
        assert "Route 2" not in repr(found)
        assert "carrier_id" not in found


def test_a_filter_by_route_finds_what_was_sold_over_it(history: History, carried: Book) -> None:
    assert [row["id"] for row in history.messages(STAFF, RecordFilter(route_id=1)).rows] == [3, 2, 1]
    assert history.messages(STAFF, RecordFilter(route_id=2)).rows == []


def test_files_for_the_operator_name_the_carrier_and_those_for_customers_do_not(
    history: History, carried: Book
) -> None:
    for export in (history.export_messages, history.export_dispatches):
        for_staff, for_owner = (pl.read_parquet(export(who, RecordFilter(), "parquet")) for who in (STAFF, OWNER))
        assert for_staff.columns.index("carried_by") == for_staff.columns.index("route") + 1
        assert "carried_by" not in for_owner.columns
    found = pl.read_csv(history.export_messages(STAFF))
    assert found["carried_by"].to_list() == ["Route 2", "Route 2", None]


def test_the_words_of_a_code_are_those_of_the_gateway_that_reported_it(
    history: History, carried: Book, store: DuckStore
) -> None:
    before = {row["id"]: row["sentence"] for row in history.messages(OWNER).rows}
    carried.insert("route_code", [{"route_id": 2, "code": "err:045"} | CODE])
    after = {row["id"]: row["sentence"] for row in history.messages(OWNER).rows}
    assert after == before | {2: "The phone is full."}  # 1 has the same code of another operator, 3 was delivered
    assert history.message(OWNER, 2)["sentence"] == "The phone is full."
    assert history.message(OWNER, 3)["sentence"] == ""
    exported = pl.read_csv(history.export_messages(OWNER))
    assert dict(zip(exported["message_id"], exported["reason"], strict=True))[2] == "The phone is full."
    assert not exported["reason"].to_list()[0]
    run(store, "update message set detail = 'stat:UNDELIV err:045' where id = 2")
    assert history.message(OWNER, 2)["sentence"] == "The phone is full."
    assert "The phone is full." in pl.read_csv(history.export_messages(OWNER))["reason"].to_list()
    run(store, "update message set detail = 'err:04 5' where id = 2")
    assert history.message(OWNER, 2)["sentence"] == before[2]
    assert "The phone is full." not in pl.read_csv(history.export_messages(OWNER))["reason"].to_list()
    run(store, "update message set detail = null")
    assert "The phone is full." not in pl.read_csv(history.export_messages(OWNER))["reason"].to_list()


def test_an_entry_without_words_leaves_the_sentence_of_the_reason(history: History, carried: Book) -> None:
    before = history.messages(OWNER).rows
    carried.insert("route_code", [{"route_id": 2, "code": "err:045"} | CODE | {"meaning": ""}])
    assert history.messages(OWNER).rows == before
