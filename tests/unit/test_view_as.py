"""Staff who look at an account through its people's eyes read, and change nothing by any call there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.access import ROLES_ATTRIBUTE
from engine.errors import AccessError, ImsError
from engine.model import MICRO, Actor, Role
from tests.flow.test_access import arguments, case_of, public_calls
from tests.kit import World, audited, code_of, operator, raw, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, credit=1_000, started=False)
    yield made
    made.engine.stop()


@pytest.fixture
def staff(made: World) -> Actor:
    return operator(made, Role.STAFF)


def everything(made: World) -> list[list[dict[str, object]]]:
    """All rows but the clockwork's."""
    names = [str(row["name"]) for row in raw(made, "select table_name as name from information_schema.tables")]
    return [raw(made, f"select * from {name} order by all") for name in sorted(names) if name != "job"]


def test_no_call_of_the_engine_changes_anything_for_a_viewer(made: World, staff: Actor) -> None:
    made.engine.start()
    viewer = made.engine.desk.viewer(staff, made.owner.account_id)
    case = case_of(made, {Role.ANALYST: viewer})
    given = arguments(case, viewer)
    before = everything(made)
    for name, method in public_calls(made).items():
        if hasattr(method, ROLES_ATTRIBUTE):
            args, named = given[name]
            with suppress(ImsError):
                method(viewer, *args, **named)
    assert everything(made) == before


@pytest.mark.parametrize("role", list(Role))
def test_even_a_viewer_with_another_role_is_stopped_by_the_store(made: World, staff: Actor, role: Role) -> None:
    forged = Actor(made.owner.user_id, made.owner.account_id, role, "forged", viewing=True)
    assert code_of(lambda: made.engine.notices.mark_seen(forged, 1)) == "read_only"
    if role in {Role.OWNER, Role.SENDER}:
        assert code_of(lambda: made.engine.tasks.preview(forged, made.draft(1))) == "read_only"
    with pytest.raises(AccessError):
        made.engine.topups.credit(forged, made.owner.account_id, MICRO, reason="x", key="x")
    made.send(1)  # the thread's next call writes again


def test_a_viewer_sees_what_an_analyst_sees_of_that_account_only(made: World, staff: Actor) -> None:
    task = made.send(2)
    stranger = made.engine.accounts.ensure_account("stranger")
    viewer = made.engine.desk.begin_view(staff, made.owner.account_id)
    assert viewer.role is Role.ANALYST
    assert viewer.zone == made.owner.zone
    assert made.engine.history.task(viewer, task).row["id"] == task
    assert made.engine.history.balance(viewer) == made.engine.history.balance(made.owner)
    assert code_of(lambda: made.engine.history.balance(viewer, stranger.account_id)) == "not_found"
    assert code_of(lambda: made.engine.accounts.find(viewer)) == "forbidden"


def test_a_view_is_written_down_once_and_is_staffs_only(made: World, staff: Actor) -> None:
    desk, account = made.engine.desk, made.owner.account_id
    desk.begin_view(staff, account)
    desk.viewer(staff, account)
    lines = audited(made, "view_as")
    assert [(line["member_id"], line["account_id"]) for line in lines] == [(staff.user_id, account)]
    assert code_of(lambda: desk.viewer(made.owner, account)) == "forbidden"
    assert code_of(lambda: desk.viewer(staff, staff.account_id)) == "not_found"
    assert code_of(lambda: desk.begin_view(desk.viewer(staff, account), account)) == "forbidden"
