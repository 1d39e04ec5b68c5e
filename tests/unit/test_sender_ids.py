"""Sender IDs that need staff's approval: asked for, decided, used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import routes
from engine.accounts.sender_ids import SenderState
from engine.app import Engine
from engine.model import Actor, Role
from tests.kit import World, audited, code_of, notices_of, operator, raw, world


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path, credit=1_000, started=False)
    made.engine = Engine(replace(made.engine.config, sender_approval=True), made.store, made.clock)
    yield made
    made.engine.stop()


@pytest.fixture
def staff(made: World) -> Actor:
    return operator(made, Role.STAFF)


def states(made: World) -> list[tuple[str, str]]:
    return [(row["sender"], row["state"]) for row in made.engine.sender_ids.own(made.owner)]


def test_only_approved_sender_ids_are_sent_whatever_their_case(made: World, staff: Actor) -> None:
    ids = made.engine.sender_ids
    assert code_of(lambda: made.send(1, sender="Bakery")) == "sender_not_approved"
    made.send(1)
    request = ids.request(made.owner, " Bakery ", note="Our shop's name")
    assert code_of(lambda: made.send(1, sender="Bakery")) == "sender_not_approved"
    assert [row["id"] for row in ids.listing(staff, state=SenderState.REQUESTED)] == [request]
    ids.decide(staff, request, SenderState.APPROVED)
    made.send(1, sender="BAKERY")
    preview = made.engine.tasks.preview(made.owner, made.draft(1, sender="bakery"))
    ids.decide(staff, request, SenderState.REJECTED, reason="Not your name")
    assert code_of(lambda: made.engine.tasks.accept(made.owner, preview)) == "sender_not_approved"
    assert notices_of(made, made.owner.account_id)[-1] == "Sender ID “Bakery” was rejected: Not your name"
    assert len(audited(made, "sender_id_approved")) == len(audited(made, "sender_id_rejected")) == 1


def test_without_the_setting_approvals_are_only_kept(tmp_path: Path) -> None:
    made = world(tmp_path, credit=1_000, started=False)
    made.engine.sender_ids.request(made.owner, "Bakery")
    made.send(1, sender="Other")
    assert routes.find(made.store, None).supports_sender
    made.engine.stop()


def test_a_rejection_needs_a_reason_and_can_be_asked_about_again(made: World, staff: Actor) -> None:
    ids = made.engine.sender_ids
    request = ids.request(made.owner, "Bakery")
    assert code_of(lambda: ids.request(made.owner, "BAKERY")) == "sender_asked"
    assert code_of(lambda: ids.decide(staff, request, SenderState.REJECTED)) == "reason_missing"
    ids.decide(staff, request, SenderState.REJECTED, reason="Whose is it?")
    assert ids.request(made.owner, "bakery", note="See our web page") == request
    assert states(made) == [("Bakery", "requested")]


def test_staff_enter_an_approved_one_directly_and_only_for_customers(made: World, staff: Actor) -> None:
    ids, account = made.engine.sender_ids, made.owner.account_id
    assert code_of(lambda: ids.add(staff, account, "Bakery", reason="")) == "reason_missing"
    ids.add(staff, account, "Bakery", reason="Contract")
    assert states(made) == [("Bakery", "approved")]
    assert code_of(lambda: ids.add(staff, account, "bakery", reason="again")) == "sender_asked"
    assert code_of(lambda: ids.add(staff, staff.account_id, "Bakery", reason="x")) == "not_found"
    assert code_of(lambda: ids.decide(staff, 99, SenderState.APPROVED)) == "not_found"
    assert code_of(lambda: ids.request(made.owner, "<b>")) == "sender"


def test_requests_reach_the_desk_and_strangers_see_none(made: World, staff: Actor) -> None:
    made.engine.sender_ids.request(made.owner, "Bakery")
    assert "Bakery" in str(raw(made, "select sentence from notice where account_id is null")[0]["sentence"])
    stranger = made.engine.accounts.ensure_account("stranger")
    assert made.engine.sender_ids.own(stranger) == []
    analyst = replace(made.owner, role=Role.ANALYST)
    assert code_of(lambda: made.engine.sender_ids.request(analyst, "Other")) == "forbidden"
