"""Log in."""

from __future__ import annotations

from pages.ui.entry import show_log_in
from pages.ui.guard import require_visitor

require_visitor()
show_log_in("/")
