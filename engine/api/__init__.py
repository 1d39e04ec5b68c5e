"""HTTP beside the pages: health, session cookie, documents, providers' receipts, security headers. Never SQL."""

from __future__ import annotations

from engine.api.documents import document_routes
from engine.api.health import health_routes
from engine.api.security import SecurityHeaders, content_policy
from engine.api.session import SESSION_COOKIE, session_routes
from engine.api.uploads import UploadsOfMembers
from engine.api.webhooks import receipt_routes

__all__ = [
    "SESSION_COOKIE",
    "SecurityHeaders",
    "UploadsOfMembers",
    "content_policy",
    "document_routes",
    "health_routes",
    "receipt_routes",
    "session_routes",
]
