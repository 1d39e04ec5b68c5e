"""Rows whose own text cannot be sent, the pace of a route, and times that have passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import recipients
from engine.errors import InputError
from engine.model import MICRO, SECOND_US
from engine.tasks.pace import finish
from tests.kit import World, raw, world

ROWS = (
    "phone,name\n+61412000001,Ann\n+61412000002,see http://x.example\n+61412000003,\n+61412000004,hello\n"
    "+61412000005,{long}\n+61412000006,Ben\n"
)
PEOPLE = recipients.read("list.csv", ROWS.replace("{long}", "x" * 1_000).encode())


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    opened = world(tmp_path, started=False)
    yield opened
    opened.store.close()


def test_without_the_choice_one_bad_row_refuses_the_task_and_is_named(made: World) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(made.owner, made.draft(recipients=PEOPLE, content="Acme: dear ((name))"))
    assert "row 3: " in caught.value.message


def test_with_the_choice_bad_rows_are_left_out_with_what_offends(made: World) -> None:
    draft = made.draft(recipients=PEOPLE, content="Acme: dear ((name))", skip_refused=True)
    preview = made.engine.tasks.preview(made.owner, draft)
    assert preview.messages["row_number"].to_list() == [2, 4, 7]
    assert preview.refused.select("row", "value", "reason").rows() == [
        (3, "+61412000002", "content"), (5, "+61412000004", "content"), (6, "+61412000005", "text_too_long"),
    ]  # fmt: skip
    assert "begins a link" in preview.refused["detail"][0]
    assert "greeting" in preview.refused["detail"][1]
    assert (preview.gaps, preview.cost_micro) == (1, 3 * MICRO)
    task = made.engine.tasks.accept(made.owner, preview)
    row = made.row(task)
    assert (row["recipients"], row["rejected_rows"], row["held_micro"]) == (3, 3, 3 * MICRO)
    assert len(raw(made, "select id from message where msisdn = 61412000002")) == 0


@pytest.mark.parametrize("nothing", [" \n", "\u200b", "\u2060 \ufeff"])
def test_a_text_that_shows_nothing_is_no_text(made: World, nothing: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        made.engine.tasks.preview(made.owner, made.draft(content=nothing))
    people = recipients.read("list.csv", f"phone,name\n+61412000001,Ann\n+61412000002,{nothing.strip()}\n".encode())
    draft = made.draft(recipients=people, content="Acme: dear ((name))")
    assert made.engine.tasks.preview(made.owner, draft).gaps == 1
    with pytest.raises(InputError, match="row 3: it is empty"):
        made.engine.tasks.preview(made.owner, replace(draft, content="((name))"))


def test_rows_with_an_empty_placeholder_are_left_out_when_asked(made: World) -> None:
    draft = made.draft(recipients=PEOPLE, content="Acme: dear ((name))", skip_refused=True, skip_empty=True)
    preview = made.engine.tasks.preview(made.owner, draft)
    assert preview.messages["row_number"].to_list() == [2, 7]
    assert dict(preview.refused.select("row", "reason").rows())[4] == "empty_value"
    assert preview.gaps == 0


def test_a_row_without_any_text_is_left_out(made: World) -> None:
    preview = made.engine.tasks.preview(
        made.owner, made.draft(recipients=PEOPLE, content="((name))", skip_refused=True)
    )
    assert dict(preview.refused.select("row", "reason").rows())[4] == "no_text"


@pytest.mark.parametrize("template", ["hello ((name))", "https://acme.example ((name))"])
def test_a_template_that_offends_itself_refuses_the_task(made: World, template: str) -> None:
    with pytest.raises(InputError):
        made.engine.tasks.preview(made.owner, made.draft(recipients=PEOPLE, content=template, skip_refused=True))


def test_when_no_row_is_left_the_task_is_refused(made: World) -> None:
    people = recipients.read("list.csv", b"phone,name\n+61412000001,hello\n+61412000002,hi\n")
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(made.owner, made.draft(recipients=people, content="Acme ((name))", skip_refused=True))
    assert "row 2: " in caught.value.message


def test_a_time_that_passed_is_told_in_the_zone_of_the_person(made: World) -> None:
    sydney = replace(made.owner, zone="Australia/Sydney")
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(sydney, made.draft(scheduled_at=datetime(2026, 1, 5, 1, 30, tzinfo=UTC)))
    assert "2026-01-05 12:30 (Australia/Sydney) has passed" in caught.value.message


# --- Pace ------------------------------------------------------------------------------------------------------------


def test_a_route_without_a_limit_promises_nothing() -> None:
    assert finish([(0, 500)], [], per_s=0, now_us=0).finish_us is None


def test_what_waits_on_the_route_goes_first() -> None:
    found = finish([(10 * SECOND_US, 100)], [(0, 300), (10 * SECOND_US, 50), (99 * SECOND_US, 9)], per_s=10, now_us=0)
    assert found.ahead == 350
    assert found.finish_us == 45 * SECOND_US  # 30 s for what is due before, then 5 s and 10 s


def test_a_task_of_later_begins_when_it_is_due() -> None:
    found = finish([(60 * SECOND_US, 20), (120 * SECOND_US, 5)], [(0, 10)], per_s=5, now_us=0)
    assert found.finish_us == 121 * SECOND_US


def test_the_queue_of_the_route_is_what_was_not_handed_over_yet(made: World) -> None:
    route = made.add_route("Slow", "sim://", throughput=2)
    tasks = made.engine.tasks
    first = tasks.preview(made.owner, made.draft(10, route_id=route))
    tasks.accept(made.owner, first)
    found = tasks.finishing(made.owner, tasks.preview(made.owner, made.draft(4, route_id=route)))
    assert (found.per_s, found.ahead) == (2, 10)
    assert found.finish_us is not None
    assert abs(found.finish_us - made.clock.now_us() - 7 * SECOND_US) < SECOND_US
