"""Drafts: kept for their member alone, with their file, until sent, thrown away or old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.drafts import DraftPage
from engine.errors import AccessError, InputError
from engine.model import Role
from tests.kit import World, raw, world

FIELDS = {"name": "Offer", "content": "Acme: “sale” 😀", "route": 1}
FILE = bytes(range(256)) * 4


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    opened = world(tmp_path, started=False)
    yield opened
    opened.store.close()


def test_draft_comes_back_as_it_was_with_its_file(made: World) -> None:
    drafts = made.engine.drafts
    assert drafts.load(made.owner, DraftPage.BULK) is None
    drafts.save_file(made.owner, DraftPage.BULK, FILE)
    saved_us = drafts.save(made.owner, DraftPage.BULK, FIELDS, file_name="list.csv")
    kept = drafts.load(made.owner, DraftPage.BULK)
    assert kept is not None
    assert (kept.fields, kept.file, kept.saved_us) == (FIELDS, ("list.csv", FILE), saved_us)
    assert drafts.load(made.owner, DraftPage.QUICK) is None


def test_the_last_word_counts_and_a_removed_file_is_forgotten(made: World) -> None:
    drafts = made.engine.drafts
    drafts.save_file(made.owner, DraftPage.BULK, FILE)
    drafts.save(made.owner, DraftPage.BULK, FIELDS, file_name="list.csv")
    drafts.save(made.owner, DraftPage.BULK, {"name": "Other"})
    kept = drafts.load(made.owner, DraftPage.BULK)
    assert kept is not None
    assert (kept.fields, kept.file) == ({"name": "Other"}, None)
    assert raw(made, "select count(*) as n from draft_file") == [{"n": 0}]


def test_another_member_of_the_same_account_has_none(made: World) -> None:
    made.engine.drafts.save(made.owner, DraftPage.QUICK, FIELDS)
    colleague = replace(made.owner, user_id=made.owner.user_id + 77)
    assert made.engine.drafts.load(colleague, DraftPage.QUICK) is None
    with pytest.raises(AccessError):
        made.engine.drafts.discard(replace(made.owner, role=Role.ANALYST), DraftPage.QUICK)


def test_discarded_or_seven_days_old_it_is_gone(made: World) -> None:
    drafts = made.engine.drafts
    drafts.save(made.owner, DraftPage.QUICK, FIELDS)
    drafts.discard(made.owner, DraftPage.QUICK)
    assert drafts.load(made.owner, DraftPage.QUICK) is None
    drafts.save_file(made.owner, DraftPage.BULK, FILE)
    drafts.save(made.owner, DraftPage.BULK, FIELDS, file_name="list.csv")
    made.clock.move(hours=7 * 24 + 1)
    assert drafts.load(made.owner, DraftPage.BULK) is None
    drafts.drop_old()
    assert raw(made, "select (select count(*) from draft) + (select count(*) from draft_file) as n") == [{"n": 0}]


def test_what_was_accepted_does_not_come_back(made: World) -> None:
    drafts, tasks = made.engine.drafts, made.engine.tasks
    for page in DraftPage:
        drafts.save(made.owner, page, FIELDS)
    tasks.accept(made.owner, tasks.preview(made.owner, made.draft(1, page=DraftPage.QUICK)))
    assert drafts.load(made.owner, DraftPage.QUICK) is None
    assert drafts.load(made.owner, DraftPage.BULK) is not None


def test_too_much_to_keep_is_refused_not_cut(made: World) -> None:
    with pytest.raises(InputError):
        made.engine.drafts.save(made.owner, DraftPage.QUICK, {"people": "6" * 300_000})


def test_number_for_tests_is_remembered_for_its_member(made: World) -> None:
    drafts = made.engine.drafts
    assert drafts.own_number(made.owner) == ""
    drafts.remember_number(made.owner, "61412 345 678")
    assert drafts.own_number(made.owner) == "+61412345678"
    with pytest.raises(InputError):
        drafts.remember_number(made.owner, "61298765432")
