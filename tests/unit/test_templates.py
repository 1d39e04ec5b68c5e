"""Saved templates: checked and counted when saved, kept as drafts when they cannot be sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import templates
from engine.errors import AccessError, InputError
from tests.kit import World, raw, world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    built = world(Path(tmp_path_factory.mktemp("templates")), started=False)
    yield built
    built.store.close()


def test_a_template_is_counted_and_found_again(made: World) -> None:
    kept = made.engine.templates
    saved = kept.save(made.owner, name=" Parcel  ready ", text="Acme: parcel for ((name)) " + "x" * 150)
    assert (saved.sms, saved.problem) == (2, "")
    row = kept.get(made.owner, saved.template_id)
    assert (row["name"], row["sms"], row["member_name"]) == ("Parcel ready", 2, "acme")
    assert [found["id"] for found in kept.listing(made.owner, "parcel FOR")] == [saved.template_id]
    assert kept.listing(made.owner, "nothing like it") == []


def test_a_text_that_cannot_be_sent_is_kept_as_a_draft_with_the_problem(made: World) -> None:
    saved = made.engine.templates.save(made.owner, name="Greeting", text="Hello ((name)), see http://x.example")
    assert "greeting" in saved.problem
    assert made.engine.templates.get(made.owner, saved.template_id)["problem"] == saved.problem
    better = made.engine.templates.save(
        made.owner, name="Greeting", text="Acme: dear ((name))", template_id=saved.template_id
    )
    assert better.problem == ""
    long = made.engine.templates.save(made.owner, name="Long", text="x" * 1_000)
    assert "parts long" in long.problem


def test_the_route_and_the_sender_are_part_of_the_check(made: World) -> None:
    plain = made.add_route("Economy", "sim://")
    saved = made.engine.templates.save(made.owner, name="With sender", text="Acme", sender="Acme", route_id=plain)
    assert "does not support a sender ID" in saved.problem
    assert "Sender ID" in made.engine.templates.save(made.owner, name="Digits", text="Acme", sender="12345").problem
    with pytest.raises(AccessError):
        made.engine.templates.save(made.owner, name="No route", text="Acme", route_id=999)


def test_names_are_unique_and_needed(made: World) -> None:
    saved = made.engine.templates.save(made.owner, name="Unique", text="Acme")
    for name in ("unique", "", "x" * 101):
        with pytest.raises(InputError):
            made.engine.templates.save(made.owner, name=name, text="Acme")
    made.engine.templates.rename(made.owner, saved.template_id, "UNIQUE")
    assert made.engine.templates.get(made.owner, saved.template_id)["name"] == "UNIQUE"
    for text in ("  ", "x" * 10_001):
        with pytest.raises(InputError):
            made.engine.templates.save(made.owner, name="Text", text=text)


def test_templates_stay_in_their_account(made: World) -> None:
    stranger = made.engine.accounts.ensure_account("stranger")
    saved = made.engine.templates.save(made.owner, name="Ours", text="Acme")
    for call in (
        lambda: made.engine.templates.get(stranger, saved.template_id),
        lambda: made.engine.templates.rename(stranger, saved.template_id, "Theirs"),
        lambda: made.engine.templates.delete(stranger, saved.template_id),
        lambda: made.engine.templates.save(stranger, name="Theirs", text="x", template_id=saved.template_id),
    ):
        with pytest.raises(AccessError):
            call()
    assert made.engine.templates.listing(stranger) == []
    made.engine.templates.delete(made.owner, saved.template_id)
    assert raw(made, "select count(*) as n from message_template where name = 'Ours'") == [{"n": 0}]


def test_an_account_keeps_a_limited_number(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = made.engine.accounts.ensure_account("many")
    monkeypatch.setattr(templates, "TEMPLATES_MOST", 3)
    for number in range(3):
        made.engine.templates.save(somebody, name=f"T{number}", text="Acme")
    with pytest.raises(InputError) as caught:
        made.engine.templates.save(somebody, name="More", text="Acme")
    assert caught.value.code == "too_many_kept"
