"""From a draft to a task: preview (quote) → accept (hold, task and messages in one transaction) → cancel."""

from engine.tasks.daytime import Reach, Times
from engine.tasks.pace import Finish
from engine.tasks.quote import Draft, Piece, Preview, QuoteLine
from engine.tasks.route_test import RouteTestOutcome, RouteTests
from engine.tasks.service import Tasks

__all__ = [
    "Draft",
    "Finish",
    "Piece",
    "Preview",
    "QuoteLine",
    "Reach",
    "RouteTestOutcome",
    "RouteTests",
    "Tasks",
    "Times",
]
