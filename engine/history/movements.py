"""Every movement of credit with its running balance, and statements that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from engine.errors import InputError
from engine.history.filters import MOST_INT, After, RecordFilter, bounded, id_of, one_of
from engine.history.records import with_member
from engine.history.words import movement_words
from engine.model import Balance, MovementKind
from engine.store import Reader, Row, Rows

MAX_STATEMENT_ROWS: Final = 50_000
"""A statement is read on a page; longer ones are exports."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's movements from `start_us` to before `end_us`, oldest first.

    `rows` are as in the page of movements; `totals` has a line a kind: kind, words, movements,
    available_change_micro, held_change_micro.
    """

    account_id: int
    start_us: int
    end_us: int
    opening: Balance
    closing: Balance
    rows: Rows
    totals: Rows

    @property
    def adds_up(self) -> bool:
        """Opening plus the ledger's entries is closing, in both buckets."""
        available = sum(line["available_change_micro"] for line in self.totals)
        held = sum(line["held_change_micro"] for line in self.totals)
        opening, closing = self.opening, self.closing
        return closing == Balance(opening.available_micro + available, opening.held_micro + held)


def balance_of(reader: Reader, account_id: int) -> Balance:
    """What an account has; an operator's own account holds no credit."""
    row = reader.one("history.balance", account_id)
    return Balance(row["available_micro"], row["held_micro"]) if row else Balance(0, 0)


def newest_of(reader: Reader, account_id: int) -> int:
    """The id of an account's newest movement; 0 when it has none."""
    row = reader.one("history.newest_movement", account_id)
    return row["id"] if row else 0


def movement_query(scope: int | None, wanted: RecordFilter, *, after: After | None, count: int) -> tuple[Any, ...]:
    """Name and parameters of the query of movements."""
    params = (
        scope,
        wanted.task_id,
        wanted.from_us,
        wanted.below_us,
        one_of(wanted.state, MovementKind, "Kind"),
        id_of(after, MOST_INT),
        count,
        wanted.member,
    )
    return ("history.movements_about", *params, wanted.text) if wanted.text else ("history.movements", *params)


def movement_rows(
    reader: Reader, scope: int | None, wanted: RecordFilter, *, after: After | None, count: int, to_operator: bool
) -> Rows:
    rows = reader.all(*movement_query(scope, wanted, after=after, count=count))
    return [_movement_row(row, to_operator=to_operator) for row in rows]


def _movement_row(row: Row, *, to_operator: bool) -> Row:
    return with_member(row, to_operator=to_operator) | {"words": movement_words(row["kind"])}


def statement(reader: Reader, account_id: int, start_us: int, end_us: int, *, to_operator: bool) -> Statement:
    """Raises InputError for more than MAX_STATEMENT_ROWS movements."""
    start_us, end_us = bounded(start_us, 0), bounded(end_us, MOST_INT)
    opening = _balance_before(reader, account_id, start_us)
    found = reader.all("history.statement", account_id, start_us, end_us, MAX_STATEMENT_ROWS + 1)
    if len(found) > MAX_STATEMENT_ROWS:
        raise InputError("too_many_to_export", limit=MAX_STATEMENT_ROWS)
    rows = [_movement_row(row, to_operator=to_operator) for row in found]
    last = rows[-1] if rows else None
    closing = Balance(last["available_after_micro"], last["held_after_micro"]) if last else opening
    return Statement(account_id, start_us, end_us, opening, closing, rows, _totals(rows))


def statement_totals(reader: Reader, account_id: int, start_us: int, end_us: int) -> Statement:
    """As `statement` without its rows, which are most of its time; of any number of movements."""
    start_us, end_us = bounded(start_us, 0), bounded(end_us, MOST_INT)
    opening, closing = (_balance_before(reader, account_id, at_us) for at_us in (start_us, end_us))
    found = {row["kind"]: row for row in reader.all("history.statement_totals", account_id, start_us, end_us)}
    totals = [found[kind] | {"words": movement_words(kind)} for kind in MovementKind if kind in found]
    return Statement(account_id, start_us, end_us, opening, closing, [], totals)


def _balance_before(reader: Reader, account_id: int, at_us: int) -> Balance:
    row = reader.one("history.opening", account_id, at_us)
    return Balance(row["available_micro"], row["held_micro"]) if row else Balance(0, 0)


def _totals(rows: Rows) -> Rows:
    """Sums by kind, in the order of MovementKind."""
    return [
        {
            "kind": kind.value,
            "words": movement_words(kind.value),
            "movements": len(group),
            "available_change_micro": sum(row["available_change_micro"] for row in group),
            "held_change_micro": sum(row["held_change_micro"] for row in group),
        }
        for kind in MovementKind
        if (group := [row for row in rows if row["kind"] == kind])
    ]
