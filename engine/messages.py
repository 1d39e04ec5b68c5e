"""Message rows: the table of allowed transitions, and the one place where a message is settled.

Every function takes an open transaction, moves a batch, and keeps the counters of task, country and
dispatch exact in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from engine import ledger
from engine.model import ChargeOn, FailReason, MessageState, MovementKind
from engine.store import Reader, Row, Rows, Tx, one_column

S = MessageState

ALLOWED: Final[Mapping[MessageState, frozenset[MessageState]]] = {
    S.QUEUED: frozenset({S.SUBMITTING, S.CANCELLED, S.FAILED}),
    S.SUBMITTING: frozenset({S.SUBMITTED, S.QUEUED, S.IN_DOUBT, S.FAILED}),
    S.SUBMITTED: frozenset({S.DELIVERED, S.FAILED, S.EXPIRED}),
    S.IN_DOUBT: frozenset({S.DELIVERED, S.FAILED, S.EXPIRED}),
    S.DELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.EXPIRED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""From → to. FAILED straight from QUEUED is a task stopped by its operator; SUBMITTING → QUEUED is UNSENT."""

DETAIL_LENGTH: Final = 200

_FINAL_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "state": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "final_us": pl.Int64,
}


def finals(
    ids: Sequence[int],
    state: MessageState,
    *,
    now_us: int,
    reason: FailReason | None = None,
    detail: str | None = None,
) -> pl.DataFrame:
    """A batch for `finish` in which every message ends the same way."""
    return pl.DataFrame(
        {"id": ids}, schema={"id": pl.Int64}
    ).with_columns(
        pl.lit(state.value).alias("state"),
        pl.lit(reason.value if reason else None, dtype=pl.String).alias("reason"),
        pl.lit(detail[:DETAIL_LENGTH] if detail else None, dtype=pl.String).alias("detail"),
        pl.lit(now_us, dtype=pl.Int64).alias("final_us"),
    )  # fmt: skip


