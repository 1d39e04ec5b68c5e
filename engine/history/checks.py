"""Why is there no reaction? What the FAQ tells customers to check, checked for them on one task.

Did it send, are the numbers valid, does the link look valid, was it a normal activity time where recipients live.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine import numbers
from engine.countries import Country, Sleep, load_all, sleep_at, zones_of
from engine.model import FailReason, TaskState
from engine.store import Reader, Row, Rows

SAMPLE: Final = 300
"""Messages of a task that are looked at: enough to tell, however long the task is."""
LINKS_SHOWN: Final = 3
BAD_NUMBERS: Final = (FailReason.INVALID_NUMBER, FailReason.UNKNOWN_SUBSCRIBER)

_LINK: Final = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?:/\S*)?", re.IGNORECASE)
"""What phones make a link of: with a scheme, with www., or a name with a dot and letters at its end."""
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_GLUED: Final = re.compile(r"[.,;:!?)\]]+$")


class Verdict(StrEnum):
    OK = "ok"
    LOOK = "look"
    """Worth a look: it may be why."""
    WAIT = "wait"
    """Not known yet."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list: the question, what was found, and what to do (empty: nothing)."""

    question: str
    verdict: Verdict
    sentence: str
    next_step: str = ""


def checks_of(reader: Reader, task: Row, reasons: Rows, *, now_us: int) -> list[Check]:
    """The checks of a task that can be made, in the order of the FAQ. `reasons` as in TaskDetail.

    Of a task that nobody has received yet only the daytime, when it warns.
    """
    first = task["first_message"]
    sample = reader.all("records.sample", first, first + task["recipients"], SAMPLE)
    daytime = _daytime(reader, task, sample, now_us)
    if not has_begun(task):
        return [check for check in daytime if check.verdict is Verdict.LOOK]
    texts = [task["content"], *(row["content"] for row in sample[:LINKS_SHOWN] if row["content"])]
    return [_sent(task), _numbers(task, reasons), *_links(texts), *daytime]


def has_begun(task: Row) -> bool:
    """Whether somebody may have received something of it, or never will."""
    return bool(task["submitted"] or task["failed"]) or task["state"] == TaskState.CANCELLED


def _sent(task: Row) -> Check:
    question = "Did it send?"
    total, delivered = task["recipients"], task["delivered"]
    if task["state"] == TaskState.CANCELLED:
        return Check(question, Verdict.LOOK, "No: the task was cancelled before anything was sent.", "Copy it to send.")
    sentence = f"{delivered:,} of {total:,} messages reached the phone."
    if delivered == total:
        return Check(question, Verdict.OK, f"Yes: {sentence}")
    if delivered + task["failed"] + task["expired"] + task["cancelled"] < total:
        return Check(question, Verdict.WAIT, f"{sentence} The rest is still on its way.")
    return Check(question, Verdict.LOOK, sentence, "The reasons on this page say what to do about the others.")


def _numbers(task: Row, reasons: Rows) -> Check:
    question = "Are the numbers valid?"
    bad = sum(row["messages"] for row in reasons if row["reason"] in BAD_NUMBERS)
    left_out = task["rejected_rows"]
    if bad:
        return Check(
            question,
            Verdict.LOOK,
            f"Operators did not know {_plural(bad, 'number')}, or they are out of service.",
            "Check these with the recipients; their credit was returned.",
        )
    if left_out:
        return Check(
            question,
            Verdict.LOOK,
            f"Every number sent to is valid; {_plural(left_out, 'row was', 'rows were')} left out before sending.",
            "Why was shown before the task was accepted; the rows themselves are not kept. Check your file again.",
        )
    return Check(question, Verdict.OK, "Every number was checked before sending, and no operator refused one.")


def _links(texts: Sequence[str]) -> list[Check]:
    """Nothing where there is no link to check."""
    question = "Does the link look valid?"
    found = list(dict.fromkeys(link for text in texts for link in _LINK.findall(text)))
    if not found:
        return []
    problems = [problem for problem in map(link_problem, found) if problem]
    if problems:
        step = "Open the link on a phone exactly as it stands in the text."
        return [Check(question, Verdict.LOOK, problems[0], step)]
    shown = ", ".join(found[:LINKS_SHOWN])
    sentence = f"It is written correctly: {shown}. Open it once to see that the page is there."
    return [Check(question, Verdict.OK, sentence)]


def link_problem(link: str) -> str:
    """What is wrong with how a link is written; empty when nothing is. Nobody opens it from here."""
    plain = re.sub(r"^https?://", "", link, flags=re.IGNORECASE)
    if _GLUED.search(plain):
        return f"“{link}” ends with a punctuation mark, which some phones take as part of the link."
    host = re.split(r"[/?#:]", plain, maxsplit=1)[0]
    if not _HOST.fullmatch(host):
        return f"“{host}” is not a complete web address."
    return ""


def _daytime(reader: Reader, task: Row, sample: Rows, now_us: int) -> list[Check]:
    """Nothing where no time is known."""
    sent = [(row, row["submitted_us"]) for row in sample if row["submitted_us"] is not None]
    future = not sent and task["state"] == TaskState.SCHEDULED
    question = f"{'Is' if future else 'Was'} it a normal activity time where they live?"
    if future:
        sent = [(row, max(task["due_us"], now_us)) for row in sample]
    if not sent:
        return []
    table = load_all(reader)
    asleep = [row for row, at_us in sent if _is_night(table[row["country"]], row["msisdn"], at_us)]
    quiet = "in the quiet hours of where they live"
    if not asleep:
        return [Check(question, Verdict.OK, "Yes: nobody was in quiet hours.")]
    share = 100 * len(asleep) // len(sent)
    where = ", ".join(_countries(row["country"] for row in asleep))
    sentence = f"For about {max(share, 1)}% of recipients it {'will be' if future else 'was'} {quiet} ({where})."
    step = "Change the time of this task." if future else "Next time, schedule it for their daytime."
    return [Check(question, Verdict.LOOK, sentence, step)]


def _is_night(country: Country, msisdn: int, at_us: int) -> bool:
    """In the likeliest of the zones a number may be in, as composing tells it."""
    return sleep_at(country, zones_of(country.code, msisdn)[0], at_us) is Sleep.NIGHT


def _countries(codes: Iterable[str]) -> list[str]:
    names = sorted({numbers.country_name(code) for code in codes})
    return names[:LINKS_SHOWN] + (["others"] if len(names) > LINKS_SHOWN else [])


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
