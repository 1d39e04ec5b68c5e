"""Mobile numbers that regulators set aside for films and examples: valid on paper, nobody's in fact.

Only numbers that libphonenumber takes for real mobiles are here. Britain's 07700 900xxx, France's 06 39 98 xx xx and
Ireland's 020 91x xxxx are not assigned in its data already, reserved landlines are landlines anyway, and the North
American 555-01xx numbers are accepted: their kind does not tell a mobile from a landline, and people test with them.
"""

from __future__ import annotations

from typing import Final

# Australian Communications and Media Authority, "Phone numbers for use in TV shows, films and creative works".
_AUSTRALIA: Final = (
    "006 156 157 158 159 110 313 737",  # 0491 570 …
    "266 491 804",  # 0491 571 …
    "549 665 983",
    "770 087",
    "118 632",
    "254 789",
    "398 801",
    "426 644",
    "957 148 888",
    "212 760 455",  # 0491 579 …
)

# Bundesnetzagentur, Mitteilung 148/2021 (Amtsblatt 7/2021), "Rufnummern für Medienproduktionen".
_GERMANY: Final = (
    "15228817386 15228895456 15254599371 1729925904 1729968532 1729973185 1729973186 1729980752 1749091317 1749464308"
)
_GERMANY_BLOCKS: Final = ("17139200", "176040690")  # each followed by 00–99

# Post- och telestyrelsen, "Telefonnummer för användning i böcker och filmer": 070-174 06 05 to 070-174 06 99.
_SWEDEN_BLOCK: Final = "7017406"
_SWEDEN_FIRST: Final = 5


def _all_reserved() -> frozenset[str]:
    numbers = {f"+6149157{block}{last}" for block, lasts in enumerate(_AUSTRALIA) for last in lasts.split()}
    numbers.update(f"+49{number}" for number in _GERMANY.split())
    numbers.update(f"+49{block}{last:02d}" for block in _GERMANY_BLOCKS for last in range(100))
    numbers.update(f"+46{_SWEDEN_BLOCK}{last:02d}" for last in range(_SWEDEN_FIRST, 100))
    return frozenset(numbers)


RESERVED: Final = _all_reserved()
"""E.164 with plus."""
