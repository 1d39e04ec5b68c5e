"""Dashboard and pages of records over a long history, beside sqlite3 with the same rows and an index."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine import routes
from engine.bench.desk import Desk, Workbench, opened
from engine.bench.measure import Result, race, timed
from engine.demo import HISTORY_DAYS, ROUTES, fill
from engine.history import PAGE_ROWS, RecordFilter
from engine.history.dashboard import dashboard
from engine.history.message_query import MessageQuery
from engine.history.period import Period
from engine.model import DAY_US, HOUR_US

DASHBOARD_BUDGET_MS: Final = 50.0
LONG: Final = 1_000_000
"""Above so many messages the dashboard has the budget of ten million."""
DASHBOARD_LONG_BUDGET_MS: Final = 150.0
PAGE_BUDGET_MS: Final = 20.0
SECONDS_TO_FILL: Final = 45.0
"""A machine that needs longer for the history gets a shorter one; `n` of the results says how long."""
TRIAL_MESSAGES: Final = 20_000
PEER_DASHBOARD: Final = "sqlite3, the same figures from messages by index"
PEER_PAGE: Final = "sqlite3, keyset page by index"
PAGES_NOTE: Final = "mean of newest, middle, failed only and one country; the budget is for 10M messages"
COUNTRY: Final = "NZ"


class HistoryBook:
    """A database with one account's history, made once for every benchmark that reads one."""

    def __init__(self, bench: Workbench) -> None:
        self.folder = bench.new_folder()
        self.peer_file = bench.new_folder() / "peer.db"
        self.messages = _affordable(bench)
        with opened(self.folder) as desk:
            _fill(desk, self.messages)
            desk.engine.store.checkpoint()
            _copy(desk, self.peer_file, self.messages)


def dashboards(bench: Workbench, book: HistoryBook) -> list[Result]:
    """Every figure of the dashboard, computed anew: the product keeps them for 3 seconds."""
    found: list[Result] = []
    budget_ms = DASHBOARD_LONG_BUDGET_MS if book.messages > LONG else DASHBOARD_BUDGET_MS
    with opened(book.folder) as desk, closing(sqlite3.connect(book.peer_file)) as peer:
        end_us = desk.engine.clock.now_us()
        for name, days in (("dashboard_30_days", 30), ("dashboard_all", HISTORY_DAYS + 1)):
            period = Period(desk.actor.account_id, end_us - days * DAY_US, end_us, desk.actor.zone)
            outcome = race(
                timed(partial(dashboard, desk.engine.store, period)),
                timed(partial(peer_dashboard, peer, period)),
                rounds=bench.sizes.slow_rounds,
                repeats=3,
            )
            found.append(outcome.in_ms(name, n=book.messages, peer_name=PEER_DASHBOARD, budget_ms=budget_ms))
    return found


def pages(bench: Workbench, book: HistoryBook) -> list[Result]:
    """A page of messages and a page of tasks, newest first and from the middle on."""
    with opened(book.folder) as desk, closing(sqlite3.connect(book.peer_file)) as peer:
        history, actor = desk.engine.history, desk.actor
        wanted = pages_of(book.messages)
        messages = race(
            timed(lambda: [history.messages(actor, which, after=after) for which, after in wanted]),
            timed(lambda: [peer_page(peer, actor.account_id, which, after) for which, after in wanted]),
            rounds=bench.sizes.rounds,
            repeats=3,
        )
        tasks = race(
            timed(lambda: history.tasks(actor)),
            timed(lambda: peer.execute(_TASK_PAGE, (actor.account_id, PAGE_ROWS + 1)).fetchall()),
            rounds=bench.sizes.rounds,
            repeats=3,
        )
    shared: dict[str, Any] = {"n": book.messages, "peer_name": PEER_PAGE, "budget_ms": PAGE_BUDGET_MS}
    return [
        messages.in_ms("record_page_messages", per=len(wanted), note=PAGES_NOTE, **shared),
        tasks.in_ms("record_page_tasks", **shared),
    ]


