"""Filters by sender and member, orders across pages, choices, checks and exports that tell how far they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.history import Columns, History, Order, RecordFilter, Verdict
from engine.history.checks import link_problem
from engine.model import HOUR_US, Actor, FailReason, MessageState, Role
from engine.store.duck import DuckStore
from tests.unit.history_kit import START_US, Book, FakeClock, Sent, actor, small_book
from tests.unit.test_history import every_page

ONE = actor(1)
STAFF = actor(9, Role.STAFF)
SENDERS = [None, "Acme", "BRAND"]
STATES = [state.value for state in MessageState]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Sixty tasks of two accounts, of three senders and three members, with many equal numbers to sort by."""
    opened = DuckStore(tmp_path_factory.mktemp("shelf") / "ims.db")
    book, chance = small_book(opened), random.Random(11)
    for place in range(60):
        sent = [
            Sent(chance.choice(STATES), country=chance.choice(["AU", "GB"])) for _ in range(chance.choice([1, 2, 5]))
        ]
        book.task(
            chance.choice([1, 2]), sent, created_us=START_US + place * HOUR_US,
            route_id=chance.choice([1, 2]), sender=chance.choice(SENDERS), member_id=chance.choice([10, 20, 90]),
        )  # fmt: skip
    yield book
    opened.close()


def key_of(row: dict[str, Any], order: str, size: str) -> tuple[int, int]:
    value = {
        Order.NEWEST: 0, Order.OLDEST: -2 * row["id"], Order.RECIPIENTS: row[size], Order.HELD: row["held_micro"],
        Order.CHARGED: row["charged_micro"], Order.FAILED: row["failed"] + row.get("expired", 0),
    }[Order(order)]  # fmt: skip
    return -value, -row["id"]


wanted_filters = st.builds(
    RecordFilter,
    sender=st.sampled_from([None, None, "Acme", "BRAND", "nobody"]),
    member_id=st.sampled_from([None, None, 10, 20, 90, 7]),
    route_id=st.sampled_from([None, None, 1]),
    search=st.sampled_from(["", "", "Task 1"]),
    order=st.sampled_from(list(Order)),
)


def chosen(book: Book, wanted: RecordFilter, scope: int | None) -> list[dict[str, Any]]:
    return [
        row
        for row in book.tasks
        if (scope is None or row["account_id"] == scope)
        and (wanted.sender is None or row["sender"] == wanted.sender)
        and (wanted.member_id is None or row["member_id"] == wanted.member_id)
        and (wanted.route_id is None or row["route_id"] == wanted.route_id)
        and wanted.search in row["name"]
    ]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wanted=wanted_filters, limit=st.sampled_from([1, 3, 7, 50]), country=st.sampled_from([None, "AU"]))
def test_every_order_of_tasks_has_no_gap_and_no_repetition(
    shelf: Book, wanted: RecordFilter, limit: int, country: str | None
) -> None:
    history = History(shelf.store, FakeClock())
    with_country = RecordFilter(**{name: getattr(wanted, name) for name in ("sender", "member_id", "route_id",
                                "search", "order")}, country=country)  # fmt: skip
    reached = {row["task_id"] for row in shelf.messages if country in (None, row["country"])}
    for who, scope in ((ONE, 1), (STAFF, None)):
        found = every_page(lambda after, who=who: history.tasks(who, with_country, after=after, limit=limit))
        expected = [row for row in chosen(shelf, wanted, scope) if row["id"] in reached]
        expected.sort(key=lambda row: key_of(row, wanted.order, "recipients"))
        assert [row["id"] for row in found] == [row["id"] for row in expected]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wanted=wanted_filters, limit=st.sampled_from([1, 4, 50]))
def test_every_order_of_dispatches_has_no_gap_and_no_repetition(shelf: Book, wanted: RecordFilter, limit: int) -> None:
    history = History(shelf.store, FakeClock())
    found = every_page(lambda after: history.dispatches(ONE, wanted, after=after, limit=limit))
    assert {row["id"] for row in found} == {row["id"] for row in chosen(shelf, wanted, 1)}
    assert [row["id"] for row in found] == [
        row["id"] for row in sorted(found, key=lambda row: key_of(row, wanted.order, "messages"))
    ]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    wanted=wanted_filters.filter(lambda wanted: wanted.order in ("newest", "oldest")),
    limit=st.sampled_from([1, 4, 50]),
    state=st.sampled_from([None, "delivered", "open", "undelivered", "in_doubt"]),
    country=st.sampled_from([None, "AU"]),
)
def test_messages_oldest_or_newest_first_by_sender_and_member_have_no_gap(
    shelf: Book, wanted: RecordFilter, limit: int, state: str | None, country: str | None
) -> None:
    history = History(shelf.store, FakeClock())
    asked = RecordFilter(
        sender=wanted.sender, member_id=wanted.member_id, route_id=wanted.route_id, search=wanted.search,
        order=wanted.order, state=state, country=country,
    )  # fmt: skip
    groups = {
        "open": {"queued", "submitting", "submitted", "in_doubt"}, "undelivered": {"failed", "expired"}, None: {*STATES}
    }  # fmt: skip
    tasks = {row["id"] for row in chosen(shelf, wanted, 1)}
    expected = [
        row["id"] for row in shelf.messages
        if row["task_id"] in tasks and row["state"] in groups.get(state, {state}) and country in (None, row["country"])
    ]  # fmt: skip
    found = every_page(lambda after: history.messages(ONE, asked, after=after, limit=limit))
    assert [row["id"] for row in found] == (expected if wanted.order == "oldest" else expected[::-1])
    exported = pl.read_csv(history.export_messages(ONE, asked))
    assert exported["message_id"].to_list() == [row["id"] for row in found]


