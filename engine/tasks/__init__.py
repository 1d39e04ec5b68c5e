"""From a draft to a task: preview (quote) → accept (hold, task and messages in one transaction); then pause, another
time, cancel, and sending again to those it did not reach."""

from engine.tasks.control import Waiting
from engine.tasks.quote import Draft, Preview, QuoteLine, Resend
from engine.tasks.resend import ResendList
from engine.tasks.service import TERMS_VERSION, Tasks

__all__ = ["TERMS_VERSION", "Draft", "Preview", "QuoteLine", "Resend", "ResendList", "Tasks", "Waiting"]
