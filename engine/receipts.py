"""Receipts: a durable inbox first, then folded in batches into final states.

A receipt may come before its submit answer, twice, out of order, contradicting or for an unknown id.
Unknown ones are parked for a day; a final state is never changed by a later receipt, which is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from engine import messages
from engine.gateways import Receipt, ReceiptSink, ReceiptState
from engine.model import DAY_US, HOUR_US, MINUTE_US, SECOND_US, ChargeOn, Clock, FailReason, MessageState
from engine.store import Store, Tx, one_column

log = logging.getLogger(__name__)

FOLD_BATCH: Final = 5_000
PARKED_MOST_US: Final = DAY_US
DEADLINE_US: Final = 72 * HOUR_US
"""No receipt after this: expired, and the credit returns."""
DEADLINE_BATCH: Final = 5_000
LATE_WINDOW_US: Final = 5 * DAY_US
"""How far back the message of a late receipt is looked for, from when it was handed over."""
CLOCK_OFF_US: Final = DAY_US
"""An operator's dates may be of another time zone, and only to the minute."""
LATE_FRESH_US: Final = MINUTE_US
"""A parked receipt is looked up among all messages in its first minute, then hourly."""
CODE_LENGTH: Final = 32
MSISDN_DIGITS: Final = 15
"""The most of E.164 §6.2.1."""
EARLY_WAIT_US: Final = 2 * SECOND_US
"""A receipt that overtakes its submit answer by more than this is looked up among finished messages too."""

_INBOX_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "route_id": pl.Int64,
    "provider_ref": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "receipt_us": pl.Int64,
    "received_us": pl.Int64,
    "msisdn": pl.Int64,
    "code": pl.String,
}


_TO_WHOM: Final[dict[str, Any]] = {"id": pl.Int64, "to_msisdn": pl.Int64}


