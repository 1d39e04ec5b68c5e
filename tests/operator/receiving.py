"""Our side of a provider's posts: the product's receipts address on a loopback socket, served by uvicorn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from engine.api import receipt_routes
from tests.kit import wait_until

STOP_LIMIT_S: Final = 4.0


class Receiver:
    """Serves /receipts from entering to leaving. `engine` gives what has the hooks, None while there is none."""

    def __init__(self, engine: Callable[[], Any]) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            Starlette(routes=receipt_routes(engine)),
            lifespan="off", ws="none", http="h11", access_log=False, log_level="error",
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._before: set[threading.Thread] = set()
        self._thread = threading.Thread(
            target=lambda: self._server.run(sockets=[self._socket]), name="receiver", daemon=True
        )

    def __enter__(self) -> Receiver:
        self._before = set(threading.enumerate())
        self._thread.start()
        wait_until(lambda: self._server.started)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(STOP_LIMIT_S)
        for worker in set(threading.enumerate()) - self._before:
            if "AnyIO" in worker.name:  # they end with the loop, a moment later
                worker.join(STOP_LIMIT_S)
        self._socket.close()
