"""Statistics: the figures equal the messages behind them, in every zone, and are cached for one account only."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.history import Dashboard, Headline, History, RecordFilter, waits
from engine.history.recent import CACHED_MOST, Recent
from engine.model import DAY_US, HOUR_US, MINUTE_US, SECOND_US, MessageState, Role, to_datetime, to_us
from engine.store.duck import DuckStore
from tests.unit.history_kit import START_US, Book, FakeClock, Sent, actor, small_book

STAFF = actor(9, Role.STAFF)
ONE = actor(1)
TWO = actor(2)
ZONES = ["UTC", "Australia/Sydney", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham"]
FAILURES = ["absent", "barred", None]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def history(store: DuckStore, clock: FakeClock) -> History:
    return History(store, clock)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Forty tasks of two accounts, due over ten days around the night in which Sydney's clocks change."""
    opened = DuckStore(tmp_path_factory.mktemp("dashboard") / "ims.db")
    book, chance = small_book(opened), random.Random(11)
    for place in range(40):
        sent = [
            Sent(
                state,
                country=chance.choice(["AU", "GB", "NP"]),
                reason=chance.choice(FAILURES) if state == "failed" else None,
            )
            for state in chance.choices([state.value for state in MessageState], k=chance.randint(1, 8))
        ]
        due_us = START_US + chance.randrange(0, 10 * DAY_US, 7 * MINUTE_US)
        book.task(place % 2 + 1, sent, created_us=START_US + place, due_us=due_us, route_id=chance.choice([1, 2]))
    yield book
    opened.close()


