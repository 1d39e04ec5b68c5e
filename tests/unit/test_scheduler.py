"""The scheduler's rounds: one step that fails keeps no other from its turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import schedule

from engine import scheduler as scheduling
from engine.errors import StoreError
from engine.scheduler import Scheduler
from engine.store import jobs
from tests.kit import World, raw, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, started=False)
    yield made
    made.engine.stop()


def plan(made: World, *keys: str) -> None:
    with made.store.transaction() as tx:
        for key in keys:
            jobs.submit(tx, "note", {"key": key}, run_us=0, key=key, now_us=0)


class Notes:
    """Handles jobs by keeping their keys; fails for those it is told to."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.keys: list[str] = []
        self.bad: set[str] = set()
        scheduler._handlers = {"note": lambda args: self.take(args["key"])}

    def take(self, key: str) -> None:
        self.keys.append(key)
        if key in self.bad:
            raise ValueError(key)


def stuck_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The first call of the function of `jobs` fails as on a locked database."""
    left, call = [1], getattr(jobs, name)

    def stuck(*args: object, **more: object) -> None:
        if left:
            left.pop()
            raise StoreError("store_stuck", detail="another change did not end in time")
        call(*args, **more)

    monkeypatch.setattr(jobs, name, stuck)


@pytest.mark.parametrize(("step", "bad"), [("finish", set[str]()), ("retry", {"a"})])
def test_a_job_whose_end_cannot_be_written_holds_up_no_other_and_is_tried_again(
    made: World, monkeypatch: pytest.MonkeyPatch, step: str, bad: set[str]
) -> None:
    scheduler = made.engine.scheduler
    notes = Notes(scheduler)
    notes.bad = bad
    plan(made, "a", "b", "c")
    stuck_once(monkeypatch, step)
    scheduler.tick()
    assert notes.keys == ["a", "b", "c"]
    notes.bad = set()
    scheduler.tick()
    assert raw(made, "select key, state, attempts from job") == [{"key": "a", "state": "waiting", "attempts": 1}]
    made.clock.move(seconds=2)
    scheduler.tick()
    assert notes.keys == ["a", "b", "c", "a"]
    assert raw(made, "select key from job") == []


class Wall:
    """The local time of the machine, and the time since it was started, both standing still until they are moved."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.local, self.steady_s = datetime(2026, 4, 5, 2, 30), 100.0  # noqa: DTZ001 - local, as is tested
        wall = self

        class Local(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # always local
                assert tz is None
                return wall.local

        patch.setattr(schedule, "datetime", SimpleNamespace(datetime=Local, timedelta=timedelta))
        patch.setattr(scheduling, "datetime", Local)
        patch.setattr(scheduling, "time", SimpleNamespace(monotonic=lambda: wall.steady_s))

    def pass_s(self, seconds: float) -> None:
        self.steady_s += seconds
        self.set(timedelta(seconds=seconds))

    def set(self, step: timedelta) -> None:
        self.local += step


class Chores:
    """The chores of a world whose rounds are made by hand."""

    def __init__(self, made: World, wall: Wall) -> None:
        self.made, self.wall = made, wall

    def ran(self, name: str, *, after_s: float) -> bool:
        """Whether the chore runs in the round after so many seconds."""
        self.wall.pass_s(after_s)
        self.made.clock.move(seconds=after_s)
        scheduler = self.made.engine.scheduler
        before = {run.name: run.started_us for run in scheduler.chores()}
        scheduler.tick()
        return next(run.started_us for run in scheduler.chores() if run.name == name) != before[name]


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    return Wall(monkeypatch)


@pytest.fixture
def chores(wall: Wall, made: World) -> Chores:
    return Chores(made, wall)


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1), timedelta(seconds=6)])
def test_chores_run_on_time_when_the_clock_is_set_back(chores: Chores, wall: Wall, back: timedelta) -> None:
    assert chores.ran("parked receipts", after_s=3)
    wall.set(-back)
    assert chores.ran("parked receipts", after_s=3)
    assert not chores.ran("deadlines", after_s=50), "what is not due does not run sooner for it"
    assert chores.ran("deadlines", after_s=5)
    assert chores.ran("parked receipts", after_s=3)


def test_chores_run_once_when_the_clock_is_set_forward_and_then_in_their_time(chores: Chores, wall: Wall) -> None:
    wall.set(timedelta(hours=1))
    assert chores.ran("deadlines", after_s=1)
    assert not chores.ran("deadlines", after_s=50)
    assert chores.ran("deadlines", after_s=11)
