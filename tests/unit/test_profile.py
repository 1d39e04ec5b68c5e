"""What people change about themselves and the account, low-balance alerts, and what was used by the month."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine import ledger
from engine.accounts import Accounts, Profile, Team
from engine.accounts.proof import FAILURES_ALLOWED
from engine.config import Config
from engine.model import MICRO, Actor, Role, to_us
from engine.notices import Notices
from engine.store import Store
from tests.kit import FAST, PASSWORD, code_of, settled, wait_until, world
from tests.unit.accounts_kit import FakeClock, form, owner, signed_in


@pytest.fixture
def profile(store: Store, clock: FakeClock) -> Profile:
    return Profile(store, clock, password_cost=FAST)


def move(store: Store, actor: Actor, amount: int) -> None:
    """Credits or debits the account, in whole credits."""
    with store.transaction() as tx:
        number = tx.reserve("test key")
        ledger.adjust(
            tx, account_id=actor.account_id, amount_micro=amount * MICRO, key=f"k{number}", note="test",
            member_id=None, now_us=1,
        )  # fmt: skip


def told(store: Store, actor: Actor) -> list[str]:
    return [row["sentence"] for row in Notices(store, FakeClock()).listing(actor) if row["kind"] == "balance"]


def test_name_and_address_change_with_the_password_only(accounts: Accounts, profile: Profile) -> None:
    jane = owner(accounts)
    owner(accounts, "john")

    def change(email: str, password: str = PASSWORD) -> None:
        profile.change(jane, full_name=" Jane  Roe ", email=email, password=password)

    assert code_of(lambda: change("new@example.com", "wrong")) == "invalid"
    assert code_of(lambda: change("john@example.com")) == "taken"
    assert code_of(lambda: change("jane")) == "invalid"
    change(" New@Example.com ")
    row = profile.own(jane)
    assert (row["full_name"], row["email"]) == ("Jane Roe", "new@example.com")
    assert signed_in(accounts, "new@example.com")[1].name == "Jane Roe"
    line = accounts.audit_log(jane)[0]
    assert (line["action"], line["detail"]) == ("profile_changed", "jane@example.com → new@example.com")
    change("new@example.com")


def test_guessing_the_password_of_the_profile_locks(accounts: Accounts, profile: Profile) -> None:
    jane = owner(accounts)

    def guess() -> None:
        profile.change(jane, full_name="J", email="j@example.com", password="wrong")

    assert [code_of(guess) for _ in range(FAILURES_ALLOWED)][-1] == "login_locked"


def test_one_address_taken_by_two_at_once_is_given_to_one(accounts: Accounts, profile: Profile) -> None:
    people = [owner(accounts, f"user{number}") for number in range(4)]

    def attempt(who: Actor) -> str:
        return code_of_or_done(lambda: profile.change(who, full_name="X", email="one@example.com", password=PASSWORD))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, people)) == ["done", "taken", "taken", "taken"]


def code_of_or_done(call: object) -> str:
    try:
        call()  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - the code is what is asked
        return getattr(error, "code", repr(error))
    return "done"


def test_a_zone_of_ones_own_goes_before_the_accounts(accounts: Accounts, profile: Profile, store: Store) -> None:
    jane = owner(accounts)
    team = Team(store, FakeClock(), Config.from_env({}), password_cost=FAST)
    team.join(team.invite(jane, Role.SENDER).token, form("ann"))
    ann = signed_in(accounts, "ann")[1]
    profile.set_account_zone(jane, "America/Lima")
    profile.set_own_zone(ann, "Europe/Madrid")
    assert signed_in(accounts)[1].zone == "America/Lima"
    assert signed_in(accounts, "ann")[1].zone == "Europe/Madrid"
    assert profile.own(ann)["account_zone"] == "America/Lima"
    profile.set_own_zone(ann, "")
    assert signed_in(accounts, "ann")[1].zone == "America/Lima"
    assert code_of(lambda: profile.set_own_zone(ann, "Mars/Olympus")) == "invalid"
    assert code_of(lambda: profile.set_account_zone(ann, "UTC")) == "forbidden"


def test_an_account_is_told_once_when_its_credit_is_low_and_again_after_it_rose(
    accounts: Accounts, profile: Profile, store: Store
) -> None:
    jane, john = owner(accounts), owner(accounts, "john")
    assert profile.tell_low() == 0
    move(store, jane, 100)
    profile.set_alert(jane, 50 * MICRO)
    assert profile.tell_low() == 0
    move(store, jane, -50)
    assert profile.tell_low() == 0, "exactly the threshold is not below it"
    move(store, jane, -1)
    assert [profile.tell_low() for _ in range(3)] == [1, 0, 0]
    move(store, jane, -10)
    assert profile.tell_low() == 0
    assert told(store, jane) == [
        "49.00 credits are left, less than the 50.00 you asked to be told at. Top up to keep sending."
    ]
    assert told(store, john) == []
    move(store, jane, 100)
    assert profile.tell_low() == 0
    move(store, jane, -100)
    assert profile.tell_low() == 1
    assert len(told(store, jane)) == 2


def test_a_new_threshold_is_told_anew_and_none_not_at_all(accounts: Accounts, profile: Profile, store: Store) -> None:
    jane = owner(accounts)
    profile.set_alert(jane, MICRO)
    assert profile.tell_low() == 1
    profile.set_alert(jane, 2 * MICRO)
    assert profile.tell_low() == 1
    profile.set_alert(jane, None)
    assert profile.tell_low() == 0
    assert profile.own(jane)["threshold_micro"] is None
    for wrong in (0, -1, 10**18):
        assert code_of(lambda amount=wrong: profile.set_alert(jane, amount)) == "amount"


def test_chores_that_run_at_once_tell_once(accounts: Accounts, profile: Profile, store: Store) -> None:
    people = [owner(accounts, f"user{number}") for number in range(5)]
    for who in people:
        profile.set_alert(who, MICRO)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: profile.tell_low(), range(8))) == len(people)
    assert all(len(told(store, who)) == 1 for who in people)


def test_usage_is_by_calendar_month_of_the_readers_zone(accounts: Accounts, profile: Profile, clock: FakeClock) -> None:
    clock.us = to_us(datetime(2026, 11, 30, 23, tzinfo=UTC))  # December already in Sydney
    jane = owner(accounts)
    rows = profile.usage(jane)
    assert [row["month"] for row in rows][:2] == [date(2026, 12, 1), date(2026, 11, 1)]
    assert (len(rows), rows[-1]["month"]) == (12, date(2026, 1, 1))
    assert {(row["tasks"], row["charged_micro"], row["delivered"], row["failed"]) for row in rows} == {(0, 0, 0, 0)}


def test_usage_adds_up_what_was_sent(tmp_path: Path) -> None:
    made = world(tmp_path)
    try:
        tasks = [made.send(3), made.send(2)]
        wait_until(lambda: all(settled(made, task) for task in tasks))
        rows = made.engine.profile.usage(made.owner)
        now = rows[0]
        assert (now["tasks"], now["delivered"], now["failed"], now["charged_micro"]) == (2, 5, 0, 5 * MICRO)
        assert all(row["tasks"] == 0 for row in rows[1:])
        made.engine.accounts.register(form("other"))
    finally:
        made.engine.stop()
