"""Records as files: CSV that no spreadsheet runs as formulas, XLSX, and Parquet with types.

In CSV credits are exact decimals, times ISO 8601 in the reader's zone, numbers digits without plus. XLSX has the same
cells with credits as numbers where 15 digits hold them, Parquet has decimals and zoned timestamps.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import polars as pl
import xlsxwriter  # pyright: ignore[reportMissingTypeStubs]  it ships none

from engine.errors import InputError
from engine.history.carriers import with_meanings
from engine.history.filters import RecordFilter, one_of, zone_of
from engine.history.message_query import MessageQuery
from engine.history.movements import movement_query
from engine.history.records import dispatch_query, task_query
from engine.history.words import STAFF, explain, movement_words
from engine.model import MICRO, OPERATOR_ROLES, FailReason, MovementKind
from engine.store import Reader

MAX_EXPORT_ROWS: Final = 200_000
MAX_XLSX_ROWS: Final = 50_000
"""A spreadsheet takes 0.1 ms a row of processor time that sending needs; CSV takes a thirtieth."""
XLSX_EXACT_MICRO: Final = 10**15
"""A spreadsheet keeps 15 digits of a number; larger amounts are written as text."""

_FORMULA_START: Final = r"^[=+\-@\t\r\n＝＋－＠]"
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""


class ExportFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class Cell(StrEnum):
    """What a column holds, which decides how each format writes it."""

    TEXT = "text"
    COUNT = "count"
    CREDITS = "credits"
    TIME = "time"


Columns = Mapping[str, tuple[str, Cell]]
"""Heading in the file → column of the records and what it holds."""

OnProgress = Callable[[int, int], None]
"""Is told the rows that are done and all there are."""
SLICE_ROWS: Final = 2_000
"""Rows written between two calls of OnProgress; other threads get their turn there."""

MESSAGE_COLUMNS: Final[Columns] = {
    "message_id": ("id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "task_id": ("task_id", Cell.COUNT),
    "task": ("task_name", Cell.TEXT),
    "row": ("row_number", Cell.COUNT),
    "number": ("number", Cell.TEXT),
    "country": ("country", Cell.TEXT),
    "route": ("route_name", Cell.TEXT),
    "sender_id": ("sender", Cell.TEXT),
    "text": ("text", Cell.TEXT),
    "sms": ("sms", Cell.COUNT),
    "parts": ("parts", Cell.COUNT),
    "status": ("state", Cell.TEXT),
    "reason": ("sentence", Cell.TEXT),
    "next_step": ("next_step", Cell.TEXT),
    "price": ("price_micro", Cell.CREDITS),
    "held": ("held_micro", Cell.CREDITS),
    "charged": ("charged_micro", Cell.CREDITS),
    "accepted": ("created_us", Cell.TIME),
    "submitted": ("submitted_us", Cell.TIME),
    "final": ("final_us", Cell.TIME),
    "later_receipt": ("late_state", Cell.TEXT),
}
TASK_COLUMNS: Final[Columns] = {
    "task_id": ("id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "task": ("name", Cell.TEXT),
    "status": ("state", Cell.TEXT),
    "route": ("route_name", Cell.TEXT),
    "sender_id": ("sender", Cell.TEXT),
    "text": ("content", Cell.TEXT),
    "file": ("file_name", Cell.TEXT),
    "member": ("member_name", Cell.TEXT),
    "recipients": ("recipients", Cell.COUNT),
    "rejected_rows": ("rejected_rows", Cell.COUNT),
    "sms": ("sms", Cell.COUNT),
    "parts": ("parts", Cell.COUNT),
    "submitted": ("submitted", Cell.COUNT),
    "delivered": ("delivered", Cell.COUNT),
    "failed": ("failed", Cell.COUNT),
    "expired": ("expired", Cell.COUNT),
    "cancelled": ("cancelled", Cell.COUNT),
    "in_doubt": ("in_doubt", Cell.COUNT),
    "delivered_late": ("late_delivered", Cell.COUNT),
    "held": ("held_micro", Cell.CREDITS),
    "charged": ("charged_micro", Cell.CREDITS),
    "returned": ("returned_micro", Cell.CREDITS),
    "accepted": ("created_us", Cell.TIME),
    "due": ("due_us", Cell.TIME),
    "started": ("started_us", Cell.TIME),
    "finished": ("finished_us", Cell.TIME),
    "stopped_because": ("stop_reason", Cell.TEXT),
}
DISPATCH_COLUMNS: Final[Columns] = {
    "dispatch_id": ("id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "task_id": ("task_id", Cell.COUNT),
    "task": ("task_name", Cell.TEXT),
    "status": ("state", Cell.TEXT),
    "route": ("route_name", Cell.TEXT),
    "messages": ("messages", Cell.COUNT),
    "submitted": ("submitted", Cell.COUNT),
    "delivered": ("delivered", Cell.COUNT),
    "failed": ("failed", Cell.COUNT),
    "held": ("held_micro", Cell.CREDITS),
    "charged": ("charged_micro", Cell.CREDITS),
    "returned": ("returned_micro", Cell.CREDITS),
    "started": ("started_us", Cell.TIME),
    "finished": ("finished_us", Cell.TIME),
}
MOVEMENT_COLUMNS: Final[Columns] = {
    "movement_id": ("id", Cell.COUNT),
    "account": ("account_name", Cell.TEXT),
    "time": ("created_us", Cell.TIME),
    "kind": ("words", Cell.TEXT),
    "amount": ("amount_micro", Cell.CREDITS),
    "available_change": ("available_change_micro", Cell.CREDITS),
    "held_change": ("held_change_micro", Cell.CREDITS),
    "available_after": ("available_after_micro", Cell.CREDITS),
    "held_after": ("held_after_micro", Cell.CREDITS),
    "task_id": ("task_id", Cell.COUNT),
    "task": ("task_name", Cell.TEXT),
    "member": ("member_name", Cell.TEXT),
    "reverses": ("reverses", Cell.COUNT),
    "note": ("note", Cell.TEXT),
}


def and_carrier(columns: Columns) -> Columns:
    """The columns of a file for operators: which route's gateway carried it, beside the route it was sold over."""
    found: dict[str, tuple[str, Cell]] = {}
    for heading, cell in columns.items():
        found[heading] = cell
        if heading == "route":
            found["carried_by"] = ("carried_by", Cell.TEXT)
    return found


