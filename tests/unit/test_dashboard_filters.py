"""Narrowed figures equal the messages behind them, lead to exactly those, and never cross accounts."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from engine.errors import AccessError, InputError
from engine.history import Chart, History, Only, RecordFilter
from engine.history.waits import percentile
from engine.model import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Actor, Role, to_datetime, to_us
from engine.store.duck import DuckStore
from tests.unit.history_kit import START_US, Book, FakeClock, Sent, actor, small_book

STAFF = actor(9, Role.STAFF)
ONE = actor(1)
TWO = actor(2)
PERIOD = (START_US, START_US + 10 * DAY_US)
ZONES = ["UTC", "Australia/Sydney", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]
STATES = ["delivered", "delivered", "failed", "expired", "submitted", "cancelled"]


@pytest.fixture
def history(store: DuckStore) -> History:
    return History(store, FakeClock())


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Sixty tasks of two accounts over the days around the night in which Sydney's clocks change."""
    opened = DuckStore(tmp_path_factory.mktemp("filters") / "ims.db")
    book, chance = small_book(opened), random.Random(5)
    for place in range(60):
        sent = [
            Sent(state, country=chance.choice(["AU", "GB", "NP"]), reason=chance.choice(["absent", None]))
            if state in ("failed", "expired")
            else Sent(state, country=chance.choice(["AU", "GB", "NP"]))
            for state in chance.choices(STATES, k=chance.randint(1, 8))
        ]
        due_us = START_US + chance.randrange(0, 10 * DAY_US, 5 * MINUTE_US)
        more = {"sender": chance.choice(["BRAND", "Bakery", None]), "member_id": chance.choice([10, 11, 20])}
        account = place % 2 + 1
        book.task(account, sent, created_us=START_US + place, due_us=due_us, route_id=chance.choice([1, 2]), **more)
    yield book
    opened.close()


def reads(book: Book, zone: str = "UTC") -> tuple[History, Actor]:
    return History(book.store, FakeClock()), actor(1, zone=zone)


def expected(book: Book, only: Only, account_id: int = 1) -> Counter[str]:
    """States of the messages that the figures count."""
    tasks = {
        row["id"]: row
        for row in book.tasks
        if row["account_id"] == account_id
        and only.route_id in (None, row["route_id"])
        and only.member_id in (None, row["member_id"])
        and only.sender in (None, row["sender"])
    }
    return Counter(
        row["state"] for row in book.messages if row["task_id"] in tasks and only.country in (None, row["country"])
    )


@pytest.mark.parametrize(
    "only",
    [
        Only(route_id=2),
        Only(country="GB"),
        Only(member_id=11),
        Only(sender="Bakery"),
        Only(route_id=1, country="NP", member_id=10, sender="BRAND"),
        Only(route_id=404),
    ],
    ids=str,
)
def test_every_filter_applies_to_every_figure_and_to_the_messages_behind_it(big: Book, only: Only) -> None:
    history, who = reads(big)
    states = expected(big, only)
    failed = states["failed"] + states["expired"]
    found = history.dashboard(who, *PERIOD, only=only)
    assert (found.success_count, found.failed_count) == (states["delivered"], failed)
    for frame in (found.daily, found.routes, found.countries, found.hours, found.week):
        assert frame["recipients"].sum() == states.total()
        assert (frame["delivered"].sum(), frame["failed"].sum()) == (states["delivered"], failed)
        assert frame["charged_micro"].sum() == found.credit_usage_micro
    assert found.reasons["messages"].sum() == failed
    assert history.delivery_times(who, *PERIOD, only=only).messages == states["delivered"]
    behind = RecordFilter(
        *PERIOD, by_due=True, route_id=only.route_id, country=only.country, member_id=only.member_id, sender=only.sender
    )
    assert Counter(row["state"] for row in history.messages(who, behind, limit=500).rows) == states


@pytest.mark.parametrize("zone", ZONES)
def test_each_hour_of_the_week_leads_to_exactly_its_messages(big: Book, zone: str) -> None:
    history, who = reads(big, zone)
    week = history.dashboard(who, *PERIOD).week
    assert week.select("weekday", "hour").rows() == [(day, hour) for day in range(1, 8) for hour in range(24)]
    moments = {
        row["id"]: to_datetime(row["due_us"]).astimezone(ZoneInfo(zone)) for row in big.tasks if row["account_id"] == 1
    }
    counted = Counter(
        (moments[row["task_id"]].isoweekday(), moments[row["task_id"]].hour)
        for row in big.messages
        if row["account_id"] == 1
    )
    assert {(day, hour): number for day, hour, _, number, *_ in week.rows() if number} == counted
    for (day, hour), number in counted.most_common(5):
        behind = RecordFilter(*PERIOD, by_due=True, weekday=day, hour=hour)
        assert len(history.messages(who, behind, limit=500).rows) == number


