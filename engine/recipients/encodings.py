"""Bytes of a text file → text, whatever program wrote it."""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import Final

from engine.errors import FileError

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
    """Text that is not UTF-8 throughout: UTF-8 with a few bad bytes, GB18030, else Windows-1252."""
    around = data[max(0, error.start - _AROUND_BYTES) : error.start + _AROUND_BYTES]
    good = len(_MULTIBYTE.findall(around))
    lost = around.decode("utf-8", "replace").count(LOST)
    if good > lost:
        return data.decode("utf-8", "replace"), ()
    try:
        chinese = data.decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    if _is_chinese(chinese):
        return chinese, ("The file is not UTF-8; its text was read as GB18030 (Chinese).",)
    if good and good >= lost * _LEAST_GOOD:
        return data.decode("utf-8", "replace"), ()
    return data.decode("cp1252", "replace"), (
        "The file is not UTF-8; its text was read as Windows-1252. "
        "If names look wrong, save it as “CSV UTF-8” and upload it again.",
    )


def _is_chinese(text: str) -> bool:
    wide = re.sub(r"[\x00-\x7f]+", "", text)[:_WIDE_SAMPLE_CHARS]
    common = len(wide.encode("gb2312", "ignore")) // 2
    if not wide or common < len(wide) * _COMMON_CHINESE:
        return False
    alone = sum(1 for _ in islice(_ALONE_BETWEEN_LETTERS.finditer(text), len(wide)))
    return alone <= len(wide) * _MAX_ALONE
