"""The built-in operator: takes messages in this process and answers with every outcome and delivery state.

An address such as `sim://?fail=0.05&seed=1&receipt_ms=200` says which. What becomes of a message is a pure function
of seed, message id and number, so a run can be repeated. `PARAMETERS` and `ENDINGS` are the reference for help pages.
The decisions and their tables are in `fates`; here are files and threads.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import FileIO
from itertools import count
from pathlib import Path
from typing import Final

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
from engine.gateways.fates import (
    DELIVERED,
    ENROUTE,
    SALTS,
    SENDER_REFUSED,
    UNDELIVERABLE,
    Dice,
    References,
    Settings,
    Verdict,
    happens,
    mix,
    parse_settings,
)
from engine.model import Clock, SystemClock

log = logging.getLogger(__name__)

RECEIPT_BATCH: Final = 5_000
"""Most receipts in one call of the sink."""
PENDING_LIMIT: Final = 200_000
"""Receipts waiting for their time or for the sink (about 50 MB); above it submits are answered UNSENT."""
ROOM_WAIT_S: Final = 0.5
"""How long a submit waits for room among the pending receipts before it is answered UNSENT."""
EARLY_WAIT_S: Final = 1.0
"""How long a submit waits for the sink to have taken the receipts that come before its answer."""
AGAIN_MS: Final = 20
"""Half of the duplicate and contradicting receipts come this much later, the others right behind the first."""
SINK_RETRY_FIRST_S: Final = 0.05
SINK_RETRY_MOST_S: Final = 2.0
DOWN_RETRY_MOST_S: Final = 1.0
CLOSE_LIMIT_S: Final = 4.5
UNKNOWN_PREFIX: Final = "sim-unknown-"
"""Begins the reference of every receipt (parameter `unknown`) for a message that was never submitted."""


class Journal:
    """Append-only file that outlives a killed process; tests count duplicates with it.

    `S <message id> <reference>` accepted · `D <message id>` written but never answered · `R <reference>` receipt taken.
    Each call is one unbuffered write of whole lines.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError. Refuses a file that is no journal: a wrong path must not damage other data."""
        if path.exists() and not path.is_file():
            raise OSError(f"{path} is not a file")
        self._file = FileIO(path, "a+")
        self._lock = threading.Lock()
        self._file.seek(0)
        if self._file.read(2) not in (b"", b"S ", b"D ", b"R "):
            self._file.close()
            raise OSError(f"{path} exists and is not a journal")

    def write(self, lines: Sequence[str]) -> None:
        """Returns when the operating system has the lines. Raises OSError (ValueError once closed)."""
        rest = memoryview("".join(f"{line}\n" for line in lines).encode())
        with self._lock:
            while rest:
                rest = rest[self._file.write(rest) :]

    def close(self) -> None:
        with self._lock:
            self._file.close()


_ODDITIES: Final = ("late", "duplicate", "contradict", "early", "enroute", "unknown", "receipt_jitter_ms")
"""Parameters that give a receipt its own time or company; without any, a batch of receipts stays together."""

_ACCEPTED: Final = OutcomeKind.ACCEPTED  # an attribute of an enum class costs 0.1 µs in the hot loop

_EARLY: Final = -1
"""Stands for a delay: before the submit returns."""

Posts = dict[int, list[tuple[str, Verdict]]]
"""Delay in milliseconds → references and what their receipts say, in order."""


@dataclass(slots=True)
class _Slip:
    """What one submit leads to."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    posts: Posts = field(default_factory=Posts)


