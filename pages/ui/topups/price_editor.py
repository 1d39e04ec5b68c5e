"""The administrator's editors of prices and bank details; staff read the same."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from engine.errors import ImsError
from engine.model import Actor, Role
from engine.topups import MOST_TIERS, BankDetails, Currency, PriceTable, tiers_of
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import plain_table
from pages.ui.records import facts, heading
from pages.ui.topups.words import aligned_prices, tier_table, whole

PAGE: Final = "billing"
FROM, PRICE = "From credits", "Price per credit"
SAVING: Final = f"{PAGE}-saving"
"""Prices that wait for their confirmation: (based on version, currency, rows)."""
Rows = list[tuple[str, str]]


def prices_card(actor: Actor, prices: PriceTable) -> None:
    with st.container(key="card-billing-prices"):
        heading("Price by volume")
        if not prices.member_name:
            notice(
                "warning",
                "These are the prices of a fresh installation; nobody has confirmed them.",
                "Put in your own and save, before customers ask for credit.",
            )
        if actor.role is Role.ADMIN:
            _editor(prices)
        else:
            tier_table(prices)
            st.caption("Only an administrator changes prices.")


def _editor(prices: PriceTable) -> None:
    version = prices.version
    code = st.text_input("Currency", value=prices.currency.code, max_chars=3, key=f"{PAGE}-currency-{version}")
    edited: Any = st.data_editor(
        pl.DataFrame(
            {
                FROM: [whole(tier.from_micro) for tier in prices.tiers],
                PRICE: _price_texts(prices),
            },
            schema={FROM: pl.String, PRICE: pl.String},
        ),
        key=f"{PAGE}-tiers-{version}",
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        column_config={
            FROM: st.column_config.TextColumn(FROM, required=True, help="Whole credits; the first row is the least."),
            PRICE: st.column_config.TextColumn(PRICE, required=True, help="Such as 0.045; up to six decimals more."),
        },
    )
    st.caption(f"Add a row below the last one; tick rows to delete them. At most {MOST_TIERS}.")
    rows = typed_rows(edited)
    sound = _faults(code, rows)
    changed = code.strip().upper() != prices.currency.code or rows != _rows_of(prices)
    unconfirmed = not prices.member_name
    if sound and not changed and not unconfirmed:
        st.caption("Nothing is changed yet: edit a row or the currency first.")
    if st.button(
        "Review and save", type="primary", key=f"{PAGE}-save", disabled=not (sound and (changed or unconfirmed))
    ):
        st.session_state[SAVING] = (version, code, rows)
    waiting = st.session_state.get(SAVING)
    if waiting is not None and waiting[0] == version:
        st.dialog("Save these prices?", on_dismiss=close)(_confirmation)(*waiting)


def typed_rows(edited: Any) -> Rows:
    """The editor's rows as typed; rows in which nothing is typed are left out."""
    frame = edited if isinstance(edited, pl.DataFrame) else pl.from_pandas(edited)
    pairs = [(str(least or "").strip(), str(price or "").strip()) for least, price in frame.iter_rows()]
    return [pair for pair in pairs if any(pair)]


def _rows_of(prices: PriceTable) -> Rows:
    return [(whole(tier.from_micro), text) for tier, text in zip(prices.tiers, _price_texts(prices), strict=True)]


def _price_texts(prices: PriceTable) -> list[str]:
    return aligned_prices(prices.currency, [tier.price_micro for tier in prices.tiers])


def _faults(code: str, rows: Rows) -> bool:
    """Says what is wrong, row by row; True when nothing is."""
    try:
        currency = Currency.of(code)
    except ImsError as error:
        refusal(error)
        return False
    _, faults = tiers_of(rows, currency)
    for fault in faults:
        notice("error", f"Row {fault.row + 1}: {fault.sentence}")
    return not faults


def close() -> None:
    """No prices wait for their confirmation any more."""
    st.session_state.pop(SAVING, None)


def _confirmation(version: int, code: str, rows: Rows) -> None:
    currency = Currency.of(code)
    tiers, _ = tiers_of(rows, currency)
    texts = aligned_prices(currency, [tier.price_micro for tier in tiers])
    plain_table(
        ("From credits", "Price per credit", "1,000 credits"),
        [
            (
                whole(tier.from_micro),
                f"{text} {currency.code}",
                currency.show(-(-tier.price_micro * 1_000 // 1_000_000)),
            )
            for tier, text in zip(tiers, texts, strict=True)
        ],
        label="The new prices",
    )
    st.text(f"New requests have these prices (no. {version + 1}). Requests that exist keep theirs.")
    if foot("Save", key=f"{PAGE}-save-now", back=close):
        try:
            get_engine().topups.set_prices(require(Role.ADMIN), code, rows, based_on=version)
        except ImsError as error:
            refusal(error, "Nothing was saved.")
            return
        close()
        leave_note("success", "The new prices are in force.")
        st.rerun()


def bank_card(actor: Actor, bank: BankDetails) -> None:
    if actor.role is Role.ADMIN:
        _bank_form(bank)
        return
    with st.container(key="card-billing-bank"):
        _bank_head(bank)
        facts({label: value or "—" for label, value in _bank_lines(bank)})
        st.caption("Only an administrator changes bank details.")


def _bank_head(bank: BankDetails) -> None:
    heading("Bank details")
    if not bank.known:
        notice("warning", "No bank details yet.", "Customers see them on their page “Top up” once they are saved.")


def _bank_form(bank: BankDetails) -> None:
    version = bank.version
    with st.form(f"{PAGE}-bank"):
        _bank_head(bank)
        name = st.text_input("Bank", value=bank.bank_name, key=f"{PAGE}-bank-name-{version}")
        holder = st.text_input("Account holder", value=bank.account_holder, key=f"{PAGE}-holder-{version}")
        number = st.text_input("IBAN or account number", value=bank.account_number, key=f"{PAGE}-number-{version}")
        hint = st.text_area(
            "Hint for the transfer (optional)",
            value=bank.hint,
            key=f"{PAGE}-hint-{version}",
            placeholder="Write only the reference. Transfers take one or two working days.",
        )
        sent = st.form_submit_button("Save bank details", type="primary")
        if sent:
            try:
                details = BankDetails(name, holder, number, hint)
                get_engine().topups.set_bank(require(Role.ADMIN), details, based_on=version)
            except ImsError as error:
                refusal(error, "Nothing was saved; what you typed is kept.")
                return
            leave_note("success", "The bank details are saved. Customers see them now.")
            st.rerun()


def _bank_lines(bank: BankDetails) -> list[tuple[str, str]]:
    return [
        ("Bank", bank.bank_name),
        ("Account holder", bank.account_holder),
        ("IBAN or account number", bank.account_number),
        ("Hint for the transfer", bank.hint),
    ]
