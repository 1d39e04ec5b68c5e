"""One bind on one connection: windowed submits, receipts, enquire_link, unbind. An `asyncio.Protocol` of SMPP 3.4.

Knows PDUs, sequence numbers and deadlines; what is written next and what an answer means lies with its `Traffic`.
Everything here runs on the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from engine.gateways.smpp.batch import Part
from engine.gateways.smpp.codec import (
    HEADER,
    HEADER_BYTES,
    MOST_SEQUENCE,
    RESPONSE,
    Bind,
    Command,
    Framer,
    MalformedPdu,
    Pdu,
    c_octets,
    decode,
    encode,
    frame,
)
from engine.gateways.smpp.pace import UNLIMITED, Pace
from engine.gateways.smpp.window import Window

log = logging.getLogger(__name__)

MOST_UNREAD_BYTES: Final = 1_000_000
"""Of ours that the operator does not read; above it the connection is given up."""
DRAIN_S: Final = 2.0
"""How long answers are awaited once the operator has ended the session."""
LEAVE_S: Final = 1.0
"""The same when we end it."""
UNBIND_S: Final = 1.0
LOOK_S: Final = 0.01
"""How often it is looked whether a window is empty."""

INVALID_COMMAND_LENGTH: Final = 0x02
INVALID_COMMAND: Final = 0x03
NOT_BOUND: Final = 0x04

# Aliases: reading a member of an enum costs more than the comparison.
_SUBMIT_SM: Final = int(Command.SUBMIT_SM)
_SUBMIT_SM_RESP: Final = int(Command.SUBMIT_SM_RESP)
_DELIVERIES: Final = frozenset((int(Command.DELIVER_SM), int(Command.DATA_SM)))
_BIND_RESPONSES: Final = frozenset(
    int(kind) | RESPONSE for kind in (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER)
)


class Traffic(Protocol):
    """What the sessions of a gateway share: the batch on its way, and who takes what phones and networks send."""

    def take(self, most: int, now_s: float) -> list[Part]:
        """The next parts to write, at most `most`."""
        ...

    def accepted(self, part: Part, message_id: str) -> None: ...

    def refused(self, session: Session, part: Part, status: int, now_s: float) -> bool:
        """Whether the operator asked to slow down."""
        ...

    def lost(self, part: Part, detail: str) -> None: ...

    def delivered(self, session: Session, arrived: Sequence[Pdu]) -> None:
        """deliver_sm and data_sm; each is answered later with `answer`."""
        ...

    def unreadable(self, session: Session, problem: MalformedPdu) -> None:
        """The same, when they cannot be read."""
        ...


class Session(asyncio.Protocol):
    """`gone` is done once the connection has ended, with the reason in plain words."""

    def __init__(self, traffic: Traffic, kind: Command, *, window: Window, response_s: float, enquire_s: float) -> None:
        self.kind = kind
        self._traffic = traffic
        self._limit = window
        self._response_s = response_s
        self._enquire_s = enquire_s
        loop = self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[str] = loop.create_future()
        self.pace = Pace(loop.time())
        self.bound = False
        self.useful = False
        """Whether the operator has taken or sent anything: it is more than a login that is thrown out at once."""
        self._transport: asyncio.Transport | None = None
        self._framer = Framer()
        self._window: dict[int, Part] = {}
        """Sequence number → part, oldest first."""
        self._sequence = 0
        self._out: list[bytes] = []
        self._full = False
        self._ending = False
        """Nothing more is submitted."""
        self._drained_by_s = 0.0
        """Set when the session closes with its last answer: at the latest then."""
        self._why = ""
        self._heard_s = loop.time()
        self._enquired_s = 0.0
        self._silent = 0
        """Parts whose time ran out since the last answer to a submit."""
        self._taken = self._throttled = 0
        """Answers since the pace was told."""
        self._trip_s = 0.0
        """How long the last of them took."""
        self._login: asyncio.Future[int] = loop.create_future()
        self._login_sequence = 0
        self._unbound: asyncio.Future[None] = loop.create_future()

    @property
    def in_window(self) -> int:
        return len(self._window)

    @property
    def sends(self) -> bool:
        """Whether submits may be written on it, as soon as there is room."""
        return self.bound and not self._ending and self.kind is not Command.BIND_RECEIVER

    # The life of a session.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def login(self, bind: Bind) -> int:
        """The status of the operator's answer, 0 when it is bound now. Raises ConnectionError when there is none."""
        self._login_sequence = self._next_sequence()
        self._send(encode(Pdu(self.kind, self._login_sequence, bind=bind)))
        await asyncio.wait((self._login, self.gone), return_when=asyncio.FIRST_COMPLETED)
        if not self._login.done():
            raise ConnectionError(self.gone.result())
        return self._login.result()

    async def leave(self) -> None:
        """Waits a little for answers, unbinds, and closes; never raises for what the operator does."""
        self._ending = True
        if self.bound:
            drained_by_s = self._loop.time() + LEAVE_S
            while self._window and self._loop.time() < drained_by_s:
                await asyncio.sleep(LOOK_S)
            self._send(frame(Command.UNBIND, self._next_sequence()))
            await asyncio.wait((self._unbound, self.gone), timeout=UNBIND_S, return_when=asyncio.FIRST_COMPLETED)
        self.close("the gateway was closed")

    def close(self, why: str) -> None:
        """After what was written has gone out."""
        self._end(why)
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def break_off(self, why: str) -> None:
        """At once."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    def drain(self, why: str) -> None:
        """Submits nothing more and closes when every answer has come, or soon."""
        self._end(why)
        if not self._drained_by_s:
            self._drained_by_s = self._loop.time() + DRAIN_S
            self._close_when_drained(self._loop.time())

    def _end(self, why: str) -> None:
        self._ending = True
        self._why = self._why or why

    def connection_lost(self, exc: Exception | None) -> None:
        self.bound = False
        why = self._why or (f"the connection was lost: {exc}" if exc else "the operator closed the connection")
        window, self._window = self._window, {}
        self._limit.cut(len(window))
        for part in window.values():
            self._traffic.lost(part, f"no answer: {why}")
        self.gone.set_result(why)

    def tick(self, now_s: float) -> None:
        """Looks at every deadline; called several times in the shortest of them."""
        while self._window:
            sequence, part = next(iter(self._window.items()))
            if now_s - part.sent_s < self._response_s:
                break
            del self._window[sequence]
            self._silent += 1
            self._traffic.lost(part, f"no answer within {self._response_s:g} s")
        if self._silent >= self._limit.size:
            self.break_off("the operator does not answer submits")
        elif self._drained_by_s:
            self._close_when_drained(now_s)
        elif self._enquired_s:
            if now_s - self._enquired_s >= self._response_s:
                self.break_off("the operator showed no sign of life")
        elif self.bound and now_s - self._heard_s >= self._enquire_s:
            self._enquired_s = now_s
            self._send(frame(Command.ENQUIRE_LINK, self._next_sequence()))

    def _close_when_drained(self, now_s: float) -> None:
        if not self._window or now_s >= self._drained_by_s:
            self.close(self._why)

    # What is written.

    def fill(self, now_s: float, most: int = UNLIMITED) -> None:
        """Submits as many parts as window, pace and batch have, in one write."""
        transport = self._transport
        if not self.sends or self._full or transport is None or transport.is_closing():
            return
        room = min(most, self._limit.size - len(self._window), self.pace.room(now_s))
        parts = self._traffic.take(room, now_s) if room > 0 else ()
        if not parts:
            return
        window, write, sequence = self._window, self._out.append, self._sequence
        for part in parts:
            sequence = 1 if sequence >= MOST_SEQUENCE else sequence + 1
            part.sent_s = now_s
            window[sequence] = part
            write(HEADER.pack(HEADER_BYTES + len(part.body), _SUBMIT_SM, 0, sequence))
            write(part.body)
        self._sequence = sequence
        self.pace.spend(len(parts))
        self._flush()

    def write(self, answers: bytes) -> None:
        """Whole responses; dropped once the session has ended: the operator sends again what was not acknowledged."""
        if self.bound:
            self._send(answers)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.fill(self._loop.time())

    def _send(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        """One write a turn of the loop: nearly the whole speed."""
        transport = self._transport
        if not self._out or transport is None:
            return
        data = b"".join(self._out)
        self._out.clear()
        if not transport.is_closing():
            transport.write(data)
            if transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
                self.break_off("the operator does not read what is sent to it")

    def _next_sequence(self) -> int:
        self._sequence = 1 if self._sequence >= MOST_SEQUENCE else self._sequence + 1
        return self._sequence

    # What is read.

    def data_received(self, data: bytes) -> None:
        now_s = self._heard_s = self._loop.time()
        self._enquired_s = 0.0
        try:
            frames = self._framer.feed(data)
        except MalformedPdu as problem:
            self._send(frame(Command.GENERIC_NACK, 0, status=INVALID_COMMAND_LENGTH))
            self.close(f"the operator sent what is no SMPP: {problem}")
            return
        self._read(frames, now_s)
        if self._taken or self._throttled:
            self.useful, self._silent = True, 0
            self._limit.answered(self._taken)
            self.pace.answered(
                self._taken, self._throttled, waiting=len(self._window), trip_s=self._trip_s, now_s=now_s
            )
            self._taken = self._throttled = 0
        if self._drained_by_s:
            self._close_when_drained(now_s)
        self.fill(now_s)

    def _read(self, frames: Sequence[bytes], now_s: float) -> None:
        arrived: list[Pdu] = []
        for one in frames:
            _, command, status, sequence = HEADER.unpack_from(one)
            if command == _SUBMIT_SM_RESP:
                self._answered(one, status, sequence, now_s)
                continue
            try:
                pdu = decode(one)
            except MalformedPdu as problem:
                self._unreadable(problem)
                continue
            if command in _DELIVERIES:
                arrived.append(pdu)
            else:
                self._other(pdu, now_s)
        if arrived:
            self._arrived(arrived)

    def _answered(self, answer: bytes, status: int, sequence: int, now_s: float) -> None:
        """submit_sm_resp, read here and not by `decode`: there is one for every part."""
        part = self._window.pop(sequence, None)
        if part is None:
            return  # answered before, or too late
        self._trip_s = now_s - part.sent_s
        if not status:
            self._taken += 1
            self._traffic.accepted(part, c_octets(answer, HEADER_BYTES))
        elif self._traffic.refused(self, part, status, now_s):
            self._throttled += 1
        else:
            self._taken += 1  # refused for another reason than the pace

    def _arrived(self, arrived: Sequence[Pdu]) -> None:
        if self.bound:
            self.useful = True
            self._traffic.delivered(self, arrived)
            return
        for pdu in arrived:
            self._send(frame(pdu.command | RESPONSE, pdu.sequence, b"\0", NOT_BOUND))

    def _unreadable(self, problem: MalformedPdu) -> None:
        """A PDU whose body makes no sense; the stream itself is in step."""
        command, sequence = problem.command, problem.sequence
        if command in _DELIVERIES and self.bound:
            self._traffic.unreadable(self, problem)
        elif not command & RESPONSE:
            self._send(frame(Command.GENERIC_NACK, sequence, status=INVALID_COMMAND))

    def _other(self, pdu: Pdu, now_s: float) -> None:
        """Everything that is rare."""
        command = pdu.command
        if command == Command.ENQUIRE_LINK:
            self._send(frame(Command.ENQUIRE_LINK_RESP, pdu.sequence))
        elif command in _BIND_RESPONSES:
            self._logged_in(pdu.status)
        elif command == Command.UNBIND:
            self._send(frame(Command.UNBIND_RESP, pdu.sequence))
            self.drain("the operator ended the session")
        elif command == Command.UNBIND_RESP:
            if not self._unbound.done():
                self._unbound.set_result(None)
        elif command == Command.GENERIC_NACK:
            self._nacked(pdu, now_s)
        elif not command & RESPONSE and command != Command.ALERT_NOTIFICATION:
            self._send(frame(Command.GENERIC_NACK, pdu.sequence, status=INVALID_COMMAND))

    def _nacked(self, pdu: Pdu, now_s: float) -> None:
        """The operator could not read a PDU of ours. A nack of enquire_link is a sign of life like any other."""
        part = self._window.pop(pdu.sequence, None)
        if part is not None:
            self._traffic.refused(self, part, pdu.status or INVALID_COMMAND, now_s)
        elif pdu.sequence == self._login_sequence:
            self._logged_in(pdu.status or INVALID_COMMAND)

    def _logged_in(self, status: int) -> None:
        if not self._login.done():
            self.bound = status == 0
            self._login.set_result(status)
