"""The gateway of `smpp://` and `smpps://` addresses: an operator's SMPP 3.4 connections as the engine sees them."""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Sequence
from concurrent.futures import TimeoutError as StopTimeout
from contextlib import suppress
from itertools import count
from typing import Final

from engine.gateways.base import GatewayDown, InboundSink, Link, LinkWord, Outcome, ReceiptSink, Submission
from engine.gateways.smpp.batch import Batch
from engine.gateways.smpp.handover import HandOver
from engine.gateways.smpp.loop import SharedLoop
from engine.gateways.smpp.settings import Settings, parse_settings
from engine.gateways.smpp.texts import Composer
from engine.gateways.smpp.traffic import BEGIN_MOST_S, RECONNECT_WAIT_S, RouteTraffic
from engine.model import Clock, SystemClock

_TELLING: Final = {"each": None, "first": 0, "last": -1}
SPARE_S: Final = 150.0
"""Beyond what a batch can take by its own limits; after that something is broken and its messages are in doubt."""
STOP_LIMIT_S: Final = 3.0


class SmppGateway:
    """Binds of one address. One thread per gateway hands receipts over; one loop thread is shared by all gateways."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._loop: SharedLoop | None = None
        self._traffic: RouteTraffic | None = None
        self._handover: HandOver | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._composer = Composer(settings)
        self._references = count(random.randrange(65_536))  # noqa: S311 - tells messages of one phone apart

    @classmethod
    def from_url(cls, url: str) -> SmppGateway:
        """Raises ValueError: a sentence that names the parameter at fault."""
        return cls(parse_settings(url))

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:
        """Begins to connect. Raises GatewayDown (permanent) when the CA file cannot be used, RuntimeError when opened
        before."""
        if self._loop or self._closed:
            raise RuntimeError("a gateway is opened once")
        context = _context(self._settings)
        loop = self._loop = SharedLoop.acquire()
        traffic = self._traffic = RouteTraffic(self._settings, context, self._clock)
        self._handover = HandOver(self._settings, sink, inbound, lambda answers: loop.call(traffic.answer, answers))
        loop.call(traffic.start, self._handover)

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        """One outcome each, in order. Raises GatewayDown when nothing was written."""
        loop, traffic = self._loop, self._traffic
        if loop is None or traffic is None or self._closed:
            raise GatewayDown("the gateway is closed" if self._closed else "the gateway is not open")
        if not batch:
            return []
        done = threading.Event()

        def end() -> None:
            traffic.done()
            done.set()

        on_its_way = Batch(batch, self._render, end, telling_part=_TELLING[self._settings.receipt_part])
        loop.call(traffic.begin, on_its_way)
        limit_s = BEGIN_MOST_S + RECONNECT_WAIT_S + self._settings.response_s + SPARE_S
        if not done.wait(limit_s):
            raise TimeoutError(f"a batch had no end within {limit_s:g} s")
        if on_its_way.down:
            raise on_its_way.down
        return on_its_way.outcomes

    def resume(self, provider_refs: Sequence[str]) -> None:
        """SMPP 3.4 has query_sm, which few operators offer; they send again what was not acknowledged."""

    def link(self) -> Link:
        traffic = self._traffic
        if traffic is None or self._closed:
            return Link(LinkWord.DOWN, "the gateway is not open")
        return traffic.link()

    def close(self) -> None:
        """Takes what the operator has said, unbinds and ends the threads. Receipts that are not durable by now are not
        acknowledged: the operator sends them at the next bind."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        loop, traffic, handover = self._loop, self._traffic, self._handover
        if loop is None or traffic is None or handover is None:
            return
        handover.close()
        with suppress(StopTimeout):
            loop.start(traffic.stop()).result(STOP_LIMIT_S)
        loop.release()

    def _render(self, submission: Submission) -> list[bytes]:
        """The body of each submit_sm of a message."""
        return self._composer.bodies_of(submission, next(self._references))


def _context(settings: Settings) -> ssl.SSLContext | None:
    """Checks certificate and host name. Raises GatewayDown (permanent) when the CA file cannot be used."""
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca or None)
    except OSError as problem:  # ssl.SSLError too: a file that holds no certificate
        raise GatewayDown(f"the CA file {settings.ca} cannot be used: {problem}", permanent=True) from problem
