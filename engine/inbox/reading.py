"""What a message from a phone asks for, told from its text alone. Pure.

kind_of("Stop!")                        Kind.STOP: nothing but the word, in any of the languages of `stop_words`
kind_of("please STOP, thank you")       the same: politeness changes nothing
kind_of("I'll stop by tomorrow")        Kind.MAY_STOP: people decide
kind_of("“Désabonnement”")              Kind.STOP, with its accents or without them
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from itertools import chain
from typing import Final

from engine.inbox.stop_words import ACCENTS_MATTER, HELP, ONLY_ALONE, POLITE, START, STOP, Words

READ_LENGTH: Final = 2_000
"""Characters of a message that are looked at; longer ones are no answer to “to stop, answer …”."""
SPELLED: Final = 3
"""Letters from which on “s t o p” is read as one word."""

_DROPPED: Final = re.compile("['’‘ʼʻ`´ـ\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u00ad\u20e3]")
"""Apostrophes (don't, s'il), what stretches Arabic words, and what has no width."""
_ACCENTS: Final = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
"""Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic: what people leave out when they type.
The signs of Indic scripts are letters of their words."""
_STROKES: Final = str.maketrans("ıłđø", "ildo")
"""Letters that Unicode does not take apart."""
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that write no space between words, or join endings to them (Korean)."""


class Kind(StrEnum):
    """What a message asks for."""

    MESSAGE = "message"
    STOP = "stop"
    MAY_STOP = "may_stop"
    """A longer text with a word of stopping in it."""
    START = "start"
    """To be sent to again."""
    HELP = "help"


def kind_of(text: str) -> Kind:
    """Conservative: only a whole message that is a word of stopping (or of starting, or for help) counts as one."""
    if len(text) > READ_LENGTH:
        return Kind.MESSAGE
    words = _plain(text)
    forms = {form for said in (words, _without_politeness(words)) for form in (said, _folded(said))}
    for kind, known in _ALONE.items():
        if not forms.isdisjoint(known):
            return kind
    return Kind.MAY_STOP if _mentions(words) or _mentions(_folded(words)) else Kind.MESSAGE


def _plain(text: str) -> str:
    """Words in one case with a space between, nothing else: no punctuation, quotes, symbols or emoji."""
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", text).casefold())
    words = unicodedata.normalize("NFKC", "".join(map(_letter, plain))).split()
    if len(words) >= SPELLED and all(len(word) == 1 for word in words):
        return "".join(words)
    return " ".join(words[:1] if len(set(words)) == 1 else words)


def _letter(char: str) -> str:
    """Digits of every script as ours, a space for what is neither letter, mark nor number."""
    if unicodedata.category(char)[0] not in "LNM":
        return " "
    return str(unicodedata.decimal(char, char))


def _folded(words: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", words))
    return unicodedata.normalize("NFC", bare.translate(_STROKES))


def _without_politeness(words: str) -> str:
    left = words
    while (shorter := _ENDS.sub("", left)) != left:
        left = shorter
    return left or words


def _mentions(words: str) -> bool:
    return bool(_MENTIONED.search(f" {words} ")) or bool(_INSIDE.search(words))


def _forms(said: Iterable[str]) -> frozenset[str]:
    """As they are compared: with accents, and without where that makes no other word."""
    plain = [_plain(one) for one in said]
    exact = {_plain(one) for one in ACCENTS_MATTER}
    return frozenset(chain(plain, (_folded(one) for one in plain if one not in exact)))


def _all(words: Words) -> Iterable[str]:
    return chain.from_iterable(words.values())


def _any_of(said: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(said, key=len, reverse=True)))


_ALONE: Final = {
    Kind.STOP: _forms(_all(STOP)),
    Kind.START: _forms(_all(START)),
    Kind.HELP: _forms(_all(HELP)),
}
_POLITE: Final = _any_of(_forms(POLITE))
_JOINED: Final = _any_of(word for word in _forms(POLITE) if _UNSPACED.search(word))
_ENDS: Final = re.compile(f"^(?:{_POLITE}) | (?:{_POLITE})$|^(?:{_JOINED})|(?:{_JOINED})$")
_TELLING: Final = _ALONE[Kind.STOP] - _forms(ONLY_ALONE)
"""Words of stopping that mean it inside a longer text too."""
_MENTIONED: Final = re.compile(f" (?:{_any_of(word for word in _TELLING if not _UNSPACED.search(word))}) ")
_INSIDE: Final = re.compile(_any_of(word for word in _TELLING if _UNSPACED.search(word)))
