"""`route add | list | test`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from engine import routes
from engine.cli.opening import opened
from engine.cli.trial import run_trial
from engine.errors import InputError
from engine.model import format_credits, parse_credits
from engine.routes import EVERYWHERE, NewRoute, Route, RouteChanges
from engine.store import Tx


def run(arguments: argparse.Namespace) -> int:
    actions = {"add": _add, "list": _list, "test": _test}
    return actions[arguments.action](arguments)


def _add(arguments: argparse.Namespace) -> int:
    new = NewRoute(
        name=arguments.name,
        gateway=arguments.gateway,
        prices={EVERYWHERE: _price(arguments.price), **_country_prices(arguments.price_for)},
        supports_sender=arguments.sender_id,
        throughput=arguments.throughput,
        is_default=arguments.default,
    )
    with opened() as engine:
        with engine.store.transaction() as tx:
            route_id = routes.add(tx, new, member_id=None, now_us=engine.clock.now_us())
            if arguments.takeover is not None:
                _name_takeover(tx, route_id, arguments, now_us=engine.clock.now_us())
        route, every = routes.load(engine.store, route_id), routes.load_all(engine.store)
    print(json.dumps(_as_json(route, every)) if arguments.json else route.display_name)
    return 0


def _name_takeover(tx: Tx, route_id: int, arguments: argparse.Namespace, *, now_us: int) -> None:
    other = routes.find(tx, arguments.takeover)
    changes = RouteChanges(
        takeover_id=other.id, takeover_after_s=arguments.takeover_after, takeover_below=arguments.takeover_below
    )
    routes.edit(tx, routes.load(tx, route_id), changes, now_us=now_us)


def _list(arguments: argparse.Namespace) -> int:
    with opened() as engine:
        found = routes.load_all(engine.store)
    if arguments.json:
        print(json.dumps([_as_json(route, found) for route in found], ensure_ascii=False))
    else:
        names = {route.id: route.name for route in found}
        for route in found:
            marks = (
                ("default", route.is_default),
                ("closed", not route.enabled),
                ("down", route.down_since_us is not None),
            )
            print(f"{route.display_name}  {route.gateway_safe}", *(f"({name})" for name, on in marks if on))
            if route.takeover_id is not None:
                print(f"  {_takeover_words(route, names[route.takeover_id])}")
    return 0


def _takeover_words(route: Route, other: str) -> str:
    when = [
        f"after {route.takeover_after_s} s of being down" if route.takeover_after_s is not None else "",
        f"below {route.takeover_below}% success" if route.takeover_below is not None else "",
    ]
    now = f"; it does now: {route.taken_over_why}" if route.taken_over_us is not None else ""
    return f"“{other}” takes over {' or '.join(filter(None, when))}{now}"


def _test(arguments: argparse.Namespace) -> int:
    with opened(started=True) as engine:
        route = routes.find(engine.store, arguments.name)
        trial, answer = run_trial(engine, route, arguments.number, say=_silent if arguments.json else _say)
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    return 0 if trial.delivered else 1


def _say(step: str) -> None:
    print(step, flush=True)


def _silent(step: str) -> None:
    """With --json only the answer is printed."""


def _price(text: str) -> int:
    try:
        return parse_credits(text)
    except ValueError as error:
        raise InputError("price", value=text) from error


def _country_prices(pairs: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in pairs:
        country, equals, text = pair.partition("=")
        if not equals:
            raise InputError("price", value=pair)
        found[country.strip().upper()] = _price(text)
    return found


def _as_json(route: Route, every: Sequence[Route]) -> dict[str, object]:
    names = {other.id: other.name for other in every}
    return {
        "id": route.id,
        "name": route.name,
        "display_name": route.display_name,
        "gateway": route.gateway_safe,
        "sender_id": route.supports_sender,
        "default": route.is_default,
        "enabled": route.enabled,
        "throughput": route.throughput,
        "down_since_us": route.down_since_us,
        "last_error": route.last_error,
        "takeover": None
        if route.takeover_id is None
        else {
            "route": names[route.takeover_id],
            "after_s": route.takeover_after_s,
            "below_percent": route.takeover_below,
            "since_us": route.taken_over_us,
            "why": route.taken_over_why,
        },
        "prices": {country: format_credits(price, least_decimals=2) for country, price in route.prices.items()},
    }
