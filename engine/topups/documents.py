"""Receipts of transfers: taken from customers, shown to their account and to staff, to nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import AccessError, StateError
from engine.model import EVERY_ROLE, Actor, format_credits
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Row, Tx
from engine.topups.base import Desk
from engine.topups.files import ORPHAN_AGE_US, Receipt, receipt_of
from engine.topups.requests import OWNERS, open_request

MOST_DOCUMENTS: Final = 5
"""Of one request."""
ORPHANS_A_TIME: Final = 1_000


@dataclass(frozen=True, slots=True)
class Document:
    """A receipt as it was uploaded. `name` is a user's text."""

    name: str
    media_type: str
    data: bytes


class Documents(Desk):
    @allows(OWNERS)
    def upload(self, actor: Actor, request_id: int, *, name: str, data: bytes) -> int:
        """Adds a PNG, JPEG or PDF to an open request; returns the document's id. The same bytes again are one document.

        The file is on the disk before the row is committed: a crash between leaves a file that `drop_orphans` removes,
        never a row without its file. Raises InputError("document_…"), StateError("topup_closed" | "document_count"),
        AccessError("not_found").
        """
        receipt = receipt_of(name, data)
        with self._store.transaction() as tx:  # before anything is written to the disk
            known = _room_for(tx, actor, request_id, receipt)
        if known is not None:
            return known
        file = self._folder.keep(receipt.data)
        try:
            with self._store.transaction() as tx:
                known = _room_for(tx, actor, request_id, receipt)
                document_id = _add(tx, actor, request_id, receipt, file, self._clock.now_us()) if known is None else 0
        except BaseException:
            self._folder.drop(file)
            raise
        if known is not None:
            self._folder.drop(file)
        return known or document_id

    @allows(EVERY_ROLE)
    def document(self, actor: Actor, document_id: int) -> Document:
        """One receipt, for the people of its account and for staff. Raises AccessError("not_found") for others, and
        when the file is gone or has been changed on the disk."""
        row = self._store.one("topups.document", document_id, None if actor.is_operator else actor.account_id)
        if row is None:
            raise AccessError("not_found", what="document")
        data = self._folder.read(row["file"], sha256=row["sha256"])
        return Document(row["name"], row["media_type"], data)

    def drop_orphans(self) -> int:
        """A chore: removes files that no document names, left by a crash; returns how many."""
        old = list(self._folder.older_than(self._clock.now_us() - ORPHAN_AGE_US))
        dropped = 0
        for start in range(0, len(old), ORPHANS_A_TIME):
            files = old[start : start + ORPHANS_A_TIME]
            known = {row["file"] for row in self._store.all("topups.known_files", files)}
            for file in files:
                if file not in known:
                    self._folder.drop(file)
                    dropped += 1
        return dropped


def _room_for(tx: Tx, actor: Actor, request_id: int, receipt: Receipt) -> int | None:
    """Refuses what may not be added; the id of the same document when it is there already."""
    confirm(tx, actor)
    open_request(tx, request_id, actor.account_id)
    documents = tx.all("topups.documents", request_id)
    same = next((row["id"] for row in documents if row["sha256"] == receipt.sha256), None)
    if same is None and len(documents) >= MOST_DOCUMENTS:
        raise StateError("document_count", limit=MOST_DOCUMENTS)
    return same


def _add(tx: Tx, actor: Actor, request_id: int, receipt: Receipt, file: str, now_us: int) -> int:
    document_id = tx.reserve("topup_document")
    tx.run(
        "topups.add_document",
        document_id,
        request_id,
        actor.account_id,
        actor.user_id,
        file,
        receipt.name,
        receipt.media_type,
        len(receipt.data),
        receipt.sha256,
        now_us,
    )
    tx.run("topups.note_receipt", request_id)
    row = open_request(tx, request_id, actor.account_id)
    assert row is not None
    _tell(tx, row, now_us)
    record_audit(
        tx,
        actor=actor,
        action="topup_receipt",
        subject=f"top-up request {request_id}",
        detail=f"document {document_id}, sha256 {receipt.sha256}",
        now_us=now_us,
    )
    return document_id


def _tell(tx: Tx, row: Row, now_us: int) -> None:
    amount = f"{format_credits(row['credits_micro'], least_decimals=0)} credits"
    tell_account(
        tx,
        row["account_id"],
        NoticeKind.TOPUP,
        f"The receipt for your request of {amount} has arrived; staff check it.",
        link=f"top_up?id={row['id']}",
        now_us=now_us,
    )
    tell_operators(
        tx,
        NoticeKind.TOPUP,
        f"A receipt for {amount} (reference {row['reference']}) was uploaded. Check it and approve or reject.",
        link=f"staff_topups?id={row['id']}",
        now_us=now_us,
    )
