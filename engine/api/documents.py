"""GET /documents/{id}: a receipt, for the people of its account and for staff; 404 for everybody else.

The file is somebody's upload. It is sent with the type its first bytes had, may not be guessed to be another, runs
nothing (sandbox), and stays in no cache. A picture is shown in place; a PDF is saved, as its viewer needs scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.api.session import SESSION_COOKIE
from engine.app import Engine
from engine.errors import AccessError
from engine.topups import Document

DOCUMENTS_PATH: Final = "/documents"
MOST_DIGITS: Final = 18
"""Of an id; the database holds no larger ones."""
SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


def document_routes(engine: Callable[[], Engine | None]) -> list[Route]:
    """`engine` gives the open Engine, None before it is open."""

    async def document(request: Request) -> Response:
        found = await run_in_threadpool(
            _read, engine(), request.cookies.get(SESSION_COOKIE), request.path_params["document_id"]
        )
        if found is None:
            return PlainTextResponse("There is no such document.", 404, headers={"Cache-Control": "no-store"})
        shown = "inline" if found.media_type.startswith("image/") else "attachment"
        return Response(
            found.data,
            media_type=found.media_type,
            headers={
                "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(found.name, safe='')}",
                "Content-Security-Policy": SANDBOX,
                "Cross-Origin-Resource-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    return [Route(f"{DOCUMENTS_PATH}/{{document_id}}", document, methods=["GET"])]


def _read(engine: Engine | None, token: str | None, document_id: str) -> Document | None:
    """None for whoever may not see it, which is the same answer as for what is not there."""
    known = document_id.isascii() and document_id.isdigit() and len(document_id) <= MOST_DIGITS
    actor = engine.accounts.actor_of(token) if engine is not None and known else None
    if engine is None or actor is None:
        return None
    try:
        return engine.topups.document(actor, int(document_id))
    except AccessError:
        return None
