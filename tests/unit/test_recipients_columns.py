"""Recipients: which row is the header, which column holds the numbers, and plain lists of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FileError
from engine.recipients import MAX_RECIPIENTS, read, read_numbers
from engine.recipients.headers import strength
from tests.unit.recipients_kit import csv, excel, numbers_of, outcome, reasons_of

PHONE_NAMES = (
    "phone|Phone Number|phone_number|PhoneNumber|MOBILE|Mobile No.|Cell|cell phone|msisdn|Tel|Tel.|téléphone|Portable|"
    "Telefon|Handynummer|Rufnummer|Mobilnummer|teléfono|Móvil|celular|telefone|telemóvel|cellulare|telefoonnummer|"
    "puhelinnumero|telefonszám|numer telefonu|Телефон|Мобильный|Τηλέφωνο|κινητό|手机|手机号码|电话|手機號碼|電話番号|"
    "携帯|휴대폰|전화번호|هاتف|رقم الجوال|موبایل|טלפון|फ़ोन|मोबाइल नंबर|โทรศัพท์|เบอร์มือถือ|điện thoại|No HP|"
    "WhatsApp|Phone (mobile)|home phone|Customer phone|phone1"
)
OTHER_NAMES = (
    "fax|Telefax|phone type|mobile country code|phone verified|automobile|Phone ID|email|name|Order number|microphone|"
    "传真|phone date|A sentence about the phone that goes on and on and on and is no name"
)
A, B, C = "+61412000001", "+61412000002", "+61412000003"


# --- headers and columns


@pytest.mark.parametrize(
    "name",
    PHONE_NAMES.split("|"),
)
def test_phone_columns_are_known_by_name_in_many_languages(name: str) -> None:
    assert strength(name) >= 2
    file = read("a.csv", f"id,{name}\n12345678,x\n12345679,{A}\n".encode())
    assert (file.phone_column, numbers_of(file)) == (name, [A])


@pytest.mark.parametrize(
    "name",
    OTHER_NAMES.split("|"),
)
def test_names_that_only_mention_phones_are_not_phone_columns(name: str) -> None:
    assert strength(name) < 2


def test_an_unknown_header_is_told_by_its_content() -> None:
    file = read("a.csv", csv("ref,when,who", f"10000001,2024-01-02,{A}", f"10000002,2024-01-03,{B}"))
    assert (file.phone_column, numbers_of(file)) == ("who", [A, B])


def test_title_rows_above_the_header_are_skipped_and_noted() -> None:
    file = read("a.csv", csv("Phone list, May 2026", "", "printed 2026-05-01", "name,phone", f"Al,{A}", "x,y"))
    assert numbers_of(file) == [A]
    assert reasons_of(file) == [(6, "characters")]
    assert file.notes == ("Rows 1 to 3 were skipped: the header is in row 4.",)


def test_bad_rows_right_below_the_header_are_rejected_not_taken_for_titles() -> None:
    assert reasons_of(read("a.csv", csv("a,b", "x,n/a", f"y,{A}"))) == [(2, "characters")]
    assert reasons_of(read("a.csv", csv("phone,name", ",Mobile Joe", f"{A},Al"))) == [(2, "empty")]


@pytest.mark.parametrize(
    "first", [A, "61412000001", "0412 000 001", "+61 (0)412-000-001", "6.14E+10", "61412", "'" + A]
)
def test_a_first_row_that_is_itself_a_number_is_never_lost(first: str) -> None:
    file = read("a.csv", csv(first, B))
    assert file.frame.height + file.rejected.height == 2
    assert not file.has_header
    assert file.notes == ("Row 1 is itself a number, not a header: it was taken as a recipient.",)
    assert file.columns == ()


@pytest.mark.parametrize(
    "first",
    [
        *(f"{A} Ann", f"tel:{A}", f"p:{A}", f"{A} ext 5", "0412 345 678 (mobile)", "https://wa.me/61412000001"),
        *(f"Mobile: {A}", f"+Ann {A}", f"{A} (home)"),
    ],
)
@pytest.mark.parametrize("others", [(B, C), (f"{B} Bob", C), ("mobile Joe", C), (*["no number"] * 20, C)])
def test_a_first_row_with_a_number_among_words_is_reported(first: str, others: tuple[str, ...]) -> None:
    for file in (read("a.csv", csv(first, *others)), read("a.xlsx", excel([[first], *([other] for other in others)]))):
        assert reasons_of(file)[0] == (1, "characters")
        assert not file.has_header


def test_the_first_entry_of_a_list_is_reported_when_it_has_words() -> None:
    file = read("a.txt", f"Recipients: {A[1:]}, {B}, {C}".encode())
    assert (reasons_of(file), numbers_of(file)) == ([(1, "characters")], [B, C])


def test_a_title_with_a_date_leaves_the_header_below_it() -> None:
    file = read("a.csv", csv("Exported by Bob 2026-05-01 10:30", "Customer phone of record,Name", f"{A},Ann"))
    assert (file.phone_column, numbers_of(file)) == ("Customer phone of record", [A])


def test_an_example_in_the_name_of_the_phone_column_leaves_it_a_name() -> None:
    file = read("a.csv", csv("Phone (e.g. 61412345678)", A))
    assert (file.phone_column, numbers_of(file)) == ("Phone (e.g. 61412345678)", [A])


def test_a_number_beside_the_word_mobile_is_no_header() -> None:
    file = read("a.csv", csv(f"Mobile Shop,{A}", f"Home,{B}"))
    assert numbers_of(file) == [A, B]
    assert not file.has_header


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (("Total,1234567", "Name,Mobile", f"Ann,{A}", f"Bob,{B}"), 2),
        (("Exported at,20240115103000", "phone,name", f"{A},Ann", f"{B},Bob"), 2),
        (("phone,20240101,20240102", f"{A},5,6", f"{B},7,8"), 1),
    ],
)
def test_a_sum_or_a_date_does_not_take_the_header_away(lines: tuple[str, ...], header: int) -> None:
    file = read("a.csv", csv(*lines))
    assert (numbers_of(file), file.rejected.height, file.has_header) == ([A, B], 0, True)
    assert file.frame["row"].to_list()[0] == header + 1


def test_the_kind_of_a_number_beside_it_is_no_header() -> None:
    file = read("a.csv", csv("12345678,Home", "0412000001,Mobile", f"{B},Mobile"))
    assert (file.has_header, numbers_of(file), file.rejected.height) == (False, [B], 2)


def test_a_header_that_comes_again_below_leaves_the_rows_between_in_the_report() -> None:
    assert reasons_of(read("a.csv", csv("phone", "1234567", "phone", A))) == [(2, "too_short"), (3, "characters")]


def test_words_under_a_phone_name_give_way_to_the_column_of_numbers() -> None:
    file = read("a.csv", csv("Mobile user,Number", f"Ann,{A}", f"Bob,{B}"))
    assert (file.phone_column, numbers_of(file)) == ("Number", [A, B])
    assert reasons_of(read("a.csv", csv("phone,invoice", f"n/a,{A}"))) == [(2, "characters")]


def test_a_fax_column_is_left_alone() -> None:
    file = read("a.csv", csv("fax,direct", f"{A},{B}"))
    assert (file.phone_column, numbers_of(file)) == ("direct", [B])


def test_two_phone_columns_are_asked_about_and_the_answer_is_used() -> None:
    data = csv("Name,Phone,Mobile", f"Al,{A},{B}", f"Bo,,{C}")
    with pytest.raises(FileError, match="Phone, Mobile") as caught:
        read("a.csv", data)
    assert caught.value.facts["choices"] == ("Phone", "Mobile")
    chosen = read("a.csv", data, column="mobile ")
    assert (chosen.phone_column, numbers_of(chosen), chosen.columns) == ("Mobile", [B, C], ("Name", "Phone"))
    assert any("“Phone” also looks like" in note for note in chosen.notes)


def test_a_choice_that_the_file_does_not_have_is_asked_again() -> None:
    assert outcome("a.csv", csv("phone,name", f"{A},Al"), column="mobile") == "choose_column"


def test_columns_without_names_are_asked_about_by_their_letters() -> None:
    data = csv(f"{A},{B}", f"{B},{C}")
    with pytest.raises(FileError) as caught:
        read("a.csv", data)
    assert caught.value.facts["choices"] == ("column A", "column B")
    assert numbers_of(read("a.csv", data, column="column B")) == [B, C]


def test_a_second_number_in_a_column_without_header_is_not_overlooked() -> None:
    assert outcome("a.csv", csv("phone", f"{A},{B}", f"{C},{B}")) == "choose_column"


def test_an_empty_second_phone_column_raises_no_question() -> None:
    assert numbers_of(outcome("a.csv", csv("phone,mobile", f",{A}", f",{B}"))) == [A, B]


def test_a_phone_column_of_only_bad_numbers_is_reported_row_by_row() -> None:
    assert reasons_of(outcome("a.csv", csv("phone,name", "n/a,Al", ",Bo"))) == [(2, "characters"), (3, "empty")]


def test_a_row_with_too_many_columns_is_named() -> None:
    with pytest.raises(FileError, match="broken at row 3: it has more than 256 columns"):
        read("a.csv", csv("phone", A, "x," * 300 + "x"))


# --- lists


@pytest.mark.parametrize("separator", [",", ", ", ";", "；", "，", "、", "،", "\t", "|", "\f", " , ", " "])
def test_a_text_file_may_be_a_list_with_any_separator(separator: str) -> None:
    file = read("a.txt", separator.join([A, B, C]).encode())
    assert numbers_of(file) == [A, B, C]
    assert (file.phone_column, file.columns) == (None, ())


def test_a_list_over_several_lines_counts_its_entries() -> None:
    file = read("a.txt", f"phone\n{A}, {B}\n\nbad; {C}\n".encode())
    assert file.frame["row"].to_list() == [2, 3, 5]
    assert reasons_of(file) == [(4, "characters")]


def test_one_number_per_line_counts_lines_even_in_a_text_file() -> None:
    file = read("a.txt", f"Mobile\n{A}\n\nbad\n".encode())
    assert file.frame["row"].to_list() == [2]
    assert reasons_of(file) == [(4, "characters")]


def test_a_table_under_a_txt_name_is_a_table() -> None:
    assert read("a.txt", f"phone\tname\n{A}\tAl".encode()).columns == ("name",)
    assert outcome("a.txt", f"phone\tmobile\n{A}\t{B}".encode()) == "choose_column"


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
def test_ids_of_a_table_under_a_txt_name_get_no_sms(delimiter: str) -> None:
    rows = (("invoice", "number"), ("61400000001", A), ("61400000002", B))
    file = read("a.txt", csv(*map(delimiter.join, rows)))
    assert (file.phone_column, file.columns, numbers_of(file)) == ("number", ("invoice",), [A, B])
    assert numbers_of(read("a.txt", f'"{A}"{delimiter}"{B}"\n"{C}"{delimiter}"x"'.encode())) == [A, B, C]


def test_a_csv_that_is_one_row_of_numbers_is_a_list() -> None:
    assert numbers_of(outcome("a.csv", f'{A},"{B}",,{C}'.encode())) == [A, B, C]
    numbers = [f"+614120{number:05}" for number in range(MAX_RECIPIENTS)]
    assert numbers_of(outcome("a.csv", f"\n{','.join(numbers)}\n".encode())) == numbers
    assert outcome("a.csv", ",".join([*numbers, A]).encode()) == "too_many_rows"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", []),
        (" \n, ;", []),
        (f"{A},{B}", [A, B]),
        (f"{A} {B}\n{C}", [A, B, C]),
        ("61412000001 61412000002", [A, B]),
        ("+61 412 000 001", [A]),
        ("+61 412 000 001 +61 412 000 002", [A, B]),
        ("+61 (0)412 000 001; +61 412 000 002、61412000003", [A, B, C]),
        (f"{A}\u2028{B}\r{C}", [A, B, C]),
    ],
)
def test_typed_numbers_are_told_apart_and_keep_their_own_spaces(typed: str, expected: list[str]) -> None:
    file = read_numbers(typed)
    assert numbers_of(file) == expected
    assert file.rejected.is_empty()
    assert file.frame["row"].to_list() == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(
    ("typed", "accepted", "refused"),
    [
        ("62 8123456789 62 8123456790", ["+628123456789", "+628123456790"], 0),
        ("+62 8123456789 62 8123456790", ["+628123456789", "+628123456790"], 0),
        ("61412000001 / 61412000002 / 61412000003", [A, B, C], 0),
        ("61 412000001 61412000002", [], 1),
        ("61412000001 412 000 002", [], 1),
        ("62 8123456789 62 8123456790 Ann", ["+628123456789"], 1),
        ("61412000001 Ann 61412000002 Bob", [], 2),
        ("61412000001 ext 5 +61412000002", [B], 1),
    ],
)
def test_a_number_that_nobody_typed_is_never_made_of_two(typed: str, accepted: list[str], refused: int) -> None:
    assert (numbers_of(read_numbers(typed)), read_numbers(typed).rejected.height) == (accepted, refused)
    in_a_file = read("a.txt", f"{typed}\n+61412000008, +61412000009\n".encode())
    assert numbers_of(in_a_file) == [*accepted, "+61412000008", "+61412000009"]


def test_typed_numbers_have_reasons_by_position() -> None:
    file = read_numbers(f"{A}, hello, {A}, +861380013800, {B}", opted_out={B})
    assert [row for row, _ in reasons_of(file)] == [2, 3, 4, 5]
    assert [reason for _, reason in reasons_of(file)][:2] == ["characters", "duplicate"]
    assert reasons_of(file)[3] == (5, "opted_out")


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_the_end_mark_of_dos_is_no_recipient(name: str) -> None:
    file = read(name, f"phone\r\n{A}\r\n\x1a".encode())
    assert (numbers_of(file), file.rejected.height) == ([A], 0)


def test_national_numbers_are_typed_with_a_default_country() -> None:
    assert numbers_of(read_numbers("0412 000 001, 0412000002", "AU")) == [A, B]


def test_too_many_typed_numbers_are_refused() -> None:
    for separator in (" ", ","):
        with pytest.raises(FileError) as caught:
            read_numbers(separator.join([A] * (MAX_RECIPIENTS + 1) * 3))
        assert caught.value.code == "too_many_rows"


@given(
    st.lists(st.integers(0, 99_999).map(lambda end: f"61412{end:06}"), min_size=1, max_size=20, unique=True),
    st.sampled_from([", ", ";", "\n", " ", "\t", "、"]),
    st.sampled_from(["{}", "+{}", "+{0[0]}{0[1]} {0[2]}{0[3]}{0[4]} {0[5]}{0[6]}{0[7]} {0[8]}{0[9]}{0[10]}"]),
)
def test_no_typed_number_is_ever_lost_or_changed(numbers: list[str], separator: str, form: str) -> None:
    file = read_numbers(separator.join(form.format(number) for number in numbers))
    seen = set(file.frame["msisdn"]) | {"+" + "".join(filter(str.isdigit, value)) for value in file.rejected["value"]}
    assert seen == {f"+{number}" for number in numbers}


def test_an_empty_phone_column_does_not_send_to_the_ids_beside_it() -> None:
    with pytest.raises(FileError) as caught:
        read("a.csv", b"phone,order\n,61412345678\n,61412345679\n")
    assert caught.value.code == "choose_column"
    assert caught.value.facts["choices"] == ("order",)
