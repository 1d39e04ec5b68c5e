"""Records, movements and exports: what is shown, to whom, and that nothing is lost or shown twice."""

from __future__ import annotations

import inspect
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.access import ROLES_ATTRIBUTE
from engine.errors import AccessError, ImsError, InputError
from engine.history import History, Page, RecordFilter, StateGroup, exports, movements, records
from engine.history.filters import MAX_PAGE_ROWS, E164_DIGITS, number_search
from engine.history.words import MOVEMENT_WORDS, explain
from engine.model import DAY_US, HOUR_US, MICRO, Actor, Balance, FailReason, MessageState, MovementKind, Role
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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckStore]:
    opened = DuckStore(tmp_path / "ims.db")
    yield opened
    opened.close()


@pytest.fixture
def book(store: DuckStore) -> Book:
    return small_book(store)


@pytest.fixture
def history(store: DuckStore) -> History:
    return History(store, FakeClock())


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Eighty tasks of two customers with every state, number and reason, in a random but fixed order."""
    opened = DuckStore(tmp_path_factory.mktemp("big") / "ims.db")
    book, chance = small_book(opened), random.Random(7)
    for place in range(80):
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


def every_page(ask: Callable[[int | None], Page]) -> list[dict[str, Any]]:
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
    "dashboard": lambda h, a, ids: h.dashboard(a, START_US, START_US + DAY_US, account_id=ids["account"]),
    "delivery_times": lambda h, a, ids: h.delivery_times(a, START_US, START_US + DAY_US, account_id=ids["account"]),
    "export_messages": lambda h, a, ids: h.export_messages(a, RecordFilter(task_id=ids["task"])),
    "export_tasks": lambda h, a, ids: h.export_tasks(a, RecordFilter(account_id=ids["account"])),
    "export_movements": lambda h, a, ids: h.export_movements(a, RecordFilter(task_id=ids["task"])),
}
PUBLIC = [name for name, _ in inspect.getmembers(History, inspect.isfunction) if not name.startswith("_")]


@pytest.fixture
def others(book: Book) -> dict[str, int]:
    """Ids of account 2; account 1 has a task of its own beside it."""
    book.task(1, [Sent()])
    task_id = book.task(2, [Sent()])
    return {"account": 2, "task": task_id, "message": book.messages[-1]["id"]}


def test_every_public_method_names_its_roles_and_is_tried_below() -> None:
    assert set(PUBLIC) == set(CALLS)
    assert all(hasattr(getattr(History, name), ROLES_ATTRIBUTE) for name in PUBLIC)


@pytest.mark.parametrize("role", CUSTOMER_ROLES)
@pytest.mark.parametrize("name", PUBLIC)
def test_customers_are_refused_the_ids_of_another_account(
    history: History, others: dict[str, int], name: str, role: Role
) -> None:
    with pytest.raises(AccessError) as refused:
        CALLS[name](history, actor(1, role), others)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("role", [*CUSTOMER_ROLES, *OPERATOR_ROLES])
@pytest.mark.parametrize("name", PUBLIC)
def test_members_of_the_account_and_operators_get_what_they_ask(
    history: History, others: dict[str, int], name: str, role: Role
) -> None:
    who = actor(9 if role in OPERATOR_ROLES else 2, role)
    assert CALLS[name](history, who, others) is not None


@pytest.mark.parametrize("name", PUBLIC)
def test_who_is_no_actor_is_refused(history: History, others: dict[str, int], name: str) -> None:
    nobody: Any = None
    with pytest.raises(AccessError) as refused:
        CALLS[name](history, nobody, others)
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("role", CUSTOMER_ROLES)
def test_pages_and_exports_without_ids_hold_only_the_own_account(
    history: History, others: dict[str, int], role: Role
) -> None:
    who = actor(1, role)
    pages = [history.tasks(who), history.messages(who), history.dispatches(who), history.movements(who)]
    assert all(page.rows for page in pages)
    assert {row["account_id"] for page in pages for row in page.rows} == {1}
    for export in (history.export_tasks, history.export_messages, history.export_movements):
        assert set(pl.read_csv(export(who))["account"]) == {"Account 1"}


def test_operators_see_every_account_and_may_choose_one(history: History, others: dict[str, int]) -> None:
    assert {row["account_id"] for row in history.messages(STAFF).rows} == {1, 2}
    assert {row["account_id"] for row in history.messages(STAFF, RecordFilter(account_id=1)).rows} == {1}


@pytest.mark.parametrize("wrong", [0, -1, 999_999, 2**62, 2**63, 2**80])
def test_ids_that_cannot_be_are_unknown_not_errors(history: History, book: Book, wrong: int) -> None:
    ids = {"account": wrong, "task": wrong, "message": wrong}
    strict = set(PUBLIC) - {"movements", "dashboard", "delivery_times", "export_tasks"}
    for name in strict:
        with pytest.raises(AccessError) as refused:
            CALLS[name](history, STAFF, ids)
        assert refused.value.code == "not_found", name


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
    ),
    after=st.none() | st.integers(),
    limit=st.integers(),
)
def test_whatever_is_in_an_address_gives_a_page_or_a_sentence(
    big: Book, wanted: RecordFilter, after: int | None, limit: int
) -> None:
    history = History(big.store, FakeClock())
    for who in (ONE, STAFF):
        for ask in (history.tasks, history.dispatches, history.messages, history.movements):
            try:
                page = ask(who, wanted, after=after, limit=limit)
            except ImsError as refused:
                assert str(refused)
            else:
                assert len(page.rows) <= MAX_PAGE_ROWS


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


def expected(book: Book, account_id: int | None, wanted: RecordFilter) -> list[int]:
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

    return [row["id"] for row in reversed(book.messages) if matches(row)]


instants = st.none() | st.integers(0, 160).map(lambda hours: START_US + hours * HOUR_US)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    wanted=st.builds(
        RecordFilter,
        start_us=instants,
        end_us=instants,
        search=st.sampled_from(["", "", "", "sale", "REMINDER", "_", "+61 412 345 678", "61412", "49151", "0412 345 679",
                                "7400123456", "004474", "nothing"]),
        state=st.none() | st.sampled_from([*STATES, *StateGroup]),
        route_id=st.sampled_from([None, None, 1, 2, 3]),
        country=st.sampled_from([None, None, "AU", "DE", "FR"]),
        reason=st.sampled_from([None, None, None, "absent"]),
        by_due=st.booleans(),
    ),
    limit=st.sampled_from([1, 3, 50]),
    first=st.sampled_from([1, 10, 5_000]),
    who=st.sampled_from([ONE, TWO, STAFF]),
)  # fmt: skip
def test_messages_of_any_filter_come_once_each_newest_first(
    big: Book, wanted: RecordFilter, limit: int, first: int, who: Actor
) -> None:
    history = History(big.store, FakeClock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FIRST_TASKS", first)
        patch.setattr(records, "FIRST_MESSAGES", first)
        found = every_page(lambda after: history.messages(who, wanted, after=after, limit=limit))
    scope = None if who.is_operator else who.account_id
    assert [row["id"] for row in found] == expected(big, scope, wanted)
    exported = pl.read_csv(history.export_messages(who, wanted))
    assert exported["message_id"].to_list() == [row["id"] for row in found]


@pytest.mark.parametrize("task", [1, 40, 80])
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


@given(prefix=st.integers(1, 10**15 - 1), number=st.integers(10**6, 10**15 - 1))
def test_ranges_hold_exactly_the_numbers_that_begin_so(prefix: int, number: int) -> None:
    searched = number_search(str(prefix))
    assert searched is not None
    if searched.ranges is not None:
        pairs = zip(searched.ranges[::2], searched.ranges[1::2], strict=True)
        assert any(low <= number <= high for low, high in pairs) == str(number).startswith(str(prefix))
        assert len(searched.ranges) == 2 * len(E164_DIGITS)


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


# Credit.


def test_movements_show_amount_running_balance_words_and_people(history: History, book: Book) -> None:
    task_id = book.task(1, [Sent(), Sent("failed")], name="Spring")
    back, charge, hold, top_up = history.movements(ONE).rows
    assert (top_up["words"], top_up["member_name"], top_up["note"]) == ("Top-up", "Staff", "Bank transfer")
    assert (hold["words"], hold["member_name"], hold["task_name"]) == ("Held for a task", "Person 1", "Spring")
    assert (hold["available_change_micro"], hold["held_change_micro"]) == (-2 * PRICE, 2 * PRICE)
    assert (charge["available_change_micro"], charge["held_change_micro"]) == (0, -PRICE)
    assert (back["available_change_micro"], back["held_change_micro"]) == (PRICE, -PRICE)
    assert (back["available_after_micro"], back["held_after_micro"]) == (10_000 * MICRO - PRICE, 0)
    assert history.balance(ONE) == Balance(10_000 * MICRO - PRICE, 0)
    assert {row["kind"] for row in history.movements(ONE, RecordFilter(task_id=task_id)).rows} == {
        "hold",
        "charge",
        "return",
    }
    assert [row["kind"] for row in history.movements(ONE, RecordFilter(state="charge")).rows] == ["charge"]
    assert [row["kind"] for row in history.movements(ONE, RecordFilter(search="bank")).rows] == ["top_up"]


def test_operators_read_who_among_them_booked_a_top_up(history: History, book: Book) -> None:
    rows = history.movements(STAFF, RecordFilter(account_id=1)).rows
    assert [row["member_name"] for row in rows] == ["Person 9"]


def test_every_kind_of_movement_has_words() -> None:
    assert set(MOVEMENT_WORDS) == set(MovementKind)


def test_an_operator_without_credit_has_a_balance_of_zero(history: History, book: Book) -> None:
    assert history.balance(STAFF) == Balance(0, 0)
    assert history.balance(STAFF, 1) == Balance(10_000 * MICRO, 0)


kinds = st.sampled_from([MovementKind.TOP_UP, MovementKind.HOLD, MovementKind.CHARGE, MovementKind.RETURN])


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(st.tuples(kinds, st.integers(1, 10**12), st.integers(0, 50), st.sampled_from([1, 2])), max_size=20),
    bounds=st.lists(st.integers(-2, 55), min_size=3, max_size=3).map(sorted),
)
def test_opening_and_movements_make_closing_and_periods_follow_each_other_without_gap(
    moves: list[tuple[MovementKind, int, int, int]], bounds: list[int]
) -> None:
    """Instants are random, so the clock steps back now and then; ids do not."""
    opened = DuckStore(None)
    try:
        book = small_book(opened)
        for kind, amount, at, account_id in moves:
            available = {MovementKind.CHARGE: 0, MovementKind.HOLD: -amount}.get(kind, amount)
            held = {MovementKind.TOP_UP: 0, MovementKind.HOLD: amount}.get(kind, -amount)
            book.move(account_id, kind, available=available, held=held, at_us=START_US + at)
        history = History(opened, FakeClock())
        first, second, third = (START_US + bound for bound in bounds)
        whole, early, late = (
            history.statement(ONE, *period) for period in ((first, third), (first, second), (second, third))
        )
        own = [row for row in book.movements if row["account_id"] == 1]
        all_time = history.statement(ONE, 0, START_US + 100)
    finally:
        opened.close()
    assert [row["id"] for row in all_time.rows] == [row["id"] for row in own]
    assert all_time.opening == Balance(0, 0)
    assert all_time.closing == Balance(sum(row["available"] for row in own), sum(row["held"] for row in own))
    for part in (whole, early, late, all_time):
        assert part.adds_up
        assert part.closing.available_micro == part.opening.available_micro + sum(
            row["available_change_micro"] for row in part.rows
        )
    assert early.rows + late.rows == whole.rows
    assert early.opening == whole.opening
    assert early.closing == late.opening
    assert late.closing == whole.closing


def test_a_statement_that_does_not_add_up_says_so(history: History, book: Book, store: DuckStore) -> None:
    book.task(1, [Sent()])
    assert history.statement(ONE, 0, START_US * 2).adds_up
    store._root.cursor().execute("update ledger_entry set amount_micro = 1 where tx_id = 1 and bucket = 'available'")
    assert not history.statement(ONE, 0, START_US * 2).adds_up


def test_a_statement_too_long_for_a_page_is_refused(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movements, "MAX_STATEMENT_ROWS", 2)
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="more than 2 rows"):
        history.statement(ONE, 0, START_US * 2)


def test_a_statement_totals_each_kind(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent("failed")])
    book.task(1, [Sent()])
    totals = {line["kind"]: line for line in history.statement(ONE, 0, START_US * 2).totals}
    assert totals["hold"]["movements"] == 2
    assert totals["hold"]["held_change_micro"] == 3 * PRICE
    assert totals["charge"]["held_change_micro"] == -2 * PRICE
    assert totals["return"]["available_change_micro"] == PRICE


# Exports.

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'quoted", "plain =1", ""]


def test_no_cell_of_a_csv_begins_a_formula(history: History, book: Book) -> None:
    for text in FORMULAS:
        book.task(1, [Sent(content=text)], name=text, sender=text[:10] or None)
    rows = pl.read_csv(history.export_messages(ONE), infer_schema=False, missing_utf8_is_empty_string=True)
    assert rows["number"].to_list() == ["61412345678"] * len(FORMULAS)
    expected_texts = [f"'{text}" if text[:1] in tuple("=+-@\t\r＝") and text else text for text in reversed(FORMULAS)]
    assert rows["text"].to_list() == expected_texts
    assert rows["task"].to_list() == expected_texts
    tasks = pl.read_csv(history.export_tasks(ONE), infer_schema=False, missing_utf8_is_empty_string=True)
    assert tasks["task"].to_list() == expected_texts


def test_a_csv_has_exact_credits_iso_times_and_plain_reasons(history: History, book: Book) -> None:
    book.task(1, [Sent("failed", reason="absent"), Sent("expired")], due_us=START_US + 20 * DAY_US)
    book.move(1, MovementKind.TOP_UP, available=123_456_789_000_001, at_us=START_US + DAY_US)
    sydney = actor(1, zone="Australia/Sydney")
    rows = pl.read_csv(history.export_messages(sydney), infer_schema=False)
    assert rows["price"].to_list() == ["1.20", "1.20"]
    assert rows["charged"].to_list() == ["0.00", "0.00"]
    assert rows["accepted"][0] == "2025-10-01T10:00:00+10:00"
    assert rows["submitted"][0] == "2025-10-21T11:00:01+11:00"
    assert rows["reason"].to_list() == [explain("expired", None)[0], explain("failed", "absent")[0]]
    moved = pl.read_csv(history.export_movements(sydney), infer_schema=False)
    assert moved["amount"].to_list() == ["123456789.000001", "2.40", "-2.40", "10000.00"]
    assert moved["kind"].to_list()[0] == "Top-up"
    assert moved["member"].to_list()[-1] == "Staff"


@given(amount=st.integers(-(10**15), 10**15))
@settings(max_examples=200, deadline=None)
def test_credits_in_files_are_exact(amount: int) -> None:
    frame = pl.DataFrame({"amount": [amount]})
    columns = {"amount": ("amount", exports.Cell.CREDITS)}
    text = pl.read_csv(exports.written(frame, columns, "csv", zone="UTC"), infer_schema=False)["amount"][0]
    whole, _, decimals = text.partition(".")
    assert int(whole + decimals.ljust(6, "0")) == amount
    assert 2 <= len(decimals) <= 6
    parquet = pl.read_parquet(io.BytesIO(exports.written(frame, columns, "parquet", zone="UTC")))
    assert int(parquet["amount"][0].scaleb(6)) == amount


def test_a_spreadsheet_has_numbers_and_texts_but_no_formulas(history: History, book: Book) -> None:
    book.task(1, [Sent(content=text) for text in FORMULAS])
    sheet = openpyxl.load_workbook(io.BytesIO(history.export_messages(ONE, fmt="xlsx"))).active
    assert sheet is not None
    header, *rows = sheet.iter_rows()
    place = {cell.value: index for index, cell in enumerate(header)}
    texts = [row[place["text"]] for row in rows]
    assert {cell.data_type for cell in texts if cell.value is not None} == {"s"}
    assert [cell.value or "" for cell in texts] == [text.replace("\r", "\n") for text in reversed(FORMULAS)]
    assert [row[place["number"]].value for row in rows] == ["61412345678"] * len(FORMULAS)
    assert {row[place["price"]].value for row in rows} == {1.2}


def test_parquet_keeps_types(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent("queued")])
    zoned = actor(1, zone="Asia/Kathmandu")
    frame = pl.read_parquet(io.BytesIO(history.export_messages(zoned, fmt="parquet")))
    assert frame.schema["accepted"] == pl.Datetime("us", "Asia/Kathmandu")
    assert frame.schema["price"].is_decimal()
    assert frame["final"].null_count() == 1
    assert [str(value) for value in frame["price"]] == ["1.200000", "1.200000"]
    for fmt in ("csv", "xlsx", "parquet"):
        assert history.export_tasks(zoned, fmt=fmt)
        assert history.export_movements(zoned, fmt=fmt)


@pytest.mark.parametrize("fmt", ["csv", "xlsx", "parquet"])
def test_a_file_of_nothing_has_its_headings(history: History, book: Book, fmt: str) -> None:
    nothing = RecordFilter(end_us=1)
    data = history.export_messages(ONE, nothing, fmt)
    if fmt == "csv":
        assert data.decode().strip() == ",".join(exports.MESSAGE_COLUMNS)
    else:
        read = pl.read_parquet if fmt == "parquet" else pl.read_excel
        frame = read(io.BytesIO(data), **({"raise_if_empty": False} if fmt == "xlsx" else {}))
        assert frame.height == 0


@pytest.mark.parametrize("export", ["export_messages", "export_tasks", "export_movements"])
def test_more_rows_than_a_file_may_have_are_refused_not_cut(
    history: History, book: Book, export: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORT_ROWS", 2)
    for _ in range(2):
        book.task(1, [Sent()])
    if export == "export_movements":
        with pytest.raises(InputError, match="more than 2 rows"):
            getattr(history, export)(ONE)
        return
    assert pl.read_csv(getattr(history, export)(ONE)).height == 2
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="more than 2 rows"):
        getattr(history, export)(ONE)


def test_a_format_that_does_not_exist_is_explained(history: History, book: Book) -> None:
    with pytest.raises(InputError, match="csv, parquet, xlsx"):
        history.export_tasks(ONE, fmt="pdf")


def test_a_reason_that_does_not_exist_is_explained(history: History, book: Book) -> None:
    with pytest.raises(InputError, match="absent"):
        history.messages(ONE, RecordFilter(reason="bad luck"))
    assert {reason.value for reason in FailReason} >= {"absent"}
