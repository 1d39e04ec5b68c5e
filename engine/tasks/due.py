"""When a task is sent: the times that can be asked for, and the one job that begins it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import InputError
from engine.model import DAY_US, MINUTE_US, to_us
from engine.store import Tx, jobs

SCHEDULE_MOST_DAYS: Final = 90
PAST_SLACK_US: Final = MINUTE_US
"""A time that passed while the person was reading the quote still means now."""
DISPATCH_JOB: Final = "dispatch"


def dispatch_key(task_id: int) -> str:
    """One dispatch job a task."""
    return f"{DISPATCH_JOB}:{task_id}"


def submit_dispatch(tx: Tx, task_id: int, *, due_us: int, now_us: int) -> None:
    """Registers the start of a task, once. The job carries its time, so that one of an earlier plan begins nothing."""
    args = {"task": task_id, "due": due_us}
    jobs.submit(tx, DISPATCH_JOB, args, run_us=due_us, key=dispatch_key(task_id), now_us=now_us)


def drop_dispatch(tx: Tx, task_id: int) -> None:
    """The task does not begin by itself any more; a job that is being run already finds it so."""
    jobs.remove(tx, dispatch_key(task_id))


def check_time(scheduled_at: datetime | None, now_us: int, zone: str) -> None:
    """Raises InputError, in the words of the reader's `zone`, for a time that has passed, lies too far ahead or has no
    zone."""
    if scheduled_at is None:
        return
    if scheduled_at.tzinfo is None:
        raise InputError("invalid", field="Time", problem="has no time zone.", remedy="Choose the zone of the account.")
    scheduled_us = to_us(scheduled_at)
    if scheduled_us < now_us - PAST_SLACK_US:
        raise InputError("past", when=f"{scheduled_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})")
    if scheduled_us > now_us + SCHEDULE_MOST_DAYS * DAY_US:
        raise InputError("too_far", days=SCHEDULE_MOST_DAYS)


def due_of(scheduled_at: datetime | None, now_us: int) -> int:
    return max(to_us(scheduled_at), now_us) if scheduled_at else now_us
