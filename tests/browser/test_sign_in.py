"""From the set-up link to sign-out, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from engine.api import SESSION_COOKIE
from tests.browser.conftest import (
    PASSWORD,
    Another,
    Server,
    be,
    fill_in_person,
    log_in,
    register,
    try_log_in,
)

pytestmark = pytest.mark.browser
ADMIN = "ada"


def session_cookie(context: BrowserContext) -> dict[str, object] | None:
    return next((dict(cookie) for cookie in context.cookies() if cookie.get("name") == SESSION_COOKIE), None)


def sign_out(page: Page) -> None:
    page.locator(".st-key-ims-account button").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_the_printed_link_makes_the_administrator_once(page: Page, fresh_server: Server) -> None:
    link = fresh_server.setup_link()
    page.goto(link)
    fill_in_person(page, ADMIN, team="Operator")
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_text("The administrator is ready")).to_be_visible()
    log_in(page, fresh_server, ADMIN)
    expect(page.locator(".ims-credit")).to_contain_text("Admin")
    expect(page.get_by_role("link", name="Accounts")).to_be_visible()
    sign_out(page)
    page.goto(link)
    expect(page.get_by_text("The first administrator exists already")).to_be_visible()


@pytest.mark.flow(1, 2)
def test_who_registers_can_log_in_and_sees_the_credit(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_role("link", name="New here? Register your team").click()
    fill_in_person(page, "jane", team="Bakery")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Your team is registered")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/login")
    log_in(page, server, "jane")
    expect(page.locator(".ims-credit")).to_have_text("Available0.00 credits")
    expect(page.get_by_role("link", name="Quick SMS")).to_be_visible()
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)


def test_the_cookie_is_out_of_reach_of_scripts(page: Page, context: BrowserContext, server: Server) -> None:
    be(page, server, "jane")
    cookie = session_cookie(context)
    assert cookie is not None
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert SESSION_COOKIE not in page.evaluate("document.cookie")
    assert str(cookie["value"]) not in page.content()
    assert str(cookie["value"]) not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_a_reload_and_a_new_tab_stay_signed_in(page: Page, context: BrowserContext, server: Server) -> None:
    be(page, server, "jane")
    page.reload()
    expect(page.locator(".ims-credit")).to_be_visible()
    other = context.new_page()
    other.goto(f"{server.url}/account")
    expect(other.get_by_role("heading", name="Your account")).to_be_visible()


def test_a_deep_link_survives_signing_in_with_its_query(page: Page, server: Server) -> None:
    register(page, server, "deep")
    page.goto(f"{server.url}/account?from=mail")
    try_log_in(page, "deep")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/account?from=mail")


def test_a_mistyped_address_has_a_page_of_our_own_with_a_way_on(page: Page, server: Server) -> None:
    be(page, server, "jane")
    page.goto(f"{server.url}/qwick_sms")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Go to Dashboard").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_signing_out_in_one_tab_ends_the_other_by_itself(page: Page, context: BrowserContext, server: Server) -> None:
    be(page, server, "tabs")
    other = context.new_page()
    other.goto(f"{server.url}/account")
    expect(other.get_by_role("heading", name="Your account")).to_be_visible()
    sign_out(page)
    # The badge asks every few seconds; nothing is clicked in the other tab.
    expect(other.get_by_role("button", name="Log in")).to_be_visible()
    expect(other.get_by_text("Your session has ended")).to_be_visible()
    expect(other.get_by_role("heading", name="Your account")).to_have_count(0)
    assert session_cookie(context) is None


def test_a_changed_password_signs_other_browsers_out_and_this_one_not(
    page: Page, another: Another, server: Server
) -> None:
    be(page, server, "twice")
    other = another()
    log_in(other, server, "twice")
    page.goto(f"{server.url}/account")
    form = page.get_by_test_id("stForm").filter(has=page.get_by_role("textbox", name="New password"))
    form.get_by_role("textbox", name="Current password").fill(PASSWORD)
    form.get_by_role("textbox", name="New password").fill("another green kettle")
    form.get_by_role("textbox", name="Repeat password").fill("another green kettle")
    form.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    expect(other.get_by_role("button", name="Log in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


@pytest.mark.flow(2)
def test_a_wrong_password_says_what_to_check_and_keeps_the_name(page: Page, server: Server) -> None:
    register(page, server, "wrong")
    try_log_in(page, "wrong", "not the password")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Check your user name and password, and that you have registered")
    expect(alert).to_contain_text("support@example.com")
    expect(page.get_by_role("textbox", name="User name or e-mail")).to_have_value("wrong")
    try_log_in(page, "wrong")
    expect(page.locator(".ims-credit")).to_be_visible()


COUNT_RUNS = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  window.imsRuns = 0;
  new MutationObserver(() => { window.imsRuns += app.dataset.testScriptState === "notRunning"; })
    .observe(app, {attributes: true, attributeFilter: ["data-test-script-state"]});
}"""


def test_five_wrong_passwords_lock_the_name_in_every_browser(page: Page, another: Another, server: Server) -> None:
    register(page, server, "locked")
    page.evaluate(COUNT_RUNS)
    for attempt in range(1, 6):
        try_log_in(page, "locked", f"wrong number {attempt}")
        page.wait_for_function("runs => window.imsRuns >= runs", arg=attempt)
        expect(page.get_by_role("alert")).to_contain_text("Wait 15 minutes" if attempt == 5 else "That did not work")
    other = another()
    other.goto(f"{server.url}/login")
    try_log_in(other, "locked")
    expect(other.get_by_role("alert")).to_contain_text("Too many failed attempts")


def test_an_exchange_that_the_server_refuses_is_told(page: Page, context: BrowserContext, server: Server) -> None:
    register(page, server, "late")
    page.route("**/session", lambda route: route.fulfill(status=403, body="{}"))
    try_log_in(page, "late")
    expect(page.get_by_role("alert")).to_contain_text("That did not work")
    assert session_cookie(context) is None
    page.unroute("**/session")
    try_log_in(page, "late")
    expect(page.locator(".ims-credit")).to_be_visible()


def test_on_a_phone_the_menu_closes_after_a_choice_and_the_credit_stays_in_reach(page: Page, server: Server) -> None:
    be(page, server, "jane")
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.locator(".ims-credit")).to_be_in_viewport(ratio=1)
    page.get_by_test_id("stExpandSidebarButton").click()
    link = page.get_by_role("link", name="Task record")
    expect(link).to_be_in_viewport()
    link.click()
    expect(page.get_by_role("heading", name="Task record")).to_be_visible()
    expect(link).not_to_be_in_viewport()
    page.get_by_test_id("stPopoverButton").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)


def test_names_with_markup_are_shown_as_they_were_typed(page: Page, server: Server) -> None:
    team = "<b>*Bold*</b> $x$ :tada: [a](http://a.example)"
    register(page, server, "markup", team=team)
    log_in(page, server, "markup")
    page.goto(f"{server.url}/account")
    expect(page.get_by_text(team, exact=True)).to_be_visible()
    page.get_by_test_id("stPopoverButton").click()
    expect(page.locator(".ims-who")).to_contain_text(team)
