"""A route as it is now, and a new one as an administrator enters it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from engine.content import ContentRules
from engine.gateways import safe_url
from engine.model import ChargeOn, CountRule, format_credits

EVERYWHERE: Final = "*"
NAME_LENGTH: Final = 40
DEFAULT_BATCH: Final = 2_500
"""Messages claimed at once: what is in doubt after a crash is at most this many per route."""
MOST_BATCH: Final = 5_000
MOST_THROUGHPUT: Final = 100_000
"""Parts per second; far above what any operator grants one customer."""
SENDER_LEAST: Final = 3
SENDER_MOST: Final = 11


@dataclass(frozen=True, slots=True)
class Route:
    """A route as it is now. `prices` are micro-credits per SMS by country, `*` the default."""

    id: int
    name: str
    gateway: str
    supports_sender: bool
    sender_max: int
    charge_on: ChargeOn
    count_rule: CountRule
    rules: ContentRules
    countries: frozenset[str] | None
    throughput: int
    batch: int
    enabled: bool
    is_default: bool
    price_version: int
    prices: Mapping[str, int]
    down_since_us: int | None
    last_error: str | None
    takeover_id: int | None = None
    """The route that takes over when this one cannot send; None: nobody does."""
    takeover_after_s: int | None = None
    """Seconds of being down after which it does; None: never for that."""
    takeover_below: int | None = None
    """The share of successes, in percent, below which it does; None: never for that."""
    taken_over_us: int | None = None
    """Since when it has; None: this route sends itself."""
    taken_over_why: str | None = None

    @property
    def gateway_safe(self) -> str:
        return safe_url(self.gateway)

    @property
    def display_name(self) -> str:
        """Such as `Premium · SID · 1.20 credit/SMS`, a range when the price varies by country."""
        price = price_words(self.prices)
        return " · ".join([self.name, *(["SID"] if self.supports_sender else []), f"{price} credit/SMS"])

    def price_micro(self, country: str) -> int:
        return self.prices.get(country, self.prices[EVERYWHERE])

    def with_prices(self, prices: Mapping[str, int]) -> Route:
        """The route as it would be with other prices."""
        return replace(self, prices=prices)

    def reaches(self, country: str) -> bool:
        return self.countries is None or country in self.countries


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoute:
    """What an administrator enters. `countries` None means everywhere that is served."""

    name: str
    gateway: str
    prices: Mapping[str, int]
    supports_sender: bool = False
    sender_max: int = 10
    charge_on: ChargeOn = ChargeOn.DELIVERED
    count_rule: CountRule = CountRule.MISSION
    rules: ContentRules = field(default_factory=ContentRules)
    countries: frozenset[str] | None = None
    throughput: int = 0
    """Parts per second; 0 is as fast as the gateway takes them."""
    batch: int = DEFAULT_BATCH
    enabled: bool = True
    is_default: bool = False


def price_words(prices: Mapping[str, int]) -> str:
    """ "1.20", or "0.80–1.20" when the price varies by country."""
    low, high = min(prices.values()), max(prices.values())
    return format_credits(low) if low == high else f"{format_credits(low)}–{format_credits(high)}"
