"""One asyncio loop in a thread of its own that all SMPP gateways of a process share; it ends with the last of them."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVarTuple

log = logging.getLogger(__name__)

Arguments = TypeVarTuple("Arguments")

STOP_LIMIT_S: Final = 2.0
MOST_ADDRESSES: Final = 4
"""Of one host name; more than these are not tried."""


class SharedLoop:
    """A running loop. `acquire` one, use it from any thread, `release` it once."""

    _lock: Final = threading.Lock()
    _current: SharedLoop | None = None

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._users = 0
        self._thread = threading.Thread(target=self._run, name="smpp", daemon=True)
        self._thread.start()

    @classmethod
    def acquire(cls) -> SharedLoop:
        with cls._lock:
            shared = cls._current = cls._current or cls()
            shared._users += 1  # noqa: SLF001 - of its own kind
            return shared

    def release(self) -> None:
        """The last one to release stops the thread, and returns when it has ended."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            SharedLoop._current = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_LIMIT_S)

    def call(self, job: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Runs it on the loop soon; returns at once."""
        self._loop.call_soon_threadsafe(job, *arguments)

    def start(self, job: Coroutine[Any, Any, None]) -> Future[None]:
        """Begins a coroutine on the loop; the future ends with it."""
        return asyncio.run_coroutine_threadsafe(job, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(_cancel_rest())
            self._loop.close()


async def _cancel_rest() -> None:
    """Every gateway has closed what it opened; what is left here was left by a fault."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        log.error("left running on the SMPP loop: %s", task.get_name())
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def addresses_of(host: str, port: int) -> list[str]:
    """The IP addresses of a host name. Raises OSError when it has none.

    The name server is asked in a daemon thread of its own: the loop's executor would keep a process from ending for as
    long as a name server does not answer.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def tell(addresses: list[str] | OSError) -> None:
        if found.done():
            return
        if isinstance(addresses, OSError):
            found.set_exception(addresses)
        else:
            found.set_result(addresses)

    def ask() -> None:
        answer: list[str] | OSError
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer = [str(entry[4][0]) for entry in entries][:MOST_ADDRESSES]
        except OSError as problem:
            answer = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, answer)

    threading.Thread(target=ask, name="smpp-names", daemon=True).start()
    return await found
