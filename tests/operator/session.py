"""One connection of the test operator: reads PDUs, answers them, hands out deliver_sm."""

from __future__ import annotations

import asyncio
import struct
import time
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from engine.gateways.smpp.codec import Command, Framer, MalformedPdu, Pdu, decode, encode, frame

if TYPE_CHECKING:
    from tests.operator.server import Operator

_COMMAND: Final = struct.Struct(">4xI4xI")
_SUBMIT_SM: Final = int(Command.SUBMIT_SM)
_DELIVER_SM: Final = int(Command.DELIVER_SM)
_DELIVER_SM_RESP: Final = int(Command.DELIVER_SM_RESP)
_SUBMIT_SM_RESP: Final = int(Command.SUBMIT_SM_RESP)
_BINDS: Final = frozenset((Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER))
_RESPONSE: Final = 0x8000_0000
NOT_BOUND: Final = 0x04
ALREADY_BOUND: Final = 0x05
BAD_LENGTH: Final = 0x02
NO_SUCH_COMMAND: Final = 0x03
WRONG_PASSWORD: Final = 0x0E
NO_SUCH_USER: Final = 0x0F
CLOSING_S: Final = 0.2
"""How long a refused peer may take to read why."""


class Delivery(NamedTuple):
    """A deliver_sm that was written and awaits its acknowledgement."""

    body: bytes
    tries: int
    at_s: float


