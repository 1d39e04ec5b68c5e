"""Why did it fail, and who helps: from a failed message to staff's answer and the corrected account."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from engine.api import SESSION_COOKIE
from tests.browser.conftest import Another, Server, box
from tests.browser.windows import DESKTOP
from tests.records_kit import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(open_shop: tuple[Server, Shop]) -> Server:
    return open_shop[0]


def enter(page: Page, server: Server, token: str, path: str) -> Page:
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])
    page.goto(f"{server.url}{path}")
    expect(page.locator(".ims-credit")).to_be_visible()
    return page


@pytest.mark.flow(14)
def test_a_failure_is_explained_reported_and_answered(
    page: Page, another: Another, open_shop: tuple[Server, Shop]
) -> None:
    server, shop = open_shop
    tokens = shop.tokens
    owner = enter(page, server, tokens["owner"], f"/sms_history?message={shop.failed}")
    drawer = owner.get_by_role("dialog")
    expect(drawer.get_by_text("The phone was switched off or out of reach.")).to_be_visible()
    drawer.get_by_role("link", name="Report to staff").click()
    box(owner, "What happened, and what did you expect?").fill("This phone is always on.")
    owner.get_by_role("button", name="Send to staff").click()
    expect(owner.get_by_text("is with staff")).to_be_visible()

    staff = enter(another(DESKTOP), server, tokens["staff"], "/notices")
    staff.get_by_role("link", name="Open").first.click()
    expect(staff.get_by_text("This phone is always on.")).to_be_visible()
    expect(staff.get_by_role("link", name="Open or adjust the account")).to_be_visible()
    box(staff, "Your answer").fill("The operator had an outage; try again.")
    staff.get_by_role("button", name="Send", exact=True).click()
    expect(staff.locator(".ims-said")).to_have_count(2)

    bell = owner.get_by_role("link", name=re.compile("new$"))
    expect(bell).to_be_visible()
    bell.click()
    expect(owner.get_by_text("Staff answered your case 1")).to_be_visible()
    owner.get_by_role("link", name="Open").first.click()
    expect(owner.get_by_text("The operator had an outage; try again.")).to_be_visible()
    expect(owner.get_by_test_id("stMain")).to_contain_text("Answered")


@pytest.mark.flow(15)
def test_the_help_is_searched_in_peoples_words(page: Page, server: Server, tokens: dict[str, str]) -> None:
    enter(page, server, tokens["analyst"], "/help")
    page.get_by_role("searchbox", name="Search the help").fill("nobody reacts")
    expect(page.get_by_text("Was it a normal time where the recipient lives?")).to_be_visible()
    expect(page.get_by_text("How do I top up?")).to_have_count(0)
    page.goto(f"{server.url}/help?topic=price")
    expect(page.get_by_text("That quote is what is billed")).to_be_visible()
