"""Every public call of the engine, by every role, with its own ids and with someone else's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.access import PUBLIC_ATTRIBUTE, ROLES_ATTRIBUTE
from engine.accounts import RegisterForm
from engine.accounts.limits import AccountLimits
from engine.accounts.sender_ids import SenderState
from engine.cases import About, NewCase
from engine.countries import SenderRule
from engine.drafts import DraftPage
from engine.errors import AccessError, ImsError
from engine.gateways import Inbound
from engine.history import RecordFilter
from engine.model import CUSTOMER_ROLES, HOUR_US, MICRO, OPERATOR_ROLES, Actor, Role, to_datetime
from engine.routes import EVERYWHERE, NewRoute
from engine.terms import FIRST_VERSION
from engine.topups import BankDetails
from tests.kit import World, au_mobiles, raw, settled, wait_until, world

PASSWORD = "a long password of ours"
SERVICES = (
    "accounts",
    "routes",
    "tasks",
    "topups",
    "history",
    "notices",
    "cases",
    "route_test",
    "contacts",
    "opt_outs",
    "templates",
    "team",
    "factors",
    "profile",
    "countries",
    "drafts",
    "desk",
    "sender_ids",
    "terms",
    "system",
    "columns",
    "inbox",
    "hooks",
)

PASSWORD = "a long password of ours"
INTERNAL = {
    "accounts.setup_token",  # the server's start makes the link
    "accounts.create_operator",  # the command line on the operator's own machine
    "accounts.ensure_account",  # same
    "notices.drop_old",  # a chore
    "hooks.sink_for",  # a route's gateway
    "tasks.place",  # a route's test, which has checked its actor
    "tasks.notice_due",  # same
    "routes.link",  # the command line on the operator's own machine
    "routes.trouble",  # same
    "route_test.send_as",  # the command line on the operator's own machine
    "topups.drop_orphans",  # same
    "profile.tell_low",  # same
    "drafts.drop_old",  # same
    "system.note_proof",  # the reconciliation tells what it found
    "system.note_size",  # a chore
    "system.back_up_when_due",  # a chore
    "inbox.sink_for",  # what gateways call
    "inbox.drop_old",  # a chore
}
"""Called by the program itself, never with what a person sent."""
COUNTRY: dict[str, object] = {
    "sender_rule": SenderRule.SHOWN, "quiet_from": 0, "quiet_to": 0, "weekend": frozenset(), "source": "test",
}  # fmt: skip


@dataclass
class Case:
    """A world with a victim account that has one of everything, and an actor of each role elsewhere."""

    world: World
    actors: dict[Role, Actor]
    victim: Actor
    victims_task: int
    victims_message: int
    victims_movement: int
    victims_case: int
    victims_list: int
    victims_contact: int
    victims_template: int
    victims_request: int
    victims_document: int
    victims_invitation: int
    victims_answer: int


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
    yield case_of(made, actors)
    engine.stop()


def case_of(made: World, actors: dict[Role, Actor]) -> Case:
    """Gives the world's owner one of everything."""
    engine = made.engine
    task = made.send(3)
    wait_until(lambda: settled(made, task))
    message = int(str(raw(made, "select min(id) as id from message")[0]["id"]))
    movement = int(str(raw(made, "select min(id) as id from ledger_tx")[0]["id"]))
    case_id = engine.cases.open(
        made.owner, NewCase(about=About.TASK, subject="Parcels late", body="Why?", key="v", task_id=task)
    )
    list_id = engine.contacts.create(made.owner, "Parcels")
    engine.contacts.import_file(made.owner, list_id, au_mobiles(1))
    contact = engine.contacts.page(made.owner, list_id).rows[0]["id"]
    template = engine.templates.save(made.owner, name="Parcels", text="Parcels").template_id
    engine.opt_outs.add(made.owner, "61412999999", note="Parcels")
    request = engine.topups.request(made.owner, 500 * MICRO, price_version=1, key="Parcels")
    document = engine.topups.upload(made.owner, request, name="Parcels.pdf", data=b"%PDF-1.7")
    engine.team.invite(made.owner, Role.SENDER)
    invitation = int(str(raw(made, "select max(id) as id from access_link")[0]["id"]))
    engine.inbox.sink_for(1)([Inbound("+61412000001", "Parcels", "Parcels?", made.clock.now_us(), "k")])
    answer = engine.inbox.page(made.owner).rows[0]["id"]
    return Case(
        made,
        actors,
        made.owner,
        victims_task=task,
        victims_message=message,
        victims_movement=movement,
        victims_case=case_id,
        victims_list=list_id,
        victims_contact=contact,
        victims_template=template,
        victims_request=request,
        victims_document=document,
        victims_invitation=invitation,
        victims_answer=answer,
    )


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
        tx.raw.execute(  # type: ignore[attr-defined] # quicker than an invitation
            "insert into member (id, account_id, user_name, email, full_name, role, status, password_hash, epoch,"
            " failures, locked_until_us, created_us)"
            " select $1, account_id, $2, $2, $2, $3, 'active', 'x', 1, 0, 0, 0 from member where id = $4",
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
        "accounts.name": ((), {}),
        "accounts.set_status": ((other, "active"), {}),
        "accounts.audit_log": ((), {"account_id": other}),
        "accounts.change_password": (("wrong password", "another long password"), {}),
        "accounts.sessions": ((), {}),
        "accounts.end_session": (("0" * 64,), {}),
        "accounts.end_other_sessions": ((), {"keep_token": None}),
        "team.members": ((other,), {}),
        "team.invitations": ((), {}),
        "team.invite": ((Role.ADMIN if actor.is_operator else Role.SENDER,), {}),
        "team.revoke": ((case.victims_invitation,), {}),
        "team.set_role": ((case.victim.user_id, Role.ADMIN if actor.is_operator else Role.SENDER), {}),
        "team.remove": ((case.victim.user_id,), {}),
        "team.reset_link": ((case.victim.user_id,), {}),
        "team.unlock": ((case.victim.user_id,), {}),
        "team.remove_factor": ((case.victim.user_id,), {}),
        "factors.state": ((), {}),
        "factors.begin": (("wrong password",), {}),
        "factors.finish": (("000000",), {}),
        "factors.turn_off": (("wrong password", "000000"), {}),
        "factors.renew_codes": (("wrong password", "000000"), {}),
        "profile.own": ((), {}),
        "profile.change": ((), {"full_name": "X", "email": "x@example.com", "password": "wrong password"}),
        "profile.set_own_zone": (("UTC",), {}),
        "profile.set_account_zone": (("UTC",), {}),
        "profile.set_alert": ((MICRO,), {}),
        "profile.usage": ((), {}),
        "routes.selectable": ((), {}),
        "routes.get": ((1,), {}),
        "routes.listing": ((), {}),
        "routes.add": ((NewRoute(name="New", gateway="sim://", prices={EVERYWHERE: MICRO}),), {}),
        "routes.set_prices": ((1, {EVERYWHERE: MICRO}), {}),
        "routes.set_enabled": ((1,), {"enabled": True}),
        "routes.edit": ((1, {"throughput": 0}), {}),
        "routes.withdraw_prices": ((1, 1), {}),
        "routes.price_versions": ((1,), {}),
        "routes.prices": ((1, 1), {}),
        "routes.health": ((), {}),
        "routes.code_entries": ((1,), {}),
        "routes.codes_seen": ((1,), {}),
        "routes.change_codes": ((1,), {"drop": ["err:001"]}),
        "hooks.address": ((1,), {}),
        "route_test.send": ((1, "61412345678"), {}),
        "route_test.outcome": ((case.victims_task,), {}),
        "tasks.preview": ((draft,), {}),
        "tasks.accept": ((own_preview,), {}),
        "tasks.accept_many": ((own_preview,), {}),
        "tasks.reach": ((draft.recipients, None), {}),
        "tasks.finishing": ((own_preview,), {}),
        "tasks.cancel": ((case.victims_task,), {}),
        "tasks.cancel_for": ((case.victims_task,), {"reason": "theirs"}),
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
        "topups.prices": ((), {}),
        "topups.bank": ((), {}),
        "topups.quote": ((), {"credits_micro": 500 * MICRO}),
        "topups.price_history": ((), {}),
        "topups.bank_history": ((), {}),
        "topups.set_prices": (("USD", [("1", "1")]), {"based_on": 0}),
        "topups.set_bank": ((BankDetails("Bank", "IMS", "1"),), {"based_on": -1}),
        "topups.request": ((500 * MICRO,), {"price_version": 1, "key": "own"}),
        "topups.requests": ((), {}),
        "topups.one_request": ((case.victims_request,), {}),
        "topups.waiting": ((), {}),
        "topups.withdraw": ((case.victims_request,), {}),
        "topups.approve": ((case.victims_request,), {}),
        "topups.reject": ((case.victims_request,), {"reason": "test"}),
        "topups.upload": ((case.victims_request,), {"name": "mine.pdf", "data": b"%PDF-1.7"}),
        "topups.document": ((case.victims_document,), {}),
        "history.balance": ((other,), {}),
        "history.tasks": ((theirs,), {}),
        "history.task": ((case.victims_task,), {}),
        "history.live": ((case.victims_task,), {}),
        "history.dispatches": ((theirs,), {}),
        "history.messages": ((theirs,), {}),
        "history.message": ((case.victims_message,), {}),
        "history.movements": ((theirs,), {}),
        "history.statement": ((0, 2**60), {"account_id": other}),
        "history.statement_totals": ((0, 2**60), {"account_id": other}),
        "history.statement_file": ((0, 2**60), {"fmt": "xlsx", "account_id": other}),
        "history.dashboard": ((0, 2**60), {"account_id": other}),
        "history.delivery_times": ((0, 2**60), {"account_id": other}),
        "history.forecast": ((), {"account_id": other}),
        "history.choices": ((), {"account_id": other}),
        "history.export_chart": (("days", 0, 2**60), {"account_id": other}),
        "history.export_messages": ((theirs,), {}),
        "history.export_tasks": ((theirs,), {}),
        "history.export_dispatches": ((theirs,), {}),
        "history.checks": ((case.victims_task,), {}),
        "columns.chosen": (("tasks",), {}),
        "columns.choose": (("tasks", ["Task"]), {}),
        "history.export_movements": ((theirs,), {}),
        "cases.open": ((NewCase(about=About.TASK, subject="s", body="b", key="k", task_id=case.victims_task),), {}),
        "cases.reply": ((case.victims_case, "test"), {"key": "k"}),
        "cases.close": ((case.victims_case,), {}),
        "cases.listing": ((), {}),
        "cases.of_account": ((other,), {}),
        "cases.one": ((case.victims_case,), {}),
        "countries.listing": ((), {}),
        "countries.one": (("AU",), {}),
        "countries.set": (("AU",), COUNTRY),
        "countries.reset": (("AU",), {}),
        "drafts.load": ((DraftPage.BULK,), {}),
        "drafts.save": ((DraftPage.BULK, {"name": "x"}), {}),
        "drafts.save_file": ((DraftPage.BULK, b"x"), {}),
        "drafts.discard": ((DraftPage.BULK,), {}),
        "drafts.own_number": ((), {}),
        "drafts.remember_number": (("+61412999999",), {}),
        "notices.listing": ((), {}),
        "notices.unread": ((), {}),
        "notices.mark_seen": ((1,), {}),
        "contacts.lists": ((), {}),
        "contacts.get": ((case.victims_list,), {}),
        "contacts.create": ((f"List of {actor.role}",), {}),
        "contacts.rename": ((case.victims_list, "Mine"), {}),
        "contacts.delete": ((case.victims_list,), {}),
        "contacts.import_file": ((case.victims_list, au_mobiles(1)), {}),
        "contacts.page": ((case.victims_list,), {}),
        "contacts.remove": ((case.victims_contact,), {}),
        "contacts.as_recipients": ((case.victims_list,), {}),
        "contacts.export": ((case.victims_list,), {}),
        "opt_outs.add": ((), {"message_id": case.victims_message}),
        "opt_outs.import_file": ((au_mobiles(1, start=9_000),), {}),
        "opt_outs.remove": ((61412999999,), {"reason": "test"}),
        "opt_outs.page": ((), {"search": "999999"}),
        "opt_outs.count": ((), {}),
        "opt_outs.screened": ((au_mobiles(1, start=9_000),), {}),
        "opt_outs.export": ((), {}),
        "templates.listing": ((), {}),
        "templates.get": ((case.victims_template,), {}),
        "templates.save": ((), {"name": "Mine", "text": "Mine", "template_id": case.victims_template}),
        "templates.rename": ((case.victims_template, "Mine"), {}),
        "templates.delete": ((case.victims_template,), {}),
        "desk.find": ((), {}),
        "desk.counts": ((), {}),
        "desk.limits": ((other,), {}),
        "desk.sms_of_day": ((other,), {}),
        "desk.set_limits": ((other, AccountLimits()), {"reason": "test"}),
        "desk.begin_view": ((other,), {}),
        "desk.viewer": ((other,), {}),
        "sender_ids.own": ((), {}),
        "sender_ids.request": (("Acme",), {}),
        "sender_ids.listing": ((), {}),
        "sender_ids.decide": ((1, SenderState.APPROVED), {}),
        "sender_ids.add": ((other, "Acme"), {"reason": "test"}),
        "terms.current": ((), {}),
        "terms.of": ((FIRST_VERSION,), {}),
        "terms.versions": ((), {}),
        "terms.publish": (("2099-01", "Terms. " * 50), {}),
        "system.overview": ((), {}),
        "system.jobs": ((), {}),
        "system.retry_job": ((1,), {}),
        "system.drop_job": ((1,), {}),
        "system.reconcile_now": ((), {}),
        "system.back_up_now": ((), {}),
        "system.backups": ((), {}),
        "system.audit": ((), {}),
        "system.export_audit": ((), {}),
        "system.audit_choices": ((), {}),
        "inbox.page": ((), {}),
        "inbox.unread": ((), {}),
        "inbox.conversation": ((case.victims_answer,), {}),
        "inbox.mark_read": ((case.victims_answer,), {}),
        "inbox.mark_unread": ((case.victims_answer,), {}),
        "inbox.mark_all_read": ((case.victims_answer,), {}),
        "inbox.opt_out": ((case.victims_answer,), {}),
        "inbox.assign": ((case.victims_answer, other), {}),
        "inbox.receiving": ((), {}),
        "inbox.export": ((), {}),
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
    "accounts.one", "tasks.cancel", "tasks.accept", "history.task", "history.live", "history.message", "cases.open",
    "cases.reply", "cases.close", "cases.one",
    "contacts.get", "contacts.rename", "contacts.delete", "contacts.import_file", "contacts.page", "contacts.remove",
    "contacts.as_recipients", "contacts.export", "opt_outs.add", "opt_outs.remove", "templates.get", "templates.save",
    "templates.rename", "templates.delete",
    "topups.one_request", "topups.withdraw", "topups.upload", "topups.document",
    "team.members", "team.revoke", "team.set_role", "team.remove", "team.reset_link", "team.unlock",
    "tasks.accept_many",
    "desk.limits", "desk.sms_of_day",
    "tasks.waiting", "tasks.pause", "tasks.resume", "tasks.reschedule", "tasks.edit_scheduled", "tasks.resend_counts",
    "tasks.resend_list", "tasks.copy_list", "history.checks",
    "inbox.conversation", "inbox.mark_read", "inbox.mark_unread", "inbox.opt_out",
}  # fmt: skip
"""Calls that name one thing of the victim's: a customer is told that there is no such thing."""

