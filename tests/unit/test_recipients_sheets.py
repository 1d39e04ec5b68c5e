"""Recipients: spreadsheets as Excel, LibreOffice and other programs write them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from engine.errors import FileError
from engine.recipients import RecipientFile, read, sheets
from tests.unit.recipients_kit import (
    ODS_BLANK_ROWS,
    ONE,
    XLS,
    archive,
    excel,
    numbers_of,
    ods,
    ods_row,
    outcome,
    reasons_of,
    row,
    workbook,
)

A, B, C = "+61412000001", "+61412000002", "+61412000003"
CORPUS = Path(__file__).parents[1] / "corpus" / "files"


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- values


def test_numbers_texts_and_other_columns_keep_their_spreadsheet_rows() -> None:
    file = read(
        "a.xlsx", excel([["Customer list"], [], ["phone", "name"], [61412000001, "Al"], [], [B, 5], ["x", 1.5]])
    )
    assert list(file.frame.select("row", "msisdn", "field:name").iter_rows()) == [(4, A, "Al"), (6, B, "5")]
    assert list(file.rejected.iter_rows()) == [(7, "x", "characters")]
    assert (file.sheet, file.phone_column, file.columns) == ("List", "phone", ("name",))
    assert file.notes == ("Row 1 was skipped: the header is in row 3.",)


@pytest.mark.parametrize(
    ("cell", "outcome_"),
    [
        ('<c r="A2"><v>61412000001</v></c>', A),
        ('<c r="A2" t="n"><v>61412000001.0</v></c>', A),
        ('<c r="A2"><v>6.1412000001E10</v></c>', A),
        ('<c r="A2" t="str"><f>CONCAT(B1,"x")</f><v>+61412000001</v></c>', A),
        ('<c r="A2"><f>B1+1</f><v>61412000001</v></c>', A),
        ('<c r="A2" t="inlineStr"><is><r><t>+61412</t></r><r><t>000001</t></r></is></c>', A),
        ('<c r="A2" t="inlineStr"><is><t>+61412000001</t><rPh sb="0" eb="1"><t>ignored</t></rPh></is></c>', A),
        ('<c r="A2" t="inlineStr"><is><t>+61412000001_x000D_</t></is></c>', A),
        ('<c r="A2" t="s"><v>1</v></c>', B),
        ('<c r="A2" t="s"><v> 2\n</v></c>', C),
        ('<c r="A2"><v>61412000001.5</v></c>', "spreadsheet_number"),
        ('<c r="A2"><v>8613800138000123456</v></c>', "spreadsheet_number"),
        ('<c r="A2"><v>-61412000001</v></c>', "spreadsheet_number"),
        ('<c r="A2" t="inlineStr"><is><t>6.14E+10</t></is></c>', "spreadsheet_number"),
        ('<c r="A2" s="1"><v>45000</v></c>', "spreadsheet_number"),
        ('<c r="A2" s="2"><v>0.5</v></c>', "spreadsheet_number"),
        ('<c r="A2" s="1"><v>61412000001</v></c>', A),
        ('<c r="A2" t="d"><v>2024-01-31</v></c>', "spreadsheet_number"),
        ('<c r="A2" t="b"><v>1</v></c>', "characters"),
        ('<c r="A2" t="e"><v>#N/A</v></c>', "characters"),
        ('<c r="A2"><v>nan</v></c>', "characters"),
        ('<c r="A2"><v>1e999</v></c>', "spreadsheet_number"),
    ],
)
def test_every_type_of_cell_is_read(cell: str, outcome_: str) -> None:
    data = workbook(
        row(1, "phone", "x") + f'<row r="2">{cell}<c r="B2"><v>1</v></c></row>',
        strings=f"<si><t>a</t></si><si><t>{B}</t></si><si><r><t>+61412</t></r><r><t>000003</t></r></si>",
        styles='<numFmts><numFmt numFmtId="164" formatCode="[Red]hh:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
        '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs>',
    )
    file = read("a.xlsx", data)
    assert [*numbers_of(file), *(reason for _, reason in reasons_of(file))] == [outcome_]


@pytest.mark.parametrize("formula", ["<f>B1+1</f>", "<f>B1+1</f><v/>", "<f>B1+1</f><v></v>", '<f t="shared" si="0"/>'])
def test_a_row_whose_number_was_never_calculated_is_reported(formula: str) -> None:
    waiting = "".join(f'<row r="{at}"><c r="A{at}">{formula}</c></row>' for at in (2, 3))
    file = read("a.xlsx", workbook(row(1, "phone") + waiting + row(4, A)))
    assert (reasons_of(file), numbers_of(file)) == ([(2, "empty"), (3, "empty")], [A])
    assert any("never calculated" in note for note in file.notes)


def test_a_formula_with_nothing_for_its_result_leaves_its_row_blank() -> None:
    below = '<row r="2"><c r="A2" t="str"><f>IF(B2="","",B2)</f><v></v></c></row>'
    file = read(
        "a.xlsx", workbook(row(1, "phone") + below + '<row r="3"><c r="A3"><f>B3</f><v>61412000001</v></c></row>')
    )
    assert (numbers_of(file), file.rejected.height, file.notes) == ([A], 0, ())


def test_dates_and_other_values_become_text_for_placeholders() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["phone", "day", "moment", "at", "yes", "price", "whole", "text"])
    sheet.append([A, dt.date(2024, 3, 1), dt.datetime(2024, 3, 1, 9, 5), dt.time(9, 5), True, 1.25, 7.0, " Zoë "])  # noqa: DTZ001
    file = read("a.xlsx", saved(book))
    values = [file.field(name).item() for name in file.columns]
    assert values == ["2024-03-01", "2024-03-01 09:05", "09:05:00", "TRUE", "1.25", "7", "Zoë"]


def test_a_workbook_that_counts_from_1904_has_the_same_dates() -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904  # type: ignore[attr-defined]
    sheet = book.active
    assert sheet is not None
    sheet.append(["phone", "day"])
    sheet.append([A, dt.date(2024, 3, 1)])
    assert read("a.xlsx", saved(book)).field("day").item() == "2024-03-01"


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(-1e12, 1e12).map(lambda value: round(value, 3)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=8),
)


@settings(max_examples=60)
@given(st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=6))
def test_values_are_those_of_another_reader(rows: list[list[object]]) -> None:
    data = excel(rows)
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as other:
        expected = other.get_sheet_by_index(0).to_python(skip_empty_area=False)
    got = {
        number: values for table in sheets.read(data) for number, values in zip(table.numbers, table.rows, strict=True)
    }
    for number, values in enumerate(expected, 1):
        padded = [*got.get(number, []), *[""] * len(values)][: len(values)]
        assert [cell if isinstance(cell, str) and cell.strip() else cell or "" for cell in padded] == [
            cell or "" for cell in values
        ]


# --- shape


def test_rows_and_cells_without_positions_are_counted() -> None:
    data = workbook("<row><c><v>61412000001</v></c></row><row/><row><c/><c><v>61412000002</v></c></row>")
    assert [table.numbers for table in sheets.read(data)] == [[1, 3]]
    assert [table.rows for table in sheets.read(data)] == [[[61412000001], ["", 61412000002]]]


def test_a_row_without_position_takes_it_from_its_first_cell() -> None:
    file = read(
        "a.xlsx", workbook('<row><c r="A4"><v>61412000001</v></c></row><row><c r="A9"><v>61412000002</v></c></row>')
    )
    assert file.frame["row"].to_list() == [4, 9]


def test_prefixed_elements_and_odd_part_names_are_understood() -> None:
    plain = workbook(row(1, "phone") + row(2, 61412000001))
    members: dict[str, bytes | str] = {}
    with zipfile.ZipFile(io.BytesIO(plain)) as package:
        for name in package.namelist():
            text = package.read(name).decode()
            if "sheet1" in name:
                for tag in ("worksheet", "sheetData", "row", "c", "v", "is", "t"):
                    text = text.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
                    text = text.replace(f"</{tag}>", f"</x:{tag}>")
                text = text.replace("<x:worksheet>", '<x:worksheet xmlns:x="y">')
            members[name.replace("sheet1", "SHEET1").replace("xl/worksheets/", "xl\\worksheets\\")] = text
    assert numbers_of(outcome("a.xlsx", archive(members))) == [A]


def test_merged_cells_and_styled_blank_ones_do_no_harm() -> None:
    blank = "".join(f'<row r="{number}"><c r="A{number}" s="3"/></row>' for number in range(3, 60_000))
    data = workbook(
        row(1, "phone") + row(2, 61412000001) + blank, after='<mergeCells><mergeCell ref="A2:C9"/></mergeCells>'
    )
    assert numbers_of(outcome("a.xlsx", data)) == [A]


def test_hidden_rows_are_read_and_noted() -> None:
    file = read("a.xlsx", workbook(row(1, "phone") + row(2, 61412000001).replace("<row ", '<row hidden="1" ')))
    assert numbers_of(file) == [A]
    assert file.notes == ("Some rows are hidden in the spreadsheet; they were read as well.",)


def test_a_row_too_far_down_or_right_is_refused_and_a_blank_one_is_not() -> None:
    assert outcome("a.xlsx", workbook(ONE + row(20_001, 61412000001))) == "too_many_rows"
    assert outcome("a.xlsx", workbook(ONE + '<row r="2"><c r="XFD2"><v>1</v></c></row>')) == "malformed"
    assert len(numbers_of(outcome("a.xlsx", workbook(ONE + '<row r="1048576"><c r="XFD1048576" s="1"/></row>')))) == 1


def test_five_thousand_rows_are_read_and_one_more_is_not() -> None:
    lines = [["phone"], *([f"+614120{number:05}"] for number in range(5_001))]
    assert outcome("a.xlsx", excel(lines)) == "too_many_rows"
    assert len(numbers_of(outcome("a.xlsx", excel(lines[:-1])))) == 5_000


# --- sheets


def with_sheets(*described: tuple[str, str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, state, rows in described:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for values in rows:
            sheet.append(values)
    return saved(book)


def test_hidden_sheets_are_skipped_and_the_first_visible_one_with_numbers_is_read() -> None:
    file = read(
        "a.xlsx",
        with_sheets(
            ("Old", "hidden", [["phone"], [C]]),
            ("Secret", "veryHidden", [["phone"], [C]]),
            ("Empty", "visible", []),
            ("Read me", "visible", [["How to use this file"], ["Fill in the next sheet"]]),
            ("June", "visible", [["phone"], [A]]),
            ("July", "visible", [["phone"], [B]]),
        ),
    )
    assert (file.sheet, numbers_of(file)) == ("June", [A])
    assert file.notes == (
        "Sheet “Read me” was skipped: it holds no phone numbers.",
        "Hidden sheets were skipped: Old, Secret.",
        "Only sheet “June” was read. Other sheets: Empty, Read me, July.",
    )


LIST: tuple[str, str, list[list[object]]] = ("June", "visible", [["name", "phone"], ["Ann", A], ["Bob", B]])


@pytest.mark.parametrize(
    "cover",
    [
        [["Acme Ltd"], ["Call us", "+61299990000"]],
        [["Acme Ltd"], ["Text us", C]],
        [["ref", "old ref"], [61299990000, 61299990001], [61299990002, 61299990003]],
    ],
)
def test_a_sheet_of_other_numbers_before_the_list_is_passed_over(cover: list[list[object]]) -> None:
    file = read("a.xlsx", with_sheets(("Cover", "visible", cover), ("Text", "visible", [["x"]]), LIST))
    assert (file.sheet, numbers_of(file)) == ("June", [A, B])
    assert file.notes[0] == "Sheet “Cover” was skipped: no column of it is named as one of phone numbers."


def test_a_list_without_header_is_read_although_a_smaller_named_one_follows() -> None:
    numbers: list[list[object]] = [[f"+6141200010{at}"] for at in range(5)]
    rows: list[list[object]] = [["phone"]]
    broken = ("Long", "visible", rows + [[A] for _ in range(5_021)])
    for later in (LIST, broken):
        file = read("a.xlsx", with_sheets(("List", "visible", numbers), later))
        assert (file.sheet, file.frame.height) == ("List", 5)


def test_a_list_without_header_is_read_although_a_longer_named_one_follows() -> None:
    older: tuple[str, str, list[list[object]]] = ("2019", "visible", [["phone"], [A], [B], [C]])
    file = read("a.xlsx", with_sheets(("Now", "visible", [[A], [B]]), older))
    assert (file.sheet, numbers_of(file)) == ("Now", [A, B])


def test_columns_of_numbers_without_names_are_asked_about_when_no_sheet_is_plainer() -> None:
    unnamed: list[list[object]] = [[A, B], [B, C]]
    assert outcome("a.xlsx", with_sheets(("One", "visible", unnamed), ("Two", "visible", [[C]]))) == "choose_column"


def test_a_chosen_column_is_looked_for_in_every_sheet() -> None:
    data = with_sheets(("One", "visible", [["phone"], [A]]), ("Two", "visible", [["mobile"], [B]]))
    file = read("a.xlsx", data, column="mobile")
    assert (file.sheet, numbers_of(file)) == ("Two", [B])
    assert outcome("a.xlsx", data, column="fax") == "choose_column"


def test_workbooks_without_any_number_say_so() -> None:
    assert outcome("a.xlsx", with_sheets(("One", "visible", []), ("Two", "hidden", [["phone"], [A]]))) == "empty"
    assert outcome("a.xlsx", with_sheets(("One", "visible", [["phone"]]))) == "no_recipients"


# --- not what they seem


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"phone\n61412000001\n", "extension_mismatch"),
        ("phone\n61412000001\n".encode("utf-16"), "extension_mismatch"),
        (b"<html><table>", "extension_mismatch"),
        (b"%PDF-1.7", "extension_mismatch"),
        (b"\x89PNG\r\n\x1a\n", "extension_mismatch"),
        (XLS, "extension_mismatch"),
        (ods(), "extension_mismatch"),
        (archive({"xl/workbook.bin": "x"}), "extension_mismatch"),
        (archive({"word/document.xml": "x"}), "extension_mismatch"),
        (archive({"readme.md": "x"}), "damaged"),
        (archive({}), "damaged"),
        (b"PK\x03\x04", "damaged"),
        (b"\x00\x01\x02", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99) + "EncryptedPackage".encode("utf-16-le"), "password"),
        (workbook(ONE)[:-30], "damaged"),
        (workbook(ONE)[:300], "damaged"),
        (workbook(ONE + "<row>"), "damaged"),
        (workbook('<row r="1"><c r="A1" t="s"><v>5</v></c></row>', strings="<si><t>a</t></si>"), "damaged"),
        (workbook('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', strings="<si><t>a</t></si>"), "damaged"),
        (workbook('<row r="2"><c r="A2"><v>1</v></c></row>' + ONE), "damaged"),
        (workbook(ONE, book="<workbook/>"), "damaged"),
        (workbook(ONE, sheets='<sheet name="List" r:id="nowhere"/>'), "damaged"),
    ],
)
def test_what_is_no_proper_xlsx_ends_in_a_code(data: bytes, code: str) -> None:
    assert outcome("a.xlsx", data) == code


def test_macros_and_encrypted_members_are_refused_under_any_name() -> None:
    members: dict[str, bytes | str] = {"xl/workbook.xml": "<workbook/>", "xl/vbaProject.bin": b"x"}
    assert outcome("a.xlsx", archive(members)) == "macros"
    locked = bytearray(workbook(ONE))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert outcome("a.xlsx", bytes(locked)) == "password"


def test_the_kind_named_in_a_mismatch_is_the_true_one() -> None:
    with pytest.raises(FileError, match="really a xls file"):
        read("a.xlsx", XLS)
    with pytest.raises(FileError, match="really a xlsx file"):
        read("a.ods", workbook(ONE))


# --- old Excel and OpenDocument, read in a process of their own


def test_an_old_excel_file_is_read() -> None:
    file = read("a.xls", XLS)
    assert list(file.frame.select("row", "msisdn", "field:name", "field:since").iter_rows()) == [
        (2, "+61412345678", "Zoë", "2024-03-01"),
        (4, "+61412345679", "Al", "5"),
    ]
    assert (file.sheet, file.notes) == ("List", ("Hidden sheets were skipped: Old.",))


def test_an_opendocument_file_is_read() -> None:
    blank = ods_row(repeated=3)
    hidden = f'<table:table table:name="Old" table:style-name="off">{ods_row("phone")}{ods_row(A)}</table:table>'
    file = read("a.ods", ods(blank, ods_row("phone", "name"), ods_row(61412000001, "Al"), ODS_BLANK_ROWS, table=hidden))
    assert list(file.frame.select("row", "msisdn", "field:name").iter_rows()) == [(5, A, "Al")]
    assert file.notes == ("Hidden sheets were skipped: Old.",)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.xls", b"phone\n61412000001\n", "extension_mismatch"),
        ("a.xls", b"<html><table>", "extension_mismatch"),
        ("a.xls", workbook(ONE), "extension_mismatch"),
        ("a.xls", XLS[:2_000], "damaged"),
        ("a.xls", XLS + "_VBA_PROJECT_CUR".encode("utf-16-le"), "macros"),
        ("a.xls", XLS + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.ods", archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "damaged"),
        ("a.ods", ods()[:-40], "damaged"),
        ("a.ods", ods(), "empty"),
        ("a.ods", ods(ods_row("phone")), "no_recipients"),
        ("a.ods", ods(ods_row("phone"), manifest="<manifest:encryption-data/>"), "password"),
        ("a.ods", ods(*[ods_row(61412000000 + number) for number in range(5_001)]), "too_many_rows"),
    ],
)
def test_what_is_no_proper_old_file_ends_in_a_code(name: str, data: bytes, code: str) -> None:
    assert outcome(name, data) == code


def test_the_corpus_workbooks_are_read_like_by_another_reader() -> None:
    for path in CORPUS.glob("xlsx_m*.bin"):
        file = outcome("a.xlsx", path.read_bytes())
        assert isinstance(file, RecipientFile)
        with CalamineWorkbook.from_path(str(path)) as other:
            values = other.get_sheet_by_index(0).to_python(skip_empty_area=False)
        assert [f"{line[0]}" for line in values[1:]] == file.frame["msisdn"].to_list()
