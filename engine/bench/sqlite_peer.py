"""The peer of storing and sending: the same tables and steps in sqlite3, written the straightforward way.

WAL and synchronous=FULL, so that a commit is as durable as ours. Rows are written one by one (`executemany`) in
transactions of the same size as ours: claim, record, inbox, fold and settle. One thread does it all, as Python's
threads would only take turns. The indexes are those that its queries need.
"""

from __future__ import annotations

import queue
import sqlite3
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from engine import parts
from engine.gateways import Gateway, OutcomeKind, Receipt, Submission
from engine.model import MessageState
from engine.receipts import FOLD_BATCH
from engine.routes import DEFAULT_BATCH

ACCOUNT_ID: Final = 1
ROUTE_ID: Final = 1
RECEIPT_WAIT_S: Final = 10.0

_SCHEMA: Final = """
create table account_balance (
    account_id integer primary key, available_micro integer not null check (available_micro >= 0),
    held_micro integer not null check (held_micro >= 0));
create table quote (key text primary key, cost_micro integer not null, task_id integer);
create table task (
    id integer primary key, account_id integer not null, route_id integer not null, name text not null,
    content text not null, state text not null, first_message integer not null, recipients integer not null,
    hold_tx integer not null, held_micro integer not null, charged_micro integer not null,
    returned_micro integer not null, submitted integer not null, delivered integer not null, failed integer not null,
    created_us integer not null, finished_us integer);
create table task_country (
    task_id integer not null, country text not null, recipients integer not null, held_micro integer not null,
    delivered integer not null, failed integer not null, charged_micro integer not null,
    primary key (task_id, country));
create table dispatch (
    id integer primary key, task_id integer not null, state text not null, messages integer not null,
    delivered integer not null, failed integer not null, charged_micro integer not null, held_micro integer not null);
create table message (
    id integer primary key, task_id integer not null, account_id integer not null, route_id integer not null,
    dispatch_id integer, row_number integer not null, msisdn integer not null, country text not null, content text,
    sms integer not null, parts integer not null, price_micro integer not null, held_micro integer not null,
    charged_micro integer not null, state text not null, reason text, detail text, provider_ref text,
    settle_tx integer, created_us integer not null, submitted_us integer, final_us integer);
create table outstanding (
    message_id integer primary key, task_id integer not null, account_id integer not null, route_id integer not null,
    dispatch_id integer not null, country text not null, held_micro integer not null, provider_ref text not null,
    submitted_us integer not null);
create index outstanding_ref on outstanding (route_id, provider_ref);
create table receipt_inbox (
    id integer primary key, route_id integer not null, provider_ref text not null, state text not null, reason text,
    detail text not null, receipt_us integer not null, received_us integer not null);
create table ledger_tx (
    id integer primary key, key text not null unique, kind text not null, account_id integer not null,
    amount_micro integer not null, task_id integer, created_us integer not null);
create table ledger_entry (
    tx_id integer not null, account_id integer not null, bucket text not null, amount_micro integer not null);
create table job (id integer primary key, key text not null unique, task_id integer not null, run_us integer not null);
"""

Rows = Sequence[tuple[Any, ...]]


