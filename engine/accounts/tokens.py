"""Random tokens: what a person or a browser holds, and the hash that the database keeps. Pure."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

TOKEN_BYTES: Final = 32
MOST_TOKEN: Final = 128
"""Longer ones are nobody's and are not even hashed."""


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What the database keeps of a token, ticket or link, so that a copy of it lets nobody in."""
    return hashlib.sha256(token[:MOST_TOKEN].encode("utf-8", "surrogatepass")).hexdigest()
