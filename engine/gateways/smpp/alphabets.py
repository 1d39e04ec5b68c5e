"""Text ↔ bytes in the alphabets of short messages. Pure.

Source: 3GPP TS 23.038 §4 (data coding of SMS) and §6.2.1 (GSM 7-bit, here one septet in a byte, as SMPP carries it),
SMPP 3.4 §5.2.19 (data_coding).
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from engine.gateways.smpp.settings import Coding
from engine.model import GSM_BASIC, GSM_EXTENSION

ESC: Final = 0x1B
UCS2: Final = 8

_SEPTETS: Final = GSM_BASIC[:ESC] + "\x1b" + GSM_BASIC[ESC:]
"""Character of each septet; ESC stands for itself."""
_EXTENDED: Final = dict(zip(GSM_EXTENSION, b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", strict=True))
"""Extension character → the septet after ESC."""
_UNDEFINED: Final = "\ufffe"

_AT: Final = 0xFF
"""Stands for `@`, whose septet is 0: Python's fast tables want the character NUL there."""
_BY_SEPTET: Final = {septet: character for character, septet in _EXTENDED.items()}
_LOW: Final = "\0" + _SEPTETS[1:].replace("\x1b", _UNDEFINED)
_HIGH: Final = "".join(_BY_SEPTET.get(septet, _UNDEFINED) for septet in range(127)) + "@"
_ENCODING: Final = codecs.charmap_build(_LOW + _HIGH)
"""Extension characters become their second septet with the high bit set: one pass in C, then ESC is put before them."""
_SEPTET: Final = bytes((*range(255), 0))
_ESCAPES: Final = [(bytes((0x80 | septet,)), bytes((ESC, septet))) for septet in _EXTENDED.values()]

_READABLE: Final = [*_SEPTETS, *("\ufffd" * 128)]
_ESCAPED: Final = {_SEPTETS[septet]: character for character, septet in _EXTENDED.items()}
_AFTER_ESC: Final = re.compile("\x1b(.)", re.DOTALL)

_CODECS: Final[dict[int, str]] = {
    1: "ascii",
    3: "latin-1",
    5: "shift_jis",
    6: "iso8859-5",
    7: "iso8859-8",
    UCS2: "utf-16-be",
    10: "iso2022_jp",
    14: "euc_kr",
}
"""data_coding → Python's name, of those that are text; 2 and 4 are bytes without meaning and shown as Latin-1."""


def gsm_encode(text: str) -> bytes:
    """Septets, one in a byte; an extension character is two. Raises UnicodeEncodeError for any other character."""
    septets = codecs.charmap_encode(text, "strict", _ENCODING)[0]
    if 0 in septets:
        raise UnicodeEncodeError("gsm", text, text.index("\0"), text.index("\0") + 1, "no character of a text")
    septets = septets.translate(_SEPTET)
    if not septets.isascii():
        for marked, escaped in _ESCAPES:
            septets = septets.replace(marked, escaped)
    return septets


def gsm_decode(septets: bytes) -> str:
    """The reverse, of any bytes: what no alphabet has after ESC is read without it, bytes above 127 become `�`."""
    text = "".join([_READABLE[septet] for septet in septets])
    if "\x1b" not in text:
        return text
    return _AFTER_ESC.sub(lambda pair: _ESCAPED.get(pair[1], pair[1]), text).replace("\x1b", " ")


def text_of(data: bytes, data_coding: int, *, default: Coding, ucs2: int = UCS2) -> str:
    """What bytes from an operator say; never raises. `default` is what data coding 0 means there."""
    coding = UCS2 if data_coding == ucs2 else _alphabet(data_coding)
    if coding == 0:
        return gsm_decode(data) if default == "gsm7" else data.decode("latin-1")
    return data.decode(_CODECS.get(coding, "latin-1"), "replace")


def _alphabet(data_coding: int) -> int:
    """Message classes and waiting indications of TS 23.038 §4 → the plain data coding of their alphabet."""
    if data_coding < 0x10:
        return data_coding
    if data_coding < 0x40:
        return (data_coding >> 2 & 3) << 2  # 0 the default alphabet, 4 bytes, 8 UCS-2
    if data_coding >= 0xF0:
        return data_coding & 4
    return UCS2 if data_coding >= 0xE0 else 0