def pages_of(messages: int) -> Sequence[tuple[RecordFilter, int | None]]:
    """(filter, after) of the pages that are read from a history of so many messages."""
    return (
        (RecordFilter(), None),
        (RecordFilter(), messages // 2),
        (RecordFilter(state="failed"), None),
        (RecordFilter(country=COUNTRY), None),
    )


def _affordable(bench: Workbench) -> int:
    """How long a history this machine makes in good time, told by a short one; what was asked for is made whatever
    time it takes."""
    wanted = bench.sizes.history
    if bench.sizes.exact:
        return wanted
    trial = min(TRIAL_MESSAGES, wanted)
    with bench.desk() as desk:
        began = time.perf_counter()
        _fill(desk, trial)
        seconds = time.perf_counter() - began
    return max(trial, min(wanted, round(trial / seconds * SECONDS_TO_FILL)))


def _fill(desk: Desk, count: int) -> None:
    engine, actor = desk.engine, desk.actor
    now_us = engine.clock.now_us()
    with engine.store.transaction() as tx:
        ids = [routes.add(tx, new, member_id=None, now_us=now_us) for new in ROUTES]
    used = [routes.load(engine.store, route_id) for route_id in ids]
    fill(engine, account_id=actor.account_id, member_id=actor.user_id, used=used, count=count)


_PEER_SCHEMA: Final = """
create table route (id integer primary key, name text not null);
create table task (
    id integer primary key, account_id integer not null, route_id integer not null, name text not null,
    content text not null, state text not null, recipients integer not null, delivered integer not null,
    failed integer not null, charged_micro integer not null, created_us integer not null);
create table message (
    id integer primary key, account_id integer not null, task_id integer not null, route_id integer not null,
    row_number integer not null, msisdn text not null, country text not null, sms integer not null,
    held_micro integer not null, charged_micro integer not null, state text not null, reason text,
    created_us integer not null, submitted_us integer, final_us integer, day integer not null);
"""
_PEER_INDEXES: Final = """
create index message_day on message (account_id, day);
create index message_state on message (account_id, state);
create index message_country on message (account_id, country);
create index task_account on task (account_id);
analyze;
"""
_MESSAGE_COLUMNS: Final = (
    "id", "account_id", "task_id", "route_id", "row_number", "msisdn", "country", "sms", "held_micro",
    "charged_micro", "state", "reason", "created_us", "submitted_us", "final_us",
)  # fmt: skip

_BAD: Final = "state in ('failed', 'expired')"
_WHERE: Final = (
    "account_id = ?1 and day >= ?2 / 86400000000 and day <= ?3 / 86400000000 and created_us >= ?2 and created_us < ?3"
)
_SUMS: Final = f"count(*), sum(state = 'delivered'), sum({_BAD}), sum(charged_micro)"
_PEER_QUERIES: Final = (
    f"select count(distinct task_id), {_SUMS} from message where {_WHERE}",
    f"select day, {_SUMS} from message where {_WHERE} group by day",
    f"select route_id, {_SUMS} from message where {_WHERE} group by route_id",
    f"select country, {_SUMS} from message where {_WHERE} group by country",
    f"select submitted_us / {HOUR_US} % 24, {_SUMS} from message where {_WHERE} group by 1",
    f"select state, reason, count(*) from message where {_WHERE} and {_BAD} group by 1, 2",
)
_MESSAGE_PAGE: Final = (
    "select m.*, t.name, t.content, r.name from message as m join task as t on t.id = m.task_id"
    " join route as r on r.id = m.route_id where m.account_id = ? and m.id < ? {more} order by m.id desc limit ?"
)
_TASK_PAGE: Final = (
    "select t.*, r.name from task as t join route as r on r.id = t.route_id where t.account_id = ?"
    " order by t.id desc limit ?"
)


def _copy(desk: Desk, file: Path, count: int) -> None:
    """The same messages and tasks in the peer."""
    frame = MessageQuery(desk.actor.account_id, RecordFilter()).frame(desk.engine.store, count=count)
    names = frame.select("route_id", "route_name").unique().rows()
    marks = ", ".join("?" * len(_MESSAGE_COLUMNS))
    with closing(sqlite3.connect(file)) as peer, peer:
        peer.executescript(f"pragma synchronous = off; pragma cache_size = -200000; {_PEER_SCHEMA}")
        peer.executemany("insert into route values (?, ?)", names)
        peer.executemany(
            f"insert into message values ({marks}, 0)", frame.select(_MESSAGE_COLUMNS).reverse().iter_rows()
        )
        peer.execute(f"update message set day = created_us / {DAY_US}")
        texts = frame.select("task_id", "task_name", "text").unique("task_id").rows()
        peer.executemany(
            "insert into task select task_id, account_id, route_id, ?2, ?3, 'finished', count(*),"
            f" sum(state = 'delivered'), sum({_BAD}), sum(charged_micro), min(created_us)"
            " from message where task_id = ?1 and id >= 0 group by task_id, account_id, route_id",
            texts,
        )
        peer.executescript(_PEER_INDEXES)


def peer_dashboard(peer: sqlite3.Connection, period: Period) -> list[list[Any]]:
    """Rows of each query: headline of the period before and of the period, days, routes, countries, hours, reasons."""
    length_us = period.end_us - period.start_us
    now = (period.account_id, period.start_us, period.end_us)
    before = (period.account_id, period.start_us - length_us, period.start_us)
    return [
        peer.execute(_PEER_QUERIES[0], before).fetchall(),
        *(peer.execute(query, now).fetchall() for query in _PEER_QUERIES),
    ]


def peer_page(peer: sqlite3.Connection, account_id: int, wanted: RecordFilter, after: int | None) -> list[Any]:
    """A page of messages with one more row, as ours."""
    more, params = "", list[str]()
    if wanted.state is not None:
        more, params = "and m.state = ?", [wanted.state]
    if wanted.country is not None:
        more, params = "and m.country = ?", [wanted.country]
    below = after if after is not None else 2**63 - 1
    sql = _MESSAGE_PAGE.format(more=more)
    return peer.execute(sql, (account_id, below, *params, PAGE_ROWS + 1)).fetchall()
