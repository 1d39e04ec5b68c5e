"""SIGKILL at random moments while 5,000 messages are sent: nothing lost, nothing twice, the books exact."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from engine.app import Engine
from engine.model import MICRO
from engine.store import open_store
from tests.crash.sender import ROUTE
from tests.kit import MovedClock, World, config_for, raw, wait_until

COUNT = 5_000
KILLS = 20
LONGEST_S = 0.4
ANYWHERE = 4
"""Every so many kills come at any moment after the start, the first acceptance among them."""
START_WAIT_S = 60.0
FATES = "receipt_ms=20&fail=0.1&early=0.1&seed=4"


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.crash.sender", str(folder), str(COUNT)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "begun"
    return process


def opened(folder: Path) -> World:
    config, clock = config_for(folder), MovedClock()
    engine = Engine(config, open_store(config.url), clock)
    owner = engine.accounts.ensure_account("acme")
    return World(engine, clock, owner, owner)


def states(made: World) -> Counter[str]:
    rows = raw(made, "select state, count(*) as n from message group by state")
    return Counter({str(row["state"]): int(str(row["n"])) for row in rows})


def submits(journal: Path) -> Counter[int]:
    """How often each message reached the operator, as the operator counted."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return Counter(int(line.split()[1]) for line in lines if line.startswith("S "))


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_twenty_kills_lose_nothing_send_nothing_twice_and_keep_the_books_exact(tmp_path: Path) -> None:
    journal = tmp_path / "operator.journal"
    setup = opened(tmp_path)
    setup.add_route(ROUTE, f"sim://?journal={journal}&latency_ms=40&{FATES}", batch=20)
    setup.engine.stop()
    rng = random.Random(20)
    seen: list[int] = []
    for number in range(KILLS):
        process = start(tmp_path)
        if number % ANYWHERE:  # most kills hit while messages go out, however slow the machine is
            sent = sum(submits(journal).values())
            wait_until(lambda sent=sent: sum(submits(journal).values()) > sent, timeout_s=START_WAIT_S)
        time.sleep(rng.uniform(0.0, LONGEST_S))
        process.kill()
        process.communicate(timeout=START_WAIT_S)
        seen.append(sum(submits(journal).values()))
        check(tmp_path, journal)
    assert len(set(seen)) > KILLS // 2, "most kills must hit while messages are being sent"
    assert seen[-1] < COUNT, "the last kill must come before the end"
    hurry(tmp_path, journal)
    process = start(tmp_path)
    assert process.communicate(timeout=180)[0].strip() == "done"
    check(tmp_path, journal, finished=True)
    expire_what_is_in_doubt(tmp_path)


def hurry(folder: Path, journal: Path) -> None:
    """Nobody is killed any more: the rest goes out in large batches without delay."""
    made = opened(folder)
    with made.store.transaction() as tx:
        tx.raw.execute(  # type: ignore[attr-defined] # quicker than an administrator
            "update route set batch = 500, gateway = $1 where name = $2", [f"sim://?journal={journal}&{FATES}", ROUTE]
        )
    made.store.close()


def check(folder: Path, journal: Path, *, finished: bool = False) -> None:
    """The invariants that hold after every kill."""
    made = opened(folder)
    assert made.engine.reconcile().ok
    found = states(made)
    assert found.total() in ({COUNT} if finished else {0, COUNT}), "a task is written whole or not at all"
    reached = submits(journal)
    assert not [message for message, times in reached.items() if times > 1], "a message was sent twice"
    recorded = {int(str(row["id"])) for row in raw(made, "select id from message where provider_ref is not null")}
    flagged = {
        int(str(row["id"])) for row in raw(made, "select id from message where state in ('in_doubt', 'submitting')")
    }
    assert recorded <= set(reached), "a message counts as sent that never reached the operator"
    assert set(reached) <= recorded | flagged, "a message reached the operator and nothing says so"
    if finished:
        assert found["delivered"] + found["failed"] + found["in_doubt"] == COUNT
        row = raw(made, "select * from task")[0]
        held = int(str(row["held_micro"]))
        assert held == COUNT * MICRO
        settled = int(str(row["charged_micro"])) + int(str(row["returned_micro"]))
        assert held - settled == found["in_doubt"] * MICRO
    made.store.close()


def expire_what_is_in_doubt(folder: Path) -> None:
    made = opened(folder)
    made.clock.move(hours=73)
    made.engine.scheduler._expire_all()
    row = raw(made, "select * from task")[0]
    assert row["state"] == "finished"
    assert int(str(row["held_micro"])) == int(str(row["charged_micro"])) + int(str(row["returned_micro"]))
    assert made.engine.reconcile().ok
    made.store.close()
