"""Records, movements and exports: what is shown, to whom, and that nothing is lost or shown twice."""

from __future__ import annotations

import contextlib
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.access import ROLES_ATTRIBUTE
from engine.errors import AccessError, ImsError, InputError
from engine.history import After, History, Order, Page, RecordFilter, StateGroup, message_query, records
from engine.history.filters import E164_DIGITS, MAX_PAGE_ROWS, number_search
from engine.history.words import explain
from engine.model import DAY_US, HOUR_US, Actor, FailReason, MessageState, Role
from engine.store.duck import DuckStore
from tests.unit.history_kit import (
    CUSTOMER_ROLES,
    OPERATOR_ROLES,
    PRICE,
    START_US,
    Book,
    FakeClock,
    Sent,
    actor,
    small_book,
)

STAFF = actor(9, Role.STAFF)
ONE = actor(1)
TWO = actor(2)
STATES = [state.value for state in MessageState]
NUMBERS = (61412345678, 61412345679, 447400123456, 4915112345678, 12025550123)
COUNTRIES = {61412345678: "AU", 61412345679: "AU", 447400123456: "GB", 4915112345678: "DE", 12025550123: "US"}
REASONS = [None, "absent", "expired", "no_receipt"]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Fifty tasks of two customers with every state, number and reason, in a random but fixed order."""
    opened = DuckStore(tmp_path_factory.mktemp("big") / "ims.db")
    book, chance = small_book(opened), random.Random(7)
    for place in range(50):
        created_us = START_US + place * HOUR_US
        sent: list[Sent] = []
        for _ in range(chance.randint(1, 9)):
            msisdn, state = chance.choice(NUMBERS), chance.choice(STATES)
            reason = chance.choice(REASONS) if state in ("failed", "expired") else None
            sent.append(Sent(state, msisdn, COUNTRIES[msisdn], reason))
        book.task(
            chance.choice([1, 2]),
            sent,
            created_us=created_us,
            due_us=created_us + chance.choice([0, 3 * DAY_US]),
            route_id=chance.choice([1, 2]),
            name=chance.choice(["Spring sale", "Reminder 100%", "reminder_two"]),
        )
    yield book
    opened.close()


def every_page(ask: Callable[[After | None], Page]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = ask(after)
        found += page.rows
        if page.next_after is None:
            return found
        after = page.next_after


# Who sees what.

CALLS: dict[str, Callable[[History, Actor, dict[str, int]], object]] = {
    "balance": lambda h, a, ids: h.balance(a, ids["account"]),
    "tasks": lambda h, a, ids: h.tasks(a, RecordFilter(task_id=ids["task"])),
    "task": lambda h, a, ids: h.task(a, ids["task"]),
    "live": lambda h, a, ids: h.live(a, ids["task"]),
    "dispatches": lambda h, a, ids: h.dispatches(a, RecordFilter(task_id=ids["task"])),
    "messages": lambda h, a, ids: h.messages(a, RecordFilter(task_id=ids["task"])),
    "message": lambda h, a, ids: h.message(a, ids["message"]),
    "movements": lambda h, a, ids: h.movements(a, RecordFilter(account_id=ids["account"])),
    "statement": lambda h, a, ids: h.statement(a, 0, START_US * 2, account_id=ids["account"]),
    "statement_totals": lambda h, a, ids: h.statement_totals(a, 0, START_US * 2, account_id=ids["account"]),
    "statement_file": lambda h, a, ids: h.statement_file(a, 0, START_US * 2, "xlsx", account_id=ids["account"]),
    "dashboard": lambda h, a, ids: h.dashboard(a, START_US, START_US + DAY_US, account_id=ids["account"]),
    "delivery_times": lambda h, a, ids: h.delivery_times(a, START_US, START_US + DAY_US, account_id=ids["account"]),
    "forecast": lambda h, a, ids: h.forecast(a, account_id=ids["account"]),
    "choices": lambda h, a, ids: h.choices(a, account_id=ids["account"]),
    "export_chart": lambda h, a, ids: h.export_chart(a, "days", START_US, START_US + DAY_US, account_id=ids["account"]),
    "export_messages": lambda h, a, ids: h.export_messages(a, RecordFilter(task_id=ids["task"])),
    "export_tasks": lambda h, a, ids: h.export_tasks(a, RecordFilter(account_id=ids["account"])),
    "export_dispatches": lambda h, a, ids: h.export_dispatches(a, RecordFilter(task_id=ids["task"])),
    "checks": lambda h, a, ids: h.checks(a, ids["task"]),
    "export_movements": lambda h, a, ids: h.export_movements(a, RecordFilter(task_id=ids["task"])),
}
PUBLIC = [name for name, _ in inspect.getmembers(History, inspect.isfunction) if not name.startswith("_")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[History, dict[str, int]]]:
    """A history, and ids of account 2; account 1 has a task of its own beside it."""
    opened = DuckStore(tmp_path_factory.mktemp("shared") / "ims.db")
    book = small_book(opened)
    book.task(1, [Sent()])
    task_id = book.task(2, [Sent()])
    ids = {"account": 2, "task": task_id, "message": book.messages[-1]["id"]}
    yield History(opened, FakeClock()), ids
    opened.close()


def test_every_public_method_names_its_roles_and_is_tried_below() -> None:
    assert set(PUBLIC) == set(CALLS)
    assert all(hasattr(getattr(History, name), ROLES_ATTRIBUTE) for name in PUBLIC)


@pytest.mark.parametrize("role", CUSTOMER_ROLES)
@pytest.mark.parametrize("name", PUBLIC)
def test_customers_are_refused_the_ids_of_another_account(
    shared: tuple[History, dict[str, int]], name: str, role: Role
) -> None:
    history, ids = shared
    with pytest.raises(AccessError) as refused:
        CALLS[name](history, actor(1, role), ids)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("role", [*CUSTOMER_ROLES, *OPERATOR_ROLES])
@pytest.mark.parametrize("name", PUBLIC)
def test_members_of_the_account_and_operators_get_what_they_ask(
    shared: tuple[History, dict[str, int]], name: str, role: Role
) -> None:
    who = actor(9 if role in OPERATOR_ROLES else 2, role)
    history, ids = shared
    assert CALLS[name](history, who, ids) is not None


@pytest.mark.parametrize("name", PUBLIC)
def test_who_is_no_actor_is_refused(shared: tuple[History, dict[str, int]], name: str) -> None:
    nobody: Any = None
    with pytest.raises(AccessError) as refused:
        CALLS[name](shared[0], nobody, shared[1])
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("role", CUSTOMER_ROLES)
def test_pages_and_exports_without_ids_hold_only_the_own_account(
    shared: tuple[History, dict[str, int]], role: Role
) -> None:
    who, history = actor(1, role), shared[0]
    pages = [history.tasks(who), history.messages(who), history.dispatches(who), history.movements(who)]
    assert all(page.rows for page in pages)
    assert {row["account_id"] for page in pages for row in page.rows} == {1}
    for export in (history.export_tasks, history.export_messages, history.export_dispatches, history.export_movements):
        assert set(pl.read_csv(export(who))["account"]) == {"Account 1"}


def test_operators_see_every_account_and_may_choose_one(shared: tuple[History, dict[str, int]]) -> None:
    history = shared[0]
    assert {row["account_id"] for row in history.messages(STAFF).rows} == {1, 2}
    assert {row["account_id"] for row in history.messages(STAFF, RecordFilter(account_id=1)).rows} == {1}


@pytest.mark.parametrize("wrong", [0, -1, 999_999, 2**62, 2**63, 2**80])
def test_ids_that_cannot_be_are_unknown_not_errors(shared: tuple[History, dict[str, int]], wrong: int) -> None:
    ids = {"account": wrong, "task": wrong, "message": wrong}
    strict = set(PUBLIC) - {"movements", "dashboard", "delivery_times", "export_tasks", "choices", "export_chart"}
    for name in strict:
        with pytest.raises(AccessError) as refused:
            CALLS[name](shared[0], STAFF, ids)
        assert refused.value.code == "not_found", name


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.builds(
        RecordFilter,
        start_us=st.none() | st.integers(),
        end_us=st.none() | st.integers(),
        search=st.text(max_size=12),
        state=st.none() | st.sampled_from([*STATES, "hold", "undelivered", "", "nonsense'"]),
        route_id=st.none() | st.integers(),
        country=st.none() | st.text(max_size=3),
        task_id=st.none() | st.integers(),
        account_id=st.none() | st.integers(),
        reason=st.none() | st.text(max_size=3),
        by_due=st.booleans(),
        weekday=st.none() | st.integers(-1, 8),
        hour=st.none() | st.integers(-1, 24),
        sender=st.none() | st.text(max_size=3),
        member_id=st.none() | st.integers(),
        order=st.sampled_from([*Order, "nonsense"]),
    ),
    after=st.none() | st.integers() | st.tuples(st.integers(), st.integers()),
    limit=st.integers(),
)
def test_whatever_is_in_an_address_gives_a_page_or_a_sentence(
    big: Book, wanted: RecordFilter, after: After | None, limit: int
) -> None:
    history = History(big.store, FakeClock())
    for who in (ONE, STAFF):
        for ask in (history.tasks, history.dispatches, history.messages, history.movements):
            with contextlib.suppress(ImsError):
                assert len(ask(who, wanted, after=after, limit=limit).rows) <= MAX_PAGE_ROWS


# Tasks and dispatches.


def test_tasks_come_newest_first_page_by_page_without_loss_or_repetition(big: Book) -> None:
    history = History(big.store, FakeClock())
    found = every_page(lambda after: history.tasks(ONE, after=after, limit=7))
    assert [row["id"] for row in found] == [row["id"] for row in reversed(big.tasks) if row["account_id"] == 1]
    assert found[0]["route_name"].startswith("Route")
    assert found[0]["member_name"] == "Person 1"
    assert all(row["settled"] == sum(row[state] for state in ("delivered", "failed", "expired", "cancelled"))
               for row in found)  # fmt: skip


def test_the_range_of_dates_holds_its_start_but_not_its_end(history: History, book: Book) -> None:
    due = [START_US, START_US + HOUR_US, START_US + 2 * HOUR_US]
    ids = [book.task(1, [Sent()], due_us=due_us) for due_us in due]
    wanted = RecordFilter(start_us=due[1], end_us=due[2])
    assert [row["id"] for row in history.tasks(ONE, wanted).rows] == [ids[1]]
    assert [row["id"] for row in history.dispatches(ONE, wanted).rows] == [ids[1]]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("sale", {"Spring SALE", "sale_two"}),
        ("SPRING", {"Spring SALE"}),
        ("100%", {"100% off"}),
        ("%", {"100% off"}),
        ("_", {"sale_two"}),
        ("  é ", {"Café"}),
        ("É", {"Café"}),
        ("\\", set()),
        ("'; drop table task; --", set()),
    ],
)
def test_a_search_is_part_of_the_name_taken_literally(
    history: History, book: Book, search: str, names: set[str]
) -> None:
    for name in ("Spring SALE", "sale_two", "100% off", "Café"):
        book.task(1, [Sent()], name=name)
    wanted = RecordFilter(search=search)
    assert {row["name"] for row in history.tasks(ONE, wanted).rows} == names
    assert {row["task_name"] for row in history.dispatches(ONE, wanted).rows} == names
    assert {row["task_name"] for row in history.messages(ONE, wanted).rows} == names
    assert {row["task_name"] for row in history.movements(ONE, wanted).rows} == names


def test_tasks_are_found_by_state_route_and_country(history: History, book: Book) -> None:
    sent = book.task(1, [Sent("submitted")])
    british = book.task(1, [Sent(country="GB"), Sent()], route_id=2)
    assert [row["id"] for row in history.tasks(ONE, RecordFilter(state="sent")).rows] == [sent]
    assert [row["id"] for row in history.tasks(ONE, RecordFilter(route_id=2)).rows] == [british]
    assert [row["id"] for row in history.tasks(ONE, RecordFilter(country="gb")).rows] == [british]
    assert [row["id"] for row in history.dispatches(ONE, RecordFilter(state="sent", route_id=1)).rows] == [sent]


@pytest.mark.parametrize("ask", ["tasks", "dispatches", "messages", "movements"])
def test_a_status_that_does_not_exist_is_explained(history: History, book: Book, ask: str) -> None:
    with pytest.raises(InputError, match="Choose one of"):
        getattr(history, ask)(ONE, RecordFilter(state="lost"))


def test_a_task_in_full_has_countries_reasons_and_dispatches(history: History, book: Book) -> None:
    failed = [Sent("failed", reason="absent"), Sent("failed", reason="absent"), Sent("failed"), Sent("expired")]
    task_id = book.task(1, [Sent(), Sent(country="GB"), *failed])
    detail = history.task(ONE, task_id)
    assert detail.row["delivered"] == 2
    assert [(line["country_name"], line["recipients"], line["failed"]) for line in detail.countries] == [
        ("Australia", 5, 4),
        ("United Kingdom", 1, 0),
    ]
    assert [(line["reason"], line["messages"]) for line in detail.reasons] == [
        ("absent", 2),
        ("no_receipt", 1),
        ("undeliverable", 1),
    ]
    assert all(line["sentence"] and line["next_step"] for line in detail.reasons)
    assert [row["messages"] for row in detail.dispatches] == [6]
    assert history.live(ONE, task_id)["settled"] == 6


def test_a_dispatch_shows_its_duration_once_it_is_over(history: History, book: Book) -> None:
    book.task(1, [Sent()])
    book.task(1, [Sent("submitted")])
    running, done = history.dispatches(ONE).rows
    assert (running["duration_us"], done["duration_us"]) == (None, 60_000_000)


# Messages.


def expected(book: Book, account_id: int | None, wanted: RecordFilter, *, below: int | None = None) -> list[int]:
    """The reference: every message looked at in Python."""
    tasks = {row["id"]: row for row in book.tasks}
    searched = number_search(wanted.search) if wanted.search else None
    states = {
        None: STATES,
        "undelivered": ["failed", "expired"],
        "open": ["queued", "submitting", "submitted", "in_doubt"],
    }.get(wanted.state, [wanted.state])

    def matches(row: dict[str, Any]) -> bool:
        task, digits = tasks[row["task_id"]], str(row["msisdn"])
        at_us = task["due_us"] if wanted.by_due else row["created_us"]
        if searched:
            typed = "".join(filter(str.isdigit, wanted.search)).removeprefix("00")
            found = digits.endswith(typed[1:]) if typed.startswith("0") else digits.startswith(typed)
        else:
            found = wanted.search.lower() in task["name"].lower()
        return bool(
            found
            and account_id in (None, row["account_id"])
            and (wanted.start_us is None or at_us >= wanted.start_us)
            and (wanted.end_us is None or at_us < wanted.end_us)
            and row["state"] in states
            and wanted.route_id in (None, row["route_id"])
            and wanted.country in (None, row["country"])
            and wanted.task_id in (None, row["task_id"])
            and wanted.reason in (None, row["reason"])
        )

    return [row["id"] for row in reversed(book.messages) if matches(row) and row["id"] < (below or 2**62)]


instants = st.none() | st.integers(0, 130).map(lambda hours: START_US + hours * HOUR_US)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.builds(
        RecordFilter,
        start_us=instants,
        end_us=instants,
        search=st.sampled_from(["", "", "", "sale", "REMINDER", "_", "+61 412 345 678", "61412", "49151",
                                "0412 345 679", "7400123456", "004474", "nothing"]),
        state=st.none() | st.sampled_from([*STATES, *StateGroup]),
        route_id=st.sampled_from([None, None, 1, 2, 3]),
        country=st.sampled_from([None, None, "AU", "DE", "FR"]),
        reason=st.sampled_from([None, None, None, "absent"]),
        by_due=st.booleans(),
    ),
    limit=st.sampled_from([9, 40]),
    first=st.sampled_from([1, 10, 5_000]),
    who=st.sampled_from([ONE, TWO, STAFF]),
)  # fmt: skip
def test_messages_of_any_filter_come_once_each_newest_first(
    big: Book, wanted: RecordFilter, limit: int, first: int, who: Actor
) -> None:
    history = History(big.store, FakeClock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message_query, "FIRST_TASKS", first)
        patch.setattr(message_query, "FIRST_MESSAGES", first)
        found = every_page(lambda after: history.messages(who, wanted, after=after, limit=limit))
    scope = None if who.is_operator else who.account_id
    assert [row["id"] for row in found] == expected(big, scope, wanted)
    exported = pl.read_csv(history.export_messages(who, wanted))
    assert exported["message_id"].to_list() == [row["id"] for row in found]


@pytest.mark.parametrize("task", [1, 25, 50])
def test_messages_of_one_task_are_all_there_and_no_others(big: Book, task: int) -> None:
    history = History(big.store, FakeClock())
    wanted = RecordFilter(task_id=task)
    assert [row["id"] for row in history.messages(STAFF, wanted).rows] == expected(big, None, wanted)


@pytest.mark.parametrize(
    "typed",
    ["61412345678", "+61412345678", "+61 412 345 678", "+61 (0)412 345 678", "0061 412-345-678", " 61412345678 "],
)
def test_a_whole_number_is_found_however_it_is_written(history: History, book: Book, typed: str) -> None:
    book.task(1, [Sent(msisdn=61412345678), Sent(msisdn=61412345679), Sent(msisdn=6141234567)])
    assert [row["msisdn"] for row in history.messages(ONE, RecordFilter(search=typed)).rows] == ["+61412345678"]


def test_part_of_a_number_is_how_it_begins_and_a_leading_zero_how_it_ends(history: History, book: Book) -> None:
    book.task(1, [Sent(msisdn=61412345678), Sent(msisdn=61498765432), Sent(msisdn=447400123456)])

    def search(typed: str) -> list[str]:
        return sorted(row["msisdn"] for row in history.messages(ONE, RecordFilter(search=typed)).rows)

    assert search("614") == ["+61412345678", "+61498765432"]
    assert search("+61 41") == ["+61412345678"]
    assert search("0412 345 678") == ["+61412345678"]
    assert search("0123456") == ["+447400123456"]
    assert search("9999") == []
    assert search("1" * 40) == []
    assert search("0" * 40) == []


@given(prefix=st.integers(1, 10**15 - 1), digits=st.integers(0, 9), step=st.sampled_from([-1, 0]), up=st.booleans())
def test_ranges_hold_exactly_the_numbers_that_begin_so(prefix: int, digits: int, step: int, up: bool) -> None:
    """Tried at both sides of both ends of what the prefix and `digits` more digits span."""
    searched = number_search(str(prefix))
    number = (prefix + up) * 10**digits + step
    if searched is None or searched.ranges is None or len(str(number)) not in E164_DIGITS:
        return
    pairs = zip(searched.ranges[::2], searched.ranges[1::2], strict=True)
    assert any(low <= number <= high for low, high in pairs) == str(number).startswith(str(prefix))
    assert len(searched.ranges) == 2 * len(E164_DIGITS)


class Spy:
    """Reads through to a store and remembers what was asked."""

    def __init__(self, store: DuckStore) -> None:
        self.store = store
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    def all(self, name: str, *params: object) -> list[dict[str, Any]]:
        self.asked.append((name, params))
        return self.store.all(name, *params)

    def one(self, name: str, *params: object) -> dict[str, Any] | None:
        self.asked.append((name, params))
        return self.store.one(name, *params)

    def frame(self, name: str, *params: object) -> pl.DataFrame:
        self.asked.append((name, params))
        return self.store.frame(name, *params)


@pytest.mark.parametrize(
    ("wanted", "after", "window"),
    [
        (RecordFilter(), None, (91, 101)),
        (RecordFilter(), 98, (81, 98)),
        (RecordFilter(), 93, (81, 93)),
        (RecordFilter(state="failed"), None, (61, 91)),
        (RecordFilter(state="undelivered"), 62, (21, 62)),
        (RecordFilter(search="task 3"), None, (21, 31)),
        (RecordFilter(search="614"), None, (1, 101)),
    ],
)
def test_a_page_reads_only_messages_of_the_tasks_it_comes_from(
    book: Book, store: DuckStore, wanted: RecordFilter, after: int | None, window: tuple[int, int]
) -> None:
    """Ten tasks of ten messages, of which every second task has two that failed."""
    for place in range(10):
        book.task(1, [Sent("failed" if place % 2 == 0 and number < 2 else "delivered") for number in range(10)])
    spy = Spy(store)
    found = records.message_rows(spy, 1, wanted, zone="UTC", after=after, count=3, to_operator=False)
    asked = [(name, params) for name, params in spy.asked if name != "history.code_meanings"]
    assert asked[0][0] == "history.window"
    assert len(asked) == 2
    assert asked[1][1][:2] == window
    assert [row["id"] for row in found] == expected(book, 1, wanted, below=after)[:3]


def test_a_message_just_before_the_nearest_tasks_is_not_overlooked(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_query, "FIRST_TASKS", 1)
    monkeypatch.setattr(message_query, "FIRST_MESSAGES", 1)
    book.task(1, [Sent(), Sent(country="GB")])
    book.task(1, [Sent(), Sent()])
    assert [row["id"] for row in history.messages(ONE, RecordFilter(country="GB"), limit=1).rows] == [2]


def test_a_message_row_explains_itself(history: History, book: Book) -> None:
    book.task(1, [Sent(content="Dear Jo"), Sent("failed", reason="absent"), Sent("queued")], name="Spring")
    waiting, failed, delivered = history.messages(ONE).rows
    assert delivered["msisdn"] == "+61412345678"
    assert (delivered["content"], failed["content"]) == ("Dear Jo", "Your order is ready")
    assert (failed["sentence"], failed["next_step"]) == explain("failed", "absent")
    assert failed["sentence"] == "The phone was switched off or out of reach."
    assert delivered["sentence"] == waiting["sentence"] == ""
    assert (delivered["task_name"], delivered["sender"], delivered["row_number"]) == ("Spring", "BRAND", 2)
    assert (delivered["charged_micro"], failed["charged_micro"]) == (PRICE, 0)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reason", [None, "absent", "of a newer version"])
def test_every_message_that_failed_has_a_sentence_and_a_next_step(state: str, reason: str | None) -> None:
    sentence, next_step = explain(state, reason)
    assert bool(sentence) == bool(next_step) == (state in ("failed", "expired", "cancelled", "in_doubt"))


def test_a_message_in_full_links_to_its_hold_and_its_charge(history: History, book: Book) -> None:
    text = "a" * 200
    book.task(1, [Sent(content=text), Sent(), Sent("failed", reason="absent", late_state="delivered"), Sent("queued")])
    ids = [row["id"] for row in book.messages]
    delivered = history.message(ONE, ids[0])
    assert delivered["text"] == text
    assert "".join(delivered["parts"]) == text
    assert [len(part) for part in delivered["parts"]] == [153, 47]
    assert [(line["kind"], line["amount_micro"], line["message_micro"]) for line in delivered["ledger"]] == [
        ("hold", -4 * PRICE, -PRICE),
        ("charge", -2 * PRICE, -PRICE),
    ]
    assert [step["words"] for step in delivered["timeline"]] == [
        "Accepted and credit held",
        "Handed to the operator",
        "Delivered",
    ]
    failed = history.message(ONE, ids[2])
    assert [(line["kind"], line["message_micro"]) for line in failed["ledger"]] == [("hold", -PRICE), ("return", PRICE)]
    assert failed["timeline"][-1]["words"].startswith("A later receipt says: delivered")
    assert [step["at_us"] for step in failed["timeline"]] == sorted(step["at_us"] for step in failed["timeline"])
    assert [line["kind"] for line in history.message(ONE, ids[3])["ledger"]] == ["hold"]


def test_the_gateways_own_words_are_for_operators(history: History, book: Book) -> None:
    book.task(1, [Sent("failed")])
    message_id = book.messages[-1]["id"]
    assert history.message(STAFF, message_id)["detail"] == "err:045"
    assert "detail" not in history.message(ONE, message_id)
    assert all("detail" not in row for row in history.messages(ONE).rows)


def test_a_reason_that_does_not_exist_is_explained(history: History, book: Book) -> None:
    with pytest.raises(InputError, match="absent"):
        history.messages(ONE, RecordFilter(reason="bad luck"))
    assert {reason.value for reason in FailReason} >= {"absent"}
