"""SIGKILL at random moments while 5,000 messages are sent: nothing lost, nothing twice, the books exact.

Once with the simulator, once over SMPP with an operator in a process of its own that counts what it accepted.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.app import Engine
from engine.model import MICRO
from engine.store import open_store
from tests.crash.sender import ROUTE
from tests.kit import MovedClock, World, config_for, raw, wait_until
from tests.operator import read_journal

COUNT = 5_000
KILLS = 20
LONGEST_S = 0.4
ANYWHERE = 4
"""Every so many kills come at any moment after the start, the first acceptance among them."""
START_WAIT_S = 60.0
WINDOW = 20
"""Messages that are handed over at a time: so many can be in doubt after a kill."""


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


class Simulated:
    """The built-in operator; its journal names messages by their id, and numbers follow from that."""

    fates = "receipt_ms=20&fail=0.1&early=0.1&seed=4"

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "operator.journal"
        self.slow = f"sim://?journal={self._journal}&latency_ms=40&{self.fates}"
        self.quick = f"sim://?journal={self._journal}&{self.fates}"

    def accepted(self) -> Counter[str]:
        """How often a message for each number reached the operator, as the operator counted."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return Counter(number_of(int(line.split()[1])) for line in lines if line.startswith("S "))

    def close(self) -> None:
        """It lived in the process that was killed."""


class OverSmpp:
    """A real operator on a socket, which lives on when its customer is killed."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "smsc.journal"
        options = ["--journal", str(self._journal), "--answer-ms", "40", "--shuffle", "1", "--fail", "0.1"]
        options += ["--early", "0.1", "--resend-ms", "200", "--seed", "4"]
        command = [sys.executable, "-m", "tests.operator", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self.slow = self.quick = f"smpp://ims:secret@127.0.0.1:{port}?window={WINDOW}"

    def accepted(self) -> Counter[str]:
        counts = Counter[str]()
        for (number, _, _), times in read_journal(self._journal).items():
            counts[number] += times
        return counts

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=START_WAIT_S)


Operator = Simulated | OverSmpp


def number_of(message_id: int) -> str:
    """Messages of the one task are numbered like its recipients."""
    return str(61_412_000_000 + message_id - 1)


@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize("kind", [Simulated, OverSmpp])
def test_twenty_kills_lose_nothing_send_nothing_twice_and_keep_the_books_exact(
    tmp_path: Path, kind: Callable[[Path], Operator]
) -> None:
    operator = kind(tmp_path)
    try:
        twenty_kills(tmp_path, operator)
    finally:
        operator.close()


def twenty_kills(folder: Path, operator: Operator) -> None:
    setup = opened(folder)
    setup.add_route(ROUTE, operator.slow, batch=WINDOW)
    setup.engine.stop()
    rng = random.Random(20)
    seen: list[int] = []
    for number in range(KILLS):
        process = start(folder)
        if number % ANYWHERE:  # most kills hit while messages go out, however slow the machine is
            sent = operator.accepted().total()
            wait_until(lambda sent=sent: operator.accepted().total() > sent, timeout_s=START_WAIT_S)
        time.sleep(rng.uniform(0.0, LONGEST_S))
        process.kill()
        process.communicate(timeout=START_WAIT_S)
        seen.append(operator.accepted().total())
        check(folder, operator)
    assert len(set(seen)) > KILLS // 2, "most kills must hit while messages are being sent"
    assert seen[-1] < COUNT, "the last kill must come before the end"
    hurry(folder, operator)
    process = start(folder)
    assert process.communicate(timeout=180)[0].strip() == "done"
    check(folder, operator, finished=True)
    expire_what_is_in_doubt(folder)


def hurry(folder: Path, operator: Operator) -> None:
    """Nobody is killed any more: the rest goes out in large batches without delay."""
    made = opened(folder)
    with made.store.transaction() as tx:
        tx.raw.execute(  # type: ignore[attr-defined] # quicker than an administrator
            "update route set batch = 500, gateway = $1 where name = $2", [operator.quick, ROUTE]
        )
    made.store.close()


def check(folder: Path, operator: Operator, *, finished: bool = False) -> None:
    """The invariants that hold after every kill."""
    made = opened(folder)
    assert made.engine.reconcile().ok
    found = states(made)
    assert found.total() in ({COUNT} if finished else {0, COUNT}), "a task is written whole or not at all"
    reached = operator.accepted()
    assert not [number for number, times in reached.items() if times > 1], "a message was sent twice"
    # delivered without a reference: in doubt once, until a receipt named the number
    recorded = numbers(
        made, "provider_ref is not null or (dispatch_id is not null and state in ('delivered', 'failed'))"
    )
    flagged = numbers(made, "state in ('in_doubt', 'submitting')")
    assert len(flagged) <= WINDOW * (KILLS + 1), "no more are in doubt than were in a window"
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


def numbers(made: World, condition: str) -> set[str]:
    return {str(row["msisdn"]) for row in raw(made, f"select msisdn from message where {condition}")}


def expire_what_is_in_doubt(folder: Path) -> None:
    made = opened(folder)
    made.clock.move(hours=73)
    made.engine.scheduler._expire_all()
    row = raw(made, "select * from task")[0]
    assert row["state"] == "finished"
    assert int(str(row["held_micro"])) == int(str(row["charged_micro"])) + int(str(row["returned_micro"]))
    assert made.engine.reconcile().ok
    made.store.close()
