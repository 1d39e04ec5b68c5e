"""Import a list, opt one number out, send to the list: the report names who is not sent to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, be, box

pytestmark = pytest.mark.browser


def import_list(page: Page, file: Path) -> None:
    page.get_by_role("link", name="Contact lists").click()
    page.get_by_role("button", name="Make your first list").click()
    dialog = page.get_by_role("dialog")
    box(page, "List name").fill("Regulars")
    dialog.locator('input[type="file"]').set_input_files(file)
    expect(dialog.get_by_text("1 row left out")).to_be_visible()
    dialog.get_by_role("button", name="Create the list").click()
    expect(page.get_by_text("Imported: 2 contacts added, 1 not usable.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/contacts\?list=1$"))


def opt_out(page: Page) -> None:
    page.get_by_role("link", name="Opt-outs").click()
    page.get_by_role("button", name="Add a number").click()
    box(page, "Number").fill("+61 412 345 679")
    page.get_by_role("dialog").get_by_role("button", name="Opt out").click()
    expect(page.get_by_text("+61412345679 has opted out")).to_be_visible()


def test_who_opted_out_of_a_list_is_named_and_not_sent_to(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("phone,name\n61412345678,Ann\n61412345679,Ben\n61298765432,Land\n", encoding="utf-8")
    be(page, server, "lena")
    import_list(page, file)
    opt_out(page)
    page.get_by_role("link", name="Bulk SMS").click()
    box(page, "Task name").fill("Bread")
    page.get_by_text("A contact list", exact=True).click()
    page.get_by_role("combobox", name="Contact list").click()
    page.get_by_role("option", name="Regulars (2)").click()
    expect(page.get_by_text("Import report: 1 row not sent to")).to_be_visible()
    entry = page.locator(".ims-entries p", has_text="61412345679")
    expect(entry).to_contain_text("Row 2")
    expect(entry).to_contain_text("This person has opted out of your messages and is not sent to.")
    box(page, "Content").fill("Bakery: dear ((name)), fresh bread from 7.")
    box(page, "Content").blur()
    page.get_by_role("button", name="Submit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".ims-texts p")).to_have_text(["Bakery: dear Ann, fresh bread from 7."])
    expect(dialog).to_contain_text("1 row of the file will be neither sent to nor charged")
