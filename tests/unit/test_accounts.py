"""Accounts: set-up, registration, roles and ownership, on an in-memory database and a fake clock."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine.access import PUBLIC_ATTRIBUTE, ROLES_ATTRIBUTE
from engine.accounts import Accounts, RegisterForm, confirm, record_audit
from engine.accounts.passwords import matches
from engine.accounts.sessions import hash_of
from engine.config import Config
from engine.errors import AccessError, ImsError, InputError
from engine.model import Actor, Role
from engine.store import Store
from tests.kit import FAST, PASSWORD, code_of
from tests.unit.accounts_kit import AGENT, FakeClock, admin, form, owner, signed_in

INTERNAL = {"setup_token", "create_operator", "ensure_account"}
"""Called by the server's start and the command line only, where nobody is signed in."""


def test_a_fresh_database_needs_set_up_until_the_first_administrator_exists(accounts: Accounts) -> None:
    assert accounts.setup_needed()
    actor = admin(accounts)
    assert not accounts.setup_needed()
    assert actor.role is Role.ADMIN
    assert accounts.one(actor, actor.account_id)["kind"] == "operator"
    assert accounts.one(actor, actor.account_id)["name"] == "Operator Pty"


def test_the_set_up_link_works_once(accounts: Accounts) -> None:
    token = accounts.setup_token()
    accounts.create_first_admin(token, form("first"))
    assert code_of(lambda: accounts.create_first_admin(token, form("second"))) == "setup_done"
    assert code_of(accounts.setup_token) == "setup_done"


def test_only_the_newest_set_up_link_works_and_only_its_hash_is_stored(accounts: Accounts, store: Store) -> None:
    old, new = accounts.setup_token(), accounts.setup_token()
    assert code_of(lambda: accounts.create_first_admin(old, form())) == "setup_token"
    assert code_of(lambda: accounts.create_first_admin("", form())) == "setup_token"
    row = store.one("store.setting", "setup_token_hash")
    assert row is not None
    assert row["value"] == hash_of(new) != new


def test_a_refused_set_up_form_leaves_the_link_usable(accounts: Accounts) -> None:
    token = accounts.setup_token()
    assert code_of(lambda: accounts.create_first_admin(token, form(password="short"))) == "weak_password"
    accounts.create_first_admin(token, form())
    assert not accounts.setup_needed()


def test_two_people_opening_the_set_up_link_make_one_administrator(accounts: Accounts) -> None:
    token = accounts.setup_token()

    def attempt(name: str) -> str:
        try:
            accounts.create_first_admin(token, form(name))
        except AccessError as error:
            return error.code
        return "made"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, ["anna", "bert", "cleo", "dave"]))
    assert outcomes.count("made") == 1
    assert set(outcomes) <= {"made", "setup_done", "setup_token"}


def test_registering_makes_an_account_without_credit_and_its_owner(accounts: Accounts) -> None:
    actor = owner(accounts)
    account = accounts.one(actor, actor.account_id)
    assert actor.role is Role.OWNER
    assert actor.zone == "Australia/Sydney"
    assert (account["available_micro"], account["held_micro"], account["status"]) == (0, 0, "active")
    assert [line["action"] for line in accounts.audit_log(actor)] == ["registered"]


def test_the_browsers_zone_becomes_the_accounts(accounts: Accounts) -> None:
    accounts.register(form(zone="America/Lima"))
    assert signed_in(accounts)[1].zone == "America/Lima"


