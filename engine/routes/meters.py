"""What the route threads did in the last minute, and how their connections stand; kept in memory, as only this process
sends."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from engine.gateways import Link, LinkWord

WINDOW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one route. The first two are being submitted now, the others are sums of the last minute."""

    in_flight: int = 0
    in_flight_parts: int = 0
    parts: int = 0
    slowed: int = 0
    """Messages that the operator asked to send again later, as it was too fast."""


@dataclass(slots=True)
class _Meter:
    in_flight: tuple[int, int] = (0, 0)
    batches: deque[tuple[float, int, int]] = field(default_factory=deque[tuple[float, int, int]])
    """(when, parts, slowed) of each batch."""


class RouteMeters:
    """Written by the route threads a few times a second, read by pages."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._meters: dict[int, _Meter] = {}
        self._links: dict[int, Callable[[], Link]] = {}
        self._lock = threading.Lock()

    def submitting(self, route_id: int, messages: int, parts: int) -> None:
        """A batch is handed to the gateway now; zeros when none is."""
        with self._lock:
            self._meters.setdefault(route_id, _Meter()).in_flight = (messages, parts)

    def submitted(self, route_id: int, *, parts: int, slowed: int) -> None:
        """A batch was answered: `parts` were taken, `slowed` messages come again."""
        with self._lock:
            meter = self._meters.setdefault(route_id, _Meter())
            meter.in_flight = (0, 0)
            meter.batches.append((self._now_s(), parts, slowed))
            self._forget(meter)

    def read(self, route_id: int) -> Reading:
        with self._lock:
            meter = self._meters.get(route_id)
            if meter is None:
                return Reading()
            self._forget(meter)
            parts = sum(batch[1] for batch in meter.batches)
            return Reading(*meter.in_flight, parts, sum(batch[2] for batch in meter.batches))

    def watch(self, route_id: int, link: Callable[[], Link] | None) -> None:
        """The route's gateway is open and tells by `link` how it stands; None: it was closed.

        A refused login is remembered: its gateway is closed at once, and staff must see why until it is tried again.
        """
        with self._lock:
            last = self._links.pop(route_id, None)
            if link is not None:
                self._links[route_id] = link
        stands = last() if last and link is None else None  # outside the lock: a gateway's own locks are its business
        if stands is not None and stands.word is LinkWord.REFUSED:
            with self._lock:
                self._links.setdefault(route_id, lambda: stands)

    def link(self, route_id: int) -> Link | None:
        """How the route's connection stands now; None while its gateway is closed (nothing to send or to await)."""
        with self._lock:
            link = self._links.get(route_id)
        return link() if link else None

    def _forget(self, meter: _Meter) -> None:
        since_s = self._now_s() - WINDOW_S
        while meter.batches and meter.batches[0][0] < since_s:
            meter.batches.popleft()
