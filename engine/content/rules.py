"""The rules of a route, and what a check says: findings in a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, NamedTuple, cast

MAX_DETAILS: Final = 3
"""Findings that one error sentence spells out."""


class RuleName(StrEnum):
    GREETING = "greeting"
    CHINESE = "chinese"
    """Han, CJK punctuation and symbols, full-width forms."""
    LINK = "link"
    EMOJI = "emoji"
    WORD = "word"
    """A word that staff added for the route."""
    INVISIBLE = "invisible"
    """Zero-width, direction and control characters."""
    TYPOGRAPHY = "typography"
    """A character with an equivalent in the GSM alphabet, such as a smart quote."""
    SCRIPT = "script"
    """A letter or symbol outside the GSM alphabet that has no equivalent in it."""


class Severity(StrEnum):
    BLOCKS = "blocks"
    SUGGESTS = "suggests"


@dataclass(frozen=True, slots=True)
class ContentRules:
    """The switches of one route. `words` are whole words or phrases, in any case."""

    block_greetings: bool = True
    block_chinese: bool = True
    block_links: bool = True
    block_emoji: bool = True
    words: tuple[str, ...] = ()
    allow_other_scripts: bool = True
    """False: only what the GSM alphabet holds may be sent; everything else blocks."""

    def to_json(self) -> dict[str, bool | list[str]]:
        """Only plain types, for a JSON column of the route."""
        switches: dict[str, bool | list[str]] = {name: getattr(self, name) for name in _SWITCHES}
        return switches | {"words": list(self.words)}

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> ContentRules:
        """What `to_json` made. Missing keys take the default, unknown ones (of a newer version) are ignored;
        a value of another type raises ValueError."""
        switches = {name: stored[name] for name in _SWITCHES if name in stored}
        words = stored.get("words", ())
        if not all(isinstance(value, bool) for value in switches.values()) or not isinstance(words, list | tuple):
            raise ValueError(f"these are no content rules: {stored!r}")
        listed = cast("Sequence[object]", words)
        return cls(words=tuple(str(word) for word in listed), **cast("dict[str, bool]", switches))


_SWITCHES: Final = tuple(field.name for field in fields(ContentRules) if field.name != "words")
DEFAULT_RULES: Final = ContentRules()


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that offends: `text == checked[start:end]`. `fix` replaces it; None when only a person can."""

    rule: RuleName
    severity: Severity
    start: int
    end: int
    text: str
    sentence: str
    """What is wrong, where, and what to do."""
    fix: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings in the order of the text. `fixed` is the text with every fix applied, None when there is no fix."""

    findings: tuple[Finding, ...] = ()
    fixed: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the text may be sent; suggestions do not stop it."""
        return not self.blocking

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.BLOCKS)

    @property
    def detail(self) -> str:
        """The first blocking sentences, for the error "content"; empty when ok."""
        blocking = self.blocking
        rest = len(blocking) - MAX_DETAILS
        more = [f"And {rest} more {'places' if rest > 1 else 'place'}."] if rest > 0 else []
        return " ".join([finding.sentence for finding in blocking[:MAX_DETAILS]] + more)


CLEAN: Final = Verdict()


class Span(NamedTuple):
    """A finding before it has its sentence."""

    rule: RuleName
    severity: Severity
    start: int
    end: int
    fix: str | None
