"""Asking for credit: the price while the amount is typed, the tiers, the bank details."""

from __future__ import annotations

import secrets
from html import escape
from typing import Final

import streamlit as st

from engine.errors import ImsError, InputError
from engine.model import MICRO
from engine.topups import MOST_CREDITS, BankDetails, PriceTable, TopupQuote, whole_credits
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import figures
from pages.ui.records import facts, heading
from pages.ui.registry import TOP_UP
from pages.ui.topups.words import tier_table, whole

PAGE: Final = "topup"
BY_CREDITS, BY_MONEY = "Credits", "Money"
AMOUNT, BY, KEY = f"{PAGE}-amount", f"{PAGE}-by", f"{PAGE}-key"
AMOUNT_LENGTH: Final = 20
KEY_BYTES: Final = 12


@st.fragment
def buy_form() -> None:
    """Amount, price and tiers beside each other; each keystroke draws only this."""
    actor = require(*TOP_UP.roles)
    prices = get_engine().topups.prices(actor)
    st.session_state.setdefault(BY, BY_CREDITS)
    st.session_state.setdefault(AMOUNT, "")
    st.session_state.setdefault(KEY, secrets.token_urlsafe(KEY_BYTES))
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(key="card-topup-buy"):
        heading("Buy credit")
        quote = _amount(prices)
        if quote is not None:
            _offer(prices, quote)
        _ask_button(prices, quote)
    with right, st.container(key="card-topup-tiers"):
        heading("Price by volume")
        tier_table(prices, reached=quote.tier.from_micro if quote else None)
        st.caption("The tier's price applies to all credits. Whole credits only.")


def _amount(prices: PriceTable) -> TopupQuote | None:
    """What is typed, as a quote; None with a word beside the field when there is none."""
    by = st.segmented_control("I want to enter", [BY_CREDITS, BY_MONEY], key=BY, required=True)
    example = whole(prices.tiers[-1].from_micro) if by == BY_CREDITS else "250.00"
    label = "Credits to buy" if by == BY_CREDITS else f"Money to spend, in {prices.currency.code}"
    typed = st.text_input(
        label, key=AMOUNT, placeholder=example, max_chars=AMOUNT_LENGTH, autocomplete="off", live=True
    )
    if not typed.strip():
        st.caption(f"At least {show.plural(prices.least_micro // MICRO, 'credit')}. The price shows while you type.")
        return None
    try:
        return _quote(prices, by or BY_CREDITS, typed)
    except InputError as error:
        refusal(error)
        return None


def _quote(prices: PriceTable, by: str, typed: str) -> TopupQuote:
    if by == BY_MONEY:
        return prices.for_money(prices.currency.minor(typed))
    credits_micro = whole_credits(typed)
    if credits_micro is None:
        raise InputError("topup_amount", least=whole(prices.least_micro), most=f"{MOST_CREDITS:,}")
    return prices.for_credits(credits_micro)


def _offer(prices: PriceTable, quote: TopupQuote) -> None:
    total = prices.currency.show(quote.total_minor)
    st.html(f'<p class="ims-amount">{escape(total)} <small>to transfer</small></p>')
    figures(
        (
            ("", "Credits", whole(quote.credits_micro)),
            ("", "Price per credit", prices.currency.show_price(quote.tier.price_micro)),
            ("", "Tier", f"from {show.plural(quote.tier.from_micro // MICRO, 'credit')}"),
        )
    )
    more = prices.cheaper(quote)
    if more is not None:
        amount, total = whole(more.credits_micro), prices.currency.show(more.total_minor)
        cost = "less" if more.total_minor < quote.total_minor else "no more"
        notice("info", f"{amount} credits cost {cost}: {total}.")
        st.button(f"Buy {amount} instead", key=f"{PAGE}-more", on_click=_take, args=(amount,))


def _take(amount: str) -> None:
    """The larger amount stands in the field."""
    st.session_state[BY], st.session_state[AMOUNT] = BY_CREDITS, amount


def _ask_button(prices: PriceTable, quote: TopupQuote | None) -> None:
    label = f"Ask for {whole(quote.credits_micro)} credits" if quote else "Ask for credit"
    pressed = st.button(label, type="primary", key=f"{PAGE}-ask", disabled=quote is None, width="stretch")
    st.caption("Nothing is charged here: you get a reference, transfer the money and upload the receipt.")
    help_link("top-up")
    if not pressed or quote is None:
        return
    actor = require(*TOP_UP.roles)
    try:
        request_id = get_engine().topups.request(
            actor, quote.credits_micro, price_version=prices.version, key=st.session_state[KEY]
        )
    except ImsError as error:
        refusal(error, "What you typed is kept.")
        return
    for name in (KEY, AMOUNT):
        del st.session_state[name]
    table.open_row(PAGE, request_id)
    leave_note("success", "Your request is made. Transfer the money with its reference, then upload the receipt.")
    st.rerun()


def bank_lines(bank: BankDetails) -> None:
    """Where to transfer to, with what is copied; staff's own words, shown as plain text."""
    if not bank.known:
        notice(
            "warning",
            "Staff have not entered their bank details yet.",
            f"Ask {get_engine().config.support} how to pay. You can make the request now.",
        )
        return
    st.caption("IBAN or account number")
    st.code(bank.account_number, language=None)
    facts({"Bank": bank.bank_name, "Account holder": bank.account_holder} | ({"Note": bank.hint} if bank.hint else {}))
