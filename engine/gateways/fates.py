"""What becomes of a message on the simulator: pure decisions from seed, message id and number, and their tables."""

from __future__ import annotations

import re
import secrets
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final
from urllib.parse import unquote
from zlib import crc32

from engine.gateways.base import Outcome, OutcomeKind, ReceiptState
from engine.model import FailReason


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
UNDELIVERABLE: Final = Verdict(ReceiptState.FAILED, FailReason.UNDELIVERABLE, "stat:UNDELIV err:069")

_DELIVER: Final = Fate("d", DELIVERED)
_SILENCE: Final = Fate("l")
_EXPIRE: Final = Fate("e", Verdict(ReceiptState.EXPIRED, FailReason.EXPIRED, "stat:EXPIRED err:000"))
_ABSENT: Final = _failed("a", FailReason.ABSENT, "027")
_BARRED: Final = _failed("b", FailReason.BARRED, "013")
_MEMORY_FULL: Final = _failed("m", FailReason.MEMORY_FULL, "032")
_NOT_IN_SERVICE: Final = _failed("u", FailReason.UNKNOWN_SUBSCRIBER, "001")
_NO_ROUTE: Final = Fate("x", UNDELIVERABLE)
_INVALID_NUMBER: Final = _refused(FailReason.INVALID_NUMBER, "0x0B invalid destination address")
_NO_REASON: Final = _refused(FailReason.REJECTED, "0x45 submit failed")
SENDER_REFUSED: Final = _refused(FailReason.SENDER_REFUSED, "0x0A invalid source address", stop_task=True)
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
    return share > 0 and mix(draw ^ SALTS[name]) >> 32 < share * 2**32


SALTS: Final = {name: crc32(name.encode()) for name in PARAMETERS}


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
