"""Every public call of the engine, by every role, with its own ids and with someone else's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.access import PUBLIC_ATTRIBUTE, ROLES_ATTRIBUTE
from engine.accounts import RegisterForm
from engine.errors import AccessError, ImsError
from engine.history import RecordFilter
from engine.model import CUSTOMER_ROLES, HOUR_US, MICRO, OPERATOR_ROLES, Actor, Role, to_datetime
from engine.routes import EVERYWHERE, NewRoute
from tests.kit import World, au_mobiles, raw, settled, wait_until, world

PASSWORD = "a long password of ours"
SERVICES = ("accounts", "routes", "tasks", "topups", "history", "notices", "columns")
INTERNAL = {
    "accounts.setup_token",  # the server's start makes the link
    "accounts.create_operator",  # the command line on the operator's own machine
    "accounts.ensure_account",  # same
    "notices.drop_old",  # a chore
}
"""Called by the program itself, never with what a person sent."""


@dataclass
class Case:
    """A world with a victim account that has one of everything, and an actor of each role elsewhere."""

    world: World
    actors: dict[Role, Actor]
    victim: Actor
    victims_task: int
    victims_message: int
    victims_movement: int


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    made = world(Path(tmp_path_factory.mktemp("access")))
    engine = made.engine
    form = RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD)
    engine.accounts.create_first_admin(engine.accounts.setup_token(), form)
    engine.accounts.create_operator("stan.staff", "stan@example.com", PASSWORD, Role.STAFF)
    engine.accounts.register(RegisterForm("Bakery", "Jo", "jo.baker", "jo@example.com", PASSWORD))
    admin, staff, owner = (signed_in(made, name) for name in ("ada", "stan.staff", "jo.baker"))
    actors = {Role.ADMIN: admin, Role.STAFF: staff, Role.OWNER: owner}
    for role in (Role.SENDER, Role.ANALYST):
        actors[role] = member(made, owner, role)
    task = made.send(3)
    wait_until(lambda: settled(made, task))
    message = int(str(raw(made, "select min(id) as id from message")[0]["id"]))
    movement = int(str(raw(made, "select min(id) as id from ledger_tx")[0]["id"]))
    yield Case(made, actors, made.owner, task, message, movement)
    engine.stop()


def signed_in(made: World, name: str) -> Actor:
    accounts = made.engine.accounts
    actor = accounts.actor_of(accounts.redeem(accounts.sign_in(name, PASSWORD), "test"))
    assert actor is not None
    return actor


def member(made: World, owner: Actor, role: Role) -> Actor:
    """Another member of the owner's account."""
    with made.store.transaction() as tx:
        user_id = tx.reserve("member")
        name = f"{role.value}@{user_id}"
        tx.raw.execute(  # type: ignore[attr-defined] # inviting members is a later page
            "insert into member select $1, account_id, $2, $2, $2, $3, 'active', 'x', 1, 0, 0, 0, null"
            " from member where id = $4",
            [user_id, name, role.value, owner.user_id],
        )
    return replace(owner, user_id=user_id, role=role)


def public_calls(made: World) -> dict[str, Callable[..., object]]:
    found: dict[str, Callable[..., object]] = {}
    for service in SERVICES:
        owner = getattr(made.engine, service)
        for name, method in inspect.getmembers(owner, callable):
            if not name.startswith("_"):
                found[f"{service}.{name}"] = method
    return found


def arguments(case: Case, actor: Actor) -> dict[str, tuple[tuple[object, ...], dict[str, object]]]:
    """How each call is made against the victim's ids (or, where none are named, against everything)."""
    tasks, other = case.world.engine.tasks, case.victim.account_id
    draft = case.world.draft(recipients=au_mobiles(1))
    theirs = RecordFilter(account_id=other)
    own_preview = tasks.preview(case.victim, draft)
    return {
        "accounts.find": ((), {}),
        "accounts.one": ((other,), {}),
        "accounts.set_status": ((other, "active"), {}),
        "accounts.audit_log": ((), {"account_id": other}),
        "accounts.change_password": (("wrong password", "another long password"), {}),
        "accounts.sessions": ((), {}),
        "accounts.end_session": (("0" * 64,), {}),
        "routes.selectable": ((), {}),
        "routes.get": ((1,), {}),
        "routes.listing": ((), {}),
        "routes.add": ((NewRoute(name="New", gateway="sim://", prices={EVERYWHERE: MICRO}),), {}),
        "routes.set_prices": ((1, {EVERYWHERE: MICRO}), {}),
        "routes.set_enabled": ((1,), {"enabled": True}),
        "tasks.preview": ((draft,), {}),
        "tasks.accept": ((own_preview,), {}),
        "tasks.cancel": ((case.victims_task,), {}),
        "tasks.waiting": ((case.victims_task,), {}),
        "tasks.pause": ((case.victims_task,), {}),
        "tasks.resume": ((case.victims_task,), {}),
        "tasks.reschedule": ((case.victims_task, to_datetime(case.world.clock.now_us() + HOUR_US)), {}),
        "tasks.edit_scheduled": ((case.victims_task,), {"name": "Theirs"}),
        "tasks.resend_counts": ((case.victims_task,), {}),
        "tasks.resend_list": ((case.victims_task, "failed"), {}),
        "tasks.copy_list": ((case.victims_task,), {}),
        "topups.credit": ((other, MICRO), {"reason": "test", "key": f"k{actor.role}"}),
        "topups.reverse": ((case.victims_movement,), {"reason": "test", "key": f"r{actor.role}"}),
        "history.balance": ((other,), {}),
        "history.tasks": ((theirs,), {}),
        "history.task": ((case.victims_task,), {}),
        "history.live": ((case.victims_task,), {}),
        "history.dispatches": ((theirs,), {}),
        "history.messages": ((theirs,), {}),
        "history.message": ((case.victims_message,), {}),
        "history.movements": ((theirs,), {}),
        "history.statement": ((0, 2**60), {"account_id": other}),
        "history.dashboard": ((0, 2**60), {"account_id": other}),
        "history.delivery_times": ((0, 2**60), {"account_id": other}),
        "history.export_messages": ((theirs,), {}),
        "history.export_tasks": ((theirs,), {}),
        "history.export_dispatches": ((theirs,), {}),
        "history.choices": ((other,), {}),
        "history.checks": ((case.victims_task,), {}),
        "columns.chosen": (("tasks",), {}),
        "columns.choose": (("tasks", ["Task"]), {}),
        "history.export_movements": ((theirs,), {}),
        "notices.listing": ((), {}),
        "notices.unread": ((), {}),
        "notices.mark_seen": ((1,), {}),
    }