class SqlitePeer:
    """One database in a folder. `accept` takes what a preview holds; `send` does the rest."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "peer.db", isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.executescript(_SCHEMA)
        self._db.execute("insert into account_balance values (?, ?, 0)", (ACCOUNT_ID, 10**15))
        self._arrived: queue.SimpleQueue[Sequence[Receipt]] = queue.SimpleQueue()

    def close(self) -> None:
        self._db.close()

    def quote(self, key: str, cost_micro: int) -> None:
        """What a preview leaves behind."""
        self._db.execute("insert into quote values (?, ?, null)", (key, cost_micro))

    def accept(self, key: str, messages: Rows, countries: Rows, text: str) -> int:
        """Quote, hold, task, messages and job in one transaction; the task's id.

        `messages`: row_number, msisdn, country, content, sms, parts, price_micro, held_micro.
        `countries`: country, recipients, held_micro.
        """
        now_us = time.time_ns() // 1_000
        with self._transaction() as db:
            cost = _one(db, "select cost_micro from quote where key = ? and task_id is null", key)[0]
            task_id = _one(db, "select coalesce(max(id), 0) + 1 from task")[0]
            first = _one(db, "select coalesce(max(id), 0) + 1 from message")[0]
            hold_tx = self._post("hold", f"hold:{key}", task_id, available=-cost, held=cost, now_us=now_us)
            db.execute(
                "insert into task values (?, ?, ?, 'Bench', ?, 'queued', ?, ?, ?, ?, 0, 0, 0, 0, 0, ?, null)",
                (task_id, ACCOUNT_ID, ROUTE_ID, text, first, len(messages), hold_tx, cost, now_us),
            )
            db.executemany(
                "insert into task_country values (?, ?, ?, ?, 0, 0, 0)", ((task_id, *line) for line in countries)
            )
            db.executemany(
                "insert into message (id, task_id, account_id, route_id, row_number, msisdn, country, content, sms,"
                " parts, price_micro, held_micro, charged_micro, state, created_us)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'queued', ?)",
                ((first + place, task_id, ACCOUNT_ID, ROUTE_ID, *row, now_us) for place, row in enumerate(messages)),
            )
            db.execute("update quote set task_id = ? where key = ?", (task_id, key))
            db.execute("insert into job values (null, ?, ?, ?)", (f"dispatch:{task_id}", task_id, now_us))
        return task_id

    def sink(self, receipts: Sequence[Receipt]) -> None:
        """What the gateway's thread calls; the receipts become durable when the sender takes them."""
        self._arrived.put(receipts)

    def send(self, gateway: Gateway, task_ids: Iterable[int]) -> None:
        """Until every message of these tasks is settled."""
        for task_id in task_ids:
            dispatch_id = self._begin(task_id)
            claimed = self._claim(task_id, dispatch_id)
            while claimed:
                self._record(task_id, dispatch_id, claimed, gateway.submit(_submissions(claimed)))
                self._take_receipts(block=False)
                claimed = self._claim(task_id, dispatch_id)
            with self._transaction() as db:
                db.execute("update dispatch set state = 'sent' where id = ?", (dispatch_id,))
                db.execute("update task set state = 'sent' where id = ? and state = 'sending'", (task_id,))
        while _one(self._db, "select exists (select 1 from outstanding)")[0]:
            self._take_receipts(block=True)

    def counters(self, task_id: int) -> dict[str, Any]:
        """Of a task, to check that the peer did the whole job."""
        names = "state, recipients, delivered, failed, held_micro, charged_micro, returned_micro"
        row = _one(self._db, f"select {names} from task where id = ?", task_id)
        return dict(zip(names.split(", "), row, strict=True))

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _post(self, kind: str, key: str, task_id: int, *, available: int, held: int, now_us: int) -> int:
        """One movement with its entries and balance, in the open transaction."""
        moved = self._db.execute(
            "update account_balance set available_micro = available_micro + ?, held_micro = held_micro + ?"
            " where account_id = ?",
            (available, held, ACCOUNT_ID),
        )
        assert moved.rowcount == 1
        tx_id = self._db.execute(
            "insert into ledger_tx values (null, ?, ?, ?, ?, ?, ?)",
            (key, kind, ACCOUNT_ID, available or held, task_id, now_us),
        ).lastrowid
        assert tx_id is not None
        entries = [("available", available), ("held", held), ("revenue", -available - held)]
        self._db.executemany(
            "insert into ledger_entry values (?, ?, ?, ?)",
            [(tx_id, ACCOUNT_ID, bucket, amount) for bucket, amount in entries if amount],
        )
        return tx_id

    def _begin(self, task_id: int) -> int:
        with self._transaction() as db:
            db.execute("delete from job where task_id = ?", (task_id,))
            db.execute("update task set state = 'sending' where id = ?", (task_id,))
            done = db.execute("insert into dispatch values (null, ?, 'running', 0, 0, 0, 0, 0)", (task_id,))
        assert done.lastrowid is not None
        return done.lastrowid

    def _claim(self, task_id: int, dispatch_id: int) -> Rows:
        with self._transaction() as db:
            rows = db.execute(
                "select m.id, m.msisdn, coalesce(m.content, t.content), m.parts, m.country, m.held_micro"
                " from task as t join message as m"
                " on m.id >= t.first_message and m.id < t.first_message + t.recipients"
                " where t.id = ? and m.state = 'queued' order by m.id limit ?",
                (task_id, DEFAULT_BATCH),
            ).fetchall()
            db.executemany(
                "update message set state = 'submitting', dispatch_id = ? where id = ? and state = 'queued'",
                ((dispatch_id, row[0]) for row in rows),
            )
        return rows

    def _record(self, task_id: int, dispatch_id: int, claimed: Rows, outcomes: Sequence[Any]) -> None:
        now_us = time.time_ns() // 1_000
        assert all(outcome.kind is OutcomeKind.ACCEPTED for outcome in outcomes)
        refs = [outcome.provider_ref for outcome in outcomes]
        with self._transaction() as db:
            db.executemany(
                "update message set state = 'submitted', provider_ref = ?, submitted_us = ?"
                " where id = ? and state = 'submitting'",
                ((ref, now_us, row[0]) for ref, row in zip(refs, claimed, strict=True)),
            )
            db.executemany(
                "insert into outstanding values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (row[0], task_id, ACCOUNT_ID, ROUTE_ID, dispatch_id, row[4], row[5], ref, now_us)
                    for ref, row in zip(refs, claimed, strict=True)
                ),
            )
            db.execute("update task set submitted = submitted + ? where id = ?", (len(claimed), task_id))
            db.execute(
                "update dispatch set messages = messages + ?, held_micro = held_micro + ? where id = ?",
                (len(claimed), sum(row[5] for row in claimed), dispatch_id),
            )

    def _take_receipts(self, *, block: bool) -> None:
        """Everything that arrived: into the inbox, durable, then folded."""
        if not block and self._arrived.empty():
            return
        arrived = list(self._arrived.get(timeout=RECEIPT_WAIT_S))
        while not self._arrived.empty():
            arrived += self._arrived.get()
        now_us = time.time_ns() // 1_000
        with self._transaction() as db:
            db.executemany(
                "insert into receipt_inbox values (null, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (ROUTE_ID, one.provider_ref, one.state.value, one.reason, one.detail, one.at_us, now_us)
                    for one in arrived
                ),
            )
        while self._fold():
            pass

    def _fold(self) -> int:
        now_us = time.time_ns() // 1_000
        with self._transaction() as db:
            rows = db.execute(
                "select r.id, r.state, r.reason, r.detail, r.receipt_us, o.message_id, o.task_id, o.dispatch_id,"
                " o.country, o.held_micro from receipt_inbox as r"
                " join outstanding as o on o.route_id = r.route_id and o.provider_ref = r.provider_ref"
                " order by r.id limit ?",
                (FOLD_BATCH,),
            ).fetchall()
            for task_id in {row[6] for row in rows}:
                for good in (True, False):
                    same = [row for row in rows if row[6] == task_id and _is_good(row) is good]
                    if same:
                        self._settle(task_id, same, good=good, now_us=now_us)
            db.executemany("delete from outstanding where message_id = ?", ((row[5],) for row in rows))
            db.executemany("delete from receipt_inbox where id = ?", ((row[0],) for row in rows))
        return len(rows)

    def _settle(self, task_id: int, rows: Rows, *, good: bool, now_us: int) -> None:
        """Ends messages of one task the same way: money, messages, counters."""
        amount = sum(row[9] for row in rows)
        charged, returned = (amount, 0) if good else (0, amount)
        kind = "charge" if good else "return"
        settle_tx = self._post(kind, f"{kind}:{rows[0][5]}", task_id, available=returned, held=-amount, now_us=now_us)
        self._db.executemany(
            "update message set state = ?, reason = ?, detail = ?, final_us = ?, charged_micro = ?, settle_tx = ?"
            " where id = ?",
            ((row[1], row[2], row[3], row[4], row[9] if good else 0, settle_tx, row[5]) for row in rows),
        )
        delivered, failed = (len(rows), 0) if good else (0, len(rows))
        self._db.execute(
            "update task set delivered = delivered + ?, failed = failed + ?, charged_micro = charged_micro + ?,"
            " returned_micro = returned_micro + ?,"
            " state = case when delivered + failed + ? = recipients then 'finished' else state end,"
            " finished_us = case when delivered + failed + ? = recipients then ? else finished_us end where id = ?",
            (delivered, failed, charged, returned, len(rows), len(rows), now_us, task_id),
        )
        messages, money = Counter[str](), Counter[str]()
        for row in rows:
            messages[row[8]] += 1
            money[row[8]] += row[9] if good else 0
        self._db.executemany(
            f"update task_country set {'delivered' if good else 'failed'} = {'delivered' if good else 'failed'} + ?,"
            " charged_micro = charged_micro + ? where task_id = ? and country = ?",
            ((messages[country], money[country], task_id, country) for country in messages),
        )
        self._db.executemany(
            "update dispatch set delivered = delivered + ?, failed = failed + ?, charged_micro = charged_micro + ?"
            " where id = ?",
            [(delivered, failed, charged, rows[0][7])],
        )


def _is_good(row: tuple[Any, ...]) -> bool:
    return row[1] == MessageState.DELIVERED


def _one(db: sqlite3.Connection, sql: str, *params: object) -> tuple[Any, ...]:
    return db.execute(sql, params).fetchall()[0]


def _submissions(claimed: Rows) -> list[Submission]:
    encodings = {text: parts.count(text).encoding for text in {row[2] for row in claimed}}
    return [Submission(row[0], f"+{row[1]}", None, row[2], encodings[row[2]], row[3]) for row in claimed]
