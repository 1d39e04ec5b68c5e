"""An operator's own codes on a route: what each means in plain words, and whether what it refused is tried again.

Codes are written as gateways give them: `err:032` (the error of a receipt), `0x0401` (the status of a refusal, SMPP 3.4
§5.1.3 leaves 0x0400–0x04FF to operators), or a provider's own, such as `30007`. What is common to all operators needs
no entry: gateways know it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.errors import InputError
from engine.model import DAY_US, FAIL_SENTENCES, SECOND_US, FailReason
from engine.routes.csv_files import MAX_VALUE, RowProblem, plain_cell, read_rows, write_rows
from engine.store import Reader, Row, Rows, Tx

MOST_CODES: Final = 500
"""Entries of one route."""
CODE_LENGTH: Final = 40
MEANING_LENGTH: Final = 160
SEEN_DISPATCHES: Final = 20
"""Codes seen lately are looked for in so many of the newest dispatches with failures."""
SEEN_US: Final = 7 * DAY_US
SEEN_FRESH_US: Final = 10 * SECOND_US
SEEN_MOST: Final = 50
SEEN_WORDS: Final = 200
"""Different words of an operator that are looked through in one dispatch, the most frequent first."""
RECEIPT_CODE: Final = "err:"
REASONS: Final = tuple(
    reason
    for reason in FailReason
    if reason not in (FailReason.CANCELLED, FailReason.OPTED_OUT, FailReason.CONNECTION_LOST, FailReason.NO_RECEIPT)
)
"""What an operator can mean; the others are ours to say."""
COLUMNS: Final = ("code", "meaning", "reason", "retry")
_NEEDED: Final = COLUMNS[:3]
_STATUS: Final = re.compile(r"0x([0-9a-f]{1,8})", re.IGNORECASE)
_YES: Final = frozenset({"yes", "true", "1", "y"})
_NO: Final = frozenset({"no", "false", "0", "n", ""})
_NAMED: Final = re.compile(r"err:[!-~]*[1-9A-Za-z][!-~]*|0x[0-9A-Fa-f]{1,8}")
"""Codes that say what they are; an error of zeros only is none."""
_PLAIN: Final = re.compile(r"(?=.*[0-9_])[!-~]{1,40}")
"""A provider's own code, when it comes first: it has a digit or an underscore."""
_WORDS: Final = 3
"""A code is looked for among so many of an operator's first words: `stat:UNDELIV err:032`."""


@dataclass(frozen=True, slots=True)
class Code:
    """`meaning` is shown to customers; empty: the sentence of the reason is. `retry`: what was refused with it is
    submitted again instead of failing."""

    code: str
    meaning: str
    reason: FailReason
    retry: bool = False

    @property
    def sentence(self) -> str:
        return self.meaning or FAIL_SENTENCES[self.reason][0]


@dataclass(frozen=True, slots=True)
class CodeFile:
    """`codes` are whole only when there are no problems."""

    codes: tuple[Code, ...]
    problems: tuple[RowProblem, ...]


def code_table(reader: Reader, route_id: int) -> dict[str, Code]:
    """The route's entries by code; a handful of rows by their key, cheap enough for every batch."""
    return {row["code"]: _code(row) for row in reader.all("routes.codes", route_id)}


def entries(reader: Reader, route_id: int) -> Rows:
    """code, meaning, reason, retry, changed_us, member_name; by code."""
    return reader.all("routes.code_entries", route_id)


def change(
    tx: Tx, route_id: int, *, put: Sequence[Code], drop: Collection[str], member_id: int | None, now_us: int
) -> str:
    """Adds or changes `put`, removes `drop`; returns what that changed in words, empty when nothing.

    InputError names the code that is wrong, or says that there would be too many.
    """
    before = code_table(tx, route_id)
    wanted = {entry.code: entry for entry in map(checked, put)}
    dropped = [code for code in map(normal, drop) if code in before and code not in wanted]
    changed = {code: entry for code, entry in wanted.items() if before.get(code) != entry}
    if len(before.keys() | wanted.keys()) - len(dropped) > MOST_CODES:
        raise _invalid("Codes", f"a route can have {MOST_CODES} at most.", "Remove those that are not used.")
    if dropped:
        tx.bulk("routes.drop_codes", pl.DataFrame({"code": dropped}), route_id)
    if changed:
        tx.bulk("routes.put_codes", _frame(list(changed.values())), route_id, now_us, member_id)
    words = [_change_words(before.get(code), entry) for code, entry in changed.items()]
    return "; ".join([*words, *(f"{code} removed" for code in dropped)])


def checked(entry: Code) -> Code:
    """The entry as it is kept; InputError says what is wrong with it."""
    code, meaning = normal(entry.code), entry.meaning.strip()
    if not code or len(code) > CODE_LENGTH or not code.isascii() or not code.isprintable() or " " in code:
        remedy = f"Use 1–{CODE_LENGTH} letters, digits and signs without spaces, such as err:032, 0x0401 or 30007."
        raise _invalid("Code", f"“{code[:CODE_LENGTH]}” cannot be one.", remedy)
    if len(meaning) > MEANING_LENGTH or not meaning.isprintable():
        raise _invalid("Meaning", "too long, or more than one line.", f"Use at most {MEANING_LENGTH} characters.")
    if entry.reason not in REASONS:
        raise _invalid("Reason", f"an operator cannot say “{entry.reason.value}”.", "Choose another one.")
    if entry.retry and code.startswith(RECEIPT_CODE):
        problem = f"{code} comes with a receipt: the operator has tried already, and says so for good."
        raise _invalid("Try again", problem, "Only what was refused at once can be submitted again.")
    return Code(code, meaning, entry.reason, entry.retry)


