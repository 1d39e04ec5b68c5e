"""What the binds of one gateway carry: the batch on its way, what the operator answers, and what it sends by itself.

Everything here runs on the loop, except `link`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Sequence
from itertools import count
from typing import Final

from engine.gateways.base import GatewayDown, Link, LinkWord, Outcome, OutcomeKind
from engine.gateways.smpp.batch import Batch, Part
from engine.gateways.smpp.binds import Keeper, Logins
from engine.gateways.smpp.codec import Command, MalformedPdu, Pdu
from engine.gateways.smpp.handover import QUEUE_FULL, Arrival, HandOver, answer
from engine.gateways.smpp.pace import Bucket
from engine.gateways.smpp.receipts import Unreadable, answer_ref, read_deliver
from engine.gateways.smpp.seldom import Seldom
from engine.gateways.smpp.session import Session
from engine.gateways.smpp.settings import Settings
from engine.gateways.smpp.statuses import Kind, Verdict, verdict
from engine.model import Clock, FailReason

log = logging.getLogger(__name__)

TICK_BUSY_S: Final = 0.02
TICK_IDLE_S: Final = 0.5
BEGIN_MOST_S: Final = 5.0
"""How long messages of a batch are begun; the rest goes back, so that what is done gets recorded."""
RECONNECT_WAIT_S: Final = 5.0
"""How long a batch waits for a bind before the rest of it goes back."""
SOON_S: Final = 1.0
"""A batch of which nothing was written waits for the next try of a bind only when it is this near."""
THROTTLED_AGAIN_S: Final = 1.0
RETRY_FIRST_S: Final = 0.2
RETRY_MOST_S: Final = 2.0
LEAST_RETRY_S: Final = 0.1
STOP_LIMIT_S: Final = 2.5


class RouteTraffic:
    """Implements `session.Traffic` over all binds of a gateway."""

    def __init__(self, settings: Settings, context: ssl.SSLContext | None, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._handover: HandOver | None = None
        self._batch: Batch | None = None
        self._bucket = Bucket(settings.tps, 0.0)
        self._closing = False
        self._connected_s = 0.0
        """When a bind could send last."""
        self._turn = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._ticker: asyncio.TimerHandle | None = None
        self._unreadable = Seldom(log)
        self._nameless = (f"none-{secrets.token_hex(4)}-{number}" for number in count(1))
        kinds = (
            (Command.BIND_TRANSCEIVER,) if settings.mode == "trx" else (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)
        )
        logins = Logins()
        self._keepers = [Keeper(self, kind, settings, context, logins) for _ in range(settings.binds) for kind in kinds]

    # Lifecycle.

    def start(self, handover: HandOver) -> None:
        """Begins to connect."""
        loop = asyncio.get_running_loop()
        self._handover = handover
        self._bucket = Bucket(self._settings.tps, loop.time())
        self._tasks = [loop.create_task(keeper.run(), name=f"smpp {keeper.kind.name}") for keeper in self._keepers]
        self._tick()

    async def stop(self) -> None:
        """Ends the batch, unbinds and closes; within STOP_LIMIT_S."""
        self._closing = True
        if self._batch:
            self._give_up(self._batch, "the gateway was closed", LEAST_RETRY_S)
        sessions = [keeper.session for keeper in self._keepers if keeper.session]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await asyncio.gather(*(session.leave() for session in sessions))
        except TimeoutError:
            for session in sessions:
                session.break_off("the gateway was closed")
        if self._ticker:
            self._ticker.cancel()

    def link(self) -> Link:
        """From any thread."""
        keepers = self._keepers
        bound = sum(keeper.word is LinkWord.OPEN for keeper in keepers)
        in_window = sum(session.in_window for keeper in keepers if (session := keeper.session))
        trouble = next((keeper for keeper in keepers if keeper.word is not LinkWord.OPEN and keeper.detail), None)
        senders = [keeper for keeper in keepers if keeper.sends]
        detail = trouble.detail if trouble else ""
        if any(keeper.word is LinkWord.OPEN for keeper in senders):
            word = LinkWord.OPEN
            up = f"{bound} of {len(keepers)} connections are up"
            detail = f"{up}: {detail}" if trouble else _careful(senders)
        elif all(keeper.word is LinkWord.REFUSED for keeper in senders):
            word = LinkWord.REFUSED
        else:
            word = LinkWord.DOWN if detail else LinkWord.CONNECTING
        return Link(word, detail, bound, len(keepers), in_window)

    # The batch.

    def begin(self, batch: Batch) -> None:
        """One at a time; its `on_done` is called on the loop."""
        now_s = batch.begun_s = asyncio.get_running_loop().time()
        self._batch = batch
        if self._closing:
            self._give_up(batch, "the gateway is closed", LEAST_RETRY_S)
            return
        sessions = self._sessions()
        for session in sessions:  # a small batch is spread too
            session.fill(now_s, -(-batch.left // len(sessions)))
        self._arm()

    def take(self, most: int, now_s: float) -> list[Part]:
        batch = self._batch
        room = min(most, self._bucket.room(now_s))
        if batch is None or room <= 0:
            return []
        parts = batch.take(room, now_s)
        self._bucket.spend(len(parts))
        return parts

    def accepted(self, part: Part, message_id: str) -> None:
        ref = answer_ref(message_id, self._settings) or next(self._nameless)
        part.message.batch.accepted(part, ref)

    def refused(self, session: Session, part: Part, status: int, now_s: float) -> bool:
        batch, found, retries = part.message.batch, verdict(status), self._settings.retries
        if found.slow_down:
            batch.throttled(part, _slow_down(found.detail), now_s)
        elif found.kind is Kind.LATER and found.may_retry(part.tries, retries):
            batch.later(part, now_s + min(RETRY_FIRST_S * 2.0**part.tries, RETRY_MOST_S))
        elif found.kind in (Kind.REBIND, Kind.REFUSED_LOGIN):
            session.drain(f"the operator wants a new login: {found.detail}")
            if part.tries < retries:
                batch.later(part, now_s)
            else:
                batch.unsent(part, _slow_down(found.detail))
        else:
            batch.rejected(part, _rejection(found))
        return found.slow_down

    def lost(self, part: Part, detail: str) -> None:
        part.message.batch.lost(part, Outcome(OutcomeKind.LOST, detail=detail[:200]))

    def done(self) -> None:
        """Every message of the batch has its outcome."""
        self._batch = None

    def _tick(self) -> None:
        now_s = asyncio.get_running_loop().time()
        try:
            for keeper in self._keepers:
                if keeper.session:
                    keeper.session.tick(now_s)
            if self._batch:
                self._look(self._batch, now_s)
            for session in self._sessions():
                session.fill(now_s)
        finally:
            self._arm()

    def _arm(self) -> None:
        if self._ticker:
            self._ticker.cancel()
        delay_s = TICK_BUSY_S if self._batch else TICK_IDLE_S
        self._ticker = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _sessions(self) -> list[Session]:
        """Those that send, another one first each time."""
        found = [keeper.session for keeper in self._keepers if keeper.session and keeper.session.sends]
        self._turn += 1
        first = self._turn % len(found) if found else 0
        return found[first:] + found[:first]

    def _look(self, batch: Batch, now_s: float) -> None:
        """The limits in time of a batch on its way."""
        if any(keeper.session and keeper.session.sends for keeper in self._keepers):
            self._connected_s = now_s
            batch.look(_slow_down("the operator is too slow"), now_s)
            if now_s - batch.begun_s >= BEGIN_MOST_S:
                batch.begin_no_more(Outcome(OutcomeKind.UNSENT, detail="its turn comes with the next batch"))
            return
        senders = [keeper for keeper in self._keepers if keeper.sends]
        refused = all(keeper.word is LinkWord.REFUSED for keeper in senders)
        next_s = max(0.0, min(keeper.next_try_s for keeper in senders) - now_s)
        tried = any(keeper.failed_s >= batch.begun_s for keeper in senders)
        waited_s = now_s - max(batch.begun_s, self._connected_s)
        if refused or waited_s >= RECONNECT_WAIT_S or (batch.untouched and (tried or next_s > SOON_S)):
            detail = next((keeper.detail for keeper in senders if keeper.detail), "the operator does not answer")
            self._give_up(batch, detail, max(next_s, LEAST_RETRY_S), permanent=refused)

    def _give_up(self, batch: Batch, detail: str, retry_after_s: float, *, permanent: bool = False) -> None:
        if batch.untouched:
            batch.down = GatewayDown(detail, retry_after_s=retry_after_s, permanent=permanent)
        batch.give_up(Outcome(OutcomeKind.UNSENT, detail=detail[:200], retry_after_s=retry_after_s))

    # What the operator sends.

    def delivered(self, session: Session, arrived: Sequence[Pdu]) -> None:
        now_us, settings = self._clock.now_us(), self._settings
        arrivals: list[Arrival] = []
        for pdu in arrived:
            assert pdu.sm is not None
            content = read_deliver(pdu.sm, settings, now_us)
            if isinstance(content, Unreadable):
                self._quarantine(session, pdu.command, pdu.sequence, content.detail)
            else:
                arrivals.append(Arrival(session, pdu.command, pdu.sequence, content))
        assert self._handover is not None
        for session_, command, sequence, _ in self._handover.put(arrivals):
            session_.write(answer(command, sequence, QUEUE_FULL))

    def unreadable(self, session: Session, problem: MalformedPdu) -> None:
        self._quarantine(session, problem.command, problem.sequence, str(problem))

    def answer(self, answers: Sequence[tuple[Session, bytes]]) -> None:
        for session, data in answers:
            session.write(data)

    def _quarantine(self, session: Session, command: int, sequence: int, problem: str) -> None:
        """Acknowledged, or the operator sends it for ever."""
        self._unreadable.warn("what the operator sent cannot be read and was set aside: %s", problem[:200])
        session.write(answer(command, sequence))


def _careful(senders: Sequence[Keeper]) -> str:
    """Says why a route whose connections are up is slower than it could be; empty when it is not."""
    reduced = [keeper.window for keeper in senders if keeper.window.is_reduced]
    if not reduced:
        return ""
    sizes = sum(keeper.window.size for keeper in senders), sum(keeper.window.most for keeper in senders)
    return f"connections ended before their answers came: only {sizes[0]:,} of {sizes[1]:,} parts are sent at a time"


def _slow_down(detail: str) -> Outcome:
    return Outcome(OutcomeKind.UNSENT, detail=detail, retry_after_s=THROTTLED_AGAIN_S)


def _rejection(found: Verdict) -> Outcome:
    return Outcome(
        OutcomeKind.REJECTED,
        reason=found.reason or FailReason.REJECTED,
        detail=found.detail,
        stop_task=found.stop_task,
        code=found.code,
    )
