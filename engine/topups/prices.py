"""What staff maintain for top-ups: the tier table and the bank details. Every version is kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import InputError, StateError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Role, format_credits
from engine.store import Reader, Row, Rows
from engine.topups.base import Desk
from engine.topups.money import Currency, PriceTable, Tier, TopupQuote, tiers_of

VERSIONS_LISTED: Final = 50
BANK_LENGTH: Final = 120
HINT_LENGTH: Final = 500
ADMIN: Final = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class BankDetails:
    """Where customers transfer money. All empty (version 0) until the administrator has filled them in."""

    bank_name: str = ""
    account_holder: str = ""
    account_number: str = ""
    """IBAN, or account number and code of the bank."""
    hint: str = ""
    """What to write into the transfer besides the reference; may be empty."""
    version: int = 0
    created_us: int = 0
    member_name: str = ""

    @property
    def known(self) -> bool:
        return self.version > 0


class Prices(Desk):
    @allows(EVERY_ROLE)
    def prices(self, actor: Actor) -> PriceTable:  # noqa: ARG002 - checked by the mark
        """The price table of now."""
        return current_prices(self._store)

    @allows(EVERY_ROLE)
    def bank(self, actor: Actor) -> BankDetails:  # noqa: ARG002 - checked by the mark
        """Where to transfer to; `known` is False while nobody has filled it in."""
        return _bank(self._store)

    @allows(EVERY_ROLE)
    def quote(
        self,
        actor: Actor,  # noqa: ARG002 - checked by the mark
        *,
        credits_micro: int | None = None,
        money_minor: int | None = None,
    ) -> TopupQuote:
        """What an amount of credits costs, or how many credits an amount of money buys (give one of the two).

        See `engine.topups.money` for the rounding. Raises InputError("topup_amount" | "topup_little").
        """
        table = current_prices(self._store)
        if credits_micro is not None:
            return table.for_credits(credits_micro)
        return table.for_money(money_minor or 0)

    @allows(OPERATOR_ROLES)
    def price_history(self, actor: Actor) -> list[PriceTable]:  # noqa: ARG002 - checked by the mark
        """Every version of the prices, the newest first (at most 50)."""
        return _price_tables(self._store, self._store.all("topups.price_tables", VERSIONS_LISTED))

    @allows(OPERATOR_ROLES)
    def bank_history(self, actor: Actor) -> list[BankDetails]:  # noqa: ARG002 - checked by the mark
        """Every version of the bank details, the newest first (at most 50)."""
        return [BankDetails(**row) for row in self._store.all("topups.banks", VERSIONS_LISTED)]

    @allows(ADMIN)
    def set_prices(self, actor: Actor, currency: str, rows: Sequence[tuple[str, str]], *, based_on: int) -> int:
        """Writes a new version from typed rows (from credits, price per credit); returns its number.

        `based_on` is the version that was edited. Requests that exist keep their price. Raises InputError for a
        currency or row that cannot be used, StateError("changed_meanwhile") when somebody else was faster.
        """
        unit = Currency.of(currency)
        tiers, faults = tiers_of(rows, unit)
        if faults:
            raise InputError("topup_tiers", row=faults[0].row + 1, problem=faults[0].sentence)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            version = _following(current_prices(tx).version, based_on)
            tx.run("topups.add_price_table", version, unit.code, unit.decimals, actor.user_id, now_us)
            for tier in tiers:
                tx.run("topups.add_tier", version, tier.from_micro, tier.price_micro)
            record_audit(
                tx,
                actor=actor,
                action="topup_prices",
                subject=f"top-up prices {version}",
                detail="; ".join(_tier_words(tier, unit) for tier in tiers),
                now_us=now_us,
            )
        return version

    @allows(ADMIN)
    def set_bank(self, actor: Actor, details: BankDetails, *, based_on: int) -> int:
        """Writes a new version of the bank details; `based_on` is the version that was edited (0: none yet).

        Raises InputError naming the empty or too long field, StateError("changed_meanwhile").
        """
        checked = _checked(details)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            version = _following(_bank(tx).version, based_on)
            tx.run("topups.add_bank", version, *checked.values(), actor.user_id, now_us)
            record_audit(
                tx,
                actor=actor,
                action="topup_bank",
                subject=f"bank details {version}",
                detail=" · ".join(value for value in checked.values() if value),
                now_us=now_us,
            )
        return version


def current_prices(reader: Reader, version: int | None = None) -> PriceTable:
    """The newest price table, or one version."""
    row = reader.one("topups.price_table", version)
    assert row is not None, "the first price table comes with the database"
    return _price_tables(reader, [row])[0]


def _price_tables(reader: Reader, rows: Rows) -> list[PriceTable]:
    tiers = reader.all("topups.tiers", [row["version"] for row in rows])
    return [_price_table(row, tiers) for row in rows]


def _price_table(row: Row, tiers: Rows) -> PriceTable:
    own = tuple(Tier(tier["from_micro"], tier["price_micro"]) for tier in tiers if tier["version"] == row["version"])
    currency = Currency(row["currency"], row["decimals"])
    return PriceTable(row["version"], currency, own, row["created_us"], row["member_name"])


def _bank(reader: Reader) -> BankDetails:
    rows = reader.all("topups.banks", 1)
    return BankDetails(**rows[0]) if rows else BankDetails()


def _following(current: int, based_on: int) -> int:
    if current != based_on:
        raise StateError("changed_meanwhile")
    return current + 1


_BANK_FIELDS: Final = {
    "bank_name": ("Bank", True, BANK_LENGTH),
    "account_holder": ("Account holder", True, BANK_LENGTH),
    "account_number": ("IBAN or account number", True, BANK_LENGTH),
    "hint": ("Hint for the transfer", False, HINT_LENGTH),
}
"""Name → (label, needed, longest)."""


def _checked(details: BankDetails) -> dict[str, str]:
    assert set(_BANK_FIELDS) < {field.name for field in fields(details)}
    found: dict[str, str] = {}
    for name, (label, needed, longest) in _BANK_FIELDS.items():
        value = _plain(getattr(details, name))
        if needed and not value:
            raise InputError("invalid", field=label, problem="this is empty.", remedy="Fill it in.")
        if len(value) > longest:
            raise InputError("invalid", field=label, problem="this is too long.", remedy=f"Use {longest} characters.")
        found[name] = value
    return found


def _plain(value: Any) -> str:
    """Text without characters that are not seen."""
    return "".join(c for c in str(value) if c == "\n" or unicodedata.category(c)[0] != "C").strip()


def _tier_words(tier: Tier, currency: Currency) -> str:
    return f"from {format_credits(tier.from_micro, least_decimals=0)}: {currency.show_price(tier.price_micro)}"
