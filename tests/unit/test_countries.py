"""The table of countries, the zones of numbers, night and weekend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.accounts import RegisterForm
from engine.app import Engine
from engine.countries import SenderRule, Sleep, Weekday, next_open, shipped, sleep_at, zones_of
from engine.errors import AccessError, InputError
from engine.model import Actor, Role, to_us
from engine.numbers import COUNTRIES
from tests.kit import config_for

SUMMER = datetime(2026, 7, 15, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(config_for(tmp_path, url="duckdb://"))
    yield opened
    opened.store.close()


@pytest.fixture
def admin(engine: Engine) -> Actor:
    form = RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", "a long password of ours")
    engine.accounts.create_first_admin(engine.accounts.setup_token(), form)
    row = engine.store.all("accounts.identify", "ada")[0]
    return Actor(row["id"], row["account_id"], Role.ADMIN, "Ada Min")


def us(*moment: int, zone: str = "UTC") -> int:
    return to_us(datetime(*moment, tzinfo=ZoneInfo(zone)))  # type: ignore[misc,arg-type] # year, month, day, …


def test_every_region_is_shipped_with_a_zone_a_source_and_a_date() -> None:
    assert set(shipped()) == set(COUNTRIES)
    for country in shipped().values():
        ZoneInfo(country.zone)
        assert country.source
        assert datetime.fromisoformat(country.checked)
        assert country.quiet_words == "20:00–08:00"


def test_well_known_rules_are_as_the_industry_has_them() -> None:
    rules = {code: country.sender_rule for code, country in shipped().items()}
    assert {rules[code] for code in ("US", "CA")} == {SenderRule.REPLACED}
    assert {rules[code] for code in ("IN", "SA", "TR", "SG", "NG")} == {SenderRule.NEEDS_REGISTRATION}
    assert {rules[code] for code in ("GB", "DE", "AU", "FR")} == {SenderRule.SHOWN}
    assert rules["BT"] is SenderRule.UNKNOWN
    assert shipped()["SA"].weekend == {Weekday.FRI, Weekday.SAT}


@pytest.mark.parametrize(
    ("country", "msisdn", "zone"),
    [
        ("GB", 447400123456, "Europe/London"),
        ("AU", 61412345678, "Australia/Sydney"),
        ("US", 12125550123, "America/New_York"),
        ("US", 13105550123, "America/Los_Angeles"),
        ("JM", 18765550123, "America/Jamaica"),
        ("BR", 5511912345678, "America/Sao_Paulo"),
    ],
)
def test_zone_of_a_number_is_that_of_its_prefix_or_of_most_people(country: str, msisdn: int, zone: str) -> None:
    assert zones_of(country, msisdn)[0] == zone


def test_every_country_has_a_zone_whatever_the_number() -> None:
    for code in COUNTRIES:
        assert all(ZoneInfo(zone) for zone in zones_of(code, 999))


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ((2026, 7, 15, 7, 59), Sleep.NIGHT),
        ((2026, 7, 15, 8, 0), None),
        ((2026, 7, 15, 19, 59), None),
        ((2026, 7, 15, 20, 0), Sleep.NIGHT),
        ((2026, 7, 18, 12, 0), Sleep.WEEKEND),
        ((2026, 7, 18, 23, 0), Sleep.NIGHT),
    ],
)
def test_night_and_weekend_are_told_by_the_local_clock(moment: tuple[int, ...], found: Sleep | None) -> None:
    assert sleep_at(shipped()["AU"], "Australia/Sydney", us(*moment, zone="Australia/Sydney")) is found


def test_the_next_daytime_begins_when_quiet_hours_end_and_after_the_weekend_when_asked() -> None:
    country = shipped()["GB"]
    saturday_night = us(2026, 7, 18, 22, 30, zone="Europe/London")
    zones = ("Europe/London",)
    assert next_open(country, zones, saturday_night, weekdays=False) == us(2026, 7, 19, 8, 0, zone="Europe/London")
    assert next_open(country, zones, saturday_night, weekdays=True) == us(2026, 7, 20, 8, 0, zone="Europe/London")


def test_without_quiet_hours_the_weekend_ends_at_midnight() -> None:
    country = replace(shipped()["GB"], quiet_from=0, quiet_to=0)
    at = us(2026, 7, 18, 22, 30, zone="Europe/London")
    assert next_open(country, ("Europe/London",), at, weekdays=False) == at
    assert next_open(country, ("Europe/London",), at, weekdays=True) == us(2026, 7, 20, zone="Europe/London")


def test_several_zones_wait_until_it_is_day_in_all_and_the_main_one_counts_when_it_never_is() -> None:
    zones = ("America/New_York", "America/Los_Angeles")
    at = us(2026, 7, 15, 9, 0, zone="America/New_York")
    assert next_open(shipped()["US"], zones, at, weekdays=False) == us(2026, 7, 15, 11, 0, zone="America/New_York")
    narrow = replace(shipped()["US"], quiet_from=9 * 60, quiet_to=8 * 60)
    early = us(2026, 7, 15, 5, 0, zone="America/New_York")
    assert next_open(narrow, zones, early, weekdays=False) == us(2026, 7, 15, 8, 0, zone="America/New_York")


def test_staff_edit_is_stored_shown_and_audited_and_can_be_taken_back(engine: Engine, admin: Actor) -> None:
    engine.countries.set(
        admin, "FR", sender_rule=SenderRule.REPLACED, quiet_from=1_260, quiet_to=510,
        weekend=frozenset({Weekday.SUN}), note="Short code", source="Operator's letter",
    )  # fmt: skip
    found = engine.countries.one(admin, "FR")
    assert (found.sender_rule, found.quiet_words, found.weekend_words) == (SenderRule.REPLACED, "21:00–08:30", "Sun")
    assert (found.edited_by, found.source) == ("Ada Min", "Operator's letter")
    engine.countries.reset(admin, "FR")
    assert engine.countries.one(admin, "FR") == shipped()["FR"]
    assert [row["action"] for row in engine.accounts.audit_log(admin)][:2] == ["country_reset", "country_changed"]


@pytest.mark.parametrize(
    "wrong", [{"quiet_from": 1_440}, {"weekend": frozenset(Weekday)}, {"source": " "}, {"note": "x" * 301}]
)
def test_an_edit_that_cannot_be_is_refused_with_the_field(
    engine: Engine, admin: Actor, wrong: dict[str, object]
) -> None:
    values: dict[str, object] = {
        "sender_rule": SenderRule.SHOWN, "quiet_from": 0, "quiet_to": 0, "weekend": frozenset(), "source": "x",
    }  # fmt: skip
    with pytest.raises(InputError):
        engine.countries.set(admin, "FR", **(values | wrong))  # type: ignore[arg-type]
    with pytest.raises(AccessError):
        engine.countries.one(admin, "XX")
