"""What credits cost: tiers, quotes and rounding, against plain fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.model import MICRO
from engine.topups import MOST_CREDITS, Currency, PriceTable, Tier, tiers_of
from engine.topups.money import MOST_PRICE_MICRO, cost_minor, most_credits

USD = Currency.of("usd")
TABLE = PriceTable(
    7,
    USD,
    (Tier(100 * MICRO, 5_000_000), Tier(1_000 * MICRO, 4_500_000), Tier(10_000 * MICRO, 3_333_333)),
)

tables = st.lists(
    st.tuples(st.integers(1, 100_000), st.integers(1, 10**8)), min_size=1, max_size=6, unique_by=lambda pair: pair[0]
).map(
    lambda pairs: PriceTable(
        1,
        USD,
        tuple(
            Tier(least * MICRO, price)
            for least, price in zip(
                sorted(pair[0] for pair in pairs), sorted((pair[1] for pair in pairs), reverse=True), strict=True
            )
        ),
    )
)


@given(amount=st.integers(1, MOST_CREDITS), price_micro=st.integers(1, MOST_PRICE_MICRO))
def test_a_price_is_rounded_up_to_the_next_minor_unit_and_never_further(amount: int, price_micro: int) -> None:
    exact = Fraction(amount * price_micro, 1_000_000)
    total = cost_minor(amount * MICRO, price_micro)
    assert exact <= total < exact + 1


@given(table=tables, data=st.data())
def test_every_amount_is_priced_by_the_highest_tier_it_reaches(table: PriceTable, data: st.DataObject) -> None:
    amount = data.draw(st.integers(table.least_micro // MICRO, 200_000)) * MICRO
    quote = table.for_credits(amount)
    reached = [tier for tier in table.tiers if tier.from_micro <= amount]
    assert quote.tier == reached[-1]
    assert quote.total_minor == cost_minor(amount, reached[-1].price_micro)


@given(table=tables, money=st.integers(1, 10**9))
def test_money_buys_the_most_credits_that_it_pays_for(table: PriceTable, money: int) -> None:
    thresholds = [tier.from_micro for tier in table.tiers]
    if money < min(table.for_credits(amount).total_minor for amount in thresholds):
        with pytest.raises(InputError, match="too little"):
            table.for_money(money)
        return
    quote = table.for_money(money)
    assert quote.total_minor <= money
    assert quote == table.for_credits(quote.credits_micro)
    assume(quote.credits_micro < MOST_CREDITS * MICRO)
    dearer = [quote.credits_micro + MICRO, *(amount for amount in thresholds if amount > quote.credits_micro)]
    assert all(table.for_credits(amount).total_minor > money for amount in dearer)


@given(table=tables, data=st.data())
def test_more_credits_for_no_more_money_are_pointed_out(table: PriceTable, data: st.DataObject) -> None:
    amount = data.draw(st.integers(table.least_micro // MICRO, 100_000)) * MICRO
    quote = table.for_credits(amount)
    more = table.cheaper(quote)
    cheaper = [
        tier.from_micro
        for tier in table.tiers
        if tier.from_micro > amount and table.for_credits(tier.from_micro).total_minor <= quote.total_minor
    ]
    assert (more.credits_micro if more else None) == (max(cheaper) if cheaper else None)


def test_quotes_by_hand() -> None:
    assert TABLE.for_credits(100 * MICRO).total_minor == 500
    assert TABLE.for_credits(1_000 * MICRO).total_minor == 4_500
    assert TABLE.for_credits(10_001 * MICRO).total_minor == 33_337  # 33,336.66… cents
    assert TABLE.for_money(10_000).credits_micro == 2_222 * MICRO
    assert TABLE.for_money(10_000).total_minor == 9_999
    assert TABLE.for_money(4_700).credits_micro == 1_044 * MICRO
    more = TABLE.cheaper(TABLE.for_credits(999 * MICRO))
    assert more is not None
    assert (more.credits_micro, more.total_minor) == (1_000 * MICRO, 4_500)
    assert most_credits(10**15, 1) == MOST_CREDITS * MICRO


@pytest.mark.parametrize("amount", [0, -MICRO, 99 * MICRO, 100 * MICRO + 1, (MOST_CREDITS + 1) * MICRO])
def test_parts_of_a_credit_and_amounts_outside_the_limits_are_refused(amount: int) -> None:
    with pytest.raises(InputError, match="at least 100 and at most 100,000,000"):
        TABLE.for_credits(amount)


@pytest.mark.parametrize(
    ("code", "decimals", "minor", "shown"),
    [("USD", 2, 123_450, "1,234.50 USD"), ("JPY", 0, 1_234, "1,234 JPY"), ("kwd", 3, 5, "0.005 KWD")],
)
def test_money_has_the_decimals_of_its_currency(code: str, decimals: int, minor: int, shown: str) -> None:
    currency = Currency.of(code)
    assert (currency.decimals, currency.show(minor)) == (decimals, shown)
    assert currency.minor(shown.split(maxsplit=1)[0]) == minor


def test_prices_keep_every_digit() -> None:
    assert USD.price("0.045") == 4_500_000
    assert USD.show_price(4_500_000) == "0.045 USD"
    assert USD.price("0.00000001") == 1
    assert USD.show_price(1) == "0.00000001 USD"
    assert Currency.of("JPY").price("4.5") == 4_500_000


@pytest.mark.parametrize("text", ["", "0", "-1", "1,5", "1.2.3", "1e3", "٣", "NaN", "1.005", "1 000", "9" * 30])
def test_money_that_could_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        USD.minor(text)


@pytest.mark.parametrize("code", ["", "US", "DOLLAR", "U$D", "$"])
def test_a_currency_is_three_letters(code: str) -> None:
    with pytest.raises(InputError):
        Currency.of(code)


def test_typed_tiers_are_put_in_order() -> None:
    tiers, faults = tiers_of([("10,000", "0.04"), ("100", "0.05")], USD)
    assert faults == []
    assert tiers == (Tier(100 * MICRO, 5_000_000), Tier(10_000 * MICRO, 4_000_000))


def test_each_wrong_row_is_named_with_what_to_do() -> None:
    rows = [("100", "0.05"), ("x", "0.04"), ("100", "0.03"), ("500", "0"), ("1000", "0.05"), ("2.5", "1")]
    _, faults = tiers_of(rows, USD)
    assert [fault.row for fault in faults] == [1, 2, 3, 4, 5]
    assert "“x” is not an amount of credits" in faults[0].sentence
    assert "Two tiers begin at 100 credits" in faults[1].sentence
    assert "must be below that of the tier before" in faults[3].sentence


@pytest.mark.parametrize("count", [0, 21])
def test_a_table_has_one_to_twenty_tiers(count: int) -> None:
    rows = [(str(least + 1), f"{1 - least / 100:.2f}") for least in range(count)]
    assert "1 to 20 tiers" in tiers_of(rows, USD)[1][0].sentence
