"""Quick SMS, bulk SMS, the Terms pop-up and the task page, in Streamlit's own harness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import MICRO, Actor, CountRule, Role
from engine.routes import NewRoute
from pages.ui.registry import BULK_SMS, QUICK_SMS, TASK
from tests.pages.conftest import Visit, token_of

SignIn = Callable[[Role], str]

GOOD_TEXT = "Acme: 20% off today."
NUMBERS = "61412345678, 447400123456"
CSV = b"phone,name\r\n61412345678,Ann\r\n61298765432,Land\r\n447400123456,Ben\r\n61412345678,Again\r\n"
TWO_COLUMNS = b"mobile,work phone,name\r\n61412345678,447400123456,Ann\r\n61412345679,447400123457,Ben\r\n"


@pytest.fixture
def owner(engine: Engine, sign_in: SignIn) -> Actor:
    """Somebody with 100 credits, signed in."""
    actor = engine.accounts.actor_of(sign_in(Role.OWNER))
    assert actor is not None
    _credit(engine, actor, 100)
    return actor


def _credit(engine: Engine, actor: Actor, amount: int) -> None:
    engine.accounts.create_operator("staff-two", "staff-two@example.com", "tall green kettle", Role.STAFF)
    row = engine.store.all("accounts.identify", "staff-two")[0]
    staff = Actor(row["id"], row["account_id"], Role.STAFF, "Staff")
    engine.topups.credit(staff, actor.account_id, amount * MICRO, reason="test", key="first")


def add_route(engine: Engine, **options: Any) -> int:
    row = engine.store.all("accounts.identify", "staff-two")[0]
    admin = Actor(row["id"], row["account_id"], Role.ADMIN, "Admin")
    with engine.store.transaction() as tx:
        tx.raw.execute("update member set role = 'admin' where id = $1", [admin.user_id])  # type: ignore[attr-defined]
    return engine.routes.add(admin, NewRoute(gateway="sim://", **options))


def put(app: AppTest, name: str, value: str) -> None:
    """Types into a field of the form by its name in the widget's key."""
    fields = [*app.text_input, *app.text_area]
    next(field for field in fields if f"_{name}_" in str(field.key)).input(value)


def press(app: AppTest, name: str) -> AppTest:
    button = next(button for button in app.button if f"_{name}_" in str(button.key))
    return button.click().run()


def has(app: AppTest, name: str) -> bool:
    return any(f"_{name}_" in str(button.key) for button in app.button)


def typed(app: AppTest, name: str) -> str:
    fields = [*app.text_input, *app.text_area]
    return next(str(field.value) for field in fields if f"_{name}_" in str(field.key))


def read(app: AppTest) -> str:
    """Everything on the page and in the dialog, as one text."""
    shown = [str(getattr(element, "value", "")) for element in app.main]
    shown += [str(element.proto.body) for element in app.get("html")]
    return "\n".join(shown)


def fill_quick(app: AppTest, *, people: str = NUMBERS, text: str = GOOD_TEXT, name: str = "Offer") -> AppTest:
    put(app, "name", name)
    put(app, "people", people)
    put(app, "content", text)
    return app.run()


def tasks_of(engine: Engine, actor: Actor) -> list[dict[str, Any]]:
    return engine.history.tasks(actor).rows


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    app.file_uploader[0].upload(name, data, "text/csv")
    return app.run()


# --- Quick SMS -------------------------------------------------------------------------------------------------------


def test_fields_stand_in_the_order_of_the_mission(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    order = [
        str(element.key).split("_")[1]
        for element in app.main
        if str(getattr(element, "key", "") or "").startswith("quick_")
    ]
    wanted = ["route", "sender", "name", "people", "content", "when", "submit"]
    assert [name for name in order if name in wanted] == wanted


def test_quick_sms_is_quoted_then_accepted_as_one_task(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS)), "submit")
    quote = read(app)
    assert "Australia" in quote
    assert "United Kingdom" in quote
    assert "98.00" in quote  # available after 2 credits are held
    assert not tasks_of(engine, owner)
    press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["name"], task["recipients"], task["held_micro"]) == ("Offer", 2, 2 * MICRO)
    assert engine.history.balance(owner).held_micro == 2 * MICRO


