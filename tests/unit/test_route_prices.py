"""Prices: versions with a time of their own, saved once, quoted by the instant; and price lists as files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import numbers, routes
from engine.errors import ImsError, InputError, StateError
from engine.model import DAY_US, HOUR_US, MICRO, Actor
from engine.routes import EVERYWHERE, PriceChange, changes_between, read_prices, write_prices
from engine.store import Rows
from tests.kit import World, operator, raw, settled, wait_until, world

NEW = {EVERYWHERE: 2 * MICRO, "AU": 3 * MICRO}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made)


def in_hours(made: World, hours: int) -> int:
    return made.clock.now_us() + hours * HOUR_US


def states(made: World, admin: Actor) -> list[tuple[int, str]]:
    versions: Rows = made.engine.routes.price_versions(admin, 1)
    return [(row["version"], row["state"]) for row in versions]


def test_a_planned_version_is_in_force_from_its_instant_on(made: World, admin: Actor) -> None:
    effective_us = in_hours(made, 2)
    made.engine.routes.set_prices(admin, 1, NEW, effective_us=effective_us)
    assert states(made, admin) == [(2, "planned"), (1, "in force")]
    for at_us, version in ((effective_us - 1, 1), (effective_us, 2)):
        assert routes.load(made.store, 1, now_us=at_us).price_version == version
    assert made.engine.tasks.preview(made.owner, made.draft(2)).cost_micro == 2 * MICRO
    made.clock.move(hours=2)
    assert made.engine.routes.selectable(made.owner)[0].display_name == "Simulator · SID · 2.00–3.00 credit/SMS"
    assert made.engine.tasks.preview(made.owner, made.draft(2)).cost_micro == 6 * MICRO
    assert states(made, admin) == [(2, "in force"), (1, "past")]


def test_a_quote_taken_before_the_change_is_billed_as_quoted(made: World, admin: Actor) -> None:
    made.engine.routes.set_prices(admin, 1, NEW, effective_us=made.clock.now_us() + 60_000_000)
    preview = made.engine.tasks.preview(made.owner, made.draft(4))
    made.clock.move(seconds=120)
    assert routes.load(made.store, 1, now_us=made.clock.now_us()).price_version == 2
    task = made.engine.tasks.accept(made.owner, preview)
    wait_until(lambda: settled(made, task))
    assert (made.row(task)["charged_micro"], made.row(task)["price_version"]) == (4 * MICRO, 1)
    assert made.engine.reconcile().ok


def test_a_planned_version_takes_over_from_one_that_was_saved_later(made: World, admin: Actor) -> None:
    made.engine.routes.set_prices(admin, 1, NEW, effective_us=in_hours(made, 2))
    made.engine.routes.set_prices(admin, 1, {EVERYWHERE: 5 * MICRO})
    assert states(made, admin) == [(3, "in force"), (2, "planned"), (1, "past")]
    made.clock.move(hours=3)
    assert states(made, admin) == [(3, "past"), (2, "in force"), (1, "past")]


def test_only_what_is_not_in_force_yet_can_be_withdrawn(made: World, admin: Actor) -> None:
    made.engine.routes.set_prices(admin, 1, NEW, effective_us=in_hours(made, 2))
    made.engine.routes.withdraw_prices(admin, 1, 2)
    made.clock.move(hours=3)
    assert states(made, admin) == [(2, "withdrawn"), (1, "in force")]
    for version in (1, 2, 9):
        with pytest.raises(StateError) as caught:
            made.engine.routes.withdraw_prices(admin, 1, version)
        assert caught.value.code == "price_in_force"


@pytest.mark.parametrize("effective", [-HOUR_US, 800 * DAY_US])
def test_prices_begin_neither_in_the_past_nor_too_far_ahead(made: World, admin: Actor, effective: int) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.routes.set_prices(admin, 1, NEW, effective_us=made.clock.now_us() + effective)
    assert caught.value.facts["field"] == "In force from"
    assert states(made, admin) == [(1, "in force")]


def test_of_administrators_who_save_at_once_one_succeeds_and_the_others_are_told(made: World, admin: Actor) -> None:
    start, results = threading.Barrier(8), list[str | int]()

    def save(price: int) -> None:
        start.wait()
        try:
            results.append(made.engine.routes.set_prices(admin, 1, {EVERYWHERE: price}, base_version=1))
        except ImsError as error:
            results.append(error.code)

    threads = [threading.Thread(target=save, args=(index + 1,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["2", *["prices_changed"] * 7]
    assert states(made, admin) == [(2, "in force"), (1, "past")]
    rows = raw(made, "select version, count(*) as n from route_price where route_id = 1 group by version order by 1")
    assert [row["n"] for row in rows] == [1, 1]


def test_a_double_click_saves_one_version(made: World, admin: Actor) -> None:
    assert [made.engine.routes.set_prices(admin, 1, NEW, base_version=1) for _ in range(2)] == [2, 2]
    assert len(raw(made, "select id from audit where action = 'prices_saved'")) == 1


def test_who_changed_what_is_in_the_audit_log(made: World, admin: Actor) -> None:
    made.engine.routes.set_prices(admin, 1, NEW)
    (line,) = raw(made, "select detail, member_id from audit where action = 'prices_saved'")
    assert line == {
        "detail": "version 2 from now: default 1.00 → 2.00, AU none → 3.00",
        "member_id": admin.user_id,
    }
    assert made.engine.routes.price_versions(admin, 1)[0]["member_name"] == admin.name
    assert made.engine.routes.prices(admin, 1, 2) == NEW


def test_the_changes_between_two_lists_name_every_country_once() -> None:
    before = {EVERYWHERE: 1, "AU": 2, "NZ": 3}
    after = {EVERYWHERE: 1, "AU": 5, "FR": 6}
    assert changes_between(before, after) == [
        PriceChange("AU", 2, 5),
        PriceChange("FR", None, 6),
        PriceChange("NZ", 3, None),
    ]


# --- Files -----------------------------------------------------------------------------------------------------------


def test_what_is_written_can_be_read_again() -> None:
    prices = {
        EVERYWHERE: 234_567_890_000,
        **{code: 1_000_000 + n for n, code in enumerate(numbers.COUNTRIES) if code != "CN"},
    }
    assert read_prices(write_prices(prices)) == routes.PriceFile(prices, ())


@pytest.mark.parametrize(
    "text",
    [
        "country,price\n*,1\nAustralia,1.20\n",
        "Price;Country\n1;everywhere\n1.20;au\n",
        "\ufeffcountry\tprice\r\n\r\nDefault\t1.00\r\naustralia\t1.2\r\n",
        'note,country,price\n"a, b",*,1\n,AUSTRALIA,1.2\n',
    ],
)
def test_names_and_codes_in_any_common_layout_are_understood(text: str) -> None:
    assert read_prices(text.encode()) == routes.PriceFile({EVERYWHERE: MICRO, "AU": 1_200_000}, ())


@pytest.mark.parametrize(
    ("name", "code"),
    [("USA", "US"), ("Cote d'Ivoire", "CI"), ("Türkiye", "TR"), ("Turkey", "TR"), ("Namibia", "NA"), ("na", "NA"),
     ("Hong Kong", "HK"), ("Reunion", "RE"), ("Curacao", "CW"), ("South Korea", "KR")],
)  # fmt: skip
def test_countries_are_known_by_their_usual_names(name: str, code: str) -> None:
    assert read_prices(f"country,price\n*,1\n{name},2\n".encode()).prices[code] == 2 * MICRO


def test_every_wrong_row_is_named_by_its_number() -> None:
    text = 'country,price\n*,1\n\nAtlantis,2\nAU,1\nAustralia,2\nNZ,\nFR,"1,5"\nDE,-1\nChina,1\nGB\nIT,9999999\n'
    found = read_prices(text.encode())
    assert [problem.row for problem in found.problems] == [4, 6, 7, 8, 9, 10, 11, 12]
    words = " ".join(problem.sentence for problem in found.problems)
    assert "not a country" in words
    assert "earlier row" in words
    assert "not served" in words


def test_a_list_without_a_price_for_everywhere_else_is_incomplete() -> None:
    (problem,) = read_prices(b"country,price\nAU,1\n").problems
    assert (problem.row, "everywhere else" in problem.sentence) == (3, True)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"land,price\n*,1\n", b"country\n*\n", b"\xff\xfe\x00", b"a\x00b", b"x" * 1_000_001,
     b"country,price\n" + b"*,1\n" * 1_001],
)  # fmt: skip
def test_what_is_no_price_list_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_prices(data)
    assert caught.value.code == "price_file"