def test_every_public_call_names_its_roles_or_needs_no_actor(case: Case) -> None:
    for name, method in public_calls(case.world).items():
        marked = hasattr(method, ROLES_ATTRIBUTE) or hasattr(method, PUBLIC_ATTRIBUTE)
        assert marked != (name in INTERNAL), f"{name} says not who may call it"


def test_every_call_with_an_actor_is_tried_here(case: Case) -> None:
    with_roles = {name for name, method in public_calls(case.world).items() if hasattr(method, ROLES_ATTRIBUTE)}
    assert with_roles == set(arguments(case, case.victim))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_is_not_named_is_refused_before_anything_happens(case: Case, role: Role) -> None:
    actor = case.actors[role]
    given = arguments(case, actor)
    for name, method in public_calls(case.world).items():
        allowed = getattr(method, ROLES_ATTRIBUTE, None)
        if allowed is not None and role not in allowed:
            args, named = given[name]
            with pytest.raises(AccessError) as caught:
                method(actor, *args, **named)
            assert caught.value.code == "forbidden", name


OWN_ONLY = {
    "accounts.one", "tasks.cancel", "tasks.accept", "history.task", "history.live", "history.message",
    "tasks.waiting", "tasks.pause", "tasks.resume", "tasks.reschedule", "tasks.edit_scheduled", "tasks.resend_counts",
    "tasks.resend_list", "tasks.copy_list", "history.checks",
}  # fmt: skip
"""Calls that name one thing of the victim's: a customer is told that there is no such thing."""

NOTHING_NAMED = {
    "accounts.change_password", "accounts.sessions", "accounts.end_session", "routes.selectable", "routes.get",
    "tasks.preview", "columns.chosen", "columns.choose",
}  # fmt: skip
"""Calls about the actor's own things, or about what is public to every role."""


@pytest.mark.parametrize("role", sorted(CUSTOMER_ROLES))
def test_someone_elses_ids_show_and_change_nothing(case: Case, role: Role) -> None:
    actor = case.actors[role]
    given = arguments(case, actor)
    before = fingerprint(case)
    for name, method in public_calls(case.world).items():
        answer: object = None
        allowed = getattr(method, ROLES_ATTRIBUTE, frozenset())
        if role not in allowed or name in NOTHING_NAMED:
            continue
        args, named = given[name]
        try:
            answer = method(actor, *args, **named)
            refused = ""
        except ImsError as error:
            refused = error.code
        if refused:
            assert refused in {"not_found", "quote_unknown"}, name
            continue
        assert name not in OWN_ONLY, f"{name} gave {role} what belongs to another account"
        assert not shows_victim(case, answer), f"{name} shows {role} what belongs to another account"
    assert fingerprint(case) == before


def shows_victim(case: Case, answer: object) -> bool:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else repr(answer)
    return "61412" in text or "Parcels" in text or str(10_000 * MICRO) in text


def fingerprint(case: Case) -> list[dict[str, object]]:
    """What the victim has; no call of a stranger may change it."""
    return raw(
        case.world,
        "select b.*, t.state, t.delivered, t.cancelled, (select count(*) from task) as tasks, a.status"
        " from account_balance b join task t on t.account_id = b.account_id join account a on a.id = b.account_id"
        " where b.account_id = $1 order by t.id",
        case.victim.account_id,
    )


@pytest.mark.parametrize("role", sorted(OPERATOR_ROLES))
def test_operators_see_every_account(case: Case, role: Role) -> None:
    actor = case.actors[role]
    assert case.world.engine.history.task(actor, case.victims_task).row["delivered"] == 3
    rows = case.world.engine.history.messages(actor, RecordFilter(account_id=case.victim.account_id)).rows
    assert len(rows) == 3


@pytest.mark.parametrize("forged", [None, "owner", object(), 1])
def test_what_is_not_an_actor_is_refused(case: Case, forged: object) -> None:
    given = arguments(case, case.victim)
    for name, method in public_calls(case.world).items():
        if hasattr(method, ROLES_ATTRIBUTE):
            args, named = given[name]
            with pytest.raises(AccessError):
                method(forged, *args, **named)
