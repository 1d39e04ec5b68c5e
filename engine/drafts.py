"""What a member is composing, kept over reloads and sign-out until it is submitted, thrown away or seven days old."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

from engine import numbers
from engine.access import allows
from engine.accounts import confirm
from engine.errors import InputError
from engine.model import DAY_US, ROW_SENTENCES, SENDING_ROLES, Actor, Clock, RowReason
from engine.recipients import MAX_FILE_BYTES
from engine.store import Store, Tx

KEPT_DAYS: Final = 7
FIELDS_MOST_BYTES: Final = 200_000
"""A text, a name and up to some thousand typed numbers."""


class DraftPage(StrEnum):
    QUICK = "quick"
    BULK = "bulk"


Fields = Mapping[str, str | int | None]
"""What stands in the fields of the page, by the page's own names."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it was saved last. `file` is its name and its bytes."""

    fields: Fields
    file: tuple[str, bytes] | None
    saved_us: int


class Drafts:
    """A member's own, one a page; nobody else's can be named."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(SENDING_ROLES)
    def load(self, actor: Actor, page: DraftPage) -> Kept | None:
        """None when there is none, or it is older than KEPT_DAYS."""
        row = self._store.one("drafts.one", actor.user_id, page.value, self._clock.now_us() - KEPT_DAYS * DAY_US)
        if row is None:
            return None
        file = self._store.one("drafts.file", actor.user_id, page.value) if row["file_name"] else None
        fields = cast("Fields", json.loads(row["fields"]))
        return Kept(fields, (row["file_name"], bytes(file["data"])) if file else None, row["saved_us"])

    @allows(SENDING_ROLES)
    def save(self, actor: Actor, page: DraftPage, fields: Fields, *, file_name: str | None = None) -> int:
        """Keeps the fields, in place of those kept before; returns when, in UTC microseconds.

        `file_name` names the file that `save_file` kept; None forgets it. Raises InputError when it is too much.
        """
        text = json.dumps(dict(fields))
        if len(text) > FIELDS_MOST_BYTES:
            raise InputError("invalid", field="Draft", problem="too long to be kept.", remedy="Use a file instead.")
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("drafts.put", actor.user_id, page.value, text, file_name, now_us)
            if file_name is None:
                tx.run("drafts.drop_file", actor.user_id, page.value)
        return now_us

    @allows(SENDING_ROLES)
    def save_file(self, actor: Actor, page: DraftPage, data: bytes) -> None:
        """Keeps the bytes of the uploaded file; `save` with its name makes it part of the draft."""
        if len(data) > MAX_FILE_BYTES:
            return  # such a file is refused on the page; there is nothing to come back to
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("drafts.put_file", actor.user_id, page.value, data, self._clock.now_us())

    @allows(SENDING_ROLES)
    def discard(self, actor: Actor, page: DraftPage) -> None:
        with self._store.transaction() as tx:
            confirm(tx, actor)
            clear(tx, actor.user_id, page)

    @allows(SENDING_ROLES)
    def own_number(self, actor: Actor) -> str:
        """The member's own number for tests, E.164 with plus; empty when none was used yet."""
        row = self._store.one("drafts.test_number", actor.user_id)
        return row["msisdn"] if row else ""

    @allows(SENDING_ROLES)
    def remember_number(self, actor: Actor, msisdn: str) -> None:
        """Raises InputError for what is not a mobile number with its country code."""
        found = numbers.parse(msisdn)
        if isinstance(found, RowReason):
            raise InputError("invalid", field="Your number", problem="cannot be sent to.", remedy=ROW_SENTENCES[found])
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("drafts.put_test_number", actor.user_id, found.msisdn, self._clock.now_us())

    def drop_old(self) -> None:
        """A chore of the scheduler: what is older than KEPT_DAYS is gone."""
        before_us = self._clock.now_us() - KEPT_DAYS * DAY_US
        with self._store.transaction() as tx:
            tx.run("drafts.drop_old", before_us)
            tx.run("drafts.drop_lost_files", self._clock.now_us() - DAY_US)


def clear(tx: Tx, member_id: int, page: DraftPage) -> None:
    """In the transaction that accepts it: what was sent must not come back as a draft."""
    tx.run("drafts.drop", member_id, page.value)
    tx.run("drafts.drop_file", member_id, page.value)
