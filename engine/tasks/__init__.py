"""From a draft to a task: preview (quote) → accept (hold, task and messages in one transaction) → cancel."""

from engine.tasks.quote import Draft, Preview, QuoteLine
from engine.tasks.service import Tasks

__all__ = ["Draft", "Preview", "QuoteLine", "Tasks"]
