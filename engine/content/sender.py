"""Sender ID → what is wrong with it."""

from __future__ import annotations

import re
from typing import Final

from engine.content.sentences import shown

MIN_SENDER_CHARACTERS: Final = 3
"""Operators take 3 to 11 characters; the most is a setting of the route."""

GENERIC_SENDERS: Final = frozenset({"info", "verify", "alert"})
"""Names that operators refuse because anybody could be meant."""

# Digits and letters that pass for others, so that "PayPa1" is found out.
_SENDER_LOOKALIKES: Final = str.maketrans("013578i|", "olestbll")
_NOT_SENDER: Final = re.compile(r"[^A-Za-z0-9 &._-]")
_SENDER_GAPS: Final = re.compile(r"[ &._-]+")


def check_sender(value: str, *, max_length: int = 10, protected: frozenset[str] = frozenset()) -> str | None:
    """What is wrong with a sender ID, as the {problem} of the error "sender"; None when it may be used.

    `protected` are brands nobody may pose as: refused as a whole, as one word of several, and with 0 for o, 1 for l.
    """
    return _form_problem(value, max_length) or _name_problem(value, protected)


def _form_problem(value: str, max_length: int) -> str | None:
    wrong = _NOT_SENDER.search(value)
    problems = {
        "it is empty. Enter your brand name.": not value.strip(),
        "it begins or ends with a space. Remove the space.": value != value.strip(),
        f"“{shown(wrong[0]) if wrong else ''}” is not allowed. Use letters, digits, spaces and & . _ - only.": wrong,
        f"it has {len(value)} characters; the most is {max_length}. Shorten it.": len(value) > max_length,
        f"it has {len(value)} characters; operators want at least {MIN_SENDER_CHARACTERS}. Lengthen it.": (
            len(value) < MIN_SENDER_CHARACTERS
        ),
        "it has no letter. Add at least one.": not any(character.isalpha() for character in value),
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _name_problem(value: str, protected: frozenset[str]) -> str | None:
    whole = _sender_skeleton(value)
    if whole in map(_sender_skeleton, GENERIC_SENDERS):
        return "operators refuse names this general. Use your brand name."
    names = {whole, *map(_sender_skeleton, _SENDER_GAPS.split(value))}
    if not names.isdisjoint(map(_sender_skeleton, protected)):
        return "this brand is protected. Use your own name, or ask staff if it is yours."
    return None


def _sender_skeleton(value: str) -> str:
    return _SENDER_GAPS.sub("", value).lower().translate(_SENDER_LOOKALIKES)
