"""SMPP on loopback: our session beside other clients on one operator, and the engine over it, until credit is settled.

The operator is that of the tests, in a process of its own. It is not part of an installation without tests.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

import engine
from engine.bench import sending
from engine.bench.desk import TEXT, Workbench
from engine.bench.measure import Result, optional, race
from engine.gateways import OutcomeKind, Submission, gateway_for
from engine.gateways.smpp.codec import Bind, Command, Framer, Pdu, Sm, encode
from engine.model import Encoding

SETTLED_BUDGET_PER_S: Final = 5_000.0
AT_LEAST_OF_BARE: Final = 0.5
"""The session alone is within 2x of a bare loop that does nothing but count answers."""
WINDOW: Final = 100
SYSTEM_ID: Final = "ims"
PASSWORD: Final = "secret"  # noqa: S105 - of an operator that lives for seconds
SENDER: Final = "ACME"
ROOT: Final = Path(engine.__file__).parents[1]
OPERATOR: Final = ROOT / "tests" / "operator"
_QUIET: Final = ("--endings", "0", "--remember", "0", "--fail", "0.05", "--deliver-window", "5000")
"""One in twenty fails, as on the simulator, whatever its number; nothing is kept of what was accepted."""
NOTE: Final = "the operator sends up to 5,000 receipts before it waits for their acknowledgement"
START_LIMIT_S: Final = 20.0
ROUND_LIMIT_S: Final = 120.0
NOT_HERE: Final = "not measured: the operator to measure against comes with the tests, which are not here"
BARE: Final = "bare asyncio loop, PDUs built before"
SETTLED_PEER: Final = "sqlite3, same steps row by row, over the same SMPP gateway"


class Client(Protocol):
    """Submits the first `count` of the messages it was made for and returns when each was answered."""

    def send(self, count: int) -> None: ...

    def close(self) -> None: ...


def session_alone(bench: Workbench) -> list[Result]:
    """Submits and their answers, without receipts, through each client; every peer in turns with ours."""
    if not OPERATOR.exists():
        return [_not_measured("smpp_session")]
    count = bench.sizes.recipients
    results: list[Result] = []
    with operator() as port, ExitStack() as stack:
        ours = stack.enter_context(_open(Ours(port, count)))
        for name, words, make in _PEERS:
            made = make(port, count)
            if made is None:
                continue
            with _open(made) as peer:
                outcome = race(_timed(ours, count), _timed(peer, count), rounds=bench.sizes.rounds)
            result = outcome.per_s(
                f"smpp_session_{name}", n=count, unit="messages/s", peer_name=words, budget_per_s=0.0
            )
            bare = name == "bare" and result.peer is not None
            results.append(replace(result, budget=AT_LEAST_OF_BARE * result.peer if bare and result.peer else None))
    return results


def send_settled(bench: Workbench) -> list[Result]:
    """One task from acceptance to the last settled message, receipts included."""
    name = "smpp_end_to_end"
    if not OPERATOR.exists():
        return [_not_measured(name)]
    with operator() as port, operator() as other:
        outcome = sending.settle_race(
            bench, tasks=1, rounds=bench.sizes.rounds, gateway=_address(port), peer_gateway=_address(other)
        )
    count = bench.sizes.recipients
    return [
        outcome.per_s(
            name, n=count, unit="messages/s", peer_name=SETTLED_PEER, budget_per_s=SETTLED_BUDGET_PER_S, note=NOTE
        )
    ]


@contextmanager
def operator() -> Generator[int]:
    """The operator of the tests in a process of its own; the port it listens on."""
    command = [sys.executable, "-m", "tests.operator", "--user", SYSTEM_ID, "--password", PASSWORD, *_QUIET]
    child = subprocess.Popen(  # noqa: S603 - our own
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        yield _port_of(child)
    finally:
        child.terminate()
        child.wait(START_LIMIT_S)
        if child.stdout:
            child.stdout.close()


def _port_of(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    line = child.stdout.readline()
    found = re.search(r"\d+", line)
    if found is None:
        raise ChildProcessError(f"the operator did not start: {line.strip()[-300:]}")
    return int(found[0])


def _address(port: int, more: str = "") -> str:
    return f"smpp://{SYSTEM_ID}:{PASSWORD}@127.0.0.1:{port}?window={WINDOW}{more}"


def _not_measured(name: str) -> Result:
    return Result(name, 0, "messages/s", "higher", 0, 0.0, 0.0, "none", note=NOT_HERE)


@contextmanager
def _open(client: Client) -> Generator[Client]:
    try:
        yield client
    finally:
        client.close()


def _timed(client: Client, count: int) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        client.send(count)
        return time.perf_counter() - began

    return run


def _numbers(count: int) -> list[str]:
    return [f"61412{index:06d}" for index in range(count)]


class Ours:
    """The gateway as the dispatcher uses it: texts composed, outcomes made."""

    def __init__(self, port: int, count: int) -> None:
        self._gateway = gateway_for(_address(port, "&receipts=0"))
        self._gateway.open(lambda _: None)
        self._batch = [
            Submission(index, f"+{number}", SENDER, TEXT, Encoding.GSM7, 1)
            for index, number in enumerate(_numbers(count))
        ]

    def send(self, count: int) -> None:
        outcomes = self._gateway.submit(self._batch[:count])
        assert all(outcome.kind is OutcomeKind.ACCEPTED for outcome in outcomes)

    def close(self) -> None:
        self._gateway.close()


class OnLoop:
    """A client that lives on an asyncio loop of its own."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, job: Coroutine[Any, Any, None]) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(ROUND_LIMIT_S):
                await job

        self._runner.run(bounded())

    def close(self) -> None:
        self._runner.close()


