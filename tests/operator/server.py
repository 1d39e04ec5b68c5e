"""The operator's thread: listens, holds what is to be delivered, counts what it saw."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.gateways.smpp.codec import Bind
from tests.operator.certificate import Certificate
from tests.operator.desk import Accepted, Desk, Key
from tests.operator.messages import Address, from_phone
from tests.operator.options import Options
from tests.operator.session import Delivery, Session

WAIT_S: Final = 10.0
POLL_S: Final = 0.002
TICK_S: Final = 0.02
MOST_TRIES: Final = 20
"""A deliver_sm that nobody acknowledges is given up after so many."""
MOST_PENDING: Final = 2_000_000
BACKLOG: Final = 128


@dataclass(slots=True)
class Seen:
    """What came in and what went out. Read it from any thread."""

    connections: int = 0
    open: int = 0
    binds: list[tuple[int, Bind]] = field(default_factory=list[tuple[int, Bind]])
    binds_refused: int = 0
    unbound: int = 0
    broken: int = 0
    """Connections that ended with an error."""
    dropped: int = 0
    silent: int = 0
    malformed: int = 0
    unexpected: int = 0
    generic_nacks: int = 0
    most_unanswered: int = 0
    enquired: int = 0
    """enquire_link of the other side."""
    enquiries_answered: int = 0
    acknowledged: int = 0
    nacked: int = 0
    resent: int = 0
    given_up: int = 0


class Operator:
    """Runs from `start` to `close`. What is public here may be called from any thread, except by sessions."""

    def __init__(self, options: Options, *, port: int = 0, tls: Certificate | None = None) -> None:
        self.options = options
        self.host = "127.0.0.1"
        self.port = port
        self.seen = Seen()
        self.desk = Desk(options)
        self.pending: deque[tuple[bytes, int]] = deque()
        self.random = random.Random(options.seed)
        self.deaf = False
        self._tls = tls.context() if tls else None
        self._sessions: list[Session] = []
        self._dirty: set[Session] = set()
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="operator", daemon=True)
        self._references = 0
        self._last_enquiry_s = 0.0

    # From any thread.

    def start(self) -> None:
        """Returns when the port is known. Raises OSError when it is taken."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(WAIT_S)

    def close(self) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(WAIT_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(WAIT_S)
            self._loop.close()
        if self.desk.journal:
            self.desk.journal.close()

    def url(self, query: str = "", *, password: str | None = None) -> str:
        """The address of a route to here."""
        scheme = "smpps" if self._tls else "smpp"
        secret = self.options.password if password is None else password
        end = f"?{query}" if query else ""
        return f"{scheme}://{self.options.user}:{secret}@{self.host}:{self.port}{end}"

    def set(self, **changes: Any) -> None:
        """Changes options while it runs."""
        self._call(self._set, changes)

    def drop(self) -> None:
        """Cuts every connection; new ones are welcome."""
        self._call(self._drop)

    def go_down(self, seconds: float | None = None) -> None:
        """Cuts every connection and cannot be reached for so long, or until `come_up`."""
        self._call(self._go_down, seconds)

    def come_up(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(WAIT_S)

    def go_deaf(self) -> None:
        """Connections stay, and nothing is read or answered any more."""
        self.deaf = True

    def phone_says(
        self, msisdn: str, text: str, *, to: str = "61480000001", part_bytes: int = 0, order: Sequence[int] = ()
    ) -> None:
        """A message from a phone. Its parts come in `order` (positions from 0), when given."""
        phone, here = Address(msisdn.removeprefix("+")), Address(to, 1 if to.isdigit() else 5)
        self._references += 1
        bodies = from_phone(phone, here, text, reference=self._references, part_bytes=part_bytes)
        self.send([bodies[at] for at in order] if order else bodies)

    def send(self, bodies: Sequence[bytes]) -> None:
        """Bodies of deliver_sm, as they are."""
        self._call(self._send, bodies)

    @property
    def counts(self) -> Counter[Key]:
        """How often each part was accepted."""
        return Counter(self.desk.counts)

    @property
    def accepted(self) -> list[Accepted]:
        return list(self.desk.accepted)

    def wait_for(self, condition: Callable[[Operator], object], timeout_s: float = WAIT_S) -> None:
        end_s = time.monotonic() + timeout_s
        while not condition(self):
            assert time.monotonic() < end_s, f"still waiting; {self.seen}"
            time.sleep(POLL_S)

    # In its own thread, called by sessions.

    def connected(self, session: Session) -> None:
        self.seen.connections += 1
        self.seen.open += 1
        self._sessions.append(session)

    def disconnected(self, session: Session) -> None:
        self.seen.open -= 1
        self._sessions.remove(session)
        self._dirty.discard(session)
        self.pending.extend((delivery.body, delivery.tries) for delivery in session.awaited.values())
        self.seen.resent += len(session.awaited)
        session.awaited.clear()
        self.pump()

    def bound(self, session: Session, bind: Bind) -> None:
        self.seen.binds.append((session.bound, bind))
        self.pump()

    def later(self, bodies: tuple[bytes, ...]) -> None:
        """Receipts for their time: at once means right behind the answer."""
        if not bodies:
            return
        if self.options.receipt_ms:
            self.after(self.options.receipt_ms / 1000, self._due, bodies)
        else:
            self._due(bodies)

    def after(self, seconds: float, function: Callable[..., object], *args: Any) -> None:
        self._loop.call_later(seconds, function, *args)

    def soon(self, session: Session) -> None:
        """Flushes the session once this turn of the loop is over."""
        if not self._dirty:
            self._loop.call_soon(self._flush)
        self._dirty.add(session)

    def write_journal(self) -> None:
        """Before anything goes out: what a sender was told is never missing in it."""
        if self.desk.journal:
            self.desk.journal.flush()

    def nacked(self, delivery: Delivery) -> None:
        self.seen.nacked += 1
        if self._may_again(delivery):
            self.after(self.options.resend_ms / 1000, self._put_back, delivery)

    def pump(self) -> None:
        """Hands out what is pending to connections that receive and have room."""
        if not self.pending:
            return
        for session in self._sessions:
            room = session.room() if session.receives else 0
            for _ in range(min(room, len(self.pending))):
                session.deliver(*self.pending.popleft())
            if room:
                self.soon(session)

    # The rest.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        async def call() -> None:
            function(*args)

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(WAIT_S)

    async def _begin(self) -> None:
        await self._listen()
        if self.options.down_s:
            self._go_down(self.options.down_s)
        self._tick()

    async def _listen(self) -> None:
        async with self._opening:
            if self._server is None:
                self._server = await self._loop.create_server(
                    lambda: Session(self), self.host, self.port, ssl=self._tls, backlog=BACKLOG
                )
                self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._go_down(None)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)  # transports that were aborted tell their protocols in the next turn

    def _go_down(self, seconds: float | None) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop()
        if seconds is not None:
            self.after(seconds, lambda: self._loop.create_task(self._listen()))

    def _drop(self) -> None:
        for session in list(self._sessions):
            session.cut()

    def _set(self, changes: dict[str, Any]) -> None:
        self.options = replace(self.options, **changes)
        self.desk.set(self.options)

    def _send(self, bodies: Sequence[bytes]) -> None:
        self._due(tuple(bodies))
        self.pump()

    def _due(self, bodies: tuple[bytes, ...]) -> None:
        assert len(self.pending) < MOST_PENDING, "nobody takes what is to be delivered"
        for body in bodies:
            self.pending.append((body, 0))
        if self.options.receipt_ms:
            self.pump()

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for session in dirty:
            session.flush()

    def _may_again(self, delivery: Delivery) -> bool:
        again = delivery.tries < MOST_TRIES
        self.seen.resent += again
        self.seen.given_up += not again
        return again

    def _put_back(self, delivery: Delivery) -> None:
        self.pending.append((delivery.body, delivery.tries))
        self.pump()

    def _tick(self) -> None:
        """Sends again what was never acknowledged, tests connections, and hands out what waits."""
        now_s = time.monotonic()
        late_s = now_s - self.options.acknowledge_ms / 1000
        for session in self._sessions:
            late = [sequence for sequence, delivery in session.awaited.items() if delivery.at_s < late_s]
            for sequence in late:
                delivery = session.awaited.pop(sequence)
                if self._may_again(delivery):
                    self.pending.append((delivery.body, delivery.tries))
        enquire_s = self.options.enquire_ms / 1000
        if enquire_s and now_s - self._last_enquiry_s >= enquire_s:
            self._last_enquiry_s = now_s
            for session in self._sessions:
                if session.bound:
                    session.enquire()
        self.pump()
        self.after(TICK_S, self._tick)


@contextmanager
def smsc(*, tls: Certificate | None = None, port: int = 0, **options: Any) -> Iterator[Operator]:
    """An operator that lives as long as the block: `with smsc(throttle=0.3) as operator: ... operator.url()`."""
    operator = Operator(Options(**options), port=port, tls=tls)
    operator.start()
    try:
        yield operator
    finally:
        operator.close()
