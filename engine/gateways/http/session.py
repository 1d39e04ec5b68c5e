"""Requests to a provider: a bounded number at the same time, paced, over httpx; what cannot be known is never repeated.

TLS is always verified, redirects are not followed, proxies of the environment are not used, answers are bounded.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import httpx

from engine.gateways.base import GatewayDown, Outcome, OutcomeKind, Submission
from engine.gateways.http.answers import Answer, Halt, Verdict, lost, read_answer, unsent
from engine.gateways.http.requests import Group, Request, Writer
from engine.gateways.http.settings import Settings

log = logging.getLogger(__name__)
if find_spec("sniffio") is None:  # httpcore imports it ten times a request: missing, that costs more than the request
    sys.modules["sniffio"] = None  # pyright: ignore[reportArgumentType]  # an import that fails at once
logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, whose query may hold a key

MOST_ANSWER_BYTES: Final = 1_048_576
KEEP_ALIVE_S: Final = 4.0
"""Idle connections are closed before most servers (5 s and more) do, so that no request meets one that is closing."""
TRIES: Final = 3
"""Of a request whose answer was lost, where the provider knows repetitions."""
RETRY_FIRST_S: Final = 0.5
DOUBTS_IN_A_ROW: Final = 3
"""So many requests without a clear answer, and the rest of the batch waits: the fewer in doubt, the better."""
MOST_PAUSE_S: Final = 60.0
DOWN_RETRY_S: Final = 1.0
CLOSED: Final = Halt("the gateway is closed", DOWN_RETRY_S, down=True)
BROKEN: Final = Halt("something failed inside the gateway; the log of this server says more", DOWN_RETRY_S, down=True)


class UnsentError(Exception):
    """The request was not written, or not to the provider: it can be sent again."""


class LostError(Exception):
    """The request was written, at least in part, and no answer came: it may have been taken."""


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that certificates are checked against: the usual ones, or those of SSL_CERT_FILE. Read once, as
    that takes 20 ms."""
    return httpx.create_ssl_context()


class Written:
    """How far a request came, as httpx traces it; without any trace it counts as written."""

    def __init__(self) -> None:
        self.surely_not = False

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.surely_not = True
        elif event.endswith("send_request_headers.started"):
            self.surely_not = False


class Wire:
    """One request and its answer. Made, used and closed on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wait_s = settings.connect_s + settings.timeout_s
        most = settings.connections + 1  # one asks for receipts
        self._client = httpx.AsyncClient(
            verify=_trust(),
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEP_ALIVE_S),
            timeout=httpx.Timeout(settings.timeout_s, connect=settings.connect_s),
        )

    async def exchange(self, request: Request, written: Written) -> Answer:
        """Raises UnsentError or LostError, in plain words. `written` tells who cancels how far it came."""
        try:
            async with asyncio.timeout(self._wait_s):
                return await self._exchange(request, written)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise UnsentError(self._connect_words(problem)) from problem
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ssl.SSLError) as problem:
            if written.surely_not:
                raise UnsentError(self._connect_words(problem)) from problem
            raise LostError(_lost_words(problem)) from problem

    async def _exchange(self, request: Request, written: Written) -> Answer:
        async with self._client.stream(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            extensions={"trace": written.note},
        ) as response:
            status, wait = response.status_code, response.headers.get("Retry-After", "")
            try:
                body = await _bounded(response)
            except (httpx.HTTPError, OSError):
                body = None  # the status is known, and says enough for a refusal
            return Answer(status, body, wait)

    async def close(self) -> None:
        await self._client.aclose()

    def _connect_words(self, problem: Exception) -> str:
        host = self._settings.host
        cause: BaseException | None = problem
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"the certificate of {host} is not accepted: {cause.verify_message}"
            if isinstance(cause, ConnectionRefusedError):
                return f"{host} refuses connections"
            cause = cause.__cause__ or cause.__context__
        if isinstance(problem, httpx.ConnectTimeout | TimeoutError):
            return f"no connection to {host} within {self._settings.connect_s} s"
        return f"no connection to {host}: {problem}"[:200]


async def _bounded(response: httpx.Response) -> bytes | None:
    """The body as it came; None when it is too long, or compressed although that was not asked for."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            return None
    return bytes(body)


