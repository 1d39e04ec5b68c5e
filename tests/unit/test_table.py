"""Columns of tables: how wide they are."""

from __future__ import annotations

import polars as pl
import pytest

from pages.ui import status, table

NO_CELLS = pl.Series("x", [], dtype=pl.String)


def test_a_long_text_is_narrower_on_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    for phone, width in ((True, 160), (False, 400)):
        monkeypatch.setattr(table, "on_phone", lambda answer=phone: answer)
        assert (
            table.text("Reason", lambda row: row["sentence"], width=400, phone=160).config(NO_CELLS)["width"] == width
        )


def test_a_chip_has_room_for_the_longest_label_whatever_the_rows_say() -> None:
    longest = max(len(look.label) for look in status.TASK.values())
    assert table.chip("Status", status.TASK, "state").config(NO_CELLS)["width"] > 6 * longest
