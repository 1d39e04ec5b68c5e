"""The inbox in Streamlit's own harness: what each role sees and may do, and that strangers' text is only ever text."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.gateways import Inbound
from pages.ui import context
from pages.ui.registry import HELP, INBOX, NOTICES, QUICK_SMS, STAFF_ACCOUNTS, PageEntry
from tests.kit import raw, world
from tests.pages.conftest import Visit
from tests.records_kit import SALE, SALE_NUMBERS, Shop, stock

PHONES = [f"+{number}" for number in SALE_NUMBERS.split(",")]
HOSTILE = "=Hi <b>bold</b> [link](http://x) $x^2$ :material/home:"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = world(Path(tmp_path_factory.mktemp("shop")), credit=0)
    context.set_engine(made.engine)
    yield stock(made)
    context.set_engine(None)
    made.engine.stop()


@pytest.fixture
def engine(shop: Shop) -> Iterator[Engine]:
    """In place of the empty engine of the other tests; what a test brought in is gone after it."""
    yield shop.engine
    with shop.world.store.transaction() as tx:
        for table in ("inbound", "opt_out", "notice"):
            tx.raw.execute(f"delete from {table}")  # type: ignore[attr-defined]


def arrives(shop: Shop, text: str, phone: str = PHONES[0]) -> int:
    """A phone writes; returns the message's id."""
    key = str(len(raw(shop.world, "select id from inbound")))
    shop.engine.inbox.sink_for(1)([Inbound(phone, "61400000001", text, shop.world.clock.now_us(), key)])
    return int(str(raw(shop.world, "select max(id) as id from inbound")[0]["id"]))


def opened(shop: Shop, visit: Visit, who: str, entry: PageEntry = INBOX, **query: str) -> AppTest:
    visit.cookies[SESSION_COOKIE] = shop.tokens[who]
    app = visit.open(entry, **query)
    assert not app.exception
    return app


def read(app: AppTest) -> str:
    """Everything on the page, as one text."""
    kinds = ("title", "text", "caption", "markdown", "badge")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    shown += [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(shown)


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def links(app: AppTest) -> set[str]:
    return {link.proto.label for link in app.main.get("page_link")}


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def listed(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Message"])


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "sender", "analyst", "staff", "admin"])
def test_the_first_visit_teaches_where_answers_come_from(engine: Engine, shop: Shop, visit: Visit, who: str) -> None:
    text = read(opened(shop, visit, who))
    assert ("No answers yet" in text) == (who in {"owner", "sender", "analyst"})
    assert "the built-in simulator has no phones" in text
    assert ("Ask staff" in text) == (who not in {"staff", "admin"})


@pytest.mark.parametrize("who", ["owner", "sender"])
def test_who_sends_reads_for_the_team_answers_and_opts_out(engine: Engine, shop: Shop, visit: Visit, who: str) -> None:
    answer = arrives(shop, "please do stop this at last")
    assert "Inbox · 1 new" in visit_menu(opened(shop, visit, who), visit)
    app = opened(shop, visit, who, id=str(answer))
    assert "Inbox" in visit_menu(app, visit)  # it is read by now
    assert {"Opt out", "Mark unread"} <= labels(app)
    assert "Reply" in links(app)
    press(app, "Opt out")
    assert "has opted out: nothing of your account is sent to it" in read(app)
    assert "From a message" in read(app)
    assert "Reply" not in links(app)
    assert shop.engine.opt_outs.count(shop.actors["owner"]) == 1


def visit_menu(app: AppTest, visit: Visit) -> list[str]:
    assert visit.app is app
    return visit.menu()


