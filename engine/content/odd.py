"""Text → what stands outside the GSM alphabet, with the fix where there is one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from engine.content.characters import (
    EMOJI,
    GSM,
    JOINED_SCRIPTS,
    JOINERS,
    KEYCAP,
    KEYCAP_BASES,
    LISTED,
    NOT_GSM,
    ODD,
    UNSENDABLE,
    equivalent,
)
from engine.content.rules import RuleName, Severity, Span


def odd_spans(text: str, severity: Mapping[RuleName, Severity]) -> Iterator[Span]:
    """What is outside the GSM alphabet, in order, without overlaps."""
    keeps_joiners = not text.isascii() and JOINED_SCRIPTS.search(text) is not None
    for match in _odd_places(text):
        start, end = match.span()
        kind = match.lastgroup
        if kind == "emoji":
            yield from _emoji_spans(text, start, end, severity)
        elif kind == "mark":
            composed = unicodedata.normalize("NFC", text[start - 1 : end])
            yield _character_span(start - 1, end, composed if composed in GSM else None, severity)
        elif kind == "invisible" and not (keeps_joiners and match[0] in JOINERS):
            level = Severity.BLOCKS if UNSENDABLE.match(match[0]) else severity[RuleName.INVISIBLE]
            yield Span(RuleName.INVISIBLE, level, start, end, "")
        elif kind == "chinese":
            yield from _run_spans(match[0], start, RuleName.CHINESE, severity)
        else:
            yield from _run_spans(match[0], start, RuleName.SCRIPT, severity)


def _odd_places(text: str) -> Iterator[re.Match[str]]:
    """As ODD.finditer, ten times as fast: the simple pattern finds the place, the large one says what it is."""
    place = NOT_GSM.search(text)
    while place and (match := ODD.match(text, place.start())):
        yield match
        place = NOT_GSM.search(text, match.end())


def _emoji_spans(text: str, start: int, end: int, severity: Mapping[RuleName, Severity]) -> Iterator[Span]:
    """One span per emoji of a run. Removing the run must not glue two words together."""
    level = severity[RuleName.EMOJI]
    gap = " " if text[start - 1 : start].isalnum() and text[end : end + 1].isalnum() else ""
    for match in EMOJI.finditer(text, start, end):
        first = match.start()
        fix = gap if first == start else ""
        if KEYCAP in match[0] and text[first - 1 : first] in KEYCAP_BASES:
            first -= 1
            fix = text[first]
        yield Span(RuleName.EMOJI, level, first, match.end(), fix if level is Severity.BLOCKS else None)


def _run_spans(run: str, start: int, rule: RuleName, severity: Mapping[RuleName, Severity]) -> Iterator[Span]:
    """A run without equivalents is one span; otherwise each character with one is a span (joined again later)."""
    end = start + len(run)
    at = start
    if not unicodedata.is_normalized("NFKC", run) or LISTED.search(run):
        fixable = rule if rule is RuleName.CHINESE else RuleName.TYPOGRAPHY
        for here, character in enumerate(run, start):
            fix = None if character in GSM else equivalent(character)
            if fix is None:
                continue
            if at < here:
                yield Span(rule, severity[rule], at, here, None)
            yield Span(fixable, severity[fixable], here, here + 1, fix)
            at = here + 1
    if at < end:
        yield Span(rule, severity[rule], at, end, None)


def _character_span(start: int, end: int, fix: str | None, severity: Mapping[RuleName, Severity]) -> Span:
    rule = RuleName.SCRIPT if fix is None else RuleName.TYPOGRAPHY
    return Span(rule, severity[rule], start, end, fix)


def useful(text: str, spans: list[Span]) -> list[Span]:
    """Without the typographic suggestions when the text is UCS-2 anyway because it is written in another script."""
    stays = (s for s in spans if s.fix is None and s.severity is Severity.SUGGESTS)
    if not any(c.isalpha() and c >= "Ͱ" for span in stays for c in text[span.start : span.end]):
        return spans
    shape = (RuleName.TYPOGRAPHY, RuleName.CHINESE)
    return [s for s in spans if s.fix is None or s.severity is Severity.BLOCKS or s.rule not in shape]


def joined(spans: list[Span]) -> list[Span]:
    """Neighbours of one kind as one span: "ＡＢＣ" is one finding. Emoji stay apart."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.end == span.start
            and last[:2] == span[:2]
            and (last.fix is None) == (span.fix is None)
            and span.rule is not RuleName.EMOJI
        ):
            fix = None if last.fix is None or span.fix is None else last.fix + span.fix
            joined[-1] = last._replace(end=span.end, fix=fix)
        else:
            joined.append(span)
    return joined
