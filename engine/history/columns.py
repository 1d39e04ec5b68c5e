"""Which columns of a record each member wants to see: a choice of the reader's, kept for the next visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.access import allows
from engine.accounts import confirm
from engine.errors import InputError
from engine.model import EVERY_ROLE, Actor
from engine.store import Store

MOST_COLUMNS: Final = 60
NAME_LENGTH: Final = 60
"""Of a page and of a column's label; both are ours, so longer ones are a mistake or an attack."""


class Columns:
    def __init__(self, store: Store) -> None:
        self._store = store

    @allows(EVERY_ROLE)
    def chosen(self, actor: Actor, page: str) -> list[str] | None:
        """Labels of the columns the actor chose for a page; None: all of them."""
        row = self._store.one("records.columns", actor.user_id, page)
        return None if row is None else row["columns"].split("\n")

    @allows(EVERY_ROLE)
    def choose(self, actor: Actor, page: str, labels: Sequence[str] | None) -> None:
        """Remembers which columns the actor wants to see on a page; None or nothing: all of them. InputError."""
        if len(labels or ()) > MOST_COLUMNS or not all(map(_is_name, (page, *(labels or ())))):
            raise InputError(
                "invalid", field="Columns", problem="cannot be kept.", remedy="Choose some of those offered."
            )
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if labels:
                tx.run("records.choose_columns", actor.user_id, page, "\n".join(labels))
            else:
                tx.run("records.all_columns", actor.user_id, page)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_LENGTH and text.isprintable()
