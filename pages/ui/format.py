"""Numbers, credits, times and countries as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.model import SECOND_US, format_credits, to_datetime
from engine.numbers import country_name

DATE_INPUT: Final = "YYYY-MM-DD"
"""Streamlit's fields for dates know orders of numbers only; this one is misread by nobody."""
NOTHING: Final = "—"
"""Shown where there is no value."""

_REGIONAL_A: Final = 0x1F1E6
_STEPS: Final = ((1_000_000_000, "B"), (1_000_000, "M"), (10_000, "k"))


def credits(amount_micro: int | None) -> str:  # noqa: A001 - the word of the product; nobody calls the interpreter's
    """1_234_500_000 → "1,234.50"; None → a dash."""
    return NOTHING if amount_micro is None else format_credits(amount_micro)


def signed_credits(amount_micro: int) -> str:
    """+12.00 or -3.50, for movements; with the minus sign that cells of tables have."""
    text = format_credits(abs(amount_micro))
    return f"-{text}" if amount_micro < 0 else f"+{text}"


def number(value: float | None, decimals: int = 0) -> str:
    """12345 → "12,345"."""
    return NOTHING if value is None else f"{value:,.{decimals}f}"


def compact(value: int) -> str:
    """12_345 → "12.3k", for axes and small cards; below 10,000 every digit."""
    for step, letter in _STEPS:
        if abs(value) >= step:
            unit = 1_000 if letter == "k" else step
            return f"{value / unit:.1f}".removesuffix(".0") + letter
    return f"{value:,}"


def percent(part: float, whole: float) -> str:
    """Of nothing there is no share: a dash, not 0%."""
    return NOTHING if not whole else f"{100 * part / whole:.1f}%"


def when(instant_us: int | None, zone: str, *, seconds: bool = False) -> str:
    """Epoch microseconds in the reader's zone → "22 Nov 2026, 14:05"."""
    if instant_us is None:
        return NOTHING
    local = local_time(instant_us, zone)
    return f"{local.day} {local:%b %Y, %H:%M:%S}" if seconds else f"{local.day} {local:%b %Y, %H:%M}"


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def local_time(instant_us: int, zone: str) -> datetime:
    """Aware datetime in the zone; UTC when the zone is not known here."""
    return to_datetime(instant_us).astimezone(zone_info(zone))


@cache
def zone_info(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def duration(length_us: int | None) -> str:
    """ "0.8 s", "42 s", "3 min 5 s", "2 h 10 min", "3 days"."""
    if length_us is None:
        return NOTHING
    if length_us < 10 * SECOND_US:
        return f"{length_us / SECOND_US:.1f} s"
    span = timedelta(microseconds=length_us)
    hours, rest = divmod(int(span.total_seconds()), 3_600)
    minutes, secs = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {secs} s" if secs else f"{minutes} min"
    return f"{secs} s"


def failed(row: Mapping[str, int]) -> str:
    """ "307 (97 of them expired)": failed is everything that did not arrive, as the dashboard counts it."""
    expired = f" ({row['expired']:,} of them expired)" if row["expired"] else ""
    return f"{row['failed'] + row['expired']:,}{expired}"


def flag(country: str) -> str:
    """ "AU" → 🇦🇺; empty for what is not a country code."""
    code = country.upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        return ""
    return "".join(chr(_REGIONAL_A + ord(letter) - ord("A")) for letter in code)


def country(code: str | None) -> str:
    """ "AU" → "🇦🇺 Australia"."""
    return f"{flag(code)} {country_name(code)}".strip() if code else NOTHING


def plural(count: int, one: str, many: str | None = None) -> str:
    """ "1 message", "1,200 messages"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
