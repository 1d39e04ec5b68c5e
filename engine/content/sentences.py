"""Finding → the sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import unicodedata
from typing import Final

from engine.content.rules import RuleName, Severity

MAX_SHOWN_CHARACTERS: Final = 30


# Controls have no name in Unicode.
_CONTROL_NAMES: Final = {"\t": "tab", "\v": "vertical tab", "\x00": "null", "\x1b": "escape", "\x85": "next line"}


_PLAIN_NAMES: Final = {'"': 'a straight quote (")', "'": "a straight apostrophe (')", "-": "a hyphen (-)"}
"""What typographic characters become, by a name that can be told apart from the quotes of the sentence."""


def sentence(rule: RuleName, severity: Severity, found: str, where: str, fix: str | None) -> str:
    """`found` is the offending text, `where` its place in words, `fix` what the text gets instead."""
    if rule is RuleName.GREETING:
        return f"“{shown(found)}” ({where}) is a greeting, which is blocked. Start with your brand name instead."
    if rule is RuleName.WORD:
        return f"“{shown(found)}” ({where}) is on the list of blocked words. Use another word."
    if rule is RuleName.LINK:
        remedy = "Leave it out." if fix is None else "Write the address without it: www.example.com."
        return f"“{shown(found)}” ({where}) begins a link, which is blocked. {remedy}"
    costly = severity is Severity.SUGGESTS
    if costly:
        problem = "makes each SMS hold 70 characters instead of 160."
    elif rule is RuleName.CHINESE:
        problem = f"is {'Chinese' if fix is None else 'a Chinese or full-width form'}, which is blocked."
    elif rule is RuleName.EMOJI:
        problem = "is an emoji, which is blocked."
    else:
        problem = "cannot be sent on this route."
    return f"{_called(found, rule, where)} {problem} {_remedy(rule, fix, costly=costly)}".rstrip()


def _remedy(rule: RuleName, fix: str | None, *, costly: bool) -> str:
    if fix is None:
        return "" if costly else "Write it in another way, with plain letters."
    if fix.strip():
        return f"Use {_PLAIN_NAMES.get(fix) or f'“{shown(fix)}”'} instead."
    if not fix or rule is RuleName.EMOJI:
        return "Remove it."
    return "Use a new line instead." if "\n" in fix else "Use an ordinary space instead."


def _called(found: str, rule: RuleName, where: str) -> str:
    """How a sentence names it: a single odd character and what cannot be seen by the Unicode name."""
    visible = found if rule is RuleName.EMOJI else shown(found)
    if rule is RuleName.INVISIBLE or not visible.strip():
        if len(found) > 1:
            return f"{len(found)} invisible characters ({where})"
        return f"An invisible character ({_name(found)}, {where})"
    if rule is RuleName.TYPOGRAPHY and len(found) == 1:
        return f"{visible} ({_name(found)}, {where})"
    if rule is RuleName.EMOJI:
        return f"{visible} ({where})"
    if len(found) == 1 and unicodedata.category(found)[0] == "P":  # quotes around a quote name nothing
        return f"{visible} ({_name(found)}, {where})"
    return f"“{visible}” ({where})"


def _name(character: str) -> str:
    known = unicodedata.name(character, "").lower()
    return known or _CONTROL_NAMES.get(character, f"character U+{ord(character):04X}")


def shown(text: str) -> str:
    """Fit to stand in a sentence: one line, nothing invisible, not endless."""
    if len(text) > MAX_SHOWN_CHARACTERS:
        text = text[:MAX_SHOWN_CHARACTERS] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
