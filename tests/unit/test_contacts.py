"""Contact lists: imports, limits, search, export, and as recipients."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from engine import recipients
from engine.contacts import LISTS_MOST, ImportMode, importing, lists, ranges
from engine.errors import AccessError, InputError
from engine.recipients import FIELD_PREFIX, RecipientFile
from tests.kit import World, au_mobiles, raw, world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    built = world(Path(tmp_path_factory.mktemp("contacts")), started=False)
    yield built
    built.store.close()


@pytest.fixture
def list_id(made: World, request: pytest.FixtureRequest) -> int:
    return made.engine.contacts.create(made.owner, request.node.name)


def file(*lines: str) -> RecipientFile:
    return recipients.read("people.csv", "\n".join(("phone,name,city", *lines)).encode())


PEOPLE = file("61412000001,Ann,Perth", "61412000002,Ben,", "61412000001,Ann again,Perth", "61298765432,Land,")


def test_an_import_adds_each_number_once_and_counts_the_rest(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    result = contacts.import_file(made.owner, list_id, PEOPLE)
    assert (result.added, result.duplicates, result.rejected, result.contacts) == (2, 1, 1, 2)
    again = contacts.import_file(made.owner, list_id, file("61412000002,Benjamin,Rome", "61412000003,Cat,"))
    assert (again.added, again.known, again.contacts) == (1, 1, 3)
    rows = contacts.page(made.owner, list_id).rows
    assert [(row["msisdn"], row["fields"]) for row in rows] == [
        (61412000001, {"name": "Ann", "city": "Perth"}),
        (61412000002, {"name": "Ben", "city": ""}),
        (61412000003, {"name": "Cat", "city": ""}),
    ]


def test_an_updating_import_replaces_values_and_keeps_columns_the_file_lacks(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, PEOPLE)
    newer = recipients.read("n.csv", b"phone,NAME,Plan\n61412000001,Anna,Gold\n61412000009,Zed,Tin\n")
    result = contacts.import_file(made.owner, list_id, newer, mode=ImportMode.UPDATE)
    assert (result.added, result.updated, result.known) == (1, 1, 0)
    assert contacts.get(made.owner, list_id)["columns"] == ("name", "city", "Plan")
    assert [row["fields"] for row in contacts.page(made.owner, list_id).rows] == [
        {"name": "Anna", "city": "Perth", "Plan": "Gold"},
        {"name": "Ben", "city": "", "Plan": ""},
        {"name": "Zed", "city": "", "Plan": "Tin"},
    ]


def test_a_replacing_import_makes_the_list_the_file(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, PEOPLE)
    result = contacts.import_file(made.owner, list_id, au_mobiles(3), mode=ImportMode.REPLACE)
    assert (result.added, result.removed, result.contacts) == (3, 2, 3)
    row = contacts.get(made.owner, list_id)
    assert (row["contacts"], row["columns"], row["member_name"]) == (3, (), made.owner.name)


def test_five_thousand_contacts_become_recipients_with_their_fields(made: World, list_id: int) -> None:
    lines = (f"{61412000000 + number},N{number},C" for number in range(5_000))
    result = made.engine.contacts.import_file(made.owner, list_id, file(*lines))
    assert result.added == 5_000
    found = made.engine.contacts.as_recipients(made.owner, list_id)
    assert found.frame.schema == file("61412000001,Ann,Perth").frame.schema
    assert found.columns == ("name", "city")
    assert found.frame.row(4_999) == (5_000, "+61412004999", "AU", "mobile", "N4999", "C")
    assert found.notes == ()
    preview = made.engine.tasks.preview(made.owner, made.draft(recipients=found, content="Dear ((Name))"))
    assert preview.samples[0] == "Dear N0"


def test_a_list_longer_than_a_task_is_sent_in_ranges(
    made: World, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ranges(12_000) == [(1, 5_000), (5_001, 10_000), (10_001, 12_000)]
    assert ranges(0) == []
    monkeypatch.setattr(lists, "TASK_MOST", 2)
    made.engine.contacts.import_file(made.owner, list_id, au_mobiles(3))
    first = made.engine.contacts.as_recipients(made.owner, list_id)
    second = made.engine.contacts.as_recipients(made.owner, list_id, first=3)
    assert (first.frame["row"].to_list(), second.frame["row"].to_list()) == ([1, 2], [3])
    assert "Contacts 1 to 2 of 3" in first.notes[0]


def test_all_lists_of_an_account_together_are_bounded(
    made: World, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, au_mobiles(3))
    monkeypatch.setattr(lists, "ALL_MOST", 2)
    with pytest.raises(InputError) as caught:
        contacts.import_file(made.owner, list_id, au_mobiles(1, start=10))
    assert caught.value.code == "too_many_kept"
    assert contacts.get(made.owner, list_id)["contacts"] == 3
    contacts.import_file(made.owner, list_id, au_mobiles(3), mode=ImportMode.UPDATE)


def test_a_list_that_would_be_too_long_stays_as_it_was(
    made: World, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "LIST_MOST", 4)
    made.engine.contacts.import_file(made.owner, list_id, au_mobiles(3))
    with pytest.raises(InputError) as caught:
        made.engine.contacts.import_file(made.owner, list_id, au_mobiles(3, start=10))
    assert caught.value.code == "list_full"
    assert made.engine.contacts.get(made.owner, list_id)["contacts"] == 3
    assert len(made.engine.contacts.page(made.owner, list_id).rows) == 3


def test_columns_and_values_are_bounded(made: World, list_id: int) -> None:
    many = ",".join(f"c{number}" for number in range(51))
    with pytest.raises(InputError, match="51 columns"):
        made.engine.contacts.import_file(
            made.owner, list_id, recipients.read("a.csv", f"phone,{many}\n61412000001\n".encode())
        )
    result = made.engine.contacts.import_file(made.owner, list_id, file(f"61412000001,{'x' * 600},"))
    assert result.cut == 1
    assert made.engine.contacts.page(made.owner, list_id).rows[0]["fields"]["name"] == "x" * 500


def test_names_are_unique_in_an_account_in_any_case(made: World, list_id: int) -> None:
    name = made.engine.contacts.get(made.owner, list_id)["name"]
    with pytest.raises(InputError, match="another list has this name"):
        made.engine.contacts.create(made.owner, name.upper())
    made.engine.contacts.rename(made.owner, list_id, f"  {name.upper()} ")
    assert made.engine.contacts.get(made.owner, list_id)["name"] == name.upper()
    with pytest.raises(InputError):
        made.engine.contacts.rename(made.owner, list_id, "  ")
    stranger = made.engine.accounts.ensure_account("names")
    assert made.engine.contacts.create(stranger, name)


def test_an_account_keeps_a_limited_number_of_lists(made: World) -> None:
    somebody = made.engine.accounts.ensure_account("lists")
    for number in range(LISTS_MOST):
        made.engine.contacts.create(somebody, f"List {number}")
    with pytest.raises(InputError) as caught:
        made.engine.contacts.create(somebody, "One more")
    assert caught.value.code == "too_many_kept"
    assert len(made.engine.contacts.lists(somebody)) == LISTS_MOST
    assert [row["name"] for row in made.engine.contacts.lists(somebody, "st 99")] == ["List 99"]


def test_pages_follow_the_list_and_search_finds_numbers_and_values(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, PEOPLE)
    first = contacts.page(made.owner, list_id, limit=1)
    second = contacts.page(made.owner, list_id, limit=1, after=first.next_after)
    assert [row["msisdn"] for row in (*first.rows, *second.rows)] == [61412000001, 61412000002]
    assert second.next_after is None
    for text, found in (("0412 000 002", 1), ("ben", 1), ("412", 2), ("name", 0), ("%", 0)):
        assert len(contacts.page(made.owner, list_id, search=text).rows) == found, text


def test_a_contact_can_be_taken_off_and_a_list_deleted(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, PEOPLE)
    contacts.remove(made.owner, contacts.page(made.owner, list_id).rows[0]["id"])
    assert contacts.get(made.owner, list_id)["contacts"] == 1
    assert contacts.delete(made.owner, list_id) == 1
    with pytest.raises(AccessError):
        contacts.get(made.owner, list_id)
    assert raw(made, "select count(*) as n from contact where list_id = $1", list_id) == [{"n": 0}]
    audit = made.engine.accounts.audit_log(made.owner)[0]
    assert (audit["action"], audit["detail"]) == (
        "contact_list_deleted",
        f"{'test_a_contact_can_be_taken_off_and_a_list_deleted'}: 1 contacts",
    )


def test_another_account_sees_and_changes_nothing(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    contacts.import_file(made.owner, list_id, PEOPLE)
    contact_id = contacts.page(made.owner, list_id).rows[0]["id"]
    stranger = made.engine.accounts.ensure_account("stranger")
    for call in (
        lambda: contacts.get(stranger, list_id),
        lambda: contacts.page(stranger, list_id),
        lambda: contacts.rename(stranger, list_id, "Mine"),
        lambda: contacts.delete(stranger, list_id),
        lambda: contacts.import_file(stranger, list_id, PEOPLE, mode=ImportMode.REPLACE),
        lambda: contacts.remove(stranger, contact_id),
        lambda: contacts.as_recipients(stranger, list_id),
        lambda: contacts.export(stranger, list_id),
    ):
        with pytest.raises(AccessError) as caught:
            call()
        assert caught.value.code == "not_found"
    assert contacts.lists(stranger) == []
    assert contacts.get(made.owner, list_id)["contacts"] == 2


def test_exports_run_no_formula_and_can_be_imported_again(made: World, list_id: int) -> None:
    contacts = made.engine.contacts
    hostile = recipients.read("a.csv", b'phone,=cmd,name\n61412000001,=1+1,"@SUM(A1)"\n61412000002,x,Ben\n')
    contacts.import_file(made.owner, list_id, hostile)
    text = contacts.export(made.owner, list_id, "csv")
    lines = text.decode("utf-8-sig").splitlines()
    assert lines == ["phone,country,'=cmd,name", "61412000001,AU,'=1+1,'@SUM(A1)", "61412000002,AU,x,Ben"]
    book = openpyxl.load_workbook(io.BytesIO(contacts.export(made.owner, list_id, "xlsx")))
    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert {cell.data_type for cell in cells} == {"s"}
    back = recipients.read("back.csv", text)
    assert back.frame["msisdn"].to_list() == ["+61412000001", "+61412000002"]
    with pytest.raises(InputError):
        contacts.export(made.owner, list_id, "pdf")


def test_values_survive_their_text_form() -> None:
    for values in ([], ["", ""], ["a", ""], ['"\\', "\n\t", "é漢😀", ""]):
        assert importing.decoded(importing.encoded(values), len(values)) == values


def test_the_columns_of_a_contact_are_those_of_a_file(made: World, list_id: int) -> None:
    made.engine.contacts.import_file(made.owner, list_id, PEOPLE)
    found = made.engine.contacts.as_recipients(made.owner, list_id)
    assert found.frame.columns[-2:] == [f"{FIELD_PREFIX}name", f"{FIELD_PREFIX}city"]
    assert found.field("city").to_list() == ["Perth", ""]
