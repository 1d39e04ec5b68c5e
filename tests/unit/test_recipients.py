"""Recipients: the corpus, names of files, text files, reports and templates."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import SENTENCES, FileError, InputError
from engine.model import ROW_SENTENCES, RowReason
from engine.recipients import (
    FIELD_PREFIX,
    FORMATS,
    MAX_FILE_BYTES,
    MAX_RECIPIENTS,
    Format,
    RecipientFile,
    read,
    rejected_csv,
    report_csv,
    template,
    to_check_json,
)
from tests.unit.recipients_kit import csv, numbers_of, outcome, reasons_of

TESTS = Path(__file__).parents[1]
CORPORA = [TESTS / "corpus", TESTS.parents[1] / "shared" / "corpus"]
CODES = (
    "extension extension_mismatch file_name too_large too_many_rows empty no_recipients encoding binary malformed "
    "choose_column damaged macros password zip_bomb unsupported"
)
A, B, C = "+61412000001", "+61412000002", "+61412000003"


def corpus_cases() -> list[Any]:
    return [
        pytest.param(folder, case, id=f"{folder.parent.name}-{case['id']}")
        for folder in CORPORA
        if (folder / "files.jsonl").exists()
        for case in map(json.loads, (folder / "files.jsonl").read_text("utf-8").splitlines())
    ]


@pytest.mark.parametrize(("folder", "case"), corpus_cases())
def test_every_file_of_the_corpus_has_its_outcome(folder: Path, case: dict[str, Any]) -> None:
    got = outcome(case["file_name"], (folder / case["bytes"]).read_bytes())
    assert ({"error": got} if isinstance(got, str) else {"accepted": got.frame.height}) == case["expect"]


# --- what comes out


def test_every_row_that_is_not_blank_is_accepted_or_rejected_with_its_spreadsheet_row() -> None:
    file = read("a.csv", csv("phone,name", A, "", "x,Bo", f"{A},Cy", ",Di", f" {B} ,Ed", ",,"))
    assert list(file.frame.select("row", "msisdn", "country", "kind").iter_rows()) == [
        (2, A, "AU", "mobile"),
        (7, B, "AU", "mobile"),
    ]
    assert list(file.rejected.iter_rows()) == [(4, "x", "characters"), (5, A, "duplicate"), (6, "", "empty")]
    assert file.summary == {"ok": 2, "characters": 1, "duplicate": 1, "empty": 1}
    assert (file.phone_column, file.has_header, file.notes) == ("phone", True, ())


def test_one_number_in_two_spellings_is_a_duplicate() -> None:
    assert reasons_of(read("a.csv", csv("phone", A, "0412 000 001"), "AU")) == [(3, "duplicate")]


def test_opted_out_numbers_are_rejected_once_and_their_repetition_is_a_duplicate() -> None:
    file = read("a.csv", csv("phone", A, B, A), opted_out=[A])
    assert numbers_of(file) == [B]
    assert reasons_of(file) == [(2, "opted_out"), (4, "duplicate")]


def test_other_columns_come_along_as_text_for_placeholders() -> None:
    file = read("a.csv", csv("First name,phone,Row", f" Zoë ,{A},17", f"Al,{B}"))
    assert file.columns == ("First name", "Row")
    assert file.frame.columns == ["row", "msisdn", "country", "kind", f"{FIELD_PREFIX}First name", f"{FIELD_PREFIX}Row"]
    assert file.field("First name").to_list() == ["Zoë", "Al"]
    assert file.field("Row").to_list() == ["17", ""]


def test_columns_with_one_name_stay_apart_and_nameless_ones_are_left_out() -> None:
    file = read("a.csv", csv("phone,name,NAME,,name (2)", f"{A},a,b,c,d"))
    assert file.columns == ("name", "NAME (2)", "name (2) (2)")
    assert [file.field(name).item() for name in file.columns] == ["a", "b", "d"]


def test_columns_that_a_placeholder_cannot_tell_apart_get_names_that_it_can() -> None:
    file = read("a.csv", csv("phone,First Name,first_name,-,_", f"{A},a,b,c,d"))
    assert file.columns == ("First Name", "first_name (2)", "-", "_ (2)")


def test_control_characters_never_reach_a_message() -> None:
    file = read("a.csv", csv("phone,name", f"{A},a\x07b\tc", *[f"{A},{'x' * 80}"] * 20))
    assert file.field("name")[0] == "ab\tc"


def test_a_rejected_value_is_shown_as_found_and_cut() -> None:
    file = read("a.csv", csv("phone", "x" * 500))
    assert file.rejected["value"].item() == "x" * 200


def test_an_unknown_default_country_is_an_input_error() -> None:
    with pytest.raises(InputError):
        read("a.csv", csv("phone", A), "XX")


# --- names and sizes of files


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "file_name"),
        ("a" * 252 + ".csv", "file_name"),
        ("../a.csv", "file_name"),
        ("a\\b.csv", "file_name"),
        ("a\n.csv", "file_name"),
        ("vsc.\u202egpj.csv", "file_name"),
        ("a\ud800.csv", "file_name"),
        ("csv", "extension"),
        ("a.", "extension"),
        ("a.csv.exe", "extension"),
        ("a.pdf", "extension"),
        ("a.xlsm", "macros"),
        ("a.XLTM", "macros"),
        ("a.xlsb", "unsupported"),
        ("a.numbers", "unsupported"),
    ],
)
def test_file_names_that_cannot_be_read_are_refused(name: str, code: str) -> None:
    assert outcome(name, csv("phone", A)) == code


@pytest.mark.parametrize("name", ["a.CSV", "a.csv ", "Kunden März 2026.csv", "客户.名单.csv", ".csv", "a.txt", "a.tsv"])
def test_file_names_of_people_are_accepted(name: str) -> None:
    assert numbers_of(outcome(name, csv("phone", A))) == [A]


def test_ten_megabytes_are_read_and_one_byte_more_is_not() -> None:
    start = csv("phone", A, "")
    assert numbers_of(outcome("a.csv", start + b"\n" * (MAX_FILE_BYTES - len(start)))) == [A]
    with pytest.raises(FileError, match=r"10\.1 MB; the most is 10 MB"):
        read("a.csv", start + b"\n" * (MAX_FILE_BYTES - len(start) + 1))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b" \r\n\t,;\n", "empty"),
        (b'""\n""', "empty"),
        (b"sep=;\n", "empty"),
        (b"phone\n", "no_recipients"),
        (b"phone,name\n\n\n", "no_recipients"),
        (b"name,city\nAl,Rome\n", "no_recipients"),
        (b"date\n2024-01-31\n31/01/2024\n", "no_recipients"),
    ],
)
def test_files_without_numbers_say_so(data: bytes, code: str) -> None:
    assert outcome("a.csv", data) == code


def test_blank_rows_do_not_count_as_recipients_but_are_capped() -> None:
    lines = [f"+614120{number:05}" for number in range(MAX_RECIPIENTS)]
    assert len(numbers_of(outcome("a.csv", csv("My list", "phone", *lines, *[",,"] * 9_000)))) == MAX_RECIPIENTS
    assert outcome("a.csv", csv("phone", *lines, "x")) == "too_many_rows"
    assert outcome("a.csv", csv("phone", A, *[""] * 20_000, B)) == "too_many_rows"


# --- wrong content


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"PK\x03\x04....xl/workbook.xml", "extension_mismatch"),
        (b"PK\x03\x04....word/document.xml", "extension_mismatch"),
        (b"PK\x03\x04....", "extension_mismatch"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "extension_mismatch"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "binary"),
        (b"%PDF-1.7\n", "binary"),
        (b"\xff\xd8\xff\xe0", "binary"),
        (b"\x00\x01\x02\x03" * 50, "binary"),
        (b"{\\rtf1 61412000001}", "extension_mismatch"),
        (b"\n<html><table><tr><td>61412000001", "extension_mismatch"),
    ],
)
def test_other_kinds_of_file_under_a_text_name_are_told_apart(start: bytes, code: str) -> None:
    assert outcome("a.csv", start) == code
    assert outcome("a.txt", start) == code


def test_a_mismatch_names_the_true_kind() -> None:
    with pytest.raises(FileError, match=r"really a xlsx file. Save the list as"):
        read("a.csv", b"PK\x03\x04....xl/workbook.xml")


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_every_unicode_encoding_is_read_with_or_without_mark(encoding: str) -> None:
    text = "\n".join(["phone,name", f"{A},Zoë", f"{B},Олег", f"{C},山田"])
    file = read("a.csv", text.encode(encoding))
    assert numbers_of(file) == [A, B, C]
    assert file.field("name").to_list() == ["Zoë", "Олег", "山田"]
    assert (file.phone_column, file.notes) == ("phone", ())


def test_accented_latin_is_windows_1252_and_never_chinese() -> None:
    names = ["Zoé", "Håkan", "Hélène", "Jürgen", "Muñoz", "“Smart”"]
    lines = [f"{A[:-2]}{10 + at},{name}" for at, name in enumerate(names)]
    file = read("a.csv", "\n".join(["téléphone,prénom", *lines]).encode("cp1252"))
    assert file.field("prénom").to_list() == names
    assert "Windows-1252" in file.notes[0]


@pytest.mark.parametrize("name", ["Conceição", "Größe", "Strößner", "NUÑÉZ"])
def test_two_accents_beside_each_other_inside_a_word_are_not_chinese(name: str) -> None:
    file = read("a.csv", csv("phone,name", f"{A},{name}").decode().encode("cp1252"))
    assert file.field("name").to_list() == [name]


def test_letters_around_a_chinese_character_leave_a_chinese_file_chinese() -> None:
    people = [f"张三丰,{A[:-2]}{10 + at},建国路" for at in range(9)]
    file = read("a.csv", "\n".join(["姓名,手机,地址", *people, f"欧阳娜,{B},A座B室"]).encode("gbk"))
    assert file.field("地址").to_list()[-1] == "A座B室"


def test_chinese_text_is_gb18030() -> None:
    file = read("a.csv", f"姓名,联系电话\n张三,{A}\n欧阳，娜娜,{B}".encode("gb18030"))
    assert file.field("姓名").to_list()[0] == "张三"
    assert file.phone_column == "联系电话"


@pytest.mark.parametrize(
    ("header", "name", "encodings"),
    [
        ("Имя,Телефон 1", "Олег", "cp1251 cp866 koi8_r"),
        ("氏名,電話番号", "山田", "cp932 euc_jp"),
        ("이름,전화번호", "김민준", "cp949 euc_kr"),
        ("姓名,電話", "張三", "big5 gb18030"),
        ("姓名,手机", "张三", "gbk"),
        ("Όνομα,Τηλέφωνο", "Γιώργος", "cp1253"),
        ("שם,טלפון", "דוד", "cp1255"),
        ("الاسم,الهاتف", "محمد", "cp1256"),
        ("ชื่อ,โทรศัพท์", "สมชาย", "cp874"),
        ("prénom,téléphone", "Zoé", "cp1252"),
    ],
)
def test_a_header_in_its_language_tells_an_old_code_page(header: str, name: str, encodings: str) -> None:
    who, phone = header.split(",")
    for encoding in encodings.split():
        file = read("a.csv", csv(header, f"{name},{A}", f"x,{B}").decode().encode(encoding))
        assert (numbers_of(file), file.phone_column) == ([A, B], phone)
        assert file.field(who).to_list() == [name, "x"]
        assert "was read as" in file.notes[0]


def test_text_in_an_unknown_code_page_is_refused_rather_than_sent_with_holes() -> None:
    lines = [f"ИВАН ПЕТРОВ,{A[:-2]}{10 + at}" for at in range(5)]
    assert outcome("a.csv", csv("name,phone", *lines).decode().encode("cp866")) == "encoding"


def test_a_few_bad_bytes_in_utf_8_cost_only_their_cell_and_are_named() -> None:
    file = read("a.csv", f"phone,name\n{A},Zoë\n".encode() + b"\xff\xfe,B\xffo\n" + f"{B},Ann\n".encode())
    assert numbers_of(file) == [A, B]
    assert reasons_of(file) == [(3, "characters")]
    assert file.field("name").to_list() == ["Zoë", "Ann"]
    assert any("row 3" in note for note in file.notes)


def test_broken_utf_16_is_an_encoding_error() -> None:
    assert outcome("a.csv", b"\xff\xfe" + b"\x00\xd8" * 100) == "encoding"


# --- delimiters, quotes, line ends


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，", "；", "、"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_every_delimiter_and_line_end_is_found_out(delimiter: str, line_end: str) -> None:
    rows = [["name", "phone", "note"], ["Al", A, "1.5"], ["Bo", B, ""]]
    for name in ("a.csv", "a.txt"):
        file = read(name, line_end.join(delimiter.join(row) for row in rows).encode())
        assert numbers_of(file) == [A, B]
        assert file.columns == ("name", "note")


def test_mixed_line_ends_count_rows_as_a_spreadsheet_does() -> None:
    file = read("a.csv", f"phone\r\n{A}\r{B}\n\r\nx\r".encode())
    assert reasons_of(file) == [(5, "characters")]


@pytest.mark.parametrize(
    ("delimiter", "rows"),
    [
        (";", (("Téléphone", "Nom, Prénom"), (A, "Martin, Ann"), (B, "Petit, Bob"))),
        (";", ((A[1:], "1,50"), (B[1:], "2,50"))),
        ("\t", (("phone", "name, city"), (A, "Smith, Ann"), (B, "Jones, Bob"))),
        ("|", ((A[1:], "1,50"), (B[1:], "2,50"))),
    ],
)
def test_a_comma_in_every_row_does_not_divide_a_file_of_another_delimiter(
    delimiter: str, rows: tuple[tuple[str, str], ...]
) -> None:
    file = read("a.csv", csv(*map(delimiter.join, rows)))
    assert (numbers_of(file), file.rejected.height) == ([A, B], 0)


def test_decimal_commas_do_not_make_a_semicolon_file_a_comma_file() -> None:
    file = read("a.csv", csv("phone;amount", f"{A};1,50", f"{B};2,75"))
    assert file.field("amount").to_list() == ["1,50", "2,75"]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_separator_line_is_obeyed_and_not_counted(first: str) -> None:
    file = read("a.csv", csv(first, "phone;a,b", f"{A};1", "x;2"))
    assert file.columns == ("a,b",)
    assert reasons_of(file) == [(3, "characters")]


def test_quoted_cells_may_hold_delimiters_quotes_and_new_lines() -> None:
    file = read("a.csv", csv("phone,name", f'{A},"Al\n""the, man"""', f'"{B}", "Bo"', "x,y"))
    assert file.field("name").to_list() == ['Al\n"the, man"', "Bo"]
    assert reasons_of(file) == [(4, "characters")]


