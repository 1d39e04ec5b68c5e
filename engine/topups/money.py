"""What credits cost: currencies, volume tiers and quotes, in whole numbers only. Pure.

Money is integer minor units (cents). The price of one credit is `price_micro`, millionths of a minor unit, so that
0.0375 USD is exactly 3_750_000.

Rounding, everywhere: credits are bought whole, and their price is rounded **up** to the next minor unit. For an
amount of money one gets the most whole credits whose price, so rounded, is not above it; what cannot be spent is not
asked for. The tier that an amount of credits reaches prices all of them, not only those above its threshold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from engine.errors import InputError
from engine.model import MICRO, format_credits

PRICE_MICRO: Final = 1_000_000
"""Parts of a minor unit in which the price of one credit is kept."""
PRICE_DECIMALS: Final = 6
MOST_PRICE_MICRO: Final = 10**12
"""A credit for 10,000.00: no price is higher."""
MOST_CREDITS: Final = 100_000_000
"""Most credits of one request."""
MOST_MINOR: Final = 10**15
MOST_TIERS: Final = 20
OTHER_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Currencies whose minor unit is not a hundredth (ISO 4217)."""

_NUMBER: Final = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.([0-9]{1,9}))?")
_CODE: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Currency:
    """`decimals`: how many digits of the minor unit follow the point."""

    code: str
    decimals: int

    @classmethod
    def of(cls, code: str) -> Currency:
        """Raises InputError for what is not three letters."""
        plain = code.strip().upper()
        if not _CODE.fullmatch(plain):
            raise InputError("invalid", field="Currency", problem="not a code.", remedy="Use three letters, as USD.")
        return cls(plain, OTHER_DECIMALS.get(plain, 2))

    def show(self, minor: int) -> str:
        """123_450 → "1,234.50 USD"."""
        return f"{_decimal(minor, self.decimals, self.decimals)} {self.code}"

    def show_price(self, price_micro: int) -> str:
        """4_500_000 → "0.045 USD": every digit there is."""
        return f"{self.price_text(price_micro)} {self.code}"

    def price_text(self, price_micro: int) -> str:
        return _decimal(price_micro, self.decimals + PRICE_DECIMALS, self.decimals)

    def minor(self, text: str) -> int:
        """ "1,234.5" → 123_450. Raises InputError for anything that could mean another amount."""
        found = _digits(text, self.decimals)
        if found is None or not 0 < found <= MOST_MINOR:
            raise InputError("topup_money", money=_quoted(text), decimals=self.decimals)
        return found

    def price(self, text: str) -> int:
        """ "0.045" → 4_500_000 (price_micro). Raises InputError."""
        found = _digits(text, self.decimals + PRICE_DECIMALS)
        if found is None or not 0 < found <= MOST_PRICE_MICRO:
            raise InputError("topup_price", price=_quoted(text), decimals=self.decimals + PRICE_DECIMALS)
        return found


@dataclass(frozen=True, slots=True)
class Tier:
    """From `from_micro` credits on, each costs `price_micro`."""

    from_micro: int
    price_micro: int


@dataclass(frozen=True, slots=True)
class TopupQuote:
    """What `credits_micro` cost under a version of the prices."""

    credits_micro: int
    total_minor: int
    tier: Tier
    currency: Currency
    price_version: int


