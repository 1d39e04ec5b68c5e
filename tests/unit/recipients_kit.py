"""Recipients files as other programs, and hostile people, write them."""

from __future__ import annotations

import base64
import io
import random
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter

from engine.errors import FileError
from engine.recipients import RecipientFile, read

ONE = '<row r="1"><c r="A1"><v>61412345678</v></c></row>'
"""Sheet data with one number."""

_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS = {"worksheet": "worksheets/sheet1.xml", "sharedStrings": "sharedStrings.xml", "styles": "styles.xml"}


def outcome(file_name: str, data: bytes, **options: object) -> RecipientFile | str:
    """What `read` returns, or the code of its error."""
    try:
        return read(file_name, data, **options)  # type: ignore[arg-type]
    except FileError as error:
        return error.code


def csv(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def numbers_of(file: RecipientFile | str) -> list[str]:
    assert isinstance(file, RecipientFile), file
    return file.frame["msisdn"].to_list()


def reasons_of(file: RecipientFile | str) -> list[tuple[int, str]]:
    assert isinstance(file, RecipientFile), file
    return list(file.rejected.select("row", "reason").iter_rows())


def archive(members: Mapping[str, bytes | str], *, padding_bytes: int = 0) -> bytes:
    """A zip; `padding_bytes` of noise keep its ratio low, as a careful attacker would."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
        if padding_bytes:
            package.writestr("padding.bin", noise(padding_bytes))
    return buffer.getvalue()


def noise(count_bytes: int) -> bytes:
    """Bytes that cannot be packed, the same each time."""
    return random.Random(count_bytes).randbytes(count_bytes)


def workbook(
    sheet_data: str,
    *,
    strings: str | None = None,
    styles: str | None = None,
    sheets: str = '<sheet name="List" sheetId="1" r:id="worksheet"/>',
    book: str | None = None,
    after: str = "",
    padding_bytes: int = 0,
) -> bytes:
    """An xlsx of raw XML: the inside of sheetData, sst and styleSheet."""
    parts: dict[str, bytes | str] = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="a" Type="{_OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": book or f'<workbook xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet_data}</sheetData>{after}</worksheet>",
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings if strings.startswith("<sst") else f"<sst>{strings}</sst>"
    if styles is not None:
        parts["xl/styles.xml"] = f"<styleSheet>{styles}</styleSheet>"
    links = "".join(
        f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for kind, target in _PARTS.items()
        if f"xl/{target}" in parts
    )
    parts["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'
    return archive(parts, padding_bytes=padding_bytes)


def row(number: int, *values: object) -> str:
    """A row of numbers and inline texts from column A."""
    cells = "".join(
        f'<c r="{chr(ord("A") + place)}{number}"><v>{value}</v></c>'
        if isinstance(value, (int, float))
        else f'<c r="{chr(ord("A") + place)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
        for place, value in enumerate(values)
        if value is not None
    )
    return f'<row r="{number}">{cells}</row>'


def excel(rows: Iterable[Sequence[object]]) -> bytes:
    """An xlsx as a real program writes it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("List")
        for number, values in enumerate(rows):
            sheet.write_row(number, 0, values)
    return out.getvalue()


def ods(*rows: str, table: str = "", manifest: str = "") -> bytes:
    """An OpenDocument sheet of raw rows."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
    )
    content = (
        f'<office:document-content {names}><office:automatic-styles><style:style style:name="off" '
        'style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f'<office:body><office:spreadsheet>{table}<table:table table:name="List">{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    named = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{named}">{manifest}</manifest:manifest>',
            "content.xml": content,
        }
    )


def ods_row(*cells: object, repeated: int = 1) -> str:
    inside = "".join(
        f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p></table:table-cell>'
        if isinstance(cell, int)
        else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inside}</table:table-row>'


ODS_BLANK_ROWS = (
    '<table:table-row table:number-rows-repeated="1048500"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)
"""What a real program writes below the last row."""

XLS = zlib.decompress(
    base64.b85decode(
        "c-rk)O-NKx6#njeZ+;u+$3{T|8HB9-flRYp=%`q>NV7JT1T{JXiPMaXZfa4M%`ynuRJbv0(Z*_1MlA|jv<Q@11VP}`(l$Xs3!T@w"
        "XWo<16dW+Yc;Dlmcka38+;iVO_uTv5o0|>HPd+WrU=>=SBCES#&yxu%F0<kXwd=ZM&AXF|Zed%&<)lE`ZFpJq-XUWs<DG$mC)yjL"
        "z*j2gFpQpLA{N?0bnqA=LXM$DXteeeOi=NnjK@{Xbb#qjrjJ?o71K7B++x~7y7QtBv*DiV!^S#3qf~O6m#DyVw)xDGdX(UuT*udL"
        "i=3_v?Ww^?e48~?XdX;~LfREe#8R^E!$Y`%vxK_t?z+y-c?2okQ~0HafS+bwzYbaQt(6Oq{P#+^V;#AZg1B0KN6~;W=of@s%xUaE"
        "n<iI+iWBi@8XnBpq@sr7gCnDhIL7<5Om-3vU!=VD05whZjr9liOEi;lB62B4ts{epftU*PB^Q=;8X6Ba9crdjX^*?*dBFRJf5rY$"
        "#98Gb8ikMf0OyvUJTE@_@u9oFH+-HYV?37J$+BBM26SAP7G&(@7G=4;n)w>0H@Meb%$G9_($mnrs<*^oj*hd=O>V6sKMjnJ;XQf$"
        "UgFaWCub_s-@^NdpYF<B2~K|sPok1ex+vMpYaF$rR@}cQ@gi*Ag|P>HVOsXre&kgA#@Kb^`1D~(W*{NJRBDJdGz4o%+Nu=e8Bal5"
        "-Z{J#^R6*fxADBI>&|<wX3kEorch1Ii%Gt<N^>F%>k04oyR{v;D9Ik=JY7}Xd_EQ9!CQrUP}lIUat}7cqsrEH!&+tkrDnvjR>Un>"
        "uwcQ01q&872f}#AR*iQ)oAEB`F#hW-QOR1rN&Z`$LXxgg`lLL91l?1(T+sR{g-w`!i4EGA{|hBfllK&c(9h!-DtP_Uw}8lho(&uN"
        "H!p<>^`9+dod4MWA9fK9iv"
    )
)
"""A file of Excel 97: hidden sheet “Old”; sheet “List” with phone, name, since; 61412345678 (a number), Zoë, the date
2024-03-01 in row 2; row 3 blank; "+61412345679", Al, 5 in row 4."""
