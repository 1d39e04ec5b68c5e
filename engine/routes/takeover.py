"""Which route may take over for another: it must carry, unchanged, whatever was accepted and priced for the first.

Only messages that were never handed to the operator are carried over, and what customers pay stays the accepted quote;
so the second route's prices, counting rule and throughput are no conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine import numbers
from engine.content import ContentRules
from engine.errors import InputError
from engine.gateways.addresses import same_place
from engine.routes.model import Route

AFTER_LEAST_S: Final = 5
AFTER_MOST_S: Final = 86_400
AFTER_USUAL_S: Final = 60
"""What a form offers: long enough for an operator that restarts, short enough that few notice."""
BELOW_LEAST: Final = 1
BELOW_MOST: Final = 99
SUCCESS_WINDOW_S: Final = 15 * 60
SUCCESS_LEAST: Final = 50
"""The success rate is that of the last quarter of an hour, and means nothing with fewer results."""
FIELD: Final = "Route that takes over"
COUNTRIES_NAMED: Final = 3
CONDITIONS: Final = frozenset({
    "takeover_id", "takeover_after_s", "takeover_below", "gateway", "supports_sender", "sender_max", "charge_on",
    "rules", "countries",
})  # fmt: skip
"""Properties that decide whether one route can carry what another accepts."""
_SWITCHES: Final = (
    ("block_greetings", "greetings"),
    ("block_chinese", "Chinese characters"),
    ("block_links", "links"),
    ("block_emoji", "emoji"),
)


def check_routes(after: Route, others: Sequence[Route]) -> None:
    """Whether `after`, a route as it would be, can have its stand-in, and can stand in for those that name it.

    `others` are all other routes. InputError says what does not fit, and what to do.
    """
    names = {route.id: route for route in others}
    if after.takeover_id is not None:
        _check_when(after)
        other = names.get(after.takeover_id)
        if after.takeover_id == after.id or other is None:
            raise _refusal("a route cannot take over for itself.", "Choose another one, or none.")
        _check_chain(after, other, others)
        _check_pair(after, other, f"Change “{other.name}” first, or choose another route.")
    for first in others:
        if first.takeover_id == after.id:
            _check_pair(first, after, f"Take “{after.name}” off as the one that takes over for “{first.name}” first.")


def depending(route_id: int, routes: Sequence[Route]) -> list[Route]:
    """Routes for which this one takes over."""
    return [route for route in routes if route.takeover_id == route_id]


def _check_when(route: Route) -> None:
    if route.takeover_after_s is None and route.takeover_below is None:
        problem = "nothing says when."
        raise _refusal(problem, "Enter after how many seconds of being down, or below which success rate.")
    for value, least, most, field in (
        (route.takeover_after_s, AFTER_LEAST_S, AFTER_MOST_S, "After seconds of being down"),
        (route.takeover_below, BELOW_LEAST, BELOW_MOST, "Below a success rate of"),
    ):
        if value is not None and not least <= value <= most:
            remedy = f"Use a whole number from {least} to {most:,}, or leave it empty."
            raise InputError("invalid", field=field, problem=f"{value} is out of range.", remedy=remedy)


def _check_chain(route: Route, other: Route, others: Sequence[Route]) -> None:
    """One step only: messages that wander from route to route would be nobody's, and two could wait for each other."""
    if other.takeover_id is not None:
        problem = f"“{other.name}” has a route that takes over for itself."
        raise _refusal(problem, "Messages are carried over once only. Choose a route without one, or take that off.")
    first = next(iter(depending(route.id, others)), None)
    if first is not None:
        problem = f"“{route.name}” itself takes over for “{first.name}”."
        raise _refusal(problem, "Messages are carried over once only. Take that off first.")


def _check_pair(first: Route, other: Route, remedy: str) -> None:
    problem = _misfit(first, other)
    if problem:
        raise _refusal(problem, remedy)


def _misfit(first: Route, other: Route) -> str:
    """Why `other` cannot carry what `first` accepts; empty when it can."""
    if same_place(first.gateway, other.gateway):
        return f"“{other.name}” has the same gateway address, so it is down whenever “{first.name}” is."
    if first.supports_sender and not other.supports_sender:
        return f"“{first.name}” carries a sender ID and “{other.name}” does not."
    if first.supports_sender and other.sender_max < first.sender_max:
        return (
            f"“{first.name}” takes sender IDs of {first.sender_max} characters, "
            f"“{other.name}” only of {other.sender_max}."
        )
    if first.charge_on is not other.charge_on:
        return (
            f"“{first.name}” charges what is {first.charge_on.value}, “{other.name}” what is {other.charge_on.value}."
        )
    missing = _unreached(first, other)
    if missing:
        return f"“{first.name}” reaches {missing} and “{other.name}” does not."
    refused = _refused(first.rules, other.rules)
    return f"“{other.name}” blocks {refused}, which “{first.name}” lets through." if refused else ""


def _unreached(first: Route, other: Route) -> str:
    """Countries of the first that the other does not reach, in words."""
    if other.countries is None:
        return ""
    reached = first.countries if first.countries is not None else numbers.COUNTRIES.keys() - numbers.BLOCKED
    missing = sorted(numbers.country_name(country) for country in reached - other.countries)
    more = len(missing) - COUNTRIES_NAMED
    return ", ".join(missing[:COUNTRIES_NAMED]) + (f" and {more} more" if more > 0 else "")


def _refused(first: ContentRules, other: ContentRules) -> str:
    """What the other's rules block and the first's do not."""
    for name, words in _SWITCHES:
        if getattr(other, name) and not getattr(first, name):
            return words
    if first.allow_other_scripts and not other.allow_other_scripts:
        return "other scripts"
    known = {word.casefold() for word in first.words}
    word = next((word for word in other.words if word.casefold() not in known), None)
    return f"the word “{word}”" if word else ""


def _refusal(problem: str, remedy: str) -> InputError:
    return InputError("invalid", field=FIELD, problem=problem, remedy=remedy)
