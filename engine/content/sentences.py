"""Finding → the sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import unicodedata
from typing import Final

from engine.content.rules import RuleName, Severity

MAX_SHOWN_CHARACTERS: Final = 30


def sentence(rule: RuleName, severity: Severity, found: str, where: str, fix: str | None) -> str:
    if rule is RuleName.GREETING:
        return f"“{shown(found)}” ({where}) is a greeting, which is blocked. Start with your brand name instead."
    if rule is RuleName.WORD:
        return f"“{shown(found)}” ({where}) is on the list of blocked words. Use another word."
    if rule is RuleName.LINK:
        remedy = "Leave the word out." if fix is None else "Write the address without it: www.example.com."
        return f"“{shown(found)}” ({where}) makes a link, which is blocked. {remedy}"
    costly = severity is Severity.SUGGESTS
    if rule is RuleName.CHINESE and not costly:
        problem = "is a Chinese character or symbol, which is blocked."
    elif rule is RuleName.EMOJI and not costly:
        problem = "is an emoji, which is blocked."
    elif costly:
        problem = "makes each SMS hold 70 characters instead of 160."
    else:
        problem = "cannot be sent on this route."
    return f"{_called(found, rule)} ({where}) {problem} {_remedy(rule, fix, costly=costly)}".rstrip()


def _remedy(rule: RuleName, fix: str | None, *, costly: bool) -> str:
    if fix is None:
        return "" if costly else "Write it in another way, with plain letters."
    if not fix.strip(" ") and rule in (RuleName.INVISIBLE, RuleName.EMOJI):
        return "Remove it."
    if not fix.strip():
        return "Use a new line instead." if fix.strip(" ") else "Use an ordinary space instead."
    return f"Use “{shown(fix)}” instead."


def _called(found: str, rule: RuleName) -> str:
    """How a sentence names it: blanks and invisible characters by their Unicode name, emoji as they are."""
    if rule is RuleName.EMOJI:
        return found
    visible = shown(found)
    if rule is RuleName.INVISIBLE or not visible.strip():
        name = unicodedata.name(found[0], f"control character U+{ord(found[0]):04X}").lower()
        return f"An invisible character, {name}," if len(found) == 1 else f"{len(found)} invisible characters"
    return f"“{visible}”"


def shown(text: str) -> str:
    """Fit to stand in a sentence: one line, nothing invisible, not endless."""
    plain = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return plain if len(plain) <= MAX_SHOWN_CHARACTERS else plain[:MAX_SHOWN_CHARACTERS] + "…"
