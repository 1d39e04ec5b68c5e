"""Bytes of an xlsx file → the rows of its visible sheets.

Read with our own event handlers rather than a library: fast ones allocate whatever a file asks for (one attribute can
end the whole process), careful ones take seconds. Here nothing grows with what a file merely declares.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import Archive
from engine.recipients.elements import Budget, local
from engine.recipients.grid import Grid, Shared, unescape
from engine.recipients.table import Table, sheet_notes

_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Built-in number formats that show a date or a time (ECMA-376 part 1, 18.8.30)."""
_NOT_FORMAT: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
"""Parts of a format code that are literal text, padding, colours or conditions."""

_HIDDEN_ROWS: Final = "Some rows are hidden in the spreadsheet; they were read as well."
_UNCALCULATED: Final = (
    "Some formulas were never calculated, so their cells were read as empty. "
    "Open the file in your spreadsheet program, save it and upload it again."
)


@dataclass(frozen=True, slots=True)
class _Book:
    """What the workbook part says: visible sheets (name, path) in order, and where the shared parts are."""

    visible: list[tuple[str, str]]
    hidden: list[str]
    strings: str | None
    styles: str | None
    from_1904: bool


def read(data: bytes) -> Iterator[Table]:
    """The visible sheets that hold anything, in order, each read only when it is asked for.

    Raises `damaged`, `macros`, `password`, `zip_bomb`, `too_many_rows`, `malformed` or `unsupported`.
    """
    archive, budget = Archive(data), Budget()
    book = _read_book(archive, budget)
    shared = Shared(
        _read_strings(archive.read(book.strings), budget) if book.strings else [],
        _read_date_styles(archive.read(book.styles), budget) if book.styles else frozenset(),
        book.from_1904,
    )
    for name, path in book.visible[: limits.MAX_SHEETS]:
        sheet = Grid(shared)
        budget.walk(archive.read(path), sheet.start, sheet.text)
        sheet.finish()
        if sheet.rows:
            notes = sheet_notes(name, [other for other, _ in book.visible if other != name], book.hidden)
            notes += (_HIDDEN_ROWS,) if sheet.hidden_rows else ()
            notes += (_UNCALCULATED,) if sheet.uncalculated else ()
            yield Table(sheet.rows, sheet.numbers, name, notes)


def _read_book(archive: Archive, budget: Budget) -> _Book:
    """Follows the relationships from the root of the package to its parts."""
    roots = _relationships(archive, budget, "")
    path = next((target for kind, target in roots.values() if kind == "officeDocument"), "xl/workbook.xml")
    parts = _relationships(archive, budget, path)
    visible: list[tuple[str, str]] = []
    hidden: list[str] = []
    systems: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        element = local(name)
        if element == "workbookPr":
            systems.append(attributes.get("date1904", "0"))
        elif element == "sheet":
            link = next((value for key, value in attributes.items() if local(key) == "id"), "")
            kind, target = parts.get(link, ("", ""))
            if attributes.get("state", "visible") != "visible":
                hidden.append(attributes.get("name", ""))
            elif kind == "worksheet":
                visible.append((attributes.get("name", ""), target))

    budget.walk(archive.read(path), start)
    if not visible and not hidden:
        raise FileError("damaged")
    by_kind = {kind: target for kind, target in parts.values() if target in archive}
    from_1904 = systems[:1] in (["1"], ["true"])
    return _Book(visible, hidden, by_kind.get("sharedStrings"), by_kind.get("styles"), from_1904)


def _relationships(archive: Archive, budget: Budget, path: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (last word of its type, path of its target) of one part, "" for the package."""
    folder, name = posixpath.split(path)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    links: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            links[attributes.get("Id", "")] = (kind, posixpath.normpath(posixpath.join("/", folder, target)))

    if relations in archive or path:
        budget.walk(archive.read(relations), start)
    return links


def _read_strings(xml: bytes, budget: Budget) -> list[str]:
    """The shared strings: plain ones and those of several runs, without the phonetic readings beside them."""
    strings: list[list[str]] = []
    pieces: list[str] = []
    taking = phonetic = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal pieces, taking, phonetic
        if name == "t" or name.endswith(":t"):
            taking = not phonetic
            return
        taking = False
        phonetic = name.endswith("rPh")
        if name == "si" or name.endswith(":si"):
            pieces = []
            strings.append(pieces)

    def text(piece: str) -> None:
        if taking:
            pieces.append(piece)

    budget.walk(xml, start, text)
    return [unescape("".join(pieces)) for pieces in strings]


def _read_date_styles(xml: bytes, budget: Budget) -> frozenset[str]:
    """Which cell styles show their number as a date or time."""
    custom: dict[str, bool] = {}
    styles: list[str] = []
    inside = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        element = local(name)
        if element == "numFmt":
            code = _NOT_FORMAT.sub("", attributes.get("formatCode", "")[: limits.MAX_VALUE_CHARS])
            custom[attributes.get("numFmtId", "")] = any(map(code.lower().__contains__, "ymdhs"))
        elif element == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", "0"))
        elif element in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = element

    budget.walk(xml, start)
    built_in = {str(number) for number in _DATE_FORMATS}
    return frozenset(str(index) for index, number in enumerate(styles) if custom.get(number, number in built_in))