def test_messages_cannot_be_sorted_by_amounts(shelf: Book) -> None:
    with pytest.raises(InputError):
        History(shelf.store, FakeClock()).messages(ONE, RecordFilter(order="charged"))


def test_movements_are_found_by_who_moved_the_credit(shelf: Book) -> None:
    history = History(shelf.store, FakeClock())
    found = every_page(lambda after: history.movements(ONE, RecordFilter(member_id=90), after=after))
    assert {row["note"] for row in found} == {"Bank transfer"}


def test_choices_are_those_of_the_account_and_staff_has_no_name(shelf: Book) -> None:
    mine = History(shelf.store, FakeClock()).choices(ONE)
    assert set(mine.senders) == {"Acme", "BRAND"}
    assert dict(mine.members) == {10: "Person 1", 20: "Person 2", 90: "Staff"}
    assert dict(History(shelf.store, FakeClock()).choices(STAFF, account_id=1).members)[90] == "Person 9"


@pytest.mark.parametrize("fmt", ["csv", "xlsx", "parquet"])
def test_an_export_tells_how_far_it_is(shelf: Book, fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.history.exports.SLICE_ROWS", 10)
    told: list[tuple[int, int]] = []
    history = History(shelf.store, FakeClock())
    history.export_messages(ONE, RecordFilter(), fmt, on_progress=lambda done, total: told.append((done, total)))
    rows = sum(row["account_id"] == 1 for row in shelf.messages)
    assert told[-1] == (rows, rows)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 3 or fmt == "parquet"


def test_an_export_in_slices_is_the_export_in_one(shelf: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(shelf.store, FakeClock())
    whole = history.export_tasks(ONE)
    monkeypatch.setattr("engine.history.exports.SLICE_ROWS", 3)
    assert history.export_tasks(ONE) == whole
    nothing = history.export_tasks(ONE, RecordFilter(search="no such task")).decode()
    assert nothing.count("\n") == 1
    assert nothing.startswith("task_id,")


def test_a_reason_finds_the_same_messages_in_either_order(history: History, book: Book) -> None:
    book.task(1, [Sent("in_doubt"), Sent("failed"), Sent("delivered")])  # none with a reason of its own
    for reason, found in ((FailReason.CONNECTION_LOST, 1), (FailReason.UNDELIVERABLE, 1)):
        for order in (Order.NEWEST, Order.OLDEST):
            assert len(history.messages(ONE, RecordFilter(reason=reason.value, order=order)).rows) == found


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("shop.example.com/x", False), ("www.shop.com", False), ("https://a.io/p?q=1", False),
        ("shop..com/x", True), ("www.-shop.com", True), ("shop.com/x.", True), ("www.shop.c0m", True),
    ],
)  # fmt: skip
def test_links_that_do_not_look_valid_are_named(link: str, wrong: bool) -> None:
    assert bool(link_problem(link)) == wrong


def test_a_task_is_checked_as_the_faq_says(history: History, book: Book) -> None:
    night = START_US + 14 * HOUR_US  # midnight in Sydney, 22:00 in Perth
    task = book.task(
        1, [Sent(), Sent("failed", 61412345679, reason="invalid_number")], due_us=night, rejected_rows=2,
        content="Sale now at www.shop..com/x",
    )  # fmt: skip
    sent, numbers, link, daytime = history.checks(ONE, task)
    assert (sent.verdict, sent.sentence) == (Verdict.LOOK, "1 of 2 messages reached the phone.")
    assert "did not know 1 number" in numbers.sentence
    assert "not a complete web address" in link.sentence
    assert daytime.verdict is Verdict.LOOK
    assert "100% of recipients it was in the quiet hours" in daytime.sentence
    assert "Australia" in daytime.sentence


def test_a_task_with_nothing_wrong_passes_every_check(history: History, book: Book) -> None:
    task = book.task(1, [Sent(), Sent()], due_us=START_US, content="See shop.com.au/sale")
    assert [check.verdict for check in history.checks(ONE, task)] == [Verdict.OK] * 4


def test_a_choice_of_columns_is_kept_for_the_member_alone(shelf: Book) -> None:
    columns = Columns(shelf.store)
    two = Actor(user_id=20, account_id=2, role=Role.OWNER, name="two")
    assert columns.chosen(ONE, "tasks") is None
    columns.choose(ONE, "tasks", ["Task", "Charged"])
    columns.choose(ONE, "tasks", ["Task"])
    assert columns.chosen(ONE, "tasks") == ["Task"]
    assert columns.chosen(two, "tasks") is None
    assert columns.chosen(ONE, "sms") is None
    columns.choose(ONE, "tasks", None)
    assert columns.chosen(ONE, "tasks") is None
    for wrong in (["x" * 61], ["a\nb"], ["x"] * 61, [""]):
        with pytest.raises(InputError):
            columns.choose(ONE, "tasks", wrong)
