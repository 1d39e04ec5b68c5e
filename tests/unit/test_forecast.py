"""Days of credit left: by weekday after four weeks, by the average before, and honest about too little history."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.history import History
from engine.history.forecast import BASIS_DAYS, MOST_DAYS, Basis, estimate
from engine.model import DAY_US, HOUR_US, MICRO, to_us
from engine.store.duck import DuckStore
from tests.unit.history_kit import PRICE, START_US, Book, FakeClock, Sent, actor

TODAY = date(2025, 10, 1)
WEDNESDAY = [100, 0, 0, 0, 0, 0, 0]
"""What each day costs when everything is sent on Wednesdays; today is one."""


def test_an_even_month_lasts_as_long_as_a_division_says() -> None:
    found = estimate(1_000, [100] * BASIS_DAYS, known=28, today=TODAY)
    assert (found.basis, found.daily_micro, found.days_left) == (Basis.WEEKDAYS, 100, 10)
    assert found.last_day == date(2025, 10, 10)


def test_each_weekday_costs_what_it_cost() -> None:
    assert estimate(100, WEDNESDAY * 4, known=28, today=TODAY).days_left == 7
    assert estimate(99, WEDNESDAY * 4, known=28, today=TODAY).days_left == 0
    assert estimate(250, WEDNESDAY * 4, known=28, today=TODAY).days_left == 14


def test_days_that_no_four_weeks_divide_are_not_rounded() -> None:
    spent = [3, 0, 0, 0, 0, 0, 0] + [0] * 21  # a quarter of 3 on each Wednesday
    assert estimate(3, spent, known=28, today=TODAY).days_left == 28


def test_three_weeks_are_averaged() -> None:
    found = estimate(700, [999] * 7 + [0] * 14 + [100] * 7, known=21, today=TODAY)
    assert (found.basis, found.days, found.daily_micro, found.days_left) == (Basis.AVERAGE, 21, 33, 21)


@pytest.mark.parametrize(("known", "basis"), [(0, Basis.TOO_LITTLE), (6, Basis.TOO_LITTLE), (7, Basis.AVERAGE)])
def test_less_than_a_week_tells_nothing(known: int, basis: Basis) -> None:
    found = estimate(100, [10] * BASIS_DAYS, known=known, today=TODAY)
    assert (found.basis, found.days_left is None) == (basis, basis is Basis.TOO_LITTLE)


def test_nothing_spent_is_no_basis() -> None:
    found = estimate(100, [0] * BASIS_DAYS, known=28, today=TODAY)
    assert (found.basis, found.days_left, found.last_day) == (Basis.NOTHING, None, None)


def test_nobody_is_told_what_happens_in_more_than_a_year() -> None:
    found = estimate(10**18, [1] * BASIS_DAYS, known=28, today=TODAY)
    assert (found.days_left, found.last_day) == (MOST_DAYS, None)


def test_no_credit_lasts_no_day() -> None:
    assert estimate(0, [1] * BASIS_DAYS, known=28, today=TODAY).days_left == 0


def test_the_days_are_those_of_the_reader_and_today_is_left_out(store: DuckStore, book: Book) -> None:
    zone = ZoneInfo("Australia/Sydney")
    now = datetime(2025, 10, 20, 9, tzinfo=zone)
    for back in range(1, 29):  # clocks change on the 5th
        day = now - timedelta(days=back)
        book.task(1, [Sent()], due_us=to_us(day.replace(hour=0, minute=30)))
    book.task(1, [Sent()] * 50, due_us=to_us(now) - HOUR_US)
    found = History(store, FakeClock(to_us(now))).forecast(actor(1, zone=zone.key))
    assert (found.basis, found.daily_micro) == (Basis.WEEKDAYS, PRICE)
    assert found.available_micro == 10_000 * MICRO - 78 * PRICE
    assert found.days_left == MOST_DAYS


def test_an_account_that_never_paid_has_no_forecast(store: DuckStore, book: Book) -> None:
    book.task(1, [Sent("failed")])
    book.task(2, [Sent()], due_us=START_US - 3 * DAY_US)
    history = History(store, FakeClock())
    assert history.forecast(actor(1)).basis is Basis.TOO_LITTLE
    assert history.forecast(actor(2)).basis is Basis.TOO_LITTLE