class Session(asyncio.Protocol):
    """`bound` is the command of the bind, 0 before."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._framer = Framer()
        self._out: list[bytes] = []
        self._sequence = 0
        self._transport: asyncio.Transport | None = None
        self.bound = 0
        self.unanswered = 0
        self.awaited: dict[int, Delivery] = {}
        self.clogged = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._operator.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._operator.seen.broken += exc is not None
        self._operator.disconnected(self)

    def pause_writing(self) -> None:
        self.clogged = True

    def resume_writing(self) -> None:
        self.clogged = False
        self._operator.pump()

    def data_received(self, data: bytes) -> None:
        operator = self._operator
        if operator.deaf:
            return
        try:
            frames = self._framer.feed(data)
        except MalformedPdu:
            operator.seen.malformed += 1
            self.cut()
            return
        for one in frames:
            if self._transport is None:
                return
            command, sequence = _COMMAND.unpack_from(one)
            if command == _SUBMIT_SM:
                self._submit(one, sequence)
            elif command == _DELIVER_SM_RESP:
                self._acknowledged(one, sequence)
            else:
                self._handle(one)
        if operator.pending:
            operator.pump()
        self.flush()

    # What the operator does with a connection.

    @property
    def receives(self) -> bool:
        return self.bound in (Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER) and self._transport is not None

    def room(self) -> int:
        return 0 if self.clogged else self._operator.options.deliver_window - len(self.awaited)

    def deliver(self, body: bytes, tries: int) -> None:
        self._sequence += 1
        self.awaited[self._sequence] = Delivery(body, tries + 1, time.monotonic())
        self._out.append(frame(_DELIVER_SM, self._sequence, body))

    def enquire(self) -> None:
        self._sequence += 1
        self._out.append(frame(Command.ENQUIRE_LINK, self._sequence))
        self.flush()

    def flush(self) -> None:
        self._operator.write_journal()
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def cut(self) -> None:
        """Without a word, as when a cable is pulled."""
        self._operator.write_journal()
        if self._transport is not None:
            self._out.clear()
            self._transport.abort()
            self._transport = None

    # PDUs

    def _submit(self, data: bytes, sequence: int) -> None:
        operator = self._operator
        if self.bound not in (Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER):
            self._out.append(frame(_SUBMIT_SM_RESP, sequence, b"", NOT_BOUND))
            return
        try:
            sm = decode(data).sm
        except MalformedPdu:
            operator.seen.malformed += 1
            self._out.append(frame(_SUBMIT_SM_RESP, sequence, b"", BAD_LENGTH))
            return
        assert sm is not None
        desk = operator.desk
        taken = desk.take(sm)
        if desk.options.drop_every and desk.drops_now():
            operator.seen.dropped += 1
            operator.later(taken.early + taken.later)
            self.flush()
            self.cut()
            return
        if taken.early:
            self._deliver_early(taken.early)
        if taken.silent:
            operator.seen.silent += 1
            operator.later(taken.later)
            return
        body = taken.message_id.encode() + b"\0" if taken.message_id else b""
        self._answer(frame(_SUBMIT_SM_RESP, sequence, body, taken.status), taken.later)

    def _deliver_early(self, bodies: tuple[bytes, ...]) -> None:
        for body in bodies:
            if self.receives and self.room() > 0:
                self.deliver(body, 0)
            else:
                self._operator.later((body,))

    def _answer(self, answer: bytes, receipts: tuple[bytes, ...]) -> None:
        operator = self._operator
        options = operator.options
        if not options.answer_ms:
            self._out.append(answer)
            if receipts:
                operator.later(receipts)
            return
        self.unanswered += 1
        operator.seen.most_unanswered = max(operator.seen.most_unanswered, self.unanswered)
        wait_s = options.answer_ms / 1000
        if options.shuffle:
            wait_s *= operator.random.random()
        operator.after(wait_s, self._answer_now, answer, receipts)

    def _answer_now(self, answer: bytes, receipts: tuple[bytes, ...]) -> None:
        self.unanswered -= 1
        self._out.append(answer)
        self._operator.later(receipts)
        self._operator.soon(self)
        self._operator.pump()

    def _acknowledged(self, data: bytes, sequence: int) -> None:
        delivery = self.awaited.pop(sequence, None)
        if delivery is None:
            self._operator.seen.unexpected += 1
        elif data[8:12] == b"\0\0\0\0":
            self._operator.seen.acknowledged += 1
        else:
            self._operator.nacked(delivery)

    def _handle(self, data: bytes) -> None:
        """Everything that is rare."""
        operator = self._operator
        try:
            pdu = decode(data)
        except MalformedPdu as problem:
            operator.seen.malformed += 1
            self._out.append(frame(Command.GENERIC_NACK, problem.sequence, b"", BAD_LENGTH))
            return
        if pdu.command in _BINDS:
            self._bind(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            operator.seen.enquired += 1
            self._out.append(frame(Command.ENQUIRE_LINK_RESP, pdu.sequence))
        elif pdu.command == Command.ENQUIRE_LINK_RESP:
            operator.seen.enquiries_answered += 1
        elif pdu.command == Command.UNBIND:
            operator.seen.unbound += 1
            self._out.append(frame(Command.UNBIND_RESP, pdu.sequence))
            self._close()
        elif pdu.command == Command.GENERIC_NACK:
            operator.seen.generic_nacks += 1
            delivery = self.awaited.pop(pdu.sequence, None)
            if delivery is not None:
                operator.nacked(delivery)
        elif not pdu.command & _RESPONSE:
            self._out.append(frame(Command.GENERIC_NACK, pdu.sequence, b"", NO_SUCH_COMMAND))

    def _bind(self, pdu: Pdu) -> None:
        options = self._operator.options
        assert pdu.bind is not None
        status = options.refuse_bind
        if self.bound:
            status = ALREADY_BOUND
        elif not status and pdu.bind.system_id != options.user:
            status = NO_SUCH_USER
        elif not status and pdu.bind.password != options.password:
            status = WRONG_PASSWORD
        self._out.append(
            encode(Pdu(pdu.command | _RESPONSE, pdu.sequence, status, message_id="" if status else "TEST"))
        )
        if status:
            self._operator.seen.binds_refused += 1
            if not self.bound:
                self._close()
        else:
            self.bound = pdu.command
            self._operator.bound(self, pdu.bind)

    def _close(self) -> None:
        """The answer goes out, then the connection ends."""
        self.flush()
        if self._transport is not None:
            self._transport.close()
