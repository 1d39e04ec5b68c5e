"""A provider's answer → what became of each message of the request. Pure.

Only what is certain is said: a message is accepted when the provider says so and names it, refused when it says so,
unsent when it says that it took nothing; everything else is lost, that is in doubt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from engine.gateways.base import SAYS_MORE, Outcome, OutcomeKind
from engine.gateways.http.paths import read_list, read_word
from engine.gateways.http.requests import Group
from engine.gateways.http.settings import Settings
from engine.model import FailReason

DETAIL_LENGTH: Final = 200
CODE_LENGTH: Final = 40
REF_LENGTH: Final = 200
THROTTLED_S: Final = 1.0
"""How long a route waits when the provider asks it to slow down without saying how long."""
MOST_RETRY_AFTER_S: Final = 300.0
NO_CREDIT_S: Final = 60.0

LOGIN_WORDS: Final = "the provider refuses the login. Check user, password or token of the gateway address"
CREDIT_WORDS: Final = "the account with the provider has no credit left, or has reached its limit"
SETUP_WORDS: Final = "the provider does not know this address or a setting of it. Check the gateway address"


class Answer(NamedTuple):
    """`body` None: it was longer than may be read, broke off, or is compressed. `retry_after` as the header has it."""

    status: int
    body: bytes | None
    retry_after: str = ""


class Halt(NamedTuple):
    """Why the rest of a batch is not sent now. `down`: the provider cannot be used; otherwise it asks to slow down."""

    detail: str
    retry_after_s: float
    down: bool = False
    permanent: bool = False


class Verdict(NamedTuple):
    """`outcomes` are parallel to the group. `doubt`: nothing is known of the whole request, which may be repeated where
    the provider knows repetitions. `split`: it was refused as a whole, perhaps for one of its messages; with `doubt`
    after a try that may have been taken."""

    outcomes: Sequence[Outcome]
    halt: Halt | None = None
    doubt: bool = False
    split: bool = False


def read_answer(
    settings: Settings, group: Group, answer: Answer, *, again: bool = False, now_s: float = 0.0
) -> Verdict:
    """`again`: an earlier try of the same request was lost, and may have been taken. `now_s` is Unix time."""
    said = _json(answer.body)
    if 200 <= answer.status < 300:
        return _read_success(settings, group, answer, said, again=again)
    code, words = _code(settings, said), _words(settings, said, answer.status)
    wait_s = _retry_after_s(answer.retry_after, now_s)
    if answer.status in settings.unsent or (answer.status == 503 and answer.retry_after):
        return _none_sent(group, Halt(words, wait_s))
    if answer.status >= 500 or (again and answer.status == 409):  # 409: the first try is still being worked on
        return lost(group, words)
    meaning = settings.codes.get(code.lower(), "") or _usual_meaning(answer.status, code)
    halt = _halt(meaning, words, wait_s)
    if halt:
        return _none_sent(group, halt, code)
    if len(group) > 1:
        return Verdict([], split=True)
    return Verdict([_refusal(meaning, code, words, again=again, ref=_own_ref(settings, group[0].ref))])


def lost(group: Group, detail: str) -> Verdict:
    """The request may have been taken: never sent again by itself."""
    return Verdict([Outcome(OutcomeKind.LOST, detail=detail[:DETAIL_LENGTH])] * len(group), doubt=True)


def unsent(count: int, halt: Halt, code: str = "") -> list[Outcome]:
    detail, wait_s = halt.detail[:DETAIL_LENGTH], halt.retry_after_s
    return [Outcome(OutcomeKind.UNSENT, detail=detail, retry_after_s=wait_s, code=code)] * count


def _none_sent(group: Group, halt: Halt, code: str = "") -> Verdict:
    return Verdict(unsent(len(group), halt, code), halt)


def _usual_meaning(status: int, code: str) -> str:
    """What a status means whose code is not in the table. A code makes 404 and its kin a refusal of the message."""
    if status in {401, 403}:
        return "login"
    if status == 402:
        return "credit"
    if status in {408, 425}:
        return "throttled"
    if 300 <= status < 400 or (status in {404, 405, 406, 410, 415} and not code):
        return "setup"
    return FailReason.REJECTED.value


def _halt(meaning: str, words: str, wait_s: float) -> Halt | None:
    """None for what concerns the message alone."""
    if meaning == "throttled":
        return Halt(words, wait_s)
    if meaning == "credit":
        return Halt(f"{CREDIT_WORDS} ({words})", max(wait_s, NO_CREDIT_S), down=True)
    if meaning == "login":
        return Halt(f"{LOGIN_WORDS} ({words})", wait_s, down=True, permanent=True)
    if meaning == "setup":
        return Halt(f"{SETUP_WORDS} ({words})", wait_s, down=True, permanent=True)
    return None


def _refusal(meaning: str, code: str, words: str, *, again: bool, ref: str) -> Outcome:
    """The outcome of one message by what its code means."""
    if meaning == "unknown":
        return Outcome(OutcomeKind.LOST, detail=words, code=code)
    if meaning == "duplicate" and again and ref:
        return Outcome(OutcomeKind.ACCEPTED, ref)  # the try whose answer was lost had been taken
    stop = meaning == FailReason.SENDER_REFUSED
    if meaning == "sender_here":
        meaning = FailReason.SENDER_REFUSED.value
    reason = FailReason(meaning) if meaning in set(FailReason) else FailReason.REJECTED
    return Outcome(OutcomeKind.REJECTED, reason=reason, detail=words, stop_task=stop, code=code)


# Answers that say yes as a whole.


def _read_success(settings: Settings, group: Group, answer: Answer, said: Any, *, again: bool) -> Verdict:
    if said is None and (settings.ok or settings.id or settings.answers or answer.body is None):
        return lost(group, f"HTTP {answer.status}, but the answer could not be read")
    if not settings.answers:
        singles = [_read_one(settings, said, group[0].ref, again=again)] if len(group) == 1 else []
        return _joined(singles or [_read_one(settings, said, item.ref, again=again) for item in group])
    listed = read_list(said, settings.answers)
    if listed is None:
        return lost(group, f"HTTP {answer.status}, but there is no list of answers")
    if settings.parts:
        parts = [_read_one(settings, one, group[0].ref, again=again) for one in listed]
        return _of_parts(parts) if parts else lost(group, f"HTTP {answer.status}, but the list of answers is empty")
    return _joined(
        [
            (Outcome(OutcomeKind.LOST, detail="the answer does not mention this message"), None)
            if one is None
            else _read_one(settings, one, item.ref, again=again)
            for item, one in zip(group, _matched(settings, group, listed), strict=True)
        ]
    )


Read = tuple[Outcome, Halt | None]


def _read_one(settings: Settings, said: Any, ref: str, *, again: bool) -> Read:
    """One message by its own answer."""
    found = read_word(said, settings.id)[:REF_LENGTH] if settings.id else ref
    yes = read_word(said, settings.ok.paths) if settings.ok else ""
    accepted = yes.lower() in settings.ok.words if settings.ok else bool(found)
    if accepted and found:
        return Outcome(OutcomeKind.ACCEPTED, found), None
    code, words = _code(settings, said), _words(settings, said, 200)
    if accepted or not (yes or code.lower() in settings.codes):
        return Outcome(OutcomeKind.LOST, detail="the answer does not name the message"), None
    meaning = settings.codes.get(code.lower(), FailReason.REJECTED.value)
    halt = _halt(meaning, words, THROTTLED_S)
    if halt:
        return unsent(1, halt, code)[0], halt
    return _refusal(meaning, code, words, again=again, ref=_own_ref(settings, ref) or found), None


def _joined(read: Sequence[Read]) -> Verdict:
    return Verdict([outcome for outcome, _ in read], next((halt for _, halt in read if halt), None))


_MAY_HAVE_IT: Final = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.LOST})


def _of_parts(read: Sequence[Read]) -> Verdict:
    """One message from the answers to its parts. A part that was refused spoils the message, and it is not charged."""
    outcomes = [outcome for outcome, _ in read]
    refs = tuple(outcome.provider_ref for outcome in outcomes if outcome.kind is OutcomeKind.ACCEPTED)
    if len(refs) == len(outcomes):
        return Verdict([Outcome(OutcomeKind.ACCEPTED, refs[0], part_refs=refs if len(refs) > 1 else ())])
    bad = max(outcomes, key=lambda outcome: SAYS_MORE[outcome.kind])
    halt = next((halt for _, halt in read if halt), None)
    if refs and bad.kind is not OutcomeKind.LOST:
        detail = f"only {len(refs)} of {len(outcomes)} parts were taken: {bad.detail}"[:DETAIL_LENGTH]
        reason = bad.reason or FailReason.REJECTED
        bad = bad._replace(kind=OutcomeKind.REJECTED, reason=reason, detail=detail)
    if bad.kind is OutcomeKind.REJECTED and any(one.kind in _MAY_HAVE_IT for one in outcomes):
        bad = bad._replace(partly=True, retry_after_s=0.0)
    return Verdict([bad], halt)


def _matched(settings: Settings, group: Group, listed: Sequence[Any]) -> list[Any]:
    """The answer of each message: by our reference, else by its number, else by position. None where there is none."""
    by_ref = {read_word(one, settings.id): one for one in listed}
    if settings.id and by_ref.keys() & {item.ref for item in group}:
        return [by_ref.get(item.ref) for item in group]
    if settings.answer_to:
        by_number: dict[str, list[Any]] = {}
        for one in listed:
            by_number.setdefault(_digits(read_word(one, settings.answer_to)), []).append(one)
        return [_take(by_number.get(_digits(item.message.msisdn))) for item in group]
    return list(listed) if len(listed) == len(group) else [None] * len(group)


def _take(waiting: list[Any] | None) -> Any:
    return waiting.pop(0) if waiting else None


def _digits(number: str) -> str:
    return "".join(character for character in number if character in "0123456789")


def _own_ref(settings: Settings, ref: str) -> str:
    """Our reference, where receipts name the message by it."""
    return ref if settings.ref else ""


# The provider's words.


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _code(settings: Settings, said: Any) -> str:
    return read_word(said, settings.code)[:CODE_LENGTH]


def _words(settings: Settings, said: Any, status: int) -> str:
    """What the provider said, as one line for staff: status, code and text, without secrets."""
    parts = ["" if status == 200 else f"HTTP {status}", _code(settings, said), read_word(said, settings.error)]
    line = " ".join(settings.scrub(" ".join(part for part in parts if part)).split())
    return "".join(character if character.isprintable() else "�" for character in line)[:DETAIL_LENGTH] or "no reason"


def _retry_after_s(header: str, now_s: float) -> float:
    """Seconds, or a date (RFC 9110 §10.2.3); bounded, and THROTTLED_S when it cannot be read."""
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(max(float(text), 0.05), MOST_RETRY_AFTER_S)
    try:
        until_s = parsedate_to_datetime(text).timestamp()
    except ValueError:
        return THROTTLED_S
    return min(max(until_s - now_s, 0.05), MOST_RETRY_AFTER_S)
