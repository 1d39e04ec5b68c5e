"""Every page there is, in both themes and on a phone: axe-core finds nothing serious, nothing is wider than the screen.

`IMS_PICTURES=folder` keeps a screenshot of each: what to look at after a change of the looks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from engine import demo
from engine.accounts import RegisterForm
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.cases import About, NewCase
from engine.model import Actor, Role
from pages.ui.registry import PAGES, SMS_HISTORY, TASK, PageEntry
from tests.browser.conftest import PASSWORD, WAIT_MS, Server, start_server
from tests.kit import config_for

pytestmark = pytest.mark.browser

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
MESSAGES: Final = 2_000
SCHEMES: Final = ("light", "dark")
DESKTOP: Final[ViewportSize] = {"width": 1440, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
SERIOUS: Final = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21aa"]});
  return found.violations
    .filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => rule.id + ": " + rule.nodes.slice(0, 4).map((node) =>
      node.target.join(" ") + " (" + (node.any[0]?.message || node.failureSummary).slice(0, 200) + ")").join(" | "));
}"""
FITS: Final = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .every((element) => element.scrollWidth <= window.innerWidth + 1)"""
PICTURES: Final = os.environ.get("IMS_PICTURES", "")


class Town:
    """A server with a history, and somebody of each side signed in."""

    def __init__(self, server: Server, tokens: dict[Role, str], query: dict[str, str]) -> None:
        self.server = server
        self.tokens = tokens
        self.query = query

    def address(self, entry: PageEntry) -> str:
        return f"{self.server.url}/{entry.url_path}{self.query.get(entry.file, '')}"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = Path(tmp_path_factory.mktemp("town"))
    engine = Engine.open(config_for(folder / "data"))
    accounts = engine.accounts
    accounts.create_first_admin(
        accounts.setup_token(), RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD)
    )
    made = demo.make(engine, MESSAGES)
    tokens = {
        Role.ADMIN: accounts.redeem(accounts.sign_in("ada", PASSWORD), "test"),
        Role.OWNER: accounts.redeem(accounts.sign_in(made.user_name, made.password), "test"),
    }
    owner, admin = accounts.actor_of(tokens[Role.OWNER]), accounts.actor_of(tokens[Role.ADMIN])
    assert owner is not None
    assert admin is not None
    query = furnish(engine, owner, admin)
    engine.stop()
    server = start_server(folder)
    yield Town(server, tokens, query)
    server.stop()


def furnish(engine: Engine, owner: Actor, admin: Actor) -> dict[str, str]:
    """Something on every page; returns the addresses of pages that show one thing."""
    case = engine.cases.open(
        owner, NewCase(about=About.BALANCE, subject="My balance looks wrong", body="One <b>line</b> too few", key="1")
    )
    engine.cases.reply(admin, case, "Which line?", key="1")
    task = engine.history.tasks(owner).rows[0]["id"]
    message = engine.history.messages(owner).rows[0]["id"]
    return {TASK.file: f"?id={task}", SMS_HISTORY.file: f"?message={message}"}


def role_for(entry: PageEntry) -> Role | None:
    if entry.public:
        return None
    return Role.OWNER if Role.OWNER in entry.roles else Role.ADMIN


@pytest.fixture(scope="module")
def contexts(browser: Browser, town: Town) -> Iterator[dict[Role | None, BrowserContext]]:
    opened: dict[Role | None, BrowserContext] = {}
    for role in (None, Role.OWNER, Role.ADMIN):
        opened[role] = browser.new_context(viewport=DESKTOP)
        opened[role].set_default_timeout(WAIT_MS)
        if role is not None:
            opened[role].add_cookies([{"name": SESSION_COOKIE, "value": town.tokens[role], "url": town.server.url}])
    yield opened
    for context in opened.values():
        context.close()


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.url_path)
def test_a_page_is_accessible_in_both_themes_and_fits_a_phone(
    town: Town, contexts: dict[Role | None, BrowserContext], entry: PageEntry
) -> None:
    page = contexts[role_for(entry)].new_page()
    try:
        findings = look_at(page, town, entry)
    finally:
        page.close()
    assert not findings, "\n".join(findings)


def look_at(page: Page, town: Town, entry: PageEntry) -> list[str]:
    found: list[str] = []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(town.address(entry))
    settle(page)
    page.evaluate(AXE)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        settle(page)
        found += [f"{scheme}: {said}" for said in page.evaluate(SERIOUS)]
        picture(page, entry, f"desktop-{scheme}")
    page.set_viewport_size(PHONE)
    settle(page)
    if not page.evaluate(FITS):
        found.append("phone: wider than the screen")
    picture(page, entry, "phone-dark")
    if PICTURES:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        settle(page)
        picture(page, entry, "phone-light")
    return found


def settle(page: Page) -> None:
    """The script has ended, nothing is drawn anew and no skeleton is left."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(250)


def picture(page: Page, entry: PageEntry, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{entry.url_path}-{name}.png", full_page=True)
