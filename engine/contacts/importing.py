"""A recipients file as contacts of a list: whose columns they take, and their values as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from engine import content
from engine.contacts.limits import COLUMNS_MOST, FIELD_LENGTH
from engine.errors import InputError
from engine.model import RowReason
from engine.recipients import FIELD_PREFIX, RecipientFile
from engine.store import Rows


class ImportMode(StrEnum):
    ADD = "add"
    """Numbers the list does not have; those it has stay as they are."""
    UPDATE = "update"
    """As `add`, and the file's values replace those of contacts that are there."""
    REPLACE = "replace"
    """The list becomes the file."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: contacts `added`, `updated`, left as they were (`known`) or `removed`; rows of the file that
    repeat a number (`duplicates`) or cannot be sent to (`rejected`, duplicates not counted); values that were too
    long and `cut`; `contacts` in the list now."""

    added: int
    updated: int
    known: int
    removed: int
    duplicates: int
    rejected: int
    cut: int
    contacts: int


DUPLICATE: Final = RowReason.DUPLICATE.value
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def refused_rows(file: RecipientFile) -> tuple[int, int]:
    """(duplicates, other rejected rows) of a file."""
    duplicates = file.summary.get(DUPLICATE, 0)
    return duplicates, file.rejected.height - duplicates


def cut_values(file: RecipientFile) -> int:
    """How many values are longer than is kept."""
    return sum(int((file.field(name).str.len_chars() > FIELD_LENGTH).sum()) for name in file.columns)


def merged_columns(known: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The list's columns with those of the file that it lacks; names match as they do in a text's ((name))."""
    keys = {content.placeholder_key(name) for name in known}
    columns = [*known, *(name for name in given if content.placeholder_key(name) not in keys)]
    if len(columns) > COLUMNS_MOST:
        raise InputError(
            "invalid",
            field="File",
            problem=f"the list would have {len(columns)} columns; the most is {COLUMNS_MOST}.",
            remedy="Delete the columns you do not need in messages.",
        )
    return tuple(columns)


def as_contacts(file: RecipientFile, columns: Sequence[str]) -> pl.DataFrame:
    """msisdn, country, kind, fields of every accepted row; `fields` in the order of `columns`."""
    return file.frame.select(
        pl.col("msisdn").str.slice(1).cast(pl.Int64),
        pl.col("country"),
        pl.col("kind"),
        pl.Series("fields", [encoded(values) for values in _rows(file, columns)], dtype=pl.String),
    )


def updated_fields(known: Rows, file: RecipientFile, columns: Sequence[str]) -> pl.DataFrame:
    """id and fields of contacts the list has, with the file's values; columns the file lacks keep theirs."""
    given = _by_key(file.columns)
    places = [place for place, name in enumerate(columns) if content.placeholder_key(name) in given]
    msisdns = file.frame["msisdn"].str.slice(1).cast(pl.Int64)
    values = dict(zip(msisdns, _rows(file, columns), strict=True))
    old = decoded_all([row["fields"] for row in known], len(columns))
    fields = [_with(kept, values[row["msisdn"]], places) for row, kept in zip(known, old, strict=True)]
    return pl.DataFrame({"id": [row["id"] for row in known], "fields": fields}, {"id": pl.Int64, "fields": pl.String})


def encoded(values: Sequence[str]) -> str:
    """A JSON array; empty values at its end are left out."""
    last = max((place for place, value in enumerate(values, 1) if value), default=0)
    return _ENCODE(list(values[:last]))


def decoded(fields: str, count: int) -> list[str]:
    """`count` texts of a JSON array that may be shorter."""
    return decoded_all([fields], count)[0]


def decoded_all(fields: Iterable[str], count: int) -> list[list[str]]:
    """`decoded` of many, read as one JSON text: ten times as fast."""
    rows: list[list[str]] = json.loads(f"[{','.join(fields)}]")
    return [[*values, *[""] * (count - len(values))] for values in rows]


def field_columns(fields: pl.Series, columns: Sequence[str]) -> list[pl.Series]:
    """A column per name, as a RecipientFile has them, from the JSON arrays of contacts."""
    rows = decoded_all(fields, len(columns))
    return [
        pl.Series(FIELD_PREFIX + name, [row[place] for row in rows], dtype=pl.String)
        for place, name in enumerate(columns)
    ]


def _rows(file: RecipientFile, columns: Sequence[str]) -> list[tuple[str, ...]]:
    given = _by_key(file.columns)
    empty = pl.Series([""], dtype=pl.String).new_from_index(0, file.frame.height)
    series = [
        file.field(given[key]).fill_null("").str.slice(0, FIELD_LENGTH)
        if (key := content.placeholder_key(name)) in given
        else empty
        for name in columns
    ]
    return list(zip(*series, strict=True)) if series else [()] * file.frame.height


def _by_key(columns: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in columns:
        found.setdefault(content.placeholder_key(name), name)
    return found


def _with(old: list[str], new: Sequence[str], places: Sequence[int]) -> str:
    for place in places:
        old[place] = new[place]
    return encoded(old)
