"""SMPP 3.4 PDUs as tuples and bytes, and the framing of a stream. Pure.

`smpp34` writes and reads the bodies of submit_sm and deliver_sm; headers, binds, responses and data_sm are a few bytes
each and packed here. Source: Short Message Peer to Peer Protocol Specification v3.4, issue 1.2, §3 to §5.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

import smpp34

HEADER_BYTES: Final = 16
MOST_PDU_BYTES: Final = 65_536
"""A longer one is a stream out of step, or a peer that means harm: the connection is of no use any more."""
MOST_SHORT_MESSAGE_BYTES: Final = 254
MOST_SEQUENCE: Final = 0x7FFF_FFFF
"""Sequence numbers of ours run from 1 to here (§3.2)."""

RESPONSE: Final = 0x8000_0000
"""Set in the command of a response; the rest of it is the command that it answers."""


class Command(IntEnum):
    """§5.1.2.1."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103
    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER_RESP = 0x8000_0002
    QUERY_SM_RESP = 0x8000_0003
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND_RESP = 0x8000_0006
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    ENQUIRE_LINK_RESP = 0x8000_0015
    DATA_SM_RESP = 0x8000_0103


class Tag(IntEnum):
    """Optional parameters (TLV) that are read or written here, §5.3.2."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Sm(NamedTuple):
    """A short message: submit_sm, deliver_sm, and data_sm read as one (its text is in the TLV message_payload).

    `short_message` is at most 254 bytes. `tlvs` are (tag, value) in the order of the wire.
    """

    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    destination: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    short_message: bytes = b""
    esm_class: int = 0
    data_coding: int = 0
    registered_delivery: int = 0
    validity_period: str = ""
    schedule_delivery_time: str = ""
    service_type: str = ""
    protocol_id: int = 0
    priority_flag: int = 0
    tlvs: tuple[tuple[int, bytes], ...] = ()


class Bind(NamedTuple):
    system_id: str
    password: str
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class Pdu(NamedTuple):
    """One PDU. `command` may be a number that `Command` does not have: then only the header was read.

    `message_id` is what a response carries: the message id, or the system id of a bind response.
    """

    command: int
    sequence: int
    status: int = 0
    sm: Sm | None = None
    bind: Bind | None = None
    message_id: str = ""


class MalformedPdu(ValueError):  # noqa: N818 - named for what it says
    """Bytes that are no PDU. The header's fields are 0 where it could not be read either."""

    def __init__(self, problem: str, command: int = 0, sequence: int = 0, status: int = 0) -> None:
        super().__init__(problem)
        self.command = command
        self.sequence = sequence
        self.status = status


HEADER: Final = struct.Struct(">IIII")
_LENGTH: Final = struct.Struct(">I")
_TLV: Final = struct.Struct(">HH")

# Aliases: reading a member of an enum costs more than the comparison.
_SUBMIT_SM: Final = int(Command.SUBMIT_SM)
_DELIVER_SM: Final = int(Command.DELIVER_SM)
_DATA_SM: Final = int(Command.DATA_SM)

_BINDS: Final = frozenset(
    (int(Command.BIND_RECEIVER), int(Command.BIND_TRANSMITTER), int(Command.BIND_TRANSCEIVER)),
)
_NAMING: Final = frozenset(
    (
        *(command | RESPONSE for command in _BINDS),
        int(Command.SUBMIT_SM_RESP),
        int(Command.DELIVER_SM_RESP),
        int(Command.DATA_SM_RESP),
    )
)
"""Responses whose body is an id."""
_BARE: Final = frozenset(
    int(command)
    for command in (
        Command.UNBIND,
        Command.UNBIND_RESP,
        Command.ENQUIRE_LINK,
        Command.ENQUIRE_LINK_RESP,
        Command.GENERIC_NACK,
    )
)


