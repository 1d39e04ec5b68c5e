"""Books written by hand for the tests of history: consistent rows as the engine writes them, in a file of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.model import MICRO, MINUTE_US, SECOND_US, Actor, MovementKind, Role
from engine.store.duck import DuckStore

START_US = 1_759_276_800_000_000
"""2025-10-01 00:00 UTC; Sydney's clocks change on the 5th."""
PRICE = 1_200_000
FINAL = ("delivered", "failed", "expired", "cancelled")
CUSTOMER_ROLES = (Role.OWNER, Role.SENDER, Role.ANALYST)
OPERATOR_ROLES = (Role.STAFF, Role.ADMIN)

Row = dict[str, Any]


class FakeClock:
    def __init__(self, us: int = START_US) -> None:
        self.us = us

    def now_us(self) -> int:
        return self.us


@dataclass
class Sent:
    """One message to write: what became of it and where it went."""

    state: str = "delivered"
    msisdn: int = 61412345678
    country: str = "AU"
    reason: str | None = None
    content: str | None = None
    late_state: str | None = None
    took_us: int = 2 * SECOND_US


def actor(account_id: int, role: Role = Role.OWNER, zone: str = "UTC") -> Actor:
    return Actor(user_id=account_id * 10, account_id=account_id, role=role, name="someone", zone=zone)


