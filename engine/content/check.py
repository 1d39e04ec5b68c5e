"""Text → verdict with positions and fixes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from engine.content.characters import CAN_BLOCK_OR_HIDE, GSM_ASCII, NOT_GSM
from engine.content.odd import joined, odd_spans, useful
from engine.content.placeholders import blank_placeholders
from engine.content.rules import CLEAN, DEFAULT_RULES, ContentRules, Finding, RuleName, Severity, Span, Verdict
from engine.content.sentences import sentence
from engine.content.words import GREETING, Folded, compile_words, link_spans, without_lookalikes, word_spans


class _Plan(NamedTuple):
    """Rules compiled once per route."""

    rules: ContentRules
    severity: Mapping[RuleName, Severity]
    words: re.Pattern[str] | None
    needles: tuple[str, ...]

    def passes(self, text: str) -> bool:
        """Whether nothing at all is to be said about a text (1 µs); False may be a false alarm."""
        if text.isascii():
            if text.encode("ascii").translate(None, GSM_ASCII):
                return False
        elif NOT_GSM.search(text):
            return False
        return self._has_no_words(text.lower())

    def blocks_nothing(self, text: str) -> bool:
        """Whether there is nothing worse than a suggestion; False may be a false alarm."""
        if self.passes(text):
            return True
        if not self.rules.allow_other_scripts or CAN_BLOCK_OR_HIDE.search(text):
            return False
        return unicodedata.is_normalized("NFKC", text) and self._has_no_words(without_lookalikes(text.lower()))

    def _has_no_words(self, lower: str) -> bool:
        if self.rules.block_links and "http" in lower:
            return False
        if self.rules.block_greetings and GREETING.search(lower):
            return False
        return not (self.words and any(needle in lower for needle in self.needles) and self.words.search(lower))


@lru_cache(maxsize=256)
def _plan(rules: ContentRules) -> _Plan:
    foreign = Severity.SUGGESTS if rules.allow_other_scripts else Severity.BLOCKS
    severity = dict.fromkeys(RuleName, foreign) | {
        RuleName.CHINESE: Severity.BLOCKS if rules.block_chinese else foreign,
        RuleName.EMOJI: Severity.BLOCKS if rules.block_emoji else foreign,
    }
    return _Plan(rules, severity, *compile_words(rules.words))


def check(text: str, rules: ContentRules = DEFAULT_RULES, *, template: bool = False) -> Verdict:
    """Everything the rules say about a text. `template` leaves the `((names))` out: their values come later."""
    plan = _plan(rules)
    seen = blank_placeholders(text) if template else text
    if plan.passes(seen):
        return CLEAN
    odd = useful(seen, list(odd_spans(seen, plan.severity)))
    folded = Folded(seen, odd)
    links = list(link_spans(folded)) if rules.block_links else []
    words = word_spans(folded, without_links=rules.block_links, greetings=rules.block_greetings, words=plan.words)
    spans = [*joined(_outside(odd, links)), *links, *words]
    findings = tuple(_findings(text, sorted(spans, key=lambda span: (span.start, span.end))))
    return Verdict(findings, _fixed(text, findings)) if findings else CLEAN


def check_many(texts: Sequence[str], rules: ContentRules = DEFAULT_RULES, *, suggestions: bool = True) -> list[Verdict]:
    """`check` of each text, in order; 1 µs for a clean one.

    Without `suggestions`, a text that may be sent is CLEAN, which is ten times as fast where it is not in the GSM
    alphabet; what blocks, and the verdict that holds it, is the same.
    """
    plan = _plan(rules)
    passes = plan.passes if suggestions else plan.blocks_nothing
    return [CLEAN if passes(text) else check(text, rules) for text in texts]


def _outside(odd: Sequence[Span], links: Sequence[Span]) -> list[Span]:
    """Without what goes away with a link's fix: fixes must not overlap."""
    covered = {at for link in links if link.fix is not None for at in range(link.start, link.end)}
    return [span for span in odd if not (span.start in covered and span.end - 1 in covered)]


def _fixed(text: str, findings: Sequence[Finding]) -> str | None:
    """The text with all fixes; a removal between two spaces takes one of them along."""
    fixes = [(finding.start, finding.end, finding.fix) for finding in findings if finding.fix is not None]
    if not fixes:
        return None
    fixed = ""
    at = 0
    for start, end, fix in fixes:
        fixed += text[at:start] + fix
        at = end
        if not fix and text[at : at + 1] == " " and (not fixed or fixed[-1].isspace()):
            at += 1
    return fixed + text[at:]


def _findings(text: str, spans: Sequence[Span]) -> Iterator[Finding]:
    """Spans in the order of the text, each with its sentence."""
    has_lines = "\n" in text
    line, line_start, at = 1, 0, 0
    for rule, severity, start, end, fix in spans:
        if has_lines and (breaks := text.count("\n", at, start)):
            line += breaks
            line_start = text.rindex("\n", at, start) + 1
        at = start
        where = f"line {line}, character {start - line_start + 1}" if has_lines else f"character {start + 1}"
        found = text[start:end]
        yield Finding(rule, severity, start, end, found, sentence(rule, severity, found, where, fix), fix)
