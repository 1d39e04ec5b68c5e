"""Prices as CSV: columns country and price. A file is taken whole or, with every faulty row named, not at all."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from engine import numbers
from engine.errors import InputError
from engine.model import format_credits, parse_credits
from engine.routes.model import EVERYWHERE
from engine.routes.prices import MOST_PRICE_MICRO

MAX_BYTES: Final = 1_000_000
MAX_ROWS: Final = 1_000
MAX_VALUE: Final = 60
COLUMNS: Final = ("country", "price")
DEFAULT_WORDS: Final = frozenset({"*", "default", "everywhere", "other", "others", "everywhere else", "all"})
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM: Final = "\ufeff"
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
class RowProblem:
    """A row that cannot be taken; `row` is as the spreadsheet shows it."""

    row: int
    value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PriceFile:
    """`prices` are whole only when there are no problems."""

    prices: Mapping[str, int]
    problems: tuple[RowProblem, ...]


def read_prices(data: bytes) -> PriceFile:
    """Reads names or codes of countries and credits per SMS; other columns are passed over.

    Raises InputError("price_file") for what is no such file at all.
    """
    rows = list(_rows(data))
    if not rows:
        raise InputError("price_file", problem="it is empty.")
    names = [cell.strip().lower() for cell in rows[0][1]]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError("price_file", problem=f"row 1 names no column “{missing[0]}”.")
    if len(rows) > MAX_ROWS + 1:
        raise InputError("price_file", problem=f"it has more than {MAX_ROWS:,} rows.")
    at_country, at_price = (names.index(name) for name in COLUMNS)
    prices: dict[str, int] = {}
    problems: list[RowProblem] = []
    for number, cells in rows[1:]:
        country, price = (cells[at].strip() if at < len(cells) else "" for at in (at_country, at_price))
        found = _judge(country, price, prices)
        if isinstance(found, str):
            problems.append(RowProblem(number, f"{country}, {price}"[:MAX_VALUE], found))
        else:
            prices[found[0]] = found[1]
    if EVERYWHERE not in prices and not problems:
        sentence = "There is no price for everywhere else. Add a row with the country * and a price."
        problems.append(RowProblem(rows[-1][0] + 1, "", sentence))
    return PriceFile(prices, tuple(problems))


def write_prices(prices: Mapping[str, int]) -> bytes:
    """UTF-8 with byte order mark: country (its name, `*` for everywhere else), price, code. `read_prices` takes it."""
    out = io.StringIO(newline="")
    out.write(_BOM)
    writer = csv.writer(out)
    writer.writerow((*COLUMNS, "code"))
    for country in sorted(prices, key=lambda code: (code != EVERYWHERE, numbers.country_name(code).casefold())):
        name = EVERYWHERE if country == EVERYWHERE else numbers.country_name(country)
        writer.writerow(map(_safe, (name, format_credits(prices[country]).replace(",", ""), country)))
    return out.getvalue().encode()


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


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(row of the spreadsheet, cells) of what is not blank."""
    if len(data) > MAX_BYTES:
        raise InputError("price_file", problem="it is larger than 1 MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("price_file", problem="it is not text in UTF-8.") from error
    if "\x00" in text:
        raise InputError("price_file", problem="it is not text.")
    lines = re.split(r"\r\n|\r|\n", text)
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    for number, line in enumerate(lines, 1):
        cells = [cell for row in csv.reader([line], delimiter=delimiter) for cell in row]
        if any(cell.strip() for cell in cells):
            yield number, cells


def _safe(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA_START) else cell
