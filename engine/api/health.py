"""GET /healthz for supervisors and load balancers: 200 when database and scheduler work, else 503."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.app import Engine

log = logging.getLogger(__name__)


def health_routes(engine: Callable[[], Engine | None]) -> list[Route]:
    """`engine` gives the open Engine, None before it is open."""

    async def healthz(_: Request) -> JSONResponse:
        state = await run_in_threadpool(_state, engine())
        return JSONResponse(state, 200 if state["ok"] else 503, headers={"Cache-Control": "no-store"})

    return [Route("/healthz", healthz, methods=["GET"])]


def _state(engine: Engine | None) -> dict[str, object]:
    if engine is None:
        return {"ok": False, "starting": True}
    try:
        return engine.health()
    except Exception:
        # Whatever is broken, a supervisor must get an answer it can act on.
        log.exception("the health check failed")
        return {"ok": False, "failed": True}
