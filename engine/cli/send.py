"""`send`: the whole main job on a stopped server's database, from a file or numbers to settled credit."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import ledger, recipients, routes
from engine.app import Engine
from engine.cli.check import read_path
from engine.cli.opening import opened
from engine.errors import InputError
from engine.model import MICRO, Actor, TaskState
from engine.recipients import RecipientFile
from engine.store import Row
from engine.tasks import Draft

CLI_ACCOUNT = "cli"
AMPLE_MICRO = 1_000_000 * MICRO
"""The account `cli` is kept at this much credit."""
POLL_S = 0.005
ROUTE_LOOK_S = 0.5
"""How often it is looked whether the route is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command line asks for. `to` is a path or numbers."""

    to: str
    text: str
    route: str | None = None
    sender: str | None = None
    scheduled_at: datetime | None = None
    account: str = CLI_ACCOUNT
    country: str | None = None
    column: str | None = None
    wait: bool = False
    timeout_s: float = 600.0


def run(arguments: argparse.Namespace) -> int:
    order = Order(
        to=arguments.to,
        text=arguments.text,
        route=arguments.route,
        sender=arguments.sender,
        scheduled_at=_instant(arguments.at),
        account=arguments.account,
        country=arguments.country,
        column=arguments.column,
        wait=arguments.wait,
        timeout_s=arguments.timeout,
    )
    with opened(started=True) as engine:
        answer = send(engine, order)
    if arguments.json:
        print(json.dumps(answer))
    else:
        print(_in_words(answer))
    if order.wait and answer["pending"]:
        print(f"Without an outcome after {order.timeout_s:g} s: {answer['pending']}.", file=sys.stderr)
        return 1
    return 0


def send(engine: Engine, order: Order) -> dict[str, object]:
    """Previews, accepts and (with `wait`) watches one task. Amounts in credits; `seconds` from acceptance."""
    found = _recipients(order, engine)
    actor = _actor(engine, order.account)
    route = routes.find(engine.store, order.route)
    name = f"Command line {time.strftime('%Y-%m-%d %H:%M', time.gmtime(engine.clock.now_us() / 1_000_000))}"
    draft = Draft(
        route_id=route.id,
        name=name,
        content=order.text,
        recipients=found,
        sender=order.sender,
        scheduled_at=order.scheduled_at,
        file_name=Path(order.to).name if _is_file(order.to) else None,
    )
    preview = engine.tasks.preview(actor, draft)
    began = time.perf_counter()
    task_id = engine.tasks.accept(actor, preview)
    if order.wait or order.scheduled_at is None:
        _wait(engine, task_id, route.id, order)
    return answer_of(engine, task_id, preview.rejected, time.perf_counter() - began)


def _recipients(order: Order, engine: Engine) -> RecipientFile:
    country = (order.country or engine.config.country or "").upper() or None
    if _is_file(order.to):
        return read_path(order.to, country, order.column)
    return recipients.read_numbers(order.to, country)


def _is_file(text: str) -> bool:
    """Numbers have no file ending; what has one, or exists, is a file."""
    try:
        return Path(text).suffix.lower() in {".csv", ".xlsx", ".txt", ".ods", ".xls", ".xlsm"} or Path(text).is_file()
    except (OSError, ValueError):
        return False


def _actor(engine: Engine, account: str) -> Actor:
    """The owner of the account; `cli` is made when missing and kept in credit."""
    actor = engine.accounts.ensure_account(account)
    if account == CLI_ACCOUNT:
        now_us = engine.clock.now_us()
        with engine.store.transaction() as tx:
            missing = AMPLE_MICRO - ledger.balance(tx, actor.account_id).available_micro
            if missing > 0:
                ledger.adjust(
                    tx,
                    account_id=actor.account_id,
                    amount_micro=missing,
                    key=f"cli:{now_us}",
                    note="Credit for the command line",
                    member_id=None,
                    now_us=now_us,
                )
    return actor


def _wait(engine: Engine, task_id: int, route_id: int, order: Order) -> None:
    """Until every message has an outcome or, without `wait`, until all were handed to the gateway.

    What keeps the route from sending goes to stderr, each trouble once.
    """
    now_s = time.monotonic()
    deadline, look_s = now_s + order.timeout_s, now_s + ROUTE_LOOK_S
    told: set[str] = set()
    while (now_s := time.monotonic()) < deadline:
        row = _task(engine, task_id)
        if now_s >= look_s:
            look_s = now_s + ROUTE_LOOK_S
            trouble = engine.routes.trouble(route_id)
            if trouble and trouble not in told:
                told.add(trouble)
                print(f"{trouble} Ctrl+C ends the waiting, not the task.", file=sys.stderr)
        handed_over = row["state"] not in (TaskState.QUEUED, TaskState.SENDING)
        if row["unsettled"] == 0 or (handed_over and not order.wait):
            return
        time.sleep(POLL_S)


def _task(engine: Engine, task_id: int) -> Row:
    row = engine.store.one("cli.task", task_id)
    assert row is not None
    return row


def answer_of(engine: Engine, task_id: int, rejected: int, seconds: float) -> dict[str, object]:
    """What `--json` prints of a task."""
    row = _task(engine, task_id)
    return {
        "task": task_id,
        "recipients": row["recipients"],
        "rejected": rejected,
        "delivered": row["delivered"],
        "failed": row["failed"],
        "in_doubt": row["in_doubt"],
        "pending": row["unsettled"],
        "state": row["state"],
        "held": _credits(row["held_micro"]),
        "charged": _credits(row["charged_micro"]),
        "returned": _credits(row["returned_micro"]),
        "seconds": round(seconds, 4),
        "messages_per_s": round((row["recipients"] - row["unsettled"]) / seconds) if seconds else 0,
    }


def _credits(amount_micro: int) -> float | int:
    """Exact in JSON: six decimals fit a double up to nine billion credits."""
    return amount_micro // MICRO if amount_micro % MICRO == 0 else amount_micro / MICRO


def _in_words(answer: dict[str, object]) -> str:
    return (
        f"Task {answer['task']} ({answer['state']}): "
        f"recipients {answer['recipients']}, delivered {answer['delivered']}, "
        f"failed {answer['failed']}, in doubt {answer['in_doubt']}, pending {answer['pending']}, "
        f"rows rejected {answer['rejected']}. "
        f"Held {answer['held']}, charged {answer['charged']}, returned {answer['returned']} credits."
    )


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            "invalid", field="--at", problem=f"“{text}” is not a time.", remedy="Use 2030-01-31T09:00+11:00."
        ) from error
    if when.tzinfo is None:
        raise InputError("invalid", field="--at", problem="has no time zone.", remedy="Add it, such as +11:00 or Z.")
    return when
