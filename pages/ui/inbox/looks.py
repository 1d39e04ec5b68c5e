"""How messages from phones look: what each asks for, and whether it is new."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.inbox import Kind
from engine.store import Row
from pages.ui.status import Look, Looks, chips
from pages.ui.table import Column

NEW: Final = "new"
OPTED_OUT: Final = "opted_out"
STATUS_WIDTH: Final = 215
"""Of the two longest chips beside each other; by itself a column is as wide as what it showed first."""
LOOKS: Final[Looks] = {
    NEW: Look("New", "green", ":material/mark_email_unread:", "Nobody of your team has read it."),
    Kind.STOP: Look("Asked to stop", "red", ":material/do_not_disturb_on:", "The whole message was a word like STOP."),
    Kind.MAY_STOP: Look("May ask to stop", "orange", ":material/help:", "A word like STOP is in it: you decide."),
    Kind.START: Look("Asked to start", "blue", ":material/play_arrow:", "Wants to get messages again."),
    Kind.HELP: Look("Asked for help", "violet", ":material/support:", "The whole message was a word like HELP."),
    OPTED_OUT: Look("Opted out", "gray", ":material/block:", "Nothing of your account is sent to this number."),
}


def labels_of(row: Row) -> list[str]:
    """What the chips of a message say; nothing for one that was read and asks for nothing."""
    said = [(row["unread"], NEW), (row["kind"] in LOOKS, row["kind"]), (row["opted_out"] is not None, OPTED_OUT)]
    return [LOOKS[name].label for holds, name in said if holds]


def status_column() -> Column:
    return Column("Status", labels_of, pl.List(pl.String), lambda _: chips("Status", LOOKS, width=STATUS_WIDTH))
