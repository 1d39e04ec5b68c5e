"""`route test`: one message through a route, told step by step as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine import routes
from engine.app import Engine
from engine.cli.send import CLI_ACCOUNT, answer_of
from engine.errors import StateError
from engine.gateways import Link, LinkWord
from engine.model import FAIL_SENTENCES, SECOND_US, FailReason, MessageState
from engine.routes import Route, link_words
from engine.store import Row

WAIT_S: Final = 60.0
"""How long a receipt is awaited."""
DOWN_WAIT_S: Final = 15.0
"""How long an operator that cannot be reached is tried."""
CANCEL_WAIT_S: Final = 5.0
POLL_S: Final = 0.02

Say = Callable[[str], None]


@dataclass(slots=True)
class Trial:
    """A test message on its way. `row` is what the store knows of it, `link` the last that was seen of the gateway."""

    task_id: int
    route: Route
    row: Row
    link: Link | None = None
    ended_us: int | None = None
    """When the end was seen here: operators tell the time of a receipt to the minute, and by clocks of their own."""

    @property
    def handed_over(self) -> bool:
        return self.row["submitted_us"] is not None

    @property
    def over(self) -> bool:
        """Nothing more is awaited, in doubt included: its receipt may take days."""
        return self.row["final_us"] is not None or self.row["state"] == MessageState.IN_DOUBT

    @property
    def delivered(self) -> bool:
        return self.row["state"] == MessageState.DELIVERED

    @property
    def receipt_after_s(self) -> float | None:
        if self.ended_us is None or self.row["submitted_us"] is None:
            return None
        return round(max(0, self.ended_us - self.row["submitted_us"]) / SECOND_US, 3)


def run_trial(engine: Engine, route: Route, number: str, *, say: Say) -> tuple[Trial, dict[str, object]]:
    """Sends the test and follows it; `say` gets each step in plain words. Also returns what `--json` prints.

    What was not handed over in the end is cancelled: it would go out when the operator is back.
    """
    began = time.perf_counter()
    say(f"Route “{route.name}”: {route.gateway_safe}")
    actor = engine.accounts.ensure_account(CLI_ACCOUNT)
    task_id = engine.route_test.send_as(actor, route.id, number)
    trial = Trial(task_id, route, _read(engine, task_id, actor.account_id))
    _follow(engine, trial, actor.account_id, say)
    if not trial.handed_over and not trial.over:
        try:
            engine.tasks.cancel(actor, task_id)
        except StateError:
            say("It was handed over just now.")
        _await_end(engine, trial, actor.account_id)
    say(verdict(trial))
    return trial, _as_json(engine, trial, time.perf_counter() - began)


def verdict(trial: Trial) -> str:
    """The last line: what became of it."""
    state, reason = MessageState(trial.row["state"]), trial.row["reason"]
    if state is MessageState.DELIVERED:
        return f"Delivered: the receipt came after {trial.receipt_after_s:g} s."
    if state is MessageState.IN_DOUBT:
        return "In doubt: the connection was lost before the answer. It may arrive; it is not sent again."
    if state is MessageState.CANCELLED:
        return "Not delivered: it could not be handed over, and the test is cancelled."
    if state is MessageState.SUBMITTED:
        return "Not delivered yet: no receipt came in time. It is settled when one comes."
    if reason is None:
        return "Not delivered."
    sentence, step = FAIL_SENTENCES[FailReason(reason)]
    said = f" The operator said: {trial.row['detail']}." if trial.row["detail"] else ""
    return f"Not delivered ({reason}): {sentence}{said} {step}"


def _follow(engine: Engine, trial: Trial, account_id: int, say: Say) -> None:
    """Until the end, the time limit, or an operator that does not let us in."""
    deadline = time.monotonic() + WAIT_S
    down_since: float | None = None
    told: set[str] = set()

    def once(step: str) -> None:
        if step not in told:
            told.add(step)
            say(step)

    while time.monotonic() < deadline:
        trial.link = engine.routes.link(trial.route.id) or trial.link
        trial.row = _read(engine, trial.task_id, account_id)
        if trial.row["final_us"] is not None:
            trial.ended_us = engine.clock.now_us()
        if trial.link is not None:
            once(f"Connection: {link_words(trial.link._replace(in_window=0))}.")
        if trial.handed_over:
            took_s = max(0, trial.row["submitted_us"] - trial.row["created_us"]) / SECOND_US
            once(f"Taken by the operator after {took_s:.2f} s, reference {trial.row['provider_ref']}.{_carrier(trial)}")
        if trial.over or (trial.link is not None and trial.link.word is LinkWord.REFUSED):
            return
        error = _trouble(engine, trial)
        if error:
            once(error)
            down_since = down_since or time.monotonic()
            if time.monotonic() - down_since > DOWN_WAIT_S:
                return
        time.sleep(POLL_S)


def _await_end(engine: Engine, trial: Trial, account_id: int) -> None:
    """A batch that was on its way to the operator comes back a moment after the cancellation."""
    deadline = time.monotonic() + CANCEL_WAIT_S
    while time.monotonic() < deadline:
        trial.row = _read(engine, trial.task_id, account_id)
        if trial.over or trial.handed_over:
            return
        time.sleep(POLL_S)


def _trouble(engine: Engine, trial: Trial) -> str:
    """Why the route cannot send; empty when it can, or has."""
    route = routes.load(engine.store, trial.route.id)
    return (
        "" if trial.handed_over or route.down_since_us is None else f"Trouble: {(route.last_error or '').rstrip('.')}."
    )


def _carrier(trial: Trial) -> str:
    return f" Carried by “{trial.row['carrier_name']}”." if trial.row["carrier_name"] else ""


def _read(engine: Engine, task_id: int, account_id: int) -> Row:
    row = engine.store.one("tasks.test_outcome", task_id, account_id)
    assert row is not None
    return row


def _as_json(engine: Engine, trial: Trial, seconds: float) -> dict[str, object]:
    link = trial.link
    return answer_of(engine, trial.task_id, 0, seconds) | {
        "message_state": trial.row["state"],
        "reason": trial.row["reason"],
        "detail": trial.row["detail"],
        "reference": trial.row["provider_ref"],
        "carried_by": trial.row["carrier_name"],
        "receipt_after_s": trial.receipt_after_s,
        "link": None if link is None else link._asdict() | {"words": link_words(link)},
        "verdict": verdict(trial),
    }
