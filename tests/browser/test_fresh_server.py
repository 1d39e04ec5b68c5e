"""Before anybody has visited: no address shows anything, and the server itself behaves."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from engine.api import SESSION_COOKIE
from pages.ui.registry import BULK_SMS, DASHBOARD, SMS_HISTORY, STAFF_ACCOUNTS, STAFF_SYSTEM, TOP_UP, PageEntry
from tests.browser.conftest import ROOT, Server, free_port, heard, run_command, start_server, status

pytestmark = pytest.mark.browser
WORK_PAGES = [DASHBOARD, BULK_SMS, SMS_HISTORY, TOP_UP, STAFF_ACCOUNTS, STAFF_SYSTEM]
"""One of each kind; tests/pages/test_sign_in.py tries every page without a browser."""
LEAKS = ("Bulk SMS", "Dashboard", "Task record", "Top-up history", "Accounts")
"""Words of the menu and the pages; "Bulk SMS for your team" stands under the brand."""


@pytest.mark.parametrize("entry", WORK_PAGES, ids=lambda entry: entry.url_path)
def test_the_first_visit_ever_to_any_address_shows_the_log_in_form_only(
    page: Page, server: Server, entry: PageEntry
) -> None:
    address = f"{server.url}/{entry.url_path}?id=1"
    page.goto(address)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    expect(page).to_have_url(address)
    text = page.locator("body").inner_text().replace("Bulk SMS for your team", "")
    assert not [word for word in LEAKS if word in text]


def test_a_server_that_nobody_visited_yet_does_not_run_a_page_alone(page: Page, fresh_server: Server) -> None:
    page.goto(f"{fresh_server.url}/dashboard")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(page.get_by_text("This server has no administrator yet")).to_be_visible()


@pytest.mark.parametrize("cookies", [{}, {SESSION_COOKIE: "invented"}])
def test_nobody_leaves_files_without_being_signed_in(server: Server, cookies: dict[str, str]) -> None:
    address = f"{server.url}/_stcore/upload_file/some-session/some-file"
    with httpx.Client(cookies=cookies) as client:
        assert client.put(address, files={"file": ("a.csv", b"phone")}).status_code == 403
        assert client.delete(address).status_code == 403


def test_nothing_is_loaded_from_anywhere_else_and_the_policy_is_kept(page: Page, server: Server) -> None:
    elsewhere: list[str] = []
    broken: list[str] = []
    own = (server.url, server.url.replace("http", "ws"), "data:", "blob:")
    with (
        heard(page, "request", lambda request: elsewhere.append(request.url)),
        heard(page, "console", lambda said: broken.append(said.text)),
    ):
        for path in ("/", "/login", "/register", "/setup?token=x"):
            page.goto(server.url + path)
            expect(page.get_by_text("IMS", exact=True)).to_be_visible()
    assert [url for url in elsewhere if not url.startswith(own)] == []
    assert [said for said in broken if "Content Security Policy" in said] == []


@pytest.mark.parametrize("path", ["/", "/dashboard", "/healthz", "/_stcore/health", "/static/nothing"])
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    headers = httpx.get(server.url + path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_first_page_carries_our_name_before_any_script_runs(server: Server) -> None:
    html = httpx.get(f"{server.url}/dashboard").text
    assert "<title>IMS</title>" in html
    assert "agent" not in html


@pytest.mark.parametrize(
    ("method", "headers", "body"),
    [
        ("POST", {"X-IMS-Request": "1"}, b'{"ticket": "invented"}'),
        ("POST", {"X-IMS-Request": "1"}, b"not json"),
        ("POST", {"X-IMS-Request": "1"}, b'["ticket"]'),
        ("POST", {"X-IMS-Request": "1"}, b'{"ticket": "' + b"x" * 9_000 + b'"}'),
        ("POST", {}, b'{"ticket": "invented"}'),
        ("POST", {"X-IMS-Request": "1", "Origin": "https://evil.example"}, b'{"ticket": "invented"}'),
        ("DELETE", {}, None),
        ("DELETE", {"X-IMS-Request": "1", "Sec-Fetch-Site": "cross-site"}, None),
    ],
)
def test_the_cookie_route_refuses_what_our_page_would_not_send(
    server: Server, method: str, headers: dict[str, str], body: bytes | None
) -> None:
    answer = httpx.request(method, f"{server.url}/session", content=body, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "login_failed"
    assert SESSION_COOKIE not in answer.cookies


def test_a_page_of_another_origin_cannot_connect_and_nobody_waits_for_it(server: Server) -> None:
    stream = server.url.replace("http", "ws") + "/_stcore/stream"
    begun = time.monotonic()
    with pytest.raises(InvalidStatus) as caught:
        connect(stream, origin=Origin("https://evil.example"))
    assert caught.value.response.status_code == 403
    # Streamlit would ask two servers on the internet for its own address, five seconds each.
    assert time.monotonic() - begun < 4


def test_the_public_address_behind_a_proxy_may_connect(tmp_path: Path) -> None:
    server = start_server(tmp_path, IMS_PUBLIC_URL="https://sms.example.com")
    stream = server.url.replace("http", "ws") + "/_stcore/stream"
    with connect(stream, origin=Origin("https://sms.example.com")) as open_stream:
        open_stream.ping().wait(5)
    assert "https://sms.example.com/setup?token=" in server.said()
    assert "max-age" in httpx.get(server.url).headers["Strict-Transport-Security"]
    server.stop()


def test_health_says_what_it_is_made_of(server: Server) -> None:
    state = httpx.get(f"{server.url}/healthz").json()
    assert state["ok"] is state["database"] is state["scheduler"] is True


def test_sigterm_stops_cleanly_while_a_browser_is_connected(page: Page, tmp_path: Path) -> None:
    server = start_server(tmp_path)
    page.goto(server.url)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    server.stop()
    assert "Traceback" not in server.said()
    assert status(f"{server.url}/healthz") == 0


def test_a_second_server_on_the_same_database_says_who_has_it(server: Server) -> None:
    port = free_port()
    environment = {"IMS_DATA": str(server.data), "IMS_PORT": str(port), "PATH": "/usr/bin:/bin"}
    second = subprocess.run(
        run_command(port), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert f"in use by process {server.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_setting_that_cannot_be_used_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    port = free_port()
    environment = {"IMS_DATA": str(tmp_path), "IMS_QUICK_LIMIT": "many", "PATH": "/usr/bin:/bin"}
    refused = subprocess.run(
        run_command(port), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("use a number 1–5000.")
    assert "Traceback" not in refused.stderr
