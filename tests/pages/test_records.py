"""Records, dashboard and staff's accounts, in Streamlit's own harness, on what the simulator really did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.history import RecordFilter
from engine.model import MICRO, Actor
from pages.ui import context
from pages.ui.registry import (
    DASHBOARD,
    SENDING_RECORD,
    SMS_HISTORY,
    STAFF_ACCOUNTS,
    TASK_RECORD,
    TOPUP_HISTORY,
    PageEntry,
)
from tests.kit import raw, world
from tests.pages.conftest import PASSWORD, Visit
from tests.records_kit import BULK, BULK_SIZE, LATER, SALE, ZONE, Shop, person, stock

EVERYBODY = ("owner", "sender", "analyst", "staff", "admin")
RECORDS = (TASK_RECORD, SENDING_RECORD, SMS_HISTORY, TOPUP_HISTORY)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = world(Path(tmp_path_factory.mktemp("shop")), credit=0)
    context.set_engine(made.engine)
    yield stock(made)
    context.set_engine(None)
    made.engine.stop()


@pytest.fixture
def engine(shop: Shop) -> Engine:
    """In place of the empty engine of the other tests."""
    return shop.engine


def opened(shop: Shop, visit: Visit, who: str, entry: PageEntry, **query: str) -> AppTest:
    visit.cookies[SESSION_COOKIE] = shop.tokens[who]
    app = visit.open(entry, **query)
    assert not app.exception
    return app


def rows_of(app: AppTest, key: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if frame.key == key)


def has_table(app: AppTest, key: str) -> bool:
    return any(frame.key == key for frame in app.dataframe)


def read(app: AppTest) -> str:
    """Everything on the page and in a dialog, as one text."""
    kinds = ("title", "text", "caption", "markdown", "badge", "progress")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    shown += [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(shown)


def choose(app: AppTest, key: str, value: Any) -> AppTest:
    next(box for box in app.selectbox if box.key == key).set_value(value)
    return app.run()


def press(app: AppTest, key: str) -> AppTest:
    return next(button for button in app.button if button.key == key).click().run()


def has(app: AppTest, key: str) -> bool:
    return any(button.key == key for button in app.button)


def dates(app: AppTest, page: str, word: str) -> AppTest:
    next(group for group in app.button_group if group.key == f"{page}-dates").set_value(word)
    return app.run()


def metrics(app: AppTest) -> list[tuple[str, str]]:
    return [(metric.label, metric.value) for metric in app.metric]


def amount(text: str) -> int:
    return round(float(text.replace(",", "")) * MICRO)


# --- Who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("entry", [DASHBOARD, *RECORDS], ids=lambda entry: entry.url_path)
def test_every_role_reads_dashboard_and_records(shop: Shop, visit: Visit, entry: PageEntry, who: str) -> None:
    app = opened(shop, visit, who, entry)
    assert app.title[0].value == entry.title
    assert app.dataframe


@pytest.mark.parametrize("who", ["owner", "sender", "analyst"])
def test_customers_have_no_page_of_accounts(shop: Shop, visit: Visit, who: str) -> None:
    app = opened(shop, visit, who, STAFF_ACCOUNTS)
    assert " is for " in read(app)
    assert "Rival" not in read(app)
    assert not app.dataframe


@pytest.mark.parametrize("who", ["rival", "newcomer"])
@pytest.mark.parametrize("entry", RECORDS, ids=lambda entry: entry.url_path)
def test_another_account_sees_none_of_it(shop: Shop, visit: Visit, entry: PageEntry, who: str) -> None:
    app = opened(shop, visit, who, entry, dates="all", account=str(shop.actors["owner"].account_id))
    assert not app.dataframe
    assert BULK not in read(app)


@pytest.mark.parametrize("entry", [TASK_RECORD, SENDING_RECORD, SMS_HISTORY], ids=lambda entry: entry.url_path)
def test_a_task_of_another_account_is_not_found(shop: Shop, visit: Visit, entry: PageEntry) -> None:
    app = opened(shop, visit, "rival", entry, task=str(shop.bulk))
    assert "There is no such task here" in read(app)
    assert not app.dataframe


def test_a_message_of_another_account_is_not_found(shop: Shop, visit: Visit) -> None:
    message = shop.engine.history.messages(shop.actors["owner"], RecordFilter(), limit=1).rows[0]
    app = opened(shop, visit, "rival", SMS_HISTORY, message=str(message["id"]))
    assert "There is no such message here" in read(app)
    assert message["msisdn"] not in read(app)


def test_staff_sees_all_accounts_and_can_choose_one(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "staff", TASK_RECORD)
    assert set(rows_of(app, "tasks-table")["Account"]) == {"Owner & <b>Sons</b>"}
    app = choose(app, "tasks-account", shop.actors["rival"].account_id)
    assert not has_table(app, "tasks-table")
    assert app.query_params["account"] == str(shop.actors["rival"].account_id)


@pytest.mark.parametrize(
    "query",
    [
        {"dates": "never", "state": "gone", "route": "x", "account": "²", "task": "9" * 40, "country": "ZZ"},
        {"dates": "custom", "from": "2026-02-31", "to": "0001-01-01", "reason": "because", "message": "-1"},
        {"dates": "custom", "from": "9999-12-31", "to": "0001-01-01", "q": "\x00\ufffd%00"},
    ],
)
@pytest.mark.parametrize("entry", [DASHBOARD, *RECORDS], ids=lambda entry: entry.url_path)
def test_nonsense_in_an_address_is_left_out(shop: Shop, visit: Visit, entry: PageEntry, query: dict[str, str]) -> None:
    app = opened(shop, visit, "staff", entry, **query)
    assert app.title[0].value == entry.title
    assert "Something went wrong" not in read(app)


# --- Task record and sending record ----------------------------------------------------------------------------------


def test_task_record_shows_schedule_progress_and_cost(shop: Shop, visit: Visit) -> None:
    rows = rows_of(opened(shop, visit, "owner", TASK_RECORD), "tasks-table").set_index("Task")
    assert list(rows.index) == [LATER, BULK, SALE]  # newest first, the text as typed
    assert [list(cell) for cell in rows["Status"]] == [["Scheduled"], ["Finished"], ["Finished"]]
    assert list(rows["Settled"]) == [0, 100, 100]
    assert list(rows["Charged"]) == [0, BULK_SIZE, 4]
    assert list(rows["Still held"]) == [5, 0, 0]
    assert list(rows["Failed"]) == [0, 0, 3]
    assert str(rows["Due"].dt.tz) == ZONE


def test_filters_narrow_the_rows_and_are_kept_in_the_address(shop: Shop, visit: Visit) -> None:
    app = choose(opened(shop, visit, "owner", TASK_RECORD), "tasks-state", "scheduled")
    assert list(rows_of(app, "tasks-table")["Task"]) == [LATER]
    assert app.query_params["state"] == "scheduled"
    again = opened(shop, visit, "owner", TASK_RECORD, state="scheduled")
    assert list(rows_of(again, "tasks-table")["Task"]) == [LATER]


def test_a_search_without_result_offers_everything_again(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", TASK_RECORD, q="nothing is called so")
    assert "Nothing matches" in read(app)
    app = press(app, "tasks-clear")
    assert len(rows_of(app, "tasks-table")) == 3


def test_today_leaves_out_what_is_due_tomorrow_and_thirty_days_shows_it(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", TASK_RECORD)
    assert LATER in set(rows_of(app, "tasks-table")["Task"])
    app = dates(app, "tasks", "today")
    assert set(rows_of(app, "tasks-table")["Task"]) == {BULK, SALE}
    assert app.query_params["dates"] == "today"


def test_a_scheduled_task_is_cancelled_from_its_row_after_asking(shop: Shop, visit: Visit) -> None:
    task = shop.world.send(
        actor=shop.actors["owner"], name="Second thoughts", scheduled_at=datetime.now(UTC) + timedelta(days=2)
    )
    app = opened(shop, visit, "sender", TASK_RECORD)
    app.session_state["tasks-open"] = task
    app = press(app.run(), "tasks-cancel")
    assert shop.world.row(task)["state"] == "scheduled"
    app = press(app, "tasks-cancel-yes")
    assert shop.world.row(task)["state"] == "cancelled"
    assert "3 messages cancelled" in read(app)


def test_an_analyst_has_no_button_to_cancel(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "analyst", TASK_RECORD)
    app.session_state["tasks-open"] = shop.later
    app.run()
    assert LATER in read(app)
    assert not has(app, "tasks-cancel")


def test_sending_record_accounts_for_every_credit(shop: Shop, visit: Visit) -> None:
    rows = rows_of(opened(shop, visit, "owner", SENDING_RECORD), "sending-table").set_index("Task")
    assert list(rows.index) == [BULK, SALE]
    assert list(rows.loc[SALE, ["Messages", "Delivered", "Failed", "Held", "Charged", "Returned"]]) == [
        5, 2, 3, 10.0, 4.0, 6.0,
    ]  # fmt: skip


# --- SMS history -----------------------------------------------------------------------------------------------------


def test_messages_come_fifty_a_page_newer_and_older(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", SMS_HISTORY, task=str(shop.bulk))
    first = list(rows_of(app, "sms-table")["Number"])
    app = press(app, "sms-older")
    second = list(rows_of(app, "sms-table")["Number"])
    assert (len(first), len(second)) == (50, BULK_SIZE - 50)
    assert len({*first, *second}) == BULK_SIZE
    assert "Rows 51–60" in read(app)
    assert list(rows_of(press(app, "sms-newer"), "sms-table")["Number"]) == first


def test_another_filter_begins_at_the_newest_again(shop: Shop, visit: Visit) -> None:
    app = press(opened(shop, visit, "owner", SMS_HISTORY), "sms-older")
    app = choose(app, "sms-state", "delivered")
    assert "Rows 1–50" in read(app)


@pytest.mark.parametrize("typed", ["+61 412 349 901", "61412349901", "0412349901"])
def test_a_number_is_found_however_it_is_written(shop: Shop, visit: Visit, typed: str) -> None:
    rows = rows_of(opened(shop, visit, "owner", SMS_HISTORY, q=typed, state="failed"), "sms-table")
    assert list(rows["Number"]) == ["+61412349901"]
    assert str(rows["Reason"][0]).startswith("The phone was switched off")
    assert str(rows["Country"][0]).endswith("Australia")
    assert (rows["SMS"][0], rows["Charged"][0]) == (2, 0)


def test_a_message_opens_with_reason_parts_and_its_credit(shop: Shop, visit: Visit) -> None:
    wanted = RecordFilter(task_id=shop.sale, state="expired")
    message = shop.engine.history.messages(shop.actors["owner"], wanted).rows[0]
    page = read(opened(shop, visit, "owner", SMS_HISTORY, message=str(message["id"])))
    assert "stayed off until the message expired" in page
    assert "What to do: Send again in the local daytime." in page
    assert "Accepted and credit held" in page
    assert "2 SMS billed" in page
    assert "2 parts on the air" in page
    assert "2.00 moved from available to held" in page
    assert "2.00 moved from held back to available" in page
    movement = next(link.proto for link in visit.app.get("page_link") if link.proto.label.startswith("Movement "))
    given = dict(part.split("=") for part in movement.query_string.split("&"))
    drawer = read(opened(shop, visit, "owner", TOPUP_HISTORY, **given))
    assert "Set aside when the task was accepted." in drawer
    assert SALE in page


def test_the_status_filter_knows_what_the_dashboard_calls_failed(shop: Shop, visit: Visit) -> None:
    rows = rows_of(opened(shop, visit, "owner", SMS_HISTORY, state="undelivered", by="due"), "sms-table")
    assert sorted(cell[0] for cell in rows["Status"]) == ["Expired", "Failed", "Failed"]


# --- Top-up history --------------------------------------------------------------------------------------------------


def test_the_statement_adds_up(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", TOPUP_HISTORY)
    (opening, added, charged, closing) = (amount(value) for _, value in metrics(app))
    assert [label for label, _ in metrics(app)] == ["Opening balance", "Credit added", "Charged", "Closing balance"]
    assert opening + added + charged == closing
    assert (opening, charged) == (0, -(4 + BULK_SIZE) * MICRO)
    lines = next(frame.value for frame in app.dataframe if "Credits" in frame.value).set_index("Credits")
    moved = lines.drop(["Opening balance", "Closing balance"])
    for bucket in ("Available", "Held"):
        change = lines.loc["Closing balance", bucket] - lines.loc["Opening balance", bucket]
        assert round(moved[bucket].sum() - change, 6) == 0


def test_movements_have_a_running_balance_and_plain_words(shop: Shop, visit: Visit) -> None:
    rows = rows_of(opened(shop, visit, "owner", TOPUP_HISTORY), "topups-table")
    first = rows.iloc[-1]
    assert (list(first["Kind"]), first["Available"], first["Available after"]) == (["Credit added"], 500.125, 500.125)
    assert (first["Note"], first["By"]) == ("Invoice 1042", "Staff")
    assert {cell[0] for cell in rows["Kind"]} >= {"Held for a task", "Charged", "Returned"}
    newest = shop.engine.history.balance(shop.actors["owner"])
    assert round(rows.iloc[0]["Available after"] * MICRO) == newest.available_micro


def test_staff_is_asked_for_an_account_before_a_statement(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "staff", TOPUP_HISTORY)
    assert not metrics(app)
    app = choose(app, "topups-account", shop.actors["owner"].account_id)
    assert len(metrics(app)) == 4


# --- The first visit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry", [DASHBOARD, TASK_RECORD, SENDING_RECORD, SMS_HISTORY], ids=lambda entry: entry.url_path
)
def test_a_newcomer_is_told_what_will_be_here_and_where_to_begin(shop: Shop, visit: Visit, entry: PageEntry) -> None:
    app = opened(shop, visit, "newcomer", entry)
    assert "Nothing sent yet" in read(app)
    assert [button.label for button in app.main.button if button.label == "Send your first SMS"]


def test_a_newcomer_is_told_how_to_get_credit(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "newcomer", TOPUP_HISTORY)
    assert "No credit has moved yet" in read(app)
    assert "Credit comes with a top-up" in read(app)
    assert "Top up" in [link.proto.label for link in app.main.get("page_link")]


# --- Dashboard -------------------------------------------------------------------------------------------------------


def test_the_dashboard_begins_with_exactly_the_four_figures(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", DASHBOARD, dates="today")
    assert metrics(app) == [
        ("Credit usage", f"{4 + BULK_SIZE}.00"),
        ("SMS task count", "2"),
        ("Success message count", str(2 + BULK_SIZE)),
        ("Failed message count", "3"),
    ]
    assert len(app.get("plotly_chart")) >= 2


def test_the_dashboard_says_in_plain_words_why_messages_failed(shop: Shop, visit: Visit) -> None:
    rows = rows_of(opened(shop, visit, "owner", DASHBOARD), "dash-reasons-table")
    assert list(rows["Messages"]) == [1, 1, 1]
    assert "The recipient's line does not accept such messages." in set(rows["What happened"])
    assert all(rows["What to do"])


def test_a_reason_leads_to_its_messages(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", DASHBOARD, dates="7d")
    reasons = list(rows_of(app, "dash-reasons-table")["What happened"])
    app.session_state["dash-reasons-open"] = reasons.index("The phone stayed off until the message expired.")
    app.run()
    assert app.title[0].value == SMS_HISTORY.title
    assert list(rows_of(app, "sms-table")["Number"]) == ["+61412349903"]
    assert app.query_params["dates"] == "7d"


def test_staff_compares_accounts_on_the_dashboard(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "admin", DASHBOARD)
    assert metrics(app)[1] == ("SMS task count", "2")
    app = choose(app, "dash-account", shop.actors["rival"].account_id)
    assert metrics(app)[1] == ("SMS task count", "0")
    assert app.query_params["account"] == str(shop.actors["rival"].account_id)


# --- Accounts, for staff ---------------------------------------------------------------------------------------------


@pytest.fixture
def customer(shop: Shop, request: pytest.FixtureRequest) -> Actor:
    """An account of this test's own with 100 credits, its owner signed in."""
    name = f"c{abs(hash(request.node.name)) % 10**9}"
    accounts = shop.engine.accounts
    accounts.register(replace(person(name), team=f"Team {name}"))
    shop.tokens[name] = accounts.redeem(accounts.sign_in(name, PASSWORD), "Test")
    actor = accounts.actor_of(shop.tokens[name])
    assert actor is not None
    shop.engine.topups.credit(shop.actors["staff"], actor.account_id, 100 * MICRO, reason="start", key=f"start:{name}")
    shop.actors[name] = actor
    return actor


