"""Somebody answers: the menu says so, the conversation opens, one press opts out or begins the reply."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.api import SESSION_COOKIE
from engine.gateways import Inbound
from pages.ui.registry import INBOX
from tests.browser.conftest import Server, start_server
from tests.kit import world
from tests.records_kit import SALE_NUMBERS, stock

pytestmark = pytest.mark.browser
FIRST_ROW_PX = 52
ASKS, WONDERS = (f"+{number}" for number in SALE_NUMBERS.split(",")[:2])


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server whose owner got two answers, and the sessions of its people."""
    folder = tmp_path_factory.mktemp("server")
    shop = stock(world(folder / "data", credit=0))
    now_us = shop.world.clock.now_us()
    shop.engine.inbox.sink_for(1)(
        [
            Inbound(ASKS, "61400000001", "I asked you to stop <b>writing</b>", now_us, "1"),
            Inbound(WONDERS, "61400000001", "Is it open on Sunday?", now_us, "2"),
        ]
    )
    shop.engine.stop()
    server = start_server(folder)
    yield server, shop.tokens
    server.stop()


def said(page: Page, text: str) -> Locator:
    """A message in the drawer: the cells of the table say the same words."""
    return page.locator(".ims-said-text", has_text=text)


def open_only_row(page: Page) -> None:
    """Clicks the one row that the filter left; a table is drawn on a canvas, so it is found by its place."""
    expect(page.get_by_text("Messages 1–1, newest first")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    place = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 90, place["y"] + FIRST_ROW_PX + 10)
    page.mouse.move(place["x"] + 60, place["y"] + FIRST_ROW_PX, steps=5)
    page.mouse.down()
    page.mouse.up()


def test_an_answer_is_found_read_obeyed_and_replied_to(answered: tuple[Server, dict[str, str]], page: Page) -> None:
    server, tokens = answered
    cookie = {"name": SESSION_COOKIE, "value": tokens["owner"], "url": server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict of playwright's own
    page.goto(server.url)
    page.get_by_role("link", name="Inbox · 2 new").click()
    page.get_by_text("May ask to stop", exact=True).click()
    open_only_row(page)
    expect(said(page, "I asked you to stop <b>writing</b>")).to_be_visible()
    expect(page.get_by_role("link", name="Inbox · 1 new")).to_be_visible()
    page.get_by_role("button", name="Opt out").click()
    expect(page.get_by_text("This number has opted out")).to_be_visible()
    page.get_by_role("button", name="All messages").click()
    page.get_by_text("Unread", exact=True).click()
    open_only_row(page)
    expect(said(page, "Is it open on Sunday?")).to_be_visible()
    expect(page.get_by_role("link", name="Inbox", exact=True)).to_be_visible()
    page.get_by_role("link", name="Reply").click()
    expect(page.get_by_role("textbox", name="Recipients")).to_have_value(WONDERS[1:])
    expect(page.get_by_role("textbox", name="Sender ID (optional)")).to_have_value("Bakery")
    page.go_back()
    expect(said(page, "Is it open on Sunday?")).to_be_visible()
    assert INBOX.url_path in page.url
