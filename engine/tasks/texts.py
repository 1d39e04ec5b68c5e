"""The text of each recipient, counted and checked; rows whose own text cannot be sent are found out one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import polars as pl

from engine import content, parts
from engine.errors import InputError
from engine.recipients import FIELD_PREFIX, is_blank
from engine.routes import Route


class TextReason(StrEnum):
    """Why a row is not sent to although its number could be."""

    CONTENT = "content"
    """Its text breaks a rule of the route."""
    NO_TEXT = "no_text"
    TOO_LONG = "text_too_long"
    EMPTY_VALUE = "empty_value"
    """A placeholder has no value in this row; left out only when asked for."""


REFUSED_SCHEMA: Final[dict[str, Any]] = {
    "row": pl.Int32,
    "value": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}
"""Rows with their number, the number sent to, a TextReason and the sentence that says what offends."""

OWN_TEXT: Final = "own_text"
"""A column of recipients who get a text of their own as it stands; no column of a file is called so."""

NOTHING_REFUSED: Final = pl.DataFrame(schema=REFUSED_SCHEMA)


class Texts(NamedTuple):
    """`frame` is what was given, without refused rows, with content (null: the same for all), sms and parts."""

    frame: pl.DataFrame
    refused: pl.DataFrame
    gaps: int
    """Rows of `frame` in which a placeholder has no value."""


class Fault(NamedTuple):
    reason: TextReason
    detail: str


def texts_of(
    template: str,
    names: Mapping[str, str],
    frame: pl.DataFrame,
    route: Route,
    *,
    skip_refused: bool,
    skip_empty: bool,
) -> Texts:
    """`names` are placeholder → column of `frame`; a frame with OWN_TEXT needs none.

    Raises InputError("content") for a text that may not be sent, unless it is a row's own and `skip_refused`: then the
    row is refused instead. One row has to remain.
    """
    own = frame[OWN_TEXT].to_list() if OWN_TEXT in frame.columns else None
    if not names and own is None:
        return Texts(_same_for_all(template, frame, route), NOTHING_REFUSED, 0)
    columns = {name: frame[FIELD_PREFIX + column].to_list() for name, column in names.items()}
    texts = content.fill_many(template, columns, frame.height) if own is None else own
    counts = parts.count_many(texts, route.count_rule)
    faults = dict(_faults(texts, counts, route))
    if faults and not (skip_refused and content.check(template, route.rules, template=True).ok):
        raise _first(faults, frame)
    gaps = _gaps(columns, frame.height) - faults.keys()
    if skip_empty:
        faults |= dict.fromkeys(gaps, Fault(TextReason.EMPTY_VALUE, "A name in (( )) has no value in this row."))
        gaps = set[int]()
    filled = frame.with_columns(
        pl.Series("content", texts, dtype=pl.String),
        pl.Series("sms", [count.sms for count in counts], dtype=pl.Int16),
        pl.Series("parts", [count.parts for count in counts], dtype=pl.Int16),
    )
    if not faults:
        return Texts(filled, NOTHING_REFUSED, len(gaps))
    if len(faults) == frame.height:
        raise _first(faults, frame)
    kept = pl.Series([at not in faults for at in range(frame.height)], dtype=pl.Boolean)
    return Texts(filled.filter(kept), _refused(frame, faults), len(gaps))


def _same_for_all(text: str, frame: pl.DataFrame, route: Route) -> pl.DataFrame:
    """One text, checked and counted once."""
    verdict = content.check(text, route.rules)
    count = parts.count(text, route.count_rule)
    fault = _fault(text, verdict, count)
    if fault is not None:
        raise InputError("content", detail=fault.detail)
    return frame.with_columns(
        pl.lit(None, dtype=pl.String).alias("content"),
        pl.lit(count.sms, dtype=pl.Int16).alias("sms"),
        pl.lit(count.parts, dtype=pl.Int16).alias("parts"),
    )


def _faults(texts: Sequence[str], counts: Sequence[parts.Count], route: Route) -> Iterator[tuple[int, Fault]]:
    """(position, what is wrong) of each text that cannot be sent, in order."""
    verdicts = content.check_many(texts, route.rules, suggestions=False)
    for at, (verdict, count) in enumerate(zip(verdicts, counts, strict=True)):
        fault = _fault(texts[at], verdict, count)
        if fault is not None:
            yield at, fault


def _fault(text: str, verdict: content.Verdict, count: parts.Count) -> Fault | None:
    if not verdict.ok:
        return Fault(TextReason.CONTENT, verdict.detail)
    if count.sms == 0 or is_blank(text):
        return Fault(TextReason.NO_TEXT, "it is empty. Fill the column or write something around it.")
    if count.parts > parts.MAX_PARTS:
        detail = f"it is {count.parts} SMS long; the most is {parts.MAX_PARTS}. Shorten it."
        return Fault(TextReason.TOO_LONG, detail)
    return None


def _gaps(columns: Mapping[str, Sequence[str]], height: int) -> set[int]:
    """Positions at which any of the columns is empty or holds nothing that shows."""
    return {at for values in columns.values() for at in range(height) if is_blank(values[at])}


def _first(faults: Mapping[int, Fault], frame: pl.DataFrame) -> InputError:
    at = min(faults)
    return InputError("content", detail=f"row {frame['row'][at]}: {faults[at].detail}")


def _refused(frame: pl.DataFrame, faults: Mapping[int, Fault]) -> pl.DataFrame:
    rows, values = frame["row"], frame["msisdn"]
    listed = [(rows[at], values[at], faults[at].reason.value, faults[at].detail) for at in sorted(faults)]
    return pl.DataFrame(listed, schema=REFUSED_SCHEMA, orient="row")