NOTHING_NAMED = {
    "accounts.change_password", "accounts.sessions", "accounts.end_session", "routes.selectable", "routes.get",
    "tasks.preview", "opt_outs.import_file", "opt_outs.screened", "opt_outs.export", "contacts.create",
    "topups.prices", "topups.quote",
    "accounts.end_other_sessions",
    "factors.state", "factors.begin", "factors.finish", "factors.turn_off", "factors.renew_codes", "profile.change",
    "sender_ids.own", "sender_ids.request", "terms.current", "terms.of",
    "columns.chosen", "columns.choose",
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
        "select b.*, t.state, t.delivered, t.cancelled, (select count(*) from task) as tasks, a.status, a.zone,"
        " (select max(state) from topup_request r where r.account_id = b.account_id) as request,"
        " (select count(*) from topup_document d where d.account_id = b.account_id) as documents,"
        " (select string_agg(m.role || m.status || m.epoch, ',') from member m where m.account_id = $1) as people,"
        " (select count(*) from access_link l where l.account_id = $1 and ended_us is null) as links,"
        " (select max(threshold_micro) from account_alert l where l.account_id = $1) as alert,"
        " (select count(*) from inbound i where i.account_id = $1 and unread) as unread,"
        " (select count(*) from opt_out o where o.account_id = $1) as opt_outs"
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