@dataclass
class Book:
    """Writes accounts, tasks and movements; remembers them as the reference the tests compare with."""

    store: DuckStore
    balances: dict[int, list[int]] = field(default_factory=dict)
    tasks: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            cursor = self.store._root.cursor()
            cursor.register("batch", pl.DataFrame(rows, infer_schema_length=None).to_arrow())
            cursor.execute(f"insert into {table} by name select * from batch")

    def account(self, account_id: int, *, kind: str = "customer", role: Role = Role.OWNER) -> None:
        self.insert("account", [{"id": account_id, "name": f"Account {account_id}", "kind": kind, "status": "active",
                                 "zone": "UTC", "created_us": START_US}])  # fmt: skip
        self.insert("member", [{"id": account_id * 10, "account_id": account_id, "user_name": f"user{account_id}",
                                "email": f"{account_id}@example.com", "full_name": f"Person {account_id}",
                                "role": role.value, "status": "active", "password_hash": "", "epoch": 1, "failures": 0,
                                "locked_until_us": 0, "created_us": START_US}])  # fmt: skip
        if kind == "customer":
            self.insert("account_balance", [{"account_id": account_id, "available_micro": 0, "held_micro": 0}])
        self.balances[account_id] = [0, 0]

    def route(self, route_id: int) -> None:
        self.insert("route", [{"id": route_id, "name": f"Route {route_id}", "gateway": "sim://",
                               "supports_sender": True, "sender_max": 10, "charge_on": "delivered", "count_rule": "160",
                               "rules": "", "countries": "", "throughput": 0, "batch": 500, "enabled": True,
                               "is_default": False, "price_version": 1, "created_us": START_US}])  # fmt: skip

    def move(
        self,
        account_id: int,
        kind: MovementKind,
        *,
        available: int = 0,
        held: int = 0,
        at_us: int = START_US,
        **more: Any,
    ) -> int:
        """One balanced movement of credit; returns its id."""
        tx_id = len(self.movements) + 1
        balance = self.balances[account_id]
        balance[0] += available
        balance[1] += held
        row = {"id": tx_id, "key": f"key {tx_id}", "kind": kind.value, "account_id": account_id,
               "amount_micro": available or held, "available_after_micro": balance[0], "held_after_micro": balance[1],
               "note": "", "created_us": at_us} | more  # fmt: skip
        entries = [("available", available), ("held", held), ("issued", -available - held)]
        self.insert("ledger_tx", [row])
        self.insert("ledger_entry", [
            {"tx_id": tx_id, "account_id": account_id, "bucket": bucket, "amount_micro": amount}
            for bucket, amount in entries if amount
        ])  # fmt: skip
        self.store._root.cursor().execute(
            "update account_balance set available_micro = ?, held_micro = ? where account_id = ?",
            [max(balance[0], 0), max(balance[1], 0), account_id],
        )
        self.movements.append(row | {"available": available, "held": held})
        return tx_id

    def task(self, account_id: int, sent: Sequence[Sent], *, created_us: int = START_US, **more: Any) -> int:
        """A task with its messages, countries, dispatch and ledger lines; returns its id."""
        task_id, first = len(self.tasks) + 1, len(self.messages) + 1
        due_us = more.pop("due_us", created_us)
        route_id = more.pop("route_id", 1)
        states = Counter(one.state for one in sent)
        held, charged = PRICE * len(sent), PRICE * states["delivered"]
        returned = PRICE * (states["failed"] + states["expired"] + states["cancelled"])
        hold_tx = self.move(account_id, MovementKind.HOLD, available=-held, held=held, at_us=created_us,
                            task_id=task_id, member_id=account_id * 10)  # fmt: skip
        charge_tx = (
            self.move(account_id, MovementKind.CHARGE, held=-charged, at_us=due_us, task_id=task_id)
            if charged
            else None
        )
        return_tx = (
            self.move(
                account_id, MovementKind.RETURN, available=returned, held=-returned, at_us=due_us, task_id=task_id
            )
            if returned
            else None
        )
        counters = {state: states[state] for state in (*FINAL, "in_doubt")}
        open_ = len(sent) - sum(states[state] for state in FINAL)
        row = {"id": task_id, "account_id": account_id, "member_id": account_id * 10, "route_id": route_id,
               "name": f"Task {task_id}", "sender": "BRAND", "content": "Your order is ready",
               "state": "sent" if open_ else "finished", "price_version": 1, "count_rule": "160",
               "charge_on": "delivered", "terms_version": "1", "first_message": first, "recipients": len(sent),
               "rejected_rows": 0, "sms": len(sent), "parts": len(sent), "hold_tx": hold_tx, "held_micro": held,
               "charged_micro": charged, "returned_micro": returned, "submitted": len(sent), "late_delivered": 0,
               "cancel_requested": False, "zone": "UTC", "created_us": created_us, "due_us": due_us,
               "started_us": due_us} | counters | more  # fmt: skip
        self.insert("task", [row])
        self.tasks.append(row)
        rows = [self._message(row, first + place, one, charge_tx, return_tx) for place, one in enumerate(sent)]
        self.insert("message", rows)
        self.messages += rows
        self.insert("task_country", self._countries(task_id, sent))
        self.insert("dispatch", [{"id": task_id, "task_id": task_id, "account_id": account_id, "route_id": route_id,
                                  "state": "sent" if open_ else "finished", "messages": len(sent),
                                  "submitted": len(sent), "delivered": states["delivered"],
                                  "failed": states["failed"] + states["expired"], "held_micro": held,
                                  "charged_micro": charged, "returned_micro": returned, "started_us": due_us,
                                  "finished_us": None if open_ else due_us + MINUTE_US}])  # fmt: skip
        return task_id

    def _message(self, task: Row, message_id: int, one: Sent, charge_tx: int | None, return_tx: int | None) -> Row:
        final = one.state in FINAL
        submitted_us = task["due_us"] + SECOND_US if one.state not in ("queued", "cancelled") else None
        return {
            "id": message_id, "task_id": task["id"], "account_id": task["account_id"], "route_id": task["route_id"],
            "dispatch_id": task["id"], "row_number": message_id - task["first_message"] + 2, "msisdn": one.msisdn,
            "country": one.country, "content": one.content, "sms": 1, "parts": 1, "price_micro": PRICE,
            "held_micro": PRICE, "charged_micro": PRICE if one.state == "delivered" else 0, "state": one.state,
            "reason": one.reason, "detail": "err:045", "provider_ref": f"ref-{message_id}",
            "settle_tx": (charge_tx if one.state == "delivered" else return_tx) if final else None,
            "late_state": one.late_state, "late_us": task["due_us"] + MINUTE_US if one.late_state else None,
            "created_us": task["created_us"], "submitted_us": submitted_us,
            "final_us": task["due_us"] + SECOND_US + one.took_us if final else None,
        }  # fmt: skip

    @staticmethod
    def _countries(task_id: int, sent: Sequence[Sent]) -> list[Row]:
        found: list[Row] = []
        for country in sorted({one.country for one in sent}):
            states = Counter(one.state for one in sent if one.country == country)
            number = sum(states.values())
            found.append({"task_id": task_id, "country": country, "recipients": number, "sms": number,
                          "price_micro": PRICE, "held_micro": PRICE * number, "delivered": states["delivered"],
                          "failed": states["failed"] + states["expired"],
                          "charged_micro": PRICE * states["delivered"]})  # fmt: skip
        return found


def small_book(store: DuckStore) -> Book:
    """Two customers (1, 2) with credit, the operator (9), two routes and no tasks."""
    book = Book(store)
    book.account(1)
    book.account(2)
    book.account(9, kind="operator", role=Role.STAFF)
    book.route(1)
    book.route(2)
    for account_id in (1, 2):
        top_up = (10_000 if account_id == 1 else 7_000) * MICRO
        book.move(account_id, MovementKind.TOP_UP, available=top_up, member_id=90, note="Bank transfer")
    return book
