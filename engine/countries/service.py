"""The table of countries with staff's edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.countries.table import (
    DAY_MINUTES,
    Country,
    SenderRule,
    Weekday,
    minutes_text,
    shipped,
    weekend_of,
    weekend_text,
)
from engine.errors import AccessError, InputError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Clock, to_datetime
from engine.store import Reader, Row, Store

TEXT_LENGTH: Final = 300
MOST_DAYS_OFF: Final = 6


class Countries:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(EVERY_ROLE)
    def listing(self, actor: Actor) -> Mapping[str, Country]:  # noqa: ARG002 - the decorator checks the actor
        """Every region by code, in the order of names."""
        return load_all(self._store)

    @allows(EVERY_ROLE)
    def one(self, actor: Actor, code: str) -> Country:  # noqa: ARG002 - same
        """Raises AccessError("not_found")."""
        return _known(load_all(self._store), code)

    @allows(OPERATOR_ROLES)
    def set(
        self,
        actor: Actor,
        code: str,
        *,
        sender_rule: SenderRule,
        quiet_from: int,
        quiet_to: int,
        weekend: frozenset[Weekday],
        note: str = "",
        source: str,
    ) -> None:
        """Replaces what is shipped for a country; `source` says where it is known from. Quiet hours are minutes of
        the local day. The date of checking is today's. Raises InputError naming the field, AccessError."""
        _check(quiet_from, quiet_to, weekend, note, source)
        now_us = self._clock.now_us()
        checked = str(to_datetime(now_us).date())
        with self._store.transaction() as tx:
            confirm(tx, actor)
            before = _known(load_all(tx), code)
            tx.run(
                "countries.put", code, sender_rule.value, quiet_from, quiet_to, weekend_text(weekend), note.strip(),
                source.strip(), checked, actor.user_id, now_us,
            )  # fmt: skip
            detail = _words(before) + " → " + _words(_known(load_all(tx), code))
            record_audit(
                tx, actor=actor, action="country_changed", subject=f"country {code}", detail=detail, now_us=now_us
            )

    @allows(OPERATOR_ROLES)
    def reset(self, actor: Actor, code: str) -> None:
        """Back to what is shipped."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            before = _known(load_all(tx), code)
            tx.run("countries.drop", code)
            detail = _words(before) + " → as shipped"
            record_audit(
                tx, actor=actor, action="country_reset", subject=f"country {code}", detail=detail, now_us=now_us
            )


def load_all(reader: Reader) -> Mapping[str, Country]:
    """Every region by code, in the order of names, staff's edits over the shipped table."""
    edited = {row["code"]: row for row in reader.all("countries.edited")}
    table = shipped()
    found = {code: _edited(country, edited[code]) if code in edited else country for code, country in table.items()}
    return dict(sorted(found.items(), key=lambda pair: pair[1].name))


def _known(table: Mapping[str, Country], code: str) -> Country:
    if code not in table:
        raise AccessError("not_found", what="country")
    return table[code]


def _edited(country: Country, row: Row) -> Country:
    return replace(
        country,
        sender_rule=SenderRule(row["sender_rule"]),
        quiet_from=row["quiet_from"],
        quiet_to=row["quiet_to"],
        weekend=weekend_of(row["weekend"]),
        note=row["note"],
        source=row["source"],
        checked=row["checked"],
        edited_us=row["changed_us"],
        edited_by=row["edited_by"],
    )


def _check(quiet_from: int, quiet_to: int, weekend: frozenset[Weekday], note: str, source: str) -> None:
    if not (0 <= quiet_from < DAY_MINUTES and 0 <= quiet_to < DAY_MINUTES):
        raise _wrong("Quiet hours", "not a time of day.", "Use 00:00 to 23:59.")
    if len(weekend) > MOST_DAYS_OFF:
        raise _wrong("Weekend", "no day is left.", "Leave at least one working day.")
    if not source.strip():
        raise _wrong("Source", "missing.", "Say where this is known from.")
    for field, text in (("Note", note), ("Source", source)):
        if len(text) > TEXT_LENGTH:
            raise _wrong(field, "too long.", f"Use at most {TEXT_LENGTH} characters.")


def _wrong(field: str, problem: str, remedy: str) -> InputError:
    return InputError("invalid", field=field, problem=problem, remedy=remedy)


def _words(country: Country) -> str:
    quiet = f"{minutes_text(country.quiet_from)}–{minutes_text(country.quiet_to)}"
    return f"{country.sender_rule.value}, quiet {quiet}, weekend {weekend_text(country.weekend) or 'none'}"