def normal(code: str) -> str:
    """As gateways write it: "ERR:032" → "err:032", "0x401" → "0x0401"; others as they are."""
    code = code.strip()
    status = _STATUS.fullmatch(code)
    if status:
        return f"0x{int(status[1], 16):04X}"
    if code[: len(RECEIPT_CODE)].lower() == RECEIPT_CODE:
        return RECEIPT_CODE + code[len(RECEIPT_CODE) :]
    return code


def code_in(detail: str) -> str:
    """The code in an operator's words as gateways give them, such as `err:032` of “stat:UNDELIV err:032”, `0x000B` of
    “0x0B phone number not valid” and `21211` of “HTTP 400 21211 Invalid”; empty when there is none."""
    words = detail.split(maxsplit=_WORDS + 2)
    words = words[2:] if words[:1] == ["HTTP"] else words
    found = next((word for word in words[:_WORDS] if _NAMED.fullmatch(word)), "")
    if not found and words and _PLAIN.fullmatch(words[0]) and not words[0].startswith(RECEIPT_CODE):
        found = words[0]
    return normal(found)


class SeenCodes:
    """Codes that came with failures lately, by route; counted anew every few seconds at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[int, tuple[int, Rows]] = {}

    def without_entry(self, reader: Reader, route_id: int, *, now_us: int) -> Rows:
        """Of the newest dispatches over the route's own gateway, those that have no entry: code, messages, last_us,
        detail (the operator's words of one of them), reason; the most frequent first.

        Told from what the operator said with each message, so of the last week and the newest 20 dispatches only.
        """
        with self._lock:
            read_us, rows = self._found.get(route_id, (-SEEN_FRESH_US, []))
            if not 0 <= now_us - read_us < SEEN_FRESH_US:
                rows = _seen(reader, route_id, now_us)
                self._found[route_id] = (now_us, rows)
        known = code_table(reader, route_id)
        return [row for row in rows if row["code"] not in known][:SEEN_MOST]


def _seen(reader: Reader, route_id: int, now_us: int) -> Rows:
    found: dict[str, Row] = {}
    for run in reader.all("routes.failing_dispatches", route_id, now_us - SEEN_US, SEEN_DISPATCHES):
        last = run["first_message"] + run["recipients"] - 1
        for row in reader.all("routes.words_of_dispatch", run["first_message"], last, run["id"], SEEN_WORDS):
            code = code_in(row["detail"])
            if not code:
                continue
            kept = found.setdefault(code, row | {"code": code, "messages": 0})
            kept["messages"] += row["messages"]
            kept["last_us"] = max(kept["last_us"], row["last_us"])
    return sorted(found.values(), key=lambda row: (-row["messages"], row["code"]))


def read_codes(data: bytes) -> CodeFile:
    """A CSV file with the columns code, meaning, reason (such as absent), and retry (yes or no) if it has that.

    Raises InputError("codes_file") for what is no such file at all.
    """
    found: dict[str, Code] = {}
    problems: list[RowProblem] = []
    for number, cells in read_rows(data, _NEEDED, _refusal):
        judged = _judge(cells, found)
        if isinstance(judged, str):
            problems.append(RowProblem(number, _shown(cells), judged))
        else:
            found[judged.code] = judged
    return CodeFile(tuple(found.values()), tuple(problems))


def write_codes(codes: Sequence[Code]) -> bytes:
    """As `read_codes` takes them."""
    return write_rows(
        COLUMNS, ((one.code, one.meaning, one.reason.value, "yes" if one.retry else "no") for one in codes)
    )


def _judge(cells: Mapping[str, str], known: Collection[str]) -> Code | str:
    """The entry of a row, or what is wrong with it."""
    reason, retry = cells["reason"].strip().lower().replace(" ", "_"), cells.get("retry", "").lower()
    if reason not in [one.value for one in REASONS]:
        return f"The reason has to be one of: {', '.join(one.value for one in REASONS)}."
    if retry not in _YES | _NO:
        return "The column retry holds yes or no."
    try:
        entry = checked(
            Code(plain_cell(cells["code"]), plain_cell(cells["meaning"]), FailReason(reason), retry in _YES)
        )
    except InputError as error:
        return error.message
    return "This code is in an earlier row. Keep one." if entry.code in known else entry


def _shown(cells: Mapping[str, str]) -> str:
    return ", ".join(cells[name] for name in COLUMNS if cells.get(name))[:MAX_VALUE]


def _code(row: Row) -> Code:
    return Code(row["code"], row["meaning"], FailReason(row["reason"]), row["retry"])


def _frame(codes: Sequence[Code]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "code": [one.code for one in codes],
            "meaning": [one.meaning for one in codes],
            "reason": [one.reason.value for one in codes],
            "retry": [one.retry for one in codes],
        }
    )


def _change_words(before: Code | None, after: Code) -> str:
    return f"{after.code} {'added' if before is None else f'{_words(before)} →'} {_words(after)}"


def _words(entry: Code) -> str:
    return f"“{entry.sentence}” ({entry.reason.value}{', tried again' if entry.retry else ''})"


def _refusal(problem: str) -> InputError:
    return InputError("codes_file", problem=problem)


def _invalid(field: str, problem: str, remedy: str) -> InputError:
    return InputError("invalid", field=field, problem=problem, remedy=remedy)
