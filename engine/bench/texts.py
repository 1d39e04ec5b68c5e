"""Counting and splitting texts, beside `smsutil`."""

from __future__ import annotations

import random
from typing import Any, Final

from engine import parts
from engine.bench.desk import SEED, Workbench
from engine.bench.measure import Result, optional, race, timed

BUDGET_MS: Final = 50.0
PEER: Final = "smsutil.split"
_WORDS: Final = (
    "parcel",
    "arrives",
    "today",
    "between",
    "2",
    "and",
    "4 pm,",
    "please",
    "call",
    "us",
    "20% off",
    "now!",
)
_KINDS: Final[tuple[tuple[str, int], ...]] = (
    ("", 50),
    ("é£Äñ", 15),
    ("^{}[]~|€", 15),
    ("привет文字", 10),
    ("😀🎉👍", 10),
)
"""Characters strewn into a text and how many texts in 100 have them: plain, accented, extension, UCS-2, emoji."""
_LENGTHS: Final = (20, 60, 100, 140, 150, 200, 310)
"""Five in seven fit into one SMS of GSM-7."""


def count_split(bench: Workbench) -> list[Result]:
    """Encoding, units, SMS and the exact split of a mix of GSM-7, extension, UCS-2 and emoji texts."""
    texts = made(bench.sizes.texts)
    library = optional("smsutil")

    def ours() -> None:
        for text in texts:
            parts.count(text)
            parts.split(text)

    outcome = race(
        timed(ours), timed(lambda: _split_all(library, texts)) if library else None, rounds=bench.sizes.rounds
    )
    note = "" if library else "smsutil is not installed (tests/requirements.txt): no peer."
    return [outcome.in_ms("count_split", n=len(texts), peer_name=PEER, budget_ms=BUDGET_MS, note=note)]


def made(count: int) -> list[str]:
    """`count` different texts."""
    rng = random.Random(SEED)
    strewn = rng.choices([characters for characters, _ in _KINDS], [share for _, share in _KINDS], k=count)
    return [_text(rng, characters) for characters in strewn]


def _text(rng: random.Random, strewn: str) -> str:
    length = rng.choice(_LENGTHS) + rng.randrange(20)
    text = " ".join(rng.choices(_WORDS, k=length // 4))[:length]
    for character in strewn:
        at = rng.randrange(len(text))
        text = text[:at] + character + text[at:]
    return text


def _split_all(library: Any, texts: list[str]) -> None:
    for text in texts:
        library.split(text)
