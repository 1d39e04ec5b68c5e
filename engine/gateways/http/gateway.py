"""The gateway of `https://` addresses: a thread with an event loop, on which everything to the provider happens.

Receipts are posted by the provider to our server (`engine.api.webhooks`); only those that are asked for after a restart
come from here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from engine.gateways.base import (
    GatewayDown,
    InboundSink,
    Link,
    LinkWord,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptSink,
    Submission,
)
from engine.gateways.http.address import parse_settings
from engine.gateways.http.settings import Settings
from engine.model import Clock, SystemClock

if TYPE_CHECKING:  # httpx takes 0.1 s to import, which every start would pay
    from engine.gateways.http.asking import Asker
    from engine.gateways.http.session import Session

log = logging.getLogger(__name__)

CLOSE_LIMIT_S: Final = 4.5
START_LIMIT_S: Final = 10.0
LOOK_S: Final = 1.0
"""How often a submit looks whether its thread still lives."""
SINK_RETRY_FIRST_S: Final = 0.05
SINK_RETRY_MOST_S: Final = 2.0


@runtime_checkable
class ReachableSink(Protocol):
    """A sink of a route to which the provider can post receipts by itself."""

    receipts_url: str
    """The whole address, with its secret; empty: none."""

    def __call__(self, receipts: Sequence[Receipt], /) -> None: ...


class HttpGateway:
    """Gateway `https://` and `http://`; see `engine.gateways.http` for the address."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._thread: threading.Thread | None = None
        self._running = threading.Event()
        self._closing = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._session: Session | None = None
        self._asker: Asker | None = None

    @classmethod
    def from_url(cls, url: str) -> HttpGateway:
        """Raises ValueError: a sentence that names the parameter at fault."""
        return cls(parse_settings(url))

    # Lifecycle.

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:  # noqa: ARG002 - posted to the server
        """Raises RuntimeError the second time. Nothing is connected before the first submit."""
        if self._thread or self._closing.is_set():
            raise RuntimeError("a gateway is opened once")
        callback = self._settings.webhook
        if not callback and isinstance(sink, ReachableSink):
            callback = sink.receipts_url
        self._thread = threading.Thread(target=self._run, args=(sink, callback), name="http-gateway", daemon=True)
        self._thread.start()
        self._running.wait(START_LIMIT_S)

    def close(self) -> None:
        """What is on its way counts as in doubt; nothing new is begun."""
        self._closing.set()
        if self._stop is not None:
            self._call(self._stop.set)
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)

    def _call(self, function: Callable[..., object], *args: object) -> None:
        """Has the thread call it; nothing when that has ended."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            log.debug("the thread of the gateway has ended already")

    def link(self) -> Link:
        session = self._session
        if session is None or self._closing.is_set():
            return Link(LinkWord.DOWN, "the gateway is not open")
        trouble = session.trouble
        if trouble is None or not trouble.down:
            return Link(LinkWord.OPEN, trouble.detail if trouble else "", in_window=session.in_flight)
        word = LinkWord.REFUSED if trouble.permanent else LinkWord.DOWN
        return Link(word, trouble.detail, in_window=session.in_flight)

    # Towards the provider.

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        session, loop = self._session, self._loop
        if session is None or loop is None or self._closing.is_set():
            raise GatewayDown("the gateway is closed" if self._closing.is_set() else "the gateway is not open")
        if not batch:
            return []
        begun = threading.Event()
        try:
            handed_over = asyncio.run_coroutine_threadsafe(_begin(session, batch, begun), loop)
        except RuntimeError:
            raise GatewayDown("the gateway is closed") from None
        return self._outcomes(handed_over, begun, len(batch))

    def _outcomes(self, handed_over: Future[list[Outcome]], begun: threading.Event, count: int) -> list[Outcome]:
        """Waits for them; a thread that ended first leaves them in doubt, unless it never began."""
        while not handed_over.done():
            wait([handed_over], timeout=LOOK_S)
            if self._thread is None or not self._thread.is_alive():
                break
        if handed_over.done() and not handed_over.cancelled():
            return handed_over.result()
        if not begun.is_set():
            raise GatewayDown("the gateway is closed")
        return [Outcome(OutcomeKind.LOST, detail="the gateway was closed meanwhile")] * count

    def resume(self, provider_refs: Sequence[str]) -> None:
        """Asks for each once, slowly, where the provider has an address for it; takes any number."""
        if self._asker is not None and not self._closing.is_set():
            self._call(self._asker.ask, list(provider_refs))

    # On the thread.

    def _run(self, sink: ReceiptSink, callback: str) -> None:
        try:
            asyncio.run(self._main(sink, callback))
        finally:
            self._running.set()

    async def _main(self, sink: ReceiptSink, callback: str) -> None:
        from engine.gateways.http.asking import Asker  # noqa: PLC0415 - see above
        from engine.gateways.http.requests import Writer, login_headers  # noqa: PLC0415 - see above
        from engine.gateways.http.session import Session, Wire  # noqa: PLC0415 - see above

        async def deliver(receipts: Sequence[Receipt]) -> None:
            await self._deliver(sink, receipts)

        wire = Wire(self._settings)
        session = Session(self._settings, wire, Writer(self._settings, callback=callback))
        asker = Asker(self._settings, wire, login_headers(self._settings), deliver, self._clock)
        self._loop = asyncio.get_running_loop()
        self._stop, self._session, self._asker = asyncio.Event(), session, asker
        self._running.set()
        if not self._closing.is_set():
            await self._stop.wait()
        await asker.close()
        await session.close()

    async def _deliver(self, sink: ReceiptSink, receipts: Sequence[Receipt]) -> None:
        """Until the sink takes them, ever slower; another restart asks again for what was not taken by then."""
        pause_s = 0.0
        while not self._closing.is_set():
            try:
                await asyncio.to_thread(sink, receipts)
            except Exception:  # whatever the sink raises means: deliver again
                pause_s = min(max(2 * pause_s, SINK_RETRY_FIRST_S), SINK_RETRY_MOST_S)
                log.warning("%d receipts were not taken; again in %.2f s", len(receipts), pause_s, exc_info=True)
                await asyncio.sleep(pause_s)
            else:
                return


async def _begin(session: Session, batch: Sequence[Submission], begun: threading.Event) -> list[Outcome]:
    begun.set()
    return await session.submit(batch)
