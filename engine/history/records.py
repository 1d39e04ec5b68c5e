"""Pages of tasks, dispatches and messages, and one of each in full.

The counters of tasks tell between which ids the messages of a page lie, so a page reads a few thousand of ten
million messages. `scope` is the account whose rows are seen, None for every account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from engine import parts
from engine.errors import AccessError
from engine.history.carriers import add_carriers, meaning_of, meanings_of
from engine.history.filters import (
    MAX_PAGE_ROWS,
    MOST_INT,
    After,
    Order,
    RecordFilter,
    id_of,
    known_id,
    one_of,
    start_of,
)
from engine.history.message_query import MessageQuery
from engine.history.words import STATE_WORDS, explain, member_words, movement_words, reason_of
from engine.model import FAIL_SENTENCES, FailReason, MessageState, MovementKind, TaskState
from engine.numbers import country_name
from engine.store import Reader, Row, Rows

DISPATCH_STATES: Final = frozenset({"running", "sent", "finished"})
UNSENT_STATES: Final = frozenset({TaskState.SCHEDULED, TaskState.QUEUED, TaskState.SENDING})
PAUSED: Final = "paused"
"""How a task stands that its account paused; also a state to filter by."""
ON_HOLD: Final = "on_hold"
"""How a task stands whose account is not active."""


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
        dispatches=dispatch_rows(
            reader, scope, RecordFilter(task_id=task_id), after=None, count=MAX_PAGE_ROWS, to_operator=to_operator
        ),
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


def dispatch_rows(
    reader: Reader, scope: int | None, wanted: RecordFilter, *, after: After | None, count: int, to_operator: bool
) -> Rows:
    rows = reader.all(*dispatch_query(scope, wanted, after=after, count=count))
    return add_carriers(reader, rows, to_operator=to_operator)


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


def message_rows(
    reader: Reader,
    scope: int | None,
    wanted: RecordFilter,
    *,
    zone: str,
    after: After | None,
    count: int,
    to_operator: bool,
) -> Rows:
    one_of(wanted.reason, FailReason, "Reason")
    found = MessageQuery(scope, wanted, zone).page(reader, after=after, count=count)
    rows = _message_rows(reader, found, to_operator=to_operator)
    for row in rows:
        del row["detail"]  # one message shows it, to staff
    return rows


def _message_rows(reader: Reader, rows: Rows, *, to_operator: bool) -> Rows:
    meanings = meanings_of(reader, rows)
    explained = [_message_row(row, meaning_of(row, meanings)) for row in rows]
    return add_carriers(reader, explained, to_operator=to_operator)


def _message_row(row: Row, meaning: str) -> Row:
    """`meaning` is what the operator's own code says, if somebody has put that into words."""
    usual, next_step = explain(row["state"], row["reason"])
    sentence = meaning or usual
    row["content"] = row.pop("text")
    return row | {"msisdn": f"+{row['msisdn']}", "sentence": sentence, "next_step": next_step}


def message_detail(reader: Reader, scope: int | None, message_id: int, *, to_operator: bool) -> Row:
    """One message; the keys are those of `History.message`."""
    row = reader.one("history.message", known_id(message_id, "message"), scope)
    if row is None:
        raise AccessError("not_found", what="message")
    (row,) = _message_rows(reader, [row], to_operator=to_operator)
    if not to_operator:
        del row["detail"]  # the operator's own words, for staff
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
    steps = [
        ("Accepted and credit held", row["created_us"]),
        ("Handed to the operator", row["submitted_us"]),
        ("The connection was lost before the operator's answer", row["doubt_us"]),
    ]
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