@dataclass(frozen=True, slots=True)
class PriceTable:
    """One version of the tiers, the smallest amount first. `member_name` is empty for the first one, which nobody
    has chosen: it came with the installation."""

    version: int
    currency: Currency
    tiers: tuple[Tier, ...]
    created_us: int = 0
    member_name: str = ""

    @property
    def least_micro(self) -> int:
        """The smallest amount that can be asked for: where the first tier begins."""
        return self.tiers[0].from_micro

    def for_credits(self, credits_micro: int) -> TopupQuote:
        """Raises InputError("topup_amount") for parts of a credit, too few or too many."""
        if credits_micro % MICRO or not self.least_micro <= credits_micro <= MOST_CREDITS * MICRO:
            raise InputError("topup_amount", least=_whole(self.least_micro), most=f"{MOST_CREDITS:,}")
        tier = max((tier for tier in self.tiers if tier.from_micro <= credits_micro), key=lambda tier: tier.from_micro)
        total_minor = cost_minor(credits_micro, tier.price_micro)
        return TopupQuote(credits_micro, total_minor, tier, self.currency, self.version)

    def for_money(self, money_minor: int) -> TopupQuote:
        """The most credits for at most this money. Raises InputError("topup_little") when it buys too few."""
        affordable = [
            credits_micro
            for tier in self.tiers
            if (credits_micro := most_credits(money_minor, tier.price_micro)) >= tier.from_micro
        ]
        if not affordable:
            least = self.for_credits(self.least_micro)
            raise InputError(
                "topup_little",
                money=self.currency.show(money_minor),
                least=_whole(least.credits_micro),
                least_money=self.currency.show(least.total_minor),
            )
        return self.for_credits(max(affordable))

    def cheaper(self, quote: TopupQuote) -> TopupQuote | None:
        """More credits that cost no more than the quote, because they begin a cheaper tier."""
        larger = (self.for_credits(tier.from_micro) for tier in self.tiers if tier.from_micro > quote.credits_micro)
        return max(
            (more for more in larger if more.total_minor <= quote.total_minor),
            key=lambda more: more.credits_micro,
            default=None,
        )


@dataclass(frozen=True, slots=True)
class TierFault:
    """What is wrong with a row (from 0) of an edited table, as a sentence."""

    row: int
    sentence: str


def cost_minor(credits_micro: int, price_micro: int) -> int:
    """Rounded up: the operator is never a fraction short, the customer never a whole minor unit over."""
    return -(-credits_micro * price_micro // (MICRO * PRICE_MICRO))


def most_credits(money_minor: int, price_micro: int) -> int:
    """Whole credits (in micro-credits) that `money_minor` pays for at a price, at most MOST_CREDITS."""
    return min(money_minor * PRICE_MICRO // price_micro, MOST_CREDITS) * MICRO


def tiers_of(rows: Sequence[tuple[str, str]], currency: Currency) -> tuple[tuple[Tier, ...], list[TierFault]]:
    """Typed rows (from credits, price per credit) → tiers in order, and what is wrong row by row.

    With any fault the tiers are not to be used.
    """
    faults: list[TierFault] = []
    found: list[tuple[int, Tier]] = []
    for place, (least, price) in enumerate(rows):
        try:
            found.append((place, Tier(_from_micro(least), currency.price(price))))
        except InputError as error:
            faults.append(TierFault(place, error.message))
    if not rows or len(rows) > MOST_TIERS:
        faults.append(TierFault(0, f"A price table has 1 to {MOST_TIERS} tiers."))
    found.sort(key=lambda pair: pair[1].from_micro)
    for (_, smaller), (place, larger) in pairwise(found):
        amount = _whole(larger.from_micro)
        if larger.from_micro == smaller.from_micro:
            faults.append(TierFault(place, f"Two tiers begin at {amount} credits. Keep one of them."))
        elif larger.price_micro >= smaller.price_micro:
            faults.append(
                TierFault(place, f"From {amount} credits on the price must be below that of the tier before. Lower it.")
            )
    return tuple(tier for _, tier in found), sorted(faults, key=lambda fault: fault.row)


def _from_micro(text: str) -> int:
    found = _digits(text, 0)
    if found is None or not 1 <= found <= MOST_CREDITS:
        raise InputError("topup_from", value=_quoted(text), most=f"{MOST_CREDITS:,}")
    return found * MICRO


def whole_credits(text: str) -> int | None:
    """ "1,000" → micro-credits; None for what is not a whole number."""
    found = _digits(text, 0)
    return None if found is None else found * MICRO


def _digits(text: str, decimals: int) -> int | None:
    """A written number in units of its last allowed decimal; None when it cannot be read exactly."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or len((match[1] or "").rstrip("0")) > decimals:
        return None
    return int(Decimal(text.strip().replace(",", "")).scaleb(decimals))


def _decimal(value: int, places: int, least: int) -> str:
    whole, rest = divmod(value, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0").ljust(least, "0") if places else ""
    return f"{whole:,}.{decimals}" if decimals else f"{whole:,}"


def _whole(credits_micro: int) -> str:
    return format_credits(credits_micro, least_decimals=0)


def _quoted(text: str) -> str:
    return f"“{text.strip()[:40]}”"
