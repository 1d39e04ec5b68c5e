"""Routes: how messages leave, what they cost where, and the name that shows the price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from engine import numbers
from engine.access import allows
from engine.accounts.limits import limits_of
from engine.content import ContentRules
from engine.errors import AccessError, InputError, StateError
from engine.gateways import gateway_for, safe_url
from engine.model import (
    EVERY_ROLE,
    OPERATOR_ROLES,
    Actor,
    ChargeOn,
    Clock,
    CountRule,
    Role,
    format_credits,
)
from engine.store import Reader, Row, Store, Tx

EVERYWHERE: Final = "*"
NAME_LENGTH: Final = 40
DEFAULT_BATCH: Final = 2_500
"""Messages claimed at once: what is in doubt after a crash is at most this many per route."""
MOST_PRICE_MICRO: Final = 10**12


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it is now. `prices` are micro-credits per SMS by country, `*` the default."""

    id: int
    name: str
    gateway: str
    supports_sender: bool
    sender_max: int
    charge_on: ChargeOn
    count_rule: CountRule
    rules: ContentRules
    countries: frozenset[str] | None
    throughput: int
    batch: int
    enabled: bool
    is_default: bool
    price_version: int
    prices: Mapping[str, int]
    down_since_us: int | None
    last_error: str | None

    @property
    def gateway_safe(self) -> str:
        return safe_url(self.gateway)

    @property
    def display_name(self) -> str:
        """Such as `Premium · SID · 1.20 credit/SMS`, a range when the price varies by country."""
        low, high = min(self.prices.values()), max(self.prices.values())
        price = format_credits(low) if low == high else f"{format_credits(low)}–{format_credits(high)}"
        return " · ".join([self.name, *(["SID"] if self.supports_sender else []), f"{price} credit/SMS"])

    def price_micro(self, country: str) -> int:
        return self.prices.get(country, self.prices[EVERYWHERE])

    def reaches(self, country: str) -> bool:
        return self.countries is None or country in self.countries


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoute:
    """What an administrator enters. `countries` None means everywhere that is served."""

    name: str
    gateway: str
    prices: Mapping[str, int]
    supports_sender: bool = False
    sender_max: int = 10
    charge_on: ChargeOn = ChargeOn.DELIVERED
    count_rule: CountRule = CountRule.MISSION
    rules: ContentRules = field(default_factory=ContentRules)
    countries: frozenset[str] | None = None
    throughput: int = 0
    """Parts per second; 0 is as fast as the gateway takes them."""
    batch: int = DEFAULT_BATCH
    is_default: bool = False


class Routes:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(EVERY_ROLE)
    def selectable(self, actor: Actor) -> list[Route]:
        """Routes the account can send with now, the default one first. Prices are public to every role."""
        mine = limits_of(self._store, actor.account_id)
        return [route for route in load_all(self._store) if route.enabled and mine.allows_route(route.id)]

    @allows(EVERY_ROLE)
    def get(self, actor: Actor, route_id: int) -> Route:
        route = load(self._store, route_id)
        closed = not route.enabled or not limits_of(self._store, actor.account_id).allows_route(route_id)
        if closed and not actor.is_operator:
            raise AccessError("not_found", what="route")
        return route

    @allows(OPERATOR_ROLES)
    def listing(self, actor: Actor) -> list[Route]:  # noqa: ARG002 - the decorator checks the actor
        """All routes, closed ones too, with their live health."""
        return load_all(self._store)

    @allows(frozenset({Role.ADMIN}))
    def add(self, actor: Actor, new: NewRoute) -> int:
        with self._store.transaction() as tx:
            return add(tx, new, member_id=actor.user_id, now_us=self._clock.now_us())

    @allows(frozenset({Role.ADMIN}))
    def set_prices(self, actor: Actor, route_id: int, prices: Mapping[str, int]) -> int:
        """Adds a price version and makes it current; tasks quoted before keep theirs. Returns the version."""
        _check_prices(prices)
        with self._store.transaction() as tx:
            version = load(tx, route_id).price_version + 1
            _insert_prices(tx, route_id, version, prices, member_id=actor.user_id, now_us=self._clock.now_us())
            tx.run("routes.set_price_version", route_id, version)
        return version

    @allows(frozenset({Role.ADMIN}))
    def set_enabled(self, actor: Actor, route_id: int, *, enabled: bool) -> None:  # noqa: ARG002 - as above
        with self._store.transaction() as tx:
            if load(tx, route_id).is_default and not enabled:
                raise StateError("route_closed", route="the default route: make another one the default first")
            tx.run("routes.set_enabled", route_id, enabled)