def available(shop: Shop, actor: Actor) -> int:
    return shop.engine.history.balance(shop.actors["staff"], actor.account_id).available_micro


def fill_booking(app: AppTest, account_id: int, typed: str, reason: str, *, side: str = "Credit") -> AppTest:
    fields = {field.key: field for field in app.text_input}
    fields[f"desk-{account_id}-amount"].input(typed)
    fields[f"desk-{account_id}-reason"].input(reason)
    next(group for group in app.button_group if group.key == f"desk-{account_id}-side").set_value(side)
    return next(button for button in app.button if button.label == "Review").click().run()


def typed_in(app: AppTest, account_id: int) -> tuple[str | None, str | None]:
    fields = {field.key: field.value for field in app.text_input}
    return fields[f"desk-{account_id}-amount"], fields[f"desk-{account_id}-reason"]


def test_staff_finds_an_account_by_name_or_address(shop: Shop, visit: Visit, customer: Actor) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, q="RIVAL@")
    assert list(rows_of(app, "accounts-table")["Account"]) == ["Rival & <b>Sons</b>"]
    nobody = opened(shop, visit, "staff", STAFF_ACCOUNTS, q="nobody at all")
    assert "No account is called" in read(nobody)


@pytest.mark.parametrize("who", ["staff", "admin"])
def test_a_credit_is_reviewed_then_booked_once(shop: Shop, visit: Visit, customer: Actor, who: str) -> None:
    account = customer.account_id
    app = opened(shop, visit, who, STAFF_ACCOUNTS, account=str(account))
    app = fill_booking(app, account, "1,200.5", "Invoice 7")
    assert "1,300.50" in read(app)  # what it will have
    assert available(shop, customer) == 100 * MICRO
    key = app.session_state[f"desk-{account}-key"]
    shop.engine.topups.credit(
        shop.actors[who], account, 1_200_500_000, reason="Invoice 7", key=key
    )  # an impatient press
    app = press(app, "desk-book")
    assert available(shop, customer) == 1_300_500_000
    assert "1,200.50 credits added to" in read(app)
    assert "It now has 1,300.50 available." in read(app)
    assert typed_in(app, account) == ("", "")
    assert app.session_state[f"desk-{account}-key"] != key


