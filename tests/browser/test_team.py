"""An invitation, the person who joins by it, and the second step of sign-in, in a real browser."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from tests.browser.conftest import PASSWORD, Another, Server, be, box, log_in, try_log_in
from tests.browser.test_sign_in import sign_out

pytestmark = pytest.mark.browser
STEP_S = 30


def invite(page: Page, server: Server) -> str:
    """The link that the owner is shown."""
    page.goto(f"{server.url}/team")
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.get_by_test_id("stCode").get_by_text("/join?token=")
    expect(link).to_be_visible()
    return link.inner_text().strip()


def join(page: Page, link: str, user_name: str) -> None:
    page.goto(link)
    box(page, "First name").fill("Ann")
    box(page, "Last name").fill("Lee")
    box(page, "E-mail").fill(f"{user_name}@example.com")
    box(page, "User name").fill(user_name)
    box(page, "Password").fill(PASSWORD)
    box(page, "Repeat password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("Welcome. Log in")).to_be_visible()


def switch_on(page: Page, server: Server) -> tuple[str, int]:
    """Sets the second step up; the secret that was shown, and the step whose code was used."""
    page.goto(f"{server.url}/account")
    page.locator(".st-key-card-second-step").get_by_label("Current password").first.fill(PASSWORD)
    page.get_by_role("button", name="Set up the second step").click()
    shown = page.get_by_test_id("stCode").filter(has_text=re.compile(r"^[A-Z2-7 ]+$"))
    expect(shown).to_be_visible()
    expect(page.locator("img.ims-qr")).to_be_visible()
    secret = shown.inner_text().replace(" ", "").strip()
    step = int(time.time()) // STEP_S
    box(page, "2. Type the code the app shows").fill(TOTP(secret).generate_otp(step))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_text("Keep these recovery codes now")).to_be_visible()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left")).to_be_visible()
    return secret, step


def test_who_joins_by_an_invitation_sees_the_menu_of_the_role_and_signs_in_with_a_code(
    page: Page, another: Another, server: Server
) -> None:
    be(page, server, "boss")
    link = invite(page, server)
    other = another()
    join(other, link, "ann")
    log_in(other, server, "ann")
    expect(other.get_by_role("link", name="Quick SMS")).to_be_visible()
    other.goto(f"{server.url}/team")
    expect(other.get_by_role("heading", name="Team", exact=True)).to_be_visible()
    expect(other.get_by_role("button", name="Make an invitation link")).to_have_count(0)

    secret, used = switch_on(other, server)
    sign_out(other)
    try_log_in(other, "ann")
    code = box(other, "Code")
    expect(code).to_be_visible()
    expect(other.locator(".ims-credit")).to_have_count(0)
    # The code after the one of the set-up: it is understood half a minute early, and no wait is needed.
    code.fill(TOTP(secret).generate_otp(used + 1))
    other.get_by_role("button", name="Continue").click()
    expect(other.locator(".ims-credit")).to_be_visible()

    again = other.context.new_page()
    again.goto(link)
    expect(again.locator(".ims-credit")).to_be_visible()

    late = another()
    late.goto(link)
    expect(late.get_by_role("alert")).to_contain_text("This link has expired, was used or was withdrawn")
