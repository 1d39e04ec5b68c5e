"""Bytes of an xlsx file → the rows of its visible sheets.

The reader (calamine, in Rust) is fast but trusts its input: it allocates every cell between the first and the last
one, and unpacks whatever a member holds. So it never sees the upload itself: the parts that are needed are unpacked
within limits, one sheet is measured, and a small archive with only that sheet and canonical names is built for it.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from python_calamine import CalamineWorkbook

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import Archive, damage_if_it_fails
from engine.recipients.elements import walk
from engine.recipients.table import Row, Table, collect, too_many_columns, too_many_rows

_CELL: Final = r"<(?:[^\s<>/]*:)?c[\s/>]"
_NEAR_CELL: Final = (
    r'<(?:[^\s<>/]*:)?c\s+r="[A-Ia-i]?[A-Za-z][0-9]{1,4}"(?:\s+(?:s|t|cm|vm|ph|xml:space)="[^"<>&]*")*\s*/?>'
)
"""A cell as programs write them, within columns A to IZ and rows 1 to 9,999. The whole tag: the reader believes a
second `r` more than the first."""
_CONTENTS: Final = frozenset({"v", "is", "f"})
"""A cell without any of these is blank, however it is styled."""
_HIDDEN_ROW: Final = r'<(?:[^\s<>/]*:)?row\s[^>]*\bhidden="(?:1|true)"'

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET_NAME: Final = "sheet"


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
    archive = Archive(data)
    book = _read_book(archive)
    strings = archive.read(book.strings, limits.MAX_STRINGS_XML_BYTES) if book.strings else None
    styles = archive.read(book.styles, limits.MAX_STYLES_XML_BYTES) if book.styles else None
    shared = [f"Sheet “{name}” is hidden and was skipped." for name in book.hidden]
    spent_bytes = 0
    for name, path in book.visible[: limits.MAX_SHEETS]:
        xml = archive.read(path, limits.MAX_SHEET_XML_BYTES)
        spent_bytes += len(xml) + len(strings or b"")
        if spent_bytes > limits.MAX_UNPACKED_BYTES:
            raise FileError("zip_bomb")
        hidden_rows = _measure(xml)
        rows, numbers = collect(_cells(_package(xml, strings, styles, from_1904=book.from_1904)))
        if rows:
            others = [other for other, _ in book.visible if other != name]
            notes = [*shared, *_notes(name, others, hidden_rows=hidden_rows)]
            yield Table(rows, numbers, sheet=name, notes=tuple(notes))


def _notes(name: str, others: list[str], *, hidden_rows: bool) -> Iterator[str]:
    if others:
        yield f"Only sheet “{name}” was read; the file has {len(others)} more."
    if hidden_rows:
        yield "Some rows are hidden in the spreadsheet; they were read as well."


def _read_book(archive: Archive) -> _Book:
    """Follows the relationships from the root of the package to its parts."""
    roots = _relationships(archive, "")
    path = next((target for kind, target in roots.values() if kind == "officeDocument"), "xl/workbook.xml")
    parts = _relationships(archive, path)
    visible: list[tuple[str, str]] = []
    hidden: list[str] = []
    dates: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "workbookPr":
            dates.append(attributes.get("date1904", "0"))
        elif element == "sheet":
            link = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            kind, target = parts.get(link, ("", ""))
            if attributes.get("state", "visible") != "visible":
                hidden.append(attributes.get("name", ""))
            elif kind == "worksheet":
                visible.append((attributes.get("name", ""), target))

    walk(archive.read(path, limits.MAX_INDEX_XML_BYTES), start)
    if not visible and not hidden:
        raise FileError("damaged")
    by_kind = {kind: target for kind, target in parts.values() if target in archive}
    return _Book(visible, hidden, by_kind.get("sharedStrings"), by_kind.get("styles"), dates[:1] in (["1"], ["true"]))


def _relationships(archive: Archive, path: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (last word of its type, path of its target) of one part."""
    folder, name = posixpath.split(path)
    links: dict[str, tuple[str, str]] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            kind = attributes.get("Type", "").rpartition("/")[2]
            links[attributes.get("Id", "")] = (kind, posixpath.normpath(posixpath.join("/", folder, target)))

    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if path and relations not in archive:
        raise FileError("damaged")
    if relations in archive:
        walk(archive.read(relations, limits.MAX_INDEX_XML_BYTES), start)
    return links