def test_accepting_the_same_quote_twice_makes_one_task(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS)), "submit")
    flow = app.session_state["compose-quick"]
    first = engine.tasks.accept(owner, flow.preview)
    press(app, "accept")
    assert [task["id"] for task in tasks_of(engine, owner)] == [first]
    assert flow.accepted == first


def test_terms_that_are_shown_are_the_version_that_is_kept(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS)), "submit")
    version = engine.terms.current(owner)["version"]
    assert f"Version {version}." in read(app)
    press(app, "accept")
    assert [task["terms_version"] for task in tasks_of(engine, owner)] == [version]


def test_back_keeps_everything_and_sends_nothing(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(press(fill_quick(visit.open(QUICK_SMS)), "submit"), "back")
    assert not has(app, "accept")
    assert (typed(app, "name"), typed(app, "people"), typed(app, "content")) == ("Offer", NUMBERS, GOOD_TEXT)
    assert not tasks_of(engine, owner)


def test_refused_content_keeps_what_was_typed_and_says_where(engine: Engine, owner: Actor, visit: Visit) -> None:
    text = "Hello Ann, see http://x.example"
    app = press(fill_quick(visit.open(QUICK_SMS), text=text), "submit")
    page = read(app)
    assert "is a greeting" in page
    assert "character 1" in page
    assert '<mark class="blocks">Hello</mark>' in page
    assert not has(app, "accept")
    assert (typed(app, "name"), typed(app, "people"), typed(app, "content")) == ("Offer", NUMBERS, text)
    assert engine.history.balance(owner).held_micro == 0


def test_one_click_applies_every_fix(owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS), text="Acme: “sale” now… 😀")
    app = press(app, "fix")
    assert typed(app, "content") == 'Acme: "sale" now... '
    assert not has(app, "fix")


def test_user_text_is_escaped_wherever_it_is_marked(owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS), text="hi <img src=x onerror=alert(1)>", people="<i>61412345678")
    page = "\n".join(str(element.proto.body) for element in app.get("html"))
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<b>&lt;i&gt;61412345678</b>" in page
    assert "<img" not in page


def test_every_empty_field_says_what_it_needs_after_submit(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    assert "give this task a name" not in read(app)
    page = read(press(app, "submit"))
    assert "Task name: give this task a name" in page
    assert "Recipients: enter 1 to 100 numbers" in page
    assert "Content: write the message" in page
    assert "3 fields need a change" in page


def test_each_rejected_number_has_its_reason(owner: Actor, visit: Visit) -> None:
    page = read(fill_quick(visit.open(QUICK_SMS), people="61412345678; 61298765432\n8613800138000, abc"))
    assert "1 recipient: Australia 1" in page
    assert "3 entries will not be sent:" in page
    assert "A landline" in page
    assert "mainland China" in page
    assert "Has characters" in page


def test_placeholder_without_a_file_is_explained(owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS), text="Acme: dear ((name))"), "submit")
    assert "nothing fills in “((name))” here" in read(app)
    assert not has(app, "accept")


def test_more_recipients_than_the_limit_are_pointed_to_bulk_sms(owner: Actor, visit: Visit) -> None:
    people = ",".join(f"6141234{number:04d}" for number in range(101))
    app = press(fill_quick(visit.open(QUICK_SMS), people=people), "submit")
    assert "101 are more than the 100 of this page. Use Bulk SMS" in read(app)
    assert not has(app, "accept")


