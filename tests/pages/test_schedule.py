"""Dates and times as typed become instants, also where clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pages.ui.schedule import LEAD_MINUTES, STEP_MINUTES, first_offer, resolve, zone_label

SYDNEY = "Australia/Sydney"
NOW = datetime(2026, 10, 1, 0, 2, tzinfo=UTC)
ZONES = (SYDNEY, "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")


def test_a_wall_clock_is_taken_in_the_zone_of_the_account() -> None:
    moment = resolve(date(2026, 11, 2), time(9, 30), SYDNEY, NOW)
    assert moment.at == datetime(2026, 11, 1, 22, 30, tzinfo=UTC)
    assert (moment.problem, moment.note) == ("", "")


def test_a_time_that_clocks_skip_is_refused_with_the_next_one() -> None:
    moment = resolve(date(2026, 10, 4), time(2, 30), SYDNEY, NOW)
    assert moment.at is None
    assert "There is no 02:30 on Sun 4 Oct 2026 in Australia/Sydney" in moment.problem
    assert "Choose 03:30" in moment.problem


def test_a_time_that_comes_twice_is_the_first_and_says_so() -> None:
    moment = resolve(date(2027, 4, 4), time(2, 30), SYDNEY, NOW)
    assert moment.at is not None
    assert moment.at.astimezone(UTC) == datetime(2027, 4, 3, 15, 30, tzinfo=UTC)
    assert "comes twice" in moment.note


def test_a_time_that_passed_is_refused_with_the_time_it_is_now() -> None:
    moment = resolve(date(2026, 10, 1), time(10, 0), SYDNEY, NOW)
    assert moment.at is None
    assert "10:00 on Thu 1 Oct 2026 has passed: it is 10:02" in moment.problem


@pytest.mark.parametrize(("day", "clock"), [(None, time(9)), (date(2026, 11, 2), None), (None, None)])
def test_half_a_time_asks_for_the_rest(day: date | None, clock: time | None) -> None:
    moment = resolve(day, clock, SYDNEY, NOW)
    assert moment.at is None
    assert "Choose a date and a time" in moment.problem


def test_the_zone_is_named_with_its_offset_at_that_time() -> None:
    assert zone_label(SYDNEY, datetime(2026, 12, 1, tzinfo=UTC)) == "Australia/Sydney (UTC+11:00)"
    assert zone_label(SYDNEY, datetime(2026, 7, 1, tzinfo=UTC)) == "Australia/Sydney (UTC+10:00)"
    assert zone_label("UTC", NOW) == "UTC"


@given(
    some.datetimes(datetime(2026, 10, 2), datetime(2028, 12, 31)),  # noqa: DTZ001 - a wall clock has no zone
    some.sampled_from(ZONES),
)
def test_every_wall_clock_is_an_instant_that_shows_it_or_does_not_exist(typed: datetime, zone: str) -> None:
    moment = resolve(typed.date(), typed.time(), zone, NOW)
    if moment.at is None:
        assert "There is no" in moment.problem
        assert (
            typed.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            != typed
        )
    else:
        assert moment.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == typed


@given(some.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)), some.sampled_from(ZONES))  # noqa: DTZ001 - made UTC
def test_the_first_offer_is_a_full_step_soon_and_can_be_chosen(now: datetime, zone: str) -> None:
    now = now.replace(tzinfo=UTC)
    offer = first_offer(zone, now)
    assert offer.second == offer.microsecond == 0
    assert offer.astimezone(UTC).minute % STEP_MINUTES == 0
    ahead = offer - now
    assert timedelta(minutes=LEAD_MINUTES) <= ahead < timedelta(minutes=LEAD_MINUTES + STEP_MINUTES)
    assert resolve(offer.date(), offer.timetz().replace(tzinfo=None), zone, now).at is not None