def encode(pdu: Pdu) -> bytes:
    """The whole PDU. Raises ValueError for what SMPP cannot carry: text beyond ASCII in an address, a zero byte in
    it, a short message above 254 bytes, a number too large for its field, a command that is not written here.

    An answer that refuses (status other than 0) and names no id has no body, as §4.4.2 has it.
    """
    command = pdu.command
    try:
        if command == _SUBMIT_SM:
            return _encode_sm(smpp34.SubmitSm, pdu)
        if command == _DELIVER_SM:
            return _encode_sm(smpp34.DeliverSm, pdu)
        return frame(command, pdu.sequence, _body(pdu), pdu.status)
    except (OverflowError, struct.error) as problem:
        raise ValueError(f"a number of this PDU does not fit its field: {problem}") from None


def frame(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """Puts a header before a body that is already encoded: what a body shared by many messages still needs."""
    return HEADER.pack(HEADER_BYTES + len(body), command, status, sequence) + body


def decode(data: bytes) -> Pdu:
    """Reads one whole PDU. Raises MalformedPdu, and nothing else, for anything that cannot be read."""
    if len(data) < HEADER_BYTES:
        raise MalformedPdu(f"a PDU has at least {HEADER_BYTES} bytes; these are {len(data)}")
    length, command, status, sequence = HEADER.unpack_from(data)
    if length != len(data):
        raise MalformedPdu(f"{len(data)} bytes, but their header says {length}", command, sequence, status)
    if command in _NAMING:
        return Pdu(command, sequence, status, None, None, c_octets(data, HEADER_BYTES))
    try:
        if command in (_SUBMIT_SM, _DELIVER_SM):
            return Pdu(command, sequence, status, _decode_sm(data))
        if command == _DATA_SM:
            return Pdu(command, sequence, status, _Fields(data).data_sm())
        if command in _BINDS:
            return Pdu(command, sequence, status, None, _Fields(data).bind())
    except (smpp34.SmppError, ValueError, IndexError, struct.error) as problem:
        raise MalformedPdu(f"unreadable body: {problem}", command, sequence, status) from None
    return Pdu(command, sequence, status)


class Framer:
    """Cuts a byte stream into PDUs. Keeps less than one PDU; work and memory grow with the bytes fed, no faster."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._wanted = _LENGTH.size
        self._fault: MalformedPdu | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The PDUs that are whole now; `data` may be cut anywhere.

        Raises MalformedPdu once a header states a length below 16 or above MOST_PDU_BYTES: nothing after it can be
        read. PDUs that came whole before it in the same bytes are returned first, and the next call raises.
        """
        if self._fault:
            raise self._fault
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        frames, end = self._cut(data)
        if self._fault and not frames:
            raise self._fault
        if end < len(data) and not self._fault:
            self._rest += data[end:] if end else data
        return frames

    def _cut(self, data: bytes) -> tuple[list[bytes], int]:
        """Whole PDUs of `data`, and where they end."""
        frames: list[bytes] = []
        at, size = 0, len(data)
        self._wanted = _LENGTH.size
        while size - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, at)
            if not HEADER_BYTES <= length <= MOST_PDU_BYTES:
                self._fault = MalformedPdu(f"a PDU of {length:,} bytes: the stream is out of step")
                break
            if size - at < length:
                self._wanted = length
                break
            frames.append(data[at : at + length])
            at += length
        return frames, at


def _body(pdu: Pdu) -> bytes:
    command = pdu.command
    if command in _BARE:
        return b""
    if command in _NAMING:
        return b"" if pdu.status and not pdu.message_id else _c_string(pdu.message_id)
    if command in _BINDS and pdu.bind is not None:
        bind = pdu.bind
        return (
            b"".join(map(_c_string, (bind.system_id, bind.password, bind.system_type)))
            + struct.pack("3B", bind.interface_version, bind.addr_ton, bind.addr_npi)
            + _c_string(bind.address_range)
        )
    if command == _DATA_SM and pdu.sm is not None:
        return _data_sm_body(pdu.sm)
    raise ValueError(f"command 0x{command:08X} is not written here, or its content is missing")


