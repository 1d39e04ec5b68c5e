"""Contact lists, opt-outs and templates, and how composing uses them, in Streamlit's own harness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import recipients
from engine.app import Engine
from engine.contacts import lists
from engine.model import MICRO, Actor, Role
from engine.tasks import Draft
from pages.ui.compose import lists as picker
from pages.ui.registry import BULK_SMS, CONTACTS, OPT_OUTS, QUICK_SMS, SMS_HISTORY, TEMPLATES
from tests.kit import au_mobiles, give
from tests.pages.conftest import Visit
from tests.pages.test_compose import has, press, put, read, tasks_of, typed

SignIn = Callable[[Role], str]

CSV = b"phone,name\r\n61412000000,Ann\r\n61412000001,Ben\r\n61298765432,Land\r\n61412000000,Again\r\n"


@pytest.fixture
def owner(engine: Engine, sign_in: SignIn) -> Actor:
    """Somebody with 100 credits, signed in."""
    actor = engine.accounts.actor_of(sign_in(Role.OWNER))
    assert actor is not None
    give(engine, actor.account_id, 100)
    return actor


@pytest.fixture
def vips(engine: Engine, owner: Actor) -> int:
    list_id = engine.contacts.create(owner, "VIPs")
    engine.contacts.import_file(owner, list_id, recipients.read("a.csv", CSV))
    return list_id


def click(app: AppTest, key: str) -> AppTest:
    return next(button for button in app.button if button.key == key).click().run()


def field(app: AppTest, key: str) -> Any:
    return next(element for element in (*app.text_input, *app.text_area) if element.key == key)


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


# --- contact lists ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [CONTACTS, OPT_OUTS, TEMPLATES])
def test_only_who_sends_sees_these_pages(visit: Visit, sign_in: SignIn, entry: Any) -> None:
    sign_in(Role.ANALYST)
    visit.open(entry)
    assert " is for " in visit.notices()
    assert entry.title not in visit.menu()


def test_the_first_visit_teaches_and_makes_a_list_from_a_file(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = visit.open(CONTACTS)
    assert "No contact lists yet" in read(app)
    app = click(app, "contacts-new")
    field(app, "contacts-ask-name").input("VIPs")
    app.file_uploader[0].upload("people.csv", CSV, "text/csv")
    app = app.run()
    assert "A landline" in read(app)
    assert "Row 5" in read(app)
    app = click(app, "contacts-ask-create")
    (row,) = engine.contacts.lists(owner)
    assert (row["name"], row["contacts"], row["columns"]) == ("VIPs", 2, ("name",))
    shown = read(app)
    assert "Imported: 2 contacts added, 1 repeated in the file, 1 not usable." in visit.notices()
    assert "VIPs" in shown
    assert app.query_params["list"] == str(row["id"])


def test_a_refused_name_keeps_the_dialog_and_says_why(engine: Engine, owner: Actor, vips: int, visit: Visit) -> None:
    app = click(visit.open(CONTACTS), "contacts-new")
    field(app, "contacts-ask-name").input("vips")
    app = click(app, "contacts-ask-create")
    assert "another list has this name" in visit.notices()
    assert field(app, "contacts-ask-name").value == "vips"
    assert len(engine.contacts.lists(owner)) == 1


def test_one_list_shows_its_people_and_who_is_not_sent_to(
    engine: Engine, owner: Actor, vips: int, visit: Visit
) -> None:
    engine.opt_outs.add(owner, "61412000001")
    app = visit.open(CONTACTS, list=str(vips))
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures == {"Contacts": "2", "Opted out": "1", "Can be sent to": "1"}
    table = app.dataframe[0].value
    assert list(table["Number"]) == ["+61412000000", "+61412000001"]
    assert list(table["((name))"]) == ["Ann", "Ben"]
    assert [list(chips) for chips in table["Status"]] == [["Can be sent to"], ["Opted out"]]


def test_someone_elses_list_is_not_there(engine: Engine, owner: Actor, visit: Visit) -> None:
    stranger = engine.accounts.ensure_account("stranger")
    theirs = engine.contacts.create(stranger, "Secret list")
    app = visit.open(CONTACTS, list=str(theirs))
    assert "There is no such contact list" in visit.notices()
    assert "Secret" not in read(app)


def test_importing_again_updates_or_replaces(engine: Engine, owner: Actor, vips: int, visit: Visit) -> None:
    app = click(visit.open(CONTACTS, list=str(vips)), "contacts-import")
    app.file_uploader[0].upload("more.csv", b"phone,name\n61412000000,Anna\n61412000007,Zed\n", "text/csv")
    app = app.run()
    app.radio[0].set_value("update").run()
    app = click(app, "contacts-ask-import")
    assert "1 contact added, 1 updated. The list has 3 now." in visit.notices()
    names = [row["fields"]["name"] for row in engine.contacts.page(owner, vips).rows]
    assert names == ["Anna", "Ben", "Zed"]


def test_a_list_is_renamed_and_deleted_after_being_asked(engine: Engine, owner: Actor, vips: int, visit: Visit) -> None:
    app = click(visit.open(CONTACTS, list=str(vips)), "contacts-rename")
    field(app, "contacts-ask-name").input("Regulars")
    app = click(app, "contacts-ask-rename")
    assert engine.contacts.get(owner, vips)["name"] == "Regulars"
    app = click(app, "contacts-delete")
    assert engine.contacts.lists(owner)
    app = click(app, "contacts-ask-delete")
    assert not engine.contacts.lists(owner)
    assert "The list is deleted" in visit.notices()
    assert "No contact lists yet" in read(app)


# --- opt-outs --------------------------------------------------------------------------------------------------------


def test_a_number_is_opted_out_by_hand(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = visit.open(OPT_OUTS)
    assert "Nobody has opted out" in read(app)
    app = click(app, "optouts-add")
    field(app, "optouts-ask-number").input("12")
    app = click(app, "optouts-ask-add")
    assert "Number: Too short" in visit.notices()
    field(app, "optouts-ask-number").input("+61 412 000 001")
    field(app, "optouts-ask-note").input("*phoned*")
    app = click(app, "optouts-ask-add")
    assert list(app.dataframe[0].value["Number"]) == ["+61412000001"]
    assert list(app.dataframe[0].value["Note"]) == ["*phoned*"]
    assert engine.opt_outs.count(owner) == 1


def test_a_file_of_opt_outs_is_imported(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = click(visit.open(OPT_OUTS), "optouts-import")
    app.file_uploader[0].upload("stop.csv", CSV, "text/csv")
    app = click(app.run(), "optouts-ask-import")
    assert "2 numbers have opted out. 2 rows were left out." in visit.notices()
    assert {row["note"] for row in engine.opt_outs.page(owner).rows} == {"stop.csv"}


def test_an_opt_out_is_removed_with_a_reason_only(engine: Engine, owner: Actor, visit: Visit) -> None:
    engine.opt_outs.add(owner, "61412000001")
    app = visit.open(OPT_OUTS)
    app.session_state["optouts-open"] = 61412000001
    app = app.run()
    remove = next(button for button in app.button if button.label == "Remove the opt-out")
    app = remove.click().run()
    assert "Reason: missing" in visit.notices()
    field(app, "optouts-why-61412000001").input("Asked in writing")
    app = next(button for button in app.button if button.label == "Remove the opt-out").click().run()
    assert engine.opt_outs.count(owner) == 0
    assert "Asked in writing" in engine.accounts.audit_log(owner)[0]["detail"]


# --- templates -------------------------------------------------------------------------------------------------------


def test_a_template_is_written_and_a_bad_one_is_a_draft(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = visit.open(TEMPLATES)
    assert "No templates yet" in read(app)
    app = click(app, "templates-new")
    field(app, "templates-ask-name").input("Hi")
    field(app, "templates-ask-content").input("Hello you")
    app = click(app.run(), "templates-ask-save")
    assert "Saved as a draft" in visit.notices()
    (row,) = engine.templates.listing(owner)
    app = visit.open(TEMPLATES, template=str(row["id"]))
    assert field(app, "templates-ask-content").value == "Hello you"
    field(app, "templates-ask-content").input("Acme: dear you")
    app = click(app.run(), "templates-ask-save")
    assert "The template is saved (1 SMS)" in visit.notices()
    assert engine.templates.get(owner, row["id"])["problem"] == ""
    app = visit.open(TEMPLATES, template=str(row["id"]))
    click(app, "templates-delete-now")
    assert engine.templates.listing(owner) == []


# --- composing -------------------------------------------------------------------------------------------------------


def test_a_template_fills_the_form_and_the_form_makes_one(engine: Engine, owner: Actor, visit: Visit) -> None:
    engine.templates.save(owner, name="Parcel", text="Acme: your parcel is here.", sender="Acme")
    app = visit.open(QUICK_SMS)
    next(box for box in app.selectbox if "_template_" in str(box.key)).set_value(1).run()
    app = press(app, "template_use")
    assert (typed(app, "content"), typed(app, "sender")) == ("Acme: your parcel is here.", "Acme")
    put(app, "content", "Acme: your parcel is gone.")
    put(app, "keep_name", "Parcel")
    app = press(app, "keep_save")
    assert "another template has this name" in visit.notices()
    put(app, "keep_name", "Gone")
    app = press(app, "keep_save")
    assert {row["name"] for row in engine.templates.listing(owner)} == {"Parcel", "Gone"}
    app = visit.open(BULK_SMS, template="1")
    assert typed(app, "content") == "Acme: your parcel is here."


def test_a_list_is_sent_to_instead_of_a_file(engine: Engine, owner: Actor, vips: int, visit: Visit) -> None:
    app = visit.open(BULK_SMS)
    next(group for group in app.segmented_control if "_from_" in str(group.key)).set_value("A contact list").run()
    app = press(app, "submit")
    assert "choose the list to send to" in read(app)
    next(box for box in app.selectbox if "_list_" in str(box.key)).set_value(vips).run()
    engine.opt_outs.add(owner, "61412000001")
    put(app, "name", "To VIPs")
    put(app, "content", "Acme: dear ((name))")
    app = app.run()
    assert "This person has opted out" in read(app)
    assert "Row 2" in read(app)
    app = press(app, "submit")
    press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["recipients"], task["rejected_rows"], task["file_name"]) == (1, 1, "Contact list: VIPs")


def test_the_address_of_a_list_chooses_it(owner: Actor, vips: int, visit: Visit) -> None:
    app = visit.open(BULK_SMS, list=str(vips))
    assert "Ready to send to 2 recipients" in read(app)


def test_a_long_list_is_sent_in_parts(
    engine: Engine, owner: Actor, vips: int, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "TASK_MOST", 2)
    monkeypatch.setattr(picker, "TASK_MOST", 2)
    monkeypatch.setattr(picker, "ranges", lambda _: [(1, 2), (3, 4)])
    engine.contacts.import_file(owner, vips, au_mobiles(2, start=50))
    app = visit.open(BULK_SMS, list=str(vips))
    next(box for box in app.selectbox if "_list_part_" in str(box.key)).set_value(3).run()
    assert app.session_state["compose-bulk"].upload.people.frame["row"].to_list() == [3, 4]


def test_a_short_list_is_added_to_the_box_of_quick_sms(owner: Actor, vips: int, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "people", "447400123456,")
    next(box for box in app.selectbox if "_list_" in str(box.key)).set_value(vips).run()
    app = press(app, "list_add")
    assert typed(app, "people") == "447400123456, 61412000000, 61412000001"


def test_an_opt_out_after_the_quote_gives_a_new_quote(engine: Engine, owner: Actor, visit: Visit) -> None:
    app = visit.open(QUICK_SMS)
    put(app, "name", "Offer")
    put(app, "people", "61412000000, 61412000001")
    put(app, "content", "Acme: 20% off.")
    app = press(app.run(), "submit")
    engine.opt_outs.add(owner, "61412000001")
    app = press(app, "accept")
    assert "1 recipient has opted out since this quote was made" in visit.notices()
    assert not tasks_of(engine, owner)
    assert has(app, "accept")
    press(app, "accept")
    (task,) = tasks_of(engine, owner)
    assert (task["recipients"], task["held_micro"]) == (1, MICRO)


def test_the_recipient_of_a_message_is_opted_out_from_the_history(engine: Engine, owner: Actor, visit: Visit) -> None:
    route = engine.routes.selectable(owner)[0]
    draft = Draft(route_id=route.id, name="Offer", content="Acme", recipients=au_mobiles(1))
    engine.tasks.accept(owner, engine.tasks.preview(owner, draft))
    app = visit.open(SMS_HISTORY, message="1")
    click(app, "message-stop-now")
    assert "+61412000000 has opted out" in visit.notices()
    (row,) = engine.opt_outs.page(owner).rows
    assert row["source"] == "message"
