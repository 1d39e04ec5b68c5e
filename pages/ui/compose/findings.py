"""What the content rules say about a text: where it offends, why, and the fix where there is one.

User text is only ever shown as escaped text inside elements of our own, never as Markdown or HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

import streamlit as st

from engine.content import Finding, Severity, Verdict
from pages.ui import format as show

SENTENCES_MOST: Final = 6


def show_findings(text: str, verdict: Verdict, *, key: str, fix: Callable[[str], None], refused: bool = False) -> None:
    """The text with its marked places, a sentence for each, and one button that applies every fix.

    `refused`: the text cannot be sent for a reason that is said elsewhere.
    """
    if not verdict.findings:
        return
    with st.container(gap="xsmall"):
        st.html(findings_html(text, verdict.findings, refused=refused))
        if verdict.fixed is not None:
            fixable = sum(finding.fix is not None for finding in verdict.findings)
            label = "Fix it" if fixable == len(verdict.findings) == 1 else f"Fix {show.plural(fixable, 'place')}"
            st.button(label, key=key, icon=":material/auto_fix_high:", on_click=fix, args=(verdict.fixed,))


def findings_html(text: str, findings: Sequence[Finding], *, refused: bool = False) -> str:
    """Headline, text with marks, and the sentences; every piece of the text is escaped."""
    blocking = sum(finding.severity is Severity.BLOCKS for finding in findings)
    if blocking:
        headline = f"{show.plural(blocking, 'place')} in the text cannot be sent. Change what is marked."
    elif refused:
        headline = "The marked places make it cost more SMS."
    else:
        headline = "The text can be sent as it is; the marked places make it cost more SMS."
    urgent = sorted(findings, key=lambda finding: finding.severity is not Severity.BLOCKS)
    sentences = "".join(f"<li>{escape(finding.sentence)}</li>" for finding in urgent[:SENTENCES_MOST])
    more = len(findings) - SENTENCES_MOST
    if more > 0:
        sentences += f"<li>And {show.plural(more, 'more place')}, marked above.</li>"
    kind, role = ("blocks", "alert") if blocking else ("suggests", "status")
    return (
        f'<div role="{role}" class="ims-findings {kind}"><p class="head">{headline}</p>'
        f'<div class="text">{"".join(_marked(text, findings))}</div><ul>{sentences}</ul></div>'
    )


def _marked(text: str, findings: Sequence[Finding]) -> Iterator[str]:
    at = 0
    for finding in findings:
        if finding.start < at:  # two rules meet in one place: it is marked once
            continue
        yield escape(text[at : finding.start])
        yield f'<mark class="{finding.severity.value}">{_visible(finding.text)}</mark>'
        at = finding.end
    yield escape(text[at:])


def _visible(text: str) -> str:
    """What shows nothing is named by its code point."""
    if text.strip() and text.isprintable():
        return escape(text)
    return "".join(
        escape(character) if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"
        for character in text
    )
