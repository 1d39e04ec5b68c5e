"""Text → verdict with positions and fixes; also sender IDs and the `((name))` placeholders of a content. Pure.

Two kinds of finding: one that *blocks* breaks a rule of the route; one that *suggests* is allowed but turns the text
into UCS-2, where an SMS holds 70 characters instead of 160. Positions are code points of the text that was given.

A package because its character tables, rules, sender IDs and placeholders are four subjects; callers import from here.
"""

from engine.content.check import check, check_many
from engine.content.placeholders import fill, fill_many, placeholder_key, placeholders
from engine.content.rules import CLEAN, DEFAULT_RULES, ContentRules, Finding, RuleName, Severity, Verdict
from engine.content.sender import GENERIC_SENDERS, MIN_SENDER_CHARACTERS, check_sender
from engine.content.words import MAX_WORD_CHARACTERS, MAX_WORDS, parse_words

__all__ = [
    "CLEAN",
    "DEFAULT_RULES",
    "GENERIC_SENDERS",
    "MAX_WORDS",
    "MAX_WORD_CHARACTERS",
    "MIN_SENDER_CHARACTERS",
    "ContentRules",
    "Finding",
    "RuleName",
    "Severity",
    "Verdict",
    "check",
    "check_many",
    "check_sender",
    "fill",
    "fill_many",
    "parse_words",
    "placeholder_key",
    "placeholders",
]
