"""Recipients: whatever the bytes, reading ends soon, in a result or a code, with the process alive and small."""

from __future__ import annotations

import struct
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest

from engine.errors import FileError
from engine.recipients import MAX_FILE_BYTES, RecipientFile, limits, read, read_numbers
from tests.unit.recipients_kit import (
    ONE,
    XLS,
    archive,
    csv,
    excel,
    noise,
    numbers_of,
    ods,
    ods_row,
    outcome,
    row,
    workbook,
)

MOST_SECONDS = 3.0
"""Of processor time; the worst that limits let through takes 0.8 s on the machine this was written on."""
MOST_MEMORY_BYTES = 600 * 1024 * 1024
FULL = MAX_FILE_BYTES
PAD = 1_300_000
"""Noise that keeps a bomb below the ratio of packed to unpacked bytes, so that later checks have to find it."""

FLOODS: dict[str, Callable[[], bytes]] = {
    "blank lines": lambda: b"\n" * FULL,
    "a number far below blank lines": lambda: b"phone" + b"\n" * (FULL - 20) + b"61412000001",
    "blank lines of a Mac and of Windows": lambda: b"\r\r\n" * (FULL // 3),
    "one line of letters": lambda: b"a" * FULL,
    "one line of digits": lambda: b"1" * FULL,
    "quotes": lambda: b'"' * FULL,
    "quotes, one unpaired": lambda: b'"' * (FULL - 1),
    "quotes on lines": lambda: b'"\n' * (FULL // 2),
    "quotes with commas": lambda: b'",' * (FULL // 2),
    "commas": lambda: b"," * FULL,
    "commas between numbers": lambda: b"1" + b"," * (FULL - 2) + b"1",
    "a million columns": lambda: b"phone\n" + b"a," * 1_000_000,
    "rows of commas": lambda: (b"," * 255 + b"\n") * (FULL // 256 - 1) + b"a",
    "many short cells": lambda: (b"a," * 250 + b"\n") * (FULL // 501),
    "many digits": lambda: (b"1," * 250 + b"\n") * (FULL // 501),
    "spaces": lambda: b"a" + b" " * (FULL - 2) + b"a",
    "words": lambda: b"a " * (FULL // 2),
    "numbers with spaces": lambda: b"61412345678 " * (FULL // 12),
    "tabs": lambda: b"\t" * (FULL - 1) + b"1",
    "full-width commas": lambda: "，".encode() * (FULL // 3),
    "line separators": lambda: "\u2028".encode() * (FULL // 3),
    "growing rows": lambda: b"phone\n" + b"".join(b"6" + b"," * (at % 250) + b"x\n" for at in range(60_000)),
    "cells of many lines": lambda: b"phone,a\n" + b'6,"\n\n\n\n\n\n\n\n\n\n\n\n"\n' * (FULL // 20),
    "cells of thousands of lines": lambda: b"phone,a\n" + (b'6,"' + b"\n" * 100_000 + b'"\n') * 90,
    "high bytes": lambda: b"\xff" * FULL,
    "Chinese bytes": lambda: b"\xb0\xa1" * (FULL // 2),
    "zeros": lambda: bytes(FULL),
    "UTF-16 lines": lambda: b"\xff\xfe" + b"1\0\n\0" * (FULL // 4 - 1),
    "noise": lambda: noise(FULL),
    "five thousand rows of 200 columns": lambda: csv(
        ",".join([f"c{at}" for at in range(199)] + ["phone"]),
        *[",".join(["abcdefg"] * 199 + [f"614120{at:05}"]) for at in range(5_000)],
    ),
    "five thousand rows of 60 phone columns": lambda: csv(
        *[",".join([f"614120{at:05}"] * 60) for at in range(5_000)],
    ),
}


def timed(read_it: Callable[[], object]) -> float:
    started_s = time.process_time()
    read_it()
    return time.process_time() - started_s


@pytest.mark.parametrize("flood", FLOODS)
def test_ten_megabytes_of_anything_end_soon(flood: str) -> None:
    data = FLOODS[flood]()
    assert len(data) <= FULL
    for extension in ("csv", "txt"):
        assert timed(lambda extension=extension: outcome(f"a.{extension}", data)) < MOST_SECONDS


@pytest.mark.parametrize("typed", ["1 ", ",", "1", "61412345678 ", "\n", "+ ", "a,", "1\u3000"])
def test_ten_megabytes_typed_end_soon(typed: str) -> None:
    def read_it() -> None:
        with suppress(FileError):
            read_numbers((typed * FULL)[:FULL])

    assert timed(read_it) < MOST_SECONDS


BOOK_OF_MANY = (
    '<workbook xmlns:r="x"><sheets>'
    + "".join(f'<sheet name="S{at}" r:id="worksheet"/>' for at in range(9_000))
    + "</sheets></workbook>"
)
WORDS = "".join(row(at, *["hello"] * 10) for at in range(1, 5_001))

SHEET_BOMBS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    # An allocation of hundreds of gigabytes in readers that believe what a file declares.
    "a dimension of every cell there is": (
        lambda: workbook(ONE).replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>'),
        {"ok"},
    ),
    "two cells far apart": (
        lambda: workbook(ONE + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        {"malformed"},
    ),
    "two cells in opposite corners of what is allowed": (
        lambda: workbook(ONE + '<row r="20000"><c r="IV20000"><v>1</v></c></row>'),
        {"ok"},
    ),
    "a second place in one cell": (
        lambda: workbook(ONE + '<row r="2"><c r="A2" r="XFD1048576"><v>1</v></c></row>'),
        {"damaged"},
    ),
    "a place beyond any sheet": (
        lambda: workbook('<row r="1"><c r="ZZZZZZ99999999999"><v>1</v></c></row>'),
        {"damaged"},
    ),
    "a row number beyond any sheet": (
        lambda: workbook(f'<row r="{"9" * 5_000}"><c r="A1"><v>1</v></c></row>'),
        {"damaged"},
    ),
    "four billion shared strings, declared": (
        lambda: workbook(ONE, strings='<sst count="4000000000" uniqueCount="4000000000"><si><t>a</t></si></sst>'),
        {"ok"},
    ),
    "four billion styles, declared": (
        lambda: workbook(ONE, styles='<cellXfs count="4000000000"><xf/></cellXfs>'),
        {"ok"},
    ),
    # Few packed bytes, much to do.
    "one long text in every row": (
        lambda: workbook(
            "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(1, 5_001)),
            strings=f"<si><t>{'x' * 1_000_000}</t></si>",
        ),
        {"malformed"},
    ),
    "one text of the longest length everywhere": (
        lambda: workbook(
            "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(1, 5_001)),
            strings=f"<si><t>{'x' * 100_000}</t></si>",
        ),
        {"zip_bomb"},
    ),
    "cells": (lambda: workbook('<row r="1">' + "<c/>" * 3_000_000 + "</row>"), {"zip_bomb"}),
    "cells, well padded": (
        lambda: workbook('<row r="1">' + "<c/>" * 3_000_000 + "</row>", padding_bytes=PAD),
        {"unsupported"},
    ),
    "cells in one row": (
        lambda: workbook('<row r="1">' + "<c><v>1</v></c>" * 100_000 + "</row>", padding_bytes=PAD),
        {"malformed"},
    ),
    "cells in one place": (
        lambda: workbook('<row r="1">' + '<c r="A1"><v>1</v></c>' * 100_000 + "</row>", padding_bytes=PAD),
        {"no_recipients"},
    ),
    "unknown elements": (lambda: workbook(ONE + "<x/>" * 400_000, padding_bytes=PAD), {"ok"}),
    "deep elements": (lambda: workbook(ONE + "<x>" * 200_000 + "</x>" * 200_000, padding_bytes=PAD), {"ok"}),
    "rows": (lambda: workbook("<row/>" * 800_000, padding_bytes=PAD), {"empty"}),
    "styled blank rows": (
        lambda: workbook(ONE + "".join(f'<row r="{at}"><c r="A{at}" s="1"/></row>' for at in range(2, 100_000))),
        {"ok"},
    ),
    "a text of 20 MB": (
        lambda: workbook(f'<row r="1"><c r="A1" t="str"><v>{"x" * 20_000_000}</v></c></row>', padding_bytes=PAD),
        {"malformed"},
    ),
    "a number of 20 MB": (
        lambda: workbook(f'<row r="1"><c r="A1"><v>{"1" * 20_000_000}</v></c></row>', padding_bytes=PAD),
        {"malformed"},
    ),
    "shared strings": (lambda: workbook(ONE, strings="<si><t>a</t></si>" * 150_000, padding_bytes=PAD), {"ok"}),
    "too many shared strings": (
        lambda: workbook(ONE, strings="<si><t>a</t></si>" * 2_000_000, padding_bytes=PAD),
        {"unsupported"},
    ),
    "styles": (lambda: workbook(ONE, styles=f"<cellXfs>{'<xf/>' * 400_000}</cellXfs>", padding_bytes=PAD), {"ok"}),
    "merged cells": (
        lambda: workbook(ONE, after='<mergeCell ref="A1:XFD1048576"/>' * 100_000, padding_bytes=PAD),
        {"ok"},
    ),
    "thousands of sheets": (lambda: workbook(row(1, "x"), book=BOOK_OF_MANY), {"no_recipients"}),
    "thousands of full sheets": (lambda: workbook(WORDS, book=BOOK_OF_MANY, padding_bytes=PAD), {"unsupported"}),
    "five thousand rows of 100 columns": (
        lambda: workbook(
            "".join(f'<row r="{at}">{"<c><v>61412000001</v></c>" * 100}</row>' for at in range(1, 5_001)),
            padding_bytes=PAD,
        ),
        {"unsupported"},
    ),
    "five thousand rows of 80 columns": (
        lambda: workbook(
            "".join(f'<row r="{at}">{"<c><v>61412000001</v></c>" * 80}</row>' for at in range(1, 5_001)),
            padding_bytes=PAD,
        ),
        {"choose_column"},
    ),
    "entities in entities": (
        lambda: workbook(
            ONE,
            book='<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><workbook>&b;</workbook>',
        ),
        {"damaged"},
    ),
    "an entity from outside": (
        lambda: workbook(ONE, book='<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook>&a;</workbook>'),
        {"damaged"},
    ),
    # The container.
    "105 MB of zeros": (lambda: archive({"xl/workbook.xml": bytes(105_000_000)}), {"zip_bomb"}),
    "2 MB of zeros": (lambda: archive({"xl/workbook.xml": bytes(2_000_000)}), {"zip_bomb"}),
    "a thousand and one members": (
        lambda: archive({"xl/workbook.xml": b"x"} | {f"x/{at}": b"" for at in range(1_000)}),
        {"zip_bomb"},
    ),
    "the signatures of 100,000 members": (
        lambda: b"PK\x03\x04xl/workbook.xml" + (b"PK\x01\x02" + bytes(90)) * 100_000,
        {"zip_bomb"},
    ),
    "members packed in another way": (lambda: repacked(workbook(ONE), zipfile.ZIP_BZIP2), {"damaged"}),
    "a member that is larger than it says": (
        lambda: lying(workbook(ONE + "<x/>" * 1_000_000, padding_bytes=PAD)),
        {"damaged"},
    ),
}


def repacked(data: bytes, method: int) -> bytes:
    """Every member's compression method replaced, in both of its headers."""
    out = bytearray(data)
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = out.find(signature)
        while at >= 0:
            out[at + place : at + place + 2] = struct.pack("<H", method)
            at = out.find(signature, at + 1)
    return bytes(out)


def lying(data: bytes) -> bytes:
    """The sheet's declared size replaced by 100 bytes."""
    out = bytearray(data)
    name = b"xl/worksheets/sheet1.xml"
    for signature, size, start in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = out.find(name)
        while at >= 0:
            if out[at - start : at - start + 4] == signature:
                out[at - start + size : at - start + size + 4] = struct.pack("<I", 100)
            at = out.find(name, at + 1)
    return bytes(out)


@pytest.mark.parametrize("bomb", SHEET_BOMBS)
def test_a_bomb_in_a_spreadsheet_ends_soon_and_small(bomb: str) -> None:
    build, expected = SHEET_BOMBS[bomb]
    data = build()
    got: list[RecipientFile | str] = []
    seconds = timed(lambda: got.append(outcome("a.xlsx", data)))
    assert (got[0] if isinstance(got[0], str) else "ok") in expected
    assert seconds < MOST_SECONDS


@pytest.mark.parametrize("bomb", ["one long text in every row", "cells, well padded", "a text of 20 MB"])
def test_a_bomb_in_a_spreadsheet_takes_little_memory(bomb: str) -> None:
    data = SHEET_BOMBS[bomb][0]()
    tracemalloc.start()
    try:
        outcome("a.xlsx", data)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY_BYTES
    finally:
        tracemalloc.stop()


def sector_chain_in_a_circle() -> bytes:
    """An old Excel file whose first stream continues in itself for ever."""
    data = bytearray(XLS)
    table_sector = struct.unpack_from("<I", data, 76)[0]
    for entry in range(128):
        struct.pack_into("<I", data, 512 * (table_sector + 1) + 4 * entry, entry)
    return bytes(data)


CHILD_BOMBS: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "an OpenDocument row a million times": (
        "a.ods",
        lambda: ods(ods_row("x", repeated=1_048_576)),
        {"too_many_rows", "damaged"},
    ),
    "an OpenDocument cell four billion times": (
        "a.ods",
        lambda: ods(ods_row(1).replace(" office:value=", ' table:number-columns-repeated="4000000000" office:value=')),
        {"malformed", "damaged"},
    ),
    "an OpenDocument sheet of both": (
        "a.ods",
        lambda: ods(
            ods_row(1, repeated=1_048_576).replace(
                " office:value=", ' table:number-columns-repeated="16384" office:value='
            )
        ),
        {"damaged"},
    ),
    "sectors in a circle": ("a.xls", sector_chain_in_a_circle, {"damaged"}),
    "noise in an old Excel file": (
        "a.xls",
        lambda: XLS[:600] + noise(400_000) + XLS[600:],
        {"damaged", "empty", "no_recipients"},
    ),
}


@pytest.mark.parametrize("bomb", CHILD_BOMBS)
def test_a_bomb_in_an_old_file_ends_its_own_process_only(bomb: str) -> None:
    name, build, expected = CHILD_BOMBS[bomb]
    data = build()
    started_s = time.perf_counter()
    assert outcome(name, data) in expected
    assert time.perf_counter() - started_s < limits.CHILD_WALL_SECONDS + MOST_SECONDS


def test_the_process_for_old_files_is_given_up_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHILD_WALL_SECONDS", 0.001)
    assert outcome("a.xls", XLS) == "damaged"


def test_nothing_of_a_panic_or_an_interrupt_is_swallowed() -> None:
    from engine.recipients.archive import damage_if_it_fails  # noqa: PLC0415 - only this test looks inside

    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(FileError, match="damaged"), damage_if_it_fails():
        raise panic
    with pytest.raises(KeyboardInterrupt), damage_if_it_fails():
        raise KeyboardInterrupt


def test_the_reader_in_the_child_is_not_loaded_into_the_server() -> None:
    done = [name for name in sys.modules if name.startswith("engine.recipients.isolated_child")]
    assert done == []


def test_reading_is_fast_enough_for_a_preview() -> None:
    rows: list[list[object]] = [["phone", "name"], *[[61412000000 + at, f"name {at}"] for at in range(5_000)]]
    files = {"a.csv": csv(*[",".join(map(str, line)) for line in rows]), "a.xlsx": excel(rows)}
    for name, data in files.items():
        assert len(numbers_of(read(name, data))) == 5_000
        assert min(timed(lambda name=name, data=data: read(name, data)) for _ in range(3)) < 0.5
