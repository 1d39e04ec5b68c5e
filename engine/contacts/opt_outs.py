"""People who do not want messages of an account: kept, looked at before every sending, removed only with a reason.

`record` is for other rooms inside their transactions; `screened` and `stopped` are how sending looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import polars as pl

from engine import messages, numbers
from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.contacts.exports import file_of
from engine.contacts.limits import NOTE_LENGTH, OPT_OUTS_MOST
from engine.contacts.paging import PAGE_ROWS, ListPage, bounded_limit, search_terms
from engine.errors import AccessError, InputError
from engine.model import (
    ROW_SENTENCES,
    SENDING_ROLES,
    Actor,
    Clock,
    FailReason,
    MessageState,
    Number,
    RowReason,
    to_datetime,
)
from engine.recipients import RecipientFile
from engine.store import Reader, Store, Tx, one_column

NEWEST: Final = (2**62, 0)


class Source(StrEnum):
    """How an opt-out came about."""

    MANUAL = "manual"
    FILE = "file"
    MESSAGE = "message"
    """From a message of the history."""
    STOP = "stop"
    """The recipient answered STOP."""
    STAFF = "staff"


SOURCE_WORDS: Final[dict[Source, str]] = {
    Source.MANUAL: "Added by hand",
    Source.FILE: "From a file",
    Source.MESSAGE: "From a message",
    Source.STOP: "Answered STOP",
    Source.STAFF: "By staff",
}


@dataclass(frozen=True, slots=True)
class OptOutImport:
    """Numbers that are new, that had opted out before, and rows of the file that hold no number that gets SMS."""

    added: int
    known: int
    rejected: int


def record(
    tx: Tx,
    account_id: int,
    msisdn: int,
    source: Source,
    *,
    note: str = "",
    member_id: int | None = None,
    now_us: int,
) -> bool:
    """Opts a number (digits) out, inside the caller's transaction; whether it is new. Again changes nothing."""
    added = tx.one("opt_outs.add", account_id, msisdn, source.value, note.strip()[:NOTE_LENGTH], member_id, now_us)
    return added is not None


def screened(reader: Reader, account_id: int, file: RecipientFile) -> RecipientFile:
    """The file with everybody who opted out among its rejected rows, in file order."""
    if file.frame.is_empty() or reader.one("opt_outs.any_of", account_id) is None:
        return file
    stopped_numbers = reader.frame("opt_outs.numbers", account_id)
    keyed = file.frame.with_columns(pl.col("msisdn").str.slice(1).cast(pl.Int64).alias("digits"))
    hit = keyed.join(stopped_numbers, left_on="digits", right_on="msisdn", how="semi", maintain_order="left")
    if hit.is_empty():
        return file
    out = hit.select(
        pl.col("row"),
        pl.col("digits").cast(pl.String).alias("value"),
        pl.lit(RowReason.OPTED_OUT.value).alias("reason"),
    )
    return replace(
        file,
        frame=file.frame.join(hit.select("msisdn"), on="msisdn", how="anti", maintain_order="left"),
        rejected=pl.concat([file.rejected, out]).sort("row", maintain_order=True),
    )


def stopped(tx: Tx, account_id: int, msisdns: pl.Series) -> int:
    """How many of these numbers (digits) have opted out by now."""
    if tx.one("opt_outs.any_of", account_id) is None:
        return 0
    return len(tx.bulk("opt_outs.of_batch", msisdns.rename("msisdn").to_frame(), account_id))


def cancel_waiting(tx: Tx, stopped_now: set[tuple[int, int]], *, now_us: int) -> int:
    """Cancels what waits for these (account, number) in tasks that are being sent, and returns its credit; what has not
    begun is looked through when it begins. Returns how many messages."""
    if not stopped_now:
        return 0
    span = tx.one("opt_outs.sending")
    if span is None or span["low"] is None:
        return 0
    who = pl.DataFrame(sorted(stopped_now), schema={"account_id": pl.Int64, "msisdn": pl.Int64}, orient="row")
    ids = one_column(tx.bulk("opt_outs.waiting", who, span["low"], span["high"]), "id")
    if not ids:
        return 0
    batch = messages.finals(ids, MessageState.CANCELLED, now_us=now_us, reason=FailReason.OPTED_OUT)
    return messages.finish(tx, batch, now_us=now_us)


