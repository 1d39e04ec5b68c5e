"""Files come from people who are signed in: the user interface would take and keep them from anybody."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.api.session import SESSION_COOKIE
from engine.app import Engine

UPLOADS: Final = "/_stcore/upload_file"


class UploadsOfMembers:
    """Middleware; answers 403 to files without a session, before a byte of them is read."""

    def __init__(self, app: ASGIApp, *, engine: Callable[[], Engine | None]) -> None:
        self._app = app
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] != "OPTIONS" and UPLOADS in scope["path"]
        if asked and not await self._is_member(HTTPConnection(scope).cookies.get(SESSION_COOKIE, "")):
            await Response(status_code=HTTPStatus.FORBIDDEN)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _is_member(self, token: str) -> bool:
        engine = self._engine()
        return engine is not None and await run_in_threadpool(engine.accounts.actor_of, token) is not None
