"""How long delivery took, from the gateway to the phone. Reads messages, so it is asked for apart.

Every delivered message is counted, none is sampled, in classes that are narrow where people look: waits are rounded up
to 0.1 s up to 10 s, to 1 s up to 2 min, to 10 s up to 1 h, to 10 min beyond. So “half within 4.2 s” is always true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.history.period import Period
from engine.model import DAY_US, MINUTE_US, SECOND_US
from engine.store import Reader

DELIVERY_LIMITS: Final[tuple[tuple[str, int], ...]] = (
    ("up to 5 seconds", 5 * SECOND_US),
    ("up to 30 seconds", 30 * SECOND_US),
    ("up to 2 minutes", 2 * MINUTE_US),
    ("up to 10 minutes", 10 * MINUTE_US),
    ("up to 1 hour", 60 * MINUTE_US),
    ("longer", 365 * DAY_US),
)
RESOLUTION: Final = "rounded up to 0.1 s (1 s above 10 s, 10 s above 2 minutes, 10 minutes above 1 hour)"
"""Of the percentiles, in words."""

DELIVERY_SCHEMA: Final[dict[str, Any]] = {"took": pl.String, "messages": pl.Int64}


@dataclass(frozen=True, slots=True)
class DeliveryTimes:
    """`classes`: took, messages; shortest first. `p50_us` and `p95_us`: within this half of the messages, 95 of 100
    arrived; None when none did. `messages`: how many arrived."""

    classes: pl.DataFrame
    messages: int
    p50_us: int | None
    p95_us: int | None


def delivery_times(reader: Reader, period: Period) -> DeliveryTimes:
    span = reader.one("dashboard.delivered_span", *period.params[:-1])
    found: list[tuple[int, int]] = []
    if span is not None and span["low"] is not None:
        rows = reader.all("dashboard.delivery_times", *period.params, span["low"], span["high"])
        found = [(row["upto_us"], row["messages"]) for row in rows]
    return DeliveryTimes(
        classes=_classes(found),
        messages=sum(count for _, count in found),
        p50_us=percentile(found, 50),
        p95_us=percentile(found, 95),
    )


def percentile(found: Sequence[tuple[int, int]], percent: int) -> int | None:
    """The nearest rank: the least wait within which so many percent lie. `found`: wait, messages; shortest first."""
    rank = -(-sum(count for _, count in found) * percent // 100)
    seen = 0
    for wait_us, count in found:
        seen += count
        if seen >= rank:
            return wait_us
    return None


def _classes(found: Sequence[tuple[int, int]]) -> pl.DataFrame:
    counts = [0] * len(DELIVERY_LIMITS)
    for wait_us, count in found:
        place = next((place for place, (_, limit) in enumerate(DELIVERY_LIMITS) if wait_us <= limit), -1)
        counts[place] += count
    return pl.DataFrame({"took": [word for word, _ in DELIVERY_LIMITS], "messages": counts}, schema=DELIVERY_SCHEMA)
