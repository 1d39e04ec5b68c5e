"""The thread of a route outlives whatever goes wrong in it, and tells what that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from engine import routes
from engine.dispatch import worker
from engine.errors import StoreError
from engine.gateways import GatewayDown, Link, LinkWord, Outcome, OutcomeKind, Submission
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

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        if self.is_down:
            raise GatewayDown("no answer", retry_after_s=0.01)
        return super().submit(batch)

    def link(self) -> Link:
        if self.fatal:
            self.fatal -= 1
            raise SystemExit
        return Link(LinkWord.DOWN if self.is_down else LinkWord.OPEN, binds=1)


class Broken(Operator):
    def open(self, *_: object) -> None:
        raise GatewayDown("the CA file /nowhere.pem cannot be used", permanent=True)


class Town:
    """One route, whose address leads to one of three gateways."""

    def __init__(self, folder: Path) -> None:
        self.good, self.other = Operator(), Operator()
        gateways = {GOOD: self.good, BROKEN: Broken(), OTHER: self.other}
        self.world: World = world(folder, gateways=gateways.__getitem__)
        self.engine, self.dispatcher = self.world.engine, self.world.engine._dispatcher
        self.route_id = routes.find(self.world.store, None).id

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
    for name in ("LINK_LOOK_S", "REFUSED_LOOK_S", "ROUTE_FRESH_S", "FAULT_PAUSE_S"):
        monkeypatch.setattr(worker, name, 0.02)
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
    failures = stuck_times(monkeypatch, 3)
    town.good.is_down = True
    task_id = town.world.send(2)
    wait_until(lambda: not failures and town.trouble() == "no answer")
    town.good.is_down = False
    wait_until(lambda: town.sent(task_id))


def test_a_trouble_that_cannot_be_written_down_while_idle_ends_no_thread(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.send()
    failures = stuck_times(monkeypatch, 3)
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


def stuck_times(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The next `times` routes that go down cannot be marked; the list is empty once they could not."""
    left, mark_down = list(range(times)), routes.mark_down

    def stuck(*args: object, **more: object) -> None:
        if left:
            left.pop()
            raise StoreError("store_stuck", detail="another change did not end in time")
        mark_down(*args, **more)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(routes, "mark_down", stuck)
    return left
