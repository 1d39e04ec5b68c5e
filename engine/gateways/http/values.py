"""Values of parameters: text after = → what it means, by the kind of parameter.

Readers raise ValueError: a sentence without full stop that holds no secret; the name is added by who calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine.gateways.base import ReceiptState
from engine.gateways.http.parameters import FREE, PARAMETERS, Kind, Parameter
from engine.gateways.http.paths import Path, Paths, parse_path, parse_paths
from engine.gateways.http.settings import Codes, States, Test
from engine.model import FailReason

SHOWN_LENGTH: Final = 40
MOST_FREE: Final = 30
MOST_CODES: Final = 200

WORDS: Final = frozenset({"sender_here", "throttled", "credit", "login", "setup", "duplicate", "unknown"})
"""What codes of answers can mean beside reasons; `parameters.PARAMETERS["codes"]` explains them."""
REASONS: Final = frozenset(
    reason.value
    for reason in FailReason
    if reason not in {FailReason.NO_RECEIPT, FailReason.CONNECTION_LOST, FailReason.CANCELLED}
)
"""Reasons that a provider can give."""

HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}")
"""RFC 9110 §5.6.2."""
_HEADERS_OF_OURS: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "expect", "te"}
)


def typed_values(values: Mapping[str, str]) -> dict[str, Any]:
    """Attributes of `Settings` from parameters; raises ValueError with a whole sentence."""
    found: dict[str, Any] = {}
    for name, text in values.items():
        parameter = PARAMETERS.get(name)
        if parameter is None:
            continue
        try:
            found["from_" if name == "from" else name] = _READERS[parameter.kind](text, parameter)
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}.") from None
    found["reply"] = int(found["reply"])
    found["unicode"] = _assignment(found.get("unicode", ""))
    return found


def free_values(values: Mapping[str, str]) -> dict[str, Any]:
    """The constants under names of one's own: `fields`, `tops`, `headers`. Raises as `typed_values`."""
    fields: list[tuple[Path, Any]] = []
    tops: list[tuple[Path, Any]] = []
    headers: list[tuple[str, str]] = []
    for name, text in values.items():
        begin, dot, rest = name.partition(".")
        if name in PARAMETERS or not dot:
            continue
        if begin == "header":
            headers.append(_header(name, rest, text))
        else:
            put = tops if begin == "top" else fields
            put.append((_field_path(name, rest), _json(name, text) if begin == "json" else text))
    if len(fields) + len(tops) + len(headers) > MOST_FREE:
        raise ValueError(f"there are more than {MOST_FREE} parameters that begin with {', '.join(FREE)}.")
    return {"fields": tuple(fields), "tops": tuple(tops), "headers": tuple(headers)}


def _field_path(name: str, rest: str) -> Path:
    try:
        return parse_path(rest)
    except ValueError as problem:
        raise ValueError(f"{name[:SHOWN_LENGTH]}: {problem}.") from None


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{name[:SHOWN_LENGTH]} is not JSON. Use field. for a text.") from None


def _header(name: str, header: str, value: str) -> tuple[str, str]:
    if not HEADER_NAME.fullmatch(header) or header.lower() in _HEADERS_OF_OURS:
        raise ValueError(f"{name[:SHOWN_LENGTH]} is not a header that can be set.")
    if not value.isascii() or not value.strip():
        raise ValueError(f"{name[:SHOWN_LENGTH]} has no value that can be sent. Use ASCII characters.")
    return header, value.strip()


def _read_text(text: str, _: Parameter) -> str:
    return text


def _read_choice(text: str, parameter: Parameter) -> str:
    if text not in parameter.choices:
        raise ValueError(f"use one of {', '.join(parameter.choices)}")
    return text


def _read_flag(text: str, _: Parameter) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("use 0 or 1")
    return text == "1"


def _read_number(text: str, parameter: Parameter) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or not parameter.least <= int(text) <= parameter.most:
        raise ValueError(f"use a whole number from {parameter.least} to {parameter.most}")
    return int(text)


def _read_path(text: str, _: Parameter) -> Path:
    return parse_path(text) if text else ()


def _read_paths(text: str, _: Parameter) -> Paths:
    return parse_paths(text)


def _read_test(text: str, _: Parameter) -> Test | None:
    if not text:
        return None
    place, colon, words = text.partition(":")
    if not colon or not words:
        raise ValueError("write a place and the words for yes, such as status:0,queued")
    return Test((parse_path(place),), frozenset(one.strip().lower() for one in words.split(",")))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    items = [item for item in text.split(",") if item]
    if len(items) > MOST_CODES:
        raise ValueError(f"at most {MOST_CODES} can be named")
    for item in items:
        code, colon, meaning = item.strip().rpartition(":")
        if not colon or not code:
            raise ValueError("write pairs such as 21610:opted_out, with commas between them")
        yield code.strip().lower(), meaning.strip()


def _read_codes(text: str, _: Parameter) -> Codes:
    known = WORDS | REASONS
    found: dict[str, str] = {}
    for code, meaning in _pairs(text):
        if meaning not in known:
            raise ValueError(f"a code can mean one of {', '.join(sorted(known))}")
        found[code] = meaning
    return found


def _read_states(text: str, _: Parameter) -> States:
    found: dict[str, tuple[ReceiptState, FailReason | None]] = {}
    for said, meaning in _pairs(text):
        state, _slash, reason = meaning.partition("/")
        if state not in set(ReceiptState) or (reason and reason not in REASONS):
            raise ValueError(
                f"a state is one of {', '.join(ReceiptState)}, and a reason after / one of {', '.join(sorted(REASONS))}"
            )
        found[said] = ReceiptState(state), FailReason(reason) if reason else None
    return found


def _read_statuses(text: str, _: Parameter) -> frozenset[int]:
    words = [one.strip() for one in text.split(",") if one.strip()]
    if not all(re.fullmatch("[45][0-9][0-9]", one) for one in words):
        raise ValueError("use HTTP statuses from 400 to 599, with commas between them")
    return frozenset(map(int, words))


_READERS: Final[Mapping[Kind, Callable[[str, Parameter], Any]]] = {
    Kind.TEXT: _read_text,
    Kind.SECRET: _read_text,
    Kind.CHOICE: _read_choice,
    Kind.FLAG: _read_flag,
    Kind.NUMBER: _read_number,
    Kind.PATH: _read_path,
    Kind.PATHS: _read_paths,
    Kind.TEST: _read_test,
    Kind.CODES: _read_codes,
    Kind.STATES: _read_states,
    Kind.STATUSES: _read_statuses,
}


def _assignment(text: str) -> tuple[Path, str] | None:
    if not text:
        return None
    place, colon, value = text.partition(":")
    if not colon:
        raise ValueError("unicode: write a field and its value, such as type:unicode.")
    return _field_path("unicode", place), value
