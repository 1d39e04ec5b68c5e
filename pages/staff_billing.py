"""Prices and bank details of top-ups: the administrator edits them, staff read them, every version is kept."""

from __future__ import annotations

import streamlit as st

from engine.model import OPERATOR_ROLES
from engine.topups import BankDetails, PriceTable
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.plain import plain_table, send_styles
from pages.ui.records import begin
from pages.ui.registry import STAFF_BILLING
from pages.ui.topups.price_editor import bank_card, prices_card
from pages.ui.topups.words import whole

actor = require(*OPERATOR_ROLES)
engine = get_engine()


def saved(who: str, at_us: int) -> str:
    return f"{show.when(at_us, actor.zone)} by {who}" if who else "with the installation"


def price_history(versions: list[PriceTable]) -> None:
    with st.expander(f"Versions of the prices ({len(versions)})", icon=":material/history:"):
        plain_table(
            ("No.", "Prices per credit", "Saved"),
            [
                (
                    str(prices.version),
                    " · ".join(
                        f"from {whole(tier.from_micro)}: {prices.currency.show_price(tier.price_micro)}"
                        for tier in prices.tiers
                    ),
                    saved(prices.member_name, prices.created_us),
                )
                for prices in versions
            ],
            label="Versions of the prices, newest first",
        )


def bank_history(versions: list[BankDetails]) -> None:
    if not versions:
        return
    with st.expander(f"Versions of the bank details ({len(versions)})", icon=":material/history:"):
        plain_table(
            ("No.", "Bank", "Account holder", "Account", "Saved"),
            [
                (
                    str(bank.version),
                    bank.bank_name,
                    bank.account_holder,
                    bank.account_number,
                    saved(bank.member_name, bank.created_us),
                )
                for bank in versions
            ],
            label="Versions of the bank details, newest first",
        )


begin(STAFF_BILLING.title)
send_styles()
left, right = st.columns(2, gap="medium")
with left:
    prices_card(actor, engine.topups.prices(actor))
with right:
    bank_card(actor, engine.topups.bank(actor))
price_history(engine.topups.price_history(actor))
bank_history(engine.topups.bank_history(actor))
