"""A real operator on a real socket, at its worst: nothing is sent twice or lost unseen, and every credit is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import recipients
from engine.model import MICRO
from tests.kit import World, raw, settled, wait_until, world
from tests.operator import Operator, smsc

COUNT = 2_000
MOST_IN_DOUBT = 100 + 50 + 25 + 12 + 6 + 5
"""What the operator can cut off while its window shrinks; it cuts six times."""
LONG_WAIT_S = 120.0
Start = Callable[[str], World]
LONG = "Your parcel arrives today. " * 12
"""Three parts."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Begins a world whose first route has this gateway."""
    made: list[World] = []

    def begin(gateway: str) -> World:
        made.append(world(tmp_path, gateway=gateway))
        return made[0]

    yield begin
    for one in made:
        one.engine.stop()


def numbers(made: World, states: str) -> set[str]:
    rows = raw(made, f"select msisdn from message where state in ({states})")
    return {str(row["msisdn"]) for row in rows}


def accepted(operator: Operator) -> set[str]:
    """Who the operator accepted a message for; asserts that no part came twice."""
    counts = operator.counts
    assert max(counts.values()) == 1, "something was submitted twice"
    return {destination for destination, _, _ in counts}


@pytest.mark.slow
def test_an_operator_at_its_worst_costs_no_message_and_no_credit(start: Start) -> None:
    worst = smsc(
        down_s=2.0, throttle=0.3, drop_every=500, answer_ms=20, shuffle=1, early=0.2, duplicate=0.3, stale=0.05,
        enroute=0.1, malformed=0.02, form="any",
    )  # fmt: skip
    with worst as operator:
        made = start(operator.url("window=100"))
        task_id = made.send(COUNT)
        wait_until(lambda: made.row(task_id)["state"] == "sent", timeout_s=LONG_WAIT_S)
        wait_until(lambda: numbers(made, "'delivered'") == accepted(operator), timeout_s=LONG_WAIT_S)
        row = made.row(task_id)
        delivered, in_doubt = len(accepted(operator)), int(str(row["in_doubt"]))
        assert delivered + in_doubt == COUNT
        assert in_doubt <= MOST_IN_DOUBT, "connections that are cut leave a smaller window for the next ones"
        assert (row["failed"], row["expired"], row["charged_micro"]) == (0, 0, delivered * MICRO)
        assert not numbers(made, "'in_doubt'") & accepted(operator)
        assert made.engine.reconcile().ok
        told = [str(one["sentence"]) for one in raw(made, "select sentence from notice order by id")]
        assert "is down" in told[0], "staff are told that the route is down"
        assert "is up again" in told[1]
        made.clock.move(hours=73)
        made.engine.scheduler._expire_all()
        wait_until(lambda: settled(made, task_id))
        assert made.row(task_id)["returned_micro"] == in_doubt * MICRO
        assert made.engine.reconcile().ok


def test_messages_of_several_parts_are_settled_by_the_receipts_of_all(start: Start) -> None:
    with smsc(duplicate=0.5, early=0.3, ids="hex_dec", form="any", answer_ms=5, shuffle=1) as operator:
        made = start(operator.url("window=20&ids=hex_dec"))
        task_id = made.send(200, content=LONG)
        wait_until(lambda: settled(made, task_id), timeout_s=LONG_WAIT_S)
        row = made.row(task_id)
        assert (row["delivered"], row["charged_micro"], row["in_doubt"]) == (200, 600 * MICRO, 0)
        assert operator.desk.taken == 600
        assert made.engine.reconcile().ok


def test_a_refused_sender_ends_the_task_and_returns_everything(start: Start) -> None:
    with smsc(refuse_sender="Brand") as operator:
        made = start(operator.url("window=5"))
        task_id = made.send(500, sender="Brand")
        wait_until(lambda: settled(made, task_id), timeout_s=LONG_WAIT_S)
        row = made.row(task_id)
        assert (row["failed"], row["returned_micro"], row["stop_reason"]) == (500, 500 * MICRO, "sender_refused")
        assert operator.desk.submits <= 5


def test_a_wrong_password_is_tried_once_and_told_and_the_right_one_sends(start: Start) -> None:
    with smsc() as operator:
        made = start(operator.url("binds=2", password="wrong"))
        task_id = made.send(3)
        wait_until(lambda: raw(made, "select down_since_us from route")[0]["down_since_us"] is not None)
        assert "password" in str(raw(made, "select last_error from route")[0]["last_error"])
        assert operator.seen.binds_refused == 1
        (told,) = [str(row["sentence"]) for row in raw(made, "select sentence from notice order by id")]
        assert "does not let us in" in told
        with made.store.transaction() as tx:
            tx.raw.execute("update route set gateway = $1", [operator.url()])  # type: ignore[attr-defined]
        wait_until(lambda: settled(made, task_id), timeout_s=LONG_WAIT_S)
        assert made.row(task_id)["delivered"] == 3


def test_numbers_that_the_operator_refuses_and_its_own_codes_have_their_reasons(start: Start) -> None:
    with smsc() as operator:
        made = start(operator.url())
        with made.store.transaction() as tx:
            tx.raw.execute(  # type: ignore[attr-defined] # what staff enter
                "insert into route_code values (1, '0x0401', 'Blocked by the operator', 'barred', false, 1, null)"
            )
        endings = {"9901": "absent", "9902": "invalid_number", "9905": "memory_full", "9908": "barred"}
        file = recipients.read("list.csv", ("phone\n" + "\n".join(f"+6141200{end}" for end in endings)).encode())
        task_id = made.send(recipients=file)
        wait_until(lambda: settled(made, task_id), timeout_s=LONG_WAIT_S)
        rows = raw(made, "select msisdn, reason from message")
        assert {str(row["msisdn"])[-4:]: row["reason"] for row in rows} == endings
        assert made.engine.reconcile().ok


@pytest.mark.parametrize("part", ["first", "last"])
def test_one_receipt_stands_for_a_whole_long_message_where_the_operator_sends_one(start: Start, part: str) -> None:
    with smsc(receipt_part=part) as operator:
        made = start(operator.url(f"receipt_part={part}"))
        task_id = made.send(20, content=LONG)
        wait_until(lambda: settled(made, task_id), timeout_s=LONG_WAIT_S)
        assert made.row(task_id)["delivered"] == 20
        assert operator.desk.taken == 60
