"""Tables of records: typed columns that sort by value, local times, exact credits, states as chips, a row to open.

Cells are data, never Markdown; what users typed is shown here or in `st.text` only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import polars as pl
import pyarrow as pa
import streamlit as st

from engine.model import MICRO, Actor
from engine.store import Row, Rows
from pages.ui import format as show
from pages.ui.context import on_phone
from pages.ui.status import Looks, chips, look_of

Width = Literal["small", "medium", "large"] | int

CREDIT_DECIMALS: Final = range(2, 7)
TIME_FORMAT: Final = "D MMM YYYY, HH:mm"
CHIP_ROOM: Final = 38
CHIP_LETTER: Final = 7
"""Pixels around a label and for each of its letters."""
NOTHING_PICKED: Final = {"selection": {"rows": [], "columns": [], "cells": []}}


@dataclass(frozen=True, slots=True)
class Column:
    """`value` reads a cell from a row as the polars type `kind` holds it; `config` makes Streamlit's column of it."""

    label: str
    value: Callable[[Row], Any]
    kind: Any
    config: Callable[[pl.Series], Any]
    zone: str | None = None


def text(
    label: str, value: Callable[[Row], str | None], *, width: Width | None = None, phone: Width | None = None
) -> Column:
    """`phone`: narrower there, where a long text would leave no room for what comes after it."""
    shown = phone if phone is not None and on_phone() else width
    return Column(label, value, pl.String, lambda _: st.column_config.TextColumn(label, width=shown))


def number(label: str, value: Callable[[Row], int | None], *, width: Width | None = None) -> Column:
    return Column(label, value, pl.Int64, lambda _: st.column_config.NumberColumn(label, format="%,d", width=width))


def count(label: str, name: str, *, width: Width | None = None) -> Column:
    return number(label, lambda row: row[name], width=width)


def credit(label: str, value: Callable[[Row], int | None], *, width: Width | None = None, sign: bool = False) -> Column:
    """Micro-credits as a number with every decimal any row of the page needs: exact, aligned and sortable.

    `sign`: a change, with its plus; no change is an empty cell.
    """

    def config(cells: pl.Series) -> Any:
        decimals = _decimals(cells)
        plus = "+" if sign else ""
        return st.column_config.NumberColumn(label, format=f"%{plus},.{decimals}f", width=width)

    def cell(row: Row) -> float | None:
        amount_micro = value(row)
        return None if amount_micro is None or (sign and amount_micro == 0) else amount_micro / MICRO

    return Column(label, cell, pl.Float64, config)


def when(label: str, name: str, actor: Actor, *, width: Width | None = None) -> Column:
    zone = show.zone_info(actor.zone).key
    return Column(
        label,
        lambda row: row[name],
        pl.Int64,
        lambda _: st.column_config.DatetimeColumn(label, format=TIME_FORMAT, width=width),
        zone,
    )


def chip(label: str, looks: Looks, name: str) -> Column:
    """As wide as its longest label: of itself a column keeps the width of what it showed first."""
    longest = max(len(look.label) for look in looks.values())
    return Column(
        label,
        lambda row: [look_of(looks, row[name]).label],
        pl.List(pl.String),
        lambda _: chips(label, looks, width=CHIP_ROOM + CHIP_LETTER * longest),
    )


def share(label: str, value: Callable[[Row], float], *, width: Width | None = None) -> Column:
    """A bar of a share from 0 to 1."""
    return Column(
        label,
        lambda row: 100 * value(row),
        pl.Float64,
        lambda _: st.column_config.ProgressColumn(
            label, format="%.1f%%", min_value=0, max_value=100, width=width, color="primary"
        ),
    )


def duration(label: str, name: str) -> Column:
    return text(label, lambda row: show.duration(row[name]))


def account(actor: Actor) -> list[Column]:
    """Whose row it is: a column for operators, none for customers."""
    return [text("Account", lambda row: row["account_name"])] if actor.is_operator else []


def carrier(actor: Actor) -> list[Column]:
    """Which route's gateway carried it, when not its own: a column for operators, none for customers."""
    return [text("Carried by", lambda row: row["carried_by"] or None)] if actor.is_operator else []


def frame_of(rows: Rows, columns: Sequence[Column]) -> pl.DataFrame:
    """A typed frame, also of no rows; instants become wall clocks of the column's zone."""
    series = [pl.Series(column.label, [column.value(row) for row in rows], dtype=column.kind) for column in columns]
    return pl.DataFrame(
        [
            cells.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(column.zone) if column.zone else cells
            for cells, column in zip(series, columns, strict=True)
        ]
    )


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """As the browser reads it; of anything else Streamlit would make a pandas frame first."""
    cells = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    narrow = [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in cells.schema]
    return cells.cast(pa.schema(narrow))


def show_rows(rows: Rows, columns: Sequence[Column], *, key: str, alt: str, **more: Any) -> None:
    """A table to read; `more` goes to `st.dataframe`."""
    frame = frame_of(rows, columns)
    options: dict[str, Any] = {"placeholder": show.NOTHING, "height": "content"} | more
    st.dataframe(
        _arrow(frame),
        key=key,
        hide_index=True,
        alt=alt,
        column_config={column.label: column.config(frame[column.label]) for column in columns},
        **options,
    )


def table(page: str, rows: Rows, columns: Sequence[Column], *, alt: str, **more: Any) -> None:
    """Shows the rows; a click anywhere in one opens it (see `opened`), its id being `row["id"]`.

    `more` goes to `st.dataframe`.
    """
    st.session_state[f"{page}-ids"] = [row["id"] for row in rows]
    if st.session_state.pop(f"{page}-closed", False):
        st.session_state[f"{page}-table"] = NOTHING_PICKED
    show_rows(
        rows,
        columns,
        key=f"{page}-table",
        alt=alt,
        on_select=partial(_pick, page),
        selection_mode="single-cell",
        **more,
    )


def opened(page: str) -> int | None:
    """The id of the row that was opened, by a click or by the address."""
    return st.session_state.get(f"{page}-open")


def open_row(page: str, row_id: int | None) -> None:
    """Opens a row by its id; None closes what is open."""
    if row_id is None:
        close(page)
    else:
        st.session_state[f"{page}-open"] = row_id


def close(page: str) -> None:
    """Nothing is open; the next run of the table lifts the selection, so that the same row can be clicked again."""
    if st.session_state.pop(f"{page}-open", None) is not None:
        st.session_state[f"{page}-closed"] = True


def _pick(page: str) -> None:
    places = [cell[0] for cell in st.session_state[f"{page}-table"]["selection"]["cells"]]
    ids = st.session_state.get(f"{page}-ids", [])
    if places and places[0] < len(ids):
        open_row(page, ids[places[0]])


def _decimals(cells: pl.Series) -> int:
    """The fewest decimals (2 to 6) that show every amount in full."""
    micros = [round(value * MICRO) for value in cells.drop_nulls()]
    return next(
        (places for places in CREDIT_DECIMALS if all(micro % 10 ** (6 - places) == 0 for micro in micros)),
        CREDIT_DECIMALS[-1],
    )
