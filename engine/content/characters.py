"""What every odd character is: tables and the pattern that finds them.

Sources: UTS #51 with emoji-data 17.0; Unicode blocks; UAX #15 (NFKC); what is GSM, engine.model (3GPP TS 23.038).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from engine.model import GSM_BASIC, GSM_EXTENSION


def _ranges(*hexadecimal: str) -> str:
    """("2600-2604 260E",) → the inside of a regular expression's character class."""
    ends = (item.split("-") for line in hexadecimal for item in line.split())
    return "".join(f"{chr(int(pair[0], 16))}-{chr(int(pair[-1], 16))}" for pair in ends)


def _plane_0(ranges: str) -> str:
    """The ranges up to U+FFFF: Python looks these up in a bitmap, the others one by one, 20 times as slowly."""
    triples = (ranges[at : at + 3] for at in range(0, len(ranges), 3))
    return "".join(triple for triple in triples if triple[0] < "\U00010000")


_PLANES_1_TO_16: Final = _ranges("10000-10FFFF")

GSM: Final = frozenset(GSM_BASIC + GSM_EXTENSION)
_GSM_CLASS: Final = re.escape(GSM_BASIC + GSM_EXTENSION)
GSM_ASCII: Final = "".join(c for c in GSM_BASIC + GSM_EXTENSION if c.isascii()).encode("ascii")
NOT_GSM: Final = re.compile(f"[^{_GSM_CLASS}]")

# Drawn as a picture by phones. Miscellaneous symbols and dingbats count without the variation selector too (phones
# draw ❤ and ✔ in colour); from U+1F000 whole blocks are taken, so that next year's emoji are found as well.
_PICTURES: Final = _ranges(
    "231A-231B 23E9-23EC 23F0 23F3 25FD-25FE 2600-2604 260E 2611 2614-2615 2618 261D 2620 2622-2623 2626 262A",
    "262E-262F 2638-263A 2640 2642 2648-2653 265F-2660 2663 2665-2666 2668 267B 267E-267F 2692-2697 2699 269B-269C",
    "26A0-26A1 26A7 26AA-26AB 26B0-26B1 26BD-26BE 26C4-26C5 26C8 26CE-26CF 26D1 26D3-26D4 26E9-26EA 26F0-26F5",
    "26F7-26FA 26FD 2702 2705 2708-270D 270F 2712 2714 2716 271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755",
    "2757 2763-2764 2795-2797 27A1 27B0 27BF 2B1B-2B1C 2B50 2B55 1F000-1F0FF 1F170-1F171 1F17E-1F17F 1F18E",
    "1F191-1F19A 1F201-1F202 1F21A 1F22F 1F232-1F23A 1F250-1F251 1F300-1F6FF 1F7E0-1F7FF 1F90C-1F9FF 1FA70-1FAFF",
    "1FC00-1FFFD",
)
# Text unless the variation selector U+FE0F follows: ©, ™, arrows, the buttons of a player.
_SYMBOLS: Final = _ranges(
    "A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 2328 23CF 23ED-23EF 23F1-23F2 23F8-23FA 24C2 25AA-25AB 25B6 25C0",
    "25FB-25FC 2934-2935 2B05-2B07 3030 303D 3297 3299",
)
_FLAG_LETTERS: Final = _ranges("1F1E6-1F1FF")
_SKIN: Final = _ranges("1F3FB-1F3FF")
KEYCAP: Final = "\u20e3"
KEYCAP_BASES: Final = frozenset("0123456789#*")
_ONE_EMOJI: Final = (
    rf"(?:[{_FLAG_LETTERS}]{{1,2}}|(?<=[{''.join(sorted(KEYCAP_BASES))}])\ufe0f?{KEYCAP}|{KEYCAP}"
    rf"|(?:[{_PICTURES}]|[{_SYMBOLS}]\ufe0f)[\ufe0e\ufe0f]?[{_SKIN}]?[{_ranges('E0020-E007F')}]*"
    rf"(?:\u200d[{_PICTURES}{_SYMBOLS}]\ufe0f?[{_SKIN}]?)*)"
)

