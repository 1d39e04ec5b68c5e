"""A claimed batch, and what its outcomes do to the messages: accepted, rejected, unsent or lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine import messages, parts
from engine.dispatch.opt_outs import cancel_opted_out
from engine.gateways import Outcome, OutcomeKind, Submission
from engine.model import FailReason, MessageState
from engine.store import Row, Rows, Tx, one_column

_ACCEPTED_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "provider_ref": pl.String,
    "part_refs": pl.List(pl.String),
    "dispatch_id": pl.Int64,
    "country": pl.String,
    "held_micro": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that are marked as submitting; `rows` are what the store knows of them, `carrier_id` is the route whose
    gateway takes them."""

    task: Row
    carrier_id: int
    dispatch_id: int
    rows: Rows
    batch: list[Submission]


def record(tx: Tx, claim: Claim, outcomes: Sequence[Outcome], *, now_us: int) -> None:
    """Moves each message by its outcome: accepted, rejected, unsent (queued again) or lost (in doubt)."""
    task = claim.task
    kinds = [outcome.kind for outcome in outcomes]
    by_kind = {kind: [index for index, found in enumerate(kinds) if found is kind] for kind in set(kinds)}
    accepted = _accepted(claim, outcomes, by_kind.get(OutcomeKind.ACCEPTED, []))
    unsent = [claim.rows[index]["id"] for index in by_kind.get(OutcomeKind.UNSENT, [])]
    lost = [claim.rows[index]["id"] for index in by_kind.get(OutcomeKind.LOST, [])]
    rejected = [
        _rejection(claim.batch[index], outcomes[index], now_us) for index in by_kind.get(OutcomeKind.REJECTED, [])
    ]
    taken = [row for row, kind in zip(claim.rows, kinds, strict=True) if kind is not OutcomeKind.UNSENT]
    if taken:
        held_micro = sum(row["held_micro"] for row in taken)
        messages.count_handed_over(
            tx,
            dispatch_id=claim.dispatch_id,
            task=task,
            accepted=accepted.height,
            taken=len(taken),
            held_micro=held_micro,
        )
    if not accepted.is_empty():
        messages.record_submitted(tx, task=task, accepted=accepted, carrier_id=claim.carrier_id, now_us=now_us)
    if lost:
        messages.doubt(tx, lost, detail="the connection was lost before the answer", now_us=now_us)
    if rejected:
        messages.finish(tx, messages.finals_of(rejected), now_us=now_us)
    if unsent:
        requeue(tx, task, unsent, now_us)
    _stop_refused(tx, task, outcomes, now_us)


def _accepted(claim: Claim, outcomes: Sequence[Outcome], indexes: Sequence[int]) -> pl.DataFrame:
    rows = [claim.rows[index] for index in indexes]
    return pl.DataFrame(
        {
            "id": one_column(rows, "id"),
            "provider_ref": [outcomes[index].provider_ref for index in indexes],
            "part_refs": [outcomes[index].part_refs or None for index in indexes],
            "dispatch_id": [claim.dispatch_id] * len(rows),
            "country": one_column(rows, "country"),
            "held_micro": one_column(rows, "held_micro"),
        },
        schema=_ACCEPTED_SCHEMA,
    )


def _stop_refused(tx: Tx, task: Row, outcomes: Sequence[Outcome], now_us: int) -> None:
    """When the operator refused the sender, the rest of the task ends too, with its reason."""
    stop = next((outcome for outcome in outcomes if outcome.stop_task), None)
    if stop is not None:
        reason = stop.reason or FailReason.REJECTED
        messages.fail_queued(tx, task, reason=reason, detail=stop.detail, now_us=now_us)
        tx.run("dispatch.stop_task", task["id"], reason.value)


def _rejection(submission: Submission, outcome: Outcome, now_us: int) -> dict[str, object]:
    return {
        "id": submission.message_id,
        "state": MessageState.FAILED.value,
        "reason": (outcome.reason or FailReason.REJECTED).value,
        "detail": outcome.detail[: messages.DETAIL_LENGTH],
        "final_us": now_us,
    }


def requeue(tx: Tx, task: Row, ids: Sequence[int], now_us: int) -> None:
    """Back to queued, unless the task was cancelled meanwhile, or the recipient opted out: then these are cancelled."""
    messages.requeue(tx, ids)
    if tx.one("dispatch.cancel_requested", task["id"]):
        messages.cancel_queued(tx, task, now_us=now_us)
    else:
        cancel_opted_out(tx, task["id"], now_us=now_us)


def submissions(task: Row, rows: Sequence[Row]) -> list[Submission]:
    shared = task["content"]
    shared_encoding = parts.count(shared).encoding
    return [
        Submission(
            message_id=row["id"],
            msisdn=f"+{row['msisdn']}",
            sender=task["sender"],
            text=shared if row["content"] is None else row["content"],
            encoding=shared_encoding if row["content"] is None else parts.count(row["content"]).encoding,
            parts=row["parts"],
        )
        for row in rows
    ]
