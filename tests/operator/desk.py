"""Decides what becomes of each submit, keeps count of what was accepted, and writes the journal."""

from __future__ import annotations

import json
import random
import secrets
import time
from collections import Counter
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

from engine.gateways.smpp.alphabets import gsm_decode
from engine.gateways.smpp.codec import Sm
from tests.operator.messages import GARBAGE, UDHI, Address, Told, receipt
from tests.operator.options import DELIVERED, ENDINGS, ENROUTE, FAILED, SILENCE, Fate, Options

DAY_S: Final = 86_400
_THROTTLED: Final = (0x58, 0x14)
_ODDITIES: Final = ("early", "duplicate", "contradict", "stale", "enroute", "malformed")


class Taken(NamedTuple):
    """Of one submit: the answer, and the bodies of deliver_sm that come before it and after it."""

    status: int
    message_id: str = ""
    early: tuple[bytes, ...] = ()
    later: tuple[bytes, ...] = ()
    silent: bool = False


class Accepted(NamedTuple):
    """A part that was accepted. `at_s` is of the monotonic clock."""

    message_id: str
    sm: Sm
    at_s: float

    @property
    def text(self) -> str:
        """As a phone would show this part alone."""
        data = self.sm.short_message or dict(self.sm.tlvs).get(0x0424, b"")
        if self.sm.esm_class & UDHI:
            data = data[1 + data[0] :]
        return data.decode("utf-16-be", "replace") if self.sm.data_coding == 8 else gsm_decode(data)


class Journal:
    """Append-only; a JSON list in each line: destination, part (`2/3`, empty when alone), text in hex, message id."""

    def __init__(self, path: Path) -> None:
        self._file = FileIO(path, "a")
        self._lines: list[str] = []

    def add(self, sm: Sm, message_id: str) -> None:
        destination, part, data = key_of(sm)
        self._lines.append(json.dumps([destination, part, data.hex(), message_id]))

    def flush(self) -> None:
        if self._lines:
            self._file.write(("\n".join(self._lines) + "\n").encode())
            self._lines.clear()

    def close(self) -> None:
        self.flush()
        self._file.close()


Key = tuple[str, str, bytes]


def key_of(sm: Sm) -> Key:
    """Destination, part (`2/3`, empty when alone) and text: what is the same when a message is sent twice."""
    data = sm.short_message
    if sm.esm_class & UDHI and data[:3] == b"\5\0\3":
        return sm.destination, f"{data[5]}/{data[4]}", data[6:]
    if sm.tlvs:
        tlvs = dict(sm.tlvs)
        if 0x020F in tlvs:
            return sm.destination, f"{tlvs[0x020F][0]}/{tlvs[0x020E][0]}", data
        return sm.destination, "", data or tlvs.get(0x0424, b"")
    return sm.destination, "", data


def read_journal(path: Path) -> Counter[Key]:
    """How often each part was accepted, as the journal has it; a line that is just being written does not count."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return Counter((item[0], item[1], bytes.fromhex(item[2])) for item in map(json.loads, lines))


class Desk:
    def __init__(self, options: Options) -> None:
        self.counts: Counter[Key] = Counter()
        self.accepted: list[Accepted] = []
        self.submits = 0
        self.throttled = 0
        self.refused = 0
        self.taken = 0
        self.journal = Journal(Path(options.journal)) if options.journal else None
        self._next = secrets.randbits(36) << 24
        self._random = random.Random(options.seed)
        self.set(options)

    def set(self, options: Options) -> None:
        self.options = options
        self._odd = any(getattr(options, name) for name in _ODDITIES)

    def drops_now(self) -> bool:
        """Whether the connection is cut at the submit that was counted last."""
        return self.options.drop_every > 0 and self.submits % self.options.drop_every == 0

    def take(self, sm: Sm) -> Taken:
        options = self.options
        self.submits += 1
        if options.drop_before and self.drops_now():
            return Taken(0, silent=True)
        if options.throttle and self._happens(options.throttle):
            self.throttled += 1
            return Taken(_THROTTLED[self.throttled & 1])
        fate = ENDINGS.get(sm.destination[-4:], DELIVERED) if options.endings else DELIVERED
        if options.refuse_sender and sm.source == options.refuse_sender:
            fate = 0x0A
        if isinstance(fate, int):
            self.refused += 1
            return Taken(fate)
        return self._accept(sm, fate)

    def _accept(self, sm: Sm, fate: Fate) -> Taken:
        options = self.options
        self.taken += 1
        self._next += 1
        message_id = str(self._next) if options.ids == "dec_hex" else "%X" % self._next  # noqa: UP031 - twice as fast
        if options.remember:
            self.counts[key_of(sm)] += 1
            self.accepted.append(Accepted(message_id, sm, time.monotonic()))
        if self.journal:
            self.journal.add(sm, message_id)
        if options.fail and fate is DELIVERED and self._happens(options.fail):
            fate = FAILED
        silent = options.silent > 0 and self._happens(options.silent)
        if not self._tells(sm, fate):
            return Taken(0, message_id, silent=silent)
        told = self._told(sm, message_id, fate)
        if not self._odd:
            return Taken(0, message_id, (), (self._receipt(sm, told),), silent)
        return self._oddly(sm, told, message_id, silent=silent)

    def _tells(self, sm: Sm, fate: Fate) -> bool:
        wanted = sm.registered_delivery & 3
        if fate is SILENCE or not wanted or (wanted == 2 and fate is DELIVERED):
            return False
        if self.options.receipt_part != "each":
            number, _, total = key_of(sm)[1].partition("/")
            if number and number != ("1" if self.options.receipt_part == "first" else total):
                return False
        return not (self.options.no_receipt and self._happens(self.options.no_receipt))

    def _told(self, sm: Sm, message_id: str, fate: Fate) -> Told:
        answer_id = message_id.encode()
        ids = self.options.ids
        receipt_id = answer_id if ids == "same" else (b"%d" if ids == "hex_dec" else b"%X") % self._next
        now_s = int(time.time())
        text = sm.short_message[6:] if sm.esm_class & UDHI else sm.short_message
        return Told(receipt_id, answer_id, fate, now_s, now_s, text)

    def _receipt(self, sm: Sm, told: Told) -> bytes:
        source = Address(sm.destination, sm.dest_ton, sm.dest_npi)
        return receipt(self.options.form, self._next, source, Address(sm.source, sm.source_ton, sm.source_npi), told)

    def _oddly(self, sm: Sm, told: Told, message_id: str, *, silent: bool) -> Taken:
        options, happens = self.options, self._happens
        bodies: list[bytes] = []
        if happens(options.enroute):
            bodies.append(self._receipt(sm, told._replace(fate=ENROUTE)))
        bodies.append(self._receipt(sm, told))
        if happens(options.duplicate):
            bodies.append(bodies[-1])
        if happens(options.contradict):
            other = FAILED if told.fate is DELIVERED else DELIVERED
            bodies.append(self._receipt(sm, told._replace(fate=other)))
        if happens(options.stale):
            unknown = b"%d" % (self._next - (1 << 24))
            old = told._replace(receipt_id=unknown, answer_id=unknown, done_s=told.done_s - 3 * DAY_S)
            bodies.append(self._receipt(sm, old))
        if happens(options.malformed):
            bodies.append(GARBAGE)
        found = tuple(bodies)
        early = happens(options.early)
        return Taken(0, message_id, found if early else (), () if early else found, silent)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