class Bare(OnLoop, asyncio.Protocol):
    """As little as a windowed client can do: bytes that were built before, one write a turn, answers counted."""

    def __init__(self, port: int, count: int) -> None:
        super().__init__()
        self._pdus = [
            encode(Pdu(Command.SUBMIT_SM, 2 + at, sm=_sm(number))) for at, number in enumerate(_numbers(count))
        ]
        self._framer = Framer()
        self._next = self._answered = self._count = 0
        self.run(self._bind(port))

    def send(self, count: int) -> None:
        self.run(self._send(count))

    def close(self) -> None:
        self._transport.close()
        super().close()

    async def _bind(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = loop.create_future()
        self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", port)
        self._transport.write(encode(Pdu(Command.BIND_TRANSCEIVER, 1, bind=Bind(SYSTEM_ID, PASSWORD))))
        await self._done

    async def _send(self, count: int) -> None:
        self._done = asyncio.get_running_loop().create_future()
        self._next, self._answered, self._count = min(WINDOW, count), 0, count
        self._transport.write(b"".join(self._pdus[: self._next]))
        await self._done

    def data_received(self, data: bytes) -> None:
        frames = self._framer.feed(data)
        assert not any(frame[8:12] != b"\0\0\0\0" for frame in frames)
        self._answered += len(frames)
        first, self._next = self._next, min(self._next + len(frames), self._count)
        if first < self._next:
            self._transport.write(b"".join(self._pdus[first : self._next]))
        if self._answered >= self._count and not self._done.done():
            self._done.set_result(None)


def _sm(number: str) -> Sm:
    return Sm(SENDER, 5, 0, number, 1, 1, TEXT.encode("ascii"))


class OfSmpplib:
    """smpplib knows no window: as many are sent ahead as a window has, then one for every answer."""

    def __init__(self, smpplib: Any, port: int, count: int) -> None:
        self._numbers = _numbers(count)
        self._client = smpplib.Client("127.0.0.1", port, allow_unknown_opt_params=True)
        self._client.set_message_sent_handler(self._sent)
        self._client.connect()
        self._client.bind_transceiver(system_id=SYSTEM_ID, password=PASSWORD)
        self._answered = 0

    def send(self, count: int) -> None:
        self._answered = sent = 0
        while self._answered < count:
            while sent < count and sent - self._answered < WINDOW:
                self._client.send_message(
                    source_addr_ton=5, source_addr=SENDER, dest_addr_ton=1, dest_addr_npi=1,
                    destination_addr=self._numbers[sent], short_message=TEXT.encode("ascii"),
                )  # fmt: skip
                sent += 1
            self._client.read_once()

    def _sent(self, pdu: Any) -> None:
        assert pdu.status == 0
        self._answered += 1

    def close(self) -> None:
        self._client.unbind()
        self._client.disconnect()


class OfAiosmpplib(OnLoop):
    """Messages go through its broker. Its hook counts the answers and keeps the window, which it has not itself.

    Its own correlator looks through every message sent so far at each answer; no receipts are asked for, so none is
    kept.
    """

    def __init__(self, aiosmpplib: Any, port: int, count: int) -> None:
        super().__init__()
        self._library = aiosmpplib
        self._numbers = _numbers(count)
        self._answered = 0
        self.run(self._start(port))

    def send(self, count: int) -> None:
        self.run(self._send(count))

    def close(self) -> None:
        self.run(self._stop())
        super().close()

    async def _start(self, port: int) -> None:
        self._room = asyncio.Semaphore(WINDOW)
        self._esme = self._library.ESME(
            "127.0.0.1", port, SYSTEM_ID, PASSWORD,
            hook=_hook(self._library, self._took), correlator=_correlator(), log_level="CRITICAL",
        )  # fmt: skip
        self._task = asyncio.create_task(self._esme.start())
        await self._send(1)

    async def _stop(self) -> None:
        writer = self._esme._writer  # noqa: SLF001 - its own end leaves the socket open
        await self._esme.stop()
        await self._task
        writer.close()

    async def _send(self, count: int) -> None:
        library = self._library
        self._answered, self._wanted = 0, count
        self._done = asyncio.Event()
        for number in self._numbers[:count]:
            await self._room.acquire()
            message = library.SubmitSm(
                short_message=TEXT,
                source=library.PhoneNumber(SENDER, ton=library.TON.ALPHANUMERIC, npi=library.NPI.UNKNOWN),
                destination=library.PhoneNumber(number),
                registered_delivery=0,
            )
            await self._esme.broker.enqueue(message)
        await self._done.wait()

    def _took(self, message: Any) -> None:
        if isinstance(message, self._library.SubmitSmResp):
            self._answered += 1
            self._room.release()
            if self._answered == self._wanted:
                self._done.set()


def _hook(library: Any, took: Callable[[Any], None]) -> Any:
    async def ignore(*_: Any) -> None: ...

    async def received(_: Any, message: Any, *_rest: Any) -> None:
        took(message)

    return type("Hook", (library.AbstractHook,), {"sending": ignore, "send_error": ignore, "received": received})()


def _correlator() -> Any:
    async def forget(*_: Any) -> None: ...

    simple = import_module("aiosmpplib.correlator").SimpleCorrelator
    return type("Correlator", (simple,), {"put_delivery": forget})("bench")


def _smpplib(port: int, count: int) -> Client | None:
    smpplib = optional("smpplib.client")
    return OfSmpplib(smpplib, port, count) if smpplib else None


def _aiosmpplib(port: int, count: int) -> Client | None:
    aiosmpplib = optional("aiosmpplib")
    return OfAiosmpplib(aiosmpplib, port, count) if aiosmpplib else None


_PEERS: Final[Sequence[tuple[str, str, Callable[[int, int], Client | None]]]] = (
    ("bare", BARE, Bare),
    ("smpplib", "smpplib, a window driven by hand", _smpplib),
    ("aiosmpplib", "aiosmpplib, a window driven by its hook", _aiosmpplib),
)
"""Name of the result, what the peer is, and the peer; None when its library is not installed."""
