"""The scheduler's rounds: one step that fails keeps no other from its turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