def test_who_analyses_reads_and_leaves_everything_as_it_is(engine: Engine, shop: Shop, visit: Visit) -> None:
    answer = arrives(shop, "please do stop this at last")
    app = opened(shop, visit, "analyst")
    assert listed(app) == ["please do stop this at last"]
    assert "Mark all read" not in labels(app)
    app = opened(shop, visit, "analyst", id=str(answer))
    assert "please do stop this at last" in read(app)
    assert not labels(app) & {"Opt out", "Mark unread", "Give it", "Remove the opt-out"}
    assert "Reply" not in links(app)
    assert shop.engine.inbox.unread(shop.actors["owner"]) == 1


def test_nobody_else_sees_it(engine: Engine, shop: Shop, visit: Visit) -> None:
    answer = arrives(shop, "for the owner's eyes")
    for who in ("rival", "newcomer", "staff", "admin"):
        app = opened(shop, visit, who, id=str(answer))
        assert "There is no such message" in read(app)
        assert "for the owner" not in read(app)
        app = opened(shop, visit, who)
        assert not app.dataframe


def test_staff_give_what_is_nobodys_to_an_account(engine: Engine, shop: Shop, visit: Visit) -> None:
    stray = arrives(shop, "STOP", phone="+4915112345678")
    app = opened(shop, visit, "staff")
    assert listed(app) == ["STOP"]
    assert "Answers" not in app.dataframe[0].value
    app = opened(shop, visit, "staff", id=str(stray))
    assert "no account was found that it answers" in read(app)
    assert next(button for button in app.button if button.label == "Give it").disabled
    account = shop.actors["rival"].account_id
    next(box for box in app.selectbox if box.label == "Account").set_value(account).run()
    press(app, "Give it")
    assert f"1 message moved to account no. {account}." in read(app)
    assert shop.engine.opt_outs.count(shop.actors["rival"]) == 1
    app = opened(shop, visit, "rival")
    assert [list(chips) for chips in app.dataframe[0].value["Status"]] == [["Asked to stop", "Opted out"]]


def test_staff_who_view_an_account_see_its_inbox_and_change_nothing(engine: Engine, shop: Shop, visit: Visit) -> None:
    arrives(shop, "please do stop this at last")
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, id=str(shop.actors["owner"].account_id))
    press(app, "View as customer")
    app.switch_page(str(INBOX.path)).run()
    assert not app.exception
    assert "read only" in read(app)
    assert listed(app) == ["please do stop this at last"]
    assert "Mark all read" not in labels(app)
    assert shop.engine.inbox.unread(shop.actors["owner"]) == 1


# --- the list and the conversation -----------------------------------------------------------------------------------


def test_what_strangers_wrote_is_only_ever_text(engine: Engine, shop: Shop, visit: Visit) -> None:
    answer = arrives(shop, HOSTILE)
    app = opened(shop, visit, "owner")
    assert listed(app) == [HOSTILE]
    app = opened(shop, visit, "owner", id=str(answer))
    bodies = "\n".join(element.proto.body for element in app.get("html"))
    assert "=Hi &lt;b&gt;bold&lt;/b&gt; [link](http://x)" in bodies
    assert "<b>bold</b>" not in bodies
    shown = [str(getattr(element, "value", "")) for kind in ("markdown", "caption") for element in app.get(kind)]
    assert not any("bold" in text for text in shown)


def test_a_conversation_shows_both_sides_and_leads_to_the_record_of_ours(
    engine: Engine, shop: Shop, visit: Visit
) -> None:
    answer = arrives(shop, "Is it open on Sunday?")
    app = opened(shop, visit, "owner", id=str(answer))
    text = read(app)
    assert text.index("your order is ready") < text.index("Is it open on Sunday?")
    for word in ("Delivered", "Bakery", "Australia", SALE):
        assert word in text, word
    record = next(link for link in app.get("page_link") if link.proto.label == "Its record")
    message = raw(shop.world, "select id from message where task_id = $1 and msisdn = $2", shop.sale, int(PHONES[0]))
    assert record.proto.query_string == f"message={message[0]['id']}"


