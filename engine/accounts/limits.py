"""What an account may do at most: recipients and credits per task, SMS per day, routes, countries.

Asked when a task is quoted, and again inside the transaction that accepts it, after the hold: the hold locks the
account's balance, so two acceptances at once are counted one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine import numbers
from engine.errors import InputError
from engine.model import DAY_US, format_credits
from engine.store import Reader, Tx

MOST_RECIPIENTS: Final = 1_000_000
MOST_SMS: Final = 10**9
MOST_MICRO: Final = 10**15
NAMED: Final = 5
"""Countries named in a sentence before it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """None: no limit. `routes` (ids) and `countries` (ISO codes) None: all there are."""

    recipients: int | None = None
    sms_a_day: int | None = None
    task_micro: int | None = None
    routes: frozenset[int] | None = None
    countries: frozenset[str] | None = None

    @property
    def nothing(self) -> bool:
        return self == NO_LIMITS

    def allows_route(self, route_id: int) -> bool:
        return self.routes is None or route_id in self.routes

    def reach(self, countries: frozenset[str] | None) -> frozenset[str] | None:
        """What is left of a route's countries; None is everywhere."""
        if self.countries is None or countries is None:
            return countries if self.countries is None else self.countries
        return self.countries & countries

    def check_countries(self, countries: Iterable[str], *, every: bool) -> None:
        """Raises InputError("account_country") when all (`every`) or any of them are closed to the account."""
        if self.countries is None:
            return
        asked = set(countries)
        closed = asked - self.countries
        if closed and (closed == asked or not every):
            names = sorted(numbers.country_name(code) for code in closed)
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            raise InputError("account_country", countries=", ".join(names[:NAMED]) + more)

    def check_task(self, *, recipients: int, cost_micro: int) -> None:
        """Raises InputError("account_limit")."""
        if self.recipients is not None and recipients > self.recipients:
            raise InputError("account_limit", limit=f"{self.recipients:,} recipients a task", asked=f"{recipients:,}")
        if self.task_micro is not None and cost_micro > self.task_micro:
            most = f"tasks of {format_credits(self.task_micro)} credits"
            raise InputError("account_limit", limit=most, asked=format_credits(cost_micro))

    def check_day(self, reader: Reader, account_id: int, *, sms: int, now_us: int) -> None:
        """Counts what was accepted in the last 24 hours: a midnight could be moved. Raises
        InputError("account_day_limit")."""
        if self.sms_a_day is None:
            return
        used = sms_of_day(reader, account_id, now_us=now_us)
        if used + sms > self.sms_a_day:
            raise InputError("account_day_limit", limit=f"{self.sms_a_day:,}", used=f"{used:,}", asked=f"{sms:,}")

    def checked(self) -> AccountLimits:
        """Raises InputError naming what is out of range."""
        for field, value, most in (
            ("Recipients per task", self.recipients, MOST_RECIPIENTS),
            ("SMS per day", self.sms_a_day, MOST_SMS),
            ("Credits per task", self.task_micro, MOST_MICRO),
        ):
            if value is not None and not 0 < value <= most:
                raise InputError("invalid", field=field, problem="out of range.", remedy="Use 1 or more, or nothing.")
        unknown = sorted((self.countries or frozenset()) - set(numbers.COUNTRIES))
        if unknown:
            raise InputError(
                "invalid", field="Countries", problem=f"“{unknown[0]}” is not a country.", remedy="Use codes like AU."
            )
        return self

    def words(self) -> str:
        """For the audit log: what is limited, in one line."""
        return ", ".join(
            f"{name} {value}"
            for name, value in (
                ("recipients a task:", _number(self.recipients)),
                ("SMS a day:", _number(self.sms_a_day)),
                ("credits a task:", None if self.task_micro is None else format_credits(self.task_micro)),
                ("routes:", None if self.routes is None else " ".join(map(str, sorted(self.routes)))),
                ("countries:", None if self.countries is None else " ".join(sorted(self.countries))),
            )
            if value is not None
        )


NO_LIMITS: Final = AccountLimits()


def limits_of(reader: Reader, account_id: int) -> AccountLimits:
    row = reader.one("desk.limit", account_id)
    if row is None:
        return NO_LIMITS
    return AccountLimits(
        recipients=row["most_recipients"],
        sms_a_day=row["most_sms_a_day"],
        task_micro=row["most_task_micro"],
        routes=frozenset(json.loads(row["routes"])) if row["routes"] else None,
        countries=frozenset(json.loads(row["countries"])) if row["countries"] else None,
    )


def write_limits(tx: Tx, account_id: int, limits: AccountLimits, *, now_us: int) -> None:
    """Keeps the limits of an account; none at all leave no row."""
    if limits.nothing:
        tx.run("desk.drop_limit", account_id)
        return
    tx.run(
        "desk.put_limit", account_id, limits.recipients, limits.sms_a_day, limits.task_micro,
        "" if limits.routes is None else json.dumps(sorted(limits.routes)),
        "" if limits.countries is None else json.dumps(sorted(limits.countries)), now_us,
    )  # fmt: skip


def sms_of_day(reader: Reader, account_id: int, *, now_us: int) -> int:
    """SMS the account accepted in the last 24 hours."""
    row = reader.one("desk.sms_since", account_id, now_us - DAY_US)
    return row["sms"] if row else 0


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"
