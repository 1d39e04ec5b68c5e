"""The built-in operator: takes messages in this process and answers with every outcome and delivery state.

An address such as `sim://?fail=0.05&seed=1&receipt_ms=200` says which. What becomes of a message is a pure function
of seed, message id and number, so a run can be repeated. `PARAMETERS` and `ENDINGS` are the reference for help pages.
Longer than most modules because a third of it is those tables; decisions (pure) come first, then files and threads.
"""

from __future__ import annotations

import heapq
import logging
import re
import secrets
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import FileIO
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import unquote
from zlib import crc32

from engine.gateways.base import (
    GatewayDown,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptSink,
    ReceiptState,
    Submission,
)
from engine.model import Clock, FailReason, SystemClock

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a receipt says."""

    state: ReceiptState
    reason: FailReason | None
    detail: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one message: a refusal instead of acceptance, or acceptance and then a verdict (None: silence).

    `code` is the letter in the provider reference from which a later process knows the fate again.
    """

    code: str = ""
    verdict: Verdict | None = None
    refusal: Outcome | None = None


def _failed(code: str, reason: FailReason, error: str) -> Fate:
    return Fate(code, Verdict(ReceiptState.FAILED, reason, f"stat:UNDELIV err:{error}"))


def _refused(reason: FailReason, detail: str, *, stop_task: bool = False) -> Fate:
    return Fate(refusal=Outcome(OutcomeKind.REJECTED, reason=reason, detail=detail, stop_task=stop_task))


DELIVERED: Final = Verdict(ReceiptState.DELIVERED, None, "stat:DELIVRD err:000")
ENROUTE: Final = Verdict(ReceiptState.ENROUTE, None, "stat:ENROUTE err:000")
_UNDELIVERABLE: Final = Verdict(ReceiptState.FAILED, FailReason.UNDELIVERABLE, "stat:UNDELIV err:069")

_DELIVER: Final = Fate("d", DELIVERED)
_SILENCE: Final = Fate("l")
_EXPIRE: Final = Fate("e", Verdict(ReceiptState.EXPIRED, FailReason.EXPIRED, "stat:EXPIRED err:000"))
_ABSENT: Final = _failed("a", FailReason.ABSENT, "027")
_BARRED: Final = _failed("b", FailReason.BARRED, "013")
_MEMORY_FULL: Final = _failed("m", FailReason.MEMORY_FULL, "032")
_NOT_IN_SERVICE: Final = _failed("u", FailReason.UNKNOWN_SUBSCRIBER, "001")
_NO_ROUTE: Final = Fate("x", _UNDELIVERABLE)
_INVALID_NUMBER: Final = _refused(FailReason.INVALID_NUMBER, "0x0B invalid destination address")
_NO_REASON: Final = _refused(FailReason.REJECTED, "0x45 submit failed")
_SENDER_REFUSED: Final = _refused(FailReason.SENDER_REFUSED, "0x0A invalid source address", stop_task=True)
_DOUBT: Final = Fate(refusal=Outcome(OutcomeKind.LOST, detail="no answer to submit_sm"))

_BY_CODE: Final = {
    fate.code: fate
    for fate in (_DELIVER, _SILENCE, _EXPIRE, _ABSENT, _BARRED, _MEMORY_FULL, _NOT_IN_SERVICE, _NO_ROUTE)
}

_MIXES: Final[dict[str, tuple[tuple[Fate, float], ...]]] = {
    "reject": ((_INVALID_NUMBER, 0.7), (_NO_REASON, 0.3)),
    "doubt": ((_DOUBT, 1.0),),
    "fail": ((_ABSENT, 0.45), (_NOT_IN_SERVICE, 0.25), (_NO_ROUTE, 0.12), (_BARRED, 0.1), (_MEMORY_FULL, 0.08)),
    "expire": ((_EXPIRE, 1.0),),
    "lost": ((_SILENCE, 1.0),),
}
"""Parameter → fates and their weights: roughly how failures are spread on a real route."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Numbers ending in `digits` always meet `fate`; `sentence` says it to people."""

    digits: str
    fate: Fate
    sentence: str