def reference(
    book: Book, account_id: int | None, start_us: int, end_us: int
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Tasks due in a period, and how many of their messages have each state."""
    tasks = [
        row for row in book.tasks if start_us <= row["due_us"] < end_us and account_id in (None, row["account_id"])
    ]
    ids = {row["id"] for row in tasks}
    return tasks, Counter(row["state"] for row in book.messages if row["task_id"] in ids)


def headline_of(book: Book, account_id: int | None, start_us: int, end_us: int) -> Headline:
    tasks, states = reference(book, account_id, start_us, end_us)
    charged = sum(row["charged_micro"] for row in tasks)
    return Headline(charged, len(tasks), states["delivered"], states["failed"] + states["expired"])


hours = st.integers(-24, 300).map(lambda number: START_US + number * HOUR_US)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bounds=st.lists(hours, min_size=2, max_size=2, unique=True).map(sorted),
    zone=st.sampled_from(ZONES),
    who=st.sampled_from([ONE, TWO, STAFF]),
)
def test_every_figure_equals_the_messages_behind_it(big: Book, bounds: list[int], zone: str, who: Any) -> None:
    start_us, end_us = bounds
    account_id = None if who.is_operator else who.account_id
    found = History(big.store, FakeClock()).dashboard(who, start_us, end_us, zone=zone)
    tasks, states = reference(big, account_id, start_us, end_us)
    failed = states["failed"] + states["expired"]
    now = Headline(found.credit_usage_micro, found.task_count, found.success_count, found.failed_count)
    assert now == headline_of(big, account_id, start_us, end_us)
    assert found.previous == headline_of(big, account_id, 2 * start_us - end_us, start_us)
    for frame in (found.daily, found.routes, found.countries):
        assert (frame["delivered"].sum(), frame["failed"].sum()) == (states["delivered"], failed)
        assert frame["charged_micro"].sum() == found.credit_usage_micro
        assert frame["recipients"].sum() == states.total()
    assert found.daily["tasks"].sum() == found.routes["tasks"].sum() == len(tasks)
    assert (found.hours["delivered"].sum(), found.hours["failed"].sum()) == (states["delivered"], failed)
    assert found.hours["hour"].to_list() == list(range(24))
    assert found.reasons["messages"].sum() == failed
    assert found.reasons["messages"].is_sorted(descending=True)
    assert all(found.reasons["sentence"].str.len_chars() > 0)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zone=st.sampled_from(ZONES))
def test_days_and_hours_are_those_of_the_zone(big: Book, zone: str) -> None:
    found = History(big.store, FakeClock()).dashboard(STAFF, START_US, START_US + 10 * DAY_US, zone=zone)
    local = [to_datetime(row["due_us"]).astimezone(ZoneInfo(zone)) for row in big.tasks]
    assert dict(found.daily.filter(pl.col("tasks") > 0).select("day", "tasks").iter_rows()) == Counter(
        moment.date() for moment in local
    )
    delivered: Counter[int] = Counter()
    for moment, row in zip(local, big.tasks, strict=True):
        delivered[moment.hour] += row["delivered"]
    assert found.hours["delivered"].to_list() == [delivered[hour] for hour in range(24)]


def test_a_task_late_in_the_evening_of_utc_is_of_the_next_day_in_sydney(history: History, book: Book) -> None:
    due_us = to_us(datetime.fromisoformat("2025-10-04T23:30:00+00:00"))
    book.task(1, [Sent()], due_us=due_us)
    period = (due_us - DAY_US, due_us + DAY_US)
    utc = history.dashboard(ONE, *period).daily.filter(pl.col("tasks") > 0)["day"].to_list()
    sydney = history.dashboard(ONE, *period, zone="Australia/Sydney").daily.filter(pl.col("tasks") > 0)["day"].to_list()
    assert (utc, sydney) == ([date(2025, 10, 4)], [date(2025, 10, 5)])


def test_days_without_tasks_are_there_also_when_clocks_change(history: History, book: Book) -> None:
    zone = ZoneInfo("Australia/Sydney")
    first, beyond = datetime(2025, 10, 3, tzinfo=zone), datetime(2025, 10, 8, tzinfo=zone)
    days = history.dashboard(ONE, to_us(first), to_us(beyond), zone="Australia/Sydney").daily
    assert days["day"].to_list() == [date(2025, 10, day) for day in range(3, 8)]
    assert days.select(pl.exclude("day").sum()).row(0) == (0, 0, 0, 0, 0)


def test_a_very_long_period_has_only_the_days_with_tasks(history: History, book: Book) -> None:
    book.task(1, [Sent()])
    assert history.dashboard(ONE, 0, START_US + DAY_US).daily.height == 1


def test_the_drill_down_into_a_figure_holds_exactly_its_messages(big: Book) -> None:
    history = History(big.store, FakeClock())
    period = (START_US + 2 * DAY_US, START_US + 6 * DAY_US)
    found = history.dashboard(ONE, *period)
    due = RecordFilter(*period, by_due=True)
    assert len(history.tasks(ONE, due).rows) == found.task_count

    def count(**more: Any) -> int:
        return len(history.messages(ONE, RecordFilter(*period, by_due=True, **more), limit=500).rows)

    assert count(state="delivered") == found.success_count
    assert count(state="undelivered") == found.failed_count
    for line in found.countries.iter_rows(named=True):
        assert count(country=line["country"]) == line["recipients"]
    for line in found.routes.iter_rows(named=True):
        assert count(route_id=line["route_id"]) == line["recipients"]
    assert count(state="undelivered", reason="absent") == sum(
        line["messages"] for line in found.reasons.iter_rows(named=True) if line["reason"] == "absent"
    )


def test_countries_have_names(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent(country="GB"), Sent()])
    countries = history.dashboard(ONE, START_US, START_US + DAY_US).countries
    assert list(countries.select("country", "country_name", "recipients").iter_rows()) == [
        ("AU", "Australia", 2),
        ("GB", "United Kingdom", 1),
    ]


def test_delivery_times_count_each_delivered_message_in_one_class(history: History, book: Book) -> None:
    took = [1, 5, 6, 30, 100, 600, 601, 3_600, 3_601, 200_000]
    book.task(1, [Sent(took_us=seconds * SECOND_US) for seconds in took] + [Sent("failed"), Sent("submitted")])
    book.task(2, [Sent()])
    found = history.delivery_times(ONE, START_US, START_US + DAY_US)
    assert found.classes["messages"].to_list() == [2, 2, 1, 1, 2, 2]
    assert found.classes["took"].len() == len(waits.DELIVERY_LIMITS)
    assert history.delivery_times(ONE, 0, 1).messages == 0


# Cache.


def ask(history: History, who: Any = ONE, **more: Any) -> Dashboard:
    return history.dashboard(who, START_US, START_US + DAY_US, **more)


def test_the_same_figures_are_kept_for_three_seconds(history: History, book: Book, clock: FakeClock) -> None:
    book.task(1, [Sent()])
    before = ask(history)
    book.task(1, [Sent()])
    clock.us += 3 * SECOND_US - 1
    assert ask(history) is before
    clock.us += 1
    assert ask(history).task_count == 2


def test_kept_figures_never_reach_another_account_period_or_zone(history: History, book: Book) -> None:
    book.task(1, [Sent()])
    assert ask(history, ONE).task_count == 1
    assert ask(history, TWO).task_count == 0
    assert ask(history, STAFF).task_count == 1
    assert ask(history, STAFF, account_id=2).task_count == 0
    assert history.dashboard(ONE, START_US + 1, START_US + DAY_US).task_count == 0
    assert ask(history, zone="Asia/Tokyo").period.zone == "Asia/Tokyo"
    assert history.delivery_times(TWO, START_US, START_US + DAY_US).messages == 0


def test_a_clock_that_steps_back_does_not_keep_figures_for_ever(history: History, book: Book, clock: FakeClock) -> None:
    before = ask(history)
    clock.us -= DAY_US
    assert ask(history) is not before


def test_no_more_results_are_kept_than_the_limit() -> None:
    recent: Recent[int] = Recent()
    made: list[int] = []

    def get(key: int) -> int:
        return recent.get(key, START_US, lambda: made.append(key) or key)

    for key in range(CACHED_MOST + 1):
        assert get(key) == key
    made.clear()
    get(CACHED_MOST)
    get(0)
    assert made == [0]
    assert len(recent._kept) == CACHED_MOST


# What is refused.


@pytest.mark.parametrize(("start_us", "end_us"), [(5, 5), (6, 5), (-1, 5), (0, 2**63), (0, 2**80)])
def test_a_period_that_cannot_be_is_explained(history: History, start_us: int, end_us: int) -> None:
    for figures in (history.dashboard, history.delivery_times):
        with pytest.raises(InputError, match="Dates"):
            figures(ONE, start_us, end_us)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", "x" * 300, "a\x00b"])
def test_a_zone_that_does_not_exist_is_explained(history: History, zone: str) -> None:
    with pytest.raises(InputError, match="Time zone"):
        ask(history, zone=zone)


def test_every_zone_of_the_computer_works(history: History, book: Book) -> None:
    book.task(1, [Sent()])
    for zone in sorted(available_timezones())[::25]:
        assert ask(history, zone=zone).daily["tasks"].sum() == 1, zone
