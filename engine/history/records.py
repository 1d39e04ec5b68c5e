"""Pages of tasks, dispatches and messages, and one of each in full.

The counters of tasks tell between which ids the messages of a page lie, so a page reads a few thousand of ten
million messages. `scope` is the account whose rows are seen, None for every account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from engine import parts
from engine.errors import AccessError, InputError
from engine.history.filters import (
    BY_TIME,
    LEAST_INT,
    MAX_PAGE_ROWS,
    MOST_GROUPED,
    MOST_INT,
    NO_NUMBER_SEARCH,
    After,
    Order,
    RecordFilter,
    StateGroup,
    id_of,
    known_id,
    message_states,
    number_search,
    one_of,
    start_of,
)
from engine.history.period import local
from engine.history.words import STATE_WORDS, explain, member_words, movement_words, reason_of
from engine.model import FAIL_SENTENCES, FINAL_STATES, HOUR_US, FailReason, MessageState, MovementKind, TaskState
from engine.numbers import country_name
from engine.store import Reader, Row, Rows

DISPATCH_STATES: Final = frozenset({"running", "sent", "finished"})
UNSENT_STATES: Final = frozenset({TaskState.SCHEDULED, TaskState.QUEUED, TaskState.SENDING})
PAUSED: Final = "paused"
"""How a task stands that its account paused; also a state to filter by."""
ON_HOLD: Final = "on_hold"
"""How a task stands whose account is not active."""
MOST_CHOICES: Final = 200
FIRST_TASKS: Final = 4_096
FIRST_MESSAGES: Final = 500_000
"""How far back a page is looked for when counters do not tell: so many messages of so many tasks, then everything."""
CLOCK_SLACK_US: Final = HOUR_US
"""A task and its messages are written together, but nothing forces their instants to be equal."""


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """`row` as in the page of tasks. `countries`: the accepted quote by country with what became of it. `reasons`:
    reason, sentence, next_step, messages; most frequent first. `dispatches` as in their page. `origin` (origin_id,
    which, name) is the task it repeats; `repetitions` (task_id, which, name, recipients, delivered, state) repeat it.
    """

    row: Row
    countries: Rows
    reasons: Rows
    dispatches: Rows
    origin: Row | None = None
    repetitions: Rows = field(default_factory=list[Row])


def task_query(scope: int | None, wanted: RecordFilter, *, after: After | None, count: int) -> tuple[Any, ...]:
    """Name and parameters of the query of tasks."""
    order = one_of(wanted.order, Order, "Order")
    params = (
        scope,
        wanted.task_id,
        wanted.from_us,
        wanted.below_us,
        one_of(wanted.state, frozenset([*TaskState, PAUSED]), "Status"),
        wanted.route,
        wanted.text,
    )
    who = (wanted.sender_id, wanted.member)
    if order == Order.NEWEST and wanted.country_code is None:
        return ("history.tasks", *params, id_of(after, MOST_INT), count, *who)
    key, below = start_of(after, wanted.order)
    return ("records.tasks", *params, below, count, *who, wanted.country_code, order, key)


def task_rows(
    reader: Reader, scope: int | None, wanted: RecordFilter, *, after: After | None, count: int, to_operator: bool
) -> Rows:
    rows = reader.all(*task_query(scope, wanted, after=after, count=count))
    return [with_standing(with_member(row, to_operator=to_operator)) for row in rows]


def with_standing(row: Row) -> Row:
    """Adds `standing`: the state, or why a task that is not sent whole does not go on."""
    unsent = row["state"] in UNSENT_STATES and not row["cancel_requested"]
    inactive = row.pop("account_status") != "active"
    if unsent and inactive:
        return row | {"standing": ON_HOLD}
    return row | {"standing": PAUSED if unsent and row["paused_us"] is not None else row["state"]}


def with_member(row: Row, *, to_operator: bool) -> Row:
    """Turns `member_name` and `member_role` into the name this reader may see."""
    role = row.pop("member_role")
    row["member_name"] = member_words(row["member_name"], role, to_operator=to_operator)
    return row


def task_row(reader: Reader, scope: int | None, task_id: int, *, to_operator: bool) -> Row:
    known_id(task_id, "task")
    rows = task_rows(reader, scope, RecordFilter(task_id=task_id), after=None, count=1, to_operator=to_operator)
    if not rows:
        raise AccessError("not_found", what="task")
    return rows[0]


def task_detail(reader: Reader, scope: int | None, task_id: int, *, to_operator: bool) -> TaskDetail:
    row = task_row(reader, scope, task_id, to_operator=to_operator)
    first = row["first_message"]
    countries = reader.all("history.countries_of_task", task_id)
    return TaskDetail(
        row=row,
        countries=[line | {"country_name": country_name(line["country"])} for line in countries],
        reasons=merged_reasons(reader.all("history.reasons_of_task", first, first + row["recipients"])),
        dispatches=dispatch_rows(reader, scope, RecordFilter(task_id=task_id), after=None, count=MAX_PAGE_ROWS),
        origin=reader.one("control.origin", task_id),
        repetitions=reader.all("control.repetitions", task_id),
    )


def live_row(reader: Reader, scope: int | None, task_id: int) -> Row:
    row = reader.one("history.live", known_id(task_id, "task"), scope)
    if row is None:
        raise AccessError("not_found", what="task")
    return with_standing(row)


def merged_reasons(rows: Iterable[Row]) -> Rows:
    """Counts by state and reason → reason, sentence, next_step, messages; most frequent first."""
    sums: dict[FailReason, int] = {}
    for row in rows:
        reason = reason_of(row["state"], row["reason"])
        if reason is not None:
            sums[reason] = sums.get(reason, 0) + row["messages"]
    return [
        {
            "reason": reason.value,
            "sentence": FAIL_SENTENCES[reason][0],
            "next_step": FAIL_SENTENCES[reason][1],
            "messages": number,
        }
        for reason, number in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def dispatch_rows(reader: Reader, scope: int | None, wanted: RecordFilter, *, after: After | None, count: int) -> Rows:
    return reader.all(*dispatch_query(scope, wanted, after=after, count=count))


def dispatch_query(scope: int | None, wanted: RecordFilter, *, after: After | None, count: int) -> tuple[Any, ...]:
    """Name and parameters of the query of dispatches."""
    order = one_of(wanted.order, Order, "Order")
    params = (
        scope,
        wanted.task_id,
        wanted.from_us,
        wanted.below_us,
        one_of(wanted.state, DISPATCH_STATES, "Status"),
        wanted.route,
    )
    of_task = (wanted.text, wanted.sender_id, wanted.member)
    if order == Order.NEWEST and not any(of_task):
        return ("history.dispatches", *params, id_of(after, MOST_INT), count)
    key, below = start_of(after, wanted.order)
    return ("records.dispatches", *params, below, count, *of_task, order, key)


class MessageQuery:
    """A filter turned into the parameters of `history.window` and `history.messages`."""

    def __init__(self, scope: int | None, wanted: RecordFilter, zone: str = "UTC") -> None:
        """`zone` is whose days and hours the filter means."""
        text = wanted.text
        searched = number_search(text) if text else NO_NUMBER_SEARCH
        self._number = searched or NO_NUMBER_SEARCH
        self._name = text if searched is None else ""
        self._states = message_states(wanted.state)
        self._scope = scope
        self._wanted = wanted
        self._who = (wanted.sender_id, wanted.member)
        self._zone = zone
        self._weekday = _among(wanted.weekday, range(1, 8), "Weekday")
        self._hour = _among(wanted.hour, range(24), "Hour")
        every = (LEAST_INT, MOST_INT)
        asked = (wanted.from_us, wanted.below_us)
        self._due, self._created = (asked, every) if wanted.by_due else (every, asked)

    @property
    def _by_task(self) -> bool:
        """Whether something is asked that only the task knows."""
        return bool(self._name) or self._wanted.by_due or self._who != (None, None) or self._narrowed

    @property
    def _narrowed(self) -> bool:
        """Whether tasks are chosen by what the span of ids does not tell."""
        return self._weekday is not None or self._hour is not None

    @property
    def _first_step(self) -> tuple[int, int] | None:
        """Tasks and messages to look through first, at the least; None looks through everything at once.

        Counters tell how near is enough, unless more is asked than they count. One number or ending is rare everywhere.
        """
        number, wanted = self._number, self._wanted
        if number.exact is not None or number.rest is not None:
            return None
        counted = number.ranges is None and wanted.reason is None and wanted.country is None and not self._narrowed
        return (1, 1) if counted else (FIRST_TASKS, FIRST_MESSAGES)

    def page(self, reader: Reader, *, after: After | None, count: int) -> Rows:
        """At most `count` messages after the one with the id `after`, in the order of the filter."""
        oldest = one_of(self._wanted.order, BY_TIME, "Order") == Order.OLDEST
        return (self._oldest if oldest else self._newest)(reader, after=after, count=count)

    def _newest(self, reader: Reader, *, after: After | None, count: int) -> Rows:
        below, found = id_of(after, MOST_INT), list[Row]()
        step = self._first_step
        if step is not None:
            window = self._window(reader, below=below, tasks=max(step[0], count), messages=max(step[1], count))
            if window is None:
                return []
            found = reader.all(*self._select(reader, *window, count))
            below = window[0]
        if len(found) < count and (window := self._span(reader, below=below)):
            found += reader.all(*self._select(reader, *window, count - len(found)))
        return found

    def _oldest(self, reader: Reader, *, after: After | None, count: int) -> Rows:
        """As `_newest`, upwards: what is looked through first lies at the other end."""
        above, found = id_of(after, 0), list[Row]()
        step = self._first_step
        if step is not None:
            window = _ids(
                reader.one(
                    "records.oldest_window", *self._task_params(above), self._counter(), max(step[0], count),
                    max(step[1], count),
                )
            )  # fmt: skip
            if window is None:
                return []
            found = reader.all(*self._select(reader, *window, count, oldest=True))
            above = window[1] - 1
        if len(found) < count:
            window = _ids(reader.one("records.oldest_span", *self._task_params(above)))
            found += reader.all(*self._select(reader, *window, count - len(found), oldest=True)) if window else []
        return found

    def frame(self, reader: Reader, *, count: int) -> pl.DataFrame:
        """The first `count` messages in one table."""
        oldest = one_of(self._wanted.order, BY_TIME, "Order") == Order.OLDEST
        window = self._span(reader, below=MOST_INT)
        return reader.frame(*self._select(reader, *(window or (0, 0)), count, oldest=oldest))

    def _span(self, reader: Reader, *, below: int) -> tuple[int, int] | None:
        """Ids from and below which every message that may match lies."""
        return _ids(reader.one("history.span", *self._task_params(below)))

    def _window(self, reader: Reader, *, below: int, tasks: int, messages: int) -> tuple[int, int] | None:
        """Ids from and below which the newest of them lie: so many tasks, or tasks with so many that may match."""
        return _ids(reader.one("history.window", *self._task_params(below), self._counter(), tasks, messages))

    def _task_params(self, below: int) -> tuple[Any, ...]:
        from_us, below_us = self._created
        created = (from_us - CLOCK_SLACK_US, below_us + CLOCK_SLACK_US)
        return (
            self._scope,
            self._wanted.task_id,
            self._name,
            self._wanted.route,
            *self._due,
            *created,
            below,
            *self._who,
        )

    def _counter(self) -> str:
        """Which counter of a task bounds how many of its messages match."""
        if not self._states:
            return "all"
        if len(self._states) == 1 and self._states[0] in FINAL_STATES:
            return self._states[0].value
        group = StateGroup.UNDELIVERED if self._states[0] in FINAL_STATES else StateGroup.OPEN
        return group.value

    def _select(self, reader: Reader, low: int, high: int, count: int, *, oldest: bool = False) -> tuple[Any, ...]:
        """Name and parameters of the query of messages."""
        wanted, number = self._wanted, self._number
        states = [state.value for state in self._states] or [None]
        places = states + states[-1:] * (MOST_GROUPED - len(states))
        params = (
            low,
            high,
            self._scope,
            *places,
            wanted.route,
            wanted.country_code,
            *self._created,
            wanted.reason,
            number.exact,
            list(number.ranges) if number.ranges else None,
            number.divisor,
            number.rest,
            count,
        )
        if not self._by_task and not oldest:
            return ("history.messages", *params)
        query = "records.oldest_messages" if oldest else "history.messages_of_tasks"
        return (query, *params, self._name, *self._due, *self._who, self._quarters(reader))

    def _quarters(self, reader: Reader) -> list[int] | None:
        """The quarter hours of the wanted weekday and hour in which tasks were due; None for any."""
        weekday, hour = self._weekday, self._hour
        if weekday is None and hour is None:
            return None
        moment = local(self._zone)
        return (
            reader.frame("history.due_quarters", self._scope, *self._due)
            .filter(
                pl.lit(True) if weekday is None else moment.dt.weekday() == weekday,
                pl.lit(True) if hour is None else moment.dt.hour() == hour,
            )["quarter_us"]
            .to_list()
        )


def _among(value: int | None, allowed: range, field: str) -> int | None:
    if value is None or value in allowed:
        return value
    remedy = f"Choose one from {allowed[0]} to {allowed[-1]}."
    raise InputError("invalid", field=field, problem="there is no such one.", remedy=remedy)


def _ids(row: Row | None) -> tuple[int, int] | None:
    """None when no task can have a match; `greatest` and `least` leave out what is null."""
    return None if row is None or None in (row["low"], row["high"]) else (row["low"], row["high"])


def message_rows(
    reader: Reader, scope: int | None, wanted: RecordFilter, *, zone: str, after: After | None, count: int
) -> Rows:
    one_of(wanted.reason, FailReason, "Reason")
    return [_message_row(row) for row in MessageQuery(scope, wanted, zone).page(reader, after=after, count=count)]


def _message_row(row: Row) -> Row:
    sentence, next_step = explain(row["state"], row["reason"])
    row["content"] = row.pop("text")
    return row | {"msisdn": f"+{row['msisdn']}", "sentence": sentence, "next_step": next_step}


def message_detail(reader: Reader, scope: int | None, message_id: int, *, to_operator: bool) -> Row:
    """One message; the keys are those of `History.message`."""
    row = reader.one("history.message", known_id(message_id, "message"), scope)
    if row is None:
        raise AccessError("not_found", what="message")
    if not to_operator:
        del row["detail"]  # the operator's own words, for staff
    row = _message_row(row)
    return row | {
        "text": row["content"],
        "part_count": row["parts"],
        "parts": (texts := parts.split(row["content"])),
        "part_units": parts.units_of(texts),
        "country_name": country_name(row["country"]),
        "timeline": _timeline(row),
        "ledger": _ledger_lines(reader, row),
    }


def _timeline(row: Row) -> Rows:
    """`words` and `at_us` of what happened, in order."""
    steps = [("Accepted and credit held", row["created_us"]), ("Handed to the operator", row["submitted_us"])]
    if row["final_us"] is not None:
        steps.append((STATE_WORDS[MessageState(row["state"])], row["final_us"]))
    if row["late_state"] is not None:
        late = STATE_WORDS[MessageState(row["late_state"])].lower()
        steps.append((f"A later receipt says: {late}. The credit stays as it was settled.", row["late_us"]))
    return [{"words": words, "at_us": at_us} for words, at_us in steps if at_us is not None]


def _ledger_lines(reader: Reader, row: Row) -> Rows:
    """The hold of the task and the settlement, each with this message's share of it (`message_micro`)."""
    lines = reader.all("history.movements_by_id", row["hold_tx"], row["settle_tx"])
    shares = {
        MovementKind.HOLD: -row["held_micro"],
        MovementKind.CHARGE: -row["charged_micro"],
        MovementKind.RETURN: row["held_micro"] - row["charged_micro"],
    }
    return [
        {
            "tx_id": line["id"],
            "kind": line["kind"],
            "words": movement_words(line["kind"]),
            "amount_micro": line["amount_micro"],
            "message_micro": shares[MovementKind(line["kind"])],
            "created_us": line["created_us"],
        }
        for line in lines
    ]
