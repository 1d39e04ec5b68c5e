"""Adding and editing routes: every property checked on its own, and what changed in words for the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypedDict

from engine import numbers
from engine.content import ContentRules, parse_words
from engine.errors import InputError, StateError
from engine.gateways import gateway_for, safe_url
from engine.gateways.addresses import check_address, keep_secrets
from engine.model import ChargeOn, CountRule
from engine.routes.model import (
    MOST_BATCH,
    MOST_THROUGHPUT,
    NAME_LENGTH,
    SENDER_LEAST,
    SENDER_MOST,
    NewRoute,
    Route,
    price_words,
)
from engine.routes.prices import ALWAYS, check_prices, insert_version
from engine.routes.reading import load_all
from engine.routes.states import give_back
from engine.routes.takeover import CONDITIONS, check_routes
from engine.store import Tx


class RouteChanges(TypedDict, total=False):
    """What an administrator changes; what is left out stays. `countries` None means everywhere that is served,
    `takeover_id` None that no route takes over, and then nothing is kept of when."""

    name: str
    gateway: str
    supports_sender: bool
    sender_max: int
    charge_on: ChargeOn
    count_rule: CountRule
    rules: ContentRules
    countries: frozenset[str] | None
    throughput: int
    batch: int
    enabled: bool
    is_default: bool
    takeover_id: int | None
    takeover_after_s: int | None
    takeover_below: int | None


FIELDS: Final[Mapping[str, str]] = {
    "name": "Route name",
    "gateway": "Gateway address",
    "supports_sender": "Sender ID",
    "sender_max": "Longest sender ID",
    "charge_on": "Charged when",
    "count_rule": "Counting rule",
    "rules": "Content rules",
    "countries": "Countries",
    "throughput": "Throughput",
    "batch": "Batch",
    "enabled": "Open for new tasks",
    "is_default": "Default route",
    "takeover_id": "Route that takes over",
    "takeover_after_s": "After seconds of being down",
    "takeover_below": "Below a success rate of",
}
"""Property → its name on forms, in errors and in the audit log."""
_UNITS: Final[Mapping[str, str]] = {"takeover_after_s": " s", "takeover_below": "%"}

_LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "sender_max": (SENDER_LEAST, SENDER_MOST),
    "throughput": (0, MOST_THROUGHPUT),
    "batch": (1, MOST_BATCH),
}


def add(tx: Tx, new: NewRoute, *, member_id: int | None, now_us: int) -> int:
    """Adds a route with price version 1; InputError names the field that is wrong. For the command line and tests:
    any gateway address is taken (see `Routes.add` for what a browser may give).
    """
    name = check_name(tx, new.name)
    check_prices(new.prices)
    gateway_for(new.gateway).close()
    for field in _LIMITS:
        check_number(field, getattr(new, field))
    check_countries(new.countries)
    route_id = tx.reserve("route")
    is_default = new.is_default or tx.one("routes.default_one") is None
    if is_default:
        tx.run("routes.clear_default")
    tx.run(
        "routes.insert", route_id, name, new.gateway, new.supports_sender, new.sender_max, new.charge_on.value,
        new.count_rule.value, json.dumps(new.rules.to_json()), _countries_stored(new.countries), new.throughput,
        new.batch, new.enabled or is_default, is_default, now_us,
    )  # fmt: skip
    insert_version(tx, route_id, 1, new.prices, member_id=member_id, now_us=now_us, effective_us=ALWAYS)
    return route_id


def added_words(new: NewRoute) -> str:
    """A new route in words for the audit log."""
    return f"“{new.name.strip()}” over {safe_url(new.gateway)}, {price_words(new.prices)} credit/SMS"


def edit(tx: Tx, before: Route, changes: RouteChanges, *, now_us: int) -> str:
    """Checks and writes the changes of a route; returns them in words, empty when nothing differs.

    Tasks that were accepted keep their price version, counting rule and charging: those are the task's own.
    """
    wanted = _checked(tx, before, changes)
    differing = {field: value for field, value in wanted.items() if value != getattr(before, field)}
    if not differing:
        return ""
    after = replace(before, **differing)
    others = [route for route in load_all(tx, now_us=now_us) if route.id != before.id]
    if differing.keys() & CONDITIONS:
        check_routes(after, others)
    if differing.get("is_default"):
        tx.run("routes.clear_default")
    tx.run(
        "routes.update", before.id, after.name, after.gateway, after.supports_sender, after.sender_max,
        after.charge_on.value, after.count_rule.value, json.dumps(after.rules.to_json()),
        _countries_stored(after.countries), after.throughput, after.batch, after.enabled, after.is_default,
        after.takeover_id, after.takeover_after_s, after.takeover_below,
    )  # fmt: skip
    if "gateway" in differing:
        tx.run("routes.forget_down", before.id)  # what was said of the old address
    if "gateway" in differing or "takeover_id" in differing:
        give_back(tx, before.id, now_us)
    names = {route.id: route.name for route in others}
    lines = [_change_words(field, getattr(before, field), value, names) for field, value in differing.items()]
    return "; ".join(lines)


def _checked(tx: Tx, before: Route, changes: RouteChanges) -> dict[str, Any]:
    wanted: dict[str, Any] = dict(changes)
    if "name" in wanted:
        wanted["name"] = check_name(tx, wanted["name"], own=before.id)
    if "gateway" in wanted:
        wanted["gateway"] = keep_secrets(wanted["gateway"], before.gateway)
        if wanted["gateway"] != before.gateway:
            wanted["gateway"] = check_address(wanted["gateway"])
    for field in _LIMITS:
        if field in wanted:
            check_number(field, wanted[field])
    if "countries" in wanted:
        check_countries(wanted["countries"])
    if "rules" in wanted:
        parse_words("\n".join(wanted["rules"].words))
    if "takeover_id" in wanted and wanted["takeover_id"] is None:
        wanted |= {"takeover_after_s": None, "takeover_below": None}
    _check_default(before, wanted)
    return wanted


def _check_default(before: Route, wanted: Mapping[str, Any]) -> None:
    """There is always one default route, and it is open."""
    enabled = wanted.get("enabled", before.enabled)
    is_default = wanted.get("is_default", before.is_default)
    if (before.is_default and not is_default) or (is_default and not enabled):
        raise StateError("route_default", route=wanted.get("name", before.name))


def check_name(tx: Tx, typed: str, *, own: int | None = None) -> str:
    name = typed.strip()
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InputError(
            "invalid",
            field=FIELDS["name"],
            problem="missing or too long.",
            remedy=f"Use 1–{NAME_LENGTH} characters.",
        )
    other = tx.one("routes.by_name", name.lower())
    if other is not None and other["id"] != own:
        raise InputError("taken", what="route name", field=FIELDS["name"])
    return name


def check_number(field: str, value: int) -> None:
    least, most = _LIMITS[field]
    if not least <= value <= most:
        raise InputError(
            "invalid",
            field=FIELDS[field],
            problem=f"{value} is out of range.",
            remedy=f"Use a whole number from {least} to {most:,}.",
        )


def check_countries(countries: frozenset[str] | None) -> None:
    if countries is None:
        return
    unknown = sorted(countries - set(numbers.COUNTRIES))
    refused = sorted(countries & numbers.BLOCKED)
    if unknown:
        problem, remedy = f"“{unknown[0]}” is not a country.", "Use codes like AU."
    elif refused:
        problem, remedy = f"{numbers.country_name(refused[0])} is not served.", "Take it off the list."
    elif not countries:
        problem, remedy = "none is chosen.", "Choose at least one, or everywhere that is served."
    else:
        return
    raise InputError("invalid", field=FIELDS["countries"], problem=problem, remedy=remedy)


def _countries_stored(countries: frozenset[str] | None) -> str:
    return "" if countries is None else json.dumps(sorted(countries))


def _change_words(field: str, before: Any, after: Any, names: Mapping[int, str]) -> str:
    if field == "rules":
        return f"{FIELDS[field]}: {_rule_words(before, after)}"
    if field == "takeover_id":
        before, after = (f"“{names.get(one, one)}”" if one is not None else "nobody" for one in (before, after))
    return f"{FIELDS[field]}: {_words(field, before)} → {_words(field, after)}"


def _words(field: str, value: Any) -> str:
    if field == "gateway":
        return safe_url(value)
    if field == "countries":
        return "everywhere" if value is None else ", ".join(sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "never"
    if field in _UNITS:
        return f"{value}{_UNITS[field]}"
    return f"“{value}”" if field == "name" else str(value)


def _rule_words(before: ContentRules, after: ContentRules) -> str:
    old, new = before.to_json(), after.to_json()
    parts = [
        f"{name.replace('_', ' ')} {_words('', old[name])} → {_words('', new[name])}"
        for name in new
        if name != "words" and old[name] != new[name]
    ]
    removed, added = [sorted(set(a) - set(b)) for a, b in ((before.words, after.words), (after.words, before.words))]
    parts += [f"{verb} “{'”, “'.join(words)}”" for verb, words in (("blocked", added), ("allowed", removed)) if words]
    return ", ".join(parts) or "order of the words"