class Simulator:
    """Gateway `sim://`. One daemon thread hands receipts to the sink, in order of their time, in batches."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """`clock` dates the receipts; delays run on the monotonic clock of the process."""
        self._settings = settings
        self._clock = clock or SystemClock()
        self._dice = Dice(settings)
        self._refs = References()
        self._picky = bool(settings.throttle or settings.refuse_sender)
        self._odd = any(getattr(settings, name) for name in _ODDITIES)
        self._attempts = 0
        self._journal: Journal | None = None
        self._thread: threading.Thread | None = None
        self._up_at_s = 0.0
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, list[tuple[str, Verdict]], threading.Event | None]] = []
        self._parcels = count()
        self._pending = 0

    @classmethod
    def from_url(cls, url: str) -> Simulator:
        """Raises ValueError: a sentence that names the parameter at fault."""
        return cls(parse_settings(url))

    # Lifecycle.

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:  # noqa: ARG002 - no phones
        """Raises GatewayDown (permanent) when the journal cannot be used, and RuntimeError the second time."""
        if self._thread or self._closing.is_set():
            raise RuntimeError("a gateway is opened once")
        if self._settings.journal:
            try:
                self._journal = Journal(Path(self._settings.journal))
            except OSError as problem:
                raise GatewayDown(f"the journal cannot be used: {problem}", permanent=True) from problem
        self._up_at_s = time.monotonic() + self._settings.down_for_ms / 1000
        self._thread = threading.Thread(target=self._run, args=(sink,), name="sim-receipts", daemon=True)
        self._thread.start()

    def link(self) -> Link:
        if self._thread is None or self._closing.is_set():
            return Link(LinkWord.DOWN, "the simulator is not open")
        down = time.monotonic() < self._up_at_s
        return Link(LinkWord.DOWN, "the simulated operator is down") if down else Link(LinkWord.OPEN)

    def close(self) -> None:
        """Receipts not yet taken by the sink are left to `resume` of the next simulator."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_LIMIT_S)
        if self._journal:
            self._journal.close()

    # Towards the operator.

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        """One outcome each, in order; the journal has them, and the sink the early receipts, before this returns."""
        self._reach_operator()
        if not self._has_room():
            return [self._slow_down("0x14 message queue full")] * len(batch)
        slip = self._take_in(batch)
        if self._journal:
            self._record(self._journal, batch, slip.outcomes)
        early = self._post(slip.posts)
        if early:
            early.wait(EARLY_WAIT_S)
        return slip.outcomes

    def resume(self, provider_refs: Sequence[str]) -> None:
        """Delivers at once what earlier simulators still owed for these; does nothing unless open. Takes any number."""
        if self._thread and not self._closing.is_set():
            self._post({0: list(self._refs.verdicts(provider_refs))})

    def _reach_operator(self) -> None:
        """Waits the latency. Raises GatewayDown before anything is written."""
        if self._thread is None or self._closing.is_set():
            raise GatewayDown("the simulator is closed" if self._thread else "the simulator is not open")
        down_s = self._up_at_s - time.monotonic()
        if down_s > 0:
            raise GatewayDown("the simulated operator is down", retry_after_s=min(down_s, DOWN_RETRY_MOST_S))
        if self._settings.latency_ms and self._closing.wait(self._settings.latency_ms / 1000):
            raise GatewayDown("the simulator was closed before the batch was written")

    def _has_room(self) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: self._pending < PENDING_LIMIT or self._closing.is_set(), timeout=ROOM_WAIT_S
            )

    def _slow_down(self, detail: str) -> Outcome:
        return Outcome(OutcomeKind.UNSENT, detail=detail, retry_after_s=self._settings.retry_ms / 1000)

    def _take_in(self, batch: Sequence[Submission]) -> _Slip:
        """The hot loop: decides every message and addresses its receipts."""
        slip, settings, new_ref = _Slip(), self._settings, self._refs.new
        draw_of, fate_of, answer = self._dice.draw, self._dice.fate, slip.outcomes.append
        plain = slip.posts.setdefault(settings.receipt_ms, [])
        slow_down = self._slow_down("0x58 throttled")
        for message in batch:
            draw = draw_of(message.message_id, message.msisdn)
            fate = fate_of(draw, message.msisdn)
            if self._picky:
                if self._is_throttled(draw):
                    answer(slow_down)
                    continue
                if settings.refuse_sender and message.sender == settings.refuse_sender:
                    fate = SENDER_REFUSED
            if fate.refusal:
                answer(fate.refusal)
                continue
            ref = new_ref(message.message_id, fate)
            answer(Outcome(_ACCEPTED, ref))
            if self._odd:
                self._scatter(slip.posts, ref, fate.verdict, draw)
            elif fate.verdict:
                plain.append((ref, fate.verdict))
        return slip

    def _is_throttled(self, draw: int) -> bool:
        """Each attempt is another throw, or a throttled message would never get through."""
        self._attempts += 1
        return happens(draw + self._attempts, "throttle", self._settings.throttle)

    def _scatter(self, posts: Posts, ref: str, verdict: Verdict | None, draw: int) -> None:
        """Adds the receipts of one message with everything odd about them."""
        settings = self._settings
        delay_ms = settings.receipt_ms
        if settings.receipt_jitter_ms:
            delay_ms += mix(draw ^ SALTS["receipt_jitter_ms"]) % (settings.receipt_jitter_ms + 1)
        if happens(draw, "unknown", settings.unknown):
            posts.setdefault(delay_ms, []).append((f"{UNKNOWN_PREFIX}{ref}", DELIVERED))
        if verdict is None:
            return
        again_ms = delay_ms + (AGAIN_MS if mix(draw) & 1 else 0)
        if happens(draw, "early", settings.early):
            delay_ms = _EARLY
        elif happens(draw, "late", settings.late):
            delay_ms += settings.late_ms
            again_ms += settings.late_ms
        if happens(draw, "enroute", settings.enroute):
            posts.setdefault(delay_ms, []).append((ref, ENROUTE))
        posts.setdefault(delay_ms, []).append((ref, verdict))
        if happens(draw, "duplicate", settings.duplicate):
            posts.setdefault(again_ms, []).append((ref, verdict))
        if happens(draw, "contradict", settings.contradict):
            other = UNDELIVERABLE if verdict is DELIVERED else DELIVERED
            posts.setdefault(again_ms, []).append((ref, other))

    @staticmethod
    def _record(journal: Journal, batch: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        """Raises GatewayDown when the disk refuses: nothing of the batch counts as written then."""
        lines: list[str] = []
        for message, outcome in zip(batch, outcomes, strict=True):
            if outcome.kind is OutcomeKind.ACCEPTED:
                lines.append(f"S {message.message_id} {outcome.provider_ref}")
            elif outcome.kind is OutcomeKind.LOST:
                lines.append(f"D {message.message_id}")
        try:
            journal.write(lines)
        except (OSError, ValueError) as problem:  # ValueError: closed meanwhile
            raise GatewayDown(f"the journal cannot be written: {problem}") from problem

    # Receipts.

    def _post(self, posts: Posts) -> threading.Event | None:
        """Queues receipts for their time. The event is set once the sink has taken the early ones, if any."""
        now_s = time.monotonic()
        early = threading.Event() if posts.get(_EARLY) else None
        with self._changed:
            for delay_ms, pairs in posts.items():
                due_s = 0.0 if delay_ms == _EARLY else now_s + delay_ms / 1000
                for start in range(0, len(pairs), RECEIPT_BATCH):
                    last_early = early if delay_ms == _EARLY and start + RECEIPT_BATCH >= len(pairs) else None
                    parcel = pairs[start : start + RECEIPT_BATCH]
                    heapq.heappush(self._due, (due_s, next(self._parcels), parcel, last_early))
                self._pending += len(pairs)
            self._changed.notify_all()
        return early

    def _run(self, sink: ReceiptSink) -> None:
        """The receipts thread: until closed, hands over what is due."""
        while parcels := self._await_due():
            at_us = self._clock.now_us()
            receipts = [
                Receipt(ref, verdict.state, at_us, verdict.reason, verdict.detail)
                for pairs, _ in parcels
                for ref, verdict in pairs
            ]
            if not self._hand_over(sink, receipts):
                return
            with self._changed:
                self._pending -= len(receipts)
                self._changed.notify_all()
            for _, taken in parcels:
                if taken:
                    taken.set()

    def _await_due(self) -> list[tuple[list[tuple[str, Verdict]], threading.Event | None]]:
        """Blocks until receipts are due; at most RECEIPT_BATCH of them, oldest first. Empty when closing."""
        parcels: list[tuple[list[tuple[str, Verdict]], threading.Event | None]] = []
        size = 0
        with self._changed:
            while not parcels and not self._closing.is_set():
                now_s = time.monotonic()
                while self._due and self._due[0][0] <= now_s and size + len(self._due[0][2]) <= RECEIPT_BATCH:
                    _, _, pairs, taken = heapq.heappop(self._due)
                    parcels.append((pairs, taken))
                    size += len(pairs)
                if not parcels:
                    self._changed.wait(self._due[0][0] - now_s if self._due else None)
        return parcels

    def _hand_over(self, sink: ReceiptSink, receipts: Sequence[Receipt]) -> bool:
        """Until the sink takes them, in order and ever slower. False when closed before that."""
        pause_s = 0.0
        while not self._closing.wait(pause_s):
            try:
                sink(receipts)
                if self._journal:
                    self._journal.write([f"R {receipt.provider_ref}" for receipt in receipts])
            except Exception:  # whatever the sink raises means: deliver again
                pause_s = min(max(2 * pause_s, SINK_RETRY_FIRST_S), SINK_RETRY_MOST_S)
                log.warning("%d receipts were not taken; again in %.2f s", len(receipts), pause_s, exc_info=True)
            else:
                return True
        return False
