"""The mission, read as a story: a team registers, gets credit, sends, and sees every outcome and every credit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine import recipients
from engine.accounts import RegisterForm
from engine.app import Engine
from engine.errors import InputError, MoneyError
from engine.history import RecordFilter
from engine.model import MICRO, Actor, Balance, to_us
from engine.store import open_store
from engine.tasks import Draft
from tests.kit import TEXT, MovedClock, World, au_mobiles, config_for, raw, settled, wait_until, world

PASSWORD = "a long password of ours"
FILE = """Name,Mobile,City
Ann,+61 412 345 678,Perth
Bob,0412 345 679,Hobart
Cid,+61412345678,Darwin
Dee,+61 2 9374 4000,Sydney
Eve,not a number,Cairns
Fay,+8613800138000,Beijing
Gus,+6421345678,Auckland
"""


def signed_in(engine: Engine, user_name: str) -> Actor:
    actor = engine.accounts.actor_of(engine.accounts.redeem(engine.accounts.sign_in(user_name, PASSWORD), "test"))
    assert actor is not None
    return actor


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


def test_from_registration_to_a_settled_bulk_task(made: World) -> None:
    engine = made.engine
    token = engine.accounts.setup_token()
    engine.accounts.create_first_admin(token, RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD))
    engine.accounts.register(RegisterForm("Bakery", "Jo Baker", "jo.baker", "jo@example.com", PASSWORD))
    staff, owner = signed_in(engine, "ada"), signed_in(engine, "jo.baker")
    assert engine.history.balance(owner) == Balance(0, 0)

    found = recipients.read("customers.csv", FILE.encode(), "AU")
    assert found.summary == {"ok": 3, "duplicate": 1, "landline": 1, "characters": 1, "blocked_country": 1}
    route = engine.routes.selectable(owner)[0]
    assert route.display_name == "Simulator · SID · 1.00 credit/SMS"
    draft = Draft(
        route_id=route.id, name="Fresh bread", content="Dear ((name)), fresh bread in ((city)) today",
        recipients=found, sender="Bakery", file_name="customers.csv",
    )  # fmt: skip
    preview = engine.tasks.preview(owner, draft)
    assert [(line.country, line.recipients, line.cost_micro) for line in preview.lines] == [
        ("AU", 2, 2 * MICRO),
        ("NZ", 1, MICRO),
    ]
    assert preview.samples[0] == "Dear Ann, fresh bread in Perth today"
    with pytest.raises(MoneyError):
        engine.tasks.accept(owner, preview)

    engine.topups.credit(staff, owner.account_id, 10 * MICRO, reason="Bank transfer 4711", key="form-1")
    task_id = engine.tasks.accept(owner, preview)
    wait_until(lambda: settled(made, task_id))

    detail = engine.history.task(owner, task_id)
    assert (detail.row["delivered"], detail.row["rejected_rows"], detail.row["state"]) == (3, 4, "finished")
    assert engine.history.balance(owner) == Balance(7 * MICRO, 0)
    rows = engine.history.messages(owner, RecordFilter(task_id=task_id)).rows
    assert {row["msisdn"] for row in rows} == {"+61412345678", "+61412345679", "+6421345678"}
    assert {row["row_number"] for row in rows} == {2, 3, 8}
    assert sum(row["charged_micro"] for row in rows) == 3 * MICRO
    movements = engine.history.movements(owner, RecordFilter()).rows
    assert [row["kind"] for row in movements] == ["charge", "hold", "top_up"]
    assert movements[0]["available_after_micro"] == 7 * MICRO
    assert engine.reconcile().ok


def test_a_failed_number_is_not_charged_and_says_why(made: World) -> None:
    found = recipients.read_numbers("61412349901, 61412349902, 61412349903, 61412340001")
    task_id = made.send(recipients=found)
    wait_until(lambda: settled(made, task_id))
    rows = made.engine.history.messages(made.owner, RecordFilter(task_id=task_id)).rows
    by_number = {row["msisdn"]: row for row in rows}
    assert by_number["+61412340001"]["charged_micro"] == MICRO
    for number, reason in {"9901": "absent", "9902": "invalid_number", "9903": "expired"}.items():
        row = by_number[f"+6141234{number}"]
        assert (row["reason"], row["charged_micro"]) == (reason, 0)
        assert row["sentence"]
        assert row["next_step"]
    assert made.row(task_id)["returned_micro"] == 3 * MICRO


def test_content_that_is_not_allowed_is_refused_with_its_place(made: World) -> None:
    for text, word in (
        ("Hello there", "Hello"),
        ("See https://x.example", "https"),
        ("特价", "特价"),
        ("Sale 🎉", "🎉"),
    ):
        with pytest.raises(InputError) as caught:
            made.engine.tasks.preview(made.owner, made.draft(1, content=text))
        assert caught.value.code == "content"
        assert word in caught.value.message or "emoji" in caught.value.message


def test_a_personal_text_that_breaks_a_rule_names_its_row(made: World) -> None:
    found = recipients.read("a.csv", b"phone,name\n+61412345678,Ann\n+61412345679,hello\n")
    with pytest.raises(InputError, match="row 3"):
        made.engine.tasks.preview(made.owner, made.draft(recipients=found, content="Dear ((name)), we open at nine"))
    with pytest.raises(InputError, match="no column “surname”"):
        made.engine.tasks.preview(made.owner, made.draft(recipients=found, content="Dear ((surname))"))


def test_a_longer_personal_text_costs_its_own_recipient_more(made: World) -> None:
    long_name = "x" * 200
    found = recipients.read("a.csv", f"phone,name\n+61412345678,Ann\n+61412345679,{long_name}\n".encode())
    preview = made.engine.tasks.preview(made.owner, made.draft(recipients=found, content="Dear ((name))"))
    assert preview.messages["sms"].to_list() == [1, 2]
    assert preview.cost_micro == 3 * MICRO


def test_a_scheduled_task_fires_once_at_the_zones_time_even_after_a_restart(tmp_path: Path) -> None:
    made = world(tmp_path)
    zone = ZoneInfo("Australia/Sydney")
    tomorrow = datetime.fromtimestamp(made.clock.now_us() / 1e6 + 86_400, zone).replace(
        hour=9, minute=0, second=0, microsecond=0
    )
    task_id = made.send(20, scheduled_at=tomorrow)
    assert made.row(task_id)["due_us"] == to_us(tomorrow)
    made.engine.scheduler.tick()
    assert made.row(task_id)["state"] == "scheduled"
    made.engine.stop()

    config, clock = config_for(tmp_path), MovedClock()
    again = World(Engine(config, open_store(config.url), clock), clock, made.owner, made.staff)
    again.engine.start()
    clock.offset_us = to_us(tomorrow) - clock.now_us() - 2_000_000
    again.engine.scheduler.tick()
    assert again.row(task_id)["state"] == "scheduled"
    clock.move(seconds=3)
    wait_until(lambda: settled(again, task_id))
    for _ in range(3):
        again.engine.scheduler.tick()
    assert again.row(task_id)["delivered"] == 20
    assert raw(again, "select count(*) as n from dispatch") == [{"n": 1}]
    assert again.engine.reconcile().ok
    again.engine.stop()


def test_a_task_goes_on_after_a_clean_stop_in_the_middle(tmp_path: Path) -> None:
    made = world(tmp_path)
    slow = made.add_route("Slow", "sim://?receipt_ms=300", throughput=400)
    task_id = made.send(1_000, route_id=slow)
    wait_until(lambda: made.row(task_id)["submitted"] > 0)  # type: ignore[operator]
    made.engine.stop()

    config, clock = config_for(tmp_path), MovedClock()
    again = World(Engine(config, open_store(config.url), clock), clock, made.owner, made.staff)
    assert 0 < again.row(task_id)["submitted"] < 1_000  # type: ignore[operator]
    again.engine.start()
    wait_until(lambda: settled(again, task_id))
    row = again.row(task_id)
    assert (row["delivered"], row["in_doubt"], row["submitted"]) == (1_000, 0, 1_000)
    assert again.engine.reconcile().ok
    again.engine.stop()


def test_two_tasks_on_one_route_take_turns(made: World) -> None:
    slow = made.add_route("Slow", "sim://", throughput=300)
    long = made.send(900, route_id=slow)
    short = made.send(5, route_id=slow)
    wait_until(lambda: settled(made, short))
    assert not settled(made, long)
    made.engine.tasks.cancel(made.owner, long)


def test_a_route_sends_no_faster_than_its_parts_per_second(made: World) -> None:
    slow = made.add_route("Slow", "sim://", throughput=100)
    long_text = "x" * 300
    task_id = made.send(150, route_id=slow, content=long_text)
    wait_until(lambda: settled(made, task_id))
    row = made.row(task_id)
    seconds = (row["finished_us"] - row["started_us"]) / 1e6  # type: ignore[operator]
    assert row["parts"] == 300
    assert seconds >= 1.9, "300 parts at 100 a second, less the burst and the last batch"


def test_a_country_the_route_does_not_reach_is_left_out_and_said(made: World) -> None:
    only_au = made.add_route("Only AU", "sim://", countries=frozenset({"AU"}))
    mixed = recipients.read_numbers("+61412345678, +6421345678")
    preview = made.engine.tasks.preview(made.owner, made.draft(recipients=mixed, route_id=only_au))
    assert preview.recipients == 1
    assert preview.blocked.rows() == [(2, "+6421345678", "blocked_country")]
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(
            made.owner, made.draft(recipients=recipients.read_numbers("+6421345678"), route_id=only_au)
        )
    assert caught.value.code == "country_closed"


def test_a_sender_id_is_checked_against_the_route(made: World) -> None:
    plain = made.add_route("Plain", "sim://")
    for route_id, sender in ((plain, "Bakery"), (None, "way too long a name"), (None, "12345"), (None, "info")):
        changes = {"sender": sender} | ({"route_id": route_id} if route_id else {})
        with pytest.raises(InputError) as caught:
            made.engine.tasks.preview(made.owner, made.draft(1, **changes))
        assert caught.value.code == "sender"


def test_a_draft_without_name_content_or_recipients_says_which(made: World) -> None:
    empty = recipients.read_numbers("")
    for changes, word in (
        ({"name": " "}, "Task name"),
        ({"content": " \n"}, "Content"),
        ({"recipients": empty}, "recipients"),
    ):
        with pytest.raises(InputError, match=f"(?i){word}"):
            made.engine.tasks.preview(made.owner, made.draft(1, **changes))


def test_a_time_in_the_past_or_too_far_ahead_is_refused(made: World) -> None:
    for days, code in ((-1, "past"), (91, "too_far")):
        when = datetime.fromtimestamp(made.clock.now_us() / 1e6 + days * 86_400, ZoneInfo("UTC"))
        with pytest.raises(InputError) as caught:
            made.engine.tasks.preview(made.owner, made.draft(1, scheduled_at=when))
        assert caught.value.code == code


def test_five_thousand_recipients_are_the_most(made: World) -> None:
    found = au_mobiles(5_000)
    assert made.engine.tasks.preview(made.owner, made.draft(recipients=found, content=TEXT)).recipients == 5_000
