"""Set-up, registration, log-in and the guard of every page, in Streamlit's own harness."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import Actor, Role
from pages.ui import browser, registry
from pages.ui.registry import ACCOUNT, LOGIN, PAGES, REGISTER, SETUP, PageEntry
from tests.pages.conftest import PASSWORD, Visit, form

SignIn = Callable[[Role], str]
WORK_PAGES = [entry for entry in PAGES if not entry.public]


def names(entry: PageEntry) -> str:
    return entry.url_path


def fill(app: AppTest, values: dict[str, str]) -> None:
    for field in app.text_input:
        if field.label in values:
            field.input(values[field.label])


def typed(app: AppTest) -> dict[str, str | None]:
    return {field.label: field.value for field in app.text_input}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


BEFORE_THE_HANDLER = 3
"""Looks at the session before the form is evaluated: the shell's, the badge's, the page's."""

REGISTRATION = {
    "Team or company": "Bakery",
    "First name": "Jane",
    "Last name": "Doe",
    "E-mail": "jane@example.com",
    "User name": "jane",
    "Password": PASSWORD,
    "Repeat password": PASSWORD,
}


def test_the_registry_names_exactly_the_files_there_are() -> None:
    files = {path.name for path in registry.FOLDER.glob("*.py")} - {"__init__.py"}
    assert {entry.file for entry in registry.PAGES} == files
    assert len({entry.url_path for entry in PAGES}) == len(PAGES)


@pytest.mark.parametrize("entry", PAGES, ids=names)
def test_every_page_asks_who_is_there_before_it_does_anything(entry: PageEntry) -> None:
    body = ast.parse(entry.path.read_text(encoding="utf-8")).body
    passive = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for statement in body:
        if isinstance(statement, passive) or isinstance(getattr(statement, "value", None), ast.Constant):
            continue
        call = getattr(statement, "value", None)
        assert isinstance(call, ast.Call), f"line {statement.lineno} runs before the guard"
        assert isinstance(call.func, ast.Name)
        assert call.func.id == ("require_visitor" if entry.public else "require")
        return
    pytest.fail("no guard")


@pytest.mark.parametrize("entry", WORK_PAGES, ids=names)
def test_a_visitor_at_any_address_gets_the_log_in_form_and_nothing_else(visit: Visit, entry: PageEntry) -> None:
    app = visit.open(entry, id="1")
    assert not app.exception
    assert visit.asks_to_log_in()
    assert [heading.value for heading in app.subheader] == ["Log in"]
    assert not app.title
    assert not app.dataframe
    assert app.query_params["id"] == "1"


@pytest.mark.parametrize("entry", WORK_PAGES, ids=names)
def test_a_page_file_that_is_run_alone_shows_a_visitor_nothing_of_it(visit: Visit, entry: PageEntry) -> None:
    visit.app = AppTest.from_file(str(entry.path), default_timeout=30).run()
    assert [heading.value for heading in visit.app.subheader] == ["Log in"]
    assert not visit.app.title
    assert not visit.app.dataframe
    assert not visit.menu()


@pytest.mark.parametrize("role", list(Role))
def test_the_menu_lists_what_the_role_may_open_and_no_more(visit: Visit, sign_in: SignIn, role: Role) -> None:
    sign_in(role)
    visit.open(ACCOUNT)
    assert visit.menu() == [entry.title for entry in PAGES if entry.visible and role in entry.roles]


@pytest.mark.parametrize("role", list(Role))
def test_a_page_of_other_roles_says_so_and_shows_nothing(visit: Visit, sign_in: SignIn, role: Role) -> None:
    sign_in(role)
    for entry in WORK_PAGES:
        if role in entry.roles:
            continue
        app = visit.open(entry)
        assert f"“{entry.title.replace('&', '&amp;')}” is for " in visit.notices()
        assert f"signed in as {role.value}" in visit.notices()
        assert [title.value for title in app.title] == [entry.title]
        assert not app.text_input


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_a_role_opens_without_an_error(visit: Visit, sign_in: SignIn, role: Role) -> None:
    sign_in(role)
    for entry in WORK_PAGES:
        if role in entry.roles:
            app = visit.open(entry)
            assert not app.exception, f"{entry.url_path}: {app.exception[0].message}"


@pytest.mark.parametrize("role", list(Role))
def test_the_root_leads_to_the_start_page_of_the_role(visit: Visit, sign_in: SignIn, role: Role) -> None:
    sign_in(role)
    app = visit.open()
    assert not app.exception
    assert visit.menu()
    assert not visit.asks_to_log_in()


@pytest.mark.parametrize("entry", [LOGIN, REGISTER, SETUP], ids=names)
def test_who_is_signed_in_is_not_asked_again(visit: Visit, sign_in: SignIn, entry: PageEntry) -> None:
    sign_in(Role.OWNER)
    visit.open(entry)
    assert visit.menu()