@pytest.mark.parametrize("typed", ["", "abc", "0", "-5", "1,5", "1.200,50", "1e3", "٣", "0.0000001", "1 000"])
def test_an_amount_that_could_be_misread_is_refused_and_kept(
    shop: Shop, visit: Visit, customer: Actor, typed: str
) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    app = fill_booking(app, customer.account_id, typed, "Invoice 7")
    assert ("not an amount that can be booked" if typed else "Type an amount.") in read(app)
    assert typed_in(app, customer.account_id) == (typed, "Invoice 7")
    assert not has(app, "desk-book")
    assert available(shop, customer) == 100 * MICRO


def test_a_reason_is_mandatory(shop: Shop, visit: Visit, customer: Actor) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    app = fill_booking(app, customer.account_id, "50", "   ")
    assert "Give a reason" in read(app)
    assert typed_in(app, customer.account_id)[0] == "50"


def test_a_debit_below_zero_is_refused_with_everything_kept(shop: Shop, visit: Visit, customer: Actor) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    app = fill_booking(app, customer.account_id, "100.01", "Chargeback", side="Debit")
    assert "-0.01" in read(app)
    app = press(app, "desk-book")
    assert "100.01" in read(app)
    assert "Nothing was booked" in read(app)
    assert available(shop, customer) == 100 * MICRO
    assert typed_in(app, customer.account_id) == ("100.01", "Chargeback")


