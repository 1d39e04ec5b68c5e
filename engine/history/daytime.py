"""Local time where a number lives, by libphonenumber's zones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as number_zones

from engine.model import to_datetime

DAY_HOURS: Final = range(8, 21)
"""From 8:00 to before 21:00: when a message does not disturb."""


def outside_daytime(sent: Sequence[tuple[int, int]]) -> set[int]:
    """Which numbers (E.164 digits, instant in µs) were sent to outside the day of most zones they may be in."""
    return {msisdn for msisdn, at_us in sent if _is_night(msisdn, to_datetime(at_us))}


def _is_night(msisdn: int, at: datetime) -> bool:
    """A mobile of a country with several zones may be in any, remote islands included: most of them decide."""
    zones = zones_of(msisdn)
    nights = sum(at.astimezone(zone).hour not in DAY_HOURS for zone in zones)
    return 2 * nights > len(zones)


@lru_cache(4096)
def zones_of(msisdn: int) -> tuple[ZoneInfo, ...]:
    """Zones a number may be in; empty when they are not known."""
    try:
        number: Any = phonenumbers.parse(f"+{msisdn}")
    except phonenumbers.NumberParseException:
        return ()
    names = number_zones.time_zones_for_number(number)
    return tuple(zone for zone in map(_zone, names) if zone is not None)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # libphonenumber says Etc/Unknown where it knows none
        return None
