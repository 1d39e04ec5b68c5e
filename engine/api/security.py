"""Security headers on every response, added without touching its body (pure ASGI, so streams stay streams)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS: Final = "max-age=31536000"


def content_policy(script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy: everything from this origin, nothing from elsewhere, never in a frame.

    `script_hashes` are of the page's own inline scripts ("sha256-…"). The user interface compiles charts
    ('unsafe-eval') and loads components from blob: addresses; styles are set inline by its widgets.
    """
    hashes = " ".join(f"'{digest}'" for digest in script_hashes)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Middleware; `policy` from `content_policy`, `https` adds Strict-Transport-Security."""

    def __init__(self, app: ASGIApp, *, policy: str, https: bool) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }
        if https:
            self._headers["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get("Content-Security-Policy", "")
                for name, value in self._headers.items():
                    headers[name] = value
                if "sandbox" in own:  # a route's own policy, where it is stricter than that of pages
                    headers["Content-Security-Policy"] = own
            await send(message)

        await self._app(scope, receive, send_with_headers)