# Radicals, CJK punctuation, bopomofo, strokes, enclosed and squared forms, ideographs of all planes, vertical and small
# forms, full-width forms, ideographic marks, Tai Xuan Jing and counting rods.
_CHINESE: Final = _ranges(
    "2E80-303F 3100-312F 3190-31EF 3200-9FFF F900-FAFF FE10-FE1F FE30-FE6F FF00-FFEF 16FE0-16FFF 1D300-1D37F",
    "1F200-1F2FF 20000-3FFFF",
)
_CONTROLS: Final = _ranges("0-8 E-1F 7F-84 86-9F D800-DFFF FFFE-FFFF")
"""No network carries these, and half of a surrogate pair cannot even be stored."""
UNSENDABLE: Final = re.compile(f"[{_CONTROLS}]")
_INVISIBLE: Final = _CONTROLS + _ranges(
    "AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFFC",
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF",
)
_MARKS: Final = _ranges("300-36F 483-489 1AB0-1AFF 1DC0-1DFF 20D0-20FF FE20-FE2F")
# Letters that are joined, or written from right to left, need these and lose their shape without them.
JOINERS: Final = frozenset("\u061c\u200c\u200d\u200e\u200f")
JOINED_SCRIPTS: Final = re.compile(f"[{_ranges('590-18FF FB1D-FDFF FE70-FEFC 10A00-11FFF')}]")
# Written without spaces between words, so a neighbour of these scripts does not make a word longer.
UNSPACED: Final = _ranges("E00-EFF 1000-109F 1780-17FF 2E80-A4CF F900-FAFF FF66-FFEF 20000-3FFFF")

_EQUIVALENTS: Final[dict[str, str]] = {
    **dict.fromkeys("‘’‚‛‹›′‵ʹʻʼˈ´`", "'"),
    **dict.fromkeys("“”„‟«»″‶〝〞〟〃「」『』", '"'),
    **dict.fromkeys("‐‑‒–—―⁃−⸺⸻﹘〜～〰•‣◦∙●▪", "-"),
    **dict.fromkeys("\t\xa0\u1680\u202f\u205f\u2800\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\v\x85\u2028\u2029", "\n"),
    **dict.fromkeys("【〔〖〘〚", "("),
    **dict.fromkeys("】〕〗〙〛", ")"),
    **dict.fromkeys("⁄∕÷", "/"),
    "、": ",",
    "。": ".",
    "·": ".",
    "〈": "<",
    "《": "<",
    "〉": ">",
    "》": ">",
    "∶": ":",
    "∗": "*",
    "∼": "~",
    "…": "...",
    "©": "(c)",
    "®": "(R)",
    "×": "x",
    "¦": "|",
    "µ": "u",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    # White letters on black, which NFKC leaves as they are.
    **{chr(first + at): chr(65 + at) for first in (0x1F150, 0x1F170) for at in range(26)},
}
# NFKC makes 10² into 102 and 2½ into 21/2: no equivalents.
_NO_EQUIVALENT: Final = frozenset("¹²³⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅟↉")
_LISTED: Final = re.escape("".join(c for c in _EQUIVALENTS if c < "\U00010000"))
LISTED: Final = re.compile(f"[{_LISTED}{_ranges('1F150-1F169 1F170-1F189')}]")

# Between words of another script: spaces, digits, punctuation.
_BRIDGE: Final = r"[ -@\[-_{-~\n]{1,3}"
_TOLD_APART: Final = _LISTED + _plane_0(_PICTURES + _SYMBOLS + _CHINESE + _INVISIBLE) + KEYCAP
_OTHER: Final = f"[^{_GSM_CLASS}{_TOLD_APART}{_PLANES_1_TO_16}]"
ODD: Final = re.compile(
    rf"(?P<emoji>{_ONE_EMOJI}+)"
    rf"|(?P<mark>(?<=[{_GSM_CLASS}])[{_MARKS}]+)"
    rf"|(?P<invisible>[{_INVISIBLE}])"
    rf"|(?P<chinese>[{_CHINESE}]++(?:{_BRIDGE}[{_CHINESE}]++)*)"
    rf"|(?P<other>{_OTHER}++(?:{_BRIDGE}{_OTHER}++)*)"
    rf"|(?P<single>[^{_GSM_CLASS}])"
)
EMOJI: Final = re.compile(_ONE_EMOJI)
# What can break a rule of characters, or hide a word: a text without any of these is read as it stands.
CAN_BLOCK_OR_HIDE: Final = re.compile(f"[{_TOLD_APART}{_plane_0(_MARKS)}{_PLANES_1_TO_16}]")
CLUSTER: Final = re.compile(f"(?s:.)[{_MARKS}]*")
UNFOLDED: Final = re.compile(f"[{_MARKS}{_INVISIBLE}]")


@lru_cache(maxsize=4096)
def equivalent(character: str) -> str | None:
    """The same in the GSM alphabet, or None."""
    if character in _NO_EQUIVALENT:
        return None
    plain = unicodedata.normalize("NFKC", _EQUIVALENTS.get(character, character))
    plain = "".join(_EQUIVALENTS.get(c, c) for c in plain)
    return plain if all(c in GSM for c in plain) else None