def _lost_words(problem: Exception) -> str:
    if isinstance(problem, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    return f"the connection was lost before the answer ({type(problem).__name__})"


class Session:
    """Hands over batches. Lives on one event loop; `close` ends what is on its way."""

    def __init__(self, settings: Settings, wire: Wire, writer: Writer) -> None:
        self._settings = settings
        self._wire = wire
        self._writer = writer
        self._workers: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._next_start_s = 0.0
        self._doubts = 0
        self._closed = False
        self.in_flight = 0
        self.trouble: Halt | None = None
        """What is wrong with the provider since its last answer, None when nothing is."""

    async def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        """One outcome each, in order; one batch at a time. Raises GatewayDown when nothing was taken and the provider
        cannot be used."""
        self._idle.clear()
        try:
            return await self._submit(batch)
        finally:
            self._idle.set()

    async def _submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        run = _Run(self._writer.groups(batch), len(batch))
        workers = [asyncio.create_task(self._work(run)) for _ in range(min(self._settings.connections, run.waiting))]
        self._workers.update(workers)
        await asyncio.gather(*workers, return_exceptions=True)
        self._workers.difference_update(workers)
        for worker in workers:
            fault = None if worker.cancelled() else worker.exception()
            if fault is not None:
                log.error("a request could not be handled; its messages are in doubt", exc_info=fault)
        if self._closed and not run.halt:
            run.halt = CLOSED
        return run.finish()

    async def close(self) -> None:
        """Returns when the batch on its way, if any, has its outcomes."""
        self._closed = True
        for worker in list(self._workers):
            worker.cancel()
        await self._idle.wait()
        await self._wire.close()

    async def _work(self, run: _Run) -> None:
        while not self._closed and (part := run.next()):
            await self._pace()
            if run.halt or self._closed:
                run.put_back(part)
                return
            run.begun(part)
            parts = sum(item.message.parts for item in part.group)
            self.in_flight += parts
            try:
                verdict = await self._ask(part)
            finally:
                self.in_flight -= parts
            self._learn(run, verdict)
            run.settle(part, verdict)

    async def _pace(self) -> None:
        """Waits for this request's turn when there is a limit of requests per second."""
        if self._settings.rps:
            start_s = max(self._next_start_s, time.monotonic())
            self._next_start_s = start_s + 1 / self._settings.rps
            await asyncio.sleep(start_s - time.monotonic())

    async def _ask(self, part: _Part) -> Verdict:
        """The request until its answer is clear, or as often as that is safe."""
        group = part.group
        request = self._writer.request(group)
        doubtful = lost(group, "an earlier answer was lost") if part.doubted else None
        for attempt in range(TRIES if self._settings.repeatable else 1):
            if attempt:
                await asyncio.sleep(RETRY_FIRST_S * 2 ** (attempt - 1))
            verdict = await self._try(group, request, again=doubtful is not None)
            if verdict.doubt:
                doubtful = verdict
            elif doubtful is None or verdict.halt is None:
                return verdict._replace(doubt=doubtful is not None) if verdict.split else verdict
            else:  # that this try was not taken says nothing of the one before it
                doubtful = Verdict(doubtful.outcomes, verdict.halt, doubt=True)
            if self._closed:
                break
        assert doubtful is not None
        return doubtful

    async def _try(self, group: Group, request: Request, *, again: bool) -> Verdict:
        written = Written()
        try:
            answer = await self._wire.exchange(request, written)
        except UnsentError as problem:
            return _not_sent(group, Halt(str(problem), DOWN_RETRY_S, down=True))
        except LostError as problem:
            return lost(group, str(problem))
        except asyncio.CancelledError:  # by `close`, which awaits the outcomes
            return _not_sent(group, CLOSED) if written.surely_not else lost(group, "the gateway was closed meanwhile")
        return read_answer(self._settings, group, answer, again=again, now_s=time.time())

    def _learn(self, run: _Run, verdict: Verdict) -> None:
        """Stops the rest of the batch when the provider asks for it, is gone, or gives no clear answers."""
        if verdict.halt:
            run.halt = run.halt or verdict.halt
        unclear = verdict.doubt and not verdict.split
        self._doubts = self._doubts + 1 if unclear else 0
        if unclear and self._doubts >= DOUBTS_IN_A_ROW:
            words = verdict.outcomes[0].detail
            pause_s = min(2.0 ** (self._doubts - DOUBTS_IN_A_ROW), MOST_PAUSE_S)
            run.halt = run.halt or Halt(f"no clear answers from the provider ({words})", pause_s)
        self.trouble = run.halt


def _not_sent(group: Group, halt: Halt) -> Verdict:
    return Verdict(unsent(len(group), halt), halt)


class _Part(NamedTuple):
    """What a request is about. `doubted`: an earlier one with these messages was lost, and may have been taken."""

    group: Group
    doubted: bool = False


class _Run:
    """A batch on its way: what waits, what was begun, what is known."""

    def __init__(self, groups: Sequence[Group], count: int) -> None:
        self._parts = deque(_Part(group) for group in groups)
        self._outcomes: list[Outcome | None] = [None] * count
        self._begun: set[int] = set()
        self.halt: Halt | None = None

    @property
    def waiting(self) -> int:
        return len(self._parts)

    def next(self) -> _Part | None:
        return self._parts.popleft() if self._parts and not self.halt else None

    def put_back(self, part: _Part) -> None:
        self._parts.appendleft(part)

    def begun(self, part: _Part) -> None:
        self._begun.update(item.index for item in part.group)

    def settle(self, part: _Part, verdict: Verdict) -> None:
        if verdict.split:  # one bad message must not fail the others: halves are asked for on their own
            middle = len(part.group) // 2
            if not verdict.doubt:
                self._begun.difference_update(item.index for item in part.group)
            halves = (part.group[middle:], part.group[:middle])
            self._parts.extendleft(_Part(half, verdict.doubt) for half in halves)
            return
        for item, outcome in zip(part.group, verdict.outcomes, strict=True):
            self._outcomes[item.index] = outcome

    def finish(self) -> list[Outcome]:
        halt = self.halt or BROKEN
        (rest,) = unsent(1, halt)
        broken = Outcome(OutcomeKind.LOST, detail="the request was begun and not ended")
        outcomes = [
            outcome or (broken if index in self._begun else rest) for index, outcome in enumerate(self._outcomes)
        ]
        if halt.down and outcomes and all(outcome.kind is OutcomeKind.UNSENT for outcome in outcomes):
            raise GatewayDown(halt.detail, retry_after_s=halt.retry_after_s, permanent=halt.permanent)
        return outcomes
