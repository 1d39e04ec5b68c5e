"""Records, dashboard and staff's accounts in a real browser: clicks in tables, the way back, files, two at once."""

from __future__ import annotations

import csv
import io

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.api import SESSION_COOKIE
from tests.browser.conftest import Another, Server
from tests.browser.windows import PHONE
from tests.records_kit import BULK_SIZE, SALE, Shop

pytestmark = pytest.mark.browser
FITS = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .every(element => element.scrollWidth <= window.innerWidth)"""
SETTLE_MS = 800
HEADER_PX, ROW_PX = 36, 33
"""A table is drawn on a canvas: rows are found by their place."""


@pytest.fixture(scope="module")
def server(open_shop: tuple[Server, Shop]) -> Server:
    return open_shop[0]


def enter(page: Page, server: Server, tokens: dict[str, str], who: str, path: str) -> Page:
    """Somebody who is signed in already opens an address."""
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": tokens[who], "url": server.url}])
    page.goto(f"{server.url}{path}")
    expect(page.locator(".ims-credit")).to_be_visible()
    return page


def open_row(page: Page, number: int, *, table: int = 0) -> Locator:
    """Clicks a row (0 is the first) as a hand does, moving there first; the drawer that it opens."""
    canvas = page.get_by_test_id("stDataFrame").nth(table).locator("canvas").first
    canvas.scroll_into_view_if_needed()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    place = canvas.bounding_box()
    assert place is not None
    x, y = place["x"] + 60, place["y"] + HEADER_PX + ROW_PX * (number + 0.5)
    page.mouse.move(x + 40, y + 20)
    page.mouse.move(x, y, steps=5)
    page.mouse.down()
    page.mouse.up()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible()
    return drawer


@pytest.mark.flow(12)
def test_the_dashboard_begins_with_the_four_figures_and_keeps_its_dates_in_the_address(
    page: Page, server: Server, tokens: dict[str, str]
) -> None:
    enter(page, server, tokens, "owner", "/dashboard")
    labels = page.get_by_test_id("stMetricLabel")
    expect(labels).to_have_text(["Credit usage", "SMS task count", "Success message count", "Failed message count"])
    expect(page.get_by_test_id("stMetricValue").nth(2)).to_have_text(str(BULK_SIZE + 2))
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert page.locator(".modebar").count() == 0
    page.get_by_text("7 days", exact=True).click()
    expect(page).to_have_url(f"{server.url}/dashboard?dates=7d")
    page.reload()
    expect(page.get_by_role("radio", name="7 days")).to_be_checked()


def test_a_figure_leads_to_its_messages_and_back(page: Page, server: Server, tokens: dict[str, str]) -> None:
    enter(page, server, tokens, "owner", "/dashboard?dates=today")
    page.get_by_role("link", name="See messages").nth(1).click()
    expect(page.get_by_role("heading", name="SMS history list")).to_be_visible()
    expect(page.get_by_text("Rows 1–3")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/dashboard?dates=today")


@pytest.mark.flow(13)
def test_a_number_is_found_and_its_row_opens_again_and_again(
    page: Page, server: Server, tokens: dict[str, str]
) -> None:
    enter(page, server, tokens, "analyst", "/sms_history?state=undelivered")
    search = page.get_by_role("searchbox", name="Search")
    search.fill("0412 349 903")
    search.press("Enter")
    expect(page.get_by_text("Rows 1–1")).to_be_visible()
    for _ in range(2):
        drawer = open_row(page, 0)
        expect(drawer.get_by_text("+61412349903")).to_be_visible()
        expect(drawer.get_by_text("The phone stayed off until the message expired.")).to_be_visible()
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
    assert SALE not in page.get_by_test_id("stMain").inner_text()  # only in cells, never as formatted text


def test_a_message_has_an_address_of_its_own(page: Page, server: Server, tokens: dict[str, str]) -> None:
    enter(page, server, tokens, "owner", "/sms_history")
    drawer = open_row(page, 1)
    number = drawer.locator(".ims-name").inner_text()
    page.wait_for_url("**/sms_history?message=*")
    page.reload()
    expect(page.get_by_role("dialog").locator(".ims-name")).to_have_text(number)
    page.get_by_role("dialog").get_by_role("link", name="All messages of the task").click()
    expect(page.get_by_role("button", name="Only task no.")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/sms_history?task=3")


def test_a_planned_task_is_paused_resumed_and_cancelled_and_a_message_leads_on(
    page: Page, server: Server, tokens: dict[str, str]
) -> None:
    enter(page, server, tokens, "owner", "/task?id=3")
    for press, confirm, shows in (
        ("Pause", "Pause the task", "is paused; 5 messages wait"),
        ("Resume", "Resume the task", "is resumed"),
        ("Cancel task", "Cancel the task", "5 messages of task 3 cancelled"),
    ):
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        page.wait_for_timeout(SETTLE_MS)  # the page follows the task: a press while it is drawn anew would be lost
        page.get_by_role("button", name=press, exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("Credit held for them")).to_be_visible()
        dialog.get_by_role("button", name=confirm).click()
        expect(page.get_by_text(shows)).to_be_visible()
        expect(dialog).to_have_count(0)
    page.goto(f"{server.url}/sms_history?state=failed&order=oldest")
    drawer = open_row(page, 0)
    expect(drawer.get_by_text("Part 1 of 2")).to_be_visible()
    expect(drawer.get_by_role("link", name="Report to staff")).to_be_visible()
    drawer.get_by_role("link", name="Send again to failed").click()
    expect(page.get_by_role("dialog").get_by_text("3 recipients were not reached")).to_be_visible()


@pytest.mark.flow(13)
@pytest.mark.parametrize("path", ["/sms_history", "/task_record", "/sending_record", "/topup_history"])
def test_exports_are_files_that_no_spreadsheet_runs(
    page: Page, server: Server, tokens: dict[str, str], path: str
) -> None:
    enter(page, server, tokens, "owner", path)
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="CSV", exact=True).click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Save the CSV file").click()
    rows = list(csv.DictReader(io.StringIO(waited.value.path().read_text(encoding="utf-8"))))
    assert waited.value.suggested_filename.endswith(".csv")
    names = {row["task"] for row in rows}
    assert f"'{SALE}" in names
    assert SALE not in names
    menu = page.get_by_test_id("stPopoverBody")
    menu.get_by_role("button", name="Excel (.xlsx)", exact=True).click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Save the Excel").click()
    assert waited.value.path().read_bytes().startswith(b"PK")


def test_staff_credits_an_account_and_the_customer_sees_it_at_once(
    page: Page, another: Another, server: Server, tokens: dict[str, str]
) -> None:
    customer = enter(another(), server, tokens, "rival", "/topup_history")
    badge = customer.locator(".ims-credit")
    expect(badge).to_contain_text("0.00")
    staff = enter(page, server, tokens, "staff", "/staff_accounts?q=rival%40example")
    canvas = staff.get_by_test_id("stDataFrame").locator("canvas").first
    place = canvas.bounding_box()
    assert place is not None
    staff.mouse.move(place["x"] + 90, place["y"] + HEADER_PX + 30)
    staff.mouse.move(place["x"] + 60, place["y"] + HEADER_PX + ROW_PX / 2, steps=5)
    staff.mouse.down()
    staff.mouse.up()
    staff.get_by_label("Amount in credits").fill("1,234.5")
    staff.get_by_role("textbox", name="Reason").first.fill("Bank transfer")
    staff.get_by_role("button", name="Review").click()
    expect(staff.get_by_role("dialog").get_by_text("1,234.50").last).to_be_visible()
    staff.get_by_role("button", name="Book it").click()
    expect(staff.get_by_text("It now has 1,234.50 available.")).to_be_visible()
    expect(badge).to_contain_text("1,234.50")  # without a reload


def test_a_phone_shows_the_records_without_sideways_scrolling_of_the_page(
    page: Page, server: Server, tokens: dict[str, str]
) -> None:
    page.set_viewport_size(PHONE)
    for path in ("/dashboard", "/sms_history", "/task_record", "/topup_history"):
        enter(page, server, tokens, "owner", path)
        expect(page.locator("[data-testid=stDataFrame]:visible").first).to_be_visible()
        page.wait_for_function(FITS)