def test_names_are_trimmed_and_identities_compared_in_lower_case(accounts: Accounts) -> None:
    accounts.register(form(" Jane.Doe ", email=" Jane@Example.COM ", full_name="  Jane   Doe "))
    for typed in ("jane.doe", "JANE.DOE", "jane@example.com", " Jane@EXAMPLE.com"):
        assert signed_in(accounts, typed)[1].name == "Jane Doe"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"team": "  "}, "Team or company"),
        ({"full_name": "x" * 81}, "First and last name"),
        ({"full_name": "Jane\u202edoe"}, "First and last name"),
        ({"user_name": "jo"}, "User name"),
        ({"user_name": "jane@home"}, "User name"),
        ({"user_name": "józef"}, "User name"),
        ({"email": "jane"}, "E-mail"),
        ({"email": "jane@localhost"}, "E-mail"),
        ({"email": "a@b@example.com"}, "E-mail"),
        ({"password": "short"}, "Password"),
        ({"password": "é" * 37}, "Password"),
        ({"zone": "Mars/Olympus"}, "Time zone"),
    ],
)
def test_a_refused_form_names_its_field_and_leaves_nothing(
    accounts: Accounts, store: Store, change: dict[str, str], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        accounts.register(replace(form(), **change))
    assert caught.value.facts["field"] == field
    assert store.one("accounts.one", 1) is None


def test_a_form_with_several_faults_names_them_all_in_the_order_of_the_form(accounts: Accounts) -> None:
    with pytest.raises(InputError) as caught:
        accounts.register(replace(form(), team="", email="jane", user_name="a b", password="short", repeated="other"))
    fields = [line.partition(":")[0] for line in caught.value.message.splitlines()]
    assert fields[:3] == ["Team or company", "E-mail", "User name"]
    assert fields[3].startswith("The password needs at least")
    assert fields[4:] == ["Repeat password"]
    assert caught.value.facts["field"] == "Team or company"


@pytest.mark.parametrize(
    ("second", "field"),
    [(form("jane", email="other@example.com"), "User name"), (form("other", email="JANE@example.com"), "E-mail")],
)
def test_a_name_or_address_in_use_is_refused_by_field(accounts: Accounts, second: RegisterForm, field: str) -> None:
    accounts.register(form("jane"))
    with pytest.raises(InputError) as caught:
        accounts.register(second)
    assert (caught.value.code, caught.value.facts["field"]) == ("taken", field)


def test_of_many_registrations_with_one_address_at_once_exactly_one_succeeds(accounts: Accounts, store: Store) -> None:
    def attempt(number: int) -> str:
        try:
            accounts.register(form(f"user{number}", email="one@example.com"))
        except InputError as error:
            return error.code
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))
    assert sorted(outcomes) == ["made"] + ["taken"] * 15
    assert len(store.all("accounts.find", "", 50)) == 1


def test_new_accounts_wait_for_approval_when_staff_want_it(store: Store, clock: FakeClock, config: Config) -> None:
    accounts = Accounts(store, clock, replace(config, approve_accounts=True), password_cost=FAST)
    accounts.register(form())
    assert code_of(lambda: accounts.sign_in("jane", "wrong")) == "login_failed"
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "account_pending"
    staff = admin(accounts)
    account_id = accounts.find(staff, "jane")[0]["id"]
    accounts.set_status(staff, account_id, "active", note="checked")
    assert signed_in(accounts)[1].account_id == account_id


def actor_with(role: Role, account_id: int = 1) -> Actor:
    return Actor(1, account_id, role, "Someone")


def guarded() -> dict[str, frozenset[Role]]:
    return {
        name: getattr(method, ROLES_ATTRIBUTE)
        for name, method in inspect.getmembers(Accounts, inspect.isfunction)
        if hasattr(method, ROLES_ATTRIBUTE)
    }


def test_every_public_method_names_its_roles_or_is_called_before_sign_in() -> None:
    public = {name for name, _ in inspect.getmembers(Accounts, inspect.isfunction) if not name.startswith("_")}
    anonymous = {name for name in public if hasattr(getattr(Accounts, name), PUBLIC_ATTRIBUTE)}
    assert public == guarded().keys() | anonymous | INTERNAL
    assert anonymous == {
        *("setup_needed", "create_first_admin", "register", "sign_in", "redeem", "actor_of", "sign_out"),
        "credentials",
    }


ARGUMENTS: dict[str, tuple[object, ...]] = {
    "change_password": ("old", "new"),
    "end_session": ("0" * 64,),
    "one": (7,),
    "set_status": (7, "active"),
}
NAMED: dict[str, dict[str, object]] = {"end_other_sessions": {"keep_token": None}}
NOT_EVERYONE = {
    "audit_log": {Role.OWNER, Role.STAFF, Role.ADMIN},
    "find": {Role.STAFF, Role.ADMIN},
    "set_status": {Role.STAFF, Role.ADMIN},
}


@pytest.mark.parametrize("name", sorted(guarded()))
def test_each_role_is_let_in_or_refused_as_the_table_says(accounts: Accounts, name: str) -> None:
    def lets_in(role: Role) -> bool:
        try:
            getattr(accounts, name)(actor_with(role), *ARGUMENTS.get(name, ()), **NAMED.get(name, {}))
        except ImsError as error:
            return error.code != "forbidden"
        return True

    assert {role for role in Role if lets_in(role)} == NOT_EVERYONE.get(name, set(Role))


@pytest.mark.parametrize("nobody", [None, "admin", {"role": "admin"}])
def test_what_is_not_an_actor_is_refused(accounts: Accounts, nobody: object) -> None:
    for name in guarded():
        assert code_of(lambda name=name: getattr(accounts, name)(nobody)) == "forbidden"