def test_a_movement_is_undone_once_with_a_reason(shop: Shop, visit: Visit, customer: Actor) -> None:
    movement = shop.engine.history.movements(customer).rows[0]["id"]
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    app.session_state["desk-open"] = movement
    app.run()
    undo = next(button for button in app.button if button.label == "Undo it")
    undo.click().run()
    assert "Give a reason" in read(app)
    next(field for field in app.text_input if field.key == f"desk-why-{movement}").input("Wrong account")
    next(button for button in app.button if button.label == "Undo it").click().run()
    assert available(shop, customer) == 0
    app.session_state["desk-open"] = movement
    app.run()
    assert "Undone by movement" in read(app)
    assert not [button for button in app.button if button.label == "Undo it"]


def test_suspending_needs_a_reason_and_signs_everybody_out(shop: Shop, visit: Visit, customer: Actor) -> None:
    name = next(name for name, actor in shop.actors.items() if actor is customer)
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    next(button for button in app.button if button.label == "Suspend now").click().run()
    assert "Give a reason" in read(app)
    note = f"desk-note-{customer.account_id}-suspended"
    next(field for field in app.text_input if field.key == note).input("Unpaid")
    next(button for button in app.button if button.label == "Suspend now").click().run()
    assert "is suspended" in read(app)
    assert shop.engine.accounts.actor_of(shop.tokens[name]) is None
    again = f"desk-note-{customer.account_id}-active"
    next(field for field in app.text_input if field.key == again).input("Paid")
    next(button for button in app.button if button.label == "Reactivate").click().run()
    assert "can log in now" in read(app)