def test_the_hour_that_a_change_of_clocks_repeats_is_one_hour_of_the_week(history: History, book: Book) -> None:
    for text in ("2025-11-02T05:30:00+00:00", "2025-11-02T06:30:00+00:00"):  # 01:30 in New York, twice
        book.task(1, [Sent()], due_us=to_us(datetime.fromisoformat(text)))
    who = actor(1, zone="America/New_York")
    week = history.dashboard(who, START_US, START_US + 60 * DAY_US).week
    assert week.filter(pl.col("tasks") > 0).select("weekday", "hour", "tasks").rows() == [(7, 1, 2)]
    behind = RecordFilter(by_due=True, weekday=7, hour=1)
    assert len(history.messages(who, behind).rows) == 2


def test_a_zone_off_by_half_an_hour_has_days_of_its_own(history: History, book: Book) -> None:
    book.task(1, [Sent()], due_us=START_US + 18 * HOUR_US + 15 * MINUTE_US)  # midnight in Kathmandu
    found = history.dashboard(actor(1, zone="Asia/Kathmandu"), START_US, START_US + 2 * DAY_US)
    assert found.week.filter(pl.col("tasks") > 0).select("weekday", "hour").rows() == [(4, 0)]  # Thursday 2 October


def test_reasons_that_nobody_gave_are_found_under_the_words_they_are_shown_with(big: Book) -> None:
    history, who = reads(big)
    for line in history.dashboard(who, *PERIOD).reasons.iter_rows(named=True):
        behind = RecordFilter(*PERIOD, by_due=True, state="undelivered", reason=line["reason"])
        assert len(history.messages(who, behind, limit=500).rows) == line["messages"]


def test_figures_are_compared_with_the_same_filter_before(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent(country="GB")], due_us=START_US - DAY_US, sender="BRAND")
    book.task(1, [Sent(country="GB"), Sent("failed", country="GB")], due_us=START_US, sender="BRAND")
    book.task(1, [Sent()], due_us=START_US - HOUR_US, sender="Other")
    found = history.dashboard(ONE, START_US, START_US + 2 * DAY_US, only=Only(country="GB", sender="BRAND"))
    assert (found.task_count, found.success_count, found.failed_count) == (1, 1, 1)
    assert (found.previous.task_count, found.previous.success_count, found.previous.failed_count) == (1, 1, 0)


@pytest.mark.parametrize("member", [2**62, 2**80, -1])
def test_ids_that_cannot_be_find_nothing(history: History, book: Book, member: int) -> None:
    book.task(1, [Sent()])
    assert history.dashboard(ONE, *PERIOD, only=Only(member_id=member, route_id=member)).task_count == 0
    assert history.messages(ONE, RecordFilter(member_id=member)).rows == []


@pytest.mark.parametrize("text", ["\ud800", "\x00", "x" * 5_000, "' or 1=1 --"])
def test_text_of_an_address_is_only_ever_a_value(history: History, book: Book, text: str) -> None:
    book.task(1, [Sent()])
    assert history.dashboard(ONE, *PERIOD, only=Only(sender=text, country=text)).task_count == 0
    assert history.messages(ONE, RecordFilter(sender=text)).rows == []


@pytest.mark.parametrize("wanted", [RecordFilter(weekday=0), RecordFilter(weekday=8), RecordFilter(hour=24)])
def test_an_hour_there_is_not_is_explained(history: History, wanted: RecordFilter) -> None:
    with pytest.raises(InputError, match="Choose one from"):
        history.messages(ONE, wanted)


# Whose.


def test_a_member_of_another_account_narrows_to_nothing_of_theirs(history: History, book: Book) -> None:
    book.task(1, [Sent()], member_id=10)
    book.task(2, [Sent()], member_id=20)
    assert history.dashboard(ONE, *PERIOD, only=Only(member_id=20)).task_count == 0
    assert history.dashboard(STAFF, *PERIOD, only=Only(member_id=20)).task_count == 1


