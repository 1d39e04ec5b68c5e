"""Marked texts are exactly the text, escaped; every mark stands where the Engine found something."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine import content
from pages.ui.compose.findings import findings_html

MARK = re.compile(r"<mark[^>]*>(.*?)</mark>", re.DOTALL)
TEXTS = some.text(alphabet=some.sampled_from("hiello <>&\"'“”…—😀你好\u200bж€/:.tp$*\n"), max_size=60)


def box_of(html: str) -> str:
    found = re.search(r'<div class="text">(.*?)</div><ul>', html, re.DOTALL)
    assert found
    return found.group(1)


@given(TEXTS)
def test_without_its_marks_the_box_is_the_text(text: str) -> None:
    findings = content.check(text).findings
    box = box_of(findings_html(text, findings))
    assert not re.search(r"<(?!/?mark)", box)
    plain = unescape(re.sub(r"</?mark[^>]*>", "", box))
    hidden = re.sub("[\u200b\n ]", "", text)
    assert re.sub(r"U\+[0-9A-F]{4}|[\n ]", "", plain) == hidden


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Well hello there", ["hello"]),
        ("This is Delhi", []),
        ("<hi>", ["hi"]),
        ("a\u200bb", ["U+200B"]),
        ("see http://x.example", ["http://"]),
    ],
)
def test_what_offends_is_marked(text: str, marked: list[str]) -> None:
    assert MARK.findall(box_of(findings_html(text, content.check(text).findings))) == marked


def test_blocking_findings_are_explained_before_suggestions() -> None:
    text = "“a” “b” “c” “d” hello"
    html = findings_html(text, content.check(text).findings)
    assert html.index("is a greeting") < html.index("70 characters")
    assert "more place" in html