def test_sender_field_shows_only_where_the_route_supports_it(engine: Engine, owner: Actor, visit: Visit) -> None:
    plain = add_route(engine, name="Economy", prices={"*": 700_000, "AU": 650_000})
    app = visit.open(QUICK_SMS)
    assert any("_sender_" in str(field.key) for field in app.text_input)
    select = next(box for box in app.selectbox if "_route_" in str(box.key))
    assert "Economy · 0.65–0.70 credit/SMS" in select.options
    select.select(plain).run()
    assert not any("_sender_" in str(field.key) for field in app.text_input)
    assert "this route does not support one" in read(app)


def test_sender_that_cannot_be_used_is_refused_beside_the_field(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "sender", "123456")
    app = press(fill_quick(app), "submit")
    assert "it has no letter" in read(app)
    assert not has(app, "accept")


def test_values_that_are_too_long_arrive_and_are_refused_with_their_limit(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "sender", "Acme Brand International")
    app = fill_quick(app, name="x" * 130, text="a " * 5_200)
    page = read(app)
    assert "Sender ID: it has 24 characters; the most is 10. Shorten it." in page
    assert "Task name: it has 130 characters; the most is 100. Shorten it." in page
    assert "Content: it has 10,400 characters; the most is 10,000. Shorten it." in page
    page = read(press(app, "submit"))
    assert "<li>Sender ID: it has 24 characters" in page  # said again beside the button
    assert not has(app, "accept")


def test_a_repeated_number_is_said_to_stand_earlier_in_the_list(owner: Actor, visit: Visit) -> None:
    page = read(fill_quick(visit.open(QUICK_SMS), people="61412345678, 61412345678"))
    assert "The same number is earlier in the list" in page


def test_what_keeps_the_cost_from_being_counted_is_named(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    assert "SMS and cost are counted after Recipients and Content are filled in." in read(app)
    page = read(fill_quick(app, text="Acme: “Dear” ((name))"))
    assert "SMS and cost are counted after Content is corrected." in page
    assert "The text can be sent as it is" not in page
    assert "counted after" not in read(fill_quick(app, text="Acme: “Dear”"))


def test_carriers_rule_of_a_route_decides_the_quote(engine: Engine, owner: Actor, visit: Visit) -> None:
    carrier = add_route(engine, name="Carrier", prices={"*": MICRO}, count_rule=CountRule.CARRIER)
    app = visit.open(QUICK_SMS)
    next(box for box in app.selectbox if "_route_" in str(box.key)).select(carrier).run()
    app = press(fill_quick(app, people="61412345678", text="a" * 310), "submit")
    assert app.session_state["compose-quick"].preview.sms == 3  # 160-character billing would be 2


def test_time_that_passed_is_refused_clearly(owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS))
    next(group for group in app.segmented_control if "_when_" in str(group.key)).set_value("At a time").run()
    day = next(field for field in app.date_input if "_day_" in str(field.key))
    app = day.set_value(day.min).run()
    app = press(app, "submit")
    page = read(app)
    assert "has passed: it is" in page
    assert "Australia/Sydney" in page
    assert not has(app, "accept")


def test_scheduled_task_waits_and_is_shown_in_the_accounts_zone(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS))
    next(group for group in app.segmented_control if "_when_" in str(group.key)).set_value("At a time").run()
    assert "Time zone of your account: Australia/Sydney" in read(app)
    press(press(app, "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    assert task["state"] == "scheduled"
    page = read(visit.open(TASK, id=str(task["id"])))
    assert "Scheduled for" in page
    assert "(Australia/Sydney)" in page


def test_missing_credit_says_how_much_and_keeps_the_form(engine: Engine, owner: Actor, visit: Visit) -> None:
    route = add_route(engine, name="Dear", prices={"*": 70 * MICRO})
    app = visit.open(QUICK_SMS)
    next(box for box in app.selectbox if "_route_" in str(box.key)).select(route).run()
    app = press(fill_quick(app), "submit")
    page = read(app)
    assert "40.00 credits are missing" in page
    assert "Top up" in [link.proto.label for link in app.get("page_link")]
    accept = next(button for button in app.button if "_accept_" in str(button.key))
    assert accept.disabled
    app = press(app, "back")
    assert typed(app, "content") == GOOD_TEXT
    assert not tasks_of(engine, owner)


def test_credit_spent_meanwhile_makes_a_new_quote_instead_of_a_task(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS)), "submit")
    staff = engine.store.all("accounts.identify", "staff-two")[0]
    engine.topups.credit(
        Actor(staff["id"], staff["account_id"], Role.STAFF, "Staff"),
        owner.account_id,
        -99 * MICRO,
        reason="test",
        key="second",
    )
    page = read(press(app, "accept"))
    assert "Your credit changed since the quote was made" in page
    assert "1.00 credit is missing" in page
    assert "Top up 1.00 credit, or go back" in page
    assert "Available after" not in page
    assert not tasks_of(engine, owner)


