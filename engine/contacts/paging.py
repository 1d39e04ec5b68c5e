"""Pages of contacts and opt-outs, and what is searched for in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from engine.contacts.limits import SEARCH_LENGTH
from engine.store import Rows

PAGE_ROWS: Final = 50
MAX_PAGE_ROWS: Final = 500
_NUMBER: Final = re.compile(r"[\d\s+().-]+")


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows, and what to ask on `after`; None when these are the last."""

    rows: Rows
    next_after: Any


def bounded_limit(limit: int) -> int:
    return min(max(limit, 1), MAX_PAGE_ROWS)


def search_terms(text: str) -> tuple[str, str]:
    """(digits, words) to look for: something shaped like a number is looked for in numbers (without the zero it is
    dialled with at home) and in texts."""
    words = text.strip()[:SEARCH_LENGTH].lower()
    digits = re.sub(r"\D", "", words).lstrip("0") if _NUMBER.fullmatch(words) else ""
    return digits, words
