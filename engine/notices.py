"""What the product tells people inside the application: credit arrived, a task stopped, staff answered.

Another room calls `tell_account` or `tell_operators` inside its own transaction, so that a notice exists exactly when
the thing it speaks of happened.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from engine.access import allows
from engine.model import DAY_US, EVERY_ROLE, Actor, Clock
from engine.store import Remembered, Rows, Store, Tx

KEPT_DAYS: Final = 180
PAGE_ROWS: Final = 50
SENTENCE_LENGTH: Final = 500
NEWEST: Final = 2**62


class NoticeKind(StrEnum):
    TOPUP = "topup"
    TASK = "task"
    BALANCE = "balance"
    CASE = "case"
    ACCOUNT = "account"
    ROUTE = "route"
    INBOX = "inbox"


def tell_account(tx: Tx, account_id: int, kind: NoticeKind, sentence: str, *, link: str = "", now_us: int) -> None:
    """Tells every member of an account. `link` is an address inside the application, such as `task?id=7`."""
    _add(tx, account_id, kind, sentence, link, now_us)


def tell_operators(tx: Tx, kind: NoticeKind, sentence: str, *, link: str = "", now_us: int) -> None:
    """Tells the operator's staff."""
    _add(tx, None, kind, sentence, link, now_us)


def _add(tx: Tx, account_id: int | None, kind: NoticeKind, sentence: str, link: str, now_us: int) -> None:
    tx.run("notices.add", tx.reserve("notice"), account_id, kind.value, sentence[:SENTENCE_LENGTH], link, now_us)


class Notices:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._unread = Remembered[tuple[int, int, bool], int](store, "notices")

    @allows(EVERY_ROLE)
    def listing(self, actor: Actor, *, before: int = NEWEST) -> Rows:
        """The newest 50 below id `before`: id, kind, sentence (plain text), link, created_us, seen."""
        if actor.is_operator:
            return self._store.all("notices.of_operators", before, actor.user_id, PAGE_ROWS)
        return self._store.all("notices.of_account", actor.account_id, before, actor.user_id, PAGE_ROWS)

    @allows(EVERY_ROLE)
    def unread(self, actor: Actor) -> int:
        """How many the actor has not read; cheap enough to ask every few seconds."""
        return self._unread.get((actor.user_id, actor.account_id, actor.is_operator), lambda: self._count(actor))

    def _count(self, actor: Actor) -> int:
        if actor.is_operator:
            row = self._store.one("notices.unread_of_operators", actor.user_id)
        else:
            row = self._store.one("notices.unread_of_account", actor.account_id, actor.user_id)
        return 0 if row is None else row["unread"]

    @allows(EVERY_ROLE)
    def mark_seen(self, actor: Actor, through_id: int) -> None:
        """The actor has read everything up to this id."""
        with self._store.transaction() as tx:
            tx.run("notices.mark_seen", actor.user_id, through_id)

    def drop_old(self) -> None:
        """A chore of the scheduler: notices older than KEPT_DAYS are gone."""
        with self._store.transaction() as tx:
            tx.run("notices.drop_old", self._clock.now_us() - KEPT_DAYS * DAY_US)
