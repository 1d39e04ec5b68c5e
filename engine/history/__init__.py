"""What happened, read-only: records, one thing in full, movements of credit, statistics and exports.

Customers see the rows of their own account, operators those of all; every query takes the account itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.access import allows
from engine.errors import AccessError
from engine.history import (
    chart_data,
    choices,
    dashboard,
    exports,
    forecast,
    movements,
    records,
    statement_files,
    waits,
)
from engine.history.carriers import with_carriers
from engine.history.chart_data import Chart
from engine.history.checks import Check, Verdict, checks_of, has_begun
from engine.history.choices import Choices
from engine.history.columns import Columns
from engine.history.dashboard import Dashboard, Headline
from engine.history.exports import MAX_EXPORT_ROWS, ExportFormat, OnProgress
from engine.history.filters import (
    PAGE_ROWS,
    After,
    Order,
    Page,
    RecordFilter,
    StateGroup,
    known_id,
    one_of,
    page_limit,
    page_of,
    scope_of,
)
from engine.history.forecast import Forecast
from engine.history.movements import Statement
from engine.history.period import EVERYTHING_SENT, Only, Period
from engine.history.recent import Recent
from engine.history.records import TaskDetail
from engine.history.waits import DeliveryTimes
from engine.model import EVERY_ROLE, Actor, Balance, Clock
from engine.store import Remembered, Row, Store

__all__ = [
    "MAX_EXPORT_ROWS",
    "PAGE_ROWS",
    "After",
    "Chart",
    "Check",
    "Choices",
    "Columns",
    "Dashboard",
    "DeliveryTimes",
    "ExportFormat",
    "Forecast",
    "Headline",
    "History",
    "OnProgress",
    "Only",
    "Order",
    "Page",
    "RecordFilter",
    "StateGroup",
    "Statement",
    "TaskDetail",
    "Verdict",
    "has_begun",
]

EVERYTHING: Final = RecordFilter()
SLOW_S: Final = 10
"""How long figures that read messages, or lists for filters, are kept."""


@dataclass(frozen=True, slots=True)
class _Totals:
    """A statement without rows, and the account's newest movement before it was added up."""

    newest: int
    statement: Statement


