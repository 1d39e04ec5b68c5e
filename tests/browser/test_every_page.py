"""Every page of customers and visitors, in both themes and on a phone: accessible, and no wider than the screen.

The operator's pages are in test_every_staff_page.py, so that two workers share them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from engine.model import OPERATOR_ROLES
from pages.ui.registry import PAGES, PageEntry
from tests.browser.town import Town, Visitors, built_town, look_at

pytestmark = pytest.mark.browser
MINE = [entry for entry in PAGES if entry.roles != OPERATOR_ROLES]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with built_town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.fixture(scope="module")
def visitors(browser: Browser, town: Town) -> Iterator[Visitors]:
    visitors = Visitors(browser, town)
    yield visitors
    visitors.leave()


@pytest.mark.parametrize("entry", MINE, ids=lambda entry: entry.url_path)
def test_a_page_is_accessible_in_both_themes_and_fits_a_phone(town: Town, visitors: Visitors, entry: PageEntry) -> None:
    findings = look_at(visitors, town, entry)
    assert not findings, "\n".join(findings)