def test_a_quote_inside_a_plain_cell_is_only_a_quote() -> None:
    assert read("a.csv", csv("phone,name", f'{A},Al "Bo" Cy')).field("name").item() == 'Al "Bo" Cy'


def test_text_behind_a_closing_quote_is_kept_when_nothing_was_swallowed() -> None:
    file = read("a.csv", csv("phone,name", f'{A},"Al" Cy', f"{B},Bo"))
    assert file.field("name").to_list() == ["Al Cy", "Bo"]
    assert file.notes == ("Row 2 has text after a closing quotation mark; it was kept.",)


@pytest.mark.parametrize(
    "lines",
    [
        ("phone,name", f'{A},"Al', f"{B},Bo"),
        ("phone,name", f'{A},"Al', f"{B},Bo", f'{C},"Cy"'),
        ("phone,name", f'{A},"Al', f"{B},Bo", f'{C},Cy"'),
    ],
    ids=["never closed", "closed by the next quote", "closed by a stray one"],
)
def test_a_stray_quote_never_swallows_recipients(lines: tuple[str, ...]) -> None:
    with pytest.raises(FileError, match="broken at row 2: ") as caught:
        read("a.csv", csv(*lines))
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    "lines",
    [("name,phone", f'"Ann,{A}', f'Bob",{B}'), ("name,phone,city", f'"Ann,{A}', f'Bob",{B},Rome', f"Cy,{C},Oslo")],
)
def test_two_stray_quotes_never_swallow_the_number_between_them(lines: tuple[str, ...]) -> None:
    assert outcome("a.csv", csv(*lines)) == "malformed"


