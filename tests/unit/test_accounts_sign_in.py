"""Signing in and out: passwords, lockout, tickets, sessions, on an in-memory database and a fake clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accounts import Accounts
from engine.accounts.forms import email_of, user_name_of
from engine.accounts.passwords import check_policy, hash_password, matches
from engine.accounts.sessions import (
    FAILURES_ALLOWED,
    IDLE_US,
    LOCK_US,
    REMEMBERED_US,
    SESSION_US,
    TICKET_US,
    TOUCH_US,
    hash_of,
)
from engine.accounts.throttle import MOST_NAMES, UnknownNames
from engine.errors import AccessError, InputError
from engine.model import HOUR_US, MINUTE_US
from tests.kit import FAST, PASSWORD, code_of
from tests.unit.accounts_kit import AGENT, FakeClock, admin, form, owner, signed_in

COMMON = (
    *("", "Ab3$xyz", "password12", "P@ssw0rd2024", "1234567890", "9876543210", "qwertyuiop1", "aaaaaaaaaaaa"),
    *("passwordpassword", "jane.doe-2024", "abcabcabcabc", "welcome!2345"),
)


@pytest.mark.parametrize("password", COMMON)
def test_short_common_and_self_named_passwords_are_refused(password: str) -> None:
    assert code_of(lambda: check_policy(password, "jane.doe", "jd")) == "weak_password"


@pytest.mark.parametrize("password", [PASSWORD, "tr0ub4dor&3x", "дом у реки 7", "jd likes tea"])
def test_ordinary_long_passwords_pass(password: str) -> None:
    check_policy(password, "jane.doe", "jd")
    assert matches(password, hash_password(password, FAST), FAST)


@given(st.text(max_size=90))
def test_any_text_can_be_tried_as_a_password_and_is_wrong(typed: str) -> None:
    assert not matches(typed, "!", FAST)
    assert not matches(typed, None, FAST)


def test_accents_typed_apart_are_the_same_password() -> None:
    assert matches("cafe\u0301 au lait", hash_password("caf\u00e9 au lait", FAST), FAST)


def test_what_bcrypt_would_cut_off_still_counts() -> None:
    assert not matches("x" * 73, hash_password("x" * 72, FAST), FAST)


@given(st.text(max_size=40))
def test_a_user_name_is_never_an_address(typed: str) -> None:
    try:
        name = user_name_of(typed)
    except InputError:
        return
    assert user_name_of(name) == name
    assert code_of(lambda: email_of(name)) == "invalid"


def test_unknown_names_and_wrong_passwords_get_equal_text_at_every_attempt(accounts: Accounts) -> None:
    accounts.register(form("jane"))

    def texts(name: str) -> list[str]:
        found: list[str] = []
        for _ in range(FAILURES_ALLOWED + 2):
            with pytest.raises(AccessError) as caught:
                accounts.sign_in(name, "wrong password")
            found.append(str(caught.value))
        return found

    assert texts("jane") == texts("nobody") == texts("nobody@example.com")


def test_the_fifth_failure_locks_even_the_right_password_for_15_minutes(accounts: Accounts, clock: FakeClock) -> None:
    accounts.register(form())
    codes = [code_of(lambda: accounts.sign_in("jane", "wrong")) for _ in range(FAILURES_ALLOWED)]
    assert codes == ["login_failed"] * (FAILURES_ALLOWED - 1) + ["login_locked"]
    clock.us += LOCK_US - 1
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "login_locked"
    clock.us += 1
    assert signed_in(accounts)[1].name == "Jane Doe"


def test_the_lock_says_how_many_minutes_remain(accounts: Accounts, clock: FakeClock) -> None:
    for _ in range(FAILURES_ALLOWED):
        code_of(lambda: accounts.sign_in("nobody", "wrong"))
    clock.us += 3 * MINUTE_US
    with pytest.raises(AccessError, match="Wait 12 minutes"):
        accounts.sign_in("nobody", "wrong")


def test_a_success_forgets_earlier_failures(accounts: Accounts) -> None:
    accounts.register(form())
    for _ in range(3):
        for _ in range(FAILURES_ALLOWED - 1):
            assert code_of(lambda: accounts.sign_in("jane", "wrong")) == "login_failed"
        signed_in(accounts)


def test_failures_of_another_name_or_session_do_not_matter_but_of_the_row_do(accounts: Accounts) -> None:
    accounts.register(form("jane"))
    accounts.register(form("john"))
    for typed in ("jane", "JANE", "jane@example.com", " jane", "Jane@example.com"):
        code_of(lambda typed=typed: accounts.sign_in(typed, "wrong"))
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "login_locked"
    assert signed_in(accounts, "john")[1].name == "Jane Doe"


def test_guesses_made_in_parallel_are_all_counted(accounts: Accounts) -> None:
    accounts.register(form())
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: code_of(lambda: accounts.sign_in("jane", "wrong")), range(20)))
    assert codes.count("login_failed") == FAILURES_ALLOWED - 1
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "login_locked"


def test_a_lock_is_written_to_the_accounts_audit_log(accounts: Accounts) -> None:
    account_id = owner(accounts).account_id
    for _ in range(FAILURES_ALLOWED):
        code_of(lambda: accounts.sign_in("jane", "wrong", AGENT))
    lines = accounts.audit_log(admin(accounts), account_id=account_id)
    assert [(line["action"], line["detail"]) for line in lines[:1]] == [("sign_in_locked", AGENT)]


def test_remembered_unknown_names_are_bounded() -> None:
    names = UnknownNames(2, LOCK_US)
    for number in range(MOST_NAMES + 10):
        assert names.count_failure(f"name{number}", 0) == 0
    assert names.count_failure("name0", 0) == 0
    assert names.count_failure(f"name{MOST_NAMES + 9}", 0) == LOCK_US


def test_a_ticket_works_once(accounts: Accounts) -> None:
    accounts.register(form())
    ticket = accounts.sign_in("jane", PASSWORD)
    assert accounts.actor_of(accounts.redeem(ticket, AGENT)) is not None
    assert code_of(lambda: accounts.redeem(ticket, AGENT)) == "login_failed"


def test_a_ticket_lasts_30_seconds(accounts: Accounts, clock: FakeClock) -> None:
    accounts.register(form())
    late, in_time = accounts.sign_in("jane", PASSWORD), accounts.sign_in("jane", PASSWORD)
    clock.us += TICKET_US - 1
    assert accounts.redeem(in_time, AGENT)
    clock.us += 1
    assert code_of(lambda: accounts.redeem(late, AGENT)) == "login_failed"


def test_one_ticket_redeemed_in_parallel_makes_one_session(accounts: Accounts) -> None:
    accounts.register(form())
    ticket = accounts.sign_in("jane", PASSWORD)

    def attempt(_: int) -> bool:
        try:
            return bool(accounts.redeem(ticket, AGENT))
        except AccessError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_no_token_or_ticket_is_stored_in_plain(accounts: Accounts) -> None:
    accounts.register(form())
    token, actor = signed_in(accounts)
    rows = accounts.sessions(actor, current_token=token)
    assert [(row["token_hash"], row["agent"], row["current"]) for row in rows] == [(hash_of(token), AGENT, True)]


@pytest.mark.parametrize("token", [None, "", "invented", "x" * 5_000, "\ud800"])
def test_a_token_that_was_never_given_is_nobody(accounts: Accounts, token: str | None) -> None:
    assert accounts.actor_of(token) is None
    accounts.sign_out(token)


def test_a_session_unused_for_12_hours_has_ended(accounts: Accounts, clock: FakeClock) -> None:
    accounts.register(form())
    token, _ = signed_in(accounts)
    clock.us += IDLE_US
    assert accounts.actor_of(token) is None


def test_a_session_in_use_lives_for_7_days_and_no_longer(accounts: Accounts, clock: FakeClock) -> None:
    accounts.register(form())
    token, _ = signed_in(accounts)
    begun = clock.us
    while clock.us + 11 * HOUR_US < begun + SESSION_US:
        clock.us += 11 * HOUR_US
        assert accounts.actor_of(token) is not None
    clock.us = begun + SESSION_US
    assert accounts.actor_of(token) is None


def test_a_rerun_writes_the_last_use_only_now_and_then(accounts: Accounts, clock: FakeClock) -> None:
    accounts.register(form())
    token, actor = signed_in(accounts)
    begun = clock.us
    clock.us += TOUCH_US - 1
    accounts.actor_of(token)
    assert accounts.sessions(actor)[0]["seen_us"] == begun
    clock.us += REMEMBERED_US
    accounts.actor_of(token)
    assert accounts.sessions(actor)[0]["seen_us"] == clock.us


def test_signing_out_ends_the_session_for_every_tab(accounts: Accounts) -> None:
    accounts.register(form())
    token, _ = signed_in(accounts)
    other, _ = signed_in(accounts)
    accounts.sign_out(token)
    assert accounts.actor_of(token) is None
    assert accounts.actor_of(other) is not None


def test_a_new_password_ends_every_other_session_and_open_tickets(accounts: Accounts) -> None:
    accounts.register(form())
    mine, actor = signed_in(accounts)
    other, _ = signed_in(accounts)
    ticket = accounts.sign_in("jane", PASSWORD)
    accounts.change_password(actor, PASSWORD, "another green kettle", keep_token=mine)
    assert accounts.actor_of(mine) == actor
    assert accounts.actor_of(other) is None
    assert code_of(lambda: accounts.redeem(ticket, AGENT)) == "login_failed"
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "login_failed"
    assert signed_in(accounts, "jane", "another green kettle")[1] == actor


def test_without_a_kept_token_a_new_password_ends_all_sessions(accounts: Accounts) -> None:
    accounts.register(form())
    token, actor = signed_in(accounts)
    accounts.change_password(actor, PASSWORD, "another green kettle")
    assert accounts.actor_of(token) is None


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", "another green kettle", "Current password"),
        (PASSWORD, PASSWORD, "Password"),
        (PASSWORD, "x", "Password"),
    ],
)
def test_a_refused_password_change_names_the_field(accounts: Accounts, old: str, new: str, field: str) -> None:
    actor = owner(accounts)
    with pytest.raises(InputError) as caught:
        accounts.change_password(actor, old, new)
    assert caught.value.facts["field"] == field


def test_the_current_password_cannot_be_guessed_from_an_open_session(accounts: Accounts) -> None:
    actor = owner(accounts)
    codes = [code_of(lambda: accounts.change_password(actor, "wrong", "new green kettle")) for _ in range(5)]
    assert codes[-1] == "login_locked"
    assert code_of(lambda: accounts.change_password(actor, PASSWORD, "new green kettle")) == "login_locked"


def test_a_member_can_end_a_session_of_another_browser_but_of_nobody_else(accounts: Accounts) -> None:
    accounts.register(form("jane"))
    accounts.register(form("john"))
    mine, jane = signed_in(accounts, "jane")
    johns, john = signed_in(accounts, "john")
    assert code_of(lambda: accounts.end_session(jane, hash_of(johns))) == "not_found"
    assert accounts.actor_of(johns) == john
    accounts.end_session(jane, hash_of(mine))
    assert accounts.actor_of(mine) is None


def test_names_that_nobody_can_have_are_not_remembered(accounts: Accounts) -> None:
    for number in range(FAILURES_ALLOWED + 1):
        assert code_of(lambda number=number: accounts.sign_in(f"{number}" + "x" * 255, "!")) == "login_failed"
    assert not accounts._unknown._names


@pytest.mark.parametrize("zone", ["Factory", "localtime"])
def test_a_file_that_names_no_zone_is_no_zone(accounts: Accounts, zone: str) -> None:
    assert code_of(lambda: accounts.register(replace(form("zoned"), zone=zone))) == "invalid"