class OptOuts:
    def __init__(self, store: Store, clock: Clock, *, country: str | None) -> None:
        """`country` is whose national numbers are understood."""
        self._store = store
        self._clock = clock
        self._country = country

    @allows(SENDING_ROLES)
    def add(
        self,
        actor: Actor,
        number: str | None = None,
        *,
        message_id: int | None = None,
        source: Source | None = None,
        note: str = "",
    ) -> int:
        """Opts out a typed number or the recipient of a message; returns its digits. Again changes nothing.

        InputError for what is no number that gets SMS, AccessError("not_found") for another account's message.
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            msisdn = self._typed(number) if message_id is None else _of_message(tx, actor, message_id)
            self._refuse_full(tx, actor, 1)
            default = Source.MANUAL if message_id is None else Source.MESSAGE
            about = note or ("" if message_id is None else f"message {message_id}")
            if record(
                tx, actor.account_id, msisdn, source or default, note=about, member_id=actor.user_id, now_us=now_us
            ):
                _audit(tx, actor, "opt_out_added", f"number {msisdn}", about, now_us)
                cancel_waiting(tx, {(actor.account_id, msisdn)}, now_us=now_us)
        return msisdn

    @allows(SENDING_ROLES)
    def import_file(self, actor: Actor, file: RecipientFile, *, note: str = "") -> OptOutImport:
        """Opts out every accepted number of a file; `note` (such as its name) stands beside each."""
        now_us = self._clock.now_us()
        batch = file.frame.select(pl.col("msisdn").str.slice(1).cast(pl.Int64))
        with self._store.transaction() as tx:
            confirm(tx, actor)
            self._refuse_full(tx, actor, batch.height)
            kept = note.strip()[:NOTE_LENGTH]
            added = tx.bulk(
                "opt_outs.add_many", batch, actor.account_id, Source.FILE.value, kept, actor.user_id, now_us
            )
            if added:
                _audit(tx, actor, "opt_outs_imported", f"{len(added)} numbers", kept, now_us)
                cancel_waiting(tx, {(actor.account_id, row["msisdn"]) for row in added}, now_us=now_us)
        return OptOutImport(len(added), batch.height - len(added), file.rejected.height)

    @allows(SENDING_ROLES)
    def remove(self, actor: Actor, msisdn: int, *, reason: str) -> None:
        """Takes an opt-out back, for the reason that is kept in the audit log with what was removed."""
        why = reason.strip()
        if not why or len(why) > NOTE_LENGTH:
            raise InputError(
                "invalid",
                field="Reason",
                problem="missing or too long.",
                remedy=f"Say in 1–{NOTE_LENGTH} characters why this person may be sent to again.",
            )
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            gone = tx.one("opt_outs.remove", actor.account_id, msisdn)
            if gone is None:
                raise AccessError("not_found", what="opt-out")
            since = f"{to_datetime(gone['created_us']):%Y-%m-%d}"
            detail = f"{why} (opted out {since}, {SOURCE_WORDS[Source(gone['source'])].lower()}. {gone['note']})"
            _audit(tx, actor, "opt_out_removed", f"number {msisdn}", detail, now_us)

    @allows(SENDING_ROLES)
    def page(
        self, actor: Actor, *, search: str = "", after: tuple[int, int] | None = None, limit: int = PAGE_ROWS
    ) -> ListPage:
        """Newest first, those whose number or note holds `search`. `after` is the `next_after` of the page before.

        Rows: id and msisdn (digits), source, note, created_us, member_name (null: the recipient).
        """
        limit = bounded_limit(limit)
        before_us, beyond = after or NEWEST
        digits, words = search_terms(search)
        rows = self._store.all(
            "opt_outs.page", actor.account_id, before_us, beyond, digits, words, limit + 1
        )  # fmt: skip
        last = rows[limit - 1] if len(rows) > limit else None
        return ListPage(rows[:limit], (last["created_us"], last["msisdn"]) if last else None)

    @allows(SENDING_ROLES)
    def count(self, actor: Actor) -> int:
        """How many numbers have opted out of the account's messages."""
        return _count(self._store, actor.account_id)

    @allows(SENDING_ROLES)
    def screened(self, actor: Actor, file: RecipientFile) -> RecipientFile:
        """The file with everybody who opted out among its rejected rows, as a quote will see it."""
        return screened(self._store, actor.account_id, file)

    @allows(SENDING_ROLES)
    def export(self, actor: Actor, fmt: str = "csv") -> bytes:
        """Every opt-out as CSV or XLSX: phone, opted out (UTC), how, note, by."""
        rows = [
            (
                str(row["msisdn"]),
                f"{to_datetime(row['created_us']):%Y-%m-%dT%H:%M:%SZ}",
                SOURCE_WORDS[Source(row["source"])],
                row["note"],
                row["member_name"] or "",
            )
            for row in self._store.all("opt_outs.everything", actor.account_id)
        ]
        return file_of(("phone", "opted_out", "how", "note", "by"), rows, fmt)

    def _typed(self, number: str | None) -> int:
        found = numbers.parse(number or "", self._country, blocked=frozenset())
        if isinstance(found, Number):
            return int(found.msisdn.removeprefix("+"))
        raise InputError(
            "invalid",
            field="Number",
            problem=ROW_SENTENCES[found],
            remedy="Enter a mobile number with its country code.",
        )

    def _refuse_full(self, tx: Tx, actor: Actor, more: int) -> None:
        if _count(tx, actor.account_id) + more > OPT_OUTS_MOST:
            raise InputError("too_many_kept", limit=f"{OPT_OUTS_MOST:,}", what="opt-outs")


def opted_out_words(count: int) -> str:
    """ "1 recipient has", "3 recipients have": begins a sentence about them."""
    return f"{count:,} recipient{' has' if count == 1 else 's have'}"


def _count(reader: Reader, account_id: int) -> int:
    row = reader.one("opt_outs.count", account_id)
    assert row is not None
    return row["opt_outs"]


def _of_message(tx: Tx, actor: Actor, message_id: int) -> int:
    row = tx.one("opt_outs.of_message", message_id, actor.account_id)
    if row is None:
        raise AccessError("not_found", what="message")
    return row["msisdn"]


def _audit(tx: Tx, actor: Actor, action: str, subject: str, detail: str, now_us: int) -> None:
    record_audit(tx, actor=actor, action=action, subject=subject, detail=detail, now_us=now_us)
