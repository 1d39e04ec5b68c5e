"""The help: topics of `data/help.md`, searched by their words, linked from the place where the question arises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st

from pages.ui.registry import HELP

HELP_FILE: Final = Path(__file__).parents[2] / "data" / "help.md"
_HEAD: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_WORD: Final = re.compile(r"[a-z0-9]+")
LEAST_STEM: Final = 4
IN_QUESTION, IN_WORDS, IN_ANSWER = 8, 4, 1
"""Weight of a search word by where it is found."""
NOISE: Final = frozenset(
    {*("a", "an", "and", "are", "can", "do", "does", "how", "i", "in", "is", "it", "my", "of", "on", "the", "to")}
    | {"was", "what", "when", "where", "which", "who", "why"}
)
"""Words that say nothing about the topic."""


@dataclass(frozen=True, slots=True)
class Topic:
    """`answer` is our own Markdown."""

    slug: str
    group: str
    question: str
    words: str
    answer: str

    def score(self, asked: list[str]) -> int:
        """How well it fits; 0 when any word is found nowhere."""
        places = ((IN_QUESTION, self.question), (IN_WORDS, self.words), (IN_ANSWER, self.answer))
        total = 0
        for word in asked:
            found = sum(weight for weight, text in places if any(_alike(word, other) for other in _words(text)))
            if not found:
                return 0
            total += found
        return total


@cache
def topics() -> tuple[Topic, ...]:
    """In the order of the file."""
    pieces = _HEAD.split(HELP_FILE.read_text(encoding="utf-8"))
    return tuple(_topic(question.strip(), body) for question, body in zip(pieces[1::2], pieces[2::2], strict=True))


def search(text: str) -> list[Topic]:
    """The topics that contain every word (or its beginning), best first; all of them for an empty search."""
    asked = [word for word in _words(text) if word not in NOISE]
    if not asked:
        return list(topics())
    scored = [(topic.score(asked), topic) for topic in topics()]
    return [topic for score, topic in sorted(scored, key=lambda pair: -pair[0]) if score]


def help_link(slug: str) -> None:
    """A link to the answer, where the question arises. An unknown topic fails at once, as in the tests."""
    topic = next(topic for topic in topics() if topic.slug == slug)
    st.page_link(str(HELP.path), label=topic.question, icon=HELP.icon, query_params={"topic": slug})


def _topic(question: str, body: str) -> Topic:
    head, _, answer = body.strip().partition("\n\n")
    values = dict(line.split(": ", 1) for line in head.splitlines())
    return Topic(values["topic"], values["group"], question, values["words"], answer.strip())


def _alike(asked: str, word: str) -> bool:
    """One is the beginning of the other: “reacts” finds “react”, “fail” finds “failed”."""
    return word.startswith(asked) or (len(word) >= LEAST_STEM and asked.startswith(word))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
