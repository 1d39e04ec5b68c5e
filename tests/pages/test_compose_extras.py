"""Composing, better: drafts, the phone, valid rows, daytime, sender IDs, tests to one's own number, countries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from engine.app import Engine
from engine.content import fill
from engine.countries import SenderRule, zones_of
from engine.history import RecordFilter
from engine.model import MICRO, Actor, Role
from pages.ui.compose.phone import phone_html
from pages.ui.registry import BULK_SMS, QUICK_SMS, STAFF_COUNTRIES
from tests.pages.conftest import Visit
from tests.pages.test_compose import (
    CSV,
    GOOD_TEXT,
    add_route,
    fill_quick,
    has,
    owner,
    press,
    put,
    read,
    tasks_of,
    typed,
)
from tests.pages.test_compose import upload as upload_file

__all__ = ["owner"]
SignIn = Callable[[Role], str]
MIXED = b"phone,name\r\n61412345678,Ann\r\n61412345679,see http://x.example\r\n61412345680,\r\n61298765432,Land\r\n"


def ticked(app: AppTest, name: str) -> AppTest:
    box = next(box for box in app.checkbox if f"_{name}_" in str(box.key))
    return box.check().run()


def labels(app: AppTest) -> list[str]:
    return [box.label for box in app.checkbox]


# --- Drafts ----------------------------------------------------------------------------------------------------------


def test_everything_typed_is_there_after_a_reload_and_a_new_sign_in(owner: Actor, visit: Visit) -> None:
    fill_quick(visit.open(QUICK_SMS), name="November")
    app = visit.open(QUICK_SMS)
    assert (typed(app, "name"), typed(app, "content")) == ("November", GOOD_TEXT)
    assert "Draft restored from" in read(app)
    kept = dict(visit.cookies)
    visit.cookies.clear()
    visit.open(QUICK_SMS)
    assert visit.asks_to_log_in()
    visit.cookies.update(kept)
    assert typed(visit.open(QUICK_SMS), "people") == "61412345678, 447400123456"


def test_an_uploaded_file_and_its_column_come_back(owner: Actor, visit: Visit) -> None:
    app = upload_file(visit.open(BULK_SMS), "list.csv", CSV)
    put(app, "content", "Acme: dear ((name)).")
    app.run()
    app = visit.open(BULK_SMS)
    assert "Using the file you uploaded before: list.csv" in read(app)
    assert {metric.label: metric.value for metric in app.metric}["OK"] == "2"
    assert typed(app, "content") == "Acme: dear ((name))."


def test_discard_empties_the_form_and_forgets_the_draft(engine: Engine, owner: Actor, visit: Visit) -> None:
    fill_quick(visit.open(QUICK_SMS))
    app = press(visit.open(QUICK_SMS), "discard")
    assert typed(app, "content") == ""
    assert typed(visit.open(QUICK_SMS), "name") == ""


def test_what_was_sent_does_not_come_back_as_a_draft(engine: Engine, owner: Actor, visit: Visit) -> None:
    press(press(fill_quick(visit.open(QUICK_SMS)), "submit"), "accept")
    assert len(tasks_of(engine, owner)) == 1
    app = visit.open(QUICK_SMS)
    assert typed(app, "content") == ""
    assert "Draft restored" not in read(app)


def test_an_untouched_form_leaves_no_draft(engine: Engine, owner: Actor, visit: Visit) -> None:
    visit.open(QUICK_SMS)
    assert "Draft restored" not in read(visit.open(QUICK_SMS))


# --- Valid rows ------------------------------------------------------------------------------------------------------


def test_rows_with_a_bad_text_are_listed_and_the_others_sent_by_choice(
    engine: Engine, owner: Actor, visit: Visit
) -> None:
    app = upload_file(visit.open(BULK_SMS), "list.csv", MIXED)
    put(app, "name", "Invoices")
    put(app, "content", "Acme: dear ((name)).")
    app = press(app.run(), "submit")
    page = read(app)
    assert "1 row has a text of its own that cannot be sent." in page
    assert "<p><i>Row 3</i><b>+61412345679</b><span>“http://” (character 16) begins a link" in page
    assert "1 field needs a change." in page
    assert not has(app, "accept")
    assert "Send the 2 valid rows without them" in labels(app)
    assert "Leave out the 1 row with an empty value" in labels(app)
    app = ticked(app, "valid")
    app = press(app, "submit")
    assert "1 row is left out because of its text" in read(app)
    press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["recipients"], task["rejected_rows"], task["held_micro"]) == (2, 2, 2 * MICRO)


def test_another_number_of_bad_rows_is_asked_anew(owner: Actor, visit: Visit) -> None:
    app = upload_file(visit.open(BULK_SMS), "list.csv", MIXED)
    put(app, "content", "Acme: dear ((name)).")
    app = ticked(app.run(), "valid")
    put(app, "content", "((name))")
    app = app.run()
    valid = next(box for box in app.checkbox if "_valid_" in str(box.key))
    assert (valid.label, valid.value) == ("Send the 1 valid row without them", False)


# --- The phone -------------------------------------------------------------------------------------------------------


def test_phone_shows_the_text_of_the_chosen_row(owner: Actor, visit: Visit) -> None:
    app = upload_file(visit.open(BULK_SMS), "list.csv", CSV)
    put(app, "content", "Acme: dear ((name)).")
    app = app.run()
    assert "Acme: dear Ann." in phone(app)
    app = next(box for box in app.number_input if "_shown_" in str(box.key)).set_value(2).run()
    assert "Acme: dear Ben." in phone(app)
    assert "Row 4 · +447400123456" in read(app)


def phone(app: AppTest) -> str:
    return next(element.proto.body for element in app.get("html") if "ims-phone" in element.proto.body)


def test_phone_numbers_the_parts_escapes_the_text_and_links_nowhere() -> None:
    html = phone_html("<b>Me</b>", ["see www.acme.com/x. <i>a", "b</i>", "c"], "14:05")
    assert '<u>www.acme.com/x</u>. &lt;i&gt;a<i class="cut"' in html
    assert html.count('class="cut"') == 3
    assert "&lt;b&gt;Me&lt;/b&gt;" in html
    assert "<a " not in html


def test_phone_of_a_country_that_replaces_the_sender_shows_a_number(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "sender", "Acme Ltd")
    app = fill_quick(app, people="12125550123")
    assert "A number of the operator" in phone(app)
    app = fill_quick(app, people="61412345678")
    assert "<b>Acme Ltd</b>" in phone(app)


# --- Sender IDs and hours --------------------------------------------------------------------------------------------


def test_sender_is_told_by_rule_with_the_countries_of_the_list(owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "sender", "Acme")
    page = read(fill_quick(app, people="61412345678, 61412345679, 12125550123, 919812345678"))
    assert "<b>Shown as typed</b> 2 recipients: Australia 2" in page
    assert "<b>Replaced by a number</b> 1 recipient: United States 1" in page
    assert "<b>Needs registration</b> 1 recipient: India 1" in page


def test_night_is_told_and_the_daytime_makes_a_task_for_each_zone(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS), people="61412345678, 447400123456, 13105550123")
    next(group for group in app.segmented_control if "_when_" in str(group.key)).set_value("At a time").run()
    tomorrow = datetime.now(ZoneInfo("Australia/Sydney")).date() + timedelta(days=1)
    next(field for field in app.date_input if "_day_" in str(field.key)).set_value(tomorrow)
    # Noon in Sydney is night in London.
    app = next(field for field in app.time_input if "_clock_" in str(field.key)).set_value(time(12, 0)).run()
    page = read(app)
    assert "would get this at night where they live" in page
    times = next(group for group in app.segmented_control if "_times_" in str(group.key))
    app = press(times.set_value("daytime").run(), "submit")
    assert "in the daytime of each recipient" in read(app)
    preview = app.session_state["compose-quick"].preview
    press(app, "accept")
    tasks = tasks_of(engine, owner)
    assert len(tasks) == len(preview.groups) > 1
    assert sum(task["held_micro"] for task in tasks) == preview.cost_micro == 3 * MICRO
    assert len({task["due_us"] for task in tasks}) == len(tasks)
    assert zones_of("AU", 61412345678) == ("Australia/Sydney",)


def test_the_quote_says_when_the_last_message_will_have_left(engine: Engine, owner: Actor, visit: Visit) -> None:
    route = add_route(engine, name="Slow", prices={"*": MICRO}, throughput=1)
    app = visit.open(QUICK_SMS)
    next(box for box in app.selectbox if "_route_" in str(box.key)).select(route).run()
    page = read(press(fill_quick(app), "submit"))
    assert "All handed over" in page
    assert "at 1 part/s" in page


# --- A test to one's own number --------------------------------------------------------------------------------------


def test_a_test_message_is_a_task_of_its_own_and_leaves_the_form(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = upload_file(visit.open(BULK_SMS), "list.csv", CSV)
    put(app, "name", "Invoices")
    put(app, "content", "Acme: dear ((name)).")
    put(app, "mine", "61 412 999 999")
    app = press(app.run(), "trial")
    assert has(app, "accept")
    app = press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["name"], task["recipients"], task["held_micro"]) == ("Test: Invoices", 1, MICRO)
    (message,) = engine.history.messages(owner, filter_of(task)).rows
    assert message["content"] == fill("Acme: dear ((name)).", {"name": "Ann"})
    assert typed(app, "name") == "Invoices"
    assert not has(app, "accept")
    assert typed(visit.open(QUICK_SMS), "mine") == "+61412999999"


def filter_of(task: dict[str, Any]) -> Any:
    return RecordFilter(task_id=task["id"])


def test_a_test_to_what_is_no_mobile_says_why(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = fill_quick(visit.open(QUICK_SMS))
    put(app, "mine", "61298765432")
    app = press(app.run(), "trial")
    assert "A landline" in read(app)
    assert not tasks_of(engine, owner)


# --- The operator's table --------------------------------------------------------------------------------------------


def test_staff_search_the_table_and_change_a_country(engine: Engine, sign_in: SignIn, visit: Visit) -> None:
    sign_in(Role.STAFF)
    app = visit.open(STAFF_COUNTRIES, q="austral")
    assert "1 country" in read(app)
    assert app.dataframe[0].value["Sender ID"].to_list() == ["Shown as typed"]
    number = list(engine.countries.listing(_staff(engine))).index("AU") + 1
    app.session_state["countries-open"] = number
    app = app.run()
    next(box for box in app.selectbox if box.key == "countries-AU-rule").select(SenderRule.NEEDS_REGISTRATION)
    app.text_input(key="countries-AU-source").input("Letter of 12 November")
    next(button for button in app.button if button.label == "Save").click().run()
    found = engine.countries.one(_staff(engine), "AU")
    assert (found.sender_rule, found.source) == (SenderRule.NEEDS_REGISTRATION, "Letter of 12 November")
    assert found.edited_us is not None


def _staff(engine: Engine) -> Actor:
    row = engine.store.all("accounts.identify", "staff-one")[0]
    return Actor(row["id"], row["account_id"], Role.STAFF, "Staff")


@pytest.mark.parametrize("role", [Role.OWNER, Role.ANALYST])
def test_customers_do_not_see_the_operators_table(sign_in: SignIn, visit: Visit, role: Role) -> None:
    sign_in(role)
    assert not visit.open(STAFF_COUNTRIES).dataframe
