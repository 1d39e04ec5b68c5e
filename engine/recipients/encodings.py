"""Bytes of a text file → text, whatever program wrote it."""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import Final

from engine.errors import FileError
from engine.recipients.columns import is_phone_header

_BOMS: Final[tuple[tuple[bytes, str], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES: Final = 4_096
_WIDE_ZEROS: Final = 0.4
"""Share of zero bytes in one place of each character that tells UTF-16 and UTF-32: digits and Latin have them."""
_MAX_LOST: Final = 0.02
"""Share of unreadable characters above which the encoding was misjudged or the file is cut up."""
_AROUND_BYTES: Final = 65_536
"""How much text on both sides of the first bad byte tells what it is."""
_LEAST_GOOD: Final = 0.1
"""UTF-8 sequences per bad byte: other encodings form them by chance, but rarely."""
_MAX_CONTROLS: Final = 0.01
_CONTROLS: Final = bytes([*range(9), *range(0x0E, 0x1A), 0x1B, 0x7F])
_COMMON_CHINESE: Final = 0.8
"""Share of the wide characters that are in GB2312: nearly all in Chinese text, none in accented Latin."""
_WIDE_SAMPLE_CHARS: Final = 10_000
_ALONE_BETWEEN_LETTERS: Final = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?=[A-Za-z])")
_MAX_ALONE: Final = 0.1
"""Share of the wide characters that may stand so: “A座B” is rare, but every “çã” and “öß” inside a word looks so."""
_CODE_PAGES: Final = (
    ("gb18030", "GB18030 (Chinese)"),
    ("big5", "Big5 (Chinese)"),
    ("cp932", "Shift-JIS (Japanese)"),
    ("euc_jp", "EUC-JP (Japanese)"),
    ("cp949", "EUC-KR (Korean)"),
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp866", "code page 866 (Cyrillic)"),
    ("koi8_r", "KOI8-R (Cyrillic)"),
    ("cp1253", "Windows-1253 (Greek)"),
    ("cp1255", "Windows-1255 (Hebrew)"),
    ("cp1256", "Windows-1256 (Arabic)"),
    ("cp874", "Windows-874 (Thai)"),
)
"""Other encodings than Windows-1252, told by the header alone: any bytes are proper text in most of them."""
_LATIN: Final = re.compile("[A-Za-z]")
_CELL_ENDS: Final = re.compile('[\n\r",;\t|，；、]')
_MULTIBYTE: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
LOST: Final = "\ufffd"
"""Stands for bytes that could not be read."""


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text without byte order mark, and notes for the import report. Raises `binary` or `encoding`."""
    encoding, start = _marked(data)
    if encoding is None:
        encoding = _wide_without_mark(data)
    if encoding is not None:
        return _checked(data[start:].decode(encoding, "replace"), encoding), ()
    if _share_of_controls(data) > _MAX_CONTROLS:
        raise FileError("binary")
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _decode_legacy(data, error)


def _marked(data: bytes) -> tuple[str | None, int]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding, len(mark)
    return None, 0


def _wide_without_mark(data: bytes) -> str | None:
    sample = data[:_SAMPLE_BYTES]
    sample = sample[: len(sample) // 4 * 4]
    if not sample or b"\x00" not in sample:
        return None
    zeros = [sample[place::4].count(0) / (len(sample) // 4) >= _WIDE_ZEROS for place in range(4)]
    return {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get((zeros[0], zeros[1], zeros[2], zeros[3]))


def _checked(text: str, encoding: str) -> str:
    if text.count(LOST) > len(text) * _MAX_LOST + 1:
        raise FileError("encoding", detail=f"it is not proper {encoding[:6].upper()}")
    if _share_of_controls(text.encode("utf-8")) > _MAX_CONTROLS:
        raise FileError("binary")
    return text


def _share_of_controls(data: bytes) -> float:
    return (len(data) - len(data.translate(None, _CONTROLS))) / max(len(data), 1)


def _decode_legacy(data: bytes, error: UnicodeDecodeError) -> tuple[str, tuple[str, ...]]:
    """Text that is not UTF-8 throughout: UTF-8 with a few bad bytes, what the header tells, GB18030, Windows-1252."""
    around = data[max(0, error.start - _AROUND_BYTES) : error.start + _AROUND_BYTES]
    good = len(_MULTIBYTE.findall(around))
    lost = around.decode("utf-8", "replace").count(LOST)
    if good > lost:
        return data.decode("utf-8", "replace"), ()
    for encoding, name in _CODE_PAGES:
        if _names_phones(data, encoding):
            note = f"The file is not UTF-8; its text was read as {name}."
            return _checked(data.decode(encoding, "replace"), "UTF-8"), (note,)
    try:
        chinese = data.decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    if _is_chinese(chinese):
        return chinese, ("The file is not UTF-8; its text was read as GB18030 (Chinese).",)
    if good and good >= lost * _LEAST_GOOD:
        return data.decode("utf-8", "replace"), ()
    return _checked(data.decode("cp1252", "replace"), "UTF-8"), (
        "The file is not UTF-8; its text was read as Windows-1252. "
        "If names look wrong, save it as “CSV UTF-8” and upload it again.",
    )


def _names_phones(data: bytes, encoding: str) -> bool:
    """Whether a cell near the start, read so, says “phone number” in letters that only this encoding gives it."""
    start = data[:_SAMPLE_BYTES]
    if len(data) > len(start):
        start = start[: start.rfind(b"\n") + 1]  # a character may be cut in the middle
    try:
        cells = _CELL_ENDS.split(start.decode(encoding))
    except UnicodeDecodeError:
        return False
    return any(is_phone_header(cell) for cell in cells if not cell.isascii() and not _LATIN.search(cell))


def _is_chinese(text: str) -> bool:
    wide = re.sub(r"[\x00-\x7f]+", "", text)[:_WIDE_SAMPLE_CHARS]
    common = len(wide.encode("gb2312", "ignore")) // 2
    if not wide or common < len(wide) * _COMMON_CHINESE:
        return False
    alone = sum(1 for _ in islice(_ALONE_BETWEEN_LETTERS.finditer(text), len(wide)))
    return alone <= len(wide) * _MAX_ALONE
