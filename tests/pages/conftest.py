"""A fresh engine behind the pages, and visits to them as somebody or nobody."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test
from streamlit.util import calc_hash

from engine.accounts import RegisterForm
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.config import Config
from engine.model import Role
from pages.ui import context
from pages.ui.registry import PageEntry
from tests import kit
from tests.kit import PASSWORD, cheap_passwords

ENTRY = Path(__file__).parents[2] / "streamlit_app.py"
RUN_LIMIT_S = 30


@pytest.fixture(scope="session", autouse=True)
def _harness_folder() -> Iterator[None]:
    """The harness leaves its temporary folder to the interpreter's exit, which is a warning, so an error, here."""
    yield
    app_test.TMP_DIR.cleanup()


@pytest.fixture(scope="session", autouse=True)
def _packages_read_once() -> Iterator[None]:
    """The harness reads the metadata of every installed package for each page that is opened: half of the time."""
    read = manifest_scanner.scan_component_manifests
    manifest_scanner.scan_component_manifests = cache(read)
    yield
    manifest_scanner.scan_component_manifests = read


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    if kit.migrated is not None:
        shutil.copyfile(kit.migrated, tmp_path / "ims.db")
    opened = Engine.open(Config.from_env({"IMS_DATA": str(tmp_path), "IMS_SUPPORT": "555-0100"}))
    cheap_passwords(opened)
    context.set_engine(opened)
    yield opened
    context.set_engine(None)
    opened.store.close()


class Visit:
    """One browser: its cookie, and the page it is on."""

    def __init__(self, cookies: dict[str, str]) -> None:
        self.cookies = cookies
        self.app = AppTest.from_file(str(ENTRY), default_timeout=RUN_LIMIT_S)

    def open(self, entry: PageEntry | None = None, **query: str) -> AppTest:
        """Loads a page by its address, as a new tab does; None is the root."""
        self.app = AppTest.from_file(str(ENTRY), default_timeout=RUN_LIMIT_S)
        for name, value in query.items():
            self.app.query_params[name] = value
        if entry is not None:
            self.app._page_hash = calc_hash(entry.url_path)
        return self.app.run()

    def notices(self) -> str:
        """What boxes and badges say, as the HTML they are made of."""
        return "\n".join(element.proto.body for element in self.app.get("html"))

    def menu(self) -> list[str]:
        """Labels of the links in the sidebar."""
        return [link.proto.label for link in self.app.sidebar.get("page_link")]

    def asks_to_log_in(self) -> bool:
        return [button.label for button in self.app.button] == ["Log in"] and not self.menu()


@pytest.fixture
def visit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Nobody, until `sign_in` puts a cookie in."""
    cookies: dict[str, str] = {}
    monkeypatch.setattr(context, "cookies", lambda: cookies)
    begin = PagesManager.__init__

    def as_on_the_server(manager: PagesManager, *arguments: Any, **named: Any) -> None:
        # The harness forgets what the server sets at its start, and would run the files of pages/ alone.
        PagesManager.uses_pages_directory = False
        begin(manager, *arguments, **named)

    monkeypatch.setattr(PagesManager, "__init__", as_on_the_server)
    return Visit(cookies)


@pytest.fixture
def sign_in(engine: Engine, visit: Visit) -> Callable[[Role], str]:
    """Makes somebody of a role and signs the visit in; returns the token."""

    def as_role(role: Role) -> str:
        token = token_of(engine, role)
        visit.cookies[SESSION_COOKIE] = token
        return token

    return as_role


def form(user_name: str) -> RegisterForm:
    return RegisterForm("Bakery", "Jane Doe", user_name, f"{user_name}@example.com", PASSWORD, "Australia/Sydney")


def token_of(engine: Engine, role: Role) -> str:
    """A session of a new member of that role."""
    name = f"{role.value}-one"
    if role in {Role.STAFF, Role.ADMIN}:
        engine.accounts.create_operator(name, f"{name}@example.com", PASSWORD, role)
    else:
        engine.accounts.register(form(name))
        with engine.store.transaction() as tx:
            tx.raw.execute("update member set role = $1 where user_name = $2", [role.value, name])  # type: ignore[attr-defined]
    return engine.accounts.redeem(engine.accounts.sign_in(name, PASSWORD), "Test")