ENDINGS: Final[dict[str, Ending]] = {
    ending.digits: ending
    for ending in (
        Ending("9901", _ABSENT, "Fails: the phone is switched off or out of reach."),
        Ending("9902", _INVALID_NUMBER, "Refused at once: the operator does not know the number."),
        Ending("9903", _EXPIRE, "Expires: the phone stays off until the message is too old."),
        Ending("9904", _BARRED, "Fails: the line does not accept such messages."),
        Ending("9905", _MEMORY_FULL, "Fails: the phone's message memory is full."),
    )
}
"""Last four digits → what always happens to such a number on a simulated route."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The parameters of a `sim://` address; `PARAMETERS` says what each means and its bounds."""

    fail: float = 0.0
    expire: float = 0.0
    reject: float = 0.0
    lost: float = 0.0
    doubt: float = 0.0
    late: float = 0.0
    duplicate: float = 0.0
    contradict: float = 0.0
    early: float = 0.0
    enroute: float = 0.0
    unknown: float = 0.0
    throttle: float = 0.0
    seed: int = 0
    latency_ms: int = 0
    receipt_ms: int = 0
    receipt_jitter_ms: int = 0
    late_ms: int = 5_000
    retry_ms: int = 100
    down_for_ms: int = 0
    refuse_sender: str = ""
    journal: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`most` is the largest value: 1.0 for a share (of 0 to 1), an int for whole numbers, None for text."""

    sentence: str
    most: float | int | None = 1.0


_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000

PARAMETERS: Final[dict[str, Parameter]] = {
    "fail": Parameter("Share of messages with a receipt that says failed, for the usual mix of reasons."),
    "expire": Parameter("Share with a receipt that says expired."),
    "reject": Parameter("Share refused at submit."),
    "lost": Parameter("Share accepted whose receipt never comes."),
    "doubt": Parameter("Share whose submit is never answered: the outcome is in doubt."),
    "late": Parameter("Share whose receipt comes late_ms later than the others."),
    "duplicate": Parameter("Share whose receipt comes twice."),
    "contradict": Parameter("Share with a second final receipt that says something else."),
    "early": Parameter("Share whose receipt comes before the submit is answered."),
    "enroute": Parameter("Share with a receipt “on its way” before the final one."),
    "unknown": Parameter("Share after which a receipt comes for a message nobody sent."),
    "throttle": Parameter("Share of submits answered “too fast”; the same message has a new chance when sent again."),
    "seed": Parameter("Another seed gives other messages these fates.", 2**63 - 1),
    "latency_ms": Parameter("How long each batch takes to submit.", _MINUTE_MS),
    "receipt_ms": Parameter("How long after the submit receipts come.", _DAY_MS),
    "receipt_jitter_ms": Parameter("Receipts come up to this much later still, each for itself.", _DAY_MS),
    "late_ms": Parameter("What late means.", _DAY_MS),
    "retry_ms": Parameter("How long a throttled route is asked to wait.", _MINUTE_MS),
    "down_for_ms": Parameter("The operator cannot be reached for this long after the start.", 60 * _MINUTE_MS),
    "refuse_sender": Parameter("A sender ID that the operator has not approved: refused, and the task stops.", None),
    "journal": Parameter("File to which a line is appended for every message accepted and receipt taken.", None),
}


def parse_settings(url: str) -> Settings:
    """`sim://?fail=0.05&seed=1` → settings. Raises ValueError: a sentence that names the parameter at fault."""
    address, _, query = url.partition("?")
    if address.lower().rstrip("/") != "sim:":
        raise ValueError("a simulator has no host, user or path; write sim://?fail=0.05&seed=1.")
    values: dict[str, float | int | str] = {}
    for item in query.split("&") if query else ():
        name, _, text = item.partition("=")
        if name not in PARAMETERS:
            shown = name if re.fullmatch("[A-Za-z_]{1,40}", name) else "…"  # it may be a password gone astray
            raise ValueError(f"there is no parameter “{shown}”. Known are {', '.join(PARAMETERS)}.")
        if name in values:
            raise ValueError(f"the parameter {name} is given twice. Keep one.")
        values[name] = _value(name, unquote(text))
    settings = replace(Settings(), **values)
    if sum(getattr(settings, name) for name in _MIXES) > 1 + 1e-9:
        raise ValueError(f"{', '.join(_MIXES)} are shares of the same messages. Together they can be at most 1.")
    return settings


def _value(name: str, text: str) -> float | int | str:
    most = PARAMETERS[name].most
    if most is None:
        if not text.strip() or not text.isprintable():
            raise ValueError(f"{name} has no usable value. Give a text without control characters, or leave it out.")
        return text
    if isinstance(most, int):
        if re.fullmatch("[0-9]{1,19}", text) and int(text) <= most:
            return int(text)
        raise ValueError(f"{name} is “{text[:40]}”. Use a whole number from 0 to {most}.")
    if re.fullmatch("[0-9]{0,3}[.]?[0-9]{1,18}", text) and float(text) <= most:
        return float(text)
    raise ValueError(f"{name} is “{text[:40]}”. Use a share from 0 to 1, such as 0.05.")


_WORD: Final = 2**64 - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15


def mix(value: int) -> int:
    """One step of splitmix64 (Steele, Lea, Flood 2014): any int → 64 well-mixed bits, in 0.4 µs."""
    value = (value + _GOLDEN) & _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


class Dice:
    """Pure: draws the fate of each message, and whatever odd happens to its receipts, from settings and identity."""

    def __init__(self, settings: Settings) -> None:
        self._seed = mix(settings.seed)
        weighted = [
            (fate, getattr(settings, name) * weight)
            for name, weights in _MIXES.items()
            for fate, weight in weights
            if getattr(settings, name)
        ]
        below = 0.0
        self._cuts = [round((below := below + share) * 2**32) for _, share in weighted]
        self._fates = [*(fate for fate, _ in weighted), _DELIVER]

    def draw(self, message_id: int, msisdn: str) -> int:
        """64 bits that belong to this message under this seed."""
        return mix(self._seed + message_id * _GOLDEN + (crc32(msisdn.encode()) << 16))

    def fate(self, draw: int, msisdn: str) -> Fate:
        ending = ENDINGS.get(msisdn[-4:])
        return ending.fate if ending else self._fates[bisect_right(self._cuts, draw >> 32)]


def happens(draw: int, name: str, share: float) -> bool:
    """Whether what the parameter `name` describes happens to the message of this draw; independent for each name."""
    return share > 0 and mix(draw ^ _SALTS[name]) >> 32 < share * 2**32


_SALTS: Final = {name: crc32(name.encode()) for name in PARAMETERS}


class References:
    """Provider references of one simulator: `sim-<id>-<fate>-<instance><count>-<check>`, numbers in hex.

    Unique per submit, so that the same message submitted twice shows as two; and a later process can read from it
    the fate of a message that it never saw.
    """

    def __init__(self) -> None:
        self._instance = secrets.token_hex(5)
        self._count = count(1)
        self._salts = {code: _salt(self._instance, code) for code in _BY_CODE}

    def new(self, message_id: int, fate: Fate) -> str:
        number = next(self._count)
        check = _check(message_id, number, self._salts[fate.code])
        return "sim-%x-%s-%s%x-%x" % (message_id, fate.code, self._instance, number, check)  # noqa: UP031 - twice as fast

    def verdicts(self, provider_refs: Sequence[str]) -> Iterator[tuple[str, Verdict]]:
        """The receipts that other simulators, gone by now, still owed. Foreign or mangled references owe none."""
        for ref in provider_refs:
            match = _REFERENCE.fullmatch(ref)
            if match is None:
                continue
            message_id, code, instance, number, check = match.groups()
            fate = _BY_CODE.get(code)
            if fate is None or int(check, 16) != _check(int(message_id, 16), int(number, 16), _salt(instance, code)):
                continue
            if fate.verdict and instance != self._instance:
                yield ref, fate.verdict


_REFERENCE: Final = re.compile("sim-([0-9a-f]{1,16})-([a-z])-([0-9a-f]{10})([0-9a-f]{1,12})-([0-9a-f]{1,4})")


def _salt(instance: str, code: str) -> int:
    return int(instance, 16) * 7 + ord(code)


def _check(message_id: int, number: int, salt: int) -> int:
    """Tells a mangled reference; linear to a prime modulus, so that any one wrong character shows."""
    return (message_id * 31 + number * 131 + salt) % 65_521


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

    def open(self, sink: ReceiptSink) -> None:
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
                    fate = _SENDER_REFUSED
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
            delay_ms += mix(draw ^ _SALTS["receipt_jitter_ms"]) % (settings.receipt_jitter_ms + 1)
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
            other = _UNDELIVERABLE if verdict is DELIVERED else DELIVERED
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
