"""Digits → the number they mean and where it belongs, as `phonenumbers.parse` and `is_valid_number` read them."""

from __future__ import annotations

from typing import Final

from engine.model import NumberKind, RowReason
from engine.numbers.plans import MAX_CALLING_CODE_DIGITS, NO_COUNTRY, CallingCode, Home, Region, calling_code_of

MIN_NATIONAL_DIGITS: Final = 2
"""libphonenumber reads no fewer, without the calling code. The most it reads, 17, no plan has: too long anyway."""

Located = tuple[str, str, NumberKind | RowReason]
"""A number in use: E.164 with plus, its region, its kind or the reason why that kind gets no SMS."""
_NOBODY_AT_HOME: Final = frozenset({RowReason.TOO_LONG, RowReason.NOT_ASSIGNED})


def locate(text: str, home: Home | None) -> Located | RowReason:
    """Digits with an optional leading plus → the number in use, or why there is none: `too_short`, `too_long`,
    `country`, `not_assigned`. Without plus they are read as international without `home`, or where there is no such
    number at home but a mobile abroad."""
    if text[0] == "+":
        return _international(text[1:], home)
    if home is None:
        return _international(text.removeprefix("00"), None)
    verdict = _national(text, home)
    if not isinstance(verdict, RowReason):
        return verdict
    abroad: Located | RowReason = verdict
    if text.startswith("00"):
        # 00 stands for plus also where people dial out differently, as long as that gives a number in use.
        abroad = _international(text.removeprefix("00"), None)
    elif text[0] != "0" and verdict in _NOBODY_AT_HOME and len(text) not in home.plan.mobile_lengths:
        # Lists are often exported with full numbers and no plus. One as long as a mobile at home may be mistyped.
        abroad = _international(text, None)
        if not isinstance(abroad, RowReason) and abroad[2] is not NumberKind.MOBILE:
            return verdict
    return verdict if isinstance(abroad, RowReason) else abroad


def _international(digits: str, home: Home | None) -> Located | RowReason:
    """Digits that start with a calling code. Like the library, what comes after a needless plus ("+0061…") may
    still be understood at home."""
    if len(digits) <= MIN_NATIONAL_DIGITS:
        return RowReason.TOO_SHORT
    code = calling_code_of(digits[:MAX_CALLING_CODE_DIGITS])
    if code is not None:
        return _conclude(code, digits[len(code.prefix) :], code.main)
    split = _split_at_home(digits, home) if home else None
    return RowReason.COUNTRY if split is None else _conclude_split(split)


def _national(digits: str, home: Home) -> Located | RowReason:
    """Digits as people of that country write them."""
    split = _split_at_home(digits, home)
    return _conclude(home.code, digits, home.plan) if split is None else _conclude_split(split)


def _split_at_home(digits: str, home: Home) -> tuple[CallingCode, str] | RowReason | None:
    """Calling code and national number of digits that dial out or repeat the country's own calling code without
    plus; None when they are national."""
    abroad = home.plan.after_dialling_out(digits)
    if abroad is not None:
        if len(abroad) <= MIN_NATIONAL_DIGITS:
            return RowReason.TOO_SHORT
        code = calling_code_of(abroad[:MAX_CALLING_CODE_DIGITS])
        return RowReason.COUNTRY if code is None else (code, abroad[len(code.prefix) :])
    if not digits.startswith(home.code.prefix):
        return None
    number = home.plan.without_trunk(digits[len(home.code.prefix) :])
    better = not home.plan.matches(digits) and home.plan.matches(number)
    too_long = home.plan.length_fault(digits) is RowReason.TOO_LONG
    return (home.code, number) if better or too_long else None


def _conclude_split(split: tuple[CallingCode, str] | RowReason) -> Located | RowReason:
    return split if isinstance(split, RowReason) else _conclude(*split, split[0].main)


def _conclude(code: CallingCode, number: str, plan: Region) -> Located | RowReason:
    """The number once its calling code is known; `plan` knows the prefixes that may still stand before it."""
    if len(number) < MIN_NATIONAL_DIGITS:
        return RowReason.TOO_SHORT
    shorter = plan.without_trunk(number)
    if shorter != number and plan.length_fault(shorter) in {None, RowReason.TOO_LONG}:
        number = shorter
    if code.main.id == NO_COUNTRY:
        return f"+{code.prefix}{number}", NO_COUNTRY, RowReason.NOT_A_COUNTRY
    found = code.find(number)
    if found is None:
        return code.main.length_fault(number) or RowReason.NOT_ASSIGNED
    region, kind = found
    return f"+{code.prefix}{number}", region, kind
