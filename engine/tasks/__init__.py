"""From a draft to a task: preview (quote) → accept (hold, task and messages in one transaction); then pause, another
time, cancel, and sending again to those it did not reach."""

from engine.tasks.control import Waiting
from engine.tasks.daytime import Reach, Times
from engine.tasks.pace import Finish
from engine.tasks.quote import Draft, Piece, Preview, QuoteLine, Resend
from engine.tasks.resend import ResendList
from engine.tasks.route_test import RouteTestOutcome, RouteTests
from engine.tasks.service import Tasks

__all__ = [
    "Draft",
    "Finish",
    "Piece",
    "Preview",
    "QuoteLine",
    "Reach",
    "Resend",
    "ResendList",
    "RouteTestOutcome",
    "RouteTests",
    "Tasks",
    "Times",
    "Waiting",
]