def _measure(xml: bytes) -> bool:
    """Makes sure that a sheet is small enough to be read; returns whether it has hidden rows.

    Sheets as real programs write them pass by two counts; others are walked cell by cell.
    """
    with damage_if_it_fails():
        part = pl.Series([xml.decode("utf-8")])
    cells = _count(part, _CELL)
    if cells != _count(part, _NEAR_CELL):
        cells = _walk_cells(xml)
    if cells > limits.MAX_CELLS:
        raise FileError("unsupported", detail=f"it has more than {limits.MAX_CELLS:,} cells")
    return _count(part, _HIDDEN_ROW) > 0


def _count(part: pl.Series, pattern: str) -> int:
    return int(part.str.count_matches(pattern)[0])


class _Extent:
    """Where the filled cells of a sheet lie, or farther: cells without a place come after what was seen before."""

    def __init__(self) -> None:
        self.filled = 0
        self._row = 0
        self._next_row = 0
        self._column = 0
        self._last_row = 0
        self._last_column = 0
        self._counted = True

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "row":
            self._next_row = _digits(attributes["r"]) if "r" in attributes else self._next_row + 1
            self._column = 0
        elif element == "c":
            self._row, self._column = self._next_row, self._column + 1
            self._counted = False
            if "r" in attributes:
                letters = attributes["r"].rstrip("0123456789")
                self._row, self._column = _digits(attributes["r"][len(letters) :]), max(self._column, _column(letters))
                self._next_row = max(self._next_row, self._row)
        elif element in _CONTENTS and not self._counted:
            self._counted = True
            self.filled += 1
            self._last_row, self._last_column = max(self._last_row, self._row), max(self._last_column, self._column)
            if self._row > limits.MAX_PHYSICAL_ROWS:
                raise too_many_rows()
            if self._column > limits.MAX_COLUMNS:
                raise too_many_columns(self._row)
            _check_area(self._last_row, self._last_column)


def _walk_cells(xml: bytes) -> int:
    """Number of filled cells. Raises `too_many_rows`, `malformed`, `damaged` or `zip_bomb`."""
    extent = _Extent()
    walk(xml, extent.start)
    return extent.filled


def _digits(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(2**31)):
        raise FileError("damaged")
    return int(text)


def _column(letters: str) -> int:
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:  # XFD is the last one there is
        raise FileError("damaged")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column


def _check_area(rows: int, columns: int) -> None:
    if rows * columns > limits.MAX_AREA_CELLS:
        raise FileError("unsupported", detail=f"its cells spread over {rows:,} rows and {columns:,} columns")


def _package(sheet: bytes, strings: bytes | None, styles: bytes | None, *, from_1904: bool) -> bytes:
    """A workbook with one sheet, uncompressed, under the names every reader expects."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>'.encode(),
        "_rels/.rels": _links("xl/workbook.xml", "officeDocument"),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr date1904="{int(from_1904)}"/>'
            f'<sheets><sheet name="{_SHEET_NAME}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ).encode(),
        "xl/worksheets/sheet1.xml": sheet,
        "xl/sharedStrings.xml": strings,
        "xl/styles.xml": styles,
    }
    parts["xl/_rels/workbook.xml.rels"] = _links(
        "worksheets/sheet1.xml",
        "worksheet",
        *(["sharedStrings.xml", "sharedStrings"] if strings is not None else []),
        *(["styles.xml", "styles"] if styles is not None else []),
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in parts.items():
            if content is not None:
                package.writestr(name, content)
    return buffer.getvalue()


def _links(*targets_and_kinds: str) -> bytes:
    pairs = zip(targets_and_kinds[::2], targets_and_kinds[1::2], strict=True)
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(pairs, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'.encode()


def _cells(package: bytes) -> Sequence[Row]:
    """All rows from row 1 to the last filled one."""
    with damage_if_it_fails(), CalamineWorkbook.from_filelike(io.BytesIO(package)) as workbook:
        sheet = workbook.get_sheet_by_name(_SHEET_NAME)
        if sheet.end is None:
            return []
        last_row, last_column = sheet.end[0] + 1, sheet.end[1] + 1
        if last_row > limits.MAX_PHYSICAL_ROWS:
            raise too_many_rows()
        if last_column > limits.MAX_COLUMNS:
            raise too_many_columns(last_row)
        _check_area(last_row, last_column)
        return sheet.to_python(skip_empty_area=False)