def test_expired_quote_is_renewed_with_a_note(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = press(fill_quick(visit.open(QUICK_SMS)), "submit")
    with engine.store.transaction() as tx:
        tx.raw.execute("update quote set expires_us = 1")  # type: ignore[attr-defined]
    app = press(app, "accept")
    assert "The quote was no longer valid" in read(app)
    assert not tasks_of(engine, owner)
    press(app, "accept")
    assert len(tasks_of(engine, owner)) == 1


# --- Bulk SMS --------------------------------------------------------------------------------------------------------


def test_bulk_file_is_reported_row_by_row_and_its_columns_fill_the_text(
    engine: Engine, owner: Actor, visit: Visit
) -> None:
    app = upload(visit.open(BULK_SMS), "list.csv", CSV)
    assert {metric.label: metric.value for metric in app.metric} == {
        "Rows": "4", "OK": "2", "Invalid": "0", "Duplicates": "1", "Landlines": "1",
    }  # fmt: skip
    page = read(app)
    assert "<p><i>Row 3</i><b>61298765432</b><span>A landline: it cannot receive SMS." in page
    assert "<p><i>Row 5</i><b>61412345678</b><span>The same number is in an earlier row" in page
    verdicts = next(box for box in app.selectbox if "_verdict_" in str(box.key))
    assert verdicts.options == [
        "All that are not sent to (2)",
        "Duplicate (1)",
        "Landline (1)",
        "OK (2)",
        "All rows (4)",
    ]
    assert "OK: United Kingdom" in read(verdicts.select("ok").run())
    put(app, "name", "Invoices")
    put(app, "content", "Acme: dear ((Name)), thank you.")
    app = press(app.run(), "submit")
    assert "Acme: dear Ann, thank you." in read(app)
    assert "2 rows of the file will be neither sent to" in read(app)
    press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["recipients"], task["rejected_rows"], task["file_name"]) == (2, 2, "list.csv")


def test_file_with_two_number_columns_asks_which_one(owner: Actor, visit: Visit) -> None:
    app = upload(visit.open(BULK_SMS), "two.csv", TWO_COLUMNS)
    assert "Several columns of this file hold phone numbers" in read(app)
    choice = next(box for box in app.selectbox if "_column_" in str(box.key))
    assert choice.options == ["mobile", "work phone"]
    app = choice.select("work phone").run()
    people = app.session_state["compose-bulk"].upload.people
    assert people.phone_column == "work phone"
    assert "United Kingdom 2" in read(app)


def test_number_in_the_first_row_is_a_recipient_and_the_page_says_so(owner: Actor, visit: Visit) -> None:
    app = upload(visit.open(BULK_SMS), "bare.csv", b"61412345678\r\n61412345679\r\n")
    assert "Row 1 is itself a number" in read(app)
    assert {metric.label: metric.value for metric in app.metric}["OK"] == "2"


