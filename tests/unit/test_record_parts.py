"""The pure parts behind the pages of records: periods, addresses, cells and charts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import DAY_US, HOUR_US, MICRO, MessageState, MovementKind, TaskState, to_datetime
from pages.ui import charts, status, table
from pages.ui.account_desk import amount_in
from pages.ui.address import number_in
from pages.ui.period import FIRST_DAY, LAST_DAY, Preset, day_of, midnight_us, period_of, span_words

TODAY = date(2026, 11, 22)
SYDNEY = "Australia/Sydney"
ZONES = ["UTC", SYDNEY, "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"]


# --- Periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "first", "words"),
    [
        (Preset.TODAY, TODAY, "22 Nov 2026"),
        (Preset.WEEK, date(2026, 11, 16), "16–22 Nov 2026"),
        (Preset.MONTH, date(2026, 10, 24), "24 Oct – 22 Nov 2026"),
        (Preset.THIS_MONTH, date(2026, 11, 1), "1–22 Nov 2026"),
    ],
)
def test_a_preset_ends_with_the_whole_of_today(preset: Preset, first: date, words: str) -> None:
    period = period_of(preset, today=TODAY, zone=SYDNEY)
    assert period.words == words
    assert period.start_us == midnight_us(first, SYDNEY)
    assert period.end_us == midnight_us(date(2026, 11, 23), SYDNEY)


def test_all_dates_have_no_limits() -> None:
    period = period_of(Preset.ALL, today=TODAY, zone=SYDNEY)
    assert (period.start_us, period.end_us) == (None, None)


def test_what_is_scheduled_lies_in_the_future_but_not_today() -> None:
    assert period_of(Preset.MONTH, today=TODAY, zone=SYDNEY, upcoming=True).end_us is None
    assert period_of(Preset.TODAY, today=TODAY, zone=SYDNEY, upcoming=True).end_us is not None


def test_days_chosen_the_wrong_way_round_mean_the_same() -> None:
    one, two = date(2026, 3, 9), date(2026, 3, 1)
    chosen = period_of(Preset.CUSTOM, today=TODAY, zone=SYDNEY, custom=(one, two))
    assert chosen == period_of(Preset.CUSTOM, today=TODAY, zone=SYDNEY, custom=(two, one))
    assert (chosen.first, chosen.last) == (two, one)


@pytest.mark.parametrize("custom", [(), (TODAY,)])
def test_half_a_choice_is_one_day(custom: tuple[date, ...]) -> None:
    period = period_of(Preset.CUSTOM, today=TODAY, zone="UTC", custom=custom)
    assert period.end_us is not None
    assert period.start_us is not None
    assert period.end_us - period.start_us == DAY_US


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    spring, autumn = date(2026, 10, 4), date(2026, 4, 5)
    for day, hours in ((spring, 23), (autumn, 25)):
        period = period_of(Preset.CUSTOM, today=TODAY, zone=SYDNEY, custom=(day,))
        assert period.end_us is not None
        assert period.start_us is not None
        assert period.end_us - period.start_us == hours * HOUR_US


@given(
    days=st.lists(st.dates(), max_size=2).map(tuple),
    zone=st.sampled_from(ZONES),
    today=st.dates(min_value=FIRST_DAY, max_value=LAST_DAY),
    preset=st.sampled_from([preset for preset in Preset if preset is not Preset.ALL]),
)
def test_every_period_begins_before_it_ends_at_midnights_the_calendar_knows(
    days: tuple[date, ...], zone: str, today: date, preset: Preset
) -> None:
    period = period_of(preset, today=today, zone=zone, custom=days)
    assert period.start_us is not None
    assert period.end_us is not None
    assert period.start_us < period.end_us
    assert to_datetime(period.end_us) < datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "22.11.2026", "2026-02-30", "99999-01-01", "x" * 1000])
def test_what_is_no_day_in_an_address_is_none(text: str | None) -> None:
    assert day_of(text) is None


def test_spans_of_two_years_name_both() -> None:
    assert span_words(date(2025, 12, 31), date(2026, 1, 2)) == "31 Dec 2025 – 2 Jan 2026"


# --- Addresses and amounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("0", 0), (None, None), ("", None), ("-1", None), ("²", None), ("٣", None), ("9" * 5000, None)],
)
def test_only_plain_digits_are_ids(text: str | None, number: int | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("text", "number"), [("500", 500), ("1,200.50", 1200.5), (" 0.000001 ", 0.000001), ("1,000,000", 1e6)]
)
def test_amounts_are_read_exactly(text: str, number: float) -> None:
    assert amount_in(text) == round(number * MICRO)


# --- Words, cells and charts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("looks", "states"),
    [(status.MESSAGE, MessageState), (status.TASK, TaskState), (status.MOVEMENT, MovementKind)],
)
def test_every_state_has_a_label_of_its_own(looks: status.Looks, states: type[MessageState]) -> None:
    stands = {"paused", "on_hold"} if looks is status.TASK else set()
    assert set(looks) == {*states, *stands}
    assert len({look.label for look in looks.values()}) == len(looks)
    assert all(look.meaning for look in looks.values())


def test_a_state_of_a_newer_engine_still_shows_its_name() -> None:
    assert status.look_of(status.TASK, "paused_by_staff").label == "Paused by staff"


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [([1_200_000, 500_000], "%,.2f"), ([1_250_000, 125_000], "%,.3f"), ([1], "%,.6f"), ([], "%,.2f")],
)
def test_a_column_of_credits_shows_every_digit_there_is(amounts: list[int], shown: str) -> None:
    column = table.credit("Cost", lambda row: row["cost"])
    frame = table.frame_of([{"cost": amount} for amount in amounts], [column])
    assert column.config(frame["Cost"])["type_config"]["format"] == shown


@given(st.lists(st.integers(-(10**15), 10**15), max_size=20))
def test_no_amount_is_rounded_on_its_way_into_a_cell(amounts: list[int]) -> None:
    column = table.credit("Cost", lambda row: row["cost"])
    frame = table.frame_of([{"cost": amount} for amount in amounts], [column])
    assert [round(cell * MICRO) for cell in frame["Cost"]] == amounts


def test_a_frame_of_no_rows_keeps_its_types() -> None:
    columns = [table.text("Name", lambda row: row["name"]), table.chip("Status", status.TASK, "state")]
    assert table.frame_of([], columns).schema == {"Name": pl.String, "Status": pl.List(pl.String)}


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (0.01, "<0.1%"), (92.84, "92.8%"), (99.97, ">99.9%"), (100, "100%")]
)
def test_a_share_never_rounds_the_last_failure_away(share: float, words: str) -> None:
    assert charts.percent(share) == words


def test_names_in_charts_are_plain_and_short() -> None:
    long = "A route with a very long name"
    shown = charts.plain(["<b>x</b> & y", long + " 1", long + " 2"])
    assert shown[0] == "&lt;b>x&lt;/b> &amp; y"
    assert len(set(shown)) == 3
    assert all(len(label) <= charts.LABEL_LENGTH + 4 for label in shown[1:])


def test_many_days_are_drawn_by_week_without_losing_a_message() -> None:
    days = [TODAY + timedelta(days=place) for place in range(200)]
    daily = pl.DataFrame({"day": days, "delivered": [1] * 200})
    weekly = charts.by_week(daily, "delivered")
    assert weekly.height < 32
    assert weekly["delivered"].sum() == 200
    assert charts.by_week(daily.head(30), "delivered").height == 30