def test_a_waiting_account_is_approved(shop: Shop, visit: Visit, customer: Actor) -> None:
    with shop.world.store.transaction() as tx:
        tx.raw.execute("update account set status = 'pending' where id = $1", [customer.account_id])  # type: ignore[attr-defined]
    overview = opened(shop, visit, "staff", STAFF_ACCOUNTS)
    assert "1 account waits for approval" in read(overview)
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    note = f"desk-note-{customer.account_id}-active"
    next(field for field in app.text_input if field.key == note).input("Known to us")
    next(button for button in app.button if button.label == "Approve").click().run()
    assert raw(shop.world, "select status from account where id = $1", customer.account_id) == [{"status": "active"}]


def test_every_action_of_staff_is_in_the_audit_log(shop: Shop, visit: Visit, customer: Actor) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account=str(customer.account_id))
    press(fill_booking(app, customer.account_id, "5", "Goodwill"), "desk-book")
    newest = raw(shop.world, "select member_id, action, detail from audit order by id desc limit 1")[0]
    assert (newest["member_id"], newest["action"]) == (shop.actors["staff"].user_id, "credit")
    assert "Goodwill" in str(newest["detail"])


def test_an_account_there_is_not_is_refused(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "staff", STAFF_ACCOUNTS, account="999999")
    assert "no such account" in read(app)
