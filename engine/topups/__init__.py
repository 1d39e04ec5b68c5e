"""Credit for money: prices by volume, requests with receipts, approval, and what staff book without a request."""

from __future__ import annotations

from engine.topups.booking import Booking
from engine.topups.documents import MOST_DOCUMENTS, Document, Documents
from engine.topups.files import MOST_BYTES
from engine.topups.money import (
    MOST_CREDITS,
    MOST_TIERS,
    Currency,
    PriceTable,
    Tier,
    TierFault,
    TopupQuote,
    tiers_of,
    whole_credits,
)
from engine.topups.prices import BankDetails, Prices
from engine.topups.requests import OPEN_STATES, Requests, RequestState, currency_of

__all__ = [
    "MOST_BYTES",
    "MOST_CREDITS",
    "MOST_DOCUMENTS",
    "MOST_TIERS",
    "OPEN_STATES",
    "BankDetails",
    "Currency",
    "Document",
    "PriceTable",
    "RequestState",
    "Tier",
    "TierFault",
    "TopupQuote",
    "Topups",
    "currency_of",
    "tiers_of",
    "whole_credits",
]


class Topups(Booking, Prices, Requests, Documents):
    """Everything about credit for money. Every call checks role and account itself."""
