"""The only writer of credit: double entry, insert only, balances moved in the same transaction.

Every movement's entries sum to zero over the buckets `available` and `held` of the account and the
operator's `issued` (credit given out) and `revenue` (credit earned).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.errors import AccessError, InputError, MoneyError, StateError
from engine.model import Balance, MovementKind, format_credits
from engine.store import Reader, Row, Tx

MOST_MICRO: Final = 10**15
"""Largest single movement (a billion credits): far from the 63-bit limit whatever is summed."""
NOTE_LENGTH: Final = 500
REVERSIBLE: Final = frozenset({MovementKind.TOP_UP, MovementKind.DEBIT})

_TX_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "key": pl.String,
    "kind": pl.String,
    "account_id": pl.Int64,
    "amount_micro": pl.Int64,
    "available_after_micro": pl.Int64,
    "held_after_micro": pl.Int64,
    "task_id": pl.Int64,
    "member_id": pl.Int64,
    "reverses": pl.Int64,
    "note": pl.String,
    "created_us": pl.Int64,
}
_ENTRY_SCHEMA: Final[dict[str, Any]] = {
    "tx_id": pl.Int64,
    "account_id": pl.Int64,
    "bucket": pl.String,
    "amount_micro": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One thing that happens to an account's credit. `key` makes it happen once."""

    kind: MovementKind
    account_id: int
    available_micro: int = 0
    held_micro: int = 0
    key: str
    now_us: int
    task_id: int | None = None
    member_id: int | None = None
    reverses: int | None = None
    note: str = ""

    @property
    def amount_micro(self) -> int:
        """What a customer reads in the movement's line: the change of `available`, or what left `held`."""
        return self.available_micro or self.held_micro

    def entries(self) -> list[tuple[str, int]]:
        """(bucket, amount) pairs; they sum to zero."""
        pairs = [("available", self.available_micro), ("held", self.held_micro)]
        counter = "revenue" if self.kind is MovementKind.CHARGE else "issued"
        pairs.append((counter, -self.available_micro - self.held_micro))
        assert sum(amount for _, amount in pairs) == 0
        return [pair for pair in pairs if pair[1]]


def open_account(tx: Tx, account_id: int) -> None:
    """Gives a new account its balance of zero."""
    tx.run("ledger.open_account", account_id)


def balance(reader: Reader, account_id: int) -> Balance:
    row = reader.one("ledger.balance", account_id)
    if row is None:
        raise AccessError("not_found", what="account")
    return Balance(row["available_micro"], row["held_micro"])


def adjust(
    tx: Tx, *, account_id: int, amount_micro: int, key: str, note: str, member_id: int | None, now_us: int
) -> int:
    """Credits (amount > 0) or debits (< 0) an account; returns the id of the movement. `note` is mandatory."""
    if amount_micro == 0 or abs(amount_micro) > MOST_MICRO:
        raise InputError("amount", amount=format_credits(amount_micro))
    if not note.strip():
        raise InputError("reason_missing")
    return post(
        tx,
        Movement(
            kind=MovementKind.TOP_UP if amount_micro > 0 else MovementKind.DEBIT,
            account_id=account_id,
            available_micro=amount_micro,
            key=key,
            member_id=member_id,
            note=note.strip()[:NOTE_LENGTH],
            now_us=now_us,
        ),
    )


def hold(tx: Tx, *, account_id: int, amount_micro: int, key: str, task_id: int, member_id: int, now_us: int) -> int:
    """Moves credit from available to held for a task; MoneyError when there is not enough."""
    assert 0 <= amount_micro <= MOST_MICRO
    return post(
        tx,
        Movement(
            kind=MovementKind.HOLD,
            account_id=account_id,
            available_micro=-amount_micro,
            held_micro=amount_micro,
            key=key,
            task_id=task_id,
            member_id=member_id,
            now_us=now_us,
        ),
    )


def charge(*, account_id: int, task_id: int, amount_micro: int, key: str, now_us: int) -> Movement:
    """Held credit becomes the operator's."""
    return Movement(
        kind=MovementKind.CHARGE,
        account_id=account_id,
        held_micro=-amount_micro,
        key=key,
        task_id=task_id,
        now_us=now_us,
    )


def give_back(*, account_id: int, task_id: int, amount_micro: int, key: str, now_us: int) -> Movement:
    """Held credit becomes available again."""
    return Movement(
        kind=MovementKind.RETURN,
        account_id=account_id,
        available_micro=amount_micro,
        held_micro=-amount_micro,
        key=key,
        task_id=task_id,
        now_us=now_us,
    )


def reverse(tx: Tx, *, tx_id: int, key: str, note: str, member_id: int, now_us: int) -> int:
    """Books the opposite of a top-up or debit, once. Nothing is ever deleted."""
    if not note.strip():
        raise InputError("reason_missing")
    original = tx.one("ledger.tx", tx_id)
    if original is None or MovementKind(original["kind"]) not in REVERSIBLE:
        raise AccessError("not_found", what="top-up")
    earlier = tx.one("ledger.reversal_of", tx_id)
    if earlier is not None:
        if earlier["key"] == key:
            return earlier["id"]
        raise StateError("already_reversed")
    return post(
        tx,
        Movement(
            kind=MovementKind.REVERSAL,
            account_id=original["account_id"],
            available_micro=-original["amount_micro"],
            key=key,
            reverses=tx_id,
            member_id=member_id,
            note=note.strip()[:NOTE_LENGTH],
            now_us=now_us,
        ),
    )


