"""Acceptance and sending on the built-in simulator, beside the same steps in sqlite3."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from engine.bench.desk import GATEWAY, TEXT, Desk, Workbench
from engine.bench.measure import Race, Result, race
from engine.bench.sqlite_peer import SqlitePeer
from engine.gateways import gateway_for
from engine.model import TaskState
from engine.tasks import Preview

ACCEPT_BUDGET_MS: Final = 100.0
SEND_BUDGET_PER_S: Final = 10_000.0
ACCEPT_PEER: Final = "sqlite3 (WAL, synchronous=FULL), executemany"
SEND_PEER: Final = "sqlite3, same steps row by row"
POLL_S: Final = 0.01
"""A look costs the engine a millisecond, so looking more often would slow what is measured."""
SEND_LIMIT_S: Final = 120.0


def accept(bench: Workbench) -> list[Result]:
    """Hold, task and messages durable; the engine sends nothing meanwhile."""
    with bench.desk() as desk, _peer(bench) as peer:
        previews = _previews(bench, desk)
        outcome = race(
            lambda: _accept(desk, [next(previews)]),
            lambda: _accept_peer(peer, [_plain(next(previews))]),
            rounds=bench.sizes.rounds,
        )
    count = bench.sizes.recipients
    return [outcome.in_ms("accept_5000", n=count, peer_name=ACCEPT_PEER, budget_ms=ACCEPT_BUDGET_MS)]


def send_one(bench: Workbench) -> list[Result]:
    """One task from acceptance to the last settled message."""
    outcome = settle_race(bench, tasks=1, rounds=bench.sizes.rounds)
    return [_per_s("send_end_to_end", bench.sizes.recipients, outcome)]


def send_sustained(bench: Workbench) -> list[Result]:
    """Several tasks accepted one after the other while the first are being sent, until all is settled."""
    outcome = settle_race(bench, tasks=bench.sizes.tasks, rounds=bench.sizes.slow_rounds)
    return [_per_s("send_sustained", bench.sizes.recipients * bench.sizes.tasks, outcome)]


def _per_s(name: str, count: int, outcome: Race) -> Result:
    return outcome.per_s(name, n=count, unit="messages/s", peer_name=SEND_PEER, budget_per_s=SEND_BUDGET_PER_S)


def settle_race(
    bench: Workbench, *, tasks: int, rounds: int, gateway: str = GATEWAY, peer_gateway: str = GATEWAY
) -> Race:
    """From acceptance until every credit is settled. Each over its own operator where that is a real one: it hands
    receipts to whoever is bound."""
    with bench.desk(started=True, gateway=gateway) as desk, _peer(bench) as peer:
        previews = _previews(bench, desk)

        def ours() -> float:
            prepared = [next(previews) for _ in range(tasks)]
            return _accept(desk, prepared, until_settled=True)

        def theirs() -> float:
            prepared = [_plain(next(previews)) for _ in range(tasks)]
            return _accept_peer(peer, prepared, until_settled=True, gateway_url=peer_gateway)

        return race(ours, theirs, rounds=rounds)


@contextmanager
def _peer(bench: Workbench) -> Generator[SqlitePeer]:
    peer = SqlitePeer(bench.new_folder())
    try:
        yield peer
    finally:
        peer.close()


def _previews(bench: Workbench, desk: Desk) -> Generator[Preview]:
    """Endlessly a new quote for the same recipients."""
    draft = desk.draft(bench.accepted())
    while True:
        yield desk.engine.tasks.preview(desk.actor, draft)


def _plain(preview: Preview) -> tuple[Any, ...]:
    """A preview as the peer takes it."""
    countries = [(line.country, line.recipients, line.cost_micro) for line in preview.lines]
    return preview.key, preview.cost_micro, preview.messages.rows(), countries


def _accept(desk: Desk, prepared: list[Preview], *, until_settled: bool = False) -> float:
    tasks, actor = desk.engine.tasks, desk.actor
    began = time.perf_counter()
    ids = [tasks.accept(actor, preview) for preview in prepared]
    if until_settled:
        _await(desk, ids)
    seconds = time.perf_counter() - began
    if until_settled:
        rows = [desk.engine.history.live(actor, task_id) for task_id in ids]
        assert all(row["held_micro"] == row["charged_micro"] + row["returned_micro"] for row in rows)
    return seconds


def _await(desk: Desk, ids: list[int]) -> None:
    deadline = time.monotonic() + SEND_LIMIT_S
    for task_id in ids:
        while desk.engine.history.live(desk.actor, task_id)["state"] != TaskState.FINISHED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"task {task_id} was not settled within {SEND_LIMIT_S:g} s")
            time.sleep(POLL_S)


def _accept_peer(
    peer: SqlitePeer, prepared: list[tuple[Any, ...]], *, until_settled: bool = False, gateway_url: str = GATEWAY
) -> float:
    for key, cost_micro, _, _ in prepared:
        peer.quote(key, cost_micro)
    gateway = gateway_for(gateway_url)
    gateway.open(peer.sink)
    try:
        began = time.perf_counter()
        ids = [peer.accept(key, messages, countries, TEXT) for key, _, messages, countries in prepared]
        if until_settled:
            peer.send(gateway, ids)
        seconds = time.perf_counter() - began
    finally:
        gateway.close()
    if until_settled:
        rows = [peer.counters(task_id) for task_id in ids]
        assert all(row["held_micro"] == row["charged_micro"] + row["returned_micro"] for row in rows)
        assert all(row["state"] == "finished" for row in rows)
    return seconds
