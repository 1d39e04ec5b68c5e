"""POST (or GET) /receipts/{route}/{secret}: what HTTP providers tell us of messages, and what phones send.

Answered only when it is durable; a provider keeps what is answered otherwise, and comes again. No session belongs to
it: the secret in the address, and the provider's signature where it has one, say who it is. Neither is ever logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from engine.app import Engine
from engine.hooks import NOT_FOUND, NOT_KEPT, RECEIPTS_PATH, RETRY_AFTER_S, UNREADABLE, Reply

MOST_BODY_BYTES: Final = 1_048_576
BODY_WAIT_S: Final = 15.0
MOST_AT_ONCE: Final = 64
"""Posts in work, apart from the threads that pages and health checks use."""
MOST_WAITING: Final = 400
"""Posts that have arrived and wait for a thread; more are asked to come back."""
TOO_LARGE: Final = 413


def receipt_routes(engine: Callable[[], Engine | None]) -> list[Route]:
    """`engine` gives the open Engine, None before it is open."""
    limiters: list[CapacityLimiter] = []
    waiting = 0

    async def receipts(request: Request) -> Response:
        nonlocal waiting
        found = engine()
        if found is None or waiting >= MOST_WAITING:
            return _response(Reply(NOT_KEPT, RETRY_AFTER_S))
        route, secret = request.path_params["route"], request.path_params["secret"]
        if not found.hooks.is_known(route, secret):
            return _response(Reply(NOT_FOUND))
        waiting += 1
        try:
            body = await _body(request)
            if isinstance(body, Reply):
                return _response(body)
            if not limiters:
                limiters.append(CapacityLimiter(MOST_AT_ONCE))  # belongs to the running loop
            headers = {name.lower(): value for name, value in request.headers.items()}
            take = partial(found.hooks.take, route, secret, headers=headers, query=request.url.query, body=body)
            return _response(await to_thread.run_sync(take, limiter=limiters[0]))
        finally:
            waiting -= 1

    return [Route(f"{RECEIPTS_PATH}/{{route}}/{{secret}}", receipts, methods=["GET", "POST"])]


async def _body(request: Request) -> bytes | Reply:
    """The whole body, or why it is not read to its end."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY_BYTES:
                    return Reply(TOO_LARGE)
    except (ClientDisconnect, TimeoutError):
        return Reply(UNREADABLE)
    return bytes(body)


def _response(reply: Reply) -> Response:
    """Without a body: some providers would send one back to the phone."""
    headers = {"Cache-Control": "no-store"}
    if reply.retry_after_s:
        headers["Retry-After"] = str(reply.retry_after_s)
    return Response(status_code=reply.status, headers=headers)
