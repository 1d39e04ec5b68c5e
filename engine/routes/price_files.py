"""Prices as CSV: columns country and price. A file is taken whole or, with every faulty row named, not at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from engine import numbers
from engine.errors import InputError
from engine.model import format_credits, parse_credits
from engine.routes.csv_files import MAX_VALUE, RowProblem, read_rows, write_rows
from engine.routes.model import EVERYWHERE
from engine.routes.prices import MOST_PRICE_MICRO

COLUMNS: Final = ("country", "price")
DEFAULT_WORDS: Final = frozenset({"*", "default", "everywhere", "other", "others", "everywhere else", "all"})
_ALIASES: Final[Mapping[str, str]] = {
    "USA": "US", "United States of America": "US", "UK": "GB", "Great Britain": "GB", "UAE": "AE", "Turkey": "TR",
    "Ivory Coast": "CI", "Czech Republic": "CZ", "Korea": "KR", "Republic of Korea": "KR", "Korea, Republic of": "KR",
    "Russian Federation": "RU", "Viet Nam": "VN", "Macau": "MO", "Macao SAR": "MO", "Hong Kong SAR": "HK",
    "Cabo Verde": "CV", "Swaziland": "SZ", "Burma": "MM", "Holland": "NL", "Congo": "CG", "DR Congo": "CD",
    "Democratic Republic of the Congo": "CD", "Bosnia": "BA", "Macedonia": "MK", "East Timor": "TL", "Lao PDR": "LA",
    "Brunei Darussalam": "BN", "Moldova, Republic of": "MD", "Tanzania, United Republic of": "TZ", "China": "CN",
}  # fmt: skip
"""Names that price lists use beside those of `numbers.COUNTRIES`."""


@dataclass(frozen=True, slots=True)
class PriceFile:
    """`prices` are whole only when there are no problems."""

    prices: Mapping[str, int]
    problems: tuple[RowProblem, ...]


def read_prices(data: bytes) -> PriceFile:
    """Reads names or codes of countries and credits per SMS; other columns are passed over.

    Raises InputError("price_file") for what is no such file at all.
    """
    prices: dict[str, int] = {}
    problems: list[RowProblem] = []
    last = 1
    for last, cells in read_rows(data, COLUMNS, _refusal):
        country, price = cells["country"], cells["price"]
        found = _judge(country, price, prices)
        if isinstance(found, str):
            problems.append(RowProblem(last, f"{country}, {price}"[:MAX_VALUE], found))
        else:
            prices[found[0]] = found[1]
    if EVERYWHERE not in prices and not problems:
        sentence = "There is no price for everywhere else. Add a row with the country * and a price."
        problems.append(RowProblem(last + 1, "", sentence))
    return PriceFile(prices, tuple(problems))


def write_prices(prices: Mapping[str, int]) -> bytes:
    """UTF-8 with byte order mark: country (its name, `*` for everywhere else), price, code. `read_prices` takes it."""
    ordered = sorted(prices, key=lambda code: (code != EVERYWHERE, numbers.country_name(code).casefold()))
    return write_rows(
        (*COLUMNS, "code"),
        (
            (
                EVERYWHERE if country == EVERYWHERE else numbers.country_name(country),
                format_credits(prices[country]).replace(",", ""),
                country,
            )
            for country in ordered
        ),
    )


def _judge(country: str, price: str, known: Mapping[str, int]) -> tuple[str, int] | str:
    """(code, micro-credits), or what is wrong with the row."""
    code = country_code(country)
    if code is None:
        return "This is not a country. Use its English name or its code, such as Australia or AU."
    if code in numbers.BLOCKED:
        return f"{numbers.country_name(code)} is not served. Remove the row."
    if code in known:
        return "The country has a price in an earlier row. Keep one."
    try:
        price_micro = parse_credits(price)
    except ValueError:
        return "This is not a price. Use credits per SMS with a point, such as 1.20."
    if not 0 <= price_micro <= MOST_PRICE_MICRO:
        return f"The price has to be from 0 to {format_credits(MOST_PRICE_MICRO, least_decimals=0)} credits."
    return code, price_micro


def country_code(text: str) -> str | None:
    """ "Australia", "au" → "AU"; `*` and the like → `*`; None for what is no country."""
    if text.strip().lower() in DEFAULT_WORDS:
        return EVERYWHERE
    code = text.strip().upper()
    return code if code in numbers.COUNTRIES else _codes().get(_plain(text))


@cache
def _codes() -> dict[str, str]:
    by_name = {_plain(name): code for name, code in _ALIASES.items()}
    return by_name | {_plain(name): code for code, name in numbers.COUNTRIES.items()}


def _plain(name: str) -> str:
    """Letters only, without accents or case."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalpha())


def _refusal(problem: str) -> InputError:
    return InputError("price_file", problem=problem)
