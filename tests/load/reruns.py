"""How long a warm rerun of each page takes on a real server, for one user and for many while a task is being sent.

    python -m tests.load.reruns [--messages N] [--users N] [--seconds S]

Speaks the browser's protocol over the websocket, so that neither a browser nor its drawing is part of the figure: a
rerun is from sending the request to the server's "script finished". Prints a line a page: median and p95 in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.asyncio.client import ClientConnection, connect

from engine import demo
from engine.accounts import RegisterForm
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import Role
from engine.tasks import Draft
from pages.ui.registry import PAGES, PageEntry
from tests.browser.conftest import PASSWORD, Server, start_server
from tests.kit import TEXT, au_mobiles, config_for

WARM_RUNS: Final = 2
RUNS: Final = 15
THINK_S: Final = 4.0
"""Mean pause of a user between two reruns."""
START_S: Final = 15
"""Until the first task is due: the server has started and everybody has come by then."""
EVERY_S: Final = 5
RUN_LIMIT_S: Final = 30
MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    page: str
    median_ms: float
    p95_ms: float


class Visitor:
    """One browser tab without a browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def rerun(self, entry: PageEntry) -> float:
        """Seconds from the request to the end of the script."""
        asked = BackMsg()
        asked.rerun_script.page_script_hash = calc_hash(entry.url_path)
        asked.rerun_script.query_string = ""
        begun = time.perf_counter()
        await self._connection.send(asked.SerializeToString())
        async with asyncio.timeout(RUN_LIMIT_S):
            while True:
                said = ForwardMsg()
                frame = await self._connection.recv()
                said.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
                if said.WhichOneof("type") == "script_finished":
                    return time.perf_counter() - begun


async def visit(server: Server, token: str) -> Visitor:
    stream = server.url.replace("http", "ws") + "/_stcore/stream"
    connection = await connect(
        stream,
        additional_headers={"Cookie": f"{SESSION_COOKIE}={token}"},
        origin=server.url,  # type: ignore[arg-type] # an Origin is a string
        max_size=MOST_BYTES,
    )
    return Visitor(connection)


def summed_up(name: str, seconds: list[float]) -> Measured:
    ordered = sorted(seconds)
    return Measured(
        name, 1e3 * statistics.median(ordered), 1e3 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    )


async def each_page(server: Server, tokens: dict[Role, str]) -> list[Measured]:
    """One user; every page that is for people who are signed in."""
    found: list[Measured] = []
    for entry in PAGES:
        if entry.public:
            continue
        visitor = await visit(server, tokens[Role.OWNER if Role.OWNER in entry.roles else Role.ADMIN])
        for _ in range(WARM_RUNS):
            await visitor.rerun(entry)
        found.append(summed_up(entry.url_path, [await visitor.rerun(entry) for _ in range(RUNS)]))
    return found


async def many(server: Server, token: str, users: int, seconds: float) -> Measured:
    """Users on pages of their account, each with pauses as people make them; from when all of them are there, as the
    first runs of a session, which are not warm, would be in the way of others' warm ones."""
    entries = [entry for entry in PAGES if Role.OWNER in entry.roles]
    all_there = asyncio.Barrier(users)
    took: list[float] = []

    async def user(number: int) -> None:
        rng = random.Random(number)
        visitor = await visit(server, token)
        entry = entries[number % len(entries)]
        for _ in range(WARM_RUNS):
            await visitor.rerun(entry)
        await all_there.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(rng.expovariate(1 / THINK_S))
            took.append(await visitor.rerun(entry))

    await asyncio.gather(*(user(number) for number in range(users)))
    return summed_up(f"{users} users, {len(took)} reruns", took)


def prepare(folder: Path, messages: int) -> dict[Role, str]:
    """A history, and somebody of each side signed in."""
    engine = Engine.open(config_for(folder / "data"))
    accounts = engine.accounts
    form = RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD)
    accounts.create_first_admin(accounts.setup_token(), form)
    made = demo.make(engine, messages)
    tokens = {
        Role.ADMIN: accounts.redeem(accounts.sign_in("ada", PASSWORD), "load"),
        Role.OWNER: accounts.redeem(accounts.sign_in(made.user_name, made.password), "load"),
    }
    engine.stop()
    return tokens


def plan_sending(folder: Path, token: str, seconds: float) -> None:
    """Tasks of 5,000 that become due one after the other while the users work."""
    engine = Engine.open(config_for(folder / "data"))
    owner = engine.accounts.actor_of(token)
    assert owner is not None
    route = engine.routes.selectable(owner)[0]
    begin = datetime.now(UTC) + timedelta(seconds=START_S)
    for number in range(int(seconds / EVERY_S)):
        draft = Draft(
            route_id=route.id,
            name=f"Load {number}",
            content=TEXT,
            recipients=au_mobiles(5_000),
            scheduled_at=begin + timedelta(seconds=EVERY_S * number),
        )
        engine.tasks.accept(owner, engine.tasks.preview(owner, draft))
    engine.stop()


def memory_mb(server: Server) -> float:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def show(lines: Iterable[Measured]) -> None:
    for line in lines:
        sys.stdout.write(f"{line.page:<34}{line.median_ms:8.1f} ms{line.p95_ms:8.1f} ms\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokens = prepare(folder, asked.messages)
        server = start_server(folder)
        show(asyncio.run(each_page(server, tokens)))
        server.stop()
        plan_sending(folder, tokens[Role.OWNER], asked.seconds)
        server = start_server(folder)
        show([asyncio.run(many(server, tokens[Role.OWNER], asked.users, asked.seconds))])
        sys.stdout.write(f"memory {memory_mb(server):.0f} MB\n")
        server.stop()


if __name__ == "__main__":
    main()
