"""Text → E.164, region and kind, or a reason. Pure; one value and a whole column give the same verdicts.

    parse("+61 (0)412 345 678")         Number("+61412345678", "AU", NumberKind.MOBILE)
    parse("0412 345 678", "AU")         the same
    parse("0412 345 678")               RowReason.COUNTRY: a country is never guessed
    parse_column(["61412345678", None]) one row each: msisdn, country, kind, reason

Order of the verdicts: what the cell holds (`cells`), where the number belongs (`reading`, from `plans`), whether its
kind gets SMS, whether it is a published test number (`reserved`), whether its country is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
from phonenumbers import PhoneNumberType, example_number_for_type, national_significant_number

from engine.errors import InputError
from engine.model import Number, NumberKind, RowReason
from engine.numbers import cells
from engine.numbers.countries import COUNTRIES, country_name
from engine.numbers.plans import Home, home
from engine.numbers.reading import locate
from engine.numbers.reserved import RESERVED

__all__ = ["BLOCKED", "COLUMNS", "COUNTRIES", "country_name", "parse", "parse_column", "warm"]

BLOCKED: Final = frozenset({"CN"})
"""Regions that are not served: mainland China. Hong Kong, Macao and Taiwan have their own."""

COLUMNS: Final = {"msisdn": pl.String(), "country": pl.String(), "kind": pl.String(), "reason": pl.String()}
"""Schema of `parse_column`: either the first three are set, or the last."""

_Verdict = tuple[str, str, NumberKind] | RowReason
_TEXT: Final[dict[str, str]] = {member: member.value for member in (*RowReason, *NumberKind)}


def parse(
    value: object, default_country: str | None = None, *, blocked: frozenset[str] = BLOCKED
) -> Number | RowReason:
    """The number in one cell (text, a number or nothing), or why nothing can be sent to it.

    `default_country` (ISO 3166-1 alpha-2) is whose national format is understood; without it every number needs its
    calling code. Raises `InputError` when there is no such country.
    """
    verdict = _judge(value, _home(default_country), blocked)
    return verdict if isinstance(verdict, RowReason) else Number(*verdict)


def parse_column(
    values: Sequence[object] | pl.Series, default_country: str | None = None, *, blocked: frozenset[str] = BLOCKED
) -> pl.DataFrame:
    """`parse` of every value: same length and order, columns of `COLUMNS`, `reason` the value of a RowReason."""
    at_home = _home(default_country)
    msisdns: list[str | None] = []
    countries: list[str | None] = []
    kinds: list[str | None] = []
    reasons: list[str | None] = []
    for value in values.to_list() if isinstance(values, pl.Series) else values:
        verdict = _judge(value, at_home, blocked)
        if isinstance(verdict, RowReason):
            msisdn, country, kind, reason = None, None, None, _TEXT[verdict]
        else:
            msisdn, country, kind = verdict
            kind, reason = _TEXT[kind], None
        msisdns.append(msisdn)
        countries.append(country)
        kinds.append(kind)
        reasons.append(reason)
    return pl.DataFrame(dict(zip(COLUMNS, (msisdns, countries, kinds, reasons), strict=True)), schema=COLUMNS)


def warm() -> None:
    """Compiles every country's plan now (about 0.2 s), so that the first upload of a server does not wait for it."""
    examples = (example_number_for_type(country, PhoneNumberType.MOBILE) for country in COUNTRIES)
    parse_column([f"+{found.country_code}{national_significant_number(found)}" for found in examples if found])


def _home(default_country: str | None) -> Home | None:
    if not default_country:
        return None
    country = default_country.upper()
    if country not in COUNTRIES:
        raise InputError(
            "invalid",
            field="Default country",
            problem=f"“{default_country}” is not the code of a country.",
            remedy="Use two letters, such as AU.",
        )
    return home(country)


def _judge(value: object, at_home: Home | None, blocked: frozenset[str]) -> _Verdict:
    text = cells.read(value)
    if isinstance(text, RowReason):
        return text
    located = locate(text, at_home)
    if isinstance(located, RowReason):
        return located
    msisdn, region, kind = located
    if isinstance(kind, RowReason):
        return kind
    if msisdn in RESERVED:
        return RowReason.TEST_RANGE
    return RowReason.BLOCKED_COUNTRY if region in blocked else (msisdn, region, kind)
