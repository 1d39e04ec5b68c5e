"""Composing in a browser: what is typed survives, the phone shows each row, the valid rows can be sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, be, box

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROWS = "phone,name\n61412345678,Ann\n61412345679,see http://x.example\n447400123456,Ben\n"
TYPED_KEPT_MS = 3_000


def test_draft_survives_a_reload_and_the_valid_rows_go_to_the_quote(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(ROWS, encoding="utf-8")
    be(page, server, "jane")
    page.goto(f"{server.url}/bulk_sms")
    box(page, "Task name").fill("November list")
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("every row can be sent to")).to_be_visible()
    box(page, "Content").fill("Bakery: dear ((name)), fresh bread from 7.")
    page.wait_for_timeout(TYPED_KEPT_MS)  # the box is not left: a pause in typing is enough
    page.reload()
    expect(page.get_by_text("Draft restored from")).to_be_visible()
    expect(box(page, "Content")).to_have_value("Bakery: dear ((name)), fresh bread from 7.")
    expect(box(page, "Task name")).to_have_value("November list")
    phone = page.locator(".ims-phone")
    expect(phone).to_contain_text("dear Ann, fresh")
    page.get_by_role("spinbutton").fill("3")
    page.get_by_role("spinbutton").press("Enter")
    expect(phone).to_contain_text("dear Ben, fresh")
    page.get_by_text("Send the 2 valid rows without them").click()
    page.get_by_role("button", name="Submit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="Quote by country")).to_contain_text("United Kingdom")
    expect(dialog).to_contain_text("1 row is left out because of its text")