def test_registering_lands_on_the_log_in_page_with_a_note(visit: Visit, engine: Engine) -> None:
    app = visit.open(REGISTER)
    fill(app, REGISTRATION)
    press(app, "Register")
    assert not app.exception
    assert "Your team is registered" in visit.notices()
    assert visit.asks_to_log_in()
    assert engine.accounts.sign_in("jane", PASSWORD)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"Password": "short", "Repeat password": "short"}, "The password needs at least 10 characters"),
        ({"Repeat password": "another green kettle"}, "the two passwords differ"),
        ({"E-mail": "jane"}, "E-mail: this is not an e-mail address"),
        ({"Team or company": ""}, "Team or company: this is empty"),
        ({"User name": "taken"}, "This user name is already in use"),
    ],
)
def test_a_refused_registration_says_why_and_keeps_what_was_typed(
    visit: Visit, engine: Engine, change: dict[str, str], sentence: str
) -> None:
    engine.accounts.register(form("taken"))
    app = visit.open(REGISTER)
    values = REGISTRATION | change
    fill(app, values)
    press(app, "Register")
    assert sentence in visit.notices()
    assert {label: value for label, value in typed(app).items() if "assword" not in label} == {
        label: value for label, value in values.items() if "assword" not in label
    }


def test_a_refused_log_in_says_what_to_check_and_how_to_reach_staff(visit: Visit, engine: Engine) -> None:
    engine.accounts.register(form("jane"))
    said: list[str] = []
    for name in ("jane", "nobody"):
        app = visit.open(LOGIN)
        fill(app, {"User name or e-mail": name, "Password": "wrong"})
        press(app, "Log in")
        assert typed(app)["User name or e-mail"] == name
        said.append(visit.notices())
    assert said[0] == said[1]
    for part in ("Check your user name and password", "that you have registered", "Support: 555-0100"):
        assert part in said[0]


@pytest.mark.parametrize("values", [{}, {"User name or e-mail": "jane"}, {"Password": "x"}])
def test_an_empty_log_in_is_refused_like_a_wrong_one(visit: Visit, values: dict[str, str]) -> None:
    app = visit.open(LOGIN)
    fill(app, values)
    press(app, "Log in")
    assert "Check your user name and password" in visit.notices()


def test_the_fifth_wrong_password_locks(visit: Visit, engine: Engine) -> None:
    engine.accounts.register(form("jane"))
    app = visit.open(LOGIN)
    fill(app, {"User name or e-mail": "jane", "Password": "wrong"})
    for _ in range(5):
        press(app, "Log in")
    assert "Wait 15 minutes" in visit.notices()


def test_a_right_password_gives_the_browser_a_ticket_and_no_token(visit: Visit, engine: Engine) -> None:
    engine.accounts.register(form("jane"))
    app = visit.open(LOGIN)
    fill(app, {"User name or e-mail": "Jane@example.com", "Password": PASSWORD})
    press(app, "Log in")
    assert not app.exception
    assert len(app.get("bidi_component")) == 1
    assert not engine.store.all("accounts.sessions", 1, 0, 0)


def test_the_set_up_link_makes_the_first_administrator(visit: Visit, engine: Engine) -> None:
    visit.open(LOGIN)
    assert "This server has no administrator yet" in visit.notices()
    app = visit.open(SETUP, token=engine.accounts.setup_token())
    fill(app, REGISTRATION)
    press(app, "Create administrator")
    assert not app.exception
    assert "The administrator is ready" in visit.notices()
    assert not engine.accounts.setup_needed()
    visit.open(SETUP, token="anything")
    assert "The first administrator exists already" in visit.notices()
    assert not visit.app.text_input


def test_a_wrong_set_up_link_makes_nobody(visit: Visit, engine: Engine) -> None:
    engine.accounts.setup_token()
    app = visit.open(SETUP, token="guessed")
    fill(app, REGISTRATION)
    press(app, "Create administrator")
    assert "This set-up link is not valid" in visit.notices()
    assert engine.accounts.setup_needed()


def test_a_session_that_ended_elsewhere_shows_the_log_in_form_with_the_reason(
    visit: Visit, engine: Engine, sign_in: SignIn
) -> None:
    token = sign_in(Role.OWNER)
    app = visit.open(ACCOUNT)
    engine.accounts.sign_out(token)
    app.run()
    assert visit.asks_to_log_in()
    assert "Your session has ended" in visit.notices()


