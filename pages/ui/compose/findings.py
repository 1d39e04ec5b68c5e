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
_TONES: Final = {Severity.BLOCKS: "red", Severity.SUGGESTS: "amber"}
_BOX: Final = (
    "white-space: pre-wrap; overflow-wrap: anywhere; max-height: 11rem; overflow-y: auto; padding: .6rem .75rem; "
    "border: 1px solid var(--ims-line); border-radius: 8px; line-height: 1.65;"
)
_LIST: Final = "margin: .5rem 0 0; padding-left: 1.15rem; line-height: 1.5;"


def show_findings(text: str, verdict: Verdict, *, key: str, fix: Callable[[str], None]) -> None:
    """The text with its marked places, a sentence for each, and one button that applies every fix."""
    if not verdict.findings:
        return
    with st.container(gap="xsmall"):
        st.html(findings_html(text, verdict.findings))
        if verdict.fixed is not None:
            fixable = sum(finding.fix is not None for finding in verdict.findings)
            label = "Fix it" if fixable == len(verdict.findings) == 1 else f"Fix {show.plural(fixable, 'place')}"
            st.button(label, key=key, icon=":material/auto_fix_high:", on_click=fix, args=(verdict.fixed,))


def findings_html(text: str, findings: Sequence[Finding]) -> str:
    """Headline, text with marks, and the sentences; every piece of the text is escaped."""
    blocking = sum(finding.severity is Severity.BLOCKS for finding in findings)
    if blocking:
        headline = f"{show.plural(blocking, 'place')} in the text cannot be sent. Change what is marked."
    else:
        headline = "The text can be sent as it is; the marked places make it cost more SMS."
    tone = "red" if blocking else "amber"
    sentences = "".join(f"<li>{escape(finding.sentence)}</li>" for finding in findings[:SENTENCES_MOST])
    more = len(findings) - SENTENCES_MOST
    if more > 0:
        sentences += f"<li>And {show.plural(more, 'more place')}, marked above.</li>"
    role = "alert" if blocking else "status"
    return (
        f'<div role="{role}" class="ims-findings"><p style="margin: 0 0 .4rem; font-weight: 600; '
        f'color: var(--ims-{tone})">{headline}</p><div style="{_BOX}">{"".join(_marked(text, findings))}</div>'
        f'<ul style="{_LIST}">{sentences}</ul></div>'
    )


def _marked(text: str, findings: Sequence[Finding]) -> Iterator[str]:
    at = 0
    for finding in findings:
        if finding.start < at:  # two rules meet in one place: it is marked once
            continue
        tone = _TONES[finding.severity]
        yield escape(text[at : finding.start])
        yield (
            f'<mark style="color: inherit; border-bottom: 2px solid var(--ims-{tone}); border-radius: 3px; '
            f'background: color-mix(in srgb, var(--ims-{tone}) 24%, transparent);">{_visible(finding.text)}</mark>'
        )
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