def finals_of(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """A batch for `finish` from rows with id, state, reason, detail and final_us."""
    return pl.DataFrame(list(rows), schema=_FINAL_SCHEMA)


def insert(tx: Tx, frame: pl.DataFrame) -> None:
    """New messages, all queued; the columns are those of `messages.insert`."""
    tx.bulk("messages.insert", frame)


def claim(tx: Tx, *, task: Row, dispatch_id: int, low: int, limit: int, carrier_id: int | None = None) -> Rows:
    """Marks the queued ones of `limit` messages from id `low` on as submitting (maybe none).

    They must be committed before the gateway is called. `carrier_id` is the route that carries them for their own.
    """
    last = min(low + limit, task["first_message"] + task["recipients"]) - 1
    return sorted(tx.all("messages.claim", task["id"], dispatch_id, low, last, carrier_id), key=_id)


def first_queued(reader: Reader, task: Row) -> int | None:
    """The lowest id of the task that may be claimed; None when everything was handed over."""
    last = task["first_message"] + task["recipients"] - 1
    row = reader.one("messages.first_queued", task["id"], task["first_message"], last)
    return row["id"] if row else None


def handed_over(reader: Reader, task: Row) -> bool:
    """Whether nothing of the task may be claimed and every gateway's answer is recorded."""
    last = task["first_message"] + task["recipients"] - 1
    unrecorded = reader.one("messages.any_unrecorded", task["id"], task["first_message"], last)
    return unrecorded is None and first_queued(reader, task) is None


def record_submitted(tx: Tx, *, task: Row, accepted: pl.DataFrame, carrier_id: int, now_us: int) -> None:
    """Messages that the operator behind the route `carrier_id` accepted: id, provider_ref, part_refs (null, or the
    references of all parts), dispatch_id, country, held_micro.

    On routes that charge on acceptance they are charged here.
    """
    tx.bulk("messages.record_submitted", accepted.select("id", "provider_ref"), now_us)
    awaited = _references(accepted)
    if awaited.height > accepted.height:
        tx.bulk("messages.record_parts", awaited.filter(pl.col("refs") > 1).select("id", "refs").unique())
    tx.bulk("messages.await_receipts", awaited, task["id"], task["account_id"], carrier_id, now_us)
    if task["charge_on"] == ChargeOn.ACCEPTED:
        _charge_accepted(tx, accepted, task, now_us)


def _references(accepted: pl.DataFrame) -> pl.DataFrame:
    """A row for each reference that receipts will name, with how many its message has in `refs`."""
    several = accepted.filter(pl.col("part_refs").is_not_null())
    single = accepted.filter(pl.col("part_refs").is_null()).with_columns(pl.lit(1, dtype=pl.Int16).alias("refs"))
    if several.is_empty():
        return single
    each = several.with_columns(
        pl.col("part_refs").list.unique(maintain_order=True).alias("provider_ref"),
        pl.col("part_refs").list.n_unique().cast(pl.Int16).alias("refs"),
    )
    return pl.concat([single, each.explode("provider_ref").select(single.columns)])


def count_handed_over(tx: Tx, *, dispatch_id: int, task: Row, accepted: int, taken: int, held_micro: int) -> None:
    """Counts a batch: `taken` were answered or lost, `accepted` of them by the operator."""
    tx.run("messages.count_handed_over", dispatch_id, taken, held_micro, accepted, task["id"])


def requeue(tx: Tx, ids: Sequence[int]) -> None:
    """UNSENT: nothing was written to the wire, so these may be submitted again."""
    tx.bulk("messages.requeue", _id_batch(ids))


def doubt(tx: Tx, ids: Sequence[int], *, detail: str, now_us: int) -> None:
    """The outcome is unknown; never resent, settled by receipt or by the deadline, which counts from `now_us`."""
    reason = FailReason.CONNECTION_LOST.value
    moved = tx.bulk("messages.doubt", _id_batch(ids), reason, detail[:DETAIL_LENGTH], now_us)
    _count_doubt(tx, moved)


def doubt_interrupted(tx: Tx, *, now_us: int) -> int:
    """At start: whatever was being submitted when the process died is in doubt. Returns how many."""
    moved = tx.all("messages.doubt_interrupted", FailReason.CONNECTION_LOST.value, now_us)
    if moved:
        _count_doubt(tx, moved)
        counts = (
            pl.DataFrame(moved)
            .group_by("dispatch_id")
            .agg(pl.len().cast(pl.Int32).alias("messages"), pl.col("held_micro").sum())
        )
        tx.bulk("messages.count_interrupted", counts)
    return len(moved)


def cancel_queued(tx: Tx, task: Row, *, now_us: int) -> int:
    """Ends what was not yet handed over and returns its credit."""
    return _end_queued(tx, task, S.CANCELLED, FailReason.CANCELLED, None, now_us)


def fail_queued(tx: Tx, task: Row, *, reason: FailReason, detail: str, now_us: int) -> int:
    """The operator stopped the task: the rest would be refused too."""
    return _end_queued(tx, task, S.FAILED, reason, detail, now_us)


def _end_queued(tx: Tx, task: Row, state: MessageState, reason: FailReason, detail: str | None, now_us: int) -> int:
    last = task["first_message"] + task["recipients"] - 1
    ids = one_column(tx.all("messages.queued_ids", task["id"], task["first_message"], last), "id")
    return finish(tx, finals(ids, state, now_us=now_us, reason=reason, detail=detail), now_us=now_us) if ids else 0


def finish(tx: Tx, batch: pl.DataFrame, *, now_us: int) -> int:
    """Moves messages to final states and settles their credit. Final states are sticky: a message that is
    final already, or may not take that state, is left alone. Returns how many moved.

    `batch` has a row a message: id, state, reason, detail, final_us.
    """
    found = tx.bulk("messages.to_finish", batch)
    if not found:
        return 0
    rows = (
        pl.DataFrame(found, infer_schema_length=None)
        .join(batch, on="id", how="inner")
        .with_columns(pl.col("settle_tx").is_null().alias("unsettled"))
    )
    return finish_known(tx, rows.filter(_may_become(pl.col("old_state"), pl.col("state"))), now_us=now_us)


def finish_known(tx: Tx, rows: pl.DataFrame, *, now_us: int) -> int:
    """As `finish`, for rows read in this transaction that may take their `state`: also task_id, account_id,
    dispatch_id, country, held_micro, old_state, and `unsettled` (nothing was charged or returned yet)."""
    if rows.is_empty():
        return 0
    rows = _settle(tx, rows.with_columns(_charge_column()), now_us)
    columns = ("id", "state", "final_us", "settle_tx", "charged_micro", "reason", "detail")
    tx.bulk("messages.finish", rows.select(columns))
    tx.bulk("messages.forget_outstanding", rows.select("id"))
    _count_finished(tx, rows, now_us)
    return rows.height


def _may_become(old: pl.Expr, new: pl.Expr) -> pl.Expr:
    pairs = [f"{before}>{after}" for before, after_all in ALLOWED.items() for after in after_all]
    return pl.concat_str([old, new], separator=">").is_in(pairs)


def _charge_column() -> pl.Expr:
    """What the message costs in the end."""
    return pl.when(pl.col("state") == S.DELIVERED.value).then(pl.col("held_micro")).otherwise(0).alias("charged_micro")


def _settle(tx: Tx, rows: pl.DataFrame, now_us: int) -> pl.DataFrame:
    """Books one charge and one return per task for what is not settled yet; adds `settle_tx` (null: it was)."""
    rows = rows.with_columns((pl.col("state") == S.DELIVERED.value).alias("good"))
    groups = (
        rows.filter("unsettled")
        .group_by("task_id", "account_id", "good", "unsettled", maintain_order=True)
        .agg(pl.col("held_micro").sum().alias("amount_micro"), pl.col("id").min().alias("lowest"))
    )
    movements = [
        (ledger.charge if group["good"] else ledger.give_back)(
            account_id=group["account_id"],
            task_id=group["task_id"],
            amount_micro=group["amount_micro"],
            key=f"{(MovementKind.CHARGE if group['good'] else MovementKind.RETURN).value}:{group['lowest']}",
            now_us=now_us,
        )
        for group in groups.iter_rows(named=True)
    ]
    booked = ledger.post_many(tx, movements, fresh=True)
    settled = groups.select("task_id", "good", "unsettled", pl.Series("settle_tx", booked, dtype=pl.Int64))
    return rows.drop("settle_tx", strict=False).join(settled, on=["task_id", "good", "unsettled"], how="left")


def _charge_accepted(tx: Tx, accepted: pl.DataFrame, task: Row, now_us: int) -> None:
    """Routes without receipts charge on acceptance; a later receipt changes the state, not the money."""
    movement = ledger.charge(
        account_id=task["account_id"],
        task_id=task["id"],
        amount_micro=int(accepted["held_micro"].sum()),
        key=f"{MovementKind.CHARGE.value}:{accepted['id'].min()}",
        now_us=now_us,
    )
    settle_tx = ledger.post(tx, movement)
    tx.bulk("messages.settle_accepted", accepted.select("id"), settle_tx)
    rows = accepted.with_columns(
        pl.lit(task["id"], dtype=pl.Int64).alias("task_id"),
        pl.lit(True).alias("unsettled"),
        pl.col("held_micro").alias("charged_micro"),
        pl.lit(S.SUBMITTED.value).alias("old_state"),
        pl.lit(S.SUBMITTED.value).alias("state"),
    )
    _count_finished(tx, rows, now_us)


def _count(state: MessageState) -> pl.Expr:
    return (pl.col("state") == state.value).sum().cast(pl.Int32).alias(state.value)


def _count_finished(tx: Tx, rows: pl.DataFrame, now_us: int) -> None:
    """Adds the batch to the counters of its tasks, countries and dispatches."""
    charged = pl.col("charged_micro").filter("unsettled").sum().alias("charged_micro")
    returned = (pl.col("held_micro") - pl.col("charged_micro")).filter("unsettled").sum().alias("returned_micro")
    lost = pl.col("state").is_in([S.FAILED.value, S.EXPIRED.value]).sum().cast(pl.Int32).alias("failed")
    doubts = (
        ((pl.col("old_state") == S.IN_DOUBT.value) & (pl.col("state") != S.IN_DOUBT.value))
        .sum()
        .cast(pl.Int32)
        .alias("left_doubt")
    )
    states = [_count(state) for state in (S.DELIVERED, S.FAILED, S.EXPIRED, S.CANCELLED)]
    tx.bulk("messages.count_task", rows.group_by("task_id").agg(*states, doubts, charged, returned), now_us)
    countries = rows.group_by("task_id", "country").agg(_count(S.DELIVERED), lost, charged)
    tx.bulk("messages.count_country", countries)
    handed = rows.filter(pl.col("dispatch_id").is_not_null())
    if not handed.is_empty():
        dispatches = handed.group_by("dispatch_id").agg(_count(S.DELIVERED), lost, charged, returned)
        tx.bulk("messages.count_dispatch", dispatches, now_us)


def _count_doubt(tx: Tx, moved: Rows) -> None:
    if moved:
        counts = pl.DataFrame(moved).group_by("task_id").agg(pl.len().cast(pl.Int32).alias("in_doubt"))
        tx.bulk("messages.count_doubt", counts)


def _id_batch(ids: Sequence[int]) -> pl.DataFrame:
    return pl.DataFrame({"id": ids}, schema={"id": pl.Int64})


def _id(row: Row) -> int:
    return row["id"]
