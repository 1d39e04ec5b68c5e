"""How many days the credit lasts when sending goes on as in the last four weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from engine.history.period import local, local_date
from engine.model import DAY_US
from engine.store import Reader

BASIS_DAYS: Final = 28
FEWEST_DAYS: Final = 7
"""Less history tells nothing about a week."""
MOST_DAYS: Final = 365
"""Nobody knows what comes later."""
_SLACK_US: Final = 2 * DAY_US
"""Days of a zone lie within this of the days of UTC."""


class Basis(StrEnum):
    WEEKDAYS = "weekdays"
    """The average of each weekday over four weeks."""
    AVERAGE = "average"
    """The average day since the first charge, 7 to 27 days ago."""
    TOO_LITTLE = "too_little"
    """Charged for fewer than 7 days so far."""
    NOTHING = "nothing"
    """Nothing was charged in four weeks."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`days_left`: whole days, today among them, that the available credit covers; None without a basis, 365 for
    that or longer. `last_day` is the last of them. `daily_micro`: charged on an average day of `days` past ones."""

    available_micro: int
    basis: Basis
    daily_micro: int = 0
    days: int = 0
    days_left: int | None = None
    last_day: date | None = None


def forecast(reader: Reader, account_id: int, *, available_micro: int, now_us: int, zone: str) -> Forecast:
    today = local_date(now_us, zone)
    first_us = (reader.one("dashboard.first_charge", account_id) or {}).get("due_us")
    if first_us is None:
        return Forecast(available_micro, Basis.TOO_LITTLE)
    spent = _daily(reader, account_id, now_us=now_us, today=today, zone=zone)
    known = min((today - local_date(first_us, zone)).days, BASIS_DAYS)
    return estimate(available_micro, spent, known=known, today=today)


def estimate(available_micro: int, spent: Sequence[int], *, known: int, today: date) -> Forecast:
    """`spent`: micro-credits of each of the 28 days before today, oldest first; the last `known` of them count."""
    if known < FEWEST_DAYS:
        return Forecast(available_micro, Basis.TOO_LITTLE)
    counted = spent[-known:]
    total = sum(counted)
    if total == 0:
        return Forecast(available_micro, Basis.NOTHING)
    if known < BASIS_DAYS:
        basis, share, coming = Basis.AVERAGE, known, [total] * 7
    else:
        # What the seven days from today on cost: the same weekdays of each of the four weeks before.
        basis, share, coming = Basis.WEEKDAYS, BASIS_DAYS // 7, [sum(counted[day::7]) for day in range(7)]
    days = _days_covered(available_micro * share, coming)
    return Forecast(
        available_micro,
        basis,
        daily_micro=total // known,
        days=known,
        days_left=days,
        last_day=today + timedelta(days=days - 1) if 0 < days < MOST_DAYS else None,
    )


def _days_covered(credit: int, coming: Sequence[int]) -> int:
    """Whole days until less is left than the next one costs; `coming` repeats every seven days."""
    for day in range(MOST_DAYS):
        credit -= coming[day % 7]
        if credit < 0:
            return day
    return MOST_DAYS


def _daily(reader: Reader, account_id: int, *, now_us: int, today: date, zone: str) -> list[int]:
    """Charged on each of the 28 days before today."""
    start_us = now_us - BASIS_DAYS * DAY_US - _SLACK_US
    quarters = reader.frame("dashboard.charged_quarters", account_id, start_us, now_us + DAY_US)
    by_day = dict(quarters.group_by(local(zone).dt.date().alias("day")).agg(pl.col("charged_micro").sum()).iter_rows())
    return [by_day.get(today - timedelta(days=back), 0) for back in range(BASIS_DAYS, 0, -1)]
