"""The session cookie: set in exchange for a one-time ticket, taken away at sign-out.

Only these routes touch the cookie. It is HttpOnly, so no script can read it, and SameSite=Lax. Requests must carry a
header that a foreign site cannot send without asking first, and come from this origin.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.accounts.sessions import SESSION_US
from engine.app import Engine
from engine.errors import AccessError, ImsError
from engine.model import SECOND_US

SESSION_COOKIE: Final = "ims_session"
SESSION_PATH: Final = "/session"
REQUEST_HEADER: Final = "X-IMS-Request"
"""Any value: its presence proves that a script of this origin made the request."""
MOST_BODY_BYTES: Final = 4_096


def session_routes(engine: Callable[[], Engine | None]) -> list[Route]:
    """`POST /session {"ticket"}` signs a browser in, `DELETE /session` signs it out."""

    async def begin(request: Request) -> Response:
        found = engine()
        if found is None or not _is_own(request, found.config.public_url):
            return _refusal(AccessError("login_failed"))
        ticket = await _ticket(request)
        if ticket is None:
            return _refusal(AccessError("login_failed"))
        agent = request.headers.get("user-agent", "")
        try:
            token = await run_in_threadpool(found.accounts.redeem, ticket, agent)
        except ImsError as error:
            return _refusal(error)
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            SESSION_COOKIE,
            token,
            max_age=SESSION_US // SECOND_US,
            path="/",
            secure=found.config.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return response

    async def end(request: Request) -> Response:
        found = engine()
        if found is None or not _is_own(request, found.config.public_url):
            return _refusal(AccessError("login_failed"))
        await run_in_threadpool(found.accounts.sign_out, request.cookies.get(SESSION_COOKIE))
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.delete_cookie(
            SESSION_COOKIE, path="/", secure=found.config.secure_cookies, httponly=True, samesite="lax"
        )
        return response

    return [
        Route(SESSION_PATH, begin, methods=["POST"]),
        Route(SESSION_PATH, end, methods=["DELETE"]),
    ]


def _is_own(request: Request, public_url: str) -> bool:
    """Whether a page of this origin asks; a proxy may have put another Host than the public one."""
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host"), urlsplit(public_url).netloc}
    site = request.headers.get("sec-fetch-site", "same-origin")
    return (
        REQUEST_HEADER in request.headers
        and (origin is None or urlsplit(origin).netloc in hosts)
        and site == "same-origin"
    )


async def _ticket(request: Request) -> str | None:
    """The ticket of a small JSON body; None for anything else."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            return None
    try:
        given: Any = json.loads(bytes(body))
    except ValueError:
        return None
    ticket: Any = given.get("ticket") if isinstance(given, dict) else None  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]  # JSON of anyone
    return ticket if isinstance(ticket, str) else None


def _refusal(error: ImsError) -> JSONResponse:
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, 403, headers={"Cache-Control": "no-store"})
