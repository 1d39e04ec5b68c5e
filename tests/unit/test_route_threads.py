"""The thread of a route outlives whatever goes wrong in it, tells what that is, and loses nothing it has in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from engine import messages, routes
from engine.dispatch import worker
from engine.errors import StoreError
from engine.gateways import (
    GatewayDown,
    InboundSink,
    Link,
    LinkWord,
    Outcome,
    OutcomeKind,
    ReceiptSink,
    Submission,
)
from tests.kit import Scripted, World, operator, raw, wait_until, world

GOOD, BROKEN, OTHER = "sim://", "sim://?seed=2", "sim://?seed=3"
ACCEPTED = [Outcome(OutcomeKind.ACCEPTED, provider_ref=f"ref{number}") for number in range(100)]


class Operator(Scripted):
    """Accepts everything while it is up; its connection stands exactly then."""

    def __init__(self) -> None:
        super().__init__(ACCEPTED)
        self.is_down = False
        self.fatal = 0
        """So many looks at the connection end the thread that looks."""

        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while a batch is being submitted."""

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        if self.is_down:
            raise GatewayDown("no answer", retry_after_s=0.01)
        answers = super().submit(batch)
        self.meanwhile()
        return answers

    def submitted(self) -> list[int]:
        return [one for batch in self.batches for one in batch]

    def link(self) -> Link:
        if self.fatal:
            self.fatal -= 1
            raise SystemExit
        return Link(LinkWord.DOWN if self.is_down else LinkWord.OPEN, binds=1)


class Broken(Operator):
    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:  # noqa: ARG002 - never comes so far
        raise GatewayDown("the CA file /nowhere.pem cannot be used", permanent=True)


class Town:
    """One route, whose address leads to one of three gateways."""

    def __init__(self, folder: Path) -> None:
        self.good, self.other = Operator(), Operator()
        gateways = {GOOD: self.good, BROKEN: Broken(), OTHER: self.other}
        self.world: World = world(folder, gateways=gateways.__getitem__)
        self.engine, self.dispatcher = self.world.engine, self.world.engine._dispatcher
        self.route_id = routes.find(self.world.store, None).id

        self.ask("update route set batch = 2")

    def ask(self, sql: str, *params: object) -> None:
        with self.world.store.transaction() as tx:
            tx.raw.execute(sql, list(params))  # type: ignore[attr-defined] # the embedded store

    def states(self) -> dict[str, int]:
        rows = raw(self.world, "select state, count(*)::int as n from message group by state")
        return {str(row["state"]): int(str(row["n"])) for row in rows}

    def sent(self, task_id: int) -> bool:
        return self.world.row(task_id)["submitted"] == self.world.row(task_id)["recipients"]

    def send(self) -> None:
        task_id = self.world.send(2)
        wait_until(lambda: self.sent(task_id))

    def trouble(self) -> str | None:
        (row,) = raw(self.world, "select down_since_us, last_error from route")
        return None if row["down_since_us"] is None else str(row["last_error"])


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name in ("LINK_LOOK_S", "REFUSED_LOOK_S", "FAULT_PAUSE_S"):
        monkeypatch.setattr(worker, name, 0.02)
    monkeypatch.setattr(worker, "ROUTE_FRESH_S", -1.0)  # a changed address is noticed at the next look
    made = Town(tmp_path)
    yield made
    made.engine.stop()


def test_an_idle_route_whose_new_address_cannot_be_opened_says_so_and_sends_once_it_is_corrected(town: Town) -> None:
    town.send()
    admin = operator(town.world)
    town.engine.routes.edit(admin, town.route_id, {"gateway": BROKEN})
    wait_until(lambda: "CA file" in (town.trouble() or ""))
    town.engine.routes.edit(admin, town.route_id, {"gateway": OTHER})
    town.send()
    assert town.trouble() is None
    assert len(town.other.batches) == 1


