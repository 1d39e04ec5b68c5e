"""A real server on a free loopback port with a database of its own, and Chromium to visit it.

A test that fails leaves screenshots and trace (`playwright show-trace`) in test-results/.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, expect, sync_playwright

from tests.browser.windows import SMALL, WAIT_MS, Window, Windows
from tests.kit import PASSWORD, world
from tests.records_kit import Shop, stock

if TYPE_CHECKING:
    from tests.browser.town import Town, Visitors

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "test-results"
START_LIMIT_S: Final = 60
STOP_LIMIT_S: Final = 20
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    # A page lives for seconds: what the optimizing compilers and a small young generation cost never comes back.
    "--js-flags=--no-opt --no-maglev --single-threaded-gc --min-semi-space-size=16",
)

LEFT_PORTS: Final[list[int]] = []
"""Of servers that have ended, the last one at the end."""
Another = Callable[..., Page]

expect.set_options(timeout=WAIT_MS)


def run_command(port: int) -> list[str]:
    """What `make run` executes; tests/unit/test_makefile.py compares the two."""
    options = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    return [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", *options]


@dataclass
class Server:
    port: int
    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    cookies: dict[str, list[Any]] = field(default_factory=dict)
    """User name → the cookies of its first sign-in, for `be`."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def setup_link(self) -> str:
        found = re.search(r"http://\S+/setup\?token=\S+", self.said())
        assert found, f"no set-up link in:\n{self.said()}"
        return found.group()

    def stop(self) -> None:
        """SIGTERM, as a supervisor does; fails when the server does not end in time and in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        # uvicorn gives the signal back to itself once everything is closed.
        assert code in {0, -signal.SIGTERM}
        assert "IMS has stopped" in self.said()
        LEFT_PORTS.append(self.port)


def free_port(wanted: int = 0) -> int:
    """A port that nobody listens on; OSError when it is not the wanted one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: connections may linger
        probe.bind(("127.0.0.1", wanted))
        return int(probe.getsockname()[1])


def port_known_to_the_windows() -> int:
    """The port of a server that has ended, else another: what a window has compiled is kept by its address."""
    while LEFT_PORTS:
        with contextlib.suppress(OSError):
            return free_port(LEFT_PORTS.pop())
    return free_port()


def start_server(folder: Path, **settings: str) -> Server:
    """Starts the product and waits until /healthz answers 200."""
    port = port_known_to_the_windows()
    log = folder / "server.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "STREAMLIT_"))}
    given = {"IMS_DATA": str(folder / "data"), "IMS_PORT": str(port), "IMS_SUPPORT": "support@example.com"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            run_command(port), cwd=ROOT, env=kept | given | settings, stdout=output, stderr=subprocess.STDOUT
        )
    server = Server(port, folder / "data", log, process)
    give_up = time.monotonic() + START_LIMIT_S
    while status(f"{server.url}/healthz") != 200:
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            process.wait()
            pytest.fail(f"the server did not start:\n{server.said()}")
        time.sleep(0.1)
    return server


def status(address: str) -> int:
    """HTTP status of a GET, 0 when nobody answers."""
    try:
        return httpx.get(address, timeout=5).status_code
    except httpx.TransportError:
        return 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a file."""
    started = start_server(tmp_path_factory.mktemp("server"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Shop]]:
    """A server on a database that has a history already, and what is in it."""
    folder = tmp_path_factory.mktemp("server")
    shop = stock(world(folder / "data", credit=0))
    shop.engine.stop()
    started = start_server(folder)
    yield started, shop
    started.stop()


@pytest.fixture(scope="module")
def tokens(open_shop: tuple[Server, Shop]) -> dict[str, str]:
    """Sessions of everybody in the shop."""
    return open_shop[1].tokens


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server on which every page has something to show."""
    from tests.browser.town import built_town  # noqa: PLC0415 - it builds on this module

    with built_town(tmp_path_factory.mktemp("town")) as built:
        yield built


