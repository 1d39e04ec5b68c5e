"""A filter of messages turned into queries that read as few rows as they can."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.errors import InputError
from engine.history.filters import (
    BY_TIME,
    LEAST_INT,
    MOST_GROUPED,
    MOST_INT,
    NO_NUMBER_SEARCH,
    After,
    Order,
    RecordFilter,
    StateGroup,
    id_of,
    message_states,
    number_search,
    one_of,
)
from engine.history.period import local
from engine.model import FINAL_STATES, HOUR_US
from engine.store import Reader, Row, Rows

FIRST_TASKS: Final = 4_096
FIRST_MESSAGES: Final = 500_000
"""How far back a page is looked for when counters do not tell: so many messages of so many tasks, then everything."""
CLOCK_SLACK_US: Final = HOUR_US
"""A task and its messages are written together, but nothing forces their instants to be equal."""


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