def test_nothing_kept_for_one_account_reaches_another(history: History, book: Book) -> None:
    book.task(1, [Sent()], sender="OURS", route_id=1)
    book.task(2, [Sent(country="GB"), Sent("failed", country="GB")], sender="THEIRS", route_id=2)
    for who, account, theirs in ((ONE, 1, "OURS"), (TWO, 2, "THEIRS"), (ONE, 1, "OURS"), (STAFF, 2, "THEIRS")):
        asked: Any = {"account_id": account}
        assert history.choices(who, **asked).senders == [theirs]
        assert history.choices(who, **asked).countries == (["AU"] if account == 1 else ["GB"])
        assert list(history.choices(who, **asked).routes) == [account]
        assert history.dashboard(who, *PERIOD, **asked).failed_count == account - 1
        assert history.forecast(who, **asked).available_micro == book.balances[account][0]
        assert (b"GB" in history.export_chart(who, "countries", *PERIOD, **asked)) == (account == 2)
    everything = history.choices(STAFF)
    assert (everything.senders, everything.members, set(everything.routes)) == ([], {}, {1, 2})


def test_staff_are_named_to_their_own_people_only(history: History, book: Book) -> None:
    book.task(1, [Sent()], member_id=90)
    assert history.choices(STAFF, account_id=1).members == {90: "Person 9"}
    assert history.choices(ONE).members == {90: "Staff"}


@pytest.mark.parametrize("chart", list(Chart))
def test_the_data_of_another_account_is_not_found(history: History, book: Book, chart: Chart) -> None:
    with pytest.raises(AccessError):
        history.export_chart(ONE, chart, *PERIOD, account_id=2)


# Files.


@pytest.mark.parametrize("chart", list(Chart))
@pytest.mark.parametrize("fmt", ["csv", "xlsx", "parquet"])
def test_the_data_behind_each_chart_is_a_file(big: Book, chart: Chart, fmt: str) -> None:
    history, who = reads(big)
    data = history.export_chart(who, chart, *PERIOD, only=Only(route_id=1), fmt=fmt)
    if fmt == "xlsx":
        assert data.startswith(b"PK")
        return
    frame = pl.read_csv(io.BytesIO(data)) if fmt == "csv" else pl.read_parquet(io.BytesIO(data))
    counted = "messages" if "messages" in frame.columns else "recipients"
    assert frame[counted].sum() > 0


def test_names_in_a_file_are_no_formulas(history: History, book: Book) -> None:
    book.store._root.cursor().execute("update route set name = '=1+1' where id = 1")
    book.task(1, [Sent()])
    assert b"\n'=1+1," in history.export_chart(ONE, "routes", *PERIOD)


def test_a_chart_there_is_not_is_explained(history: History) -> None:
    with pytest.raises(InputError, match="Chart"):
        history.export_chart(ONE, "pie", *PERIOD)


# Percentiles.


@pytest.mark.parametrize(
    ("waits", "percent", "wanted"),
    [([], 50, None), ([7], 50, 7), ([7], 95, 7), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), (list(range(1, 101)), 95, 95)],
)
def test_percentiles_are_of_the_nearest_rank(waits: list[int], percent: int, wanted: int | None) -> None:
    assert percentile(sorted(Counter(waits).items()), percent) == wanted


def test_percentiles_of_messages_are_rounded_up_by_less_than_they_say(history: History, book: Book) -> None:
    chance = random.Random(3)
    took = [round(chance.lognormvariate(2, 2) * SECOND_US) for _ in range(400)]
    book.task(1, [Sent(took_us=wait) for wait in took])
    found = history.delivery_times(ONE, *PERIOD)
    for percent, rounded in ((50, found.p50_us), (95, found.p95_us)):
        exact = sorted(took)[-(-len(took) * percent // 100) - 1]
        step = next(
            step for limit, step in ((10, 0.1), (120, 1), (3_600, 10), (10**9, 600)) if exact <= limit * SECOND_US
        )
        assert rounded is not None
        assert 0 <= rounded - exact < step * SECOND_US


def test_a_receipt_from_before_the_submission_took_no_time(history: History, book: Book) -> None:
    book.task(1, [Sent(took_us=-5 * SECOND_US)])
    found: Any = history.delivery_times(ONE, *PERIOD)
    assert (found.messages, found.p50_us, found.classes["messages"][0]) == (1, 0, 1)
