"""Flow 3 of the mission in a browser: ask for credit, upload the receipt, be approved, see the credit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.app import Engine
from engine.config import Config
from engine.model import Role
from engine.topups import BankDetails
from tests.browser.conftest import PASSWORD, Another, Server, box, log_in, register, start_server
from tests.unit.accounts_kit import form, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IBAN = "DE89 3704 0044 0532 0130 00"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360f8cf000002020100"
    "7b09b3740000000049454e44ae426082"
)


@pytest.fixture
def office_server(tmp_path: Path) -> Iterator[Server]:
    """A server whose operator has staff and bank details."""
    engine = Engine.open(Config.from_env({"IMS_DATA": str(tmp_path / "data")}))
    accounts = engine.accounts
    accounts.create_first_admin(accounts.setup_token(), form("ada", team="Operator", password=PASSWORD))
    accounts.create_operator("stan", "stan@example.com", PASSWORD, Role.STAFF)
    bank = BankDetails("First Bank", "IMS Pty Ltd", IBAN, "Write only the reference.")
    engine.topups.set_bank(signed_in(accounts, "ada")[1], bank, based_on=0)
    engine.store.close()
    started = start_server(tmp_path)
    yield started
    started.stop()


def ask_for_credit(page: Page, server: Server) -> str:
    """Asks for 1,000 credits; returns the reference."""
    page.goto(f"{server.url}/top_up")
    box(page, "Credits to buy").press_sequentially("1,000")
    expect(page.locator(".ims-amount")).to_contain_text("45.00 USD")  # while typing, without leaving the field
    page.get_by_role("button", name="Ask for 1,000 credits").click()
    expect(page).to_have_url(re.compile(r"/top_up\?id=1$"))
    expect(page.get_by_text(IBAN)).to_be_visible()
    return page.locator("code", has_text="RF").inner_text()


def upload(page: Page, receipt: Path) -> None:
    page.locator('input[type="file"]').set_input_files(receipt)
    page.get_by_role("button", name="Send the receipt").click()
    expect(page.get_by_text("Your receipt has arrived")).to_be_visible()
    expect(page.locator(".ims-receipts img")).to_be_visible()
    assert page.locator(".ims-receipts img").evaluate("image => image.naturalWidth") == 1


def approve(page: Page, server: Server, reference: str) -> None:
    log_in(page, server, "stan")
    page.goto(f"{server.url}/staff_topups?q={reference}")
    expect(page.get_by_text("1 request waits, 1 with a receipt")).to_be_visible()
    page.goto(f"{server.url}/staff_topups?id=1")
    expect(page.locator(".ims-receipts img")).to_be_visible()
    expect(page.locator(".st-key-card-stafftopups-about")).to_contain_text(reference)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Approve and credit").dblclick()
    expect(page.get_by_text("1,000 credits added to “Bakery”")).to_be_visible()


@pytest.mark.flow(3)
def test_credit_is_asked_for_paid_approved_and_seen(
    page: Page, another: Another, office_server: Server, tmp_path: Path
) -> None:
    server = office_server
    receipt = tmp_path / "transfer.png"
    receipt.write_bytes(PIXEL)
    register(page, server, "jane")
    log_in(page, server, "jane")
    reference = ask_for_credit(page, server)
    upload(page, receipt)
    approve(another(), server, reference)
    expect(page.locator(".ims-credit")).to_contain_text("1,000.00")  # by itself, within seconds
    page.goto(f"{server.url}/topup_history")
    expect(page.locator(".st-key-card-figure-closing")).to_contain_text("1,000.00")
    with page.expect_download() as kept:
        page.get_by_role("button", name="PDF", exact=True).click()
    assert kept.value.path().read_bytes().startswith(b"%PDF-")
    answer = another().request.get(f"{server.url}/documents/1")
    assert answer.status == 404
    own = page.request.get(f"{server.url}/documents/1")
    assert (own.status, own.headers["content-type"], own.body()) == (200, "image/png", PIXEL)
    assert "sandbox" in own.headers["content-security-policy"]
