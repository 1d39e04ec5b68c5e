"""The second step of sign-in: set-up, codes that count once, recovery codes, who must have one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pyotp.totp import TOTP

from engine.accounts import Accounts, Factors, Profile, Team
from engine.accounts.proof import FAILURES_ALLOWED, LOCK_US
from engine.accounts.sessions import CHALLENGE_US
from engine.accounts.totp import RECOVERY_CODES, STEP_S, Vault, new_recovery_codes, plain, step_of
from engine.config import Config
from engine.errors import ImsError, SettingError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, SECOND_US, Actor, Role
from engine.notices import Notices
from engine.store import Store
from tests.kit import FAST, PASSWORD, code_of
from tests.unit.accounts_kit import AGENT, FakeClock, admin, owner, signed_in

STEP_US = STEP_S * SECOND_US
NEW = "another green kettle"


@pytest.fixture
def factors(store: Store, clock: FakeClock, config: Config) -> Factors:
    return Factors(store, clock, config, password_cost=FAST)


def code_at(secret: str, clock: FakeClock, *, steps: int = 0) -> str:
    return TOTP(secret).generate_otp(clock.us // STEP_US + steps)


def switched_on(
    factors: Factors, clock: FakeClock, actor: Actor, *, keep_token: str | None = None
) -> tuple[str, list[str]]:
    """The secret and the recovery codes; the clock stands at the next step."""
    secret = factors.begin(actor, PASSWORD).secret
    codes = factors.finish(actor, code_at(secret, clock), keep_token=keep_token)
    clock.us += STEP_US
    return secret, codes


def test_set_up_counts_once_the_first_code_was_right(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    assert code_of(lambda: factors.begin(jane, "wrong")) == "invalid"
    first = factors.begin(jane, PASSWORD)
    setup = factors.begin(jane, PASSWORD)
    assert setup.address == f"otpauth://totp/IMS:jane?secret={setup.secret}&issuer=IMS"
    assert code_of(lambda: factors.finish(jane, code_at(first.secret, clock))) == "invalid"
    assert not factors.state(jane).on
    signed_in(accounts)
    codes = factors.finish(jane, f" {code_at(setup.secret, clock)[:3]} {code_at(setup.secret, clock)[3:]}")
    assert len(set(codes)) == RECOVERY_CODES
    state = factors.state(jane)
    assert (state.since_us, state.codes_left, state.required) == (clock.us, RECOVERY_CODES, False)
    assert code_of(lambda: factors.begin(jane, PASSWORD)) == "factor_on"
    assert code_of(lambda: factors.finish(jane, "000000")) == "factor_on"


def test_an_unfinished_set_up_is_void_after_an_hour(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    assert code_of(lambda: factors.finish(jane, "000000")) == "factor_expired"
    secret = factors.begin(jane, PASSWORD).secret
    clock.us += 3_600 * SECOND_US
    assert code_of(lambda: factors.finish(jane, code_at(secret, clock))) == "factor_expired"


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(
    accounts: Accounts, factors: Factors, store: Store, clock: FakeClock
) -> None:
    jane = owner(accounts)
    secret, codes = switched_on(factors, clock, jane)
    kept = repr(store.one("factors.secret", jane.user_id)) + repr(accounts.audit_log(jane))
    with store.transaction() as tx:
        kept += repr(tx.raw.execute("select * from recovery_code").fetchall())  # type: ignore[attr-defined]
    assert secret not in kept
    assert not any(code in kept or plain(code) in kept for code in codes)


def test_a_password_alone_opens_no_session_once_the_second_step_is_on(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    jane = owner(accounts)
    early = accounts.sign_in("jane", PASSWORD)
    secret, _ = switched_on(factors, clock, jane)
    assert code_of(lambda: accounts.redeem(early, AGENT)) == "login_failed"
    challenge = accounts.sign_in("jane", PASSWORD)
    assert factors.awaits_code(challenge)
    assert code_of(lambda: accounts.redeem(challenge, AGENT)) == "login_failed"
    ticket = factors.pass_code(challenge, code_at(secret, clock), AGENT)
    assert not factors.awaits_code(ticket)
    assert accounts.actor_of(accounts.redeem(ticket, AGENT)) == jane
    assert code_of(lambda: factors.pass_code(challenge, code_at(secret, clock, steps=1))) == "factor_expired"


def test_without_a_second_step_nothing_is_asked(accounts: Accounts, factors: Factors) -> None:
    owner(accounts)
    assert not factors.awaits_code(accounts.sign_in("jane", PASSWORD))
    assert not factors.awaits_code("invented")
    assert code_of(lambda: factors.pass_code("invented", "000000")) == "factor_expired"


def test_a_code_counts_once_even_at_the_same_moment(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    secret, _ = switched_on(factors, clock, owner(accounts))
    code = code_at(secret, clock)
    challenges = [accounts.sign_in("jane", PASSWORD) for _ in range(4)]

    def attempt(challenge: str) -> str:
        try:
            factors.pass_code(challenge, code)
        except ImsError as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, challenges))
    assert outcomes == ["factor_wrong"] * 3 + ["in"]


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_half_a_minute_off_is_understood(
    accounts: Accounts, factors: Factors, clock: FakeClock, steps: int, right: bool
) -> None:
    secret, _ = switched_on(factors, clock, owner(accounts))
    clock.us += 10 * STEP_US
    challenge = accounts.sign_in("jane", PASSWORD)
    code = code_at(secret, clock, steps=steps)
    if right:
        assert factors.pass_code(challenge, code)
    else:
        assert code_of(lambda: factors.pass_code(challenge, code)) == "factor_wrong"


def test_no_code_of_an_earlier_step_counts_after_a_later_one(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    secret, _ = switched_on(factors, clock, owner(accounts))
    factors.pass_code(accounts.sign_in("jane", PASSWORD), code_at(secret, clock, steps=1))
    challenge = accounts.sign_in("jane", PASSWORD)
    assert code_of(lambda: factors.pass_code(challenge, code_at(secret, clock))) == "factor_wrong"
    clock.us += 2 * STEP_US
    assert factors.pass_code(challenge, code_at(secret, clock))


def test_the_code_that_finished_set_up_does_not_sign_in(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    secret = factors.begin(jane := owner(accounts), PASSWORD).secret
    code = code_at(secret, clock)
    factors.finish(jane, code)
    assert code_of(lambda: factors.pass_code(accounts.sign_in("jane", PASSWORD), code)) == "factor_wrong"


def test_wrong_codes_lock_like_wrong_passwords_and_the_password_does_not_reset_the_count(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    secret, _ = switched_on(factors, clock, owner(accounts))
    wrong = next(f"{n:06d}" for n in range(9) if step_of(secret, f"{n:06d}", now_us=clock.us, after=0) is None)
    earlier = accounts.sign_in("jane", PASSWORD)
    for attempt in range(1, FAILURES_ALLOWED + 1):
        challenge = accounts.sign_in("jane", PASSWORD)
        expected = "login_locked" if attempt == FAILURES_ALLOWED else "factor_wrong"
        assert code_of(lambda given=challenge: factors.pass_code(given, wrong)) == expected
    assert code_of(lambda: factors.pass_code(earlier, code_at(secret, clock))) == "login_locked"
    assert code_of(lambda: accounts.sign_in("jane", PASSWORD)) == "login_locked"
    clock.us += LOCK_US
    assert factors.pass_code(accounts.sign_in("jane", PASSWORD), code_at(secret, clock))


def test_a_challenge_ends_after_five_minutes_and_with_a_new_password(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    jane = owner(accounts)
    secret, _ = switched_on(factors, clock, jane)
    late = accounts.sign_in("jane", PASSWORD)
    clock.us += CHALLENGE_US
    assert code_of(lambda: factors.pass_code(late, code_at(secret, clock))) == "factor_expired"
    stolen = accounts.sign_in("jane", PASSWORD)
    accounts.change_password(jane, PASSWORD, NEW)
    assert code_of(lambda: factors.pass_code(stolen, code_at(secret, clock))) == "factor_expired"
    assert factors.pass_code(accounts.sign_in("jane", NEW), code_at(secret, clock))


def test_each_recovery_code_signs_in_once(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    _, codes = switched_on(factors, clock, jane)
    factors.pass_code(accounts.sign_in("jane", PASSWORD), f" {codes[0].upper().replace('-', ' ')} ")
    again = accounts.sign_in("jane", PASSWORD)
    assert code_of(lambda: factors.pass_code(again, codes[0])) == "factor_wrong"
    assert factors.pass_code(again, codes[1])
    assert factors.state(jane).codes_left == RECOVERY_CODES - 2


def test_a_recovery_code_used_in_two_places_at_once_signs_one_in(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    _, codes = switched_on(factors, clock, owner(accounts))
    challenges = [accounts.sign_in("jane", PASSWORD) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(factors.pass_code, challenge, codes[0]) for challenge in challenges]
    assert sum(answer.exception() is None for answer in answers) == 1


def test_recovery_codes_of_somebody_else_are_worth_nothing(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    _, codes = switched_on(factors, clock, owner(accounts))
    switched_on(factors, clock, owner(accounts, "john"))
    assert code_of(lambda: factors.pass_code(accounts.sign_in("john", PASSWORD), codes[0])) == "factor_wrong"


def test_new_recovery_codes_make_the_old_ones_void(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    secret, old = switched_on(factors, clock, jane)
    assert code_of(lambda: factors.renew_codes(jane, "wrong", code_at(secret, clock))) == "invalid"
    assert code_of(lambda: factors.renew_codes(jane, PASSWORD, "x")) == "invalid"
    new = factors.renew_codes(jane, PASSWORD, code_at(secret, clock))
    assert not set(old) & set(new)
    assert code_of(lambda: factors.pass_code(accounts.sign_in("jane", PASSWORD), old[0])) == "factor_wrong"
    assert factors.pass_code(accounts.sign_in("jane", PASSWORD), new[0])


def test_turning_off_needs_password_and_code(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    assert code_of(lambda: factors.turn_off(jane, PASSWORD, "000000")) == "factor_off"
    secret, codes = switched_on(factors, clock, jane)
    assert code_of(lambda: factors.turn_off(jane, "wrong", code_at(secret, clock))) == "invalid"
    assert code_of(lambda: factors.turn_off(jane, PASSWORD, "x")) == "invalid"
    assert factors.state(jane).on
    factors.turn_off(jane, PASSWORD, codes[0])
    assert not factors.state(jane).on
    signed_in(accounts)
    assert [line["action"] for line in accounts.audit_log(jane)][:2] == ["second_step_off", "second_step_on"]


def test_guessing_at_the_account_page_locks_too(accounts: Accounts, factors: Factors, clock: FakeClock) -> None:
    jane = owner(accounts)
    switched_on(factors, clock, jane)
    codes = [code_of(lambda: factors.turn_off(jane, PASSWORD, "x")) for _ in range(FAILURES_ALLOWED)]
    assert codes == ["invalid"] * (FAILURES_ALLOWED - 1) + ["login_locked"]


def test_staff_take_the_second_step_of_a_customer_away_and_everybody_is_told(
    accounts: Accounts, factors: Factors, clock: FakeClock, store: Store, config: Config
) -> None:
    jane, root = owner(accounts), admin(accounts)
    team = Team(store, clock, config, password_cost=FAST)
    token = signed_in(accounts)[0]
    _, codes = switched_on(factors, clock, jane)
    challenge = accounts.sign_in("jane", PASSWORD)
    assert code_of(lambda: team.remove_factor(jane, jane.user_id)) == "forbidden"
    team.remove_factor(root, jane.user_id)
    assert accounts.actor_of(token) is None
    assert code_of(lambda: factors.pass_code(challenge, codes[0])) == "factor_expired"
    jane = signed_in(accounts)[1]
    assert not factors.state(jane).on
    assert code_of(lambda: team.remove_factor(root, jane.user_id)) == "factor_off"
    assert accounts.audit_log(jane)[0]["action"] == "second_step_removed"
    assert "removed the second sign-in step of Jane Doe" in Notices(store, clock).listing(jane)[0]["sentence"]


def test_a_secret_of_another_server_signs_nobody_in_but_recovery_codes_do(
    accounts: Accounts, factors: Factors, clock: FakeClock, store: Store, tmp_path: Path
) -> None:
    secret, codes = switched_on(factors, clock, owner(accounts))
    moved = Factors(store, clock, Config.from_env({"IMS_DATA": str(tmp_path / "other")}), password_cost=FAST)
    challenge = accounts.sign_in("jane", PASSWORD)
    assert code_of(lambda: moved.pass_code(challenge, code_at(secret, clock))) == "factor_wrong"
    assert moved.pass_code(challenge, codes[0])


@pytest.mark.parametrize(("roles", "owner_restricted"), [(OPERATOR_ROLES, False), (EVERY_ROLE, True)])
def test_who_must_have_a_second_step_can_do_nothing_before(
    store: Store, clock: FakeClock, config: Config, factors: Factors, roles: frozenset[Role], owner_restricted: bool
) -> None:
    strict = replace(config, second_step_roles=roles)
    accounts, factors = Accounts(store, clock, strict, password_cost=FAST), Factors(store, clock, strict)
    factors = Factors(store, clock, strict, password_cost=FAST)
    jane, root = owner(accounts), admin(accounts)
    assert jane.restricted == owner_restricted
    assert root.restricted
    profile = Profile(store, clock, password_cost=FAST)
    for call in (
        lambda: accounts.one(root, root.account_id),
        lambda: accounts.find(root),
        lambda: profile.own(root),
        lambda: factors.turn_off(root, PASSWORD, "0"),
        lambda: accounts.change_password(root, PASSWORD, NEW),
    ):
        assert code_of(call) == "factor_needed"
    assert factors.state(root).required
    token = signed_in(accounts, "root-admin")[0]
    switched_on(factors, clock, root, keep_token=token)
    free = accounts.actor_of(token)
    assert free is not None
    assert not free.restricted
    assert accounts.find(free)


def test_the_setting_names_who_needs_a_second_step() -> None:
    assert Config.from_env({}).second_step_roles == frozenset()
    assert Config.from_env({"IMS_REQUIRE_2FA": "operators"}).second_step_roles == OPERATOR_ROLES
    assert Config.from_env({"IMS_REQUIRE_2FA": "ALL"}).second_step_roles == EVERY_ROLE
    with pytest.raises(SettingError):
        Config.from_env({"IMS_REQUIRE_2FA": "yes"})


def test_recovery_codes_are_long_and_easy_to_read() -> None:
    codes = new_recovery_codes()
    assert all(len(plain(code)) == 16 and not set(plain(code)) & set("il1o0") for code in codes)


def test_the_vault_opens_only_with_its_own_key() -> None:
    stored = Vault("one").locked("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert Vault("one").opened(stored) == "JBSWY3DPEHPK3PXP"
    assert Vault("two").opened(stored) is None


def test_a_browser_that_knew_the_password_alone_is_signed_out_by_the_second_step(
    accounts: Accounts, factors: Factors, clock: FakeClock
) -> None:
    owner(accounts)
    thief, _ = signed_in(accounts)
    mine, jane = signed_in(accounts)
    secret = factors.begin(jane, PASSWORD).secret
    factors.finish(jane, code_at(secret, clock), keep_token=mine)
    assert accounts.actor_of(mine) is not None
    assert accounts.actor_of(thief) is None
