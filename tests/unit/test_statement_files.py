"""Statements as files: complete, exact, literal, and never written when they do not add up."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest

from engine.errors import InputError, StateError
from engine.history import History, statement_files
from engine.model import DAY_US, MICRO, MovementKind, Role
from engine.store.duck import DuckStore
from tests.unit.history_kit import START_US, Book, Sent, actor

ONE = actor(1, zone="Australia/Sydney")
ALL = (0, 2**61)


def sheet_of(data: bytes) -> list[tuple[object, ...]]:
    sheet: Any = openpyxl.load_workbook(io.BytesIO(data)).active
    return list(sheet.iter_rows(values_only=True))


def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is drawn, in order."""
    drawn: list[str] = []
    for name in ("drawString", "drawRightString"):
        draw = getattr(statement_files.Canvas, name)

        def watched(paper: Any, x: float, y: float, text: str, draw: Any = draw) -> None:
            drawn.append(text)
            draw(paper, x, y, text)

        monkeypatch.setattr(statement_files.Canvas, name, watched)
    return drawn


def test_a_spreadsheet_has_every_movement_between_opening_and_closing(history: History, book: Book) -> None:
    book.task(1, [Sent(), Sent("failed")], name='=HYPERLINK("http://x")')
    rows = sheet_of(history.statement_file(ONE, *ALL, "xlsx"))
    assert rows[0][:2] == ("Account", "Account 1")
    assert rows[2][:2] == ("Time zone", "Australia/Sydney")
    body = rows[6:]
    assert (body[0][2], body[-1][2]) == ("Opening balance", "Closing balance")
    assert len(body) == 2 + 4
    changes = sum(round(row[4] * MICRO) for row in body[1:-1])  # type: ignore[operator]
    assert round(body[0][5] * MICRO) + changes == round(body[-1][5] * MICRO)  # type: ignore[operator]
    assert body[1][1] == "2025-10-01T10:00:00+10:00"
    texts = [row[3] for row in body[1:-1]]
    assert '=HYPERLINK("http://x")' in texts
    formulas: Any = openpyxl.load_workbook(io.BytesIO(history.statement_file(ONE, *ALL, "xlsx"))).active
    assert all(cell.data_type != "f" for row in formulas.iter_rows() for cell in row)


def test_a_pdf_says_whose_when_and_every_balance(history: History, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = shown(monkeypatch)
    book.task(1, [Sent(), Sent("failed")], name="<b>Spring</b> $x$ &amp; é€š")
    data = history.statement_file(ONE, START_US, START_US + 2 * DAY_US, "pdf")
    assert data.startswith(b"%PDF-")
    assert re.search(rb"/MediaBox \[ 0 0 841\.\d+ 595\.\d+ \]", data)
    text = "\n".join(drawn)
    for part in ("Account 1", "1 Oct 2025 – 1 Oct 2025", "Australia/Sydney", "Page 1", "<b>Spring</b> $x$ &amp; é€š"):
        assert part in text
    assert drawn.index("Opening balance") < drawn.index("Top-up") < drawn.index("Closing balance")
    balance = history.balance(ONE)
    assert drawn[drawn.index("Closing balance") + 1] == f"{balance.available_micro / MICRO:,.2f}"


def test_characters_that_the_font_lacks_are_replaced_visibly_and_said(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = shown(monkeypatch)
    book.task(1, [Sent()], name="Весна Άνοιξη 春 עברית a\u202eb")
    history.statement_file(ONE, *ALL)
    assert "Весна Άνοιξη ◊ ◊◊◊◊◊ a◊b" in drawn
    assert any("does not have" in line for line in drawn)
    rows = sheet_of(history.statement_file(ONE, *ALL, "xlsx"))
    assert any(row[3] and "春" in str(row[3]) for row in rows)


def test_long_statements_have_numbered_pages_with_headings(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = shown(monkeypatch)
    for number in range(70):
        book.move(1, MovementKind.TOP_UP, available=MICRO, note=f"note {number} " + "word " * 60)
    data = history.statement_file(ONE, *ALL)
    pages = len(re.findall(rb"/Type /Page\b", data))
    assert pages > 3
    assert [line for line in drawn if line.startswith("Page ")] == [f"Page {page + 1}" for page in range(pages)]
    assert drawn.count("Task or note") == pages
    assert all(any(f"note {number} " in line for line in drawn) for number in range(70))
    assert any(line.endswith("…") for line in drawn)


def test_a_statement_that_does_not_add_up_is_not_written(history: History, book: Book, store: DuckStore) -> None:
    book.task(1, [Sent()])
    store._root.cursor().execute("update ledger_tx set available_after_micro = available_after_micro + 1 where id = 1")
    for fmt in ("pdf", "xlsx"):
        with pytest.raises(StateError, match="does not add up"):
            history.statement_file(ONE, *ALL, fmt)


def test_too_many_movements_for_a_pdf_name_the_way_out(
    history: History, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "MAX_PDF_ROWS", 1)
    book.task(1, [Sent()])
    with pytest.raises(InputError, match="Choose Excel"):
        history.statement_file(ONE, *ALL)
    assert history.statement_file(ONE, *ALL, "xlsx")
    with pytest.raises(InputError):
        history.statement_file(ONE, *ALL, "docx")


def test_a_period_without_movements_has_its_balances(history: History, book: Book) -> None:
    rows = sheet_of(history.statement_file(ONE, START_US + DAY_US, START_US + 2 * DAY_US, "xlsx"))
    assert [row[2] for row in rows[6:]] == ["Opening balance", "Closing balance"]
    assert rows[6][5] == rows[7][5] == 10_000
    assert history.statement_file(actor(9, Role.STAFF), *ALL, account_id=2).startswith(b"%PDF-")


def test_totals_are_those_of_the_rows(history: History, book: Book) -> None:
    for number in range(3):
        book.task(1, [Sent(), Sent("failed")], created_us=START_US + number * DAY_US)
    for start, end in ((0, 2**61), (START_US + DAY_US, START_US + 2 * DAY_US), (START_US * 2, START_US * 3), (0, 1)):
        whole, totals = history.statement(ONE, start, end), history.statement_totals(ONE, start, end)
        assert (totals.opening, totals.closing, totals.totals) == (whole.opening, whole.closing, whole.totals)
        assert totals.rows == []
        assert totals.adds_up
