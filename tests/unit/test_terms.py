"""Versions of the terms: kept for ever, the newest in force, each task names the one it accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app import Engine
from engine.model import Role
from engine.terms import FIRST_FILE, FIRST_VERSION
from tests.kit import World, code_of, operator, world

TEXT = "# Terms\n\n" + "You agree to be careful with what you send. " * 5


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, credit=1_000, started=False)
    yield made
    made.engine.stop()


def test_the_first_version_is_the_text_that_ships(made: World) -> None:
    assert f"Version {FIRST_VERSION}" in FIRST_FILE.read_text()
    assert made.engine.terms.current(made.owner)["body"] == FIRST_FILE.read_text()
    Engine(made.engine.config, made.store, made.clock)
    assert len(made.engine.terms.versions(operator(made, Role.STAFF))) == 1


def test_a_task_keeps_the_version_it_accepted(made: World) -> None:
    terms, admin = made.engine.terms, operator(made, Role.ADMIN)
    first = made.send(1)
    terms.publish(admin, "2027-01", TEXT)
    second = made.send(1)
    assert (made.row(first)["terms_version"], made.row(second)["terms_version"]) == (FIRST_VERSION, "2027-01")
    found = [(row["version"], row["tasks"]) for row in terms.versions(admin)]
    assert found == [("2027-01", 1), (FIRST_VERSION, 1)]
    assert terms.of(made.owner, FIRST_VERSION)["body"] == FIRST_FILE.read_text()
    assert terms.of(made.owner, "2027-01")["body"] == TEXT.strip()


def test_terms_that_changed_after_the_quote_must_be_read_before_anything_is_held(made: World) -> None:
    tasks, admin = made.engine.tasks, operator(made, Role.ADMIN)
    accepted, waiting = (tasks.preview(made.owner, made.draft(2)) for _ in range(2))
    task = tasks.accept(made.owner, accepted)
    made.engine.terms.publish(admin, "2027-01", TEXT)
    assert code_of(lambda: tasks.accept(made.owner, waiting)) == "terms_changed"
    assert tasks.accept(made.owner, accepted) == task, "what was accepted stays accepted"
    assert made.engine.history.balance(made.owner).held_micro == made.row(task)["held_micro"]


def test_versions_are_never_changed_and_only_administrators_publish(made: World) -> None:
    terms, admin = made.engine.terms, operator(made, Role.ADMIN)
    assert code_of(lambda: terms.publish(admin, FIRST_VERSION, TEXT)) == "taken"
    assert code_of(lambda: terms.publish(admin, " ", TEXT)) == "invalid"
    assert code_of(lambda: terms.publish(admin, "2027-01", "short")) == "invalid"
    assert code_of(lambda: terms.publish(operator(made, Role.STAFF), "2027-01", TEXT)) == "forbidden"
    assert code_of(lambda: terms.of(made.owner, "no such")) == "not_found"
