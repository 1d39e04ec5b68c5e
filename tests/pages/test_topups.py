"""Top-ups on screen: buying credit, deciding on it, prices and bank details, statements."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import MICRO
from engine.topups import BankDetails
from pages.ui import context
from pages.ui.registry import STAFF_BILLING, STAFF_TOPUPS, TOP_UP, TOPUP_HISTORY, PageEntry
from pages.ui.topups.price_editor import typed_rows
from tests.pages.conftest import Visit
from tests.unit.accounts_kit import signed_in
from tests.unit.topups_kit import PDF, PNG, Office, office

BANK = BankDetails("Bank of <b>Tests</b>", "IMS Pty Ltd", "DE89 3704 0044 0532 0130 00", "Only the *reference*.")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path, second_approval=5_000)
    context.set_engine(made.engine)
    yield made
    context.set_engine(None)
    made.engine.store.close()


@pytest.fixture
def engine(desk: Office) -> Engine:
    """In place of the empty engine of the other tests."""
    return desk.engine


def opened(desk: Office, visit: Visit, who: str, entry: PageEntry, **query: str) -> AppTest:
    visit.cookies[SESSION_COOKIE] = signed_in(desk.engine.accounts, who)[0]
    app = visit.open(entry, **query)
    assert not app.exception
    return app


def read(app: AppTest) -> str:
    kinds = ("title", "text", "caption", "badge", "code", "subheader")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    return "\n".join(shown + [unescape(element.proto.body) for element in app.get("html")])


def raw_html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception
    return app


def button(app: AppTest, label: str) -> Any:
    return next((one for one in app.button if one.label == label), None)


def type_in(app: AppTest, key: str, value: str) -> AppTest:
    fields = [*app.text_input, *app.text_area]
    next(field for field in fields if field.key == key).set_value(value)
    return app.run()


# --- Buying ----------------------------------------------------------------------------------------------------------


def test_the_price_is_shown_before_anything_is_asked(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "owner", TOP_UP)
    assert "Staff have not entered their bank details yet" in read(app)
    assert button(app, "Ask for credit").disabled
    page = read(type_in(app, "topup-amount", "999"))
    assert "49.95 USD" in page
    assert "0.05 USD" in page
    assert "1,000 credits cost less: 45.00 USD." in page
    page = read(press(app, "Buy 1,000 instead"))
    assert "45.00 USD" in page
    assert button(app, "Ask for 1,000 credits")
    page = read(type_in(app, "topup-amount", "12"))
    assert "at least 100 and at most 100,000,000" in page


def test_money_is_turned_into_whole_credits(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "owner", TOP_UP)
    app.session_state["topup-by"] = "Money"
    app.run()
    page = read(type_in(app, "topup-amount", "100.03"))
    assert "99.99 USD" in page  # 2,222 credits at 0.045; the four cents buy no whole credit
    assert button(app, "Ask for 2,222 credits")


def test_a_request_leads_to_its_own_page_with_reference_and_bank(desk: Office, visit: Visit) -> None:
    desk.topups.set_bank(desk.actors["admin"], BANK, based_on=0)
    app = type_in(opened(desk, visit, "owner", TOP_UP), "topup-amount", "1,000")
    app = press(app, "Ask for 1,000 credits")
    (row,) = desk.topups.requests(desk.owner)
    assert app.query_params["id"] == str(row["id"])
    page = read(app)
    for part in (row["reference"], "45.00 USD", BANK.account_number, BANK.bank_name, "Only the *reference*."):
        assert part in page
    assert "<b>Tests</b>" not in raw_html(app)
    assert "about=balance" in [link.proto.query_string for link in app.main.get("page_link")]


def test_a_press_that_is_repeated_asks_once(desk: Office, visit: Visit) -> None:
    app = type_in(opened(desk, visit, "owner", TOP_UP), "topup-amount", "500")
    key = app.session_state["topup-key"]
    desk.ask(500, key=key)
    press(app, "Ask for 500 credits")
    assert len(desk.topups.requests(desk.owner)) == 1


def test_a_receipt_is_uploaded_and_shown(desk: Office, visit: Visit) -> None:
    request_id = desk.ask()
    app = opened(desk, visit, "owner", TOP_UP, id=str(request_id))
    app.file_uploader[0].set_value([("Beleg <i>.png", PNG, "image/png")])
    app = press(app.run(), "Send the receipt")
    assert desk.state(request_id) == "receipt_uploaded"
    assert "Staff check your receipt" in read(app)
    assert "Beleg &lt;i&gt;.png" in raw_html(app)
    assert 'src="/documents/1"' in raw_html(app)


def test_a_file_of_another_kind_is_refused_in_words(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "owner", TOP_UP, id=str(desk.ask()))
    app.file_uploader[0].set_value([("receipt.png", b"<html>", "image/png")])
    assert "not a PNG, JPEG or PDF" in read(app.run())  # before anything is sent
    assert not [one for one in app.button if one.label == "Send the receipt"]


def test_a_request_is_withdrawn_after_a_question(desk: Office, visit: Visit) -> None:
    request_id = desk.ask()
    app = press(opened(desk, visit, "owner", TOP_UP, id=str(request_id)), "Withdraw this request")
    assert desk.state(request_id) == "requested"
    press(app, "Withdraw it")
    assert desk.state(request_id) == "withdrawn"


def test_the_reason_of_a_rejection_is_read_literally(desk: Office, visit: Visit) -> None:
    request_id = desk.with_receipt()
    desk.topups.reject(desk.staff, request_id, reason="**Wrong** <b>date</b>")
    app = opened(desk, visit, "owner", TOP_UP, id=str(request_id))
    assert "Rejected: **Wrong** <b>date</b>" in read(app)
    assert "<b>date" not in raw_html(app)


@pytest.mark.parametrize("who", ["sender", "staff", "admin"])
def test_only_owners_buy_credit(desk: Office, visit: Visit, who: str) -> None:
    app = opened(desk, visit, who, TOP_UP)
    assert not app.text_input
    assert button(app, "Ask for credit") is None


def test_a_request_of_another_account_is_not_there(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "rival", TOP_UP, id=str(desk.ask()))
    assert "There is no such top-up request" in read(app)


# --- Deciding --------------------------------------------------------------------------------------------------------


def test_staff_see_the_queue_and_the_receipt_beside_the_request(desk: Office, visit: Visit) -> None:
    request_id = desk.with_receipt()
    desk.topups.upload(desk.owner, request_id, name="b.pdf", data=PDF)
    app = opened(desk, visit, "staff", STAFF_TOPUPS)
    assert "1 request waits, 1 with a receipt" in read(app)
    assert list(app.dataframe[0].value["Credits"]) == [1_000]
    app = opened(desk, visit, "staff", STAFF_TOPUPS, id=str(request_id))
    assert 'src="/documents/1"' in raw_html(app)
    assert "<b>PDF</b>" in raw_html(app)
    assert "Owner & <b>Sons</b>" in read(app)
    assert "<b>Sons" not in raw_html(app)


def test_staff_approve_after_a_question(desk: Office, visit: Visit) -> None:
    request_id = desk.with_receipt()
    app = press(opened(desk, visit, "staff", STAFF_TOPUPS, id=str(request_id)), "Approve")
    assert desk.available() == 0
    assert "45.00 USD" in read(app)
    app = press(app, "Approve and credit")
    assert desk.available() == 1_000 * MICRO
    assert "1,000 credits added" in read(app)
    assert button(app, "Approve") is None


def test_staff_reject_with_a_reason_only(desk: Office, visit: Visit) -> None:
    request_id = desk.with_receipt()
    app = press(opened(desk, visit, "staff", STAFF_TOPUPS, id=str(request_id)), "Reject")
    app = press(app, "Reject it")
    assert "Give a reason" in read(app)
    press(type_in(app, f"stafftopups-reason-{request_id}", "Not arrived"), "Reject it")
    assert desk.state(request_id) == "rejected"


def test_a_large_request_shows_that_a_second_person_is_needed(desk: Office, visit: Visit) -> None:
    request_id = desk.with_receipt(5_000)
    app = press(opened(desk, visit, "staff", STAFF_TOPUPS, id=str(request_id)), "Approve")
    app = press(app, "Give the first approval")
    assert "A second, different member of staff must approve" in read(app)
    assert button(app, "Approve").disabled
    app = press(opened(desk, visit, "second", STAFF_TOPUPS, id=str(request_id)), "Approve")
    press(app, "Approve and credit")
    assert desk.available() == 5_000 * MICRO


def test_what_was_decided_is_found_again(desk: Office, visit: Visit) -> None:
    desk.topups.approve(desk.staff, desk.with_receipt())
    assert "Nothing to decide" in read(opened(desk, visit, "staff", STAFF_TOPUPS))
    app = opened(desk, visit, "staff", STAFF_TOPUPS, show="decided", q="owner")
    assert len(app.dataframe[0].value) == 1
    assert "No request here" in read(opened(desk, visit, "staff", STAFF_TOPUPS, show="all", q="zzz"))


# --- Prices and bank --------------------------------------------------------------------------------------------------


def test_first_prices_and_missing_bank_details_are_named(desk: Office, visit: Visit) -> None:
    page = read(opened(desk, visit, "admin", STAFF_BILLING))
    assert "prices of a fresh installation" in page
    assert "No bank details yet" in page


def test_the_administrator_confirms_prices(desk: Office, visit: Visit) -> None:
    app = type_in(opened(desk, visit, "admin", STAFF_BILLING), "billing-currency-1", "eur")
    app = press(app, "Review and save")
    assert desk.topups.prices(desk.staff).version == 1
    press(app, "Save")
    prices = desk.topups.prices(desk.staff)
    assert (prices.version, prices.currency.code, prices.member_name) == (2, "EUR", "Admin")


def test_a_currency_that_is_none_is_refused_beside_the_field(desk: Office, visit: Visit) -> None:
    app = type_in(opened(desk, visit, "admin", STAFF_BILLING), "billing-currency-1", "E")
    assert "not a code" in read(app)
    assert button(app, "Review and save").disabled


def test_the_administrator_fills_in_the_bank(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "admin", STAFF_BILLING)
    app = press(app, "Save bank details")
    assert "Bank: this is empty." in read(app)
    for key, value in (("bank-name", "First Bank"), ("holder", "IMS"), ("number", "12-34")):
        next(field for field in app.text_input if field.key == f"billing-{key}-0").set_value(value)
    press(app, "Save bank details")
    assert desk.topups.bank(desk.staff).bank_name == "First Bank"


def test_staff_read_prices_and_bank_details_without_changing_them(desk: Office, visit: Visit) -> None:
    app = opened(desk, visit, "staff", STAFF_BILLING)
    assert button(app, "Review and save") is None
    assert not app.text_input
    assert "Only an administrator" in read(app)


def test_empty_rows_of_the_editor_are_left_out() -> None:
    frame = pd.DataFrame({"From credits": ["100", None, ""], "Price per credit": [" 0.05", None, "1"]})
    assert typed_rows(frame) == [("100", "0.05"), ("", "1")]


# --- History ---------------------------------------------------------------------------------------------------------


def test_the_history_offers_the_statement_as_files(desk: Office, visit: Visit) -> None:
    desk.topups.approve(desk.staff, desk.with_receipt())
    desk.ask(500, key="open")
    app = opened(desk, visit, "owner", TOPUP_HISTORY)
    assert [one.proto.label for one in app.get("download_button")][:2] == ["PDF", "Excel (.xlsx)"]
    assert "1 request for 500.00 credits not decided yet" in read(app)
    assert "about=balance" in [link.proto.query_string for link in app.main.get("page_link")]


@pytest.mark.parametrize("entry", [TOP_UP, STAFF_TOPUPS, STAFF_BILLING], ids=lambda entry: entry.url_path)
def test_visitors_are_asked_to_log_in(desk: Office, visit: Visit, entry: PageEntry) -> None:
    visit.open(entry)
    assert visit.asks_to_log_in()
