"""How a route does right now: state, connection, queue, rate, success, and how long receipts take."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from engine.gateways import Link, LinkWord
from engine.model import DAY_US, HOUR_US, SECOND_US
from engine.routes.meters import WINDOW_S, RouteMeters
from engine.routes.model import Route
from engine.routes.states import plain_error, refused_login
from engine.store import Reader, Row, one_column

DELAYS_FRESH_US: Final = 10 * SECOND_US
"""Receipt delays are measured this often at most, however many people look."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of the dispatches begun in a period."""

    delivered: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.delivered + self.failed


@dataclass(frozen=True, slots=True)
class RouteHealth:
    """Instants and delays in microseconds. `queued_parts` is an estimate where texts differ in length."""

    route: Route
    state: str
    """"up", "connecting", "down", "refused" (the login) or "closed"."""
    error: str
    """Why it is down or refused, as a sentence; empty when it is not."""
    link: Link | None
    """How its connection stands; None while its gateway is closed, as nothing is to be sent or awaited."""
    taken_over_by: str
    """The route that sends in its place now; empty when it sends itself."""
    stands_in_for: tuple[str, ...]
    """The routes in whose place it sends now."""
    queued: int
    queued_parts: int
    in_flight: int
    in_flight_parts: int
    outstanding: int
    """Messages whose receipt is awaited."""
    oldest_us: int | None
    """When the oldest of them was submitted."""
    in_doubt: int
    parts_last_minute: int
    slowed_last_minute: int
    hour: Outcomes
    day: Outcomes
    receipts_sampled: int
    delay_p50_us: int | None
    delay_p95_us: int | None

    @property
    def parts_per_s(self) -> float:
        return self.parts_last_minute / WINDOW_S


class Delays:
    """How long receipts of each route's newest dispatch (at most 5,000 messages) took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_us = -DELAYS_FRESH_US
        self._found: dict[int, Row] = {}

    def read(self, reader: Reader, now_us: int) -> dict[int, Row]:
        """Route → receipts, p50_us, p95_us."""
        with self._lock:
            if not 0 <= now_us - self._read_us < DELAYS_FRESH_US:
                samples = reader.all("routes.health_sample", now_us - DAY_US)
                self._found = {sample["route_id"]: _delays_of(reader, sample) for sample in samples}
                self._read_us = now_us
            return self._found


def _delays_of(reader: Reader, sample: Row) -> Row:
    first, count = sample["first_message"], sample["recipients"]
    rows = reader.all("routes.health_delays", first, first + count - 1, sample["dispatch_id"])
    delays = one_column(rows, "delay_us")
    at = {f"p{share}_us": delays[(len(delays) - 1) * share // 100] for share in (50, 95) if delays}
    return {"receipts": len(delays), **at}


def read_health(
    reader: Reader, routes: list[Route], meters: RouteMeters, delays: Delays, *, now_us: int
) -> list[RouteHealth]:
    """One for each route, in their order. Reads counters and the newest dispatches only, whatever was ever sent."""
    queues = _by_route(reader.all("routes.health_queues"))
    outcomes = _by_route(reader.all("routes.health_outcomes", now_us - DAY_US, now_us - HOUR_US))
    took = delays.read(reader, now_us)
    carriers = {route.id: route.takeover_id for route in routes if route.taken_over_us is not None}
    return [
        _health(
            route,
            queues.get(route.id, {}),
            outcomes.get(route.id, {}),
            took.get(route.id, {}),
            meters,
            carrier=_names(routes, {carriers.get(route.id)}),
            stands_in_for=_names(routes, {first for first, other in carriers.items() if other == route.id}),
        )
        for route in routes
    ]


def _names(routes: list[Route], ids: set[int] | set[int | None]) -> tuple[str, ...]:
    return tuple(route.name for route in routes if route.id in ids)


def state_of(route: Route, link: Link | None) -> str:
    """The word of `RouteHealth.state`. What the worker has found wins over a connection that is up meanwhile."""
    if link is not None and link.word is LinkWord.REFUSED:
        return "refused"
    if route.down_since_us is not None or (link is not None and link.word is LinkWord.DOWN):
        return "down"
    if link is not None and link.word is LinkWord.CONNECTING:
        return "connecting"
    return "up" if route.enabled else "closed"


def error_words(route: Route, link: Link | None, state: str, carrier: str) -> str:
    """What `RouteHealth.error` says."""
    told = (route.last_error if route.down_since_us is not None else None) or (link.detail if link else "")
    if state == "refused":
        return refused_login(link.detail if link and link.detail else told)
    return plain_error(told, carried_by=carrier) if state == "down" else ""


def _health(
    route: Route,
    queue: Row,
    outcome: Row,
    delay: Row,
    meters: RouteMeters,
    *,
    carrier: tuple[str, ...],
    stands_in_for: tuple[str, ...],
) -> RouteHealth:
    meter, link = meters.read(route.id), meters.link(route.id)
    state, taken_over_by = state_of(route, link), "".join(carrier)
    return RouteHealth(
        route=route,
        state=state,
        error=error_words(route, link, state, taken_over_by),
        link=link,
        taken_over_by=taken_over_by,
        stands_in_for=stands_in_for,
        queued=max(0, int(queue.get("unsent", 0)) - meter.in_flight),
        queued_parts=max(0, int(queue.get("unsent_parts", 0)) - meter.in_flight_parts),
        in_flight=meter.in_flight,
        in_flight_parts=meter.in_flight_parts,
        outstanding=int(queue.get("outstanding", 0)),
        oldest_us=queue.get("oldest_us"),
        in_doubt=int(queue.get("in_doubt", 0)),
        parts_last_minute=meter.parts,
        slowed_last_minute=meter.slowed,
        hour=Outcomes(int(outcome.get("hour_delivered", 0)), int(outcome.get("hour_failed", 0))),
        day=Outcomes(int(outcome.get("day_delivered", 0)), int(outcome.get("day_failed", 0))),
        receipts_sampled=int(delay.get("receipts", 0)),
        delay_p50_us=delay.get("p50_us"),
        delay_p95_us=delay.get("p95_us"),
    )


def _by_route(rows: list[Row]) -> dict[int, Row]:
    return {row["route_id"]: row for row in rows}
