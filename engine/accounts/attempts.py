"""Named limits by the hour, counted in rows: they hold over restarts and for every process of one database."""

from __future__ import annotations

import ipaddress
from typing import Final

from engine.errors import AccessError
from engine.model import HOUR_US, MINUTE_US, Clock
from engine.store import Store

REGISTER: Final = "register"
JOIN: Final = "join"
PER_ADDRESS: Final = 5
"""Registrations of one client address in an hour."""
JOINS_PER_ADDRESS: Final = 20
"""Invitations accepted from one client address in an hour: a team that sits in one office."""
EVERYBODY: Final = "*"
IPV6_NETWORK: Final = 64
"""What one customer of a provider gets, so that a new address a time does not count as somebody else."""


def count(store: Store, clock: Clock, name: str, address: str | None, *, each: int, overall: int) -> None:
    """One more `name` from a client address, at most `each` an hour, and `overall` from all together.

    Addresses of this machine and of private networks (a proxy in front) are nobody's own and count overall only.
    Raises AccessError("too_many_attempts") and counts nothing.
    """
    now_us = clock.now_us()
    window_us = now_us - now_us % HOUR_US
    subject = _subject(address)
    limits = [(EVERYBODY, overall)] if subject is None else [(subject, each), (EVERYBODY, overall)]
    with store.transaction() as tx:
        tx.run("accounts.drop_old_attempts", window_us)
        for who, most in limits:
            if tx.one("accounts.count_attempt", name, who, window_us, most) is None:
                raise AccessError("too_many_attempts", minutes=-((now_us - window_us - HOUR_US) // MINUTE_US))


def _subject(address: str | None) -> str | None:
    """The client as it is counted; None when the address tells nobody apart."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if not found.is_global:
        return None
    if found.version == 6:
        return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
    return str(found)
