"""Limits of an account: at the quote, at acceptance, and when two acceptances come at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import recipients
from engine.accounts.limits import NO_LIMITS, AccountLimits, limits_of
from engine.errors import ImsError
from engine.model import MICRO, Actor, Role
from tests.kit import World, au_mobiles, audited, code_of, notices_of, operator, raw, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, credit=1_000, started=False)
    yield made
    made.engine.stop()


@pytest.fixture
def staff(made: World) -> Actor:
    return operator(made, Role.STAFF)


def limit(made: World, staff: Actor, **limits: object) -> None:
    made.engine.desk.set_limits(staff, made.owner.account_id, AccountLimits(**limits), reason="New customer")  # type: ignore[arg-type]


def test_staff_set_limits_with_a_reason_that_the_account_reads(made: World, staff: Actor) -> None:
    account = made.owner.account_id
    assert made.engine.desk.limits(made.owner) == NO_LIMITS
    assert code_of(lambda: made.engine.desk.set_limits(staff, account, AccountLimits(), reason=" ")) == "reason_missing"
    limit(
        made,
        staff,
        recipients=10,
        sms_a_day=20,
        task_micro=5 * MICRO,
        routes=frozenset({1}),
        countries=frozenset({"AU"}),
    )
    assert made.engine.desk.limits(made.owner).words() == (
        "recipients a task: 10, SMS a day: 20, credits a task: 5.00, routes: 1, countries: AU"
    )
    assert "New customer" in notices_of(made, account)[-1]
    assert len(audited(made, "limits")) == 1
    limit(made, staff)
    assert limits_of(made.store, account) == NO_LIMITS


@pytest.mark.parametrize("wrong", [{"recipients": 0}, {"sms_a_day": -1}, {"countries": frozenset({"XX"})}])
def test_limits_that_cannot_be_are_refused(made: World, staff: Actor, wrong: dict[str, object]) -> None:
    assert code_of(lambda: limit(made, staff, **wrong)) == "invalid"


def test_only_customer_accounts_have_limits(made: World, staff: Actor) -> None:
    wanted = AccountLimits(recipients=1)
    assert code_of(lambda: made.engine.desk.set_limits(staff, staff.account_id, wanted, reason="x")) == "not_found"
    assert code_of(lambda: made.engine.desk.limits(made.owner, staff.account_id)) == "not_found"


def test_a_task_above_the_limits_is_refused_at_the_quote_with_what_to_do(made: World, staff: Actor) -> None:
    limit(made, staff, recipients=3)
    made.send(3)
    with pytest.raises(ImsError, match="at most; this is 4") as caught:
        made.send(4)
    assert caught.value.code == "account_limit"
    limit(made, staff, task_micro=2 * MICRO)
    assert code_of(lambda: made.send(3)) == "account_limit"
    made.send(2)


def test_a_limit_set_after_the_quote_refuses_the_acceptance_and_holds_nothing(made: World, staff: Actor) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(5))
    for limits in ({"recipients": 4}, {"task_micro": MICRO}, {"sms_a_day": 4}, {"countries": frozenset({"NZ"})}):
        limit(made, staff, **limits)
        assert code_of(lambda: made.engine.tasks.accept(made.owner, preview)).startswith("account_")
    limit(made, staff, routes=frozenset())
    assert code_of(lambda: made.engine.tasks.accept(made.owner, preview)) == "route_closed"
    assert made.engine.history.balance(made.owner).held_micro == 0
    limit(made, staff)
    assert made.engine.tasks.accept(made.owner, preview) == made.engine.tasks.accept(made.owner, preview)


def test_acceptances_at_once_never_pass_the_limit_of_a_day(made: World, staff: Actor) -> None:
    limit(made, staff, sms_a_day=10)
    tasks = made.engine.tasks
    previews = [tasks.preview(made.owner, made.draft(3, recipients=au_mobiles(3, start=10 * n))) for n in range(8)]

    def accept(number: int) -> str:
        try:
            tasks.accept(made.owner, previews[number])
        except ImsError as error:
            return error.code
        return "accepted"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(accept, range(8)))
    assert answers == ["accepted"] * 3 + ["account_day_limit"] * 5
    assert raw(made, "select sum(sms)::bigint as sms from task")[0]["sms"] == 9
    assert made.engine.desk.sms_of_day(made.owner) == 9
    assert made.engine.reconcile().ok


def test_a_day_is_the_last_24_hours_whatever_zone_is_chosen(made: World, staff: Actor) -> None:
    limit(made, staff, sms_a_day=3)
    made.send(3)
    for hours, zone in ((1, "Etc/GMT-11"), (12, "Pacific/Kiritimati"), (10, "Etc/GMT+12")):
        made.clock.move(hours=hours)
        made.engine.profile.set_account_zone(made.owner, zone)
        assert code_of(lambda: made.send(1)) == "account_day_limit"
    made.clock.move(hours=1)
    made.send(3)


def test_rows_to_closed_countries_are_rejected_as_blocked(made: World, staff: Actor) -> None:
    limit(made, staff, countries=frozenset({"AU"}))
    mixed = recipients.read_numbers("61412345678, 6421345678")
    preview = made.engine.tasks.preview(made.owner, made.draft(recipients=mixed))
    assert preview.blocked["reason"].to_list() == ["blocked_country"]
    assert [line.country for line in preview.lines] == ["AU"]
    made.engine.tasks.accept(made.owner, preview)
    only = recipients.read_numbers("6421345678")
    assert code_of(lambda: made.send(recipients=only)) == "account_country"


def test_a_closed_route_is_hidden_and_refused_by_its_id(made: World, staff: Actor) -> None:
    other = made.add_route("Second", "sim://")
    limit(made, staff, routes=frozenset({other}))
    routes = made.engine.routes
    assert [route.id for route in routes.selectable(made.owner)] == [other]
    assert code_of(lambda: routes.get(made.owner, 1)) == "not_found"
    assert code_of(lambda: made.engine.tasks.preview(made.owner, made.draft(1))) == "route_closed"
    assert routes.get(staff, 1).id == 1
    made.send(1, route_id=other)


def test_accounts_are_found_by_name_id_and_status_in_pages(made: World, staff: Actor) -> None:
    desk, account = made.engine.desk, made.owner.account_id
    for name in ("anna", "bert", "carl", "dora"):
        made.engine.accounts.ensure_account(name)
    rows, after = desk.find(staff, limit=3)
    assert [len(rows), after] == [3, rows[-1]["id"]]
    rest, end = desk.find(staff, after=after, limit=3)
    assert {row["id"] for row in rows} & {row["id"] for row in rest} == set()
    assert end is None
    assert [row["id"] for row in desk.find(staff, str(account))[0]] == [account]
    assert desk.find(staff, status="suspended")[0] == []
    assert desk.counts(staff) == {"active": 5}
    assert code_of(lambda: desk.find(staff, status="no such")) == "invalid"
