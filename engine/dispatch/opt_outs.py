"""Between acceptance and a scheduled time people opt out: their messages are cancelled before the first is sent."""

from __future__ import annotations

from engine import messages
from engine.model import FailReason, MessageState
from engine.store import Tx, one_column


def cancel_opted_out(tx: Tx, task_id: int, *, now_us: int) -> int:
    """Cancels what waits for people who have opted out, and returns its credit. Returns how many messages.

    In the transaction in which a task begins, so that nothing of it can be claimed before.
    """
    task = tx.one("opt_outs.task", task_id)
    if task is None or tx.one("opt_outs.any_of", task["account_id"]) is None:
        return 0
    first, last = task["first_message"], task["first_message"] + task["recipients"] - 1
    ids = one_column(tx.all("opt_outs.queued", task["account_id"], task_id, first, last), "id")
    if not ids:
        return 0
    batch = messages.finals(ids, MessageState.CANCELLED, now_us=now_us, reason=FailReason.OPTED_OUT)
    return messages.finish(tx, batch, now_us=now_us)