def test_a_cell_of_several_lines_may_hold_numbers_in_other_places() -> None:
    file = read("a.csv", csv("name,phone", f'"Ann\n{B}",{A}', f'"Bob, Cy\nHill 7, Rome",{B}'))
    assert numbers_of(file) == [A, B]


def test_numbers_that_a_spreadsheet_export_wraps_as_formula_text_are_read() -> None:
    file = read("a.csv", csv("phone", f'="{A}"', f'"=""{B}"""', f'=HYPERLINK("{C}")'))
    assert numbers_of(file) == [A, B]
    assert reasons_of(file) == [(4, "characters")]


# --- reports


def mixed() -> RecipientFile:
    return read("a.csv", csv("phone,name", A, "=1+1", "-5", "@SUM(A1)", f"{B},x", "+61299990000"))


def test_the_download_of_rejected_rows_explains_each_and_runs_no_formula() -> None:
    text = rejected_csv(mixed()).decode("utf-8-sig")
    rows = list(csv_module.reader(io.StringIO(text)))
    assert rows[0] == ["row", "value", "reason", "sentence"]
    assert [row[:3] for row in rows[1:]] == [
        ["3", "'=1+1", "characters"],
        ["4", "'-5", "spreadsheet_number"],
        ["5", "'@SUM(A1)", "characters"],
        ["7", "'+61299990000", "landline"],
    ]
    assert all(row[3] == ROW_SENTENCES[RowReason(row[2])] for row in rows[1:])


