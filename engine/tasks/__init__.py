"""From a draft to a task: preview (quote) → accept (hold, task and messages in one transaction) → cancel."""

from engine.tasks.quote import Draft, Preview, QuoteLine
from engine.tasks.route_test import RouteTestOutcome, RouteTests
from engine.tasks.service import TERMS_VERSION, Tasks

__all__ = ["TERMS_VERSION", "Draft", "Preview", "QuoteLine", "RouteTestOutcome", "RouteTests", "Tasks"]
