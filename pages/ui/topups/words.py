"""Looks and pieces that customers and staff see alike: states, receipts, amounts of money."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Final

import polars as pl
import streamlit as st

from engine.api.documents import DOCUMENTS_PATH
from engine.cases import About
from engine.model import format_credits
from engine.store import Row, Rows
from engine.topups import OPEN_STATES, Currency, PriceTable, RequestState, currency_of
from pages.ui import table
from pages.ui.plain import plain_table
from pages.ui.registry import SUPPORT
from pages.ui.status import Look, Looks
from pages.ui.theme import ASSETS

HALF: Final = "half_approved"
"""Shown for an open request that has the first of two approvals."""

LOOKS: Final[Looks] = {
    RequestState.REQUESTED: Look(
        "Waiting for your transfer", "gray", ":material/hourglass_top:", "Transfer the money and upload the receipt."
    ),
    RequestState.RECEIPT_UPLOADED: Look(
        "Being checked", "blue", ":material/receipt_long:", "Staff compare the receipt with what has arrived."
    ),
    HALF: Look(
        "Second approval", "violet", ":material/how_to_reg:", "One member of staff has approved; a second one must."
    ),
    RequestState.APPROVED: Look("Credited", "green", ":material/check_circle:", "The credit is on the account."),
    RequestState.REJECTED: Look("Rejected", "red", ":material/block:", "Nothing was credited; the reason is given."),
    RequestState.WITHDRAWN: Look("Withdrawn", "gray", ":material/undo:", "Taken back; nothing was credited."),
}
STAFF_LOOKS: Final[Looks] = {
    **LOOKS,
    RequestState.REQUESTED: Look("No receipt yet", "gray", ":material/hourglass_top:", "The customer has to transfer."),
    RequestState.RECEIPT_UPLOADED: Look("To check", "orange", ":material/receipt_long:", "The receipt is there."),
}


def begin_styles() -> None:
    """The style sheet of these pages; it takes no room on the page."""
    st.html(_style_tag())


@cache
def _style_tag() -> str:
    return f"<style>{(ASSETS / 'topups.css').read_text(encoding='utf-8')}</style>"


def state_of(row: Row) -> str:
    """The state a request is shown in."""
    return HALF if is_open(row) and row["first_approver"] is not None else row["state"]


def is_open(row: Row) -> bool:
    return row["state"] in OPEN_STATES


def whole(credits_micro: int) -> str:
    """1_000_000_000 → "1,000": requests are of whole credits."""
    return format_credits(credits_micro, least_decimals=0)


def money(row: Row) -> str:
    """What a request costs, such as "45.00 USD"."""
    return currency_of(row).show(row["total_minor"])


def price(row: Row) -> str:
    return currency_of(row).show_price(row["price_micro"])


def request_columns(looks: Looks) -> list[table.Column]:
    """What every list of requests begins with; rows need `look` (see `with_looks`)."""
    return [
        table.text("Reference", lambda row: row["reference"]),
        table.chip("Status", looks, "look"),
        table.number("Credits", lambda row: row["credits_micro"] // 1_000_000),
        table.Column("To pay", money, pl.String, lambda _: st.column_config.TextColumn("To pay", alignment="right")),
    ]


def with_looks(rows: Rows) -> Rows:
    return [row | {"look": state_of(row)} for row in rows]


def tier_table(prices: PriceTable, *, reached: int | None = None) -> None:
    """The price by volume; the tier beginning at `reached` is marked, in words too."""
    lines: list[Sequence[str]] = []
    costs = aligned_prices(prices.currency, [tier.price_micro for tier in prices.tiers])
    for place, (tier, cost) in enumerate(zip(prices.tiers, costs, strict=True)):
        following = prices.tiers[place + 1].from_micro - 1_000_000 if place + 1 < len(prices.tiers) else None
        span = f"{whole(tier.from_micro)} – {whole(following)}" if following else f"{whole(tier.from_micro)} or more"
        mark = " ✓ your amount" if tier.from_micro == reached else ""  # in the first column: the prices stay in place
        lines.append((span + mark, f"{cost} {prices.currency.code}"))
    plain_table(("Credits", "Price per credit"), lines, label="Price per credit by volume")


def aligned_prices(currency: Currency, prices_micro: Sequence[int]) -> list[str]:
    """Prices below each other with as many decimals as the longest: 0.045, 0.040."""
    texts = [currency.price_text(price_micro) for price_micro in prices_micro]
    most = max((len(text.partition(".")[2]) for text in texts), default=0)
    return [_padded(text, most) for text in texts]


def _padded(text: str, decimals: int) -> str:
    whole_part, _, fraction = text.partition(".")
    return f"{whole_part}.{fraction.ljust(decimals, '0')}" if decimals else whole_part


def show_documents(documents: Rows, *, large: bool = False) -> None:
    """Pictures in place, each opening in full; a PDF as a link that saves it. Names are users' texts."""
    pieces: list[str] = []
    for document in documents:
        name, address = escape(document["name"]), f"{DOCUMENTS_PATH}/{document['id']}"
        size = f"{document['size_bytes'] / 1024:,.0f} KB"
        if document["media_type"].startswith("image/"):
            inner = f'<img src="{address}" alt="Receipt {name}" loading="lazy"><span>{name} · {size}</span>'
        else:
            inner = f"<b>PDF</b><span>{name} · {size} · open</span>"
        pieces.append(f'<a href="{address}" target="_blank" rel="noopener">{inner}</a>')
    st.html(f'<div class="ims-receipts{" large" if large else ""}">{"".join(pieces)}</div>')


def wrong_balance_link() -> None:
    """Opens a case with staff about the balance."""
    query = {"about": About.BALANCE.value}
    st.page_link(str(SUPPORT.path), label="Report a wrong balance", icon=SUPPORT.icon, query_params=query)
