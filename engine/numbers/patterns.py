"""Regular expressions of numbering plans, compiled once and asked only when they can match.

Compiling is nine tenths of the time to read a worldwide list with `phonenumbers`: Python's `re` remembers 512 patterns,
the plans of the world have more than a thousand. Half of them need not be compiled at all: a pattern for landlines that
start with 1 or 2 is never asked about a mobile that starts with 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from phonenumbers import PhoneNumberDesc

Matcher = Callable[[str], object]
"""Anything true for a number that matches."""

NOTHING: Final = "(?!)"
"""Pattern that matches nothing."""

compiled: Final = cache(re.compile)
"""As `re.compile`, but forgets nothing. Only for patterns of the metadata: there are some 1,500."""

_ANY_DIGIT: Final = frozenset("0123456789")
_PART: Final = re.compile(r"\(\?:|\)|\||\[[0-9-]+\]|\\d|[0-9]|\?|\{[1-9][0-9,]*\}")
_ONLY_PARTS: Final = re.compile(f"(?:{_PART.pattern})+")


def never(_number: str) -> None:
    """The matcher that matches nothing."""


def whole(desc: PhoneNumberDesc | None, first: str, digits: int) -> Matcher:
    """Matcher for whole numbers of this description that start with the digit `first` and are `digits` long."""
    if desc is None or not desc.national_number_pattern:
        return never
    if desc.possible_length and digits not in desc.possible_length:
        return never
    if first not in first_digits(desc.national_number_pattern):
        return never
    return compiled(desc.national_number_pattern).fullmatch


@cache
def first_digits(pattern: str) -> frozenset[str]:
    """Digits that a number matching `pattern` can start with; all ten where that is not plain to see."""
    if not _ONLY_PARTS.fullmatch(pattern):
        return _ANY_DIGIT
    found: set[str] = set()
    groups = [True]  # for each open group: nothing comes before it
    at_start = was_at_start = True
    for part in _PART.findall(f"{pattern}|"):
        if (at_start and part in {"|", ")"}) or (was_at_start and part == "?"):
            return _ANY_DIGIT  # empty, or optional: then the digits that follow count too
        if part == "(?:":
            groups.append(at_start)
        elif part == "|":
            at_start = groups[-1]
        elif part == ")":
            at_start, was_at_start = False, groups.pop()
        elif part[0] not in "?{":
            if at_start:
                found |= _digits_of(part)
            at_start, was_at_start = False, at_start
    return frozenset(found)


@cache
def _digits_of(part: str) -> frozenset[str]:
    """ "[2-4]" → 2, 3, 4."""
    return frozenset(filter(re.compile(part).fullmatch, _ANY_DIGIT))
