"""Routes as they are stored, with the prices that are in force at an instant."""

from __future__ import annotations

import json

from engine.content import ContentRules
from engine.errors import AccessError
from engine.model import ChargeOn, CountRule, SystemClock
from engine.routes.model import Route
from engine.store import Reader, Row

Prices = dict[int, tuple[int, dict[str, int]]]
"""Route → (version, price by country)."""


def load(reader: Reader, route_id: int, *, now_us: int | None = None) -> Route:
    """The route with its prices at `now_us` (None: at this moment). Raises AccessError("not_found")."""
    return _one(reader, reader.one("routes.by_id", route_id), "route", now_us)


def load_all(reader: Reader, *, now_us: int | None = None) -> list[Route]:
    prices = _in_force(reader, None, now_us)
    return [_route(row, prices) for row in reader.all("routes.all")]


def next_change(reader: Reader, *, now_us: int) -> int | None:
    """When the next planned prices of any route come into force; None when none are planned."""
    row = reader.one("routes.next_prices", now_us)
    return row["at_us"] if row else None


def find(reader: Reader, name: str | None, *, now_us: int | None = None) -> Route:
    """By name (any case) or, with None, the default route; AccessError("not_found") otherwise."""
    row = reader.one("routes.default_one") if name is None else reader.one("routes.by_name", name.strip().lower())
    return _one(reader, row, f"route “{name}”" if name else "default route", now_us)


def _one(reader: Reader, row: Row | None, what: str, now_us: int | None) -> Route:
    if row is None:
        raise AccessError("not_found", what=what)
    return _route(row, _in_force(reader, row["id"], now_us))


def _in_force(reader: Reader, route_id: int | None, now_us: int | None) -> Prices:
    at_us = SystemClock().now_us() if now_us is None else now_us
    found: Prices = {}
    for row in reader.all("routes.prices_at", at_us, route_id):
        _, prices = found.setdefault(row["route_id"], (row["version"], {}))
        prices[row["country"]] = row["price_micro"]
    return found


def _route(row: Row, in_force: Prices) -> Route:
    version, prices = in_force.get(row["id"], (row["price_version"], {}))
    return Route(
        id=row["id"],
        name=row["name"],
        gateway=row["gateway"],
        supports_sender=row["supports_sender"],
        sender_max=row["sender_max"],
        charge_on=ChargeOn(row["charge_on"]),
        count_rule=CountRule(row["count_rule"]),
        rules=ContentRules.from_json(json.loads(row["rules"])),
        countries=frozenset(json.loads(row["countries"])) if row["countries"] else None,
        throughput=row["throughput"],
        batch=row["batch"],
        enabled=row["enabled"],
        is_default=row["is_default"],
        price_version=version,
        prices=prices,
        down_since_us=row["down_since_us"],
        last_error=row["last_error"],
        takeover_id=row["takeover_id"],
        takeover_after_s=row["takeover_after_s"],
        takeover_below=row["takeover_below"],
        taken_over_us=row["taken_over_us"],
        taken_over_why=row["taken_over_why"],
    )