def test_a_trouble_that_cannot_be_written_down_while_sending_ends_no_thread(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = stuck_times(monkeypatch, routes, "mark_down", 3)
    town.good.is_down = True
    task_id = town.world.send(2)
    wait_until(lambda: not failures and town.trouble() == "no answer")
    town.good.is_down = False
    wait_until(lambda: town.sent(task_id))


def test_a_trouble_that_cannot_be_written_down_while_idle_ends_no_thread(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.send()
    failures = stuck_times(monkeypatch, routes, "mark_down", 3)
    town.good.is_down = True
    wait_until(lambda: not failures and town.trouble() is not None)
    town.good.is_down = False
    wait_until(lambda: town.trouble() is None)
    town.send()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is what is tested
def test_a_thread_that_ended_is_unhealthy_and_begins_again(town: Town) -> None:
    town.send()
    town.engine.scheduler.stop()
    assert town.engine.health()["routes"]
    town.good.fatal = 1
    wait_until(lambda: town.dispatcher.dead_routes == [town.route_id])
    health = town.engine.health()
    assert (health["ok"], health["routes"]) == (False, False)
    town.dispatcher.look_at_routes()
    assert town.engine.health()["routes"]
    task_id = town.world.send(2)
    town.dispatcher.begin(task_id)
    wait_until(lambda: town.sent(task_id))


def test_what_was_claimed_is_sent_although_nobody_could_be_told_of_the_batch_before(town: Town) -> None:
    failures = [1, 2]

    def stuck() -> None:
        if failures:
            failures.pop()
            raise StoreError("store_stuck", detail="another change did not end in time")

    town.dispatcher._on_recorded = stuck
    task_id = town.world.send(6)
    wait_until(lambda: town.sent(task_id))
    assert town.states() == {"submitted": 6}
    assert not failures


def test_what_was_claimed_goes_back_when_the_new_address_cannot_be_opened(town: Town) -> None:
    town.good.meanwhile = lambda: town.ask("update route set gateway = $1", BROKEN)
    task_id = town.world.send(6)
    wait_until(lambda: "CA file" in (town.trouble() or ""))
    assert town.states() == {"submitted": 2, "queued": 4}, "the answers are recorded, the next batch is free"
    town.ask("update route set gateway = $1", OTHER)
    wait_until(lambda: town.sent(task_id))
    every = town.good.submitted() + town.other.submitted()
    assert (len(every), len(set(every))) == (6, 6)


def test_a_batch_that_could_not_be_put_back_at_once_is_put_back_later(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = stuck_times(monkeypatch, messages, "requeue", 2)
    town.good.is_down = True
    task_id = town.world.send(2)
    wait_until(lambda: not failures and town.states() == {"queued": 2})
    town.good.is_down = False
    wait_until(lambda: town.sent(task_id))
    assert len(town.good.submitted()) == 2


def test_answers_are_kept_while_the_table_of_codes_cannot_be_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.ask("insert into route_code values ($1, '0x0401', 'Blocked', 'barred', false, 1, null)", town.route_id)
    town.good.outcomes = [Outcome(OutcomeKind.REJECTED, code="0x0401"), ACCEPTED[0]]
    failures = stuck_times(monkeypatch, routes, "code_table", 2)
    town.world.send(2)
    wait_until(lambda: town.states() == {"failed": 1, "submitted": 1})
    assert not failures
    assert raw(town.world, "select reason from message where state = 'failed'") == [{"reason": "barred"}]
    assert len(town.good.submitted()) == 2


def test_answers_that_could_not_be_recorded_before_the_end_are_tried_once_more(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.send()
    sender, record = town.dispatcher._workers[town.route_id], messages.record_submitted
    tried: list[int] = []

    def stuck(*args: object, **more: object) -> None:
        tried.append(1)
        if not sender._stopping.is_set():
            raise StoreError("store_stuck", detail="another change did not end in time")
        record(*args, **more)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(messages, "record_submitted", stuck)
    town.world.send(2)
    wait_until(lambda: bool(tried))
    town.dispatcher.stop()
    assert town.states() == {"submitted": 4}
    assert len(town.good.submitted()) == 4


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is what is tested
def test_a_batch_whose_submit_ended_the_thread_is_in_doubt_and_the_rest_is_sent(town: Town) -> None:
    endings = [SystemExit]

    def end_once() -> None:
        if endings:
            raise endings.pop()

    town.good.meanwhile = end_once
    task_id = town.world.send(6)
    wait_until(lambda: not endings and not town.engine.health()["routes"])
    town.dispatcher.look_at_routes()
    wait_until(lambda: town.world.row(task_id)["state"] == "sent")
    assert town.states() == {"in_doubt": 2, "submitted": 4}
    assert len(set(town.good.submitted())) == len(town.good.submitted()) == 6


def stuck_times(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, times: int) -> list[int]:
    """The next `times` calls of the function fail as on a locked database; the list is empty once they did."""
    left, call = list(range(times)), getattr(module, name)

    def stuck(*args: object, **more: object) -> object:
        if left:
            left.pop()
            raise StoreError("store_stuck", detail="another change did not end in time")
        return call(*args, **more)

    monkeypatch.setattr(module, name, stuck)
    return left