def test_file_that_cannot_be_read_is_a_sentence_and_keeps_the_rest(owner: Actor, visit: Visit) -> None:
    app = visit.open(BULK_SMS)
    put(app, "name", "Invoices")
    put(app, "content", GOOD_TEXT)
    app = press(upload(app, "list.csv", b"\x89PNG\r\n\x1a\n0000"), "submit")
    page = read(app)
    assert "Traceback" not in page
    assert "The file is not text although its name says so" in page
    assert not has(app, "accept")
    assert (typed(app, "name"), typed(app, "content")) == ("Invoices", GOOD_TEXT)


def test_placeholder_without_a_column_names_those_there_are(owner: Actor, visit: Visit) -> None:
    app = upload(visit.open(BULK_SMS), "list.csv", CSV)
    put(app, "name", "Invoices")
    put(app, "content", "Acme: dear ((first name)).")
    app = press(app.run(), "submit")
    assert "the file has no column “first name”. Its columns are: name." in read(app)
    assert not has(app, "accept")


def test_submit_without_a_file_asks_for_it(owner: Actor, visit: Visit) -> None:
    assert "File: upload the list of recipients." in read(press(visit.open(BULK_SMS), "submit"))


def test_copy_fills_the_form_from_a_task_of_the_account(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS), name="Again"), "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    app = visit.open(QUICK_SMS, copy=str(task["id"]))
    assert (typed(app, "name"), typed(app, "content"), typed(app, "people")) == ("Again", GOOD_TEXT, NUMBERS)


# --- The task page ---------------------------------------------------------------------------------------------------


def test_task_page_proves_every_credit(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS)), "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    page = read(visit.open(TASK, id=str(task["id"])))
    assert "Held 2.00 = charged 0.00 + returned 0.00 + still held 2.00." in page
    assert "0 of 2 messages settled" in str([bar.proto.text for bar in visit.app.get("progress")])
    assert "2026-11" in page


def test_cancelling_asks_first_then_returns_every_credit(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS)), "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    app = visit.open(TASK, id=str(task["id"]))
    app = app.button(key="task-cancel").click().run()
    assert engine.history.balance(owner).held_micro == 2 * MICRO
    app.button(key="task-cancel-yes").click().run()
    balance = engine.history.balance(owner)
    assert (balance.available_micro, balance.held_micro) == (100 * MICRO, 0)
    page = read(visit.open(TASK, id=str(task["id"])))
    assert "Held 2.00 = charged 0.00 + returned 2.00. Every credit of this task is settled." in page


@pytest.mark.parametrize("asked", ["own+1", "0", "-3", "abc", "9" * 30, ""])
def test_task_that_is_not_there_is_not_found(engine: Engine, owner: Actor, visit: Visit, asked: str) -> None:
    app = visit.open(TASK, id="1" if asked == "own+1" else asked)
    assert [title.value for title in app.title] == ["Task not found"]
    assert not app.metric


def test_task_of_another_account_is_not_found_and_tells_nothing(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS), name="Secret plan"), "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    visit.cookies[SESSION_COOKIE] = token_of(engine, Role.SENDER)
    app = visit.open(TASK, id=str(task["id"]))
    assert [title.value for title in app.title] == ["Task not found"]
    assert "Secret plan" not in read(app)
    assert GOOD_TEXT not in read(app)


def test_analyst_sees_the_task_but_nothing_to_change_it(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS)), "submit"), "accept")
    (task,) = tasks_of(engine, owner)
    with engine.store.transaction() as tx:
        tx.raw.execute("update member set role = 'analyst' where id = $1", [owner.user_id])  # type: ignore[attr-defined]
    app = visit.open(TASK, id=str(task["id"]))
    assert "Held 2.00" in read(app)
    assert not [button for button in app.button if str(button.key).startswith("task-cancel")]


def test_analyst_cannot_compose(sign_in: SignIn, visit: Visit) -> None:
    sign_in(Role.ANALYST)
    for entry in (QUICK_SMS, BULK_SMS):
        app = visit.open(entry)
        assert not app.text_area
