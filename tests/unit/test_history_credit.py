"""Movements, statements that add up, and records as files."""

from __future__ import annotations

import csv
import io

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.history import History, RecordFilter, exports, movements
from engine.history.words import MOVEMENT_WORDS, explain
from engine.model import DAY_US, MICRO, Balance, MovementKind, Role
from engine.store.duck import DuckStore
from tests.unit.history_kit import PRICE, START_US, Book, FakeClock, Sent, actor, small_book

STAFF = actor(9, Role.STAFF)
ONE = actor(1)


def test_movements_show_amount_running_balance_words_and_people(history: History, book: Book) -> None:
    task_id = book.task(1, [Sent(), Sent("failed")], name="Spring")
    back, charge, hold, top_up = history.movements(ONE).rows
    assert (top_up["words"], top_up["member_name"], top_up["note"]) == ("Top-up", "Staff", "Bank transfer")
    assert (hold["words"], hold["member_name"], hold["task_name"]) == ("Held for a task", "Person 1", "Spring")
    assert (hold["available_change_micro"], hold["held_change_micro"]) == (-2 * PRICE, 2 * PRICE)
    assert (charge["available_change_micro"], charge["held_change_micro"]) == (0, -PRICE)
    assert (back["available_change_micro"], back["held_change_micro"]) == (PRICE, -PRICE)
    assert (back["available_after_micro"], back["held_after_micro"]) == (10_000 * MICRO - PRICE, 0)
    assert history.balance(ONE) == Balance(10_000 * MICRO - PRICE, 0)
    assert {row["kind"] for row in history.movements(ONE, RecordFilter(task_id=task_id)).rows} == {
        "hold",
        "charge",
        "return",
    }
    assert [row["kind"] for row in history.movements(ONE, RecordFilter(state="charge")).rows] == ["charge"]
    assert [row["kind"] for row in history.movements(ONE, RecordFilter(search="bank")).rows] == ["top_up"]


def test_movements_are_chosen_by_when_they_were_booked(history: History, book: Book) -> None:
    for at_us in (START_US + 1, START_US + 2, START_US + 3):
        book.move(1, MovementKind.DEBIT, available=-1, at_us=at_us)
    found = history.movements(ONE, RecordFilter(start_us=START_US + 1, end_us=START_US + 3)).rows
    assert [row["created_us"] - START_US for row in found] == [2, 1]


def test_operators_read_who_among_them_booked_a_top_up(history: History, book: Book) -> None:
    rows = history.movements(STAFF, RecordFilter(account_id=1)).rows
    assert [row["member_name"] for row in rows] == ["Person 9"]


def test_every_kind_of_movement_has_words() -> None:
    assert set(MOVEMENT_WORDS) == set(MovementKind)


def test_an_operator_without_credit_has_a_balance_of_zero(history: History, book: Book) -> None:
    assert history.balance(STAFF) == Balance(0, 0)
    assert history.balance(STAFF, 1) == Balance(10_000 * MICRO, 0)


kinds = st.sampled_from([MovementKind.TOP_UP, MovementKind.HOLD, MovementKind.CHARGE, MovementKind.RETURN])


@settings(max_examples=15)
@given(
    moves=st.lists(
        st.tuples(kinds, st.integers(1, 10**12), st.integers(0, 50), st.sampled_from([1, 2])), min_size=6, max_size=12
    ),
    bounds=st.lists(st.integers(-2, 55), min_size=3, max_size=3).map(sorted),
)
def test_opening_and_movements_make_closing_and_periods_follow_each_other_without_gap(
    moves: list[tuple[MovementKind, int, int, int]], bounds: list[int]
) -> None:
    """Instants are random, so the clock steps back now and then; ids do not."""
    opened = DuckStore(None)
    try:
        book = small_book(opened)
        for kind, amount, at, account_id in moves:
            available = {MovementKind.CHARGE: 0, MovementKind.HOLD: -amount}.get(kind, amount)
            held = {MovementKind.TOP_UP: 0, MovementKind.HOLD: amount}.get(kind, -amount)
            book.move(account_id, kind, available=available, held=held, at_us=START_US + at)
        history = History(opened, FakeClock())
        first, second, third = (START_US + bound for bound in bounds)
        whole, early, late = (
            history.statement(ONE, *period) for period in ((first, third), (first, second), (second, third))
        )
        own = [row for row in book.movements if row["account_id"] == 1]
        all_time = history.statement(ONE, 0, START_US + 100)
    finally:
        opened.close()
    assert [row["id"] for row in all_time.rows] == [row["id"] for row in own]
    assert all_time.opening == Balance(0, 0)
    assert all_time.closing == Balance(sum(row["available"] for row in own), sum(row["held"] for row in own))
    for part in (whole, early, late, all_time):
        assert part.adds_up
        assert part.closing.available_micro == part.opening.available_micro + sum(
            row["available_change_micro"] for row in part.rows
        )
    assert early.rows + late.rows == whole.rows
    assert early.opening == whole.opening
    assert early.closing == late.opening
    assert late.closing == whole.closing