def message_frame(reader: Reader, scope: int | None, wanted: RecordFilter, *, zone: str) -> pl.DataFrame:
    one_of(wanted.reason, FailReason, "Reason")
    frame = _limited(MessageQuery(scope, wanted, zone).frame(reader, count=MAX_EXPORT_ROWS + 1))
    pairs = frame.select("state", "reason").unique()
    words = [explain(state, reason) for state, reason in pairs.iter_rows()]
    explained = pairs.with_columns(
        pl.Series("sentence", [sentence for sentence, _ in words], dtype=pl.String),
        pl.Series("next_step", [step for _, step in words], dtype=pl.String),
    )
    told = frame.join(explained, on=["state", "reason"], how="left", nulls_equal=True, maintain_order="left")
    return with_meanings(reader, told.with_columns(pl.col("msisdn").cast(pl.String).alias("number")))


def task_frame(reader: Reader, scope: int | None, wanted: RecordFilter, *, to_operator: bool) -> pl.DataFrame:
    frame = _limited(reader.frame(*task_query(scope, wanted, after=None, count=MAX_EXPORT_ROWS + 1)))
    return frame if to_operator else _without_staff_names(frame)


def dispatch_frame(reader: Reader, scope: int | None, wanted: RecordFilter) -> pl.DataFrame:
    return _limited(reader.frame(*dispatch_query(scope, wanted, after=None, count=MAX_EXPORT_ROWS + 1)))


def movement_frame(reader: Reader, scope: int | None, wanted: RecordFilter, *, to_operator: bool) -> pl.DataFrame:
    frame = _limited(reader.frame(*movement_query(scope, wanted, after=None, count=MAX_EXPORT_ROWS + 1)))
    words = {kind.value: movement_words(kind.value) for kind in MovementKind}
    frame = frame.with_columns(pl.col("kind").replace_strict(words, return_dtype=pl.String).alias("words"))
    return frame if to_operator else _without_staff_names(frame)


def _limited(frame: pl.DataFrame) -> pl.DataFrame:
    if frame.height > MAX_EXPORT_ROWS:
        raise InputError("too_many_to_export", limit=f"{MAX_EXPORT_ROWS:,}")
    return frame


def _without_staff_names(frame: pl.DataFrame) -> pl.DataFrame:
    theirs = pl.col("member_role").is_in([role.value for role in OPERATOR_ROLES])
    return frame.with_columns(pl.when(theirs).then(pl.lit(STAFF)).otherwise("member_name").alias("member_name"))


