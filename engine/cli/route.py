"""`route add | list | test`."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

from engine import routes
from engine.app import Engine
from engine.cli.opening import opened
from engine.cli.send import CLI_ACCOUNT, Order, watch
from engine.errors import InputError
from engine.model import format_credits, parse_credits
from engine.routes import EVERYWHERE, NewRoute, Route

TEST_WAIT_S = 60.0


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
        route = routes.load(engine.store, route_id)
    print(json.dumps(_as_json(route)) if arguments.json else route.display_name)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with opened() as engine:
        found = routes.load_all(engine.store)
    if arguments.json:
        print(json.dumps([_as_json(route) for route in found], ensure_ascii=False))
    else:
        for route in found:
            marks = ("default", route.is_default), ("closed", not route.enabled)
            print(f"{route.display_name}  {route.gateway_safe}", *(f"({name})" for name, on in marks if on))
    return 0


def _test(arguments: argparse.Namespace) -> int:
    with opened(started=True) as engine:
        route = routes.find(engine.store, arguments.name)
        began = time.perf_counter()
        task_id = engine.route_test.send_as(engine.accounts.ensure_account(CLI_ACCOUNT), route.id, arguments.number)
        answer = watch(engine, task_id, Order(to="", text="", wait=True, timeout_s=TEST_WAIT_S), began=began)
        reason = _failure(engine, task_id)
    if arguments.json:
        print(json.dumps(answer | {"reason": reason}))
    elif answer["delivered"]:
        print("Delivered.")
    else:
        print(f"Not delivered: {reason or 'no receipt yet'}.")
    return 0 if answer["delivered"] else 1


def _failure(engine: Engine, task_id: int) -> str | None:
    row = engine.store.one("cli.first_reason", task_id)
    return row["reason"] if row else None


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


def _as_json(route: Route) -> dict[str, object]:
    return {
        "id": route.id,
        "name": route.name,
        "display_name": route.display_name,
        "gateway": route.gateway_safe,
        "sender_id": route.supports_sender,
        "default": route.is_default,
        "enabled": route.enabled,
        "throughput": route.throughput,
        "prices": {country: format_credits(price, least_decimals=2) for country, price in route.prices.items()},
    }