def test_a_handler_whose_session_has_ended_changes_nothing_and_asks_to_log_in(
    visit: Visit, engine: Engine, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(Role.OWNER)
    app = visit.open(ACCOUNT)
    new = "another green kettle"
    fill(app, {"Current password": PASSWORD, "New password": new, "Repeat password": new})
    asked = 0
    actor_of = engine.accounts.actor_of

    def ends_at_the_handler(token: str | None) -> Actor | None:
        nonlocal asked
        asked += 1
        return actor_of(token) if asked <= BEFORE_THE_HANDLER else None

    monkeypatch.setattr(engine.accounts, "actor_of", ends_at_the_handler)
    press(app, "Change password")
    assert asked > BEFORE_THE_HANDLER
    assert visit.asks_to_log_in()
    assert "Your session has ended" in visit.notices()
    assert engine.accounts.sign_in("owner-one", PASSWORD)


def test_signing_out_ends_the_session_and_tells_the_browser(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    token = sign_in(Role.ANALYST)
    app = visit.open(ACCOUNT)
    press(app, "Sign out")
    assert engine.accounts.actor_of(token) is None
    assert visit.asks_to_log_in()
    assert len(app.get("bidi_component")) == 1
    assert "Your session has ended" not in visit.notices()


def test_changing_the_password_keeps_this_browser_and_ends_the_others(
    visit: Visit, engine: Engine, sign_in: SignIn
) -> None:
    sign_in(Role.OWNER)
    other = engine.accounts.redeem(engine.accounts.sign_in("owner-one", PASSWORD), "Firefox on Linux")
    app = visit.open(ACCOUNT)
    new = "another green kettle"
    fill(app, {"Current password": PASSWORD, "New password": new, "Repeat password": new})
    press(app, "Change password")
    assert "The password is changed" in visit.notices()
    assert engine.accounts.actor_of(other) is None
    assert engine.accounts.actor_of(visit.cookies[SESSION_COOKIE]) is not None


def test_a_refused_password_change_says_which_field(visit: Visit, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)
    app = visit.open(ACCOUNT)
    fill(app, {"Current password": "wrong", "New password": "x", "Repeat password": "x"})
    press(app, "Change password")
    assert "Current password: this is not right" in visit.notices()


def test_another_browser_can_be_signed_out_from_the_account_page(visit: Visit, engine: Engine, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)
    other = engine.accounts.redeem(engine.accounts.sign_in("owner-one", PASSWORD), "Mozilla Firefox/130 (Windows NT)")
    app = visit.open(ACCOUNT)
    assert "Firefox on Windows" in [text.value for text in app.text]
    next(button for button in app.button if (button.key or "").startswith("end-")).click().run()
    assert engine.accounts.actor_of(other) is None
    assert "That browser is signed out" in visit.notices()


def test_the_badge_shows_available_credit_and_held_credit_when_there_is_any(
    visit: Visit, engine: Engine, sign_in: SignIn
) -> None:
    sign_in(Role.OWNER)
    visit.open(ACCOUNT)
    assert "<i>Available</i><b>0.00</b>" in visit.notices()
    assert "<i>Held</i>" not in visit.notices()
    with engine.store.transaction() as tx:
        tx.raw.execute("update account_balance set available_micro = 1234500000, held_micro = 12000000")  # type: ignore[attr-defined]
    visit.open(ACCOUNT)
    assert "<i>Available</i><b>1,234.50</b>" in visit.notices()
    assert "<i>Held</i><b>12.00</b>" in visit.notices()


def test_a_script_error_shows_a_reference_number_and_the_log_has_the_rest(
    visit: Visit, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(Role.OWNER)
    visit.open(ACCOUNT)

    def broken() -> None:
        from pages.ui import shell  # noqa: PLC0415 - runs inside the harness's script

        shell.report(RuntimeError("secret detail of <the> fault"))

    visit.app = AppTest.from_function(broken).run()
    shown = visit.notices()
    reference = re.search(r"the reference ([0-9A-F]{8})", shown)
    assert reference
    assert "secret detail" not in shown
    assert "555-0100" in shown
    assert f"script error {reference.group(1)}" in caplog.text
    assert "secret detail" in caplog.text


def test_what_the_engine_refuses_is_shown_as_plain_text(visit: Visit, sign_in: SignIn) -> None:
    sign_in(Role.OWNER)

    def refused() -> None:
        from engine.errors import InputError  # noqa: PLC0415 - runs inside the harness's script
        from pages.ui import shell  # noqa: PLC0415 - same

        shell.report(InputError("sender", value="<img src=x>*b*", problem="not allowed."))

    visit.app = AppTest.from_function(refused).run()
    assert "&lt;img src=x&gt;*b*" in visit.notices()
    assert not visit.app.markdown


def test_an_address_there_is_not_has_a_page_of_our_own(
    visit: Visit, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "address", lambda: "http://127.0.0.1/no%20such%20page")
    missing = PageEntry("no such page.py", "", "", frozenset())
    visit.open(missing)
    assert visit.asks_to_log_in()
    sign_in(Role.OWNER)
    app = visit.open(missing)
    assert [title.value for title in app.title] == ["Page not found"]
    assert "There is no page at this address." in visit.notices()
    assert "Go to Dashboard" in [link.proto.label for link in app.get("page_link")]