def test_filters_and_search_are_kept_in_the_address_and_on_the_way_back(
    engine: Engine, shop: Shop, visit: Visit
) -> None:
    arrives(shop, "Which door?")
    arrives(shop, "STOP", PHONES[1])
    odd = arrives(shop, "I will not stop by", PHONES[2])
    for show, search, found in (
        ("stop", "", ["STOP"]),
        ("may_stop", "", ["I will not stop by"]),
        ("unread", "door", ["Which door?"]),
        ("odd", "", ["I will not stop by", "STOP", "Which door?"]),
    ):
        assert listed(opened(shop, visit, "analyst", show=show, q=search)) == found
    app = opened(shop, visit, "owner", show="may_stop", id=str(odd))
    press(app, "All messages")
    assert listed(app) == ["I will not stop by"]
    assert app.query_params["show"] == "may_stop"
    app = opened(shop, visit, "owner", q="no such words")
    assert "No message matches." in read(app)
    assert len(listed(press(app, "Show all"))) == 3


def test_read_and_unread_are_the_teams(engine: Engine, shop: Shop, visit: Visit) -> None:
    answer = arrives(shop, "one")
    arrives(shop, "two", PHONES[1])
    app = opened(shop, visit, "owner", id=str(answer))
    press(app, "Mark unread")
    assert listed(app) == ["two", "one"]
    assert shop.engine.inbox.unread(shop.actors["sender"]) == 2
    press(app, "Mark all read")
    assert "Everything is marked as read." in read(app)
    assert shop.engine.inbox.unread(shop.actors["sender"]) == 0
    assert "Mark all read" not in labels(app)


def test_an_opt_out_is_taken_back_with_a_reason(engine: Engine, shop: Shop, visit: Visit) -> None:
    answer = arrives(shop, "Stop!")
    app = opened(shop, visit, "owner", id=str(answer))
    assert "Answered STOP" in read(app)
    press(app, "Remove the opt-out")
    assert "missing or too long" in read(app)
    app.text_input[0].input("Rang us")
    press(app, "Remove the opt-out")
    assert "can be sent to again" in read(app)
    assert shop.engine.opt_outs.count(shop.actors["owner"]) == 0


def test_a_reply_begins_with_the_number_the_route_and_the_sender_of_what_was_answered(
    engine: Engine, shop: Shop, visit: Visit
) -> None:
    arrives(shop, "Is it open on Sunday?")
    app = opened(shop, visit, "owner", QUICK_SMS, to=PHONES[0][1:], like=str(shop.sale))
    fields = {str(field.key).split("_")[1]: field.value for field in (*app.text_input, *app.text_area)}
    assert (fields["people"], fields["name"]) == (PHONES[0][1:], f"Reply to {PHONES[0]}")
    assert fields["sender"] == "Bakery"
    stranger = opened(shop, visit, "rival", QUICK_SMS, to=PHONES[0][1:], like=str(shop.sale))
    senders = [field.value for field in stranger.text_input if "_sender_" in str(field.key)]
    assert senders == [""]


def test_the_notice_leads_to_the_inbox_and_the_help_knows_it(engine: Engine, shop: Shop, visit: Visit) -> None:
    arrives(shop, "one")
    app = opened(shop, visit, "owner", NOTICES)
    assert f"A message from {PHONES[0]} arrived in your inbox." in read(app)
    assert any(link.proto.page == INBOX.url_path for link in app.main.get("page_link"))
    app = opened(shop, visit, "owner", HELP, q="where do answers arrive")
    assert app.expander[0].label == "Where do answers arrive?"


def test_more_than_can_be_counted_in_the_menu_says_so(shop: Shop, visit: Visit) -> None:
    sink = shop.engine.inbox.sink_for(1)
    now_us = shop.world.clock.now_us()
    sink([Inbound(PHONES[0], "61400000001", f"No {number}", now_us, f"many{number}") for number in range(100)])
    assert "Inbox · 99+ new" in visit_menu(opened(shop, visit, "owner"), visit)
