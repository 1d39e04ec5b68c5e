"""The audit log as staff read it: filtered, in pages, as a file. Lines are never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.errors import InputError
from engine.history import PAGE_ROWS, Page
from engine.history.exports import MAX_EXPORT_ROWS, Cell, Columns, written
from engine.history.filters import LEAST_INT, MOST_INT, bounded, page_limit, page_of
from engine.store import Reader

COLUMNS: Final[Columns] = {
    "id": ("id", Cell.COUNT),
    "time": ("created_us", Cell.TIME),
    "person": ("member_name", Cell.TEXT),
    "user_name": ("user_name", Cell.TEXT),
    "role": ("member_role", Cell.TEXT),
    "account_id": ("account_id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "action": ("action", Cell.TEXT),
    "subject": ("subject", Cell.TEXT),
    "detail": ("detail", Cell.TEXT),
}
SEARCH_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines; None or empty means all. `start_us` ≤ time < `end_us`; `search` is part of any text of a line.

    `staff_only`: what the operator's people did, not customers.
    """

    account_id: int | None = None
    member_id: int | None = None
    action: str | None = None
    staff_only: bool = False
    search: str = ""
    start_us: int | None = None
    end_us: int | None = None

    def parameters(self, after: int | None, count: int) -> tuple[object, ...]:
        text = self.search.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "").strip().lower()
        return (
            bounded(after, MOST_INT), self.account_id, self.member_id, self.action or None, self.staff_only,
            text[:SEARCH_LENGTH], bounded(self.start_us, LEAST_INT), bounded(self.end_us, MOST_INT), count,
        )  # fmt: skip


EVERYTHING: Final = AuditFilter()


def page(reader: Reader, wanted: AuditFilter, *, after: int | None, limit: int = PAGE_ROWS) -> Page:
    count = page_limit(limit)
    return page_of(reader.all("desk.audit", *wanted.parameters(after, count + 1)), count)


def export(reader: Reader, wanted: AuditFilter, *, zone: str) -> bytes:
    """CSV, newest first. Raises InputError("too_many_to_export")."""
    frame = reader.frame("desk.audit", *wanted.parameters(None, MAX_EXPORT_ROWS + 1))
    if frame.height > MAX_EXPORT_ROWS:
        raise InputError("too_many_to_export", limit=f"{MAX_EXPORT_ROWS:,}")
    return written(frame, COLUMNS, "csv", zone=zone)
