"""Text → links, greetings and blocked words, found where they stand in the original.

They are looked for in a folded copy: with the fixes applied, compatibility forms (NFKC) resolved and in lower case, so
that `𝐡𝐞𝐥𝐥𝐨` and `he<zero width>llo` are found too, and so that applying the fixes cannot bring a new one to light.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from engine.content.characters import CLUSTER, UNFOLDED, UNSPACED
from engine.content.rules import RuleName, Severity, Span
from engine.content.sentences import shown
from engine.errors import InputError

MAX_WORDS: Final = 200
MAX_WORD_CHARACTERS: Final = 60

# Cyrillic and Greek letters that pass for Latin ones, in either case, after lower(); only inside a word that has Latin
# letters too: the Ukrainian "Ні" is no "Hi".
_LOOKALIKES: Final = str.maketrans("авсԁеһніјкӏморѕтухαεηικορτυ", "abcdehhijklmopstyxaehikopty")
_MIXED: Final = re.compile("[a-z][Ͱ-ԯ]|[Ͱ-ԯ][a-z]")
_LETTERS: Final = re.compile(r"[^\W\d_]+")

_RIGHT: Final = rf"(?:(?![^\W_])|(?=[{UNSPACED}]))"


def _left(first: str) -> str:
    """Start of a word, asked after its first letter: a literal in front makes the search ten times as fast."""
    return rf"{first}(?:(?<![^\W_]{first})|(?<=[{UNSPACED}]{first}))"


# hi-fi, hi-tech and the like are words of their own; "hi-John" is a greeting.
GREETING: Final = re.compile(
    rf"{_left('h')}(?:i(?!-(?:fi|tech|res|vis|def|lo|end|top)(?![^\W_]))|ello|ey){_RIGHT}",
)
# A whole word with or without ":" and slashes, even spaced out; or "http:/" at the end of another word.
LINK: Final = re.compile(
    rf"{_left('h')}ttps?(?:(?P<scheme> {{0,3}}:(?: {{0,3}}[/\\])*)|{_RIGHT})|https?(?P<glued>:[/\\]+)",
)


def compile_words(words: Sequence[str]) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """The pattern of blocked words, and one piece of each: searching these first is far cheaper."""
    folded = sorted({word for word in map(fold_word, words) if word}, key=len, reverse=True)
    if not folded:
        return None, ()
    return re.compile("|".join(map(_word_pattern, folded))), tuple(max(word.split(), key=len) for word in folded)


def _word_pattern(word: str) -> str:
    pattern = r"\s+".join(re.escape(piece) for piece in word[1:].split(" "))
    first, last = re.escape(word[0]), _RIGHT if word[-1].isalnum() else ""
    return (_left(first) if word[0].isalnum() else first) + pattern + last


def fold_word(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).lower().split())


def parse_words(typed: str) -> tuple[str, ...]:
    """Words that staff typed, separated by commas, semicolons or new lines; each once, in order.

    Raises InputError "invalid" when there are too many or one is too long.
    """
    words: dict[str, str] = {}
    for word in re.split(r"[,;\n]", typed):
        if word.strip():
            words.setdefault(fold_word(word), " ".join(word.split()))
    if len(words) > MAX_WORDS:
        raise InputError(
            "invalid",
            field="Blocked words",
            problem=f"There are {len(words)} words; the most is {MAX_WORDS}.",
            remedy="Keep those that matter.",
        )
    for word in words.values():
        if len(word) > MAX_WORD_CHARACTERS:
            raise InputError(
                "invalid",
                field="Blocked words",
                problem=f"“{shown(word)}” is longer than {MAX_WORD_CHARACTERS} characters.",
                remedy="Separate words with commas.",
            )
    return tuple(words.values())


class Folded:
    """The text in which words are looked for, and where each of its characters stands in the original.

    A piece is (folded, start, end): character for character when the lengths agree, else as a whole.
    """

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._pieces = list(_fold(text, spans))
        self._offsets = list(accumulate((len(piece[0]) for piece in self._pieces), initial=0))
        self.text = without_lookalikes("".join(piece[0] for piece in self._pieces))

    def original(self, start: int, end: int) -> tuple[int, int]:
        return self._locate(start)[0], self._locate(end - 1)[1]

    def _locate(self, at: int) -> tuple[int, int]:
        index = bisect_right(self._offsets, at) - 1
        piece, start, end = self._pieces[index]
        if len(piece) != end - start:
            return start, end
        within = start + at - self._offsets[index]
        return within, within + 1


def _fold(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, int, int]]:
    at = 0
    for span in spans:
        if span.fix is None and span.rule is not RuleName.EMOJI:
            continue
        if at < span.start:
            yield from _fold_stretch(text, at, span.start)
        yield " " if span.fix is None else span.fix.lower(), span.start, span.end
        at = span.end
    if at < len(text):
        yield from _fold_stretch(text, at, len(text))


def _fold_stretch(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    stretch = text[start:end]
    lower = stretch.lower()
    if stretch.isascii() or (
        len(lower) == len(stretch) and unicodedata.is_normalized("NFKC", stretch) and not UNFOLDED.search(stretch)
    ):
        yield lower, start, end
        return
    for match in CLUSTER.finditer(text, start, end):
        folded = UNFOLDED.sub("", unicodedata.normalize("NFKC", match[0]).lower())
        yield folded, match.start(), match.end()


def without_lookalikes(lower: str) -> str:
    """Words that mix Latin letters with their Cyrillic or Greek doubles, in Latin letters only; same length."""
    if lower.isascii() or not _MIXED.search(lower):
        return lower
    return _LETTERS.sub(lambda word: word[0].translate(_LOOKALIKES) if _MIXED.search(word[0]) else word[0], lower)


def link_spans(folded: Folded) -> Iterator[Span]:
    """Where a link's `http://` stands; without it the address is text. The bare word has no fix."""
    for match in LINK.finditer(folded.text):
        glued_to_word = folded.text[match.start() - 1 : match.start()].isalnum()
        fix = (" " if glued_to_word else "") if _is_scheme(match) else None
        yield Span(RuleName.LINK, Severity.BLOCKS, *folded.original(*match.span()), fix)


def _is_scheme(match: re.Match[str]) -> bool:
    return match["scheme"] is not None or match["glued"] is not None


def word_spans(
    folded: Folded, *, without_links: bool, greetings: bool, words: re.Pattern[str] | None
) -> Iterator[Span]:
    """Greetings and blocked words; `without_links` reads the text as it is once the links are fixed."""
    text = folded.text
    if without_links:
        text = LINK.sub(lambda match: " " * len(match[0]) if _is_scheme(match) else match[0], text)
    patterns = ((RuleName.GREETING, GREETING if greetings else None), (RuleName.WORD, words))
    for rule, pattern in patterns:
        for match in pattern.finditer(text) if pattern else ():
            yield Span(rule, Severity.BLOCKS, *folded.original(*match.span()), None)
