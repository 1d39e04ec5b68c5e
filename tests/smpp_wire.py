"""A session of the SMPP gateway on a wire of memory, and traffic that keeps what became of each part."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Sequence

from engine.gateways.smpp.batch import Batch, Message, Part
from engine.gateways.smpp.codec import Bind, Command, Framer, MalformedPdu, Pdu, decode, encode
from engine.gateways.smpp.session import Session
from engine.gateways.smpp.window import Window

WINDOW = 8
RESPONSE_S, ENQUIRE_S = 30.0, 60.0


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.writes = 0
        self.unread = 0
        self.session: Session | None = None
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing
        self.written += bytes(data)
        self.writes += 1

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self.end(None)

    def abort(self) -> None:
        self.end(None)

    def end(self, problem: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            assert self.session
            asyncio.get_running_loop().call_soon(self.session.connection_lost, problem)

    def sent(self) -> list[Pdu]:
        """What was written since the last look."""
        frames = Framer().feed(self.written)
        self.written = b""
        return [decode(one) for one in frames]


class Book:
    """Traffic with `waiting` parts to write; keeps what became of each, and what was delivered."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting
        self.ends: list[tuple[str, int, str]] = []
        self.delivered_: list[Pdu] = []
        self.unreadable_: list[int] = []
        self.slow = False
        self._next = 0
        self._batch = Batch([], lambda _: [], lambda: None)

    def take(self, most: int, now_s: float) -> list[Part]:  # noqa: ARG002 - as Traffic has it
        count = min(most, self.waiting)
        self.waiting -= count
        first, self._next = self._next, self._next + count
        return [Part(Message(self._batch, index, 1), 0, b"body%d" % index) for index in range(first, first + count)]

    def accepted(self, part: Part, message_id: str) -> None:
        self.ends.append(("accepted", part.message.index, message_id))

    def refused(self, session: Session, part: Part, status: int, now_s: float) -> bool:  # noqa: ARG002 - as Traffic
        self.ends.append(("refused", part.message.index, f"{status:#x}"))
        return self.slow

    def lost(self, part: Part, detail: str) -> None:
        self.ends.append(("lost", part.message.index, detail))

    def delivered(self, session: Session, arrived: Sequence[Pdu]) -> None:  # noqa: ARG002 - as Traffic
        self.delivered_ += arrived

    def unreadable(self, session: Session, problem: MalformedPdu) -> None:  # noqa: ARG002 - as Traffic
        self.unreadable_.append(problem.sequence)

    @property
    def indexes(self) -> list[int]:
        return sorted(index for _, index, _ in self.ends)


class Line:
    """A session on a wire, bound unless asked otherwise."""

    def __init__(
        self,
        book: Book,
        *,
        kind: Command = Command.BIND_TRANSCEIVER,
        window: int = WINDOW,
        kept: Window | None = None,
    ) -> None:
        """`kept`: the window of a connection before this one."""
        self.book, self.wire, self.window = book, Wire(), kept or Window(window)
        self.session = Session(book, kind, window=self.window, response_s=RESPONSE_S, enquire_s=ENQUIRE_S)
        self.wire.session = self.session
        self.session.connection_made(self.wire)

    async def bind(self, status: int = 0) -> int:
        login = asyncio.ensure_future(self.session.login(Bind("ims", "secret")))
        await settled()
        (asked,) = self.wire.sent()
        self.feed(Pdu(asked.command | 0x8000_0000, asked.sequence, status, message_id="" if status else "smsc"))
        return await login

    def feed(self, *pdus: Pdu) -> None:
        self.session.data_received(b"".join(map(encode, pdus)))

    def answer(self, *sequences: int, status: int = 0) -> None:
        self.feed(*(Pdu(Command.SUBMIT_SM_RESP, one, status, message_id=f"id{one}") for one in sequences))

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await test()

    asyncio.run(whole())


async def bound(waiting: int = 0, **more: object) -> Line:
    line = Line(Book(waiting), **more)  # type: ignore[arg-type] # keyword values of the right types
    assert await line.bind() == 0
    await settled()
    return line


def submits(wire: Wire) -> list[int]:
    """Sequence numbers of the submits written; their bodies are no short messages."""
    frames = Framer().feed(wire.written)
    wire.written = b""
    heads = [struct.unpack_from(">IIII", one) for one in frames]
    return [sequence for _, command, _, sequence in heads if command == Command.SUBMIT_SM]
