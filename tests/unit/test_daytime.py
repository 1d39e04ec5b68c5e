"""The split by local time: everybody once, nobody at night, to the last credit, once however often it is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, example_number_for_type, national_significant_number

from engine import numbers, recipients
from engine.countries import Country, is_open, shipped, zones_of
from engine.errors import MoneyError, StateError
from engine.model import DAY_US, MICRO, to_datetime, to_us
from engine.tasks.daytime import MOST_GROUPS, Times, reach, split
from tests.kit import World, raw, world

WORLDWIDE = "phone\n+61412345678\n+447400123456\n+12125550123\n+13105550123\n+966512345678\n+5511912345678\n"


@cache
def mobiles() -> list[tuple[int, str]]:
    """A mobile number of every region that is served."""
    found: list[tuple[int, str]] = []
    for code in numbers.COUNTRIES:
        example = example_number_for_type(code, PhoneNumberType.MOBILE)
        if example is not None:
            found.append((int(f"{example.country_code}{national_significant_number(example)}"), code))
    return found


def people(picked: list[tuple[int, str]]) -> pl.DataFrame:
    schema = {"msisdn": pl.Int64, "country": pl.String}
    return pl.DataFrame(picked, schema=schema, orient="row")


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(mobiles()), min_size=1, max_size=120),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.sampled_from([Times.DAYTIME, Times.WEEKDAYS]),
)
def test_everybody_is_sent_to_once_and_awake(picked: list[tuple[int, str]], moment: datetime, times: Times) -> None:
    table, at_us, frame = shipped(), to_us(moment.replace(tzinfo=UTC)), people(picked)
    groups = split(frame, table, at_us, times)
    weekdays = times is Times.WEEKDAYS
    if not groups:  # everybody can be sent to right then
        assert all(is_open(table[code], zones_of(code, msisdn)[0], at_us, weekdays=weekdays) for msisdn, code in picked)
        return
    assert sorted(at for group in groups for at in group.rows) == list(range(len(picked)))
    assert [group.at_us for group in groups] == sorted({group.at_us for group in groups})
    assert len(groups) <= MOST_GROUPS
    for group in groups:
        assert at_us <= group.at_us < at_us + 9 * DAY_US
        for at in group.rows:
            msisdn, code = picked[at]
            assert is_open(table[code], zones_of(code, msisdn)[0], group.at_us, weekdays=weekdays)


def test_groups_that_begin_in_the_same_hour_are_one_and_wait_for_the_latest() -> None:
    at_us = to_us(datetime(2026, 7, 14, 18, 0, tzinfo=UTC))
    # 08:00 in India is 02:30 UTC, in Nepal 02:15, in Bangladesh 02:00
    frame = people([(919812345678, "IN"), (9779841234567, "NP"), (8801812345678, "BD")])
    (group,) = split(frame, shipped(), at_us, Times.DAYTIME)
    assert to_datetime(group.at_us) == datetime(2026, 7, 15, 2, 30, tzinfo=UTC)
    assert group.label == "UTC+5:30 to UTC+6"


def test_a_late_merge_never_puts_anybody_into_a_short_night() -> None:
    short: Mapping[str, Country] = {
        **shipped(),
        "BD": replace(shipped()["BD"], quiet_from=8 * 60 + 15, quiet_to=8 * 60),  # open for a quarter of an hour
    }
    at_us = to_us(datetime(2026, 7, 14, 18, 0, tzinfo=UTC))
    groups = split(people([(919812345678, "IN"), (8801812345678, "BD")]), short, at_us, Times.DAYTIME)
    assert [to_datetime(group.at_us).minute for group in groups] == [0, 30]


def test_reach_counts_night_weekend_and_what_a_number_leaves_open() -> None:
    frame = people([(61412345678, "AU"), (447400123456, "GB"), (966512345678, "SA"), (34612345678, "ES")])
    friday = datetime(2026, 7, 17, 7, 30, tzinfo=UTC)  # 17:30 Sydney, 08:30 London, 10:30 Riyadh, 09:30 Madrid
    found = reach(frame["msisdn"], frame["country"], shipped(), to_us(friday))
    assert (found.night, found.weekend) == (0, 1)
    early = friday - timedelta(hours=1)
    found = reach(frame["msisdn"], frame["country"], shipped(), to_us(early))
    assert (found.night, found.weekend) == (1, 1)


# --- Acceptance ------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    opened = world(tmp_path, started=False, credit=100)
    yield opened
    opened.store.close()


def worldwide(made: World, **changes: Any) -> Any:
    tomorrow = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    people_ = recipients.read("list.csv", WORLDWIDE.encode())
    draft = made.draft(recipients=people_, scheduled_at=tomorrow, times=Times.DAYTIME, **changes)
    return made.engine.tasks.preview(made.owner, draft)


def test_tasks_of_a_split_hold_exactly_the_accepted_quote(made: World) -> None:
    preview = worldwide(made)
    assert len(preview.groups) > 1
    ids = made.engine.tasks.accept_many(made.owner, preview)
    rows = raw(made, "select * from task order by id")
    assert [row["id"] for row in rows] == ids
    assert sum(int(str(row["held_micro"])) for row in rows) == preview.cost_micro == preview.recipients * MICRO
    assert sum(int(str(row["recipients"])) for row in rows) == preview.recipients
    numbers_sent = raw(made, "select distinct msisdn from message")
    assert len(numbers_sent) == preview.recipients
    assert [row["due_us"] for row in rows] == [group.at_us for group in preview.groups]
    assert all(str(row["name"]).startswith("Parcels · ") for row in rows)
    assert len(raw(made, "select * from job where name = 'dispatch'")) == len(ids)
    assert made.engine.history.balance(made.owner).held_micro == preview.cost_micro
    assert made.engine.reconcile().ok


def test_double_click_and_two_tabs_make_the_tasks_once(made: World) -> None:
    preview = worldwide(made)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: made.engine.tasks.accept_many(made.owner, preview), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert raw(made, "select count(*) as n from task") == [{"n": len(answers[0])}]
    assert made.engine.history.balance(made.owner).held_micro == preview.cost_micro
    assert made.engine.tasks.accept(made.owner, preview) == answers[0][0]


def test_without_credit_for_all_parts_none_is_made_and_the_whole_is_named(made: World) -> None:
    preview = worldwide(made, content="a" * 160 * 5)  # 30 credits
    spend = made.engine.tasks.preview(made.owner, made.draft(80))
    made.engine.tasks.accept(made.owner, spend)
    with pytest.raises(MoneyError) as caught:
        made.engine.tasks.accept_many(made.owner, preview)
    assert caught.value.facts["needed"] == "30.00"
    assert raw(made, "select count(*) as n from task") == [{"n": 1}]
    assert made.engine.history.balance(made.owner).held_micro == 80 * MICRO


def test_another_split_of_the_same_quote_is_not_what_was_accepted(made: World) -> None:
    preview = worldwide(made)
    with pytest.raises(StateError) as caught:
        made.engine.tasks.accept_many(made.owner, replace(preview, groups=()))
    assert caught.value.code == "quote_mismatch"


def test_a_cancelled_part_returns_its_own_credit_only(made: World) -> None:
    preview = worldwide(made)
    ids = made.engine.tasks.accept_many(made.owner, preview)
    returned = made.engine.tasks.cancel(made.owner, ids[-1])
    balance = made.engine.history.balance(made.owner)
    assert balance.held_micro == (preview.recipients - returned) * MICRO
    assert made.engine.reconcile().ok