@pytest.fixture(scope="module")
def visitors(windows: Windows, town: Town) -> Iterator[Visitors]:
    """Somebody of each side of the town, signed in."""
    from tests.browser.town import Visitors  # noqa: PLC0415 - same

    came = Visitors(windows, town)
    yield came
    came.leave()


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own for one test, its database empty."""
    started = start_server(tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    # The distribution's own Chromium: a closed network cannot download another.
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path, "Chromium is missing: apt-get install chromium, or leave these tests out with -m 'not browser'"
    launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[Windows]:
    """The windows that tests use one after another."""
    opened = Windows(browser)
    yield opened
    opened.close()


@pytest.fixture
def window(windows: Windows, request: pytest.FixtureRequest) -> Iterator[Window]:
    taken = windows.take()
    yield taken
    windows.give_back(taken, evidence=_evidence(request))


@pytest.fixture
def context(window: Window) -> BrowserContext:
    """A browser without cookies, 1440×900; `page` is its first tab."""
    return window.context


@pytest.fixture
def page(window: Window) -> Page:
    return window.page


@pytest.fixture
def another(windows: Windows, request: pytest.FixtureRequest) -> Iterator[Another]:
    """Opens the browser of somebody else, without cookies, 1280×720 unless asked."""
    taken: list[Window] = []

    def opened(viewport: ViewportSize = SMALL) -> Page:
        taken.append(windows.take(viewport))
        return taken[-1].page

    yield opened
    for one in taken:
        windows.give_back(one, evidence=_evidence(request))


def _evidence(request: pytest.FixtureRequest) -> Path | None:
    """Where to keep what a test that failed has shown."""
    if not getattr(request.node, "failed_call", False):
        return None
    return RESULTS / re.sub(r"[^\w.-]+", "_", request.node.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.failed_call = True  # type: ignore[attr-defined]
    return report


@contextlib.contextmanager
def heard(page: Page, event: str, handler: Callable[[Any], object]) -> Iterator[None]:
    """Listens to a page for a while."""
    page.on(event, handler)  # type: ignore[call-overload] # one overload for each event
    yield
    page.remove_listener(event, handler)


def box(page: Page, label: str) -> Any:
    """A text field by its label."""
    return page.get_by_role("textbox", name=label, exact=True)


def register(page: Page, server: Server, user_name: str, *, team: str = "Bakery") -> None:
    """Fills in the registration form and ends on the log-in page."""
    page.goto(f"{server.url}/register")
    fill_in_person(page, user_name, team=team)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Your team is registered")).to_be_visible()


def fill_in_person(page: Page, user_name: str, *, team: str, password: str = PASSWORD) -> None:
    box(page, "Team or company").fill(team)
    box(page, "First name").fill("Jane")
    box(page, "Last name").fill("Doe")
    box(page, "E-mail").fill(f"{user_name}@example.com")
    box(page, "User name").fill(user_name)
    box(page, "Password").fill(password)
    box(page, "Repeat password").fill(password)


def try_log_in(page: Page, user_name: str, password: str = PASSWORD) -> None:
    box(page, "User name or e-mail").fill(user_name)
    box(page, "Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_in(page: Page, server: Server, user_name: str) -> None:
    """Signs in from the log-in page and waits for the badge that only signed-in people see."""
    page.goto(f"{server.url}/login")
    try_log_in(page, user_name)
    expect(page.locator(".ims-credit")).to_be_visible()
    server.cookies[user_name] = page.context.cookies()


def be(page: Page, server: Server, user_name: str) -> None:
    """Signed in as a customer on the start page; registered and signed in through the forms the first time only."""
    if user_name in server.cookies:
        page.context.add_cookies(server.cookies[user_name])
        page.goto(server.url)
        expect(page.locator(".ims-credit")).to_be_visible()
        return
    register(page, server, user_name)
    log_in(page, server, user_name)