def load(reader: Reader, route_id: int) -> Route:
    """Raises AccessError("not_found")."""
    row = reader.one("routes.by_id", route_id)
    if row is None:
        raise AccessError("not_found", what="route")
    return _route(row, _prices(reader, row))


def load_all(reader: Reader) -> list[Route]:
    return [_route(row, _prices(reader, row)) for row in reader.all("routes.all")]


def find(reader: Reader, name: str | None) -> Route:
    """By name (any case) or, with None, the default route; AccessError("not_found") otherwise."""
    row = reader.one("routes.default_one") if name is None else reader.one("routes.by_name", name.strip().lower())
    if row is None:
        raise AccessError("not_found", what=f"route “{name}”" if name else "default route")
    return _route(row, _prices(reader, row))


def prices_of(reader: Reader, route_id: int, version: int) -> dict[str, int]:
    """The prices of one version, as quoted then."""
    rows = reader.all("routes.prices", route_id, version)
    return {row["country"]: row["price_micro"] for row in rows}


def add(tx: Tx, new: NewRoute, *, member_id: int | None, now_us: int) -> int:
    """Adds a route with price version 1; InputError names the field that is wrong."""
    name = new.name.strip()
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InputError(
            "invalid", field="Route name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    if tx.one("routes.by_name", name.lower()):
        raise InputError("taken", what="route name")
    _check_prices(new.prices)
    gateway_for(new.gateway).close()
    if new.throughput < 0 or not 1 <= new.batch <= 5_000 or not 3 <= new.sender_max <= 11:
        raise InputError(
            "invalid", field="Limits", problem="out of range.", remedy="Batch 1–5000, sender ID 3–11, throughput ≥ 0."
        )
    route_id = tx.reserve("route")
    is_default = new.is_default or tx.one("routes.default_one") is None
    if is_default:
        tx.run("routes.clear_default")
    countries = json.dumps(sorted(new.countries)) if new.countries is not None else ""
    tx.run(
        "routes.insert", route_id, name, new.gateway, new.supports_sender, new.sender_max, new.charge_on.value,
        new.count_rule.value, json.dumps(new.rules.to_json()), countries, new.throughput, new.batch, is_default, now_us,
    )  # fmt: skip
    _insert_prices(tx, route_id, 1, new.prices, member_id=member_id, now_us=now_us)
    return route_id


def mark_down(tx: Tx, route_id: int, detail: str, now_us: int) -> None:
    """Keeps since when and why a route cannot send; the first failure sets the time."""
    tx.run("routes.mark_down", route_id, detail[:200], now_us)


def mark_up(tx: Tx, route_id: int) -> None:
    tx.run("routes.mark_up", route_id)


def _check_prices(prices: Mapping[str, int]) -> None:
    if EVERYWHERE not in prices:
        raise InputError("price", value="(no default)")
    for country, price_micro in prices.items():
        if country != EVERYWHERE and country not in numbers.COUNTRIES:
            raise InputError(
                "invalid", field="Price", problem=f"“{country}” is not a country.", remedy="Use codes like AU."
            )
        if not 0 <= price_micro <= MOST_PRICE_MICRO:
            raise InputError("price", value=format_credits(price_micro))


def _insert_prices(
    tx: Tx, route_id: int, version: int, prices: Mapping[str, int], *, member_id: int | None, now_us: int
) -> None:
    batch = pl.DataFrame({"country": list(prices), "price_micro": list(prices.values())})
    tx.bulk("routes.insert_prices", batch, route_id, version, now_us, member_id)


def _prices(reader: Reader, row: Row) -> dict[str, int]:
    return prices_of(reader, row["id"], row["price_version"])


def _route(row: Row, prices: dict[str, int]) -> Route:
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
        price_version=row["price_version"],
        prices=prices,
        down_since_us=row["down_since_us"],
        last_error=row["last_error"],
    )
