"""Hands receipts and messages from phones to the engine, and acknowledges them once they are durable.

One thread per gateway. A deliver_sm is answered with 0 only after the sink has returned; when the sink failed it is
answered with 0x08, and the operator sends it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from engine.gateways.base import Inbound, InboundSink, Receipt, ReceiptSink
from engine.gateways.smpp.codec import RESPONSE, frame
from engine.gateways.smpp.inbound import SegmentOfInbound
from engine.gateways.smpp.joining import Joiner
from engine.gateways.smpp.seldom import Seldom
from engine.gateways.smpp.session import Session
from engine.gateways.smpp.settings import Settings

log = logging.getLogger(__name__)

HAND_OVER_MOST: Final = 5_000
"""Receipts in one call of the sink."""
WAITING_MOST: Final = 20_000
"""Receipts that wait for the sink (about 10 MB); more are answered with 0x14, and the operator sends them later."""
PAUSE_FIRST_S: Final = 0.05
PAUSE_MOST_S: Final = 2.0
GATHER_GAP_S: Final = 0.005
"""So long without another one, and what there is is handed over."""
GATHER_MOST_S: Final = 0.1
LOOK_S: Final = 30.0
"""How often unfinished messages from phones are looked at."""
CLOSE_LIMIT_S: Final = 2.0

TAKEN: Final = 0x00
SYSTEM_ERROR: Final = 0x08
QUEUE_FULL: Final = 0x14


class Arrival(NamedTuple):
    """A deliver_sm or data_sm and where to answer it."""

    session: Session
    command: int
    sequence: int
    content: Receipt | Inbound | SegmentOfInbound


def answer(command: int, sequence: int, status: int = TAKEN) -> bytes:
    """deliver_sm_resp or data_sm_resp, with an empty message id (SMPP 3.4 §4.6.2)."""
    return frame(command | RESPONSE, sequence, b"\0", status)


class HandOver:
    """`put` from the loop; the thread calls the sinks and then `tell` with (session, bytes to write on it)."""

    def __init__(
        self,
        settings: Settings,
        sink: ReceiptSink,
        inbound: InboundSink | None,
        tell: Callable[[Sequence[tuple[Session, bytes]]], None],
    ) -> None:
        self._sink = sink
        self._inbound = inbound
        self._tell = tell
        self._joiner = Joiner(settings)
        self._dropped = Seldom(log)
        self._waiting: deque[Arrival] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._most = HAND_OVER_MOST
        self._enough = HAND_OVER_MOST
        self._pause_s = 0.0
        self._thread = threading.Thread(target=self._run, name="smpp-receipts", daemon=True)
        self._thread.start()

    def put(self, arrived: Sequence[Arrival]) -> Sequence[Arrival]:
        """Queues them in order, and returns those for which there is no room. Never waits."""
        with self._changed:
            room = max(0, WAITING_MOST - len(self._waiting))
            self._waiting.extend(arrived[:room] if len(arrived) > room else arrived)
            self._changed.notify()
        return arrived[room:]

    def close(self) -> None:
        """What is not durable by now is not acknowledged: the operator sends it again. Returns soon."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                batch = self._await()
                if batch:
                    self._hand_over(batch)
                    # Nothing came meanwhile: the operator sends so many before it waits for us, and waiting is vain.
                    self._enough = HAND_OVER_MOST if self._waiting else len(batch)
                self._give_up(self._joiner.overdue(time.monotonic()))
            except Exception:  # this thread must live, or no receipt is ever taken again
                log.exception("receipts could not be handed over")
                self._slow_down()
            self._closing.wait(self._pause_s)
        self._give_up(self._joiner.rest())

    def _await(self) -> list[Arrival]:
        """What came meanwhile, oldest first; empty when closing, or after LOOK_S."""
        with self._changed:
            if not self._waiting and not self._closing.is_set():
                self._changed.wait(LOOK_S)
        self._gather()
        with self._changed:
            if self._closing.is_set():
                return []
            if len(self._waiting) <= self._most:
                batch = list(self._waiting)
                self._waiting.clear()
            else:
                batch = [self._waiting.popleft() for _ in range(self._most)]
        return batch

    def _gather(self) -> None:
        """A call of the sink costs as much as a thousand receipts: waits a little while more are coming."""
        end_s = time.monotonic() + GATHER_MOST_S
        count = 0
        while count < len(self._waiting) < min(self._enough, self._most) and time.monotonic() < end_s:
            count = len(self._waiting)
            if self._closing.wait(GATHER_GAP_S):
                return

    def _hand_over(self, batch: Sequence[Arrival]) -> None:
        receipts = [arrival for arrival in batch if type(arrival.content) is Receipt]
        self._pass_on(self._sink, [arrival.content for arrival in receipts], receipts)
        if len(receipts) == len(batch):
            return
        whole: dict[str, Inbound] = {}
        wholes: list[Arrival] = []
        segments: list[Arrival] = []
        for arrival in batch:
            content = arrival.content
            if isinstance(content, SegmentOfInbound):
                joined = self._joiner.add(content, time.monotonic())
                if joined is None:
                    segments.append(arrival)
                    continue
                content = joined
            if isinstance(content, Inbound):
                whole[content.key] = content
                wholes.append(arrival)
        self._answer(segments, TAKEN)
        self._pass_on(self._take_inbound, list(whole.values()), wholes)

    def _pass_on(self, sink: Callable[[Any], None], contents: Sequence[Any], arrivals: Sequence[Arrival]) -> None:
        """Calls the sink and answers by what it did."""
        if not contents:
            return
        try:
            sink(contents)
        except Exception:  # whatever the sink raises means: deliver again
            self._slow_down()
            log.warning("%d were not taken; asked for again", len(contents), exc_info=True)
            self._answer(arrivals, SYSTEM_ERROR)
        else:
            self._pause_s, self._most = 0.0, min(2 * self._most, HAND_OVER_MOST)
            self._answer(arrivals, TAKEN)

    def _take_inbound(self, messages: Sequence[Inbound]) -> None:
        if self._inbound is None:
            self._dropped.warn("%d messages from phones were dropped: nobody takes them", len(messages))
        else:
            self._inbound(messages)
        self._joiner.taken(messages)

    def _give_up(self, unfinished: Sequence[Inbound]) -> None:
        """Messages of which a part never came are handed over as far as they came."""
        if unfinished:
            try:
                self._take_inbound(unfinished)
            except Exception:  # tried again at the next look; at the end they are lost, and the log says so
                log.exception("%d unfinished messages from phones were not taken", len(unfinished))

    def _answer(self, arrivals: Sequence[Arrival], status: int) -> None:
        answers: dict[Session, list[bytes]] = {}
        for session, command, sequence, _ in arrivals:
            answers.setdefault(session, []).append(answer(command, sequence, status))
        if answers:
            self._tell([(session, b"".join(parts)) for session, parts in answers.items()])

    def _slow_down(self) -> None:
        """Ever longer pauses and smaller batches: one receipt that the sink cannot take does not keep up the others."""
        self._pause_s = min(max(2 * self._pause_s, PAUSE_FIRST_S), PAUSE_MOST_S)
        self._most = max(1, self._most // 2)