class History:
    """Every call raises AccessError("not_found") for ids of another account and InputError for filters that
    cannot be. `after` is the `next_after` of the page before; `limit` is kept between 1 and 500 rows."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._balances = Remembered[int, Balance](store, "ledger")
        self._newest = Remembered[int, int](store, "ledger")
        self._totals = Remembered[tuple[int, int, int], _Totals](store)
        self._dashboards: Recent[Dashboard] = Recent()
        self._delivery_times: Recent[DeliveryTimes] = Recent(SLOW_S)
        self._forecasts: Recent[Forecast] = Recent()
        self._choices: Recent[Choices] = Recent(SLOW_S)

    @allows(EVERY_ROLE)
    def balance(self, actor: Actor, account_id: int | None = None) -> Balance:
        """Available and held credit of the actor's account; operators may name another."""
        account = self._one_account(actor, account_id)
        return self._balances.get(account, lambda: movements.balance_of(self._store, account))

    @allows(EVERY_ROLE)
    def tasks(
        self, actor: Actor, wanted: RecordFilter = EVERYTHING, *, after: After | None = None, limit: int = PAGE_ROWS
    ) -> Page:
        """Every column of the task, and route_name, member_name, account_name, settled (messages that are final),
        standing (the state, “paused”, or “on_hold” while the account is not active)."""
        scope, limit = self._scope(actor, wanted), page_limit(limit)
        rows = records.task_rows(
            self._store, scope, wanted, after=after, count=limit + 1, to_operator=actor.is_operator
        )
        return page_of(rows, limit, wanted.order)

    @allows(EVERY_ROLE)
    def task(self, actor: Actor, task_id: int) -> TaskDetail:
        return records.task_detail(self._store, scope_of(actor, None), task_id, to_operator=actor.is_operator)

    @allows(EVERY_ROLE)
    def live(self, actor: Actor, task_id: int) -> Row:
        """State and counters of a task, cheap enough to ask every second."""
        return records.live_row(self._store, scope_of(actor, None), task_id)

    @allows(EVERY_ROLE)
    def dispatches(
        self, actor: Actor, wanted: RecordFilter = EVERYTHING, *, after: After | None = None, limit: int = PAGE_ROWS
    ) -> Page:
        """Every column of the dispatch, and task_name, route_name, carried_by (the route whose gateway carried it,
        empty for its own), account_name, duration_us (None while it runs)."""
        scope, limit = self._scope(actor, wanted), page_limit(limit)
        rows = records.dispatch_rows(
            self._store, scope, wanted, after=after, count=limit + 1, to_operator=actor.is_operator
        )
        return page_of(rows, limit, wanted.order)

    @allows(EVERY_ROLE)
    def messages(
        self, actor: Actor, wanted: RecordFilter = EVERYTHING, *, after: After | None = None, limit: int = PAGE_ROWS
    ) -> Page:
        """id, account_id, account_name, task_id, task_name, route_id, route_name, carried_by (the route whose gateway
        carried it, empty for its own; “another route” for customers who cannot choose it), row_number, msisdn ("+61…"),
        country, sender, content (as sent), sms, parts, price_micro, held_micro, charged_micro, state, reason,
        sentence, next_step (both "" when there is nothing to explain), created_us, submitted_us, final_us,
        late_state, late_us."""
        scope, limit = self._scope(actor, wanted), page_limit(limit)
        rows = records.message_rows(
            self._store,
            scope,
            wanted,
            zone=actor.zone,
            after=after,
            count=limit + 1,
            to_operator=actor.is_operator,
        )
        return page_of(rows, limit)

    @allows(EVERY_ROLE)
    def message(self, actor: Actor, message_id: int) -> Row:
        """One message: the keys of its page except that `parts` is the text of each part on the air, `part_units` how
        full each is and `part_count` how many; and text, country_name, provider_ref, hold_tx, settle_tx, dispatch_id,
        count_rule, charge_on, zone, due_us; `timeline` (words, at_us); `ledger` (tx_id, kind, words, amount_micro,
        message_micro, created_us: the hold and the settlement, with this message's share); for operators `detail`, the
        gateway's own words."""
        return records.message_detail(self._store, scope_of(actor, None), message_id, to_operator=actor.is_operator)

    @allows(EVERY_ROLE)
    def movements(
        self, actor: Actor, wanted: RecordFilter = EVERYTHING, *, after: After | None = None, limit: int = PAGE_ROWS
    ) -> Page:
        """Every column of the ledger transaction, and words (its kind in plain words), available_change_micro,
        held_change_micro, task_name, member_name ("Staff" for operators, to customers), account_name."""
        scope, limit = self._scope(actor, wanted), page_limit(limit)
        rows = movements.movement_rows(
            self._store, scope, wanted, after=after, count=limit + 1, to_operator=actor.is_operator
        )
        return page_of(rows, limit)

    @allows(EVERY_ROLE)
    def statement(self, actor: Actor, start_us: int, end_us: int, *, account_id: int | None = None) -> Statement:
        """All movements of one account in a period; opening + movements = closing, exactly."""
        account = self._one_account(actor, account_id)
        return movements.statement(self._store, account, start_us, end_us, to_operator=actor.is_operator)

    @allows(EVERY_ROLE)
    def statement_totals(self, actor: Actor, start_us: int, end_us: int, *, account_id: int | None = None) -> Statement:
        """A statement without its rows: without a limit of their number, and added up anew only when something of the
        account has moved."""
        account = self._one_account(actor, account_id)
        newest = self._newest.get(account, lambda: movements.newest_of(self._store, account))

        def read() -> _Totals:
            return _Totals(newest, movements.statement_totals(self._store, account, start_us, end_us))

        return self._totals.get((account, start_us, end_us), read, holds=lambda kept: kept.newest == newest).statement

    @allows(EVERY_ROLE)
    def statement_file(
        self, actor: Actor, start_us: int, end_us: int, fmt: str = "pdf", *, account_id: int | None = None
    ) -> bytes:
        """A statement with every movement, to keep: "pdf" (at most 5,000 movements) or "xlsx" (50,000).

        Raises InputError for another format or more movements, StateError("statement_differs") rather than writing
        one that does not add up.
        """
        account = self._one_account(actor, account_id)
        found = movements.statement(self._store, account, start_us, end_us, to_operator=actor.is_operator)
        row = self._store.one("history.account_name", account)
        assert row is not None
        heads = statement_files.Heads(row["name"], actor.zone, self._clock.now_us())
        return statement_files.written(found, heads, fmt)

    @allows(EVERY_ROLE)
    def dashboard(
        self,
        actor: Actor,
        start_us: int,
        end_us: int,
        *,
        account_id: int | None = None,
        zone: str | None = None,
        only: Only = EVERYTHING_SENT,
    ) -> Dashboard:
        """Figures of tasks due from `start_us` to before `end_us`; at most 3 seconds old."""
        period = Period(scope_of(actor, account_id), start_us, end_us, zone or actor.zone, only)
        return self._dashboards.get(period, self._clock.now_us(), lambda: dashboard.dashboard(self._store, period))

    @allows(EVERY_ROLE)
    def delivery_times(
        self,
        actor: Actor,
        start_us: int,
        end_us: int,
        *,
        account_id: int | None = None,
        only: Only = EVERYTHING_SENT,
    ) -> DeliveryTimes:
        """How long delivered messages took to arrive; at most 10 seconds old. Reads messages: slower than the rest."""
        period = Period(scope_of(actor, account_id), start_us, end_us, "UTC", only)
        return self._delivery_times.get(period, self._clock.now_us(), lambda: waits.delivery_times(self._store, period))

    @allows(EVERY_ROLE)
    def forecast(self, actor: Actor, *, account_id: int | None = None) -> Forecast:
        """How many days the available credit lasts, by what the last four weeks cost in the reader's days."""
        account, now_us = self._one_account(actor, account_id), self._clock.now_us()

        def compute() -> Forecast:
            available = movements.balance_of(self._store, account).available_micro
            return forecast.forecast(self._store, account, available_micro=available, now_us=now_us, zone=actor.zone)

        return self._forecasts.get((account, actor.zone), now_us, compute)

    @allows(EVERY_ROLE)
    def choices(self, actor: Actor, *, account_id: int | None = None) -> Choices:
        """Routes, countries, members and sender IDs that figures can be narrowed to; at most 10 seconds old."""
        scope, to_operator = scope_of(actor, account_id), actor.is_operator
        return self._choices.get(
            (scope, to_operator),
            self._clock.now_us(),
            lambda: choices.choices(self._store, scope, to_operator=to_operator),
        )

    @allows(EVERY_ROLE)
    def export_chart(
        self,
        actor: Actor,
        chart: str,
        start_us: int,
        end_us: int,
        *,
        account_id: int | None = None,
        only: Only = EVERYTHING_SENT,
        fmt: str = "csv",
    ) -> bytes:
        """The data behind a chart of the dashboard (a word of `Chart`) as a file, in the reader's days and hours."""
        one_of(chart, Chart, "Chart")
        read = self.delivery_times if chart == Chart.WAITS else self.dashboard
        figures = read(actor, start_us, end_us, account_id=account_id, only=only)
        table = chart_data.table_of(Chart(chart), figures)
        return exports.written(table, chart_data.COLUMNS[Chart(chart)], fmt, zone=actor.zone)

    @allows(EVERY_ROLE)
    def export_messages(
        self,
        actor: Actor,
        wanted: RecordFilter = EVERYTHING,
        fmt: str = "csv",
        *,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """A file of at most 200,000 rows (csv, parquet; xlsx 50,000) in the filter's order; InputError when there are
        more. Operators also get the column carried_by. `on_progress` is called with the rows written and all there are,
        again and again while it is made."""
        frame = exports.message_frame(self._store, self._scope(actor, wanted), wanted, zone=actor.zone)
        columns = exports.MESSAGE_COLUMNS
        if actor.is_operator:
            columns, frame = exports.and_carrier(columns), with_carriers(self._store, frame)
        return exports.written(frame, columns, fmt, zone=actor.zone, on_progress=on_progress)

    @allows(EVERY_ROLE)
    def export_tasks(
        self,
        actor: Actor,
        wanted: RecordFilter = EVERYTHING,
        fmt: str = "csv",
        *,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """As `export_messages`, of tasks."""
        scope = self._scope(actor, wanted)
        frame = exports.task_frame(self._store, scope, wanted, to_operator=actor.is_operator)
        return exports.written(frame, exports.TASK_COLUMNS, fmt, zone=actor.zone, on_progress=on_progress)

    @allows(EVERY_ROLE)
    def export_dispatches(
        self,
        actor: Actor,
        wanted: RecordFilter = EVERYTHING,
        fmt: str = "csv",
        *,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """As `export_messages`, of dispatches."""
        frame = exports.dispatch_frame(self._store, self._scope(actor, wanted), wanted)
        columns = exports.DISPATCH_COLUMNS
        if actor.is_operator:
            columns, frame = exports.and_carrier(columns), with_carriers(self._store, frame)
        return exports.written(frame, columns, fmt, zone=actor.zone, on_progress=on_progress)

    @allows(EVERY_ROLE)
    def checks(self, actor: Actor, task_id: int) -> list[Check]:
        """What the FAQ tells people to check when nobody reacts, checked on one task."""
        detail = records.task_detail(self._store, scope_of(actor, None), task_id, to_operator=actor.is_operator)
        return checks_of(self._store, detail.row, detail.reasons, now_us=self._clock.now_us())

    @allows(EVERY_ROLE)
    def export_movements(
        self,
        actor: Actor,
        wanted: RecordFilter = EVERYTHING,
        fmt: str = "csv",
        *,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """As `export_messages`, of credit movements."""
        scope = self._scope(actor, wanted)
        frame = exports.movement_frame(self._store, scope, wanted, to_operator=actor.is_operator)
        return exports.written(frame, exports.MOVEMENT_COLUMNS, fmt, zone=actor.zone, on_progress=on_progress)

    def _scope(self, actor: Actor, wanted: RecordFilter) -> int | None:
        """The account whose rows are read; a task of another account is refused here."""
        scope = scope_of(actor, wanted.account_id)
        if wanted.task_id is not None:
            records.live_row(self._store, scope, wanted.task_id)
        return scope

    def _one_account(self, actor: Actor, account_id: int | None) -> int:
        """Of operators who name no account, their own; one that is not there is refused."""
        if account_id is None:
            return actor.account_id
        scope_of(actor, account_id)
        if self._store.one("history.account", known_id(account_id, "account")) is None:
            raise AccessError("not_found", what="account")
        return account_id
