"""Runs alone: spreadsheet on standard input → JSON of its visible sheets on standard output.

Started by `isolated.py` with the interpreter's isolated mode, so it imports nothing of the engine. The one argument is
JSON with the limits. The answer is {"sheets": [[name, rows]…], "hidden": [name…]}, or {"error": …} with "rows",
"columns", "area", "password" or "damaged"; a date is a list with its ISO text.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import resource
import sys
from typing import cast

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum


def main() -> None:
    limits = cast("dict[str, int]", json.loads(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = read(sys.stdin.buffer.read(), limits)
    except PasswordError:
        answer = {"error": "password"}
    except Exception:  # noqa: BLE001 - every failure comes from the bytes; the parent only needs to know that it failed
        answer = {"error": "damaged"}
    json.dump(answer, sys.stdout, allow_nan=False)


def read(data: bytes, limits: dict[str, int]) -> dict[str, object]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets: list[tuple[str, list[list[object]]]] = []
    hidden: list[str] = []
    chars = 0
    for index, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible != SheetVisibleEnum.Visible:
            hidden.append(sheet.name)
        elif sheet.typ == SheetTypeEnum.WorkSheet and len(sheets) < limits["sheets"]:
            cells = workbook.get_sheet_by_index(index)
            problem = too_big(cells, limits)
            if problem is not None:
                return {"error": problem}
            rows = cells.to_python(skip_empty_area=False) if cells.end is not None else []
            chars += sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
            if chars > limits["text_chars"]:
                return {"error": "area"}
            sheets.append((sheet.name, [[plain(cell) for cell in row] for row in rows]))
    return {"sheets": sheets, "hidden": hidden}


def too_big(sheet: CalamineSheet, limits: dict[str, int]) -> str | None:
    if sheet.end is None:
        return None
    rows, columns = sheet.end[0] + 1, sheet.end[1] + 1
    if rows > limits["rows"]:
        return "rows"
    if columns > limits["columns"]:
        return "columns"
    return "area" if rows * columns > limits["area_cells"] else None


def plain(cell: object) -> object:
    if isinstance(cell, dt.datetime | dt.date):
        return [cell.isoformat()]
    if isinstance(cell, dt.time | dt.timedelta):
        return str(cell)
    if isinstance(cell, float) and not abs(cell) < float("inf"):
        return ""
    return cell


if __name__ == "__main__":
    main()
