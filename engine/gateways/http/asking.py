"""Asks a provider for the state of messages whose receipt may have been missed: slowly, once each, after a restart."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import quote, urljoin

from engine.gateways.base import Receipt, ReceiptState
from engine.gateways.http.answers import Answer
from engine.gateways.http.reading import asked_places, items_of, read_receipt
from engine.gateways.http.requests import Request
from engine.gateways.http.session import LostError, UnsentError, Wire, Written
from engine.gateways.http.settings import Settings
from engine.model import Clock

log = logging.getLogger(__name__)

MOST_WAITING: Final = 20_000
"""References asked for after a restart; the rest is left to what the provider posts, and to the deadline."""
DELIVERED_AT_ONCE: Final = 200
"""Receipts collected before they are handed on."""
GIVE_UP_AFTER: Final = 5
"""Questions in a row without an answer: the provider is gone, or does not know the address."""
PAUSE_S: Final = 2.0
_REF: Final = re.compile(r"[A-Za-z0-9._:~-]{1,100}")


class Asker:
    """Lives on one event loop. `deliver` returns when receipts are durable."""

    def __init__(
        self,
        settings: Settings,
        wire: Wire,
        headers: dict[str, str],
        deliver: Callable[[Sequence[Receipt]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._headers = headers
        self._deliver = deliver
        self._clock = clock
        self._places = asked_places(settings)
        self._waiting: deque[str] = deque()
        self._task: asyncio.Task[None] | None = None

    def ask(self, refs: Sequence[str]) -> None:
        """Queues references; what cannot be one of the provider's is left out."""
        if not self._settings.poll:
            return
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extend([ref for ref in refs if _REF.fullmatch(ref)][:room])
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        found: list[Receipt] = []
        unanswered = 0
        while self._waiting and unanswered < GIVE_UP_AFTER:
            began_s = time.monotonic()
            ref = self._waiting.popleft()
            answer = await self._answer(ref)
            if answer is None or answer.status in self._settings.unsent or answer.status >= 500:
                self._waiting.append(ref)
                unanswered += 1
                await asyncio.sleep(PAUSE_S)
                continue
            unanswered = GIVE_UP_AFTER if answer.status in {401, 403} else 0
            found += self._receipts(ref, answer)
            if len(found) >= DELIVERED_AT_ONCE or (found and not self._waiting):
                await self._deliver(found)
                found = []
            await asyncio.sleep(max(0.0, began_s + 1 / self._settings.poll_rps - time.monotonic()))
        if found:
            await self._deliver(found)
        if self._waiting:
            log.warning("%s messages were not asked for: the provider does not answer", len(self._waiting))
            self._waiting.clear()

    async def _answer(self, ref: str) -> Answer | None:
        url = urljoin(self._settings.url, self._settings.poll.replace("{id}", quote(ref, safe="")))
        try:
            return await self._wire.exchange(Request("GET", url, self._headers, b""), Written())
        except (LostError, UnsentError) as problem:  # asking changes nothing, so both only mean: not now
            log.info("asking for a receipt: %s", problem)
            return None

    def _receipts(self, ref: str, answer: Answer) -> list[Receipt]:
        """Final states of this very message; a provider that answers with others is not believed."""
        if answer.status != 200 or not answer.body:
            return []
        try:
            said: Any = json.loads(answer.body)
            items = items_of(said, self._places.listed)
        except (ValueError, RecursionError):
            return []
        read = [read_receipt(self._settings, self._places, one, now_us=self._clock.now_us()) for one in items]
        return [one for one in read if one and one.provider_ref == ref and one.state is not ReceiptState.ENROUTE]
