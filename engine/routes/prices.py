"""Versions of prices: each from an instant on, none ever changed; what differs between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine import numbers
from engine.errors import AccessError, InputError, StateError
from engine.model import DAY_US, MINUTE_US, format_credits
from engine.routes.model import EVERYWHERE
from engine.store import Reader, Tx

MOST_PRICE_MICRO: Final = 10**12
AHEAD_MOST_DAYS: Final = 730
ALWAYS: Final = 0
"""From when version 1 is in force: there is no time without a price."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What one country pays before and after; None: the country had, or will have, no price of its own."""

    country: str
    before_micro: int | None
    after_micro: int | None


def changes_between(before: Mapping[str, int], after: Mapping[str, int]) -> list[PriceChange]:
    """What differs, the default first, then by the name of the country."""
    countries = sorted(
        {*before, *after}, key=lambda country: (country != EVERYWHERE, numbers.country_name(country).casefold())
    )
    return [
        PriceChange(country, before.get(country), after.get(country))
        for country in countries
        if before.get(country) != after.get(country)
    ]


def prices_of(reader: Reader, route_id: int, version: int) -> dict[str, int]:
    """The prices of one version, as quoted then."""
    rows = reader.all("routes.prices", route_id, version)
    return {row["country"]: row["price_micro"] for row in rows}


def check_prices(prices: Mapping[str, int]) -> None:
    if EVERYWHERE not in prices:
        raise InputError("price", value="(no default)")
    for country, price_micro in prices.items():
        if country != EVERYWHERE and country not in numbers.COUNTRIES:
            raise InputError(
                "invalid", field="Price", problem=f"“{country}” is not a country.", remedy="Use codes like AU."
            )
        if not 0 <= price_micro <= MOST_PRICE_MICRO:
            raise InputError("price", value=format_credits(price_micro))


def save_version(
    tx: Tx,
    route_id: int,
    prices: Mapping[str, int],
    *,
    member_id: int | None,
    now_us: int,
    effective_us: int | None = None,
    base_version: int | None = None,
) -> tuple[int, bool]:
    """Adds a version, in force from `effective_us` (None: now). Returns its number and whether it is a new one.

    `base_version` is the newest version the person saw: StateError("prices_changed") when there is a newer one by now,
    unless that one is the same (a double click), whose number is then returned.
    """
    row = tx.one("routes.by_id", route_id)
    if row is None:
        raise AccessError("not_found", what="route")
    latest = row["price_version"]
    _check_time(effective_us, now_us)
    if base_version is not None and latest != base_version:
        if prices_of(tx, route_id, latest) == dict(prices) and latest == base_version + 1:
            return latest, False
        raise StateError("prices_changed", version=latest)
    version = latest + 1
    insert_version(
        tx, route_id, version, prices, member_id=member_id, now_us=now_us, effective_us=effective_us or now_us
    )
    tx.run("routes.set_price_version", route_id, version)
    return version, True


def insert_version(
    tx: Tx,
    route_id: int,
    version: int,
    prices: Mapping[str, int],
    *,
    member_id: int | None,
    now_us: int,
    effective_us: int,
) -> None:
    batch = pl.DataFrame({"country": list(prices), "price_micro": list(prices.values())})
    tx.run("routes.insert_price_version", route_id, version, effective_us, now_us, member_id)
    tx.bulk("routes.insert_prices", batch, route_id, version, now_us, member_id)


def withdraw(tx: Tx, route_id: int, version: int, *, now_us: int) -> None:
    """A version that is not in force yet never will be. StateError("price_in_force") when it is."""
    if tx.one("routes.withdraw_version", route_id, version, now_us) is None:
        raise StateError("price_in_force", version=version)


def _check_time(effective_us: int | None, now_us: int) -> None:
    if effective_us is None:
        return
    field = "In force from"
    if effective_us < now_us - MINUTE_US:
        raise InputError("invalid", field=field, problem="this time has passed.", remedy="Choose a later one, or now.")
    if effective_us > now_us + AHEAD_MOST_DAYS * DAY_US:
        raise InputError("invalid", field=field, problem="is too far ahead.", remedy="Choose a time within two years.")
