"""Where a number's owner may be: time zones from the numbering plan's prefixes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from engine.countries.table import shipped

_BY_PREFIX: Final = cast("Mapping[str, tuple[str, ...]]", TIMEZONE_DATA)
_LONGEST: Final = TIMEZONE_LONGEST_PREFIX
PREFIXES_KEPT: Final = 65_536


def zones_of(country: str, msisdn: int) -> tuple[str, ...]:
    """The zones the owner of a number (E.164 digits) may be in, the likeliest first; never empty.

    Most countries have one. In the others the longest known prefix decides, as libphonenumber does; where it leaves
    several, the zone where most people of the country live comes first.
    """
    if len(_zones_of_country(country)) == 1:
        return _zones_of_country(country)
    return _by_prefix(country, str(msisdn)[:_LONGEST])


@lru_cache(maxsize=PREFIXES_KEPT)
def _by_prefix(country: str, digits: str) -> tuple[str, ...]:
    own = _zones_of_country(country)
    for width in range(len(digits), 0, -1):
        found = _BY_PREFIX.get(digits[:width])
        if found is not None:
            there = tuple(zone for zone in own if zone in found)
            # A prefix of one zone is believed under whatever name it has; one of several may reach beyond the country.
            return there or (found if len(found) == 1 and zone_exists(found[0]) else own)
    return own


@cache
def _zones_of_country(country: str) -> tuple[str, ...]:
    """All zones of a country, the one where most people live first."""
    main = shipped()[country].zone if country in shipped() else "UTC"
    others = (zone for zone in _table().get(country, ()) if zone != main and zone_exists(zone))
    return (main, *others)


@cache
def _table() -> Mapping[str, tuple[str, ...]]:
    """Country → zones, of the time zone database itself."""
    found: dict[str, tuple[str, ...]] = {}
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            found[code] = (*found.get(code, ()), zone)
    return found


@cache
def zone_exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
