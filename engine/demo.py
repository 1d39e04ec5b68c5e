"""A demo account with history whose books add up: bulk writes of what the product would have written."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine import ledger, routes
from engine.accounts import RegisterForm
from engine.app import Engine
from engine.errors import AccessError, InputError
from engine.model import DAY_US, MICRO, MINUTE_US, SECOND_US, FailReason, MessageState
from engine.routes import EVERYWHERE, NewRoute, Route
from engine.store import Tx
from engine.terms import in_force

TASK_MESSAGES: Final = 5_000
HISTORY_DAYS: Final = 90
USER: Final = "demo"
SEED: Final = 1

COUNTRIES: Final = {
    "AU": (61_412_000_000, 40), "NZ": (64_211_000_000, 10), "GB": (447_400_000_000, 15), "US": (12_025_000_000, 12),
    "IN": (919_812_000_000, 12), "SG": (6_581_000_000, 5), "DE": (4_915_112_000_000, 3), "BR": (5_511_961_000_000, 3),
}  # fmt: skip
"""Country → (a mobile range, its share of the traffic in percent)."""

OUTCOMES: Final = (
    (MessageState.DELIVERED, None, 0.93),
    (MessageState.FAILED, FailReason.ABSENT, 0.95),
    (MessageState.FAILED, FailReason.UNKNOWN_SUBSCRIBER, 0.97),
    (MessageState.FAILED, FailReason.BARRED, 0.978),
    (MessageState.EXPIRED, FailReason.EXPIRED, 1.01),
)
"""(state, reason, cumulative share)."""

ROUTES: Final = (
    NewRoute(
        name="Premium",
        gateway="sim://?fail=0.03&receipt_ms=1500",
        supports_sender=True,
        prices={EVERYWHERE: 1_200_000, "US": 900_000, "IN": 650_000, "BR": 1_800_000},
    ),
    NewRoute(name="Economy", gateway="sim://?fail=0.12&receipt_ms=4000", prices={EVERYWHERE: 700_000}, throughput=200),
)

SUBJECTS: Final = ("Parcel notices", "Appointment reminders", "Autumn sale", "Outage notice", "Members’ newsletter")
TEXTS: Final = (
    "Your parcel arrives today between 2 and 4 pm. Reply to this number to change the time.",
    "Reminder: your appointment is tomorrow at 9:30. Call us if you cannot come.",
    "Our autumn sale begins on Friday: 20% off everything in store until Sunday evening.",
)


@dataclass(frozen=True, slots=True)
class Demo:
    """How to log in to the demo account, and what was made."""

    user_name: str
    password: str
    account_id: int
    tasks: int
    messages: int


def make(engine: Engine, count: int) -> Demo:
    """Adds routes and an account `demo` with `count` messages over the last 90 days. Raises InputError("taken")."""
    password = secrets.token_urlsafe(9)
    zone = engine.config.zone
    engine.accounts.register(RegisterForm("Demo Pty Ltd", "Dana Demo", USER, "demo@example.com", password, zone))
    row = engine.store.one("demo.owner", USER)
    if row is None:
        raise InputError("taken", what="demo account")
    used = [_route(engine, new) for new in ROUTES]
    made = fill(engine, account_id=row["account_id"], member_id=row["id"], used=used, count=count)
    return Demo(USER, password, row["account_id"], made, count)


def fill(engine: Engine, *, account_id: int, member_id: int, used: list[Route], count: int) -> int:
    """Writes `count` final messages in tasks of 5,000; returns how many tasks. Ids ascend with time."""
    rng = random.Random(SEED)  # noqa: S311 - repeatable examples
    now_us = engine.clock.now_us()
    tasks = max(1, -(-count // TASK_MESSAGES))
    step_us = HISTORY_DAYS * DAY_US // (tasks + 1)
    for index in range(tasks):
        size = min(TASK_MESSAGES, count - index * TASK_MESSAGES)
        created_us = now_us - HISTORY_DAYS * DAY_US + (index + 1) * step_us
        with engine.store.transaction() as tx:
            _task(tx, rng, used[index % len(used)], account_id, member_id, index, size, created_us)
    return tasks


def _route(engine: Engine, new: NewRoute) -> Route:
    try:
        return routes.find(engine.store, new.name)
    except AccessError:
        with engine.store.transaction() as tx:
            routes.add(tx, new, member_id=None, now_us=engine.clock.now_us())
        return routes.find(engine.store, new.name)


def _task(
    tx: Tx, rng: random.Random, route: Route, account_id: int, member_id: int, index: int, size: int, created_us: int
) -> None:
    rows = _messages(rng, route, size, created_us)
    held, charged = int(rows["held_micro"].sum()), int(rows["charged_micro"].sum())
    if index % 10 == 0:
        ledger.adjust(
            tx, account_id=account_id, amount_micro=max(held, 10_000 * MICRO) * 12, key=f"demo:{account_id}:{index}",
            note="Bank transfer", member_id=None, now_us=created_us - MINUTE_US,
        )  # fmt: skip
    task_id, dispatch_id = tx.reserve("task"), tx.reserve("dispatch")
    first = tx.reserve("message", size)
    hold_tx = ledger.hold(
        tx, account_id=account_id, amount_micro=held, key=f"demo-hold:{task_id}", task_id=task_id,
        member_id=member_id, now_us=created_us,
    )  # fmt: skip
    final_us = int(rows["final_us"].max() or created_us)  # type: ignore[arg-type] # the column holds integers
    settled = _settle(tx, account_id, task_id, charged, held - charged, final_us)
    good = pl.col("state") == MessageState.DELIVERED.value
    tx.bulk(
        "demo.insert_messages",
        rows.with_columns(
            pl.int_range(first, first + size, dtype=pl.Int64).alias("id"),
            pl.when(good).then(settled[0]).otherwise(settled[1]).cast(pl.Int64).alias("settle_tx"),
        ),
        task_id, account_id, route.id, dispatch_id, created_us,
    )  # fmt: skip
    name = f"{SUBJECTS[index % len(SUBJECTS)]} {index + 1}"
    sender = "Demo Store" if route.supports_sender else None
    text = TEXTS[index % len(TEXTS)]
    tx.run(
        "demo.insert_task", task_id, account_id, member_id, route.id, name, sender, text, route.price_version,
        in_force(tx)["version"], first, size, hold_tx, created_us, final_us,
    )  # fmt: skip
    tx.run("demo.insert_countries", task_id, first, first + size - 1)
    tx.run("demo.insert_dispatch", dispatch_id, task_id)


def _settle(tx: Tx, account_id: int, task_id: int, charged: int, returned: int, now_us: int) -> list[int]:
    """Ids of the charge and the return of a whole task."""
    key, whose = f"demo:{task_id}", {"account_id": account_id, "task_id": task_id, "now_us": now_us}
    charge = ledger.charge(**whose, amount_micro=charged, key=f"{key}:charge")
    give_back = ledger.give_back(**whose, amount_micro=returned, key=f"{key}:return")
    return ledger.post_many(tx, [charge, give_back])


def _messages(rng: random.Random, route: Route, size: int, created_us: int) -> pl.DataFrame:
    codes = rng.choices(list(COUNTRIES), weights=[share for _, share in COUNTRIES.values()], k=size)
    outcomes = [_outcome(rng.random()) for _ in range(size)]
    waits = [round(rng.lognormvariate(1.5, 0.8) * SECOND_US) for _ in range(size)]
    price = [route.price_micro(code) for code in codes]
    return pl.DataFrame(
        {
            "row_number": range(2, size + 2),
            "msisdn": [COUNTRIES[code][0] + rng.randrange(999_999) for code in codes],
            "country": codes,
            "price_micro": price,
            "held_micro": price,
            "charged_micro": [
                amount if state is MessageState.DELIVERED else 0
                for amount, (state, _) in zip(price, outcomes, strict=True)
            ],
            "state": [state.value for state, _ in outcomes],
            "reason": [reason.value if reason else None for _, reason in outcomes],
            "submitted_us": [created_us + SECOND_US + index * 100 for index in range(size)],
            "final_us": [created_us + SECOND_US + wait for wait in waits],
        },
        schema_overrides={"row_number": pl.Int32, "reason": pl.String},
    )


def _outcome(draw: float) -> tuple[MessageState, FailReason | None]:
    return next((state, reason) for state, reason, limit in OUTCOMES if draw < limit)
