"""Recipients: random bytes, random text, and sound files with damage, under every reader."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.recipients import RecipientFile
from tests.unit.recipients_kit import XLS, excel, outcome, row, workbook


@settings(max_examples=150)
@given(st.sampled_from(["csv", "txt", "xlsx"]), st.binary(max_size=400))
@example("csv", b"\xff\xfe\x00")
@example("csv", b"\x00\x00\xfe\xff\x00")
@example("txt", b'"\r')
@example("xlsx", b"PK\x05\x06" + bytes(18))
def test_any_bytes_end_in_a_result_or_a_code(extension: str, data: bytes) -> None:
    file = outcome(f"a.{extension}", data, column=None)
    assert isinstance(file, (RecipientFile, str))


@settings(max_examples=150)
@given(
    st.sampled_from(["csv", "txt"]),
    st.text(st.sampled_from("1234567890+ ,;|\t\n\r\"'=-.()phone、，\u2028\x0c\ufeffé"), max_size=200),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "gb18030"]),
)
def test_any_text_has_every_row_once(extension: str, text: str, encoding: str) -> None:
    file = outcome(f"a.{extension}", text.encode(encoding, "ignore"))
    if isinstance(file, RecipientFile):
        rows = [*file.frame["row"], *file.rejected["row"]]
        assert len(rows) == len(set(rows)) == sum(file.summary.values())
        assert file.frame["msisdn"].n_unique() == file.frame.height


VALID = excel([["phone", "name"], *[[61412000000 + at, f"name {at}"] for at in range(30)]])


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_xlsx_ends_in_a_result_or_a_code(data: st.DataObject) -> None:
    broken = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(broken)), st.integers(0, len(broken))))
    assert isinstance(outcome("a.xlsx", bytes(broken[:cut])), (RecipientFile, str))


SHEET_XML = row(1, "phone", "name") + row(2, 61412000001, "Al") + '<row r="3"><c r="A3" t="s"><v>0</v></c></row>'


@settings(max_examples=150)
@given(st.data())
def test_damaged_xml_inside_a_sound_xlsx_ends_in_a_result_or_a_code(data: st.DataObject) -> None:
    pieces = st.sampled_from(
        ["<c>", "</c>", "<v>", "<v>1</v>", "<row>", "</row>", '"', "<", "&", "&#0;", "9" * 30, "", "<!--", "\x00"]
    )
    parts = {
        "sheet_data": SHEET_XML,
        "strings": "<si><t>61412000003</t></si>",
        "styles": '<cellXfs><xf numFmtId="14"/></cellXfs>',
    }
    broken = data.draw(st.sampled_from(sorted(parts)))
    start = data.draw(st.integers(0, len(parts[broken])))
    end = data.draw(st.integers(start, min(len(parts[broken]), start + 12)))
    parts[broken] = parts[broken][:start] + data.draw(pieces) + parts[broken][end:]
    file = outcome("a.xlsx", workbook(parts["sheet_data"], strings=parts["strings"], styles=parts["styles"]))
    assert isinstance(file, (RecipientFile, str))


@settings(max_examples=12)
@given(st.data())
def test_a_damaged_old_file_ends_in_a_result_or_a_code(data: st.DataObject) -> None:
    broken = bytearray(XLS)
    for _ in range(data.draw(st.integers(1, 30))):
        broken[data.draw(st.integers(8, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(outcome("a.xls", bytes(broken)), (RecipientFile, str))
