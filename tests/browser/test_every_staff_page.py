"""Every page of the operator's people, in both themes and on a phone: accessible, and no wider than the screen.

The others are in test_every_page.py.
"""

from __future__ import annotations

import pytest

from engine.model import OPERATOR_ROLES
from pages.ui.registry import PAGES, PageEntry
from tests.browser.town import Town, Visitors, look_at

pytestmark = pytest.mark.browser
MINE = [entry for entry in PAGES if entry.roles == OPERATOR_ROLES]


@pytest.mark.parametrize("entry", MINE, ids=lambda entry: entry.url_path)
def test_a_page_is_accessible_in_both_themes_and_fits_a_phone(town: Town, visitors: Visitors, entry: PageEntry) -> None:
    findings = look_at(visitors, town, entry)
    assert not findings, "\n".join(findings)
