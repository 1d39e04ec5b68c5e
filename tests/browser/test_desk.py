"""Staff at work in a real browser: credit an account, limit it, look through its eyes, find it all in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.api import SESSION_COOKIE
from tests.browser.conftest import Server, box, start_server
from tests.kit import world
from tests.records_kit import people

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tokens() -> dict[str, str]:
    """Sessions of everybody; filled by `server`."""
    return {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tokens: dict[str, str]) -> Iterator[Server]:
    folder = Path(tmp_path_factory.mktemp("server"))
    made = world(folder / "data", credit=0, started=False)
    found, actors = people(made)
    tokens.update(found, account=str(actors["owner"].account_id))
    made.engine.stop()
    started = start_server(folder)
    yield started
    started.stop()


def be_staff(page: Page, server: Server, tokens: dict[str, str], who: str = "admin") -> None:
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": tokens[who], "url": server.url}])


def test_staff_credit_limit_and_view_an_account_and_all_of_it_is_written_down(
    page: Page, server: Server, tokens: dict[str, str]
) -> None:
    be_staff(page, server, tokens)
    page.goto(f"{server.url}/staff_accounts?id={tokens['account']}")
    box(page, "Amount in credits").fill("250")
    box(page, "Reason").first.fill("Invoice 77")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_text("250.00 credits added to")).to_be_visible()

    page.get_by_text("Limits", exact=True).click()
    box(page, "SMS per day").fill("500")
    box(page, "Reason").fill("First month")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("SMS a day: 500")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/staff_accounts?id={tokens['account']}&part=limits")

    page.get_by_role("button", name="View as customer").click()
    expect(page.get_by_text("read only")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/dashboard")
    expect(page.locator(".ims-credit")).to_contain_text("250.00")
    history = page.get_by_role("link", name="Top-up history list")
    expect(history).to_have_count(1)  # the menu of before is gone
    history.click()
    expect(page.get_by_role("heading", name="Top-up history list")).to_be_visible()
    expect(page.get_by_text("read only")).to_be_visible()
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)
    page.get_by_role("button", name="Leave").click()
    expect(page).to_have_url(f"{server.url}/staff_accounts?id={tokens['account']}")
    expect(page.get_by_text("read only")).to_have_count(0)

    page.goto(f"{server.url}/staff_audit?account={tokens['account']}&staff=1")
    expect(page.locator("[role=gridcell]", has_text="Viewed the account")).to_have_count(1)
    for words in ("Limits changed", "Credited"):
        expect(page.locator("[role=gridcell]", has_text=words)).to_have_count(1)


def test_a_backup_is_made_from_the_system_page(page: Page, server: Server, tokens: dict[str, str]) -> None:
    be_staff(page, server, tokens)
    page.goto(f"{server.url}/staff_system")
    expect(page.get_by_text("They add up")).to_be_visible()
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("ims-20").first).to_be_visible()
    assert list((server.data / "backups").glob("ims-*.db"))
