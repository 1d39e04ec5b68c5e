"""Which route carried what was sold over another, and what the operators' own codes say in plain words.

Both are rare, so they are looked up for the rows that need them: two more joins would slow every page by a fifth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from engine.accounts.limits import limits_of
from engine.model import MessageState
from engine.routes import code_in
from engine.store import Reader, Row, Rows

ANOTHER: Final = "another route"
"""What customers read of a route that they cannot choose."""
EXPLAINED: Final = (MessageState.FAILED.value, MessageState.EXPIRED.value)
Meanings = dict[tuple[int, str], str]
"""(route whose gateway carried it, the operator's code) → words."""


def add_carriers(reader: Reader, rows: Rows, *, to_operator: bool) -> Rows:
    """Adds `carried_by` to rows of messages or dispatches: the route whose gateway carried them, empty for their own.
    Customers read the name of a route that they could choose, and “another route” otherwise."""
    carried = [row for row in rows if row["carrier_id"] is not None]
    names = {} if not carried else {row["id"]: row for row in reader.all("history.route_names")}
    for row in rows:
        row["carried_by"] = ""
    for row in carried:
        row["carried_by"] = _name(reader, row, names.get(row["carrier_id"]), to_operator=to_operator)
    for row in rows:
        del row["carrier_id"]
    return rows


def _name(reader: Reader, row: Row, route: Row | None, *, to_operator: bool) -> str:
    if route is None:
        return ANOTHER
    if to_operator:
        return route["name"]
    chosen = route["enabled"] and limits_of(reader, row["account_id"]).allows_route(route["id"])
    return route["name"] if chosen else ANOTHER


def meanings_of(reader: Reader, rows: Iterable[Row]) -> Meanings:
    """The words of every code that may be needed for these rows of messages."""
    routes = {_carrier(row) for row in rows if row["state"] in EXPLAINED and row["detail"]}
    if not routes:
        return {}
    found = reader.all("history.code_meanings", sorted(routes))
    return {(row["route_id"], row["code"]): row["meaning"] for row in found}


def meaning_of(row: Row, meanings: Meanings) -> str:
    """What the operator's code of a message says to customers; empty when nobody has explained it."""
    if row["state"] not in EXPLAINED or not row["detail"]:
        return ""
    return meanings.get((_carrier(row), code_in(row["detail"])), "")


def with_carriers(reader: Reader, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `carried_by` to a table for the operator; null for what its own route carried."""
    names = reader.frame("history.route_names").select(carrier_id="id", carried_by="name")
    return frame.join(names, on="carrier_id", how="left", maintain_order="left")


def with_meanings(reader: Reader, frame: pl.DataFrame) -> pl.DataFrame:
    """Puts the words of codes in the place of `sentence`."""
    carrier = pl.coalesce("carrier_id", "route_id").alias("carrier")
    meanings = reader.frame("history.code_meanings", frame.select(carrier.unique())["carrier"].to_list())
    if meanings.is_empty():
        return frame
    said = frame.filter(pl.col("state").is_in(EXPLAINED))["detail"].drop_nulls().unique()
    codes = {detail: code_in(detail) for detail in said}
    code = pl.when(pl.col("state").is_in(EXPLAINED)).then(
        pl.col("detail").replace_strict(codes, default=None, return_dtype=pl.String)
    )
    return (
        frame.with_columns(carrier, code.alias("code"))
        .join(meanings.rename({"route_id": "carrier"}), on=["carrier", "code"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("meaning", "sentence").alias("sentence"))
    )


def _carrier(row: Row) -> int:
    return row["route_id"] if row["carrier_id"] is None else row["carrier_id"]
