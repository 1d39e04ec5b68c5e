"""The server around the pages: opens and closes the Engine, HTTP routes, headers, the HTML the browser loads first."""

from __future__ import annotations

import base64
import gc
import hashlib
import importlib
import logging
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import BaseRoute, Route
from streamlit import config as config_of_server
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager

from engine import numbers
from engine.api import (
    SecurityHeaders,
    UploadsOfMembers,
    content_policy,
    document_routes,
    health_routes,
    receipt_routes,
    session_routes,
)
from engine.app import Engine
from engine.config import Config
from engine.errors import ImsError
from pages.ui import context, mended
from pages.ui.dashboard.maps import map_routes
from pages.ui.registry import PAGES, SETUP
from pages.ui.theme import ICON, PRODUCT

SWITCH_INTERVAL_S: Final = 0.0005
"""How long a thread keeps the interpreter lock: short, so that one heavy page does not hold up the others."""
WARM_MODULES: Final = ("pandas", "polars", "plotly.graph_objects", "pyarrow.compute", "streamlit_authenticator")
"""Imported before the first visitor, then frozen: they are never garbage and slow every collection."""
ICON_PATH: Final = "/ims-icon.svg"
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Engine and scheduler live as long as the server: started before any visitor, stopped cleanly by SIGTERM."""
    _log_to_stderr()
    engine = await run_in_threadpool(_open_engine)
    await run_in_threadpool(engine.start)
    context.set_engine(engine)
    _settle()
    _announce(engine)
    try:
        yield
    finally:
        context.set_engine(None)
        await run_in_threadpool(engine.stop)
        print(f"{PRODUCT} has stopped.", flush=True)  # noqa: T201 - said to whoever stops the server


def routes() -> list[BaseRoute]:
    """Health, the session cookie, and our own first page in place of Streamlit's."""
    _harden(_config())
    mended.mend()
    page = _index()

    async def index(_: Request) -> HTMLResponse:
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    async def icon(_: Request) -> FileResponse:
        return FileResponse(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    register_url_convertor("page", _PageName())
    addresses = ["/", *(f"/{entry.url_path}" for entry in PAGES), "/{name:page}"]
    return [
        *health_routes(context.engine_or_none),
        *session_routes(context.engine_or_none),
        *document_routes(context.engine_or_none),
        *receipt_routes(context.engine_or_none),
        *(Route(address, index, methods=["GET"]) for address in addresses),
        Route(ICON_PATH, icon, methods=["GET"]),
        *map_routes(),
    ]


class _PageName(StringConvertor):
    """An address that may be mistyped; what has a dot is a file of Streamlit's own."""

    regex = "[^/.]+"


def middleware() -> list[Middleware]:
    """Security headers on every response; files only from people who are signed in."""
    https = _config().secure_cookies
    return [
        Middleware(SecurityHeaders, policy=content_policy(_script_hashes(_index())), https=https),
        Middleware(UploadsOfMembers, engine=context.engine_or_none),
    ]


def _harden(config: Config) -> None:
    """Closes what Streamlit leaves open by default; each is tested in tests/browser/test_fresh_server.py."""
    # Otherwise, until the first visit, an address like /dashboard would run that file alone and list all files.
    PagesManager.uses_pages_directory = False
    # Asked for every connection of a foreign origin, it calls a server on the internet while everybody waits.
    net_util.get_external_ip = lambda: None
    # A proxy may put another Host header than the public one.
    config_of_server.set_option("server.corsAllowedOrigins", [config.public_url])


def _config() -> Config:
    """Settings with the address the server really listens on; refuses to start when one cannot be used."""
    try:
        config = Config.from_env()
    except ImsError as error:
        refuse_to_start(error)
    if os.environ.get("IMS_PUBLIC_URL", "").strip() or not config_of_server.is_manually_set("server.port"):
        return config
    port = int(config_of_server.get_option("server.port"))
    host = config_of_server.get_option("server.address") or config.host
    return replace(config, host=host, port=port, public_url=f"http://{host}:{port}")


def _open_engine() -> Engine:
    try:
        return Engine.open(_config())
    except ImsError as error:
        refuse_to_start(error)


def refuse_to_start(error: ImsError) -> NoReturn:
    """One sentence and exit code 1; an exception here would print the server's own traceback as well."""
    sys.stdout.flush()
    print(f"IMS cannot start: {error.message}", file=sys.stderr, flush=True)  # noqa: T201 - said to whoever starts it
    os._exit(1)


def _settle() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    numbers.warm()
    for name in WARM_MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _announce(engine: Engine) -> None:
    lines = [f"{PRODUCT} is ready: {engine.config.public_url}"]
    if engine.accounts.setup_needed():
        token = engine.accounts.setup_token()
        lines.append(f"Make the first administrator (once): {engine.config.public_url}/{SETUP.url_path}?token={token}")
    print("\n".join(lines), flush=True)  # noqa: T201 - said to whoever starts the server


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("engine", "pages"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.handlers = [handler]
        logger.propagate = False


def _index() -> str:
    """Streamlit's first page under our name: title and icon show before the application has loaded."""
    text = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'<link rel="service-desc"[^>]*/>\s*', "", text)
    text = re.sub(r"<title>.*?</title>", f"<title>{PRODUCT}</title>", text)
    text = re.sub(r'<link rel="shortcut icon"[^>]*/>', f'<link rel="shortcut icon" href=".{ICON_PATH}" />', text)
    return re.sub(
        r"<noscript>.*?</noscript>",
        "<noscript><p>Switch JavaScript on to use IMS.</p></noscript>",
        text,
        flags=re.DOTALL,
    )


def _script_hashes(page: str) -> list[str]:
    """What the content policy must name for the page's own inline scripts."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"sha256-{base64.b64encode(digest).decode('ascii')}" for digest in digests]