def account_of(reader: Reader, tx_id: int) -> int:
    """Whose movement it is."""
    row = reader.one("ledger.tx", tx_id)
    if row is None:
        raise AccessError("not_found", what="movement")
    return row["account_id"]


def post(tx: Tx, movement: Movement) -> int:
    return post_many(tx, [movement])[0]


def post_many(tx: Tx, movements: Sequence[Movement], *, fresh: bool = False) -> list[int]:
    """Books movements in order and returns their ids; one with a known key is not booked again.

    `fresh` says that no key can be known, as a message is settled once: then the database refuses a repetition.
    Raises MoneyError("insufficient_credit") when any account would go below zero, and
    MoneyError("key_reused") when a key comes back with other values. Five statements for any number.
    """
    keys = [movement.key for movement in movements]
    known = {} if fresh else {row["key"]: row for row in tx.all("ledger.by_keys", keys)}
    for movement in movements:
        if movement.key in known:
            _assert_same(known[movement.key], movement)
    new = [movement for movement in movements if movement.key not in known]
    ids = {key: row["id"] for key, row in known.items()}
    if new:
        assert len({movement.key for movement in new}) == len(new), "one key twice in a batch"
        first = tx.reserve("ledger_tx", len(new))
        ids |= {movement.key: first + index for index, movement in enumerate(new)}
        after = _move_balances(tx, new)
        _insert(tx, new, first, after)
    return [ids[movement.key] for movement in movements]


def _assert_same(row: Row, movement: Movement) -> None:
    same = (row["kind"], row["account_id"], row["amount_micro"], row["task_id"], row["reverses"])
    if same != (movement.kind, movement.account_id, movement.amount_micro, movement.task_id, movement.reverses):
        raise MoneyError("key_reused")


def _move_balances(tx: Tx, movements: Sequence[Movement]) -> dict[int, tuple[int, int]]:
    """Applies the sums per account; the WHERE in the statement and the CHECKs keep both buckets ≥ 0."""
    sums: dict[int, tuple[int, int]] = {}
    for movement in movements:
        available, held = sums.get(movement.account_id, (0, 0))
        sums[movement.account_id] = (available + movement.available_micro, held + movement.held_micro)
    batch = pl.DataFrame(
        {
            "account_id": list(sums),
            "available_micro": [pair[0] for pair in sums.values()],
            "held_micro": [pair[1] for pair in sums.values()],
        },
        schema={"account_id": pl.Int64, "available_micro": pl.Int64, "held_micro": pl.Int64},
    )
    moved = {row["account_id"]: row for row in tx.bulk("ledger.move_balances", batch)}
    for account_id, (available, _) in sums.items():
        if account_id not in moved:
            now = balance(tx, account_id)
            raise MoneyError(
                "insufficient_credit",
                needed=format_credits(max(-available, 0)),
                available=format_credits(now.available_micro),
            )
    return {account_id: (row["available_micro"], row["held_micro"]) for account_id, row in moved.items()}


def _insert(tx: Tx, movements: Sequence[Movement], first: int, after: dict[int, tuple[int, int]]) -> None:
    """Writes transactions and entries; each line's running balance is found walking back from the last."""
    running = dict(after)
    rows: list[dict[str, object]] = []
    entries: list[tuple[int, int, str, int]] = []
    for index in range(len(movements) - 1, -1, -1):
        movement = movements[index]
        available, held = running[movement.account_id]
        rows.append(
            {
                "id": first + index,
                "key": movement.key,
                "kind": movement.kind.value,
                "account_id": movement.account_id,
                "amount_micro": movement.amount_micro,
                "available_after_micro": available,
                "held_after_micro": held,
                "task_id": movement.task_id,
                "member_id": movement.member_id,
                "reverses": movement.reverses,
                "note": movement.note,
                "created_us": movement.now_us,
            }
        )
        running[movement.account_id] = (available - movement.available_micro, held - movement.held_micro)
        entries += [(first + index, movement.account_id, bucket, amount) for bucket, amount in movement.entries()]
    tx.bulk("ledger.insert_txs", pl.DataFrame(rows[::-1], schema=_TX_SCHEMA))
    if entries:
        tx.bulk("ledger.insert_entries", pl.DataFrame(entries[::-1], schema=_ENTRY_SCHEMA, orient="row"))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many differences each proof found; none means the books add up."""

    found: dict[str, int]

    @property
    def ok(self) -> bool:
        return not any(self.found.values())

    def as_dict(self) -> dict[str, int]:
        return dict(self.found)


QUICK_PROOFS: Final = ("unbalanced_movements", "wrong_balances", "wrong_open_tasks")
"""Entries sum to zero, balances equal their entries, what is held equals what unfinished tasks hold."""
FULL_PROOFS: Final = (*QUICK_PROOFS, "wrong_holds", "wrong_tasks", "wrong_settlements")
"""Besides, held credit equals unsettled messages, task counters equal their messages, and every settled
message is part of exactly one movement whose amount is the sum of its messages."""


def reconcile(reader: Reader, *, quick: bool = False) -> Reconciliation:
    """Proves the books. `quick` leaves out the proofs that read every message."""
    found: dict[str, int] = {}
    for proof in QUICK_PROOFS if quick else FULL_PROOFS:
        row = reader.one(f"ledger.{proof}")
        assert row is not None
        found[proof] = row["wrong"]
    return Reconciliation(found)
