"""An administrator makes a route with prices; a customer finds it in the selector and sends over it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Another, Server, box, fill_in_person, log_in, register

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PRICES = "country,price\n*,1.50\nAustralia,0.80\nNZ,1.20\n"
SHOWN = "Oceania · 0.80–1.50 credit/SMS"
ACCOUNT_ID = 2


def make_route(page: Page, server: Server, prices: Path) -> None:
    page.goto(f"{server.url}/staff_routes")
    page.get_by_role("button", name="Add route").click()
    dialog = page.get_by_role("dialog")
    box(dialog, "Route name").fill("Oceania")  # type: ignore[arg-type] # a locator finds as a page does
    dialog.get_by_text("Open for customers at once").click()
    dialog.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("“Oceania” is added")).to_be_visible()
    page.get_by_role("tab", name="Prices").click()
    page.locator('input[type="file"]').set_input_files(prices)
    page.get_by_role("button", name="Use these 3 prices").click()
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="What changes")).to_contain_text("New Zealand")
    dialog.get_by_role("button", name="Save prices").click()
    expect(page.get_by_text("Price version 2 is saved")).to_be_visible()
    expect(page.get_by_text(f"Customers see: {SHOWN}")).to_be_visible()


def credit(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/staff_accounts?account={ACCOUNT_ID}")
    box(page, "Amount in credits").fill("10")
    box(page, "Reason").fill("Gift")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("dialog").get_by_role("button", name="Book it").click()
    expect(page.get_by_text("10.00 credits added to")).to_be_visible()


@pytest.mark.flow(6, 7)
def test_a_new_route_is_found_and_sent_over(page: Page, another: Another, fresh_server: Server, tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text(PRICES, encoding="utf-8")
    desk = another()
    desk.goto(fresh_server.setup_link())
    fill_in_person(desk, "ada", team="Operator")
    desk.get_by_role("button", name="Create administrator").click()
    expect(desk.get_by_text("The administrator is ready")).to_be_visible()
    log_in(desk, fresh_server, "ada")
    make_route(desk, fresh_server, prices)
    register(page, fresh_server, "jane")
    credit(desk, fresh_server)
    log_in(page, fresh_server, "jane")
    page.goto(f"{fresh_server.url}/quick_sms")
    expect(box(page, "Sender ID (optional)")).to_be_visible()
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name=SHOWN).click()
    expect(page.get_by_text("this route does not support one")).to_be_visible()
    expect(box(page, "Sender ID (optional)")).to_have_count(0)
    box(page, "Task name").fill("Over the new route")
    box(page, "Recipients").fill("61412345678, 6421345678")
    box(page, "Content").fill("Bakery: fresh bread from 7.")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("dialog").get_by_role("button", name="Accept & submit").click()
    expect(page).to_have_url(re.compile(r"/task\?id=1$"))
    expect(page.get_by_text("Held 2.00 = charged 2.00 + returned 0.00.")).to_be_visible()
    expect(page.locator(".ims-credit")).to_contain_text("8.00")
    desk.goto(f"{fresh_server.url}/staff_routes")
    expect(desk.locator(".st-key-card-route-2")).to_contain_text("100.0% of 2")