def test_a_statement_that_does_not_add_up_says_so(history: History, book: Book, store: DuckStore) -> None:
    book.task(1, [Sent()])
    assert history.statement(ONE, 0, START_US * 2).adds_up
    store._root.cursor().execute("update ledger_entry set amount_micro = 1 where tx_id = 1 and bucket = 'available'")
    assert not history.statement(ONE, 0, START_US * 2).adds_up


def test_a_statement_too_long_for_a_page_is_refused(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movements, "MAX_STATEMENT_ROWS", 2)
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="more than 2 rows"):
        history.statement(ONE, 0, START_US * 2)


def test_a_statement_totals_each_kind(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent("failed")])
    book.task(1, [Sent()])
    totals = {line["kind"]: line for line in history.statement(ONE, 0, START_US * 2).totals}
    assert totals["hold"]["movements"] == 2
    assert totals["hold"]["held_change_micro"] == 3 * PRICE
    assert totals["charge"]["held_change_micro"] == -2 * PRICE
    assert totals["return"]["available_change_micro"] == PRICE


# Exports.

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'quoted", "plain =1", ""]


def csv_columns(data: bytes) -> dict[str, list[str]]:
    """A CSV as a program reads it that knows nothing of types."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    return {heading: [row[place] for row in rows] for place, heading in enumerate(header)}


def test_no_cell_of_a_csv_begins_a_formula(history: History, book: Book) -> None:
    for text in FORMULAS:
        book.task(1, [Sent(content=text)], name=text, sender=text[:10] or None)
    rows = csv_columns(history.export_messages(ONE))
    assert rows["number"] == ["61412345678"] * len(FORMULAS)
    expected_texts = [f"'{text}" if text[:1] in tuple("=+-@\t\r＝") and text else text for text in reversed(FORMULAS)]
    assert rows["text"] == expected_texts
    assert rows["task"] == expected_texts
    tasks = csv_columns(history.export_tasks(ONE))
    assert tasks["task"] == expected_texts


def test_a_csv_has_exact_credits_iso_times_and_plain_reasons(history: History, book: Book) -> None:
    book.task(1, [Sent("failed", reason="absent"), Sent("expired")], due_us=START_US + 20 * DAY_US)
    book.move(1, MovementKind.TOP_UP, available=123_456_789_000_001, at_us=START_US + DAY_US)
    sydney = actor(1, zone="Australia/Sydney")
    rows = pl.read_csv(history.export_messages(sydney), infer_schema=False)
    assert rows["price"].to_list() == ["1.20", "1.20"]
    assert rows["charged"].to_list() == ["0.00", "0.00"]
    assert rows["accepted"][0] == "2025-10-01T10:00:00+10:00"
    assert rows["submitted"][0] == "2025-10-21T11:00:01+11:00"
    assert rows["reason"].to_list() == [explain("expired", None)[0], explain("failed", "absent")[0]]
    moved = pl.read_csv(history.export_movements(sydney), infer_schema=False)
    assert moved["amount"].to_list() == ["123456789.000001", "2.40", "-2.40", "10000.00"]
    assert moved["kind"].to_list()[0] == "Top-up"
    assert moved["member"].to_list()[-1] == "Staff"


@given(amount=st.integers(-(10**15), 10**15))
@settings(max_examples=200)
def test_credits_in_files_are_exact(amount: int) -> None:
    frame = pl.DataFrame({"amount": [amount]})
    columns = {"amount": ("amount", exports.Cell.CREDITS)}
    text = pl.read_csv(exports.written(frame, columns, "csv", zone="UTC"), infer_schema=False)["amount"][0]
    whole, _, decimals = text.partition(".")
    assert int(whole + decimals.ljust(6, "0")) == amount
    assert 2 <= len(decimals) <= 6
    parquet = pl.read_parquet(io.BytesIO(exports.written(frame, columns, "parquet", zone="UTC")))
    assert int(parquet["amount"][0].scaleb(6)) == amount


def test_a_spreadsheet_has_numbers_and_texts_but_no_formulas(history: History, book: Book) -> None:
    book.task(1, [Sent(content=text) for text in FORMULAS])
    sheet = openpyxl.load_workbook(io.BytesIO(history.export_messages(ONE, fmt="xlsx"))).active
    assert sheet is not None
    header, *rows = sheet.iter_rows()
    place = {cell.value: index for index, cell in enumerate(header)}
    texts = [row[place["text"]] for row in rows]
    assert {cell.data_type for cell in texts if cell.value is not None} == {"s"}
    assert [cell.value or "" for cell in texts] == [text.replace("\r", "_x000D_") for text in reversed(FORMULAS)]
    assert [row[place["number"]].value for row in rows] == ["61412345678"] * len(FORMULAS)
    assert [row[place["price"]].value for row in rows] == [1.2] * len(FORMULAS)


def test_parquet_keeps_types(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent("queued")])
    zoned = actor(1, zone="Asia/Kathmandu")
    frame = pl.read_parquet(io.BytesIO(history.export_messages(zoned, fmt="parquet")))
    assert frame.schema["accepted"] == pl.Datetime("us", "Asia/Kathmandu")
    assert frame.schema["price"].is_decimal()
    assert frame["final"].null_count() == 1
    assert [str(value) for value in frame["price"]] == ["1.200000", "1.200000"]
    for fmt in ("csv", "xlsx", "parquet"):
        assert history.export_tasks(zoned, fmt=fmt)
        assert history.export_movements(zoned, fmt=fmt)


@pytest.mark.parametrize("fmt", ["csv", "xlsx", "parquet"])
def test_a_file_of_nothing_has_its_headings(history: History, book: Book, fmt: str) -> None:
    nothing = RecordFilter(end_us=1)
    data = history.export_messages(ONE, nothing, fmt)
    if fmt == "csv":
        assert data.decode().strip() == ",".join(exports.MESSAGE_COLUMNS)
    else:
        file = io.BytesIO(data)
        frame = (
            pl.read_parquet(file) if fmt == "parquet" else pl.read_excel(file, engine="openpyxl", raise_if_empty=False)
        )
        assert frame.height == 0


@pytest.mark.parametrize("export", ["export_messages", "export_tasks", "export_movements"])
def test_more_rows_than_a_file_may_have_are_refused_not_cut(
    history: History, book: Book, export: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORT_ROWS", 2)
    for _ in range(2):
        book.task(1, [Sent()])
    if export == "export_movements":
        with pytest.raises(InputError, match="more than 2 rows"):
            getattr(history, export)(ONE)
        return
    assert pl.read_csv(getattr(history, export)(ONE)).height == 2
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="more than 2 rows"):
        getattr(history, export)(ONE)


def test_a_spreadsheet_too_slow_to_write_is_refused_with_the_way_out(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_XLSX_ROWS", 1)
    book.task(1, [Sent()])
    assert history.export_tasks(ONE, fmt="xlsx")
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="Choose CSV"):
        history.export_tasks(ONE, fmt="xlsx")
    assert history.export_tasks(ONE, fmt="parquet")


def test_a_zone_that_does_not_exist_is_explained(history: History, book: Book) -> None:
    with pytest.raises(InputError, match="Time zone"):
        history.export_tasks(actor(1, zone="localtime"))


def test_a_format_that_does_not_exist_is_explained(history: History, book: Book) -> None:
    with pytest.raises(InputError, match="csv, parquet, xlsx"):
        history.export_tasks(ONE, fmt="pdf")
