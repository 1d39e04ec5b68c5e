"""Browser windows that the tests use one after another.

A page takes a third of the time in a window that has shown the product before: its scripts, 2 MB and with charts 7 MB,
are fetched, unpacked and compiled already. What a test left is cleared away: cookies, what scripts stored, tabs,
routes, size and colours. A window in which a test failed is closed.

A test that listens to its page (`page.on`) takes its listener away again, or opens a window of its own from `browser`.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from playwright.sync_api import Error as PlaywrightError

WAIT_MS: Final = 40_000
"""Longest wait for something to appear; two cores run the server, the browser and another test."""
DESKTOP: Final[ViewportSize] = {"width": 1440, "height": 900}
SMALL: Final[ViewportSize] = {"width": 1280, "height": 720}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
FORGET: Final = "() => { localStorage.clear(); sessionStorage.clear(); }"
IDLE_MOST: Final = 3
"""Windows kept open for the next test."""


@dataclass
class Window:
    """A context with its first tab, both without anything of another test."""

    context: BrowserContext
    page: Page


class Windows:
    """Hands out windows and takes them back."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: list[Window] = []
        self._quiet = _QuietPlace()

    def take(self, viewport: ViewportSize = DESKTOP) -> Window:
        """The one that was given back last: what it has compiled is the freshest."""
        window = self._idle.pop() if self._idle else self._new()
        window.page.set_viewport_size(viewport)
        window.context.tracing.start_chunk()
        return window

    def give_back(self, window: Window, *, evidence: Path | None = None) -> None:
        """`evidence`: the folder for pictures and trace of a test that failed."""
        if evidence is not None:
            keep(window.context, evidence)
            window.context.close()
            return
        window.context.tracing.stop_chunk()
        if len(self._idle) < IDLE_MOST and self._cleared(window):
            self._idle.append(window)
        else:
            window.context.close()

    def close(self) -> None:
        for window in self._idle:
            window.context.close()
        self._idle.clear()
        self._quiet.close()

    def _new(self) -> Window:
        # Without motion nothing is drawn sixty times a second while a chart or a drawer comes.
        context = self._browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
        context.set_default_timeout(WAIT_MS)
        context.tracing.start(screenshots=False, snapshots=False)
        return Window(context, context.new_page())

    def _cleared(self, window: Window) -> bool:
        """Takes away what a test left; False when the window cannot be used again, as one that crashed."""
        page = window.page
        try:
            for tab in window.context.pages:
                if tab is not page:
                    tab.close()
            page.unroute_all()
            window.context.unroute_all()
            if page.url.startswith("http"):
                page.evaluate(FORGET)
            page.goto(self._quiet.url)
            window.context.clear_cookies()
            window.context.clear_permissions()
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
        except PlaywrightError:
            return False
        return True


def keep(context: BrowserContext, folder: Path) -> None:
    """Pictures of every tab and the trace (`playwright show-trace`)."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("trace*.zip")))
    for place, page in enumerate(context.pages):
        with contextlib.suppress(PlaywrightError):  # a page that crashed has no picture; the trace is still kept
            page.screenshot(path=folder / f"window{number}-page{place}.png", full_page=True)
    context.tracing.stop_chunk(path=folder / f"trace{number}.zip")


class _QuietPlace:
    """An empty page on the host of the servers, where a window waits for its next test. On any other host, or on
    about:blank, the browser would give the window a new process, which has compiled nothing."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
        self._thread = threading.Thread(target=self._server.serve_forever, name="quiet place", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Says nothing."""
