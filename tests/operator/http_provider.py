"""A small HTTP provider on a loopback socket: takes messages in every provider's shape, and makes every trouble.

It counts what it accepted, by message and by idempotency key, and posts receipts until they are taken: in order,
doubled, late or out of order. Real sockets on both sides; nothing of the product is used here.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Any, Final

import httpx

from tests.operator.http_shapes import PASSWORD, USER, Asked, Generic, Post, Shape, Sms, Told

START_LIMIT_S: Final = 10.0
STOP_LIMIT_S: Final = 5.0
POSTERS: Final = 8
POST_RETRY_FIRST_S: Final = 0.02
POST_RETRY_MOST_S: Final = 0.5
GONE: Final = frozenset({403, 404})
"""Answers after which a post is not repeated."""
ENDINGS: Final = {"9901": "failed", "9903": "expired"}
"""Last digits of a number → what becomes of a message to it; others are delivered."""
REFUSED_ENDING: Final = "9902"


class Trouble(StrEnum):
    """What goes wrong with one request."""

    THROTTLE = "429, Retry-After: 1, nothing taken"
    BUSY = "503, Retry-After: 1, nothing taken"
    UNAVAILABLE = "503 without Retry-After, nothing taken"
    ERROR_BEFORE = "500, nothing taken"
    ERROR_AFTER = "500, taken"
    DROP_BEFORE = "connection closed, nothing taken"
    DROP_AFTER = "connection closed, taken"
    SILENT = "no answer, taken"
    GARBAGE = "200 with a web page, taken"
    HUGE = "200 with an endless answer, taken"
    EMPTY = "200 with an empty list, taken"
    REDIRECT = "307 to another host"
    CONFLICT = "409, nothing taken"
    PAYMENT = "402, nothing taken"
    NOT_FOUND = "404 with a web page"


Answer = tuple[int, bytes, dict[str, str]]
"""Status, body, headers."""
JSON: Final = {"Content-Type": "application/json"}
HTML: Final = {"Content-Type": "text/html"}
_AFTER: Final[dict[str, Answer]] = {
    Trouble.ERROR_AFTER: (500, b"{}", JSON),
    Trouble.GARBAGE: (200, b"<html>welcome</html>", HTML),
    Trouble.EMPTY: (200, b'{"results": [], "messages": []}', JSON),
}
_BEFORE: Final[dict[str, tuple[int, dict[str, str]]]] = {
    Trouble.THROTTLE: (429, {"Retry-After": "1"}),
    Trouble.BUSY: (503, {"Retry-After": "1"}),
    Trouble.UNAVAILABLE: (503, {}),
    Trouble.ERROR_BEFORE: (500, {}),
    Trouble.CONFLICT: (409, {}),
    Trouble.PAYMENT: (402, {}),
    Trouble.REDIRECT: (307, {"Location": "https://elsewhere.example/"}),
}


class HttpProvider:
    """Used as a context manager: listens from entering to leaving.

    `plan` says what goes wrong with the request of that number (from 0), None for nothing. `receipts_s` is how late
    receipts are posted; `duplicate`, `enroute` and `shuffle` make them odd.
    """

    def __init__(
        self,
        shape: Shape | None = None,
        *,
        plan: Callable[[int], Trouble | None] = lambda _: None,
        latency_s: float = 0.0,
        receipts_s: float = 0.0,
        duplicate: bool = False,
        enroute: bool = False,
        shuffle: bool = False,
        refused_senders: frozenset[str] = frozenset(),
        strict: bool = False,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`strict`: one bad number refuses the whole request with 400. `port` 0: any that is free. With `tls` it is
        reached as https://localhost."""
        self.shape = shape or Generic()
        self.plan = plan
        self.latency_s = latency_s
        self.receipts_s = receipts_s
        self.duplicate = duplicate
        self.enroute = enroute
        self.shuffle = shuffle
        self.refused_senders = refused_senders
        self.strict = strict
        self.port = port
        self.tls = tls
        self.lock = threading.Lock()
        self.asked: list[Asked] = []
        self.taken: dict[str, Sms] = {}
        """Provider's id → the message, in the order of acceptance."""
        self.keys: Counter[str] = Counter()
        """Idempotency key → requests accepted with it; a repeated one is answered and not counted."""
        self.repeats = 0
        self.polls = 0
        self.posted: Counter[int] = Counter()
        """HTTP status → answers to posts of ours; 0: no answer."""
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0
        self._answers: dict[str, bytes] = {}
        self._count = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="http-provider", daemon=True)
        self._dice = random.Random(7)

    # Lifecycle.

    def __enter__(self) -> HttpProvider:
        self._thread.start()
        assert self._ready.wait(START_LIMIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_LIMIT_S)

    def address(self, **changes: str) -> str:
        """A gateway address to this provider, with other parameters where `changes` says so."""
        login = f"{USER}:{PASSWORD}@" if self.shape.name in {"twilio", "vonage"} else ""
        mapping = dict(item.split("=", 1) for item in self.shape.mapping.split("&")) | changes
        written = "&".join(f"{name}={value}" for name, value in mapping.items())
        begin, host = ("https", "localhost") if self.tls else ("http", "127.0.0.1")
        return f"{begin}://{login}{host}:{self.port}{self.shape.path}#{written}"

    def texts(self) -> Counter[str]:
        """How often each text was accepted."""
        with self.lock:
            return Counter(sms.text for sms in self.taken.values())

    def post(self, post: Post) -> httpx.Response:
        """Sends one webhook from the calling thread."""
        method, url, headers, body = post
        return httpx.request(method, url, headers=headers, content=body, trust_env=False, timeout=20)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._told: deque[Told] = deque()
        self._news = asyncio.Event()
        limits = httpx.Limits(max_connections=POSTERS)
        self._client = httpx.AsyncClient(trust_env=False, timeout=20, limits=limits)
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        posters = [asyncio.create_task(self._post_receipts()) for _ in range(POSTERS)]
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._news.set()
        await asyncio.wait(posters, timeout=STOP_LIMIT_S)
        await self._client.aclose()

    # Requests.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while asked := await _read_request(reader):
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    answered = await self._answer(asked, writer)
                finally:
                    self._at_once -= 1
                if not answered:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side went away, or the test ended
        finally:
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """False: the connection ends here."""
        if asked.method == "GET":
            return await self._answer_status(asked, writer)
        with self.lock:
            self.asked.append(asked)
            number, self._count = self._count, self._count + 1
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        trouble = self.plan(number)
        refusal = self._refusal(asked, trouble)
        if refusal:
            return await _send(writer, *refusal)
        if trouble is Trouble.DROP_BEFORE:
            return False
        status, body = self._take(asked)
        if trouble is Trouble.SILENT:
            await self._stop.wait()
        if trouble is Trouble.HUGE:
            return await _send_endlessly(writer)
        instead = _AFTER.get(trouble, (status, body, JSON)) if trouble else (status, body, JSON)
        return trouble not in {Trouble.DROP_AFTER, Trouble.SILENT} and await _send(writer, *instead)

    def _refusal(self, asked: Asked, trouble: Trouble | None) -> Answer | None:
        """An answer before anything is taken."""
        if asked.path != self.shape.path or trouble is Trouble.NOT_FOUND:
            return 404, b"<html>no such page</html>", HTML
        status, headers = (401, {}) if not self.shape.login(asked) else _BEFORE.get(trouble or "", (0, {}))
        return (status, json.dumps(self.shape.refuse(status)).encode(), JSON | headers) if status else None

    def _take(self, asked: Asked) -> tuple[int, bytes]:
        key = asked.headers.get("idempotency-key", "")
        with self.lock:
            if key in self._answers:
                self.repeats += 1
                return 200, self._answers[key]
            messages = self.shape.read(asked)
            for sms in messages:
                self._judge(sms)
            if self.strict and len(messages) > 1 and any(sms.refused for sms in messages):
                return 400, json.dumps(self.shape.refuse(400)).encode()
            accepted = [sms for sms in messages if not sms.refused]
            for sms in accepted:
                self._accept(sms)
            if key and accepted:
                self.keys[key] += 1
            status, said = self.shape.answer(messages)
            body = json.dumps(said).encode()
            if key:
                self._answers[key] = body
            return status, body

    def _judge(self, sms: Sms) -> None:
        if sms.sender in self.refused_senders:
            sms.refused = self.shape.codes["sender"]
        elif sms.to.endswith(REFUSED_ENDING):
            sms.refused = self.shape.codes["number"]
        elif sms.id and sms.id in self.taken:
            sms.refused = self.shape.codes["duplicate"]

    def _accept(self, sms: Sms) -> None:
        sms.id = sms.id or f"{self.shape.name}-{len(self.taken):08x}-{self._dice.randrange(2**32):08x}"
        if sms.parts:
            sms.parts = [f"{sms.id}-{number}" for number in range(len(sms.parts))]
        self.taken[sms.id] = sms
        if sms.callback:
            told = [Told(sms, one, state) for state in self._states(sms) for one in sms.parts or [sms.id]]
            self._loop.call_later(self.receipts_s, self._announce, told)

    def _states(self, sms: Sms) -> list[str]:
        final = ENDINGS.get(sms.to[-4:], "delivered")
        states = ["enroute", final] if self.enroute else [final]
        return states * 2 if self.duplicate else states

    async def _answer_status(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        self.polls += 1
        if self.shape.name != "vonage" and not self.shape.login(asked):
            return await _send_json(writer, 401, self.shape.refuse(401))
        sms = self.taken.get(self.shape.status_of(asked))
        if sms is None:
            return await _send_json(writer, 404, self.shape.refuse(404))
        final = ENDINGS.get(sms.to[-4:], "delivered")
        return await _send_json(writer, 200, self.shape.status(Told(sms, sms.id, final)))

    # Receipts.

    def _announce(self, told: Sequence[Told]) -> None:
        self._told.extend(told)
        self._news.set()

    async def _post_receipts(self) -> None:
        while not self._stop.is_set():
            if not self._told:
                self._news.clear()
                await self._news.wait()
                await asyncio.sleep(0.005)  # so that several go together where the shape has a list
            batch = self._next_batch()
            if batch:
                await self._deliver(self.shape.posts(batch))

    def _next_batch(self) -> list[Told]:
        """Receipts for one address."""
        if self.shuffle:
            waiting = list(self._told)
            self._dice.shuffle(waiting)
            self._told = deque(waiting)
        batch: list[Told] = []
        while self._told and len(batch) < self.shape.receipts_at_once:
            if batch and self._told[0].sms.callback != batch[0].sms.callback:
                break
            batch.append(self._told.popleft())
        return batch

    async def _deliver(self, post: Post) -> None:
        """Until it is taken, ever slower."""
        method, url, headers, body = post
        pause_s = POST_RETRY_FIRST_S
        while True:
            try:
                status = (await self._client.request(method, url, headers=headers, content=body)).status_code
            except httpx.HTTPError:
                status = 0
            self.posted[status] += 1
            if 200 <= status < 300 or status in GONE or self._stop.is_set():
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, POST_RETRY_MOST_S)


async def _read_request(reader: asyncio.StreamReader) -> Asked | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("ascii").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


async def _send_json(writer: asyncio.StreamWriter, status: int, said: Any, headers: Any = None) -> bool:
    return await _send(
        writer, status, json.dumps(said).encode(), {"Content-Type": "application/json"} | (headers or {})
    )


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str]) -> bool:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *(f"{name}: {headers[name]}" for name in headers)]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True


async def _send_endlessly(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n")
    chunk = b" " * 65_536
    while True:
        writer.write(b"10000\r\n" + chunk + b"\r\n")
        await writer.drain()
