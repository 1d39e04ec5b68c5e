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
from engine.store import Row, Rows, Tx, one_column

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


def claim(tx: Tx, *, task: Row, dispatch_id: int, limit: int) -> Rows:
    """Marks up to `limit` queued messages as submitting; they must be committed before the gateway is called."""
    last = task["first_message"] + task["recipients"] - 1
    rows = tx.all("messages.claim", task["id"], dispatch_id, task["first_message"], last, limit)
    if rows:
        held = sum(row["held_micro"] for row in rows)
        tx.run("messages.count_claimed", dispatch_id, len(rows), held)
    return sorted(rows, key=_id)


def record_submitted(tx: Tx, *, task: Row, dispatch_id: int, refs: Sequence[tuple[int, str]], now_us: int) -> None:
    """(message id, provider reference) pairs the operator accepted; charges them on routes that charge then."""
    batch = pl.DataFrame(refs, schema={"id": pl.Int64, "provider_ref": pl.String}, orient="row")
    tx.bulk("messages.record_submitted", batch, now_us)
    tx.bulk("messages.await_receipts", batch, task["id"], task["route_id"], now_us)
    tx.run("messages.count_submitted", task["id"], dispatch_id, len(refs))
    if task["charge_on"] == ChargeOn.ACCEPTED:
        _charge_accepted(tx, batch, task, now_us)


def requeue(tx: Tx, ids: Sequence[int], *, dispatch_id: int) -> None:
    """UNSENT: nothing was written to the wire, so these may be submitted again."""
    released = tx.bulk("messages.requeue", _id_batch(ids))
    tx.run("messages.count_claimed", dispatch_id, -len(released), -sum(one_column(released, "held_micro")))


def doubt(tx: Tx, ids: Sequence[int], *, detail: str) -> None:
    """The outcome is unknown; never resent, settled by receipt or deadline."""
    moved = tx.bulk("messages.doubt", _id_batch(ids), FailReason.CONNECTION_LOST.value, detail[:DETAIL_LENGTH])
    _count_doubt(tx, moved)


def doubt_interrupted(tx: Tx) -> int:
    """At start: whatever was being submitted when the process died is in doubt. Returns how many."""
    moved = tx.all("messages.doubt_interrupted", FailReason.CONNECTION_LOST.value)
    _count_doubt(tx, moved)
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
        .filter(_may_become(pl.col("old_state"), pl.col("state")))
    )
    if rows.is_empty():
        return 0
    rows = rows.with_columns(_charge_column())
    rows = _settle(tx, rows, now_us)
    tx.bulk("messages.finish", rows.select(
        "id", "state", "final_us", "settle_tx", "charged_micro",
        pl.col("reason").cast(pl.String), pl.col("detail").cast(pl.String),
    ))  # fmt: skip
    tx.bulk("messages.forget_outstanding", rows.select("id"))
    _count_finished(tx, rows, now_us)
    return rows.height


def _may_become(old: pl.Expr, new: pl.Expr) -> pl.Expr:
    pairs = [f"{before}>{after}" for before, after_all in ALLOWED.items() for after in after_all]
    return pl.concat_str([old, new], separator=">").is_in(pairs)


def _charge_column() -> pl.Expr:
    """What the message costs in the end; one that is settled already keeps what it was charged."""
    return (
        pl.when(pl.col("settle_tx").is_not_null())
        .then(pl.col("charged_micro"))
        .when(pl.col("state") == S.DELIVERED.value)
        .then(pl.col("held_micro"))
        .otherwise(0)
        .alias("charged_micro")
    )


def _settle(tx: Tx, rows: pl.DataFrame, now_us: int) -> pl.DataFrame:
    """Books one charge and one return per task for what is not settled yet; adds `settle_tx`, `newly_…`."""
    rows = rows.with_columns(
        pl.col("settle_tx").is_null().alias("unsettled"), (pl.col("state") == S.DELIVERED.value).alias("good")
    )
    groups = (
        rows.filter("unsettled")
        .group_by("task_id", "account_id", "good", maintain_order=True)
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
    if not movements:
        return rows
    booked = groups.select("task_id", "good").with_columns(
        pl.Series("new_tx", ledger.post_many(tx, movements), dtype=pl.Int64)
    )
    return rows.join(booked, on=["task_id", "good"], how="left").with_columns(
        pl.col("settle_tx").fill_null(pl.col("new_tx"))
    )


def _charge_accepted(tx: Tx, batch: pl.DataFrame, task: Row, now_us: int) -> None:
    """Routes without receipts charge on acceptance; a later receipt changes the state, not the money."""
    found = pl.DataFrame(tx.bulk("messages.to_finish", batch.select("id")), infer_schema_length=None)
    amount = int(found["held_micro"].sum())
    movement = ledger.charge(
        account_id=task["account_id"],
        task_id=task["id"],
        amount_micro=amount,
        key=f"{MovementKind.CHARGE.value}:{found['id'].min()}",
        now_us=now_us,
    )
    settle_tx = ledger.post(tx, movement)
    tx.bulk("messages.settle_accepted", batch.select("id"), settle_tx)
    rows = found.with_columns(
        pl.lit(True).alias("unsettled"), pl.col("held_micro").alias("charged_micro"), pl.col("old_state").alias("state")
    )  # fmt: skip
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
    tasks = rows.group_by("task_id").agg(*states, doubts, charged, returned)
    tx.bulk("messages.count_task", tasks)
    countries = rows.group_by("task_id", "country").agg(_count(S.DELIVERED), lost, charged)
    tx.bulk("messages.count_country", countries)
    dispatches = (
        rows.filter(pl.col("dispatch_id").is_not_null())
        .group_by("dispatch_id")
        .agg(_count(S.DELIVERED), lost, charged, returned)
    )
    if not dispatches.is_empty():
        tx.bulk("messages.count_dispatch", dispatches)
        tx.bulk("messages.finish_dispatches", dispatches.select("dispatch_id"), now_us)
    tx.bulk("messages.finish_tasks", tasks.select("task_id"), now_us)


def _count_doubt(tx: Tx, moved: Rows) -> None:
    if moved:
        counts = pl.DataFrame(moved).group_by("task_id").agg(pl.len().cast(pl.Int32).alias("in_doubt"))
        tx.bulk("messages.count_doubt", counts)


def _id_batch(ids: Sequence[int]) -> pl.DataFrame:
    return pl.DataFrame({"id": ids}, schema={"id": pl.Int64})


def _id(row: Row) -> int:
    return row["id"]
