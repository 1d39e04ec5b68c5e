"""Routes: every property is checked, changes are audited, secrets stay hidden, and the desk is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from engine import routes
from engine.content import ContentRules
from engine.errors import AccessError, ImsError, InputError, StateError
from engine.gateways import Link, LinkWord
from engine.gateways.addresses import check_address, keep_secrets
from engine.model import MICRO, Actor, ChargeOn, CountRule, Role
from engine.routes import EVERYWHERE, NewRoute, RouteChanges
from engine.routes.health import error_words, state_of
from tests.kit import World, operator, raw, settled, wait_until, world

SECRET = "s3cret"
A_ROUTE = routes.Route(
    id=1, name="Premium", gateway="sim://", supports_sender=False, sender_max=10, charge_on=ChargeOn.DELIVERED,
    count_rule=CountRule.MISSION, rules=ContentRules(), countries=None, throughput=0, batch=1, enabled=True,
    is_default=False, price_version=1, prices={EVERYWHERE: MICRO}, down_since_us=None, last_error=None,
)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made)


def new(**changes: Any) -> NewRoute:
    return NewRoute(**({"name": "Premium", "gateway": "sim://", "prices": {EVERYWHERE: MICRO}} | changes))


def audits(made: World, action: str) -> list[str]:
    return [str(row["detail"]) for row in raw(made, "select detail from audit where action = $1 order by id", action)]


def notices(made: World) -> list[str]:
    return [str(row["sentence"]) for row in raw(made, "select sentence from notice where kind = 'route' order by id")]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("Route name", {"name": " "}),
        ("Route name", {"name": "x" * 41}),
        ("Route name", {"name": "a\nb"}),
        ("Route name", {"name": "SIMULATOR"}),
        ("Longest sender ID", {"sender_max": 12}),
        ("Longest sender ID", {"sender_max": 2}),
        ("Throughput", {"throughput": -1}),
        ("Throughput", {"throughput": 100_001}),
        ("Batch", {"batch": 0}),
        ("Batch", {"batch": 5_001}),
        ("Countries", {"countries": frozenset()}),
        ("Countries", {"countries": frozenset({"AU", "XX"})}),
        ("Countries", {"countries": frozenset({"CN"})}),
        ("Blocked words", {"rules": ContentRules(words=("x" * 61,))}),
    ],
)
def test_a_wrong_property_is_named_and_nothing_is_written(
    made: World, admin: Actor, field: str, changes: dict[str, Any]
) -> None:
    route_id = made.engine.routes.add(admin, new())
    before = routes.load(made.store, route_id)
    with pytest.raises(InputError) as caught:
        made.engine.routes.edit(admin, route_id, cast("RouteChanges", changes | {"charge_on": ChargeOn.ACCEPTED}))
    assert caught.value.facts["field"] == field
    assert routes.load(made.store, route_id) == before
    assert not audits(made, "route_edited")


def test_an_edit_changes_what_is_named_and_is_audited_from_and_to(made: World, admin: Actor) -> None:
    route_id = made.engine.routes.add(admin, new())
    made.engine.routes.edit(admin, route_id, RouteChanges(throughput=50))
    after = made.engine.routes.edit(
        admin,
        route_id,
        RouteChanges(
            name="Premium",
            count_rule=CountRule.CARRIER,
            countries=frozenset({"NZ", "AU"}),
            rules=ContentRules(block_emoji=False, words=("casino",)),
        ),
    )
    assert (after.throughput, after.count_rule, after.countries) == (50, CountRule.CARRIER, frozenset({"AU", "NZ"}))
    assert audits(made, "route_edited") == [
        "Throughput: 0 → 50",
        "Counting rule: 160 → carrier; Countries: everywhere → AU, NZ; "
        "Content rules: block emoji yes → no, blocked “casino”",
    ]
    made.engine.routes.edit(admin, route_id, RouteChanges(throughput=50))
    assert len(audits(made, "route_edited")) == 2  # nothing changed, nothing said


def test_there_is_always_one_open_default_route(made: World, admin: Actor) -> None:
    first = routes.find(made.store, None)
    second = made.engine.routes.add(admin, new(enabled=False))
    refused: list[tuple[int, RouteChanges]] = [
        (first.id, RouteChanges(enabled=False)),
        (first.id, RouteChanges(is_default=False)),
        (second, RouteChanges(is_default=True)),
    ]
    for route_id, changes in refused:
        with pytest.raises(StateError) as caught:
            made.engine.routes.edit(admin, route_id, changes)
        assert caught.value.code == "route_default"
    made.engine.routes.edit(admin, second, RouteChanges(is_default=True, enabled=True))
    assert [route.id for route in routes.load_all(made.store) if route.is_default] == [second]
    made.engine.routes.set_enabled(admin, first.id, enabled=False)
    assert [route.id for route in made.engine.routes.selectable(made.owner)] == [second]


def test_a_running_task_keeps_what_it_was_accepted_with(made: World, admin: Actor) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(3, content="x" * 170))
    made.engine.routes.edit(
        admin, preview.route.id, RouteChanges(count_rule=CountRule.CARRIER, charge_on=ChargeOn.ACCEPTED, name="Other")
    )
    task = made.engine.tasks.accept(made.owner, preview)
    wait_until(lambda: settled(made, task))
    row = made.row(task)
    assert (row["count_rule"], row["charge_on"], row["charged_micro"]) == ("160", "delivered", 6 * MICRO)


def test_another_address_is_used_for_what_is_still_to_be_sent(made: World, admin: Actor) -> None:
    route = routes.find(made.store, None)
    first = made.send(2)
    wait_until(lambda: settled(made, first))
    made.engine.routes.edit(admin, route.id, RouteChanges(gateway="sim://?fail=1"))
    second = made.send(2)
    wait_until(lambda: settled(made, second))
    assert made.row(second)["failed"] == 2


@pytest.mark.parametrize(
    "url",
    [
        "sim://?journal=/tmp/x",
        "sim://?fail=0.1&journal=x",
        "sim://?JOURNAL=x",
        "sim://?%6aournal=x",
        "sim://?a=1;journal=x",
    ],
)
def test_an_option_that_touches_files_is_refused_in_the_browser(made: World, admin: Actor, url: str) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.routes.add(admin, new(gateway=url))
    assert caught.value.code == "gateway_url"
    route_id = made.engine.routes.add(admin, new())
    with pytest.raises(InputError):
        made.engine.routes.edit(admin, route_id, RouteChanges(gateway=url))


def test_the_command_line_may_keep_a_journal_and_the_browser_leaves_it_alone(
    made: World, admin: Actor, tmp_path: Path
) -> None:
    url = f"sim://?journal={tmp_path / 'j'}"
    route_id = made.add_route("Test", url)
    made.engine.routes.edit(admin, route_id, RouteChanges(gateway=url, throughput=5))
    assert routes.load(made.store, route_id).gateway == url


CURRENT = f"smpp://ims:{SECRET}@host:2775?tps=100&api_key={SECRET}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("smpp://ims:***@host:2775?tps=100&api_key=***", CURRENT),
        ("smpp://ims:***@host:2775?tps=50&api_key=***", CURRENT.replace("100", "50")),
        ("smpp://ims:***@host:2775?api_key=***&tps=100", f"smpp://ims:{SECRET}@host:2775?api_key={SECRET}&tps=100"),
        ("smpp://ims:***@host:2775", f"smpp://ims:{SECRET}@host:2775"),
        ("smpp://ims:***@host:2775?api_key=new", f"smpp://ims:{SECRET}@host:2775?api_key=new"),
        ("smpp://ims:new@other?tps=1", "smpp://ims:new@other?tps=1"),
    ],
)
def test_a_hidden_secret_that_is_left_stays(typed: str, meant: str) -> None:
    assert keep_secrets(typed, CURRENT) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "smpp://ims:***@evil:2775?tps=100&api_key=***",
        "smpp://other:***@host:2775",
        "smpp://ims:***@host:2776",
        "smpp://ims:new@evil?api_key=***",
        "smpp://ims:***@host:2775?token=***",
        "smpp://ims:***@host:2775?api_key=***&api_key=***",
    ],
)
def test_a_hidden_secret_never_goes_to_another_place(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        keep_secrets(typed, CURRENT)
    assert caught.value.facts["field"] == "Gateway address"


def test_an_address_that_cannot_be_used_is_refused_without_its_secret() -> None:
    with pytest.raises(InputError) as caught:
        check_address(f"ftp://me:{SECRET}@host")
    assert SECRET not in caught.value.message


def test_the_audit_log_holds_no_secret(made: World, admin: Actor) -> None:
    route_id = made.engine.routes.add(admin, new())
    with made.store.transaction() as tx:
        cast("Any", tx).raw.execute("update route set gateway = $1 where id = $2", [CURRENT, route_id])
    made.engine.routes.edit(admin, route_id, RouteChanges(gateway="sim://"))
    (line,) = audits(made, "route_edited")
    assert SECRET not in line
    assert "ims:***@host" in line


def test_nothing_about_gateways_reaches_customers(made: World, admin: Actor) -> None:
    route_id = made.engine.routes.add(admin, new())
    with made.store.transaction() as tx:
        cast("Any", tx).raw.execute("update route set gateway = $1 where id = $2", [CURRENT, route_id])
        routes.mark_down(tx, route_id, f"cannot reach {CURRENT}", made.clock.now_us())
    shown = [*made.engine.routes.selectable(made.owner), made.engine.routes.get(made.owner, route_id)]
    assert {route.display_name for route in shown} >= {"Premium · 1.00 credit/SMS"}
    for word in ("smpp", "host", "sim://", SECRET):
        assert word not in repr(shown)
    for call in (made.engine.routes.listing, made.engine.routes.health):
        with pytest.raises(AccessError):
            call(made.owner)


def test_the_desk_is_told_once_when_a_route_goes_down_and_once_when_it_is_up(made: World) -> None:
    route = routes.find(made.store, None)
    for _ in range(3):
        with made.store.transaction() as tx:
            routes.mark_down(tx, route.id, "connection refused", made.clock.now_us())
    for _ in range(2):
        with made.store.transaction() as tx:
            routes.mark_up(tx, route.id, made.clock.now_us())
    down, up = notices(made)
    assert "“Simulator” is down" in down
    assert "connection refused" in down
    assert "up again" in up


def test_the_desk_is_told_once_when_another_route_takes_over_and_once_when_it_gives_back(made: World) -> None:
    spare = made.add_route("Spare", "sim://")
    with made.store.transaction() as tx:
        routes.take_over(tx, 1, "it is down", made.clock.now_us())  # nobody is named: nothing happens
    assert routes.load(made.store, 1).taken_over_us is None
    with made.store.transaction() as tx:
        cast("Any", tx).raw.execute("update route set takeover_id = $1 where id = 1", [spare])
    began_us = made.clock.now_us()
    for why in ("it was down for 60 s", "another reason", "x"):
        with made.store.transaction() as tx:
            routes.take_over(tx, 1, why, made.clock.now_us())
    route = routes.load(made.store, 1)
    assert (route.takeover_id, route.taken_over_why) == (spare, "it was down for 60 s")
    assert route.taken_over_us is not None
    assert route.taken_over_us >= began_us
    for _ in range(2):
        with made.store.transaction() as tx:
            routes.give_back(tx, 1, made.clock.now_us())
    assert notices(made) == [
        "Route “Spare” takes over for “Simulator”: it was down for 60 s.",
        "Route “Simulator” sends itself again; nobody stands in for it.",
    ]
    assert routes.load(made.store, 1).taken_over_us is None


def test_a_removed_administrator_changes_nothing(made: World, admin: Actor) -> None:
    with made.store.transaction() as tx:
        cast("Any", tx).raw.execute("update member set status = 'removed' where id = $1", [admin.user_id])
    calls = [
        lambda: made.engine.routes.add(admin, new()),
        lambda: made.engine.routes.edit(admin, 1, RouteChanges(throughput=1)),
        lambda: made.engine.routes.set_prices(admin, 1, {EVERYWHERE: 1}),
        lambda: made.engine.route_test.send(admin, 1, "61412345678"),
    ]
    for call in calls:
        with pytest.raises(AccessError):
            call()
    assert [route.name for route in routes.load_all(made.store)] == ["Simulator"]


# --- Health ----------------------------------------------------------------------------------------------------------


def test_health_adds_up_after_a_run_with_failures(tmp_path: Path) -> None:
    made = world(tmp_path, gateway="sim://?fail=0.3&lost=0.1&seed=5&receipt_ms=50")
    try:
        task = made.send(400)
        wait_until(lambda: int(str(made.row(task)["delivered"])) + int(str(made.row(task)["failed"])) > 300)
        wait_until(lambda: made.row(task)["state"] == "sent" and not raw(made, "select id from receipt_inbox"))
        row = made.row(task)
        (health,) = made.engine.routes.health(operator(made, Role.STAFF))
        assert health.state == "up"
        assert (health.queued, health.in_flight) == (0, 0)
        assert (health.hour.delivered, health.hour.failed) == (row["delivered"], row["failed"])
        assert health.day == health.hour
        assert health.outstanding == 400 - health.hour.total > 0
        assert health.parts_last_minute == 400
        assert health.receipts_sampled == health.hour.total
        assert health.delay_p50_us is not None
        assert 0 <= health.delay_p50_us <= int(str(health.delay_p95_us)) < 20_000_000
        assert health.oldest_us is not None
    finally:
        made.engine.stop()


def test_health_of_a_route_that_is_down_says_why_and_what_waits(tmp_path: Path) -> None:
    made = world(tmp_path, gateway="sim://?down_for_ms=600000")
    try:
        made.send(5, content="x" * 170)
        wait_until(lambda: bool(notices(made)))
        (health,) = made.engine.routes.health(operator(made, Role.STAFF))
        assert health.state == "down"
        assert "simulated operator is down" in health.error
        assert (health.queued + health.in_flight, health.queued_parts + health.in_flight_parts) == (5, 10)
        assert (health.hour.total, health.outstanding, health.parts_last_minute) == (0, 0, 0)
        assert health.delay_p50_us is None
        assert notices(made)[0].startswith("Route “Simulator” is down.")
    finally:
        made.engine.stop()


def test_the_meters_forget_after_a_minute() -> None:
    now = [0.0]
    meters = routes.RouteMeters(lambda: now[0])
    meters.submitting(1, 10, 20)
    assert (meters.read(1).in_flight, meters.read(1).in_flight_parts) == (10, 20)
    meters.submitted(1, parts=18, slowed=1)
    now[0] = 59.0
    assert (meters.read(1).parts, meters.read(1).slowed, meters.read(1).in_flight) == (18, 1, 0)
    now[0] = 61.0
    assert meters.read(1).parts == 0
    assert meters.read(2).parts == 0


def test_the_meters_know_the_connection_of_an_open_gateway_only() -> None:
    meters = routes.RouteMeters()
    assert meters.link(1) is None
    meters.watch(1, lambda: Link(LinkWord.OPEN, bound=2, binds=3))
    assert meters.link(1) == Link(LinkWord.OPEN, bound=2, binds=3)
    meters.watch(1, None)
    assert meters.link(1) is None


def test_a_refused_login_is_remembered_until_it_is_tried_again() -> None:
    meters, refused = routes.RouteMeters(), Link(LinkWord.REFUSED, "invalid password")
    meters.watch(1, lambda: refused)
    meters.watch(1, None)
    assert meters.link(1) == refused
    meters.watch(1, lambda: Link(LinkWord.CONNECTING))
    assert meters.link(1) == Link(LinkWord.CONNECTING)
    meters.watch(1, None)
    assert meters.link(1) is None


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (None, "not connected"),
        (Link(LinkWord.OPEN), "ready"),
        (
            Link(LinkWord.OPEN, bound=2, binds=3, in_window=1200),
            "connected, 2 of 3 binds, 1,200 parts await their answer",
        ),
        (Link(LinkWord.OPEN, "timed out.", bound=1, binds=1), "connected, 1 of 1 binds; last trouble: timed out"),
        (Link(LinkWord.CONNECTING, binds=1), "connecting"),
        (Link(LinkWord.DOWN, "no route to host", binds=1), "not connected: no route to host"),
        (Link(LinkWord.REFUSED, "invalid password", binds=1), "login refused: invalid password"),
        (Link(LinkWord.REFUSED, "the operator refused the login: 0x0E x", binds=1), "login refused: 0x0E x"),
    ],
)
def test_a_connection_is_told_in_plain_words(link: Link | None, words: str) -> None:
    assert routes.link_words(link) == words


@pytest.mark.parametrize(
    ("link", "down", "state", "said"),
    [
        (None, None, "up", ""),
        (Link(LinkWord.OPEN, bound=1, binds=2), None, "up", ""),
        (Link(LinkWord.CONNECTING, binds=2), None, "connecting", ""),
        (
            Link(LinkWord.DOWN, "connection refused", binds=1),
            None,
            "down",
            "refuses the connection: connection refused.",
        ),
        (None, "no route to host", "down", "no route to host. Messages wait"),
        (Link(LinkWord.OPEN), "no route to host", "down", "no route to host. Messages wait"),
        (
            Link(LinkWord.REFUSED, "invalid password", binds=1),
            "x",
            "refused",
            "let us in: invalid password. Correct",
        ),
        (Link(LinkWord.REFUSED), "invalid password", "refused", "let us in: invalid password. Correct"),
    ],
)
def test_the_state_of_a_route_is_what_is_known_of_it(
    link: Link | None, down: str | None, state: str, said: str
) -> None:
    route = replace(A_ROUTE, down_since_us=None if down is None else 1, last_error=down)
    found = state_of(route, link)
    assert found == state
    assert said in error_words(route, link, found, "")
    assert bool(said) == bool(error_words(route, link, found, ""))


def test_health_names_who_sends_in_whose_place(made: World, admin: Actor) -> None:
    spare, third = made.add_route("Spare", "sim://?seed=2", supports_sender=True), made.add_route("Third", "sim://")
    made.engine.routes.edit(admin, 1, RouteChanges(takeover_id=spare, takeover_after_s=30))
    with made.store.transaction() as tx:
        routes.mark_down(tx, 1, "connection refused", made.clock.now_us())
        routes.take_over(tx, 1, "it was down for 30 s", made.clock.now_us())
    first, second, other = made.engine.routes.health(admin)
    assert (first.taken_over_by, second.stands_in_for) == ("Spare", ("Simulator",))
    assert "“Spare” carries its messages meanwhile" in first.error
    assert (second.taken_over_by, other.taken_over_by, other.stands_in_for) == ("", "", ())
    assert other.route.id == third


def test_what_another_gateway_carried_is_its_success(made: World) -> None:
    spare, tasks = made.add_route("Spare", "sim://?seed=2"), (made.send(3), made.send(2))
    wait_until(lambda: all(settled(made, task) for task in tasks))
    with made.store.transaction() as tx:
        cast("Any", tx).raw.execute("update dispatch set carrier_id = $1 where task_id = $2", [spare, tasks[1]])
    first, second = made.engine.routes.health(operator(made, Role.STAFF))
    assert (first.hour.delivered, second.hour.delivered) == (3, 2)
    assert (first.receipts_sampled, second.receipts_sampled) == (3, 2)


# --- Test messages ---------------------------------------------------------------------------------------------------


def test_a_test_message_is_free_and_audited_and_goes_over_a_closed_route(made: World, admin: Actor) -> None:
    route_id = made.engine.routes.add(admin, new(enabled=False, prices={EVERYWHERE: 9 * MICRO}, supports_sender=True))
    before = raw(made, "select * from account_balance order by account_id")
    staff = operator(made, Role.STAFF)
    task = made.engine.route_test.send(staff, route_id, "+61 412 345 678", sender="Bakery", text="It works")
    wait_until(lambda: made.engine.route_test.outcome(staff, task).settled)
    outcome = made.engine.route_test.outcome(staff, task)
    assert (outcome.state, outcome.number) == ("delivered", "+61412345678")
    assert outcome.provider_ref
    assert raw(made, "select * from account_balance order by account_id") == before
    assert audits(made, "route_tested") == [f"“Premium” to +61412345678, task {task}"]
    assert made.engine.reconcile().ok
    assert made.row(task)["account_id"] == staff.account_id


def test_a_test_message_fails_in_words(made: World, admin: Actor) -> None:
    task = made.engine.route_test.send(admin, 1, "61412349902")
    wait_until(lambda: made.engine.route_test.outcome(admin, task).settled)
    assert made.engine.route_test.outcome(admin, task).reason == "invalid_number"


@pytest.mark.parametrize("number", ["", "1234", "61298765432", "8613800138000", "61412345678, 61412345679"])
def test_only_one_number_that_can_be_sent_to_is_tested(made: World, admin: Actor, number: str) -> None:
    with pytest.raises(InputError):
        made.engine.route_test.send(admin, 1, number)
    assert not raw(made, "select id from task")


def test_tests_of_all_operators_are_limited_by_the_minute(made: World, admin: Actor) -> None:
    sent = 0
    with pytest.raises(ImsError) as caught:
        for _ in range(100):
            made.engine.route_test.send(admin, 1, "61412345678")
            sent += 1
    assert (caught.value.code, sent) == ("too_many_tests", 10)
    made.clock.move(seconds=61)
    made.engine.route_test.send(operator(made, Role.STAFF), 1, "61412345678")


def test_the_outcome_of_a_customers_task_is_not_shown_as_a_test(made: World, admin: Actor) -> None:
    with pytest.raises(AccessError):
        made.engine.route_test.outcome(admin, made.send(1))
