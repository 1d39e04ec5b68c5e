"""Pages of tasks, dispatches and messages, and one of each in full.

The counters of tasks tell between which ids the messages of a page lie, so a page reads a few thousand of ten
million messages. `scope` is the account whose rows are seen, None for every account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine import parts
from engine.errors import AccessError
from engine.history.filters import (
    LEAST_INT,
    MAX_PAGE_ROWS,
    MOST_GROUPED,
    MOST_INT,
    NO_NUMBER_SEARCH,
    RecordFilter,
    StateGroup,
    bounded,
    known_id,
    message_states,
    number_search,
    one_of,
)
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
FIRST_TASKS: Final = 4_096
FIRST_MESSAGES: Final = 500_000
"""How far back a page is looked for when counters do not tell: so many messages of so many tasks, then everything."""
CLOCK_SLACK_US: Final = HOUR_US
"""A task and its messages are written together, but nothing forces their instants to be equal."""


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """`row` as in the page of tasks. `countries`: the accepted quote by country with what became of it. `reasons`:
    reason, sentence, next_step, messages; most frequent first. `dispatches` as in their page."""

    row: Row
    countries: Rows
    reasons: Rows
    dispatches: Rows


def task_query(scope: int | None, wanted: RecordFilter, *, after: int | None, count: int) -> tuple[Any, ...]:
    """Name and parameters of the query of tasks."""
    params = (
        scope,
        wanted.task_id,
        wanted.from_us,
        wanted.below_us,
        one_of(wanted.state, frozenset([*TaskState, PAUSED]), "Status"),
        wanted.route,
        wanted.text,
        bounded(after, MOST_INT),
        count,
    )
    if wanted.country_code is None:
        return ("history.tasks", *params)
    return ("history.tasks_to_country", *params, wanted.country_code)


def task_rows(
    reader: Reader, scope: int | None, wanted: RecordFilter, *, after: int | None, count: int, to_operator: bool
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


def dispatch_rows(reader: Reader, scope: int | None, wanted: RecordFilter, *, after: int | None, count: int) -> Rows:
    params = (
        scope,
        wanted.task_id,
        wanted.from_us,
        wanted.below_us,
        one_of(wanted.state, DISPATCH_STATES, "Status"),
        wanted.route,
        bounded(after, MOST_INT),
        count,
    )
    if not wanted.text:
        return reader.all("history.dispatches", *params)
    return reader.all("history.dispatches_of_tasks", *params, wanted.text)


class MessageQuery:
    """A filter turned into the parameters of `history.window` and `history.messages`."""

    def __init__(self, scope: int | None, wanted: RecordFilter) -> None:
        text = wanted.text
        searched = number_search(text) if text else NO_NUMBER_SEARCH
        self._number = searched or NO_NUMBER_SEARCH
        self._name = text if searched is None else ""
        self._states = message_states(wanted.state)
        self._scope = scope
        self._wanted = wanted
        every = (LEAST_INT, MOST_INT)
        asked = (wanted.from_us, wanted.below_us)
        self._due, self._created = (asked, every) if wanted.by_due else (every, asked)

    @property
    def _by_task(self) -> bool:
        """Whether something is asked that only the task knows."""
        return bool(self._name) or self._wanted.by_due

    @property
    def _first_step(self) -> tuple[int, int] | None:
        """Tasks and messages to look through first, at the least; None looks through everything at once.

        Counters tell how near is enough, unless more is asked than they count. One number or ending is rare everywhere.
        """
        number, wanted = self._number, self._wanted
        if number.exact is not None or number.rest is not None:
            return None
        counted = number.ranges is None and wanted.reason is None and wanted.country is None
        return (1, 1) if counted else (FIRST_TASKS, FIRST_MESSAGES)

    def newest(self, reader: Reader, *, after: int | None, count: int) -> Rows:
        """At most `count` messages with ids below `after`, newest first."""
        below, found = bounded(after, MOST_INT), list[Row]()
        step = self._first_step
        if step is not None:
            window = self._window(reader, below=below, tasks=max(step[0], count), messages=max(step[1], count))
            if window is None:
                return []
            found = reader.all(*self._select(*window, count))
            below = window[0]
        if len(found) < count and (window := self._span(reader, below=below)):
            found += reader.all(*self._select(*window, count - len(found)))
        return found

    def frame(self, reader: Reader, *, count: int) -> pl.DataFrame:
        """The newest `count` messages in one table."""
        window = self._span(reader, below=MOST_INT)
        return reader.frame(*self._select(*(window or (0, 0)), count))

    def _span(self, reader: Reader, *, below: int) -> tuple[int, int] | None:
        """Ids from and below which every message that may match lies."""
        return _ids(reader.one("history.span", *self._task_params(below)))

    def _window(self, reader: Reader, *, below: int, tasks: int, messages: int) -> tuple[int, int] | None:
        """Ids from and below which the newest of them lie: so many tasks, or tasks with so many that may match."""
        return _ids(reader.one("history.window", *self._task_params(below), self._counter(), tasks, messages))

    def _task_params(self, below: int) -> tuple[Any, ...]:
        from_us, below_us = self._created
        created = (from_us - CLOCK_SLACK_US, below_us + CLOCK_SLACK_US)
        return (self._scope, self._wanted.task_id, self._name, self._wanted.route, *self._due, *created, below)

    def _counter(self) -> str:
        """Which counter of a task bounds how many of its messages match."""
        if not self._states:
            return "all"
        if len(self._states) == 1 and self._states[0] in FINAL_STATES:
            return self._states[0].value
        group = StateGroup.UNDELIVERED if self._states[0] in FINAL_STATES else StateGroup.OPEN
        return group.value

    def _select(self, low: int, high: int, count: int) -> tuple[Any, ...]:
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
        if not self._by_task:
            return ("history.messages", *params)
        return ("history.messages_of_tasks", *params, self._name, *self._due)


def _ids(row: Row | None) -> tuple[int, int] | None:
    return None if row is None or row["low"] is None else (row["low"], row["high"])


def message_rows(reader: Reader, scope: int | None, wanted: RecordFilter, *, after: int | None, count: int) -> Rows:
    one_of(wanted.reason, FailReason, "Reason")
    return [_message_row(row) for row in MessageQuery(scope, wanted).newest(reader, after=after, count=count)]


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
        "parts": parts.split(row["content"]),
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
