"""Cases, notices and help: what a customer and staff see, and that text of people is only ever text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.app import Engine
from engine.cases import About, NewCase
from engine.model import Actor, Role
from pages.ui import registry
from pages.ui.helping import search, topics
from pages.ui.registry import HELP, NOTICES, STAFF_CASES, SUPPORT
from tests.pages.conftest import Visit

SignIn = Callable[[Role], str]
RUDE = "<b>bold</b> $x$ ![](http://elsewhere/x.png)"


def actor_of(engine: Engine, token: str) -> Actor:
    actor = engine.accounts.actor_of(token)
    assert actor is not None
    return actor


def a_case(engine: Engine, customer: Actor) -> int:
    return engine.cases.open(customer, NewCase(about=About.BALANCE, subject=RUDE, body=RUDE, key="k"))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_a_report_of_messages_is_sent_once_and_opened(engine: Engine, visit: Visit, sign_in: SignIn) -> None:
    token = sign_in(Role.OWNER)
    app = visit.open(SUPPORT, about="balance")
    assert app.text_input[0].value == "My balance looks wrong"
    press(app, "Send to staff")
    assert "Message: is empty." in visit.notices()
    app.text_area[0].input("It should be 5 more.")
    press(app, "Send to staff")
    assert not app.exception
    rows = engine.cases.listing(actor_of(engine, token))
    assert [row["subject"] for row in rows] == ["My balance looks wrong"]
    assert app.query_params["id"] == str(rows[0]["id"])
    assert "It should be 5 more." in visit.notices()


def test_messages_of_another_account_cannot_be_reported(engine: Engine, visit: Visit, sign_in: SignIn) -> None:
    sign_in(Role.SENDER)
    app = visit.open(SUPPORT, about="messages", ids="7,8,x")
    app.text_area[0].input("Where are they?")
    press(app, "Send to staff")
    assert "There is no such message" in visit.notices()
    assert app.text_area[0].value == "Where are they?"


def test_staff_answer_beside_the_account_and_the_customer_is_told(
    engine: Engine, visit: Visit, sign_in: SignIn
) -> None:
    customer = actor_of(engine, sign_in(Role.OWNER))
    number = a_case(engine, customer)
    sign_in(Role.STAFF)
    app = visit.open(STAFF_CASES, id=str(number))
    assert not app.exception
    assert "&lt;b&gt;bold" in visit.notices()
    app.text_area[0].input("Which movement?")
    press(app, "Send")
    assert not app.exception
    assert engine.cases.one(customer, number).row["state"] == "answered"
    assert engine.notices.unread(customer) == 1


def test_notices_show_what_was_told_and_are_read_by_looking(engine: Engine, visit: Visit, sign_in: SignIn) -> None:
    customer = actor_of(engine, sign_in(Role.OWNER))
    number = a_case(engine, customer)
    token = sign_in(Role.STAFF)
    visit.open(NOTICES)
    assert "&lt;b&gt;bold" in visit.notices()
    assert "<b>bold" not in visit.notices()
    assert engine.notices.unread(actor_of(engine, token)) == 0
    assert engine.cases.one(customer, number).row["state"] == "open"


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("why did it fail", "failed"),
        ("nobody reacts", "no-reaction"),
        ("top up", "top-up"),
        ("balance wrong", "balance"),
        ("sender id", "sender"),
        ("schedule later", "later"),
        ("160 characters", "counting"),
        ("unsubscribe", "opt-out"),
    ],
)
def test_the_help_finds_the_answer_in_peoples_words(asked: str, slug: str) -> None:
    assert slug in [topic.slug for topic in search(asked)[:2]]


def test_a_search_without_an_answer_says_so_and_leads_to_staff(visit: Visit, sign_in: SignIn) -> None:
    sign_in(Role.ANALYST)
    app = visit.open(HELP, q="zzyzx")
    assert any("Nothing in the help" in text.value for text in app.text)
    assert any(link.proto.label == "Ask staff" for link in app.get("page_link"))


def test_every_topic_that_is_linked_exists_and_has_an_address_of_its_own() -> None:
    slugs = [topic.slug for topic in topics()]
    assert len(set(slugs)) == len(slugs)
    pages = "\n".join(path.read_text(encoding="utf-8") for path in Path(registry.FOLDER).rglob("*.py"))
    linked = set(re.findall(r'help_link\("([\w-]+)"\)', pages))
    assert linked <= set(slugs)
