"""The people of an account: invitations, roles, removal, new passwords, on an in-memory database and a fake clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine.accounts import Accounts, Team, attempts, confirm
from engine.accounts.attempts import PER_ADDRESS
from engine.accounts.sessions import FAILURES_ALLOWED
from engine.accounts.team import INVITE_US, MOST_OPEN, RESET_US
from engine.accounts.tokens import hash_of
from engine.config import Config
from engine.errors import ImsError
from engine.model import CUSTOMER_ROLES, HOUR_US, Actor, Role
from engine.notices import Notices
from engine.store import Store
from tests.kit import FAST, PASSWORD, code_of
from tests.unit.accounts_kit import AGENT, FakeClock, admin, form, owner, signed_in

NEW = "another green kettle"


@pytest.fixture
def team(store: Store, clock: FakeClock, config: Config) -> Team:
    return Team(store, clock, config, password_cost=FAST)


def joined(accounts: Accounts, team: Team, boss: Actor, name: str, role: Role = Role.SENDER) -> Actor:
    """Somebody who came by invitation and is signed in."""
    team.join(team.invite(boss, role).token, form(name))
    return signed_in(accounts, name)[1]


def test_an_invitation_makes_a_member_of_the_account_in_its_role_once(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.ANALYST, "  Ann,  accounting ")
    assert [(row["label"], row["role"]) for row in team.invitations(boss)] == [("Ann, accounting", "analyst")]
    shown = team.open_invitation(link.token)
    assert (shown.account_name, shown.role, shown.user_name) == ("Bakery", Role.ANALYST, "")
    team.join(link.token, form("ann", team="Somebody else's", zone="America/Lima"))
    ann = signed_in(accounts, "ann")[1]
    assert (ann.account_id, ann.role, ann.zone) == (boss.account_id, Role.ANALYST, boss.zone)
    assert team.invitations(boss) == []
    assert code_of(lambda: team.join(link.token, form("bob"))) == "link_invalid"
    assert code_of(lambda: team.open_invitation(link.token)) == "link_invalid"


def test_only_the_hash_of_a_link_is_stored(accounts: Accounts, team: Team, store: Store) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.SENDER)
    row = store.one("team.link", hash_of(link.token), 0)
    assert row is not None
    assert link.token not in repr(row) + repr(team.invitations(boss)) + repr(accounts.audit_log(boss))


def test_an_invitation_ends_after_seven_days(accounts: Accounts, team: Team, clock: FakeClock) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.SENDER)
    clock.us += INVITE_US - 1
    team.open_invitation(link.token)
    clock.us += 1
    assert code_of(lambda: team.join(link.token, form("ann"))) == "link_invalid"
    assert team.invitations(boss) == []


def test_a_withdrawn_invitation_is_void_and_only_ones_own_can_be_withdrawn(accounts: Accounts, team: Team) -> None:
    boss, stranger = owner(accounts), owner(accounts, "john")
    link = team.invite(boss, Role.SENDER)
    number = team.invitations(boss)[0]["id"]
    assert code_of(lambda: team.revoke(stranger, number)) == "not_found"
    team.revoke(boss, number)
    assert code_of(lambda: team.revoke(boss, number)) == "not_found"
    assert code_of(lambda: team.join(link.token, form("ann"))) == "link_invalid"


def test_at_most_twenty_invitations_are_open_even_when_made_at_once(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)

    def attempt(_: int) -> str:
        try:
            team.invite(boss, Role.SENDER)
        except ImsError as error:
            return error.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(MOST_OPEN + 6)))
    assert outcomes.count("made") == MOST_OPEN
    assert set(outcomes) == {"made", "too_many_links"}


def test_of_many_who_use_one_invitation_at_once_exactly_one_joins(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.SENDER)

    def attempt(number: int) -> str:
        try:
            team.join(link.token, form(f"user{number}"))
        except ImsError as error:
            return error.code
        return "joined"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(8)))
    assert outcomes == ["joined"] + ["link_invalid"] * 7
    assert len(team.members(boss)) == 2


def test_a_refused_form_leaves_the_invitation_usable(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.SENDER)
    assert code_of(lambda: team.join(link.token, form("ann", password="short"))) == "weak_password"
    assert code_of(lambda: team.join(link.token, form("jane"))) == "taken"
    team.join(link.token, form("ann"))


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "\ud800"])
def test_an_invented_link_is_refused_like_an_old_one(team: Team, token: str) -> None:
    assert code_of(lambda: team.open_invitation(token)) == "link_invalid"
    assert code_of(lambda: team.join(token, form())) == "link_invalid"
    assert code_of(lambda: team.reset_password(token, NEW)) == "link_invalid"


def test_a_link_of_one_kind_does_nothing_on_the_page_of_the_other(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann")
    invitation, reset = team.invite(boss, Role.SENDER), team.reset_link(boss, ann.user_id)
    assert code_of(lambda: team.reset_password(invitation.token, NEW)) == "link_invalid"
    assert code_of(lambda: team.join(reset.token, form("bob"))) == "link_invalid"


def test_nobody_joins_a_suspended_account(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    link = team.invite(boss, Role.SENDER)
    accounts.set_status(admin(accounts), boss.account_id, "suspended", note="unpaid")
    assert code_of(lambda: team.join(link.token, form("ann"))) == "link_invalid"


def test_each_side_invites_its_own_roles_only(accounts: Accounts, team: Team) -> None:
    boss, root = owner(accounts), admin(accounts)
    assert code_of(lambda: team.invite(boss, Role.ADMIN)) == "invalid"
    assert code_of(lambda: team.invite(root, Role.OWNER)) == "invalid"
    stan = joined(accounts, team, root, "stan", Role.STAFF)
    assert (stan.role, stan.account_id) == (Role.STAFF, root.account_id)
    assert code_of(lambda: team.invite(stan, Role.STAFF)) == "forbidden"


def test_a_new_role_counts_at_once_for_the_session_and_for_a_change_under_way(
    accounts: Accounts, team: Team, store: Store
) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann")
    token = signed_in(accounts, "ann")[0]
    team.set_role(boss, ann.user_id, Role.ANALYST)
    now = accounts.actor_of(token)
    assert now is not None
    assert now.role is Role.ANALYST
    with store.transaction() as tx:
        assert code_of(lambda: confirm(tx, ann)) == "session_ended"
        confirm(tx, now)


def test_removal_ends_sessions_tickets_and_sign_in_at_once_and_keeps_the_name_taken(
    accounts: Accounts, team: Team, store: Store
) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann")
    token, ticket = signed_in(accounts, "ann")[0], accounts.sign_in("ann", PASSWORD)
    team.remove(boss, ann.user_id)
    assert accounts.actor_of(token) is None
    assert code_of(lambda: accounts.redeem(ticket, AGENT)) == "login_failed"
    assert code_of(lambda: accounts.sign_in("ann", PASSWORD)) == "login_failed"
    with store.transaction() as tx:
        assert code_of(lambda: confirm(tx, ann)) == "session_ended"
    assert code_of(lambda: accounts.register(form("ann"))) == "taken"
    assert [row["user_name"] for row in team.members(boss)] == ["jane"]
    assert code_of(lambda: team.remove(boss, ann.user_id)) == "not_found"


def test_links_that_a_removed_or_demoted_owner_made_let_nobody_in(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    for act in (
        lambda who: team.remove(boss, who),
        lambda who: team.set_role(boss, who, Role.SENDER),
    ):
        name = f"second{len(team.members(boss))}{act.__code__.co_firstlineno}"
        second = joined(accounts, team, boss, name, Role.OWNER)
        back, taken_over = team.invite(second, Role.OWNER), team.reset_link(second, boss.user_id)
        act(second.user_id)
        assert code_of(lambda back=back: team.join(back.token, form("again"))) == "link_invalid"
        assert code_of(lambda link=taken_over: team.reset_password(link.token, NEW)) == "link_invalid"


def test_the_last_owner_cannot_leave_nor_become_less(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    joined(accounts, team, boss, "ann")
    assert code_of(lambda: team.remove(boss, boss.user_id)) == "last_owner"
    assert code_of(lambda: team.set_role(boss, boss.user_id, Role.SENDER)) == "last_owner"
    second = joined(accounts, team, boss, "bea", Role.OWNER)
    team.remove(second, boss.user_id)
    assert code_of(lambda: team.set_role(second, second.user_id, Role.ANALYST)) == "last_owner"
    root = admin(accounts)
    assert code_of(lambda: team.remove(root, root.user_id)) == "last_owner"


@pytest.mark.parametrize("demote", [True, False])
def test_owners_who_remove_each_other_at_once_leave_one(accounts: Accounts, team: Team, demote: bool) -> None:
    boss = owner(accounts)
    owners = [boss, *(joined(accounts, team, boss, f"owner{number}", Role.OWNER) for number in range(5))]

    def attempt(pair: tuple[Actor, Actor]) -> str:
        by, whom = pair
        try:
            if demote:
                team.set_role(by, whom.user_id, Role.SENDER)
            else:
                team.remove(by, whom.user_id)
        except ImsError as error:
            return error.code
        return "done"

    pairs = [(owners[index], owners[index - 1]) for index in range(len(owners))] * 2
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, pairs))
    left = {row["id"] for row in team.members(boss) if row["role"] == "owner"}
    assert left
    assert left <= {actor.user_id for actor in owners}


def test_a_reset_link_sets_a_new_password_once_and_ends_every_session(
    accounts: Accounts, team: Team, clock: FakeClock
) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann")
    token = signed_in(accounts, "ann")[0]
    old, link = team.reset_link(boss, ann.user_id), team.reset_link(boss, ann.user_id)
    assert code_of(lambda: team.open_reset(old.token)) == "link_invalid"
    assert accounts.actor_of(token) is not None
    assert team.open_reset(link.token).user_name == "ann"
    assert code_of(lambda: team.reset_password(link.token, "short")) == "weak_password"
    for _ in range(FAILURES_ALLOWED):
        code_of(lambda: accounts.sign_in("ann", "wrong"))
    team.reset_password(link.token, NEW)
    assert accounts.actor_of(token) is None
    assert code_of(lambda: accounts.sign_in("ann", PASSWORD)) == "login_failed"
    assert signed_in(accounts, "ann", NEW)[1] == ann
    assert code_of(lambda: team.reset_password(link.token, NEW)) == "link_invalid"
    late = team.reset_link(boss, ann.user_id)
    clock.us += RESET_US
    assert code_of(lambda: team.reset_password(late.token, NEW)) == "link_invalid"


@pytest.mark.parametrize("way", ["password", "sessions", "suspension"])
def test_a_reset_link_ends_when_its_member_or_staff_shut_the_door(accounts: Accounts, team: Team, way: str) -> None:
    boss, root = owner(accounts), admin(accounts)
    ann = joined(accounts, team, boss, "ann")
    link = team.reset_link(boss, ann.user_id)
    if way == "password":
        accounts.change_password(ann, PASSWORD, NEW, keep_token=None)
    elif way == "sessions":
        accounts.end_other_sessions(ann, keep_token=None)
    else:
        accounts.set_status(root, boss.account_id, "suspended", note="a test")
        accounts.set_status(root, boss.account_id, "active", note="a test")
    assert code_of(lambda: team.reset_password(link.token, "yet another green kettle")) == "link_invalid"


def test_staff_help_customers_but_only_admins_help_operators(accounts: Accounts, team: Team, store: Store) -> None:
    boss, root = owner(accounts), admin(accounts)
    stan = joined(accounts, team, root, "stan", Role.STAFF)
    link = team.reset_link(stan, boss.user_id)
    team.reset_password(link.token, NEW)
    signed_in(accounts, "jane", NEW)
    assert code_of(lambda: team.reset_link(stan, root.user_id)) == "not_found"
    assert code_of(lambda: team.unlock(stan, stan.user_id)) == "not_found"
    team.unlock(root, stan.user_id)
    assert code_of(lambda: team.set_role(root, boss.user_id, Role.STAFF)) == "not_found"
    assert code_of(lambda: team.remove(root, boss.user_id)) == "not_found"
    assert [row["user_name"] for row in team.members(stan, boss.account_id)] == ["jane"]
    said = Notices(store, FakeClock()).listing(boss)
    assert [row["sentence"] for row in said] == ["Staff made a link for a new password of Jane Doe (jane)."]
    actions = [line["action"] for line in accounts.audit_log(boss)]
    assert actions[:2] == ["password_reset", "reset_link_made"]


def test_unlocking_lets_the_right_password_in_again(accounts: Accounts, team: Team) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann")
    for _ in range(FAILURES_ALLOWED):
        code_of(lambda: accounts.sign_in("ann", "wrong"))
    assert [row["locked"] for row in team.members(boss)] == [False, True]
    team.unlock(boss, ann.user_id)
    assert signed_in(accounts, "ann")[1] == ann


def test_members_of_another_account_are_out_of_reach(accounts: Accounts, team: Team) -> None:
    boss, stranger = owner(accounts), owner(accounts, "john")
    for call in (
        lambda: team.members(boss, stranger.account_id),
        lambda: team.set_role(boss, stranger.user_id, Role.SENDER),
        lambda: team.remove(boss, stranger.user_id),
        lambda: team.reset_link(boss, stranger.user_id),
        lambda: team.unlock(boss, stranger.user_id),
    ):
        assert code_of(call) == "not_found"


@pytest.mark.parametrize("role", sorted(CUSTOMER_ROLES - {Role.OWNER}))
def test_only_owners_manage(accounts: Accounts, team: Team, role: Role) -> None:
    boss = owner(accounts)
    ann = joined(accounts, team, boss, "ann", role)
    assert len(team.members(ann)) == 2
    for call in (
        lambda: team.invite(ann, Role.SENDER),
        lambda: team.revoke(ann, 1),
        lambda: team.set_role(ann, ann.user_id, Role.OWNER),
        lambda: team.remove(ann, boss.user_id),
        lambda: team.reset_link(ann, boss.user_id),
    ):
        assert code_of(call) == "forbidden"
    forged = replace(ann, role=Role.OWNER)
    assert code_of(lambda: team.remove(forged, boss.user_id)) == "session_ended"


def test_registrations_of_one_address_are_limited_by_the_hour(accounts: Accounts, clock: FakeClock) -> None:
    clock.us -= clock.us % HOUR_US
    for number in range(PER_ADDRESS):
        accounts.register(form(f"user{number}"), address="8.8.8.8")
    clock.us += HOUR_US // 3
    with pytest.raises(ImsError, match="Wait 40 minutes"):
        accounts.register(form("sixth"), address="8.8.8.8")
    accounts.register(form("other"), address="8.8.4.4")
    clock.us += HOUR_US
    accounts.register(form("sixth"), address="8.8.8.8")


def test_all_registrations_together_are_limited_too(store: Store, clock: FakeClock, config: Config) -> None:
    accounts = Accounts(store, clock, replace(config, registrations_per_hour=3), password_cost=FAST)
    for number in range(3):
        accounts.register(form(f"user{number}"))
    assert code_of(lambda: accounts.register(form("fourth"))) == "too_many_attempts"
    again = Accounts(store, clock, replace(config, registrations_per_hour=3), password_cost=FAST)
    assert code_of(lambda: again.register(form("fourth"), address="8.8.4.4")) == "too_many_attempts"


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        (None, None),
        ("", None),
        ("nonsense", None),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("::1", None),
        ("8.8.8.8", "8.8.8.8"),
        ("2001:4860:4860::8888", "2001:4860:4860::/64"),
        ("2001:4860:4860::1%eth0", "2001:4860:4860::/64"),
    ],
)
def test_an_address_counts_as_the_client_it_stands_for(address: str | None, subject: str | None) -> None:
    assert attempts._subject(address) == subject
