"""A route that takes over: what it carries, what stays where it is, and how the first gets its messages back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from engine import messages, routes
from engine.dispatch import worker
from engine.dispatch.claims import Claims
from engine.gateways import GatewayDown, Link, LinkWord, Outcome, OutcomeKind, Receipt, ReceiptState, Submission
from engine.model import MICRO
from tests.kit import Scripted, World, notices_of, raw, wait_until, world

ACCEPTED = [Outcome(OutcomeKind.ACCEPTED, provider_ref=f"ref{number}") for number in range(100)]
AFTER_S = 60


class Operator(Scripted):
    """Answers by script while it is up; its connection stands exactly then."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__(outcomes)
        self.down: GatewayDown | None = None
        self.numbers: list[str] = []

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        if self.down:
            raise self.down
        self.numbers += [one.msisdn for one in batch]
        return super().submit(batch)

    def link(self) -> Link:
        if self.down:
            return Link(LinkWord.DOWN, str(self.down), bound=0, binds=1)
        return Link(LinkWord.OPEN, bound=1, binds=1)


class Town:
    """Two routes, “First” (the default) and “Second”, each with its operator."""

    def __init__(self, folder: Path) -> None:
        self.first, self.second = Operator(ACCEPTED), Operator(ACCEPTED)
        operators = {"sim://": self.first, "sim://?seed=2": self.second}
        self.world: World = world(folder, gateways=operators.__getitem__, started=False)
        self.world.add_route("Second", "sim://?seed=2")
        self.engine = self.world.engine
        self.dispatcher = self.engine._dispatcher

    def name_second(self, *, after_s: int | None = AFTER_S, below: int | None = None) -> None:
        with self.world.store.transaction() as tx:
            tx.raw.execute(  # type: ignore[attr-defined] # what an administrator saves
                "update route set takeover_id = 2, takeover_after_s = $1, takeover_below = $2 where id = 1",
                [after_s, below],
            )

    def is_taken_over(self) -> bool:
        return raw(self.world, "select taken_over_us from route where id = 1")[0]["taken_over_us"] is not None

    def is_down(self) -> bool:
        return raw(self.world, "select down_since_us from route where id = 1")[0]["down_since_us"] is not None


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(worker, "LINK_LOOK_S", 0.05)
    made = Town(tmp_path)
    yield made
    made.engine.stop()


def test_a_route_that_is_down_long_enough_is_carried_at_the_accepted_price(town: Town) -> None:
    town.name_second()
    town.first.down = GatewayDown("no answer", retry_after_s=0.01)
    task_id = town.world.send(50)
    town.engine.start()
    wait_until(town.is_down)
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over()
    town.world.clock.move(seconds=AFTER_S + 1)
    town.dispatcher.look_at_routes()
    wait_until(lambda: len(town.second.numbers) == 50)
    wait_until(lambda: town.world.row(task_id)["state"] == "sent")
    assert town.first.numbers == []
    assert raw(town.world, "select distinct route_id, carrier_id, price_micro, held_micro from message") == [
        {"route_id": 1, "carrier_id": 2, "price_micro": MICRO, "held_micro": MICRO}
    ]
    town.engine._receipts.sink_for(2)([Receipt(f"ref{number}", ReceiptState.DELIVERED, 5) for number in range(50)])
    wait_until(lambda: town.world.row(task_id)["state"] == "finished")
    row = town.world.row(task_id)
    assert (row["delivered"], row["charged_micro"], row["returned_micro"]) == (50, 50 * MICRO, 0)
    carried = raw(town.world, "select carrier_id, messages, delivered, state from dispatch where messages > 0")
    assert carried == [{"carrier_id": 2, "messages": 50, "delivered": 50, "state": "finished"}]
    assert town.engine.reconcile().ok


def test_what_was_written_to_the_wire_of_the_first_never_goes_over_the_second(town: Town) -> None:
    town.name_second()
    town.first.outcomes = [Outcome(OutcomeKind.LOST, detail="no answer")]
    with town.world.store.transaction() as tx:
        tx.raw.execute("update route set batch = 10 where id = 1")  # type: ignore[attr-defined] # a part at a time
    task_id = town.world.send(30)
    seen: list[int] = []

    def after_one_batch(batch: Sequence[Submission]) -> list[Outcome]:
        if seen:
            town.first.down = GatewayDown("the connection broke", retry_after_s=0.01)  # its link says so too
            raise town.first.down
        seen.extend(one.message_id for one in batch)
        return [Outcome(OutcomeKind.LOST)] * len(batch)

    town.first.submit = after_one_batch  # type: ignore[method-assign] # breaks after a batch
    town.engine.start()
    wait_until(town.is_down)
    town.world.clock.move(seconds=AFTER_S + 1)
    town.dispatcher.look_at_routes()
    wait_until(lambda: town.world.row(task_id)["state"] == "sent")
    carried = {one for batch in town.second.batches for one in batch}
    assert len(carried) == 20
    assert not carried & set(seen)
    assert town.world.row(task_id)["in_doubt"] == 10
    assert town.engine.reconcile().ok