def _encode_sm(kind: type[smpp34.SubmitSm] | type[smpp34.DeliverSm], pdu: Pdu) -> bytes:
    sm = pdu.sm
    if sm is None or pdu.status:
        raise ValueError("a request has a short message and no status")
    _check_text(f"{sm.source}{sm.destination}{sm.service_type}{sm.validity_period}{sm.schedule_delivery_time}")
    data = kind(
        sm.source,
        sm.destination,
        sm.short_message,
        service_type=sm.service_type,
        source_addr_ton=sm.source_ton,
        source_addr_npi=sm.source_npi,
        dest_addr_ton=sm.dest_ton,
        dest_addr_npi=sm.dest_npi,
        esm_class=sm.esm_class,
        protocol_id=sm.protocol_id,
        priority_flag=sm.priority_flag,
        schedule_delivery_time=sm.schedule_delivery_time,
        validity_period=sm.validity_period,
        registered_delivery=sm.registered_delivery,
        data_coding=sm.data_coding,
        tlvs=[smpp34.Tlv(tag, value) for tag, value in sm.tlvs],
        sequence_number=pdu.sequence,
    ).encode()
    if len(data) > MOST_PDU_BYTES:
        raise ValueError(f"a PDU has at most {MOST_PDU_BYTES:,} bytes; this one has {len(data):,}")
    return data


def _decode_sm(data: bytes) -> Sm:
    read = smpp34.decode(data)
    assert not isinstance(read, smpp34.RawPdu), "only submit_sm and deliver_sm come here"
    return Sm(
        read.source_addr,
        read.source_addr_ton,
        read.source_addr_npi,
        read.destination_addr,
        read.dest_addr_ton,
        read.dest_addr_npi,
        read.short_message,
        read.esm_class,
        read.data_coding,
        read.registered_delivery,
        read.validity_period,
        read.schedule_delivery_time,
        read.service_type,
        read.protocol_id,
        read.priority_flag,
        tuple([(tlv.tag, tlv.value) for tlv in read.tlvs]),
    )


def _data_sm_body(sm: Sm) -> bytes:
    """§4.7.1. Has no short_message: that goes into a TLV."""
    if sm.short_message:
        raise ValueError("data_sm carries its text in message_payload")
    return b"".join(
        (
            _c_string(sm.service_type),
            struct.pack("2B", sm.source_ton, sm.source_npi),
            _c_string(sm.source),
            struct.pack("2B", sm.dest_ton, sm.dest_npi),
            _c_string(sm.destination),
            struct.pack("3B", sm.esm_class, sm.registered_delivery, sm.data_coding),
            *(_TLV.pack(tag, len(value)) + value for tag, value in sm.tlvs),
        )
    )


class _Fields:
    """Reads a body field by field. Raises ValueError, IndexError or struct.error where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = HEADER_BYTES

    def bind(self) -> Bind:
        return Bind(self._text(), self._text(), self._text(), self._byte(), self._byte(), self._byte(), self._text())

    def data_sm(self) -> Sm:
        service_type = self._text()
        source_ton, source_npi, source = self._byte(), self._byte(), self._text()
        dest_ton, dest_npi, destination = self._byte(), self._byte(), self._text()
        return Sm(
            source,
            source_ton,
            source_npi,
            destination,
            dest_ton,
            dest_npi,
            esm_class=self._byte(),
            registered_delivery=self._byte(),
            data_coding=self._byte(),
            service_type=service_type,
            tlvs=self._tlvs(),
        )

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _text(self) -> str:
        start = self._at
        self._at = self._data.index(0, start) + 1
        return self._data[start : self._at - 1].decode("latin-1")

    def _tlvs(self) -> tuple[tuple[int, bytes], ...]:
        found: list[tuple[int, bytes]] = []
        while self._at < len(self._data):
            tag, length = _TLV.unpack_from(self._data, self._at)
            self._at += _TLV.size + length
            if self._at > len(self._data):
                raise ValueError("an optional parameter ends after the PDU")
            found.append((tag, self._data[self._at - length : self._at]))
        return tuple(found)


def c_octets(data: bytes, start: int) -> str:
    """The text up to its zero byte; some peers leave that out, or the whole field."""
    end = data.find(0, start)
    return data[start : end if end >= 0 else len(data)].decode("latin-1")


def _c_string(text: str) -> bytes:
    _check_text(text)
    return text.encode("ascii") + b"\0"


def _check_text(text: str) -> None:
    """A zero byte would end a field early and shift all that follow."""
    if not text.isascii() or "\0" in text:
        raise ValueError("a text field of SMPP holds ASCII without zero bytes")