def test_the_whole_report_has_every_row_in_order() -> None:
    rows = list(csv_module.reader(io.StringIO(report_csv(mixed()).decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["2", "3", "4", "5", "6", "7"]
    assert rows[1][1:4] == ["61412000001", "ok", "AU"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_the_check_answer_is_plain_json() -> None:
    answer = json.loads(json.dumps(to_check_json(mixed())))
    assert answer["accepted"][0] == {"row": 2, "msisdn": A, "country": "AU"}
    assert answer["rejected"][0] == {"row": 3, "value": "=1+1", "reason": "characters"}
    assert answer["error"] is None


# --- templates


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_unfilled_template_is_understood_and_sends_to_nobody(file_format: Format) -> None:
    offered = template(file_format)
    file = read(offered.file_name, offered.data)
    assert (file.phone_column, file.has_header, file.notes) == ("phone", True, ())
    assert file.frame.is_empty()
    assert [row for row, _ in reasons_of(file)] == [2, 3]
    assert {reason for _, reason in reasons_of(file)} == {"test_range"}
    assert template(file_format).data == offered.data


def test_every_code_this_package_raises_has_a_sentence() -> None:
    sources = "".join(path.read_text("utf-8") for path in (TESTS.parent / "engine" / "recipients").glob("*.py"))
    raised = {part.split('"')[0] for part in sources.split('FileError("')[1:]}
    assert raised <= set(SENTENCES)
    assert raised >= set(CODES.split())
