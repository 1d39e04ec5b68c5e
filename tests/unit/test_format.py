"""How pages write numbers, times, countries and browsers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import DAY_US, HOUR_US, MICRO, MINUTE_US, SECOND_US
from engine.numbers import COUNTRIES
from pages.ui import format as show
from pages.ui.agents import browser_name

NOON_US = 1_795_348_800_000_000
"""22 November 2026, 12:00 UTC."""


@pytest.mark.parametrize(
    ("amount_micro", "text"),
    [(1_234_500_000, "1,234.50"), (0, "0.00"), (None, "—"), (1, "0.000001"), (-3_500_000, "-3.50")],
)
def test_credits_are_grouped_and_never_rounded(amount_micro: int | None, text: str) -> None:
    assert show.credits(amount_micro) == text


@given(st.integers(-(10**15), 10**15))
def test_signed_credits_begin_with_their_sign(amount_micro: int) -> None:
    text = show.signed_credits(amount_micro)
    assert text[0] == ("-" if amount_micro < 0 else "+")
    assert round(float(text[1:].replace(",", "")) * MICRO) == pytest.approx(abs(amount_micro), rel=1e-12)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (50_000, "50k"), (2_500_000, "2.5M"), (3_000_000_000, "3B")],
)
def test_compact_numbers_keep_one_decimal(value: int, text: str) -> None:
    assert show.compact(value) == text


def test_of_nothing_there_is_no_share() -> None:
    assert show.percent(0, 0) == "—"
    assert show.percent(1, 3) == "33.3%"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "22 Nov 2026, 12:00"),
        ("Australia/Sydney", "22 Nov 2026, 23:00"),
        ("America/Lima", "22 Nov 2026, 07:00"),
        ("Mars/Olympus", "22 Nov 2026, 12:00"),
        ("", "22 Nov 2026, 12:00"),
        ("../etc/passwd", "22 Nov 2026, 12:00"),
    ],
)
def test_times_are_in_the_readers_zone_and_in_utc_when_it_is_unknown(zone: str, text: str) -> None:
    assert show.when(NOON_US, zone) == text


def test_days_have_no_leading_zero_and_missing_times_are_a_dash() -> None:
    assert show.day(date(2026, 11, 2)) == "2 Nov 2026"
    assert show.when(None, "UTC") == "—"
    assert show.when(NOON_US + 5 * SECOND_US, "UTC", seconds=True) == "22 Nov 2026, 12:00:05"


@pytest.mark.parametrize(
    ("length_us", "text"),
    [
        (None, "—"),
        (830_000, "0.8 s"),
        (42 * SECOND_US, "42 s"),
        (3 * MINUTE_US + 5 * SECOND_US, "3 min 5 s"),
        (15 * MINUTE_US, "15 min"),
        (24 * HOUR_US, "24 h"),
        (2 * HOUR_US + 10 * MINUTE_US, "2 h 10 min"),
        (3 * DAY_US + HOUR_US, "3 days"),
    ],
)
def test_durations_use_the_two_largest_units(length_us: int | None, text: str) -> None:
    assert show.duration(length_us) == text


def test_every_country_has_a_flag_of_two_letters() -> None:
    assert all(len(show.flag(code)) == 2 for code in COUNTRIES)
    assert show.country("AU") == "🇦🇺 Australia"
    assert show.country(None) == "—"
    assert show.flag("*") == show.flag("001") == ""


def test_one_thing_is_singular() -> None:
    assert show.plural(1, "message") == "1 message"
    assert show.plural(1_200, "message") == "1,200 messages"
    assert show.plural(2, "reply", "replies") == "2 replies"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko Firefox/128.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126 Mobile Safari/537.36", "Chrome on Android"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_called_as_people_call_them(agent: str, name: str) -> None:
    assert browser_name(agent) == name