def _nobody(done: int, total: int) -> None:
    """Nobody waits to be told."""


def written(
    frame: pl.DataFrame, columns: Columns, fmt: str, *, zone: str, on_progress: OnProgress | None = None
) -> bytes:
    """The file of a format; raises InputError for a format or zone there is not, or too many rows for the format."""
    told = on_progress or _nobody
    one_of(fmt, ExportFormat, "Format")
    zone_of(zone)
    if fmt == ExportFormat.XLSX and frame.height > MAX_XLSX_ROWS:
        raise InputError("too_many_for_xlsx", limit=f"{MAX_XLSX_ROWS:,}")
    if fmt == ExportFormat.PARQUET:
        made = _parquet(frame, columns, zone)
        told(frame.height, frame.height)
        return made
    return (_csv if fmt == ExportFormat.CSV else _xlsx)(frame, columns, zone, told)


def _texts(frame: pl.DataFrame, columns: Columns, zone: str) -> pl.DataFrame:
    return frame.select(_text(name, cell, zone).alias(heading) for heading, (name, cell) in columns.items())


def _zoned(name: str, zone: str) -> pl.Expr:
    return pl.from_epoch(name, time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def _text(name: str, cell: Cell, zone: str) -> pl.Expr:
    if cell is Cell.TIME:
        return _zoned(name, zone).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    return _credits(name) if cell is Cell.CREDITS else pl.col(name)


def _credits(name: str) -> pl.Expr:
    """-1_200_000 → "-1.20": all digits there are, at least two decimals."""
    size = pl.col(name).abs()
    sign = pl.when(pl.col(name) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    decimals = (size % MICRO).cast(pl.String).str.zfill(6).str.replace("0{1,4}$", "")
    return pl.concat_str(sign, (size // MICRO).cast(pl.String), pl.lit("."), decimals)


def _csv(frame: pl.DataFrame, columns: Columns, zone: str, told: OnProgress) -> bytes:
    guarded = [heading for heading, (_, cell) in columns.items() if cell is Cell.TEXT]
    column = pl.col(guarded).cast(pl.String)
    safe = pl.when(column.str.contains(_FORMULA_START)).then("'" + column).otherwise(column)
    pieces: list[str] = []
    done = 0
    for part in list(frame.iter_slices(SLICE_ROWS)) or [frame]:
        texts = _texts(part, columns, zone).with_columns(safe.name.keep())
        pieces.append(texts.write_csv(include_header=not done))
        done += part.height
        told(done, frame.height)
    return "".join(pieces).encode("utf-8")


def _parquet(frame: pl.DataFrame, columns: Columns, zone: str) -> bytes:
    def typed(name: str, cell: Cell) -> pl.Expr:
        if cell is Cell.TIME:
            return _zoned(name, zone)
        return _credits(name).str.to_decimal(scale=6) if cell is Cell.CREDITS else pl.col(name)

    target = io.BytesIO()
    frame.select(typed(name, cell).alias(heading) for heading, (name, cell) in columns.items()).write_parquet(target)
    return target.getvalue()


def _xlsx(frame: pl.DataFrame, columns: Columns, zone: str, told: OnProgress) -> bytes:
    """Every cell is written with its type, so that none is taken for a formula; row by row, so that memory is small."""
    texts, target = _texts(frame, columns, zone), io.BytesIO()
    book: Any = xlsxwriter.Workbook(target, {"constant_memory": True})
    sheet = book.add_worksheet("Records")
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(texts.height, 1), len(columns) - 1)
    bold, amount = book.add_format({"bold": True}), book.add_format({"num_format": "0.00####"})
    for place, heading in enumerate(columns):
        sheet.write_string(0, place, heading, bold)
    cells = [cell for _, cell in columns.values()]
    exact = frame.select(pl.col(name) for name, _ in columns.values())
    for row, (shown, values) in enumerate(zip(texts.iter_rows(), exact.iter_rows(), strict=True), start=1):
        for place, (text, value, cell) in enumerate(zip(shown, values, cells, strict=True)):
            if text is None:
                continue
            if cell is Cell.COUNT:
                sheet.write_number(row, place, value)
            elif cell is Cell.CREDITS and abs(value) < XLSX_EXACT_MICRO:
                sheet.write_number(row, place, value / MICRO, amount)
            else:
                sheet.write_string(row, place, str(text))
        if row % SLICE_ROWS == 0:
            told(row, texts.height)
    book.close()
    told(texts.height, texts.height)
    return target.getvalue()