def test_customers_see_their_own_account_only_and_operators_every_one(accounts: Accounts) -> None:
    jane, john, staff = owner(accounts, "jane"), owner(accounts, "john"), admin(accounts)
    assert code_of(lambda: accounts.one(jane, john.account_id)) == "not_found"
    assert code_of(lambda: accounts.audit_log(jane, account_id=john.account_id)) == "not_found"
    assert {line["account_id"] for line in accounts.audit_log(jane)} == {jane.account_id}
    assert {line["account_id"] for line in accounts.audit_log(staff)} >= {jane.account_id, john.account_id}
    assert [row["id"] for row in accounts.find(staff)] == [john.account_id, jane.account_id]
    assert [row["id"] for row in accounts.find(staff, "JANE@ex")] == [jane.account_id]
    assert accounts.find(staff, "%") == []


def test_the_audit_log_pages_downwards(accounts: Accounts) -> None:
    staff = admin(accounts)
    for number in range(5):
        accounts.register(form(f"user{number}"))
    first = accounts.audit_log(staff, limit=4)
    rest = accounts.audit_log(staff, after=first[-1]["id"])
    assert [line["id"] for line in first + rest] == [6, 5, 4, 3, 2, 1]


def test_suspending_an_account_ends_its_sessions_at_once_and_for_good(accounts: Accounts) -> None:
    accounts.register(form())
    token, jane = signed_in(accounts)
    staff = admin(accounts)
    ticket = accounts.sign_in("jane", PASSWORD)
    accounts.set_status(staff, jane.account_id, "suspended", note="unpaid")
    assert accounts.actor_of(token) is None
    assert code_of(lambda: accounts.redeem(ticket, AGENT)) == "account_suspended"
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "account_suspended"
    assert accounts.audit_log(staff, account_id=jane.account_id)[0]["detail"] == "unpaid"
    accounts.set_status(staff, jane.account_id, "active", note="paid")
    assert accounts.actor_of(token) is None
    assert signed_in(accounts)[1] == jane


def test_operators_cannot_lock_themselves_out(accounts: Accounts) -> None:
    staff = admin(accounts)
    assert code_of(lambda: accounts.set_status(staff, staff.account_id, "suspended", note="x")) == "not_found"
    assert code_of(lambda: accounts.set_status(staff, staff.account_id, "pending", note="x")) == "invalid"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"role": Role.STAFF}, "session_ended"),
        ({"account_id": 99}, "session_ended"),
        ({"user_id": 99}, "session_ended"),
    ],
)
def test_a_change_is_confirmed_against_the_rows_and_not_the_session(
    accounts: Accounts, store: Store, change: dict[str, object], code: str
) -> None:
    actor = owner(accounts)
    with store.transaction() as tx:
        confirm(tx, actor)
        assert code_of(lambda: confirm(tx, replace(actor, **change))) == code  # type: ignore[arg-type]


def test_a_suspended_account_confirms_nothing(accounts: Accounts, store: Store) -> None:
    actor = owner(accounts)
    accounts.set_status(admin(accounts), actor.account_id, "suspended", note="unpaid")
    with store.transaction() as tx:
        assert code_of(lambda: confirm(tx, actor)) == "account_suspended"


def test_an_audit_line_of_a_rolled_back_change_is_not_kept(accounts: Accounts, store: Store) -> None:
    actor = owner(accounts)

    def fails() -> None:
        with store.transaction() as tx:
            record_audit(tx, actor=actor, action="never", subject="x", detail="", now_us=1)
            raise AccessError("session_ended")

    assert code_of(fails) == "session_ended"
    assert "never" not in {line["action"] for line in accounts.audit_log(actor)}


def test_an_operator_made_on_the_command_line_shares_the_operators_account(accounts: Accounts) -> None:
    first = admin(accounts)
    accounts.create_operator("staff-1", "staff@example.com", PASSWORD, Role.STAFF)
    actor = signed_in(accounts, "staff-1")[1]
    assert (actor.role, actor.account_id) == (Role.STAFF, first.account_id)
    assert code_of(lambda: accounts.create_operator("x-1", "x@example.com", PASSWORD, Role.OWNER)) == "invalid"


def test_the_command_lines_account_is_made_once_and_nobody_can_sign_in_to_it(accounts: Accounts) -> None:
    made = accounts.ensure_account("cli")
    assert accounts.ensure_account("cli") == made
    assert made.role is Role.OWNER
    for typed in ("cli", "@cli", "cli@localhost"):
        assert code_of(lambda typed=typed: accounts.sign_in(typed, "!")) == "login_failed"


def test_a_customer_named_like_the_command_lines_account_is_another(accounts: Accounts) -> None:
    customer = owner(accounts, "cli")
    assert accounts.ensure_account("cli").account_id != customer.account_id


def test_credentials_come_in_the_words_of_the_sign_in_form(accounts: Accounts) -> None:
    accounts.register(form())
    found = accounts.credentials("JANE")
    assert found is not None
    assert found["roles"] == ["owner"]
    assert matches(PASSWORD, found["password"], FAST)
    assert accounts.credentials("nobody") is None
