"""The contract between what is due and what runs it: durable, at least once, in due order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.store.base import Rows, Tx

MOST_ATTEMPTS: Final = 20
RETRY_BASE_US: Final = 1_000_000
RETRY_MOST_US: Final = 300_000_000


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    key: str
    name: str
    args: dict[str, Any]
    attempts: int


def submit(tx: Tx, name: str, args: Mapping[str, object], *, run_us: int, key: str, now_us: int) -> None:
    """Registers work in the caller's transaction; a key that is registered already is left as it is."""
    tx.run("jobs.submit", tx.reserve("job"), key, name, json.dumps(dict(args)), run_us, now_us)


def take_due(tx: Tx, *, now_us: int, limit: int) -> list[Job]:
    """Marks due jobs as running and returns them, the longest due first."""
    return _jobs(tx.all("jobs.take_due", now_us, limit))


def finish(tx: Tx, job: Job) -> None:
    tx.run("jobs.remove", job.id)


def remove(tx: Tx, key: str) -> None:
    """Takes back a job that has not begun."""
    tx.run("jobs.remove_key", key)


def retry(tx: Tx, job: Job, *, error: str, now_us: int) -> None:
    """Puts a failed job back with a growing delay; after MOST_ATTEMPTS it stays as failed for staff."""
    delay_us = min(RETRY_BASE_US * 2**job.attempts, RETRY_MOST_US)
    state = "failed" if job.attempts + 1 >= MOST_ATTEMPTS else "waiting"
    tx.run("jobs.retry", job.id, state, error[:500], now_us + delay_us)


def retry_unended(tx: Tx, *, now_us: int) -> list[Job]:
    """Puts back what was begun and whose end could not be written; for whoever takes jobs, while it runs none.

    It counts as a try, so that a job whose end can never be written does not run for ever. Returns those jobs.
    """
    unended = _jobs(tx.all("jobs.unended"))
    for job in unended:
        retry(tx, job, error="its end could not be written", now_us=now_us)
    return unended


def recover(tx: Tx) -> None:
    """After a crash: what was running is due again (handlers are idempotent)."""
    tx.run("jobs.recover")


def _jobs(rows: Rows) -> list[Job]:
    found = [Job(row["id"], row["key"], row["name"], json.loads(row["args"]), row["attempts"]) for row in rows]
    return sorted(found, key=lambda job: job.id)
