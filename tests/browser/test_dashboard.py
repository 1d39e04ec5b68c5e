"""The dashboard in a real browser: a map without the internet, clicks that lead to messages, an address that stays."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.api import SESSION_COOKIE
from tests.browser.conftest import Server, heard
from tests.records_kit import BULK_SIZE, Shop

pytestmark = pytest.mark.browser
COUNTRY = ".choroplethlayer path"
BAR = ".bars .point path"


@pytest.fixture(scope="module")
def server(open_shop: tuple[Server, Shop]) -> Server:
    return open_shop[0]


@pytest.fixture
def page(page: Page, server: Server, tokens: dict[str, str]) -> Page:
    """In place of a visitor's: the analyst is signed in."""
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": tokens["analyst"], "url": server.url}])
    return page


def settled(page: Page) -> None:
    """The map is drawn last."""
    expect(page.locator(COUNTRY).first).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def click(page: Page, place: Locator) -> None:
    """As a hand does: Plotly looks at where the pointer was last."""
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 3, y - 2)
    page.mouse.move(x, y, steps=5)
    page.wait_for_timeout(200)
    page.mouse.down()
    page.mouse.up()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_draws_without_asking_another_server(
    page: Page, server: Server, scheme: Literal["light", "dark"]
) -> None:
    asked: list[str] = []
    failed: list[str] = []
    page.emulate_media(color_scheme=scheme)
    with (
        heard(page, "request", lambda request: asked.append(request.url)),
        heard(page, "requestfailed", lambda request: failed.append(request.url)),
    ):
        page.goto(f"{server.url}/dashboard?dates=7d")
        settled(page)
    local = (server.url, server.url.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(local)] == []
    assert failed == []
    assert [url for url in asked if url.endswith("/maps/4/world_110m.json")]


@pytest.mark.flow(12)
def test_a_bar_leads_to_exactly_its_messages_and_back(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/dashboard?dates=7d&sender=Bakery")
    settled(page)
    click(page, page.locator(f".st-key-dash-volume {BAR} >> visible=true").last)
    page.wait_for_url("**/sms_history?*")
    assert {"state=undelivered", "by=due", "sender=Bakery", "dates=custom"} <= set(page.url.split("?")[1].split("&"))
    expect(page.get_by_text("Rows 1–3", exact=False)).to_be_visible()
    page.go_back()
    settled(page)
    expect(page).to_have_url(f"{server.url}/dashboard?dates=7d&sender=Bakery")


def test_a_country_leads_to_its_messages(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/dashboard?dates=7d")
    settled(page)
    click(page, page.locator(COUNTRY).first)
    page.wait_for_url("**/sms_history?dates=7d&country=AU&by=due")
    expect(page.get_by_text("Rows 1–50", exact=False)).to_be_visible()


def test_filters_are_kept_when_the_page_is_loaded_again(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/dashboard")
    settled(page)
    page.get_by_text("7 days", exact=True).click()
    expect(page).to_have_url(f"{server.url}/dashboard?dates=7d")
    page.get_by_role("combobox", name="Sender ID").click()
    page.get_by_role("option", name="Bakery", exact=True).click()
    address = f"{server.url}/dashboard?dates=7d&sender=Bakery"
    expect(page).to_have_url(address)
    expect(page.get_by_test_id("stMetricValue").nth(2)).to_have_text("2")
    page.reload()
    settled(page)
    expect(page).to_have_url(address)
    expect(page.get_by_test_id("stMetricValue").nth(2)).to_have_text("2")


def test_the_data_of_a_chart_is_downloaded(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/dashboard?dates=7d")
    settled(page)
    page.locator(".st-key-dash-countries-data").get_by_role("button").first.click()
    with page.expect_download() as started:
        page.locator(".st-key-dash-countries-csv").get_by_role("button").click()
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "country,country_name,sms,recipients,delivered,failed,charged"
    assert lines[1].startswith("AU,Australia,")
    assert f",{BULK_SIZE + 5}," in lines[1]
