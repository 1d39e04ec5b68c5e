"""Cases: who is told, what is kept, and that a case names only things of its own account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.accounts import RegisterForm
from engine.cases import BODY_LENGTH, MOST_A_DAY, MOST_MESSAGES, MOST_OPEN, About, CaseState, NewCase
from engine.errors import AccessError, InputError, StateError
from engine.model import Actor
from tests.kit import World, raw, world

PASSWORD = "tall green kettle"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    opened = world(Path(tmp_path_factory.mktemp("cases")), started=False)
    yield opened
    opened.engine.stop()


@pytest.fixture(scope="module")
def staff(made: World) -> Actor:
    accounts = made.engine.accounts
    form = RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD)
    accounts.create_first_admin(accounts.setup_token(), form)
    actor = accounts.actor_of(accounts.redeem(accounts.sign_in("ada", PASSWORD), "test"))
    assert actor is not None
    return actor


def new(key: str, **changes: object) -> NewCase:
    values: dict[str, object] = {"about": About.OTHER, "subject": "Hello?", "body": "Nothing arrives.", "key": key}
    return NewCase(**(values | changes))  # type: ignore[arg-type] # keyword values of the right types


def close_all(made: World) -> None:
    for row in made.engine.cases.listing(made.owner):
        made.engine.cases.close(made.owner, row["id"])


def test_a_case_is_answered_closed_and_opened_again(made: World, staff: Actor) -> None:
    cases = made.engine.cases
    number = cases.open(made.owner, new("a"))
    assert cases.one(staff, number).row["state"] == CaseState.OPEN
    cases.reply(staff, number, "Which number?", key="1")
    seen = cases.one(made.owner, number)
    assert seen.row["state"] == CaseState.ANSWERED
    assert [(entry["by_operator"], entry["member_name"]) for entry in seen.entries][1] == (True, "Staff")
    cases.close(staff, number)
    assert cases.one(made.owner, number).row["state"] == CaseState.CLOSED
    cases.reply(made.owner, number, "It still fails", key="2")
    assert cases.one(made.owner, number).row["state"] == CaseState.OPEN
    assert [entry["body"] for entry in cases.one(staff, number).entries] == [
        "Nothing arrives.",
        "Which number?",
        "It still fails",
    ]


def test_both_sides_are_told_inside_the_application(made: World, staff: Actor) -> None:
    engine = made.engine
    number = engine.cases.open(made.owner, new("told", subject="Where is my credit"))
    assert engine.notices.listing(staff)[0]["link"] == f"staff_cases?id={number}"
    unread = engine.notices.unread(made.owner)
    engine.cases.reply(staff, number, "On its way", key="1")
    assert engine.notices.unread(made.owner) == unread + 1
    newest = engine.notices.listing(made.owner)[0]
    assert newest["link"] == f"support?id={number}"
    engine.notices.mark_seen(made.owner, newest["id"])
    assert engine.notices.unread(made.owner) == 0
    assert any(row["action"] == "case answered" for row in engine.accounts.audit_log(staff))


def test_a_double_click_opens_one_case_and_says_a_thing_once(made: World, staff: Actor) -> None:
    cases = made.engine.cases
    number = cases.open(made.owner, new("twice"))
    assert cases.open(made.owner, new("twice")) == number
    for _ in range(2):
        cases.reply(staff, number, "Once", key="same")
    assert len(cases.one(staff, number).entries) == 2


def test_a_case_names_the_messages_and_the_task_of_its_own_account(made: World, staff: Actor) -> None:
    task = made.send(3)
    ids = tuple(int(str(row["id"])) for row in raw(made, "select id from message where task_id = $1", task))
    number = made.engine.cases.open(made.owner, new("ids", about=About.MESSAGES, message_ids=ids, task_id=task))
    detail = made.engine.cases.one(staff, number)
    assert [row["id"] for row in detail.messages] == sorted(ids)
    assert detail.task is not None
    assert detail.task["name"] == "Parcels"
    stranger = made.engine.accounts.ensure_account("Stranger")
    with pytest.raises(AccessError):
        made.engine.cases.open(stranger, new("theirs", message_ids=ids[:1]))
    with pytest.raises(AccessError):
        made.engine.cases.open(stranger, new("theirs", task_id=task))
    with pytest.raises(AccessError):
        made.engine.cases.one(stranger, number)
    assert made.engine.cases.listing(stranger) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "  "},
        {"body": ""},
        {"body": "x" * (BODY_LENGTH + 1)},
        {"message_ids": tuple(range(1, MOST_MESSAGES + 2))},
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(made: World, changes: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.cases.open(made.owner, new("bad", **changes))
    assert caught.value.code == "invalid"


def test_cases_of_a_day_are_bounded(made: World) -> None:
    cases = made.engine.cases
    made.clock.move(hours=25)
    close_all(made)
    for number in range(MOST_A_DAY):
        cases.close(made.owner, cases.open(made.owner, new(f"again{number}")))
    with pytest.raises(StateError) as caught:
        cases.open(made.owner, new("one more of today"))
    assert caught.value.code == "cases_daily"
    made.clock.move(hours=25)


def test_open_cases_are_bounded(made: World) -> None:
    close_all(made)
    for number in range(MOST_OPEN):
        made.engine.cases.open(made.owner, new(f"many{number}"))
    with pytest.raises(StateError) as caught:
        made.engine.cases.open(made.owner, new("one more"))
    assert caught.value.code == "too_many_cases"
    close_all(made)


def test_staff_see_what_waits_longest_first(made: World, staff: Actor) -> None:
    close_all(made)
    first = made.engine.cases.open(made.owner, new("w1"))
    made.clock.move(seconds=5)
    second = made.engine.cases.open(made.owner, new("w2"))
    waiting = made.engine.cases.listing(staff, CaseState.OPEN.value)
    assert [row["id"] for row in waiting] == [first, second]


def test_old_notices_go(made: World) -> None:
    made.engine.cases.open(made.owner, new("old"))
    made.clock.move(hours=24 * 200)
    made.engine.notices.drop_old()
    assert raw(made, "select count(*) as n from notice") == [{"n": 0}]
