"""Limits of contact lists and opt-outs, so that no account costs the others their speed."""

from __future__ import annotations

from typing import Final

from engine.recipients import MAX_RECIPIENTS

LISTS_MOST: Final = 100
LIST_MOST: Final = 50_000
"""Contacts of one list; a file brings at most MAX_RECIPIENTS."""
ALL_MOST: Final = 500_000
"""Contacts of all lists of an account."""
TASK_MOST: Final = MAX_RECIPIENTS
"""Contacts of a list that one task can send to."""
COLUMNS_MOST: Final = 50
FIELD_LENGTH: Final = 500
"""Characters of one value; more than three SMS. What is longer is cut, and the import says so."""
NAME_LENGTH: Final = 100
NOTE_LENGTH: Final = 200
OPT_OUTS_MOST: Final = 1_000_000
"""Of what people add or import; a STOP of a recipient is always taken."""
SEARCH_LENGTH: Final = 100


def ranges(contacts: int) -> list[tuple[int, int]]:
    """First and last position of each task that a list needs: 12,000 → (1, 5000), (5001, 10000), (10001, 12000)."""
    return [(first, min(first + TASK_MOST - 1, contacts)) for first in range(1, contacts + 1, TASK_MOST)]
