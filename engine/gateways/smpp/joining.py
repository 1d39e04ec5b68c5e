"""Joins long messages from phones, which come part by part. Pure; used by one thread.

Parts are acknowledged as they come: many operators send the next one only after that, so waiting for the whole could
wait for ever. They are therefore kept in memory alone until the last one has come, and only that one is acknowledged
when the joined message is durable. A crash in between loses the parts that came before it. Closing does not, nor does
a part that never comes: what there is of the message is handed over then, and a gap is marked.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.gateways.base import Inbound
from engine.gateways.smpp.inbound import SegmentOfInbound, join
from engine.gateways.smpp.settings import Settings

log = logging.getLogger(__name__)

UNFINISHED_MOST: Final = 1_000
"""Messages (about 1 MB) that wait for parts; above it the oldest are handed over as they are."""
UNTAKEN_MOST: Final = 10_000
"""The same while the sink takes nothing; above it the oldest are lost."""
UNFINISHED_MOST_S: Final = 600.0
TAKEN_MOST: Final = 5_000
"""Parts of messages that were taken, known again when the operator repeats them."""

Group = tuple[str, str, int, int]
"""Phone, number of ours, reference, total: what the parts of one message share."""


@dataclass(slots=True)
class _Unfinished:
    since_s: float
    by_number: dict[int, SegmentOfInbound] = field(default_factory=dict[int, SegmentOfInbound])


class Joiner:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unfinished: OrderedDict[Group, _Unfinished] = OrderedDict()
        """Oldest first."""
        self._groups: dict[str, Group] = {}
        """Key of a message that was given out → where its parts are kept until it is taken."""
        self._taken: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._unfinished)

    def add(self, segment: SegmentOfInbound, now_s: float) -> Inbound | None:
        """The whole message once every part is there, again each time one of them is repeated before `taken`."""
        if segment.key in self._taken:
            return None
        group = (segment.msisdn, segment.recipient, segment.reference, segment.total)
        unfinished = self._unfinished.setdefault(group, _Unfinished(now_s))
        unfinished.by_number[segment.number] = segment
        if len(unfinished.by_number) == segment.total:
            return self._join(group)
        if len(self._unfinished) > UNTAKEN_MOST:
            self._unfinished.popitem(last=False)
            log.error("an unfinished message from a phone was lost: nobody has taken such for long")
        return None

    def taken(self, messages: Iterable[Inbound]) -> None:
        """These are durable: forgets their parts."""
        for message in messages:
            group = self._groups.pop(message.key, None)
            unfinished = self._unfinished.pop(group, None) if group else None
            if unfinished:
                self._taken.update((segment.key, None) for segment in unfinished.by_number.values())
        while len(self._taken) > TAKEN_MOST:
            self._taken.popitem(last=False)

    def overdue(self, now_s: float) -> list[Inbound]:
        """What there is of messages that waited for too long, or are too many; each stays until `taken`."""
        surplus = len(self._unfinished) - UNFINISHED_MOST
        return [
            self._join(group)
            for place, (group, unfinished) in enumerate(self._unfinished.items())
            if place < surplus or now_s - unfinished.since_s >= UNFINISHED_MOST_S
        ]

    def rest(self) -> list[Inbound]:
        """What there is of all of them, at the end."""
        return [self._join(group) for group in self._unfinished]

    def _join(self, group: Group) -> Inbound:
        message = join(list(self._unfinished[group].by_number.values()), self._settings)
        self._groups[message.key] = group
        return message
