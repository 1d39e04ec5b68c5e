"""Team, invitations, new passwords, the second step and the account's own settings, in Streamlit's own harness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pyotp.totp import TOTP
from streamlit.testing.v1 import AppTest

from engine.accounts import Accounts, Factors
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.errors import AccessError
from engine.model import EVERY_ROLE, MICRO, SECOND_US, Actor, Role
from pages.ui.registry import ACCOUNT, DASHBOARD, JOIN, LOGIN, REGISTER, RESET, STAFF_USERS, TEAM, PageEntry
from pages.ui.second_step import CODES, SETUP
from tests.pages.conftest import PASSWORD, Visit, form, token_of
from tests.pages.test_sign_in import REGISTRATION, fill, press, typed

SignIn = Callable[[Role], str]
NEW = "another green kettle"
PERSON = {
    "First name": "Ann",
    "Last name": "Lee",
    "E-mail": "ann@example.com",
    "User name": "ann",
    "Password": PASSWORD,
    "Repeat password": PASSWORD,
}


def actor_of(engine: Engine, token: str) -> Actor:
    actor = engine.accounts.actor_of(token)
    assert actor is not None
    return actor


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.text)


def open_member(visit: Visit, member_id: int, entry: PageEntry = TEAM) -> AppTest:
    """The page with a member at the side, as after a click in the table."""
    app = visit.open(entry)
    app.session_state["members-open"] = member_id
    return app.run()


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def now_code(secret: str, engine: Engine) -> str:
    return TOTP(secret).at(engine.clock.now_us() // SECOND_US)


def switched_on(engine: Engine, actor: Actor, *, keep_token: str | None = None) -> tuple[str, list[str]]:
    secret = engine.factors.begin(actor, PASSWORD).secret
    return secret, engine.factors.finish(actor, now_code(secret, engine), keep_token=keep_token)


def test_an_owner_invites_by_a_link_that_is_shown_once(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)
    app = visit.open(TEAM)
    app.selectbox(key="invitations-role").set_value(Role.ANALYST)
    app.text_input(key="invitations-label").input("Ann *Lee*")
    press(app, "Make an invitation link")
    link = app.code[0].value
    assert link.startswith(f"{engine.config.public_url}/join?token=")
    assert "Ann *Lee*" in texts(app)
    app.run()
    assert not app.code
    assert engine.team.open_invitation(link.partition("token=")[2]).role is Role.ANALYST


def test_the_invited_person_joins_and_lands_on_the_log_in_page(visit: Visit, engine: Engine) -> None:
    boss = actor_of(engine, token_of(engine, Role.OWNER))
    token = engine.team.invite(boss, Role.SENDER).token
    app = visit.open(JOIN, token=token)
    assert "You are invited to “Bakery” as sender." in visit.notices()
    assert "Team or company" not in typed(app)
    fill(app, PERSON | {"Repeat password": "x"})
    press(app, "Join")
    assert "the two passwords differ" in visit.notices()
    assert typed(app)["User name"] == "ann"
    fill(app, PERSON)
    press(app, "Join")
    assert not app.exception
    assert "Welcome. Log in" in visit.notices()
    assert visit.asks_to_log_in()
    rows = engine.team.members(boss)
    assert [(row["user_name"], row["role"]) for row in rows] == [("owner-one", "owner"), ("ann", "sender")]


@pytest.mark.parametrize("entry", [JOIN, RESET], ids=["join", "reset"])
@pytest.mark.parametrize("query", [{}, {"token": "invented"}])
def test_a_link_that_is_not_good_says_one_plain_sentence(visit: Visit, entry: PageEntry, query: dict[str, str]) -> None:
    app = visit.open(entry, **query)
    assert not app.exception
    assert str(AccessError("link_invalid")) in visit.notices()
    assert not app.text_input


def test_an_open_invitation_can_be_withdrawn(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    boss = actor_of(engine, sign_in(Role.OWNER))
    token = engine.team.invite(boss, Role.SENDER, "for Ann").token
    app = visit.open(TEAM)
    assert "for Ann" in texts(app)
    press(app, "Withdraw")
    assert "its link is void" in visit.notices()
    visit.cookies.clear()
    visit.open(JOIN, token=token)
    assert str(AccessError("link_invalid")) in visit.notices()


@pytest.mark.parametrize("role", [Role.SENDER, Role.ANALYST])
def test_members_see_the_team_and_change_nothing(visit: Visit, engine: Engine, sign_in: SignIn, role: Role) -> None:
    actor = actor_of(engine, sign_in(role))
    app = open_member(visit, actor.user_id)
    assert not app.exception
    assert len(app.dataframe[0].value) == 1
    assert labels(app) == {"Sign out"}


def test_an_owner_changes_a_role_and_removes_a_member(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    boss = actor_of(engine, sign_in(Role.OWNER))
    engine.team.join(engine.team.invite(boss, Role.SENDER).token, form("ann"))
    ann = engine.team.members(boss)[1]["id"]
    app = open_member(visit, ann)
    app.selectbox(key=f"members-new-role-{ann}").set_value("analyst")
    press(app, "Change role")
    assert not app.exception
    assert engine.team.members(boss)[1]["role"] == "analyst"
    assert "is analyst now" in visit.notices()
    app = open_member(visit, ann)
    assert "stay taken" in texts(app)
    press(app, "Remove now")
    assert len(engine.team.members(boss)) == 1


def test_the_last_owner_is_told_why_it_cannot_be_removed(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    boss = actor_of(engine, sign_in(Role.OWNER))
    app = open_member(visit, boss.user_id)
    press(app, "Remove now")
    assert "An account needs at least one owner" in visit.notices()


def test_a_link_for_a_new_password_is_made_and_used(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    boss = actor_of(engine, sign_in(Role.OWNER))
    engine.team.join(engine.team.invite(boss, Role.SENDER).token, form("ann"))
    ann = engine.team.members(boss)[1]["id"]
    app = open_member(visit, ann)
    press(app, "Make a link for a new password")
    link = app.code[0].value
    assert "/reset?token=" in link
    visit.cookies.clear()
    app = visit.open(RESET, token=link.partition("token=")[2])
    assert "“ann”" in visit.notices()
    fill(app, {"Password": "short", "Repeat password": "short"})
    press(app, "Set the password")
    assert "at least 10 characters" in visit.notices()
    fill(app, {"Password": NEW, "Repeat password": NEW})
    press(app, "Set the password")
    assert "The new password is set" in visit.notices()
    assert engine.accounts.sign_in("ann", NEW)


def test_administrators_look_after_the_operators_people_and_staff_look_on(
    visit: Visit, engine: Engine, sign_in: SignIn
) -> None:
    stan = actor_of(engine, token_of(engine, Role.STAFF))
    sign_in(Role.ADMIN)
    app = open_member(visit, stan.user_id, STAFF_USERS)
    assert not app.exception
    assert {"Make an invitation link", "Change role", "Remove now"} <= labels(app)
    visit.cookies[SESSION_COOKIE] = engine.accounts.redeem(engine.accounts.sign_in("staff-one", PASSWORD), "Test")
    app = open_member(visit, stan.user_id, STAFF_USERS)
    assert labels(app) == {"Sign out"}
    assert len(app.dataframe[0].value) == 2


def test_staff_help_the_members_of_a_customer(
    visit: Visit, engine: Engine, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane = actor_of(engine, token_of(engine, Role.OWNER))
    switched_on(engine, jane)
    token = sign_in(Role.STAFF)
    visit.open(STAFF_USERS)

    def panel(account: int, member: int) -> None:
        import streamlit as st  # noqa: PLC0415 - runs inside the harness's script

        from pages.ui.guard import require  # noqa: PLC0415 - same
        from pages.ui.members import members_panel  # noqa: PLC0415 - same

        st.session_state["members-open"] = member
        members_panel(require(), account)

    app = AppTest.from_function(panel, args=(jane.account_id, jane.user_id)).run()
    assert not app.exception
    assert {"Make a link for a new password", "Remove it now"} <= labels(app)
    assert not {"Change role", "Remove now"} & labels(app)
    press(app, "Remove it now")
    assert engine.team.members(actor_of(engine, token), jane.account_id)[0]["second_step"] is False


def test_the_code_is_asked_after_the_password_and_only_then_the_browser_gets_a_ticket(
    visit: Visit, engine: Engine
) -> None:
    _, codes = switched_on(engine, actor_of(engine, token_of(engine, Role.OWNER)))
    app = visit.open(LOGIN)
    fill(app, {"User name or e-mail": "owner-one", "Password": PASSWORD})
    press(app, "Log in")
    assert not app.exception
    assert list(typed(app)) == ["Code"]
    assert not app.get("bidi_component")
    fill(app, {"Code": "abc"})
    press(app, "Continue")
    assert "That code did not work" in visit.notices()
    fill(app, {"Code": codes[0]})
    press(app, "Continue")
    assert not app.exception
    assert len(app.get("bidi_component")) == 1


def test_who_waited_too_long_for_the_code_logs_in_again(visit: Visit, engine: Engine) -> None:
    jane = actor_of(engine, token_of(engine, Role.OWNER))
    _, codes = switched_on(engine, jane)
    app = visit.open(LOGIN)
    fill(app, {"User name or e-mail": "owner-one", "Password": PASSWORD})
    press(app, "Log in")
    engine.accounts.change_password(jane, PASSWORD, NEW)
    fill(app, {"Code": codes[0]})
    press(app, "Continue")
    assert "The time for the code is over" in visit.notices()
    assert visit.asks_to_log_in()


def test_another_person_can_log_in_instead_of_giving_a_code(visit: Visit, engine: Engine) -> None:
    switched_on(engine, actor_of(engine, token_of(engine, Role.OWNER)))
    app = visit.open(LOGIN)
    fill(app, {"User name or e-mail": "owner-one", "Password": PASSWORD})
    press(app, "Log in")
    press(app, "Log in as somebody else")
    assert visit.asks_to_log_in()


def test_the_second_step_is_set_up_on_the_account_page(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    actor = actor_of(engine, sign_in(Role.OWNER))
    app = visit.open(ACCOUNT)
    app.text_input(key="factor-password").input(PASSWORD)
    press(app, "Set up the second step")
    secret = app.session_state[SETUP].secret
    assert secret == app.code[0].value.replace(" ", "")
    assert "data:image/svg+xml" in visit.notices()
    app.text_input(key="factor-code").input("000")
    press(app, "Switch it on")
    assert "Code: this is not right" in visit.notices()
    app.text_input(key="factor-code").input(now_code(secret, engine))
    press(app, "Switch it on")
    assert app.code[0].value.splitlines() == app.session_state[CODES]
    assert secret not in visit.notices() + app.code[0].value
    press(app, "I have kept them")
    assert not app.code
    assert engine.factors.state(actor).codes_left == 10
    assert "10 recovery codes are left" in texts(app)


def test_recovery_codes_are_renewed_and_the_second_step_turned_off(
    visit: Visit, engine: Engine, sign_in: SignIn
) -> None:
    token = sign_in(Role.ANALYST)
    actor = actor_of(engine, token)
    _, codes = switched_on(engine, actor, keep_token=token)
    app = visit.open(ACCOUNT)
    app.text_input(key="password-new-recovery-codes").input(PASSWORD)
    app.text_input(key="code-new-recovery-codes").input(codes[0])
    press(app, "New recovery codes")
    new = app.code[0].value.splitlines()
    assert len(set(new) - set(codes)) == 10
    press(app, "I have kept them")
    app.text_input(key="password-turn-it-off").input(PASSWORD)
    app.text_input(key="code-turn-it-off").input(codes[1])
    press(app, "Turn it off")
    assert "Code: this is not right" in visit.notices()
    app.text_input(key="code-turn-it-off").input(new[1])
    press(app, "Turn it off")
    assert not engine.factors.state(actor).on


@pytest.fixture
def strict(engine: Engine) -> Engine:
    """Everybody needs a second step."""
    config = replace(engine.config, second_step_roles=EVERY_ROLE)
    engine.accounts = Accounts(engine.store, engine.clock, config, password_cost=4)
    engine.factors = Factors(engine.store, engine.clock, config, password_cost=4)
    return engine


@pytest.mark.parametrize("entry", [DASHBOARD, TEAM, ACCOUNT, None])
def test_who_needs_a_second_step_sees_its_set_up_at_every_address_and_nothing_else(
    visit: Visit, strict: Engine, sign_in: SignIn, entry: PageEntry | None
) -> None:
    sign_in(Role.OWNER)
    app = visit.open(entry)
    assert not app.exception
    assert not visit.menu()
    assert not app.title
    assert labels(app) == {"Set up the second step", "Sign out"}
    assert "Your operator asks for a second step" in visit.notices()


def test_a_page_file_run_alone_shows_only_the_set_up_too(visit: Visit, strict: Engine, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)
    visit.app = AppTest.from_file(str(TEAM.path), default_timeout=30).run()
    assert labels(visit.app) == {"Set up the second step"}


def test_after_the_set_up_the_page_that_was_asked_for_is_shown(visit: Visit, strict: Engine, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)
    app = visit.open(TEAM)
    app.text_input(key="factor-password").input(PASSWORD)
    press(app, "Set up the second step")
    app.text_input(key="factor-code").input(now_code(app.session_state[SETUP].secret, strict))
    press(app, "Switch it on")
    assert len(app.code[0].value.splitlines()) == 10
    assert not visit.menu()
    press(app, "I have kept them")
    assert [title.value for title in app.title] == ["Team"]
    assert visit.menu()


def test_name_address_zone_and_alert_are_saved(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    token = sign_in(Role.OWNER)
    actor = actor_of(engine, token)
    app = visit.open(ACCOUNT)
    app.text_input(key="profile-name").input("Jane Roe")
    app.text_input(key="profile-password").input("wrong")
    press(app, "Save")
    assert "Current password: this is not right" in visit.notices()
    app.text_input(key="profile-password").input(PASSWORD)
    press(app, "Save")
    assert engine.profile.own(actor)["full_name"] == "Jane Roe"
    app.selectbox(key="own-zone-choice").set_value("Europe/Madrid")
    next(b for b in app.button if b.label == "Save" and "own-zone" in b.proto.form_id).click().run()
    assert actor_of(engine, token).zone == "Europe/Madrid"
    app.text_input(key="alert-threshold").input("1.000,5")
    next(b for b in app.button if b.label == "Save" and b.proto.form_id == "alert").click().run()
    assert "is not an amount" in visit.notices()
    app.text_input(key="alert-threshold").input("1,000.5")
    next(b for b in app.button if b.label == "Save" and b.proto.form_id == "alert").click().run()
    assert engine.profile.own(actor)["threshold_micro"] == 1_000 * MICRO + MICRO // 2


def test_every_other_browser_is_signed_out_with_one_press(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    token = sign_in(Role.OWNER)
    others = [engine.accounts.redeem(engine.accounts.sign_in("owner-one", PASSWORD), "Test") for _ in range(2)]
    app = visit.open(ACCOUNT)
    press(app, "Sign out everywhere else")
    assert [engine.accounts.actor_of(other) for other in others] == [None, None]
    assert engine.accounts.actor_of(token) is not None


def test_too_many_registrations_are_told_plainly(visit: Visit, engine: Engine) -> None:
    config = replace(engine.config, registrations_per_hour=1)
    engine.accounts = Accounts(engine.store, engine.clock, config, password_cost=4)
    engine.accounts.register(form("first"))
    app = visit.open(REGISTER)
    fill(app, REGISTRATION)
    press(app, "Register")
    assert "Too many new people from here within the hour" in visit.notices()
    assert typed(app)["User name"] == "jane"