class Receipts:
    """The inbox. `on_arrival` is called after receipts became durable, so that someone folds them."""

    def __init__(self, store: Store, clock: Clock, on_arrival: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._on_arrival = on_arrival
        self._last_hourly_us = 0
        self._overtaking = False

    def sink_for(self, route_id: int) -> ReceiptSink:
        """What a gateway of this route hands its receipts to; returns when they are durable."""

        def sink(arrived: Sequence[Receipt]) -> None:
            final = [receipt for receipt in arrived if receipt.state is not ReceiptState.ENROUTE]
            if final:
                self._put(route_id, final)
                self._on_arrival()

        return sink

    def _put(self, route_id: int, arrived: Sequence[Receipt]) -> None:
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            first = tx.reserve("receipt", len(arrived))
            columns = {
                "id": range(first, first + len(arrived)),
                "route_id": [route_id] * len(arrived),
                "provider_ref": [one.provider_ref for one in arrived],
                "state": [one.state.value for one in arrived],
                "reason": [one.reason.value if one.reason else None for one in arrived],
                "detail": [one.detail[: messages.DETAIL_LENGTH] for one in arrived],
                "receipt_us": [one.at_us for one in arrived],
                "received_us": [now_us] * len(arrived),
                "msisdn": [_digits(one.msisdn) for one in arrived],
                "code": [one.code[:CODE_LENGTH] or None for one in arrived],
            }
            tx.bulk("receipts.put", pl.DataFrame(columns, schema=_INBOX_SCHEMA))

    def fold(self) -> int:
        """Folds one batch of the inbox; returns how many receipts it took (0: the inbox is empty)."""
        if self._store.one("receipts.next") is None:
            return 0
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            rows = _of_one_message(tx, tx.frame("receipts.take", FOLD_BATCH)).sort("receipt_id")
            decides = pl.col("id").is_not_null() & _first_of_reference(rows)
            first, rest = rows.filter(decides), rows.filter(~decides)
            _finish(tx, first, now_us)
            if not rest.is_empty():
                tx.bulk("receipts.park", rest.select("receipt_id"))
                self._overtaking = True  # before the commit, so that whoever records next sees it
        return rows.height

    def recorded(self) -> None:
        """Outcomes were just committed: receipts that had overtaken them are folded without waiting their turn."""
        if self._overtaking:
            self._overtaking = False
            with self._store.transaction() as tx:
                tx.run("receipts.take_back", self._clock.now_us() - EARLY_WAIT_US)
            self._on_arrival()

    def fold_parked(self) -> int:
        """Tries parked receipts again: some overtook their submit answer, others came after a final state."""
        if self._store.one("receipts.next_parked") is None:
            return 0
        now_us = self._clock.now_us()
        hourly = now_us - self._last_hourly_us >= HOUR_US
        if hourly:
            self._last_hourly_us = now_us
        fresh_us = 0 if hourly else now_us - LATE_FRESH_US
        with self._store.transaction() as tx:
            awaited = _of_one_message(tx, tx.frame("receipts.parked_awaited", FOLD_BATCH)).sort("receipt_id")
            awaited = awaited.filter(pl.col("id").is_not_null())
            _finish(tx, awaited.filter(_first_of_reference(awaited)), now_us)
            late = tx.frame(
                "receipts.parked_late", fresh_us, now_us - EARLY_WAIT_US, now_us - LATE_WINDOW_US, FOLD_BATCH
            ).sort("receipt_id")
            _record_late(tx, late)
            named = _settle_doubts(tx, now_us)
            dropped = tx.all("receipts.drop_old", now_us - PARKED_MOST_US)
        if dropped:
            log.warning("%s receipts named no message of ours within a day and were dropped", len(dropped))
        return awaited.height + late.height + named

    def expire(self) -> int:
        """Messages without receipt for 72 hours expire, and the credit returns of those that were not charged on
        acceptance. Returns how many."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            overdue = tx.all("receipts.overdue", now_us - DEADLINE_US, DEADLINE_BATCH)
            if not overdue:
                return 0
            ended = 0
            for charged, reason in ((False, FailReason.NO_RECEIPT), (True, FailReason.UNREPORTED)):
                ids = [row["id"] for row in overdue if row["charged"] is charged]
                ended += messages.finish(
                    tx, messages.finals(ids, MessageState.EXPIRED, now_us=now_us, reason=reason), now_us=now_us
                )
            return ended


def _has_parts(rows: pl.DataFrame) -> bool:
    return bool(rows.select((pl.col("refs") > 1).any()).item())


def _first_of_reference(rows: pl.DataFrame) -> pl.Expr:
    """The first receipt of each reference; comparing ids alone is four times as fast."""
    return pl.struct("id", "provider_ref").is_first_distinct() if _has_parts(rows) else pl.col("id").is_first_distinct()


def _of_one_message(tx: Tx, rows: pl.DataFrame) -> pl.DataFrame:
    """Of receipts whose reference several messages have (operators begin to count anew) the message to the number that
    the receipt names; where that is not one, the receipt names nobody."""
    several = rows.filter(pl.col("receipt_id").is_duplicated())
    if several.is_empty():
        return rows
    to_whom = pl.DataFrame(tx.bulk("receipts.to_whom", several.select("id").unique()), schema=_TO_WHOM)
    meant = several.join(to_whom, on="id").filter(pl.col("msisdn") == pl.col("to_msisdn")).drop("to_msisdn")
    meant = meant.filter(~pl.col("receipt_id").is_duplicated())
    nobody = several.unique("receipt_id", keep="any").join(meant, on="receipt_id", how="anti")
    nobody = nobody.with_columns(pl.lit(None, dtype=pl.Int64).alias("id"))
    return pl.concat([rows.filter(~pl.col("receipt_id").is_duplicated()), meant, nobody])


def _whole(tx: Tx, rows: pl.DataFrame) -> pl.DataFrame:
    """Of `rows` (one a reference) those that decide their message: its first part that failed, or the last of all
    that arrived. The other receipts are counted and leave the inbox."""
    if rows.is_empty() or not _has_parts(rows):
        return rows
    parts = rows.filter(pl.col("refs") > 1)
    bad = parts.filter(pl.col("state") != MessageState.DELIVERED.value).unique("id", keep="first", maintain_order=True)
    good = parts.filter(pl.col("state") == MessageState.DELIVERED.value).join(bad, on="id", how="anti")
    last = good.clear()
    if not good.is_empty():
        tx.bulk("receipts.part_delivered", good.select("id", "provider_ref"))
        open_ids = one_column(tx.bulk("receipts.parts_awaited", good.select("id").unique()), "message_id")
        last = good.filter(~pl.col("id").is_in(open_ids)).unique("id", keep="last", maintain_order=True)
    decisive = pl.concat([bad, last])
    counted = parts.join(decisive, on="receipt_id", how="anti")
    tx.bulk("receipts.remove", counted.select("receipt_id"))
    return pl.concat([rows.filter(pl.col("refs") == 1), decisive])


def _settle_doubts(tx: Tx, now_us: int) -> int:
    """Receipts whose reference nobody knows, but which say whom they are about: they end the message in doubt to that
    number, when only one can be meant. Returns how many."""
    before_us = now_us - EARLY_WAIT_US
    if tx.one("receipts.any_nameless", before_us) is None:
        return 0
    rows = tx.frame("receipts.parked_doubtful", before_us, now_us - LATE_WINDOW_US, FOLD_BATCH, CLOCK_OFF_US).sort(
        "receipt_id"
    )
    first = rows.filter(pl.col("id").is_first_distinct())
    _end(tx, first.with_columns(pl.lit(MessageState.IN_DOUBT.value).alias("old_state")), now_us)
    return first.height


def _finish(tx: Tx, rows: pl.DataFrame, now_us: int) -> None:
    """Ends the messages that `rows` (of `receipts.take`, one a reference) name; the receipts leave the inbox."""
    rows = _whole(tx, rows)
    charged_by_receipt = pl.col("charge_on") == ChargeOn.DELIVERED.value
    _end(
        tx,
        rows.with_columns(
            pl.lit(MessageState.SUBMITTED.value).alias("old_state"), charged_by_receipt.alias("unsettled")
        ),
        now_us,
    )


def _end(tx: Tx, rows: pl.DataFrame, now_us: int) -> None:
    """Ends the messages of `rows`, one a message, as their receipts say; the receipts leave the inbox."""
    if rows.is_empty():
        return
    delivered = pl.col("state") == MessageState.DELIVERED.value
    reason = pl.when(delivered).then(None).otherwise(pl.col("reason").fill_null(_default_reason()))
    messages.finish_known(
        tx,
        rows.with_columns(
            reason.alias("reason"),
            pl.col("receipt_us").alias("final_us"),
        ),
        now_us=now_us,
    )
    tx.bulk("receipts.remove", rows.select("receipt_id"))


def _record_late(tx: Tx, rows: pl.DataFrame) -> None:
    """Receipts for final messages: a repetition is dropped, another state is recorded; money never moves. That one part
    of several arrived says nothing of the message."""
    if rows.is_empty():
        return
    of_a_part = (pl.col("state") == MessageState.DELIVERED.value) & (pl.col("refs") > 1)
    differs = rows.filter((pl.col("state") != pl.col("message_state")) & ~of_a_part).unique("message_id", keep="first")
    if not differs.is_empty():
        recorded = tx.bulk("receipts.record_late", differs.select("message_id", "state", "receipt_us"))
        counts = (
            pl.DataFrame(recorded, schema={"task_id": pl.Int64, "late_state": pl.String})
            .filter(pl.col("late_state") == MessageState.DELIVERED.value)
            .group_by("task_id")
            .agg(pl.len().cast(pl.Int32).alias("late_delivered"))
        )
        if not counts.is_empty():
            tx.bulk("receipts.count_late", counts)
    tx.bulk("receipts.remove", rows.select("receipt_id").unique())


def _digits(msisdn: str) -> int | None:
    """A number as messages keep it; None for what is none."""
    digits = msisdn.removeprefix("+")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MSISDN_DIGITS else None


def _default_reason() -> pl.Expr:
    return (
        pl.when(pl.col("state") == MessageState.EXPIRED.value)
        .then(pl.lit(FailReason.EXPIRED.value))
        .otherwise(pl.lit(FailReason.UNDELIVERABLE.value))
    )