def test_the_first_sends_itself_again_when_it_is_up(town: Town) -> None:
    town.name_second()
    town.first.down = GatewayDown("no answer", retry_after_s=0.01)
    town.world.send(5)
    town.engine.start()
    wait_until(town.is_down)
    town.world.clock.move(seconds=AFTER_S + 1)
    town.dispatcher.look_at_routes()
    wait_until(lambda: len(town.second.numbers) == 5)
    town.first.down = None
    wait_until(lambda: not town.is_down())  # noticed while nothing is sent
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over()
    town.world.send(7)
    wait_until(lambda: len(town.first.numbers) == 7)
    assert len(town.second.numbers) == 5
    told = [str(row["sentence"]) for row in raw(town.world, "select sentence from notice order by id")]
    assert [sentence for sentence in told if "takes over" in sentence or "itself again" in sentence] == [
        "Route “Second” takes over for “Simulator”: it has been down for 61 s.",
        "Route “Simulator” sends itself again; nobody stands in for it.",
    ]
    assert notices_of(town.world, town.world.owner.account_id) == []


def test_a_route_that_delivers_too_little_rests_until_it_is_tried_again(town: Town) -> None:
    town.name_second(after_s=None, below=50)
    town.first.outcomes = [Outcome(OutcomeKind.REJECTED, detail="refused")]
    town.engine.start()
    first = town.world.send(49)
    wait_until(lambda: town.world.row(first)["state"] == "finished")
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over(), "49 results say nothing"
    second = town.world.send(1)
    wait_until(lambda: town.world.row(second)["state"] == "finished")
    town.dispatcher.look_at_routes()
    assert town.is_taken_over()
    town.world.send(20)
    wait_until(lambda: len(town.second.numbers) == 20)
    town.world.clock.move(seconds=15 * 60 + 1)
    town.first.outcomes = ACCEPTED
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over()
    town.world.send(5)
    wait_until(lambda: len(town.first.numbers) == 55)


def test_nobody_takes_over_who_is_down_itself(town: Town) -> None:
    town.name_second()
    town.first.down = town.second.down = GatewayDown("no answer", retry_after_s=0.01)
    with town.world.store.transaction() as tx:
        tx.run("routes.mark_down", 2, "no answer", 1)
    town.world.send(5)
    town.engine.start()
    wait_until(town.is_down)
    town.world.clock.move(seconds=AFTER_S + 1)
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over()


def test_a_route_that_may_not_stand_in_any_more_gives_back(town: Town) -> None:
    town.name_second()
    with town.world.store.transaction() as tx:
        tx.raw.execute(  # type: ignore[attr-defined] # an administrator withdrew the other route
            "update route set takeover_id = null, taken_over_us = 1, taken_over_why = 'it has been down' where id = 1"
        )
    town.dispatcher.look_at_routes()
    assert not town.is_taken_over()


def test_a_task_that_two_routes_carry_is_sent_only_when_both_have_recorded(town: Town) -> None:
    task_id = town.world.send(4)
    task = raw(town.world, "select * from task where id = $1", task_id)[0]
    with town.world.store.transaction() as tx:
        tx.run("dispatch.begin_task", task_id, 1, None)
        run = tx.reserve("dispatch")
        tx.run("dispatch.insert", run, task_id, task["account_id"], 1, 1, 2)
        low = int(str(task["first_message"]))
        claimed = messages.claim(tx, task=task, dispatch_id=run, low=low, limit=4, carrier_id=2)
    assert len(claimed) == 4
    with town.world.store.transaction() as tx:
        assert Claims(town.world.clock, 1).next(tx, routes.load(tx, 1)) is None
    assert town.world.row(task_id)["state"] == "sending"
    with town.world.store.transaction() as tx:
        messages.requeue(tx, [row["id"] for row in claimed])
    town.engine.start()
    wait_until(lambda: len(town.first.numbers) == 4)
    assert raw(town.world, "select distinct carrier_id from message") == [{"carrier_id": None}]


def test_a_connection_lost_while_nothing_is_sent_is_told_and_noticed_when_it_is_back(town: Town) -> None:
    task_id = town.world.send(1)
    town.engine.start()
    wait_until(lambda: town.world.row(task_id)["state"] == "sent")
    town.first.down = GatewayDown("the operator hung up")
    wait_until(town.is_down)
    town.first.down = None
    wait_until(lambda: not town.is_down())
    told = [str(row["sentence"]) for row in raw(town.world, "select sentence from notice order by id")]
    assert "the operator hung up" in told[-2]
    assert "is up again" in told[-1]
