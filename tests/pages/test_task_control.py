"""Controls of a task's page, its checks, choice of columns, orders and exports, in Streamlit's own harness."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from engine.model import MICRO
from engine.recipients import read_numbers
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY, TASK, TASK_RECORD
from tests.kit import raw, settled, wait_until
from tests.pages.conftest import Visit
from tests.pages.test_records import choose, engine, has, opened, press, read, rows_of, shop
from tests.records_kit import BULK, BULK_SIZE, SALE, Shop

__all__ = ["engine", "shop"]  # fixtures


@pytest.fixture
def planned(shop: Shop) -> int:
    """A task for tomorrow of this test's own."""
    return shop.world.send(
        actor=shop.actors["owner"], name="Planned", scheduled_at=datetime.now(UTC) + timedelta(days=1)
    )


def page_of(shop: Shop, visit: Visit, task_id: int, who: str = "owner", **query: str) -> AppTest:
    return opened(shop, visit, who, TASK, id=str(task_id), **query)


def test_a_task_is_paused_and_resumed_after_saying_what_happens(shop: Shop, visit: Visit, planned: int) -> None:
    app = press(page_of(shop, visit, planned), "task-pause")
    assert "their credit stays held" in read(app)
    assert "3 messages" in read(app)
    assert shop.world.row(planned)["paused_us"] is None
    app = press(app, "task-pause-yes")
    assert shop.world.row(planned)["paused_us"] is not None
    assert "Paused since" in read(app)
    app = press(press(app, "task-resume"), "task-resume-yes")
    assert shop.world.row(planned)["paused_us"] is None
    assert "is resumed" in read(app)


def test_a_planned_task_gets_another_name_and_time(shop: Shop, visit: Visit, planned: int) -> None:
    app = page_of(shop, visit, planned, do="edit")
    assert "do" not in app.query_params
    next(field for field in app.text_input if field.key == f"task-name-{planned}").input("Evening")
    day = next(field for field in app.date_input if field.key == f"task-day-{planned}")
    assert isinstance(day.value, date)
    day.set_value(day.value + timedelta(days=1))
    before = int(str(shop.world.row(planned)["due_us"]))
    press(app.run(), "task-edit-yes")
    row = shop.world.row(planned)
    assert row["name"] == "Evening"
    assert 82_000_000_000 < int(str(row["due_us"])) - before <= 90_000_000_000


@pytest.mark.parametrize(("who", "buttons"), [("analyst", []), ("staff", ["task-cancel"])])
def test_an_analyst_controls_nothing_and_staff_can_cancel(
    shop: Shop, visit: Visit, planned: int, who: str, buttons: list[str]
) -> None:
    app = page_of(shop, visit, planned, who, do="pause")
    assert "Planned" in read(app)
    assert [str(button.key) for button in app.button if str(button.key).startswith("task-")] == buttons


def test_staff_cancel_with_a_reason(shop: Shop, visit: Visit, planned: int) -> None:
    app = press(page_of(shop, visit, planned, "staff"), "task-cancel")
    app = press(app, "task-cancel-yes")
    assert "Give a reason" in read(app)
    assert shop.world.row(planned)["state"] == "scheduled"
    next(field for field in app.text_input if field.key == f"task-reason-{planned}").input("Asked by phone")
    app = press(app, "task-cancel-yes")
    assert shop.world.row(planned)["state"] == "cancelled"
    assert "3 messages of task" in read(app)


def test_those_not_reached_are_sent_to_again_after_price_and_terms(shop: Shop, visit: Visit) -> None:
    numbers = read_numbers("61412349901,61412345888")
    task = shop.world.send(actor=shop.actors["owner"], name="Twice", recipients=numbers)
    wait_until(lambda: settled(shop.world, task))
    app = press(page_of(shop, visit, task), "task-resend")
    assert "1 recipient was not reached" in read(app)
    app = press(app, "task-resend-yes")
    accept = next(button for button in app.button if "_accept_" in str(button.key))
    app = accept.click().run()
    again = raw(shop.world, "select task_id from task_origin where origin_id = $1", task)
    assert len(again) == 1
    row = shop.world.row(int(str(again[0]["task_id"])))
    assert (row["recipients"], row["held_micro"], row["name"]) == (1, MICRO, "Twice (again)")
    assert "Twice (again)" in read(app)
    wait_until(lambda: settled(shop.world, int(str(again[0]["task_id"]))))


def test_a_task_page_checks_what_the_faq_says(shop: Shop, visit: Visit) -> None:
    page = read(page_of(shop, visit, shop.sale))
    for words in ("Did it send?", "2 of 5 messages reached the phone.", "No reaction?"):
        assert words in page
    assert "Does the link look valid?" not in page  # there is none


def test_a_task_nobody_received_is_not_asked_why_nobody_reacts(shop: Shop, visit: Visit, planned: int) -> None:
    page = read(page_of(shop, visit, planned))
    assert "No reaction?" not in page
    assert "Did it send?" not in page


def test_tasks_are_sorted_across_pages_and_the_address_keeps_it(shop: Shop, visit: Visit) -> None:
    app = choose(opened(shop, visit, "owner", TASK_RECORD), "tasks-order", "recipients")
    assert next(iter(rows_of(app, "tasks-table")["Task"])) == BULK
    assert app.query_params["order"] == "recipients"
    app = opened(shop, visit, "owner", TASK_RECORD, order="oldest")
    assert next(iter(rows_of(app, "tasks-table")["Task"])) == SALE


def test_records_are_filtered_by_sender_id(shop: Shop, visit: Visit) -> None:
    for entry, key in ((TASK_RECORD, "tasks"), (SENDING_RECORD, "sending")):
        app = choose(opened(shop, visit, "owner", entry), f"{key}-sender", "Bakery")
        assert set(rows_of(app, f"{key}-table")["Task"]) == {SALE}
        assert app.query_params["sender"] == "Bakery"
    assert len(rows_of(opened(shop, visit, "owner", SMS_HISTORY, sender="Bakery"), "sms-table")) == 5


def test_chosen_columns_are_kept_for_the_next_visit(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "sender", TASK_RECORD)
    pills = next(group for group in app.button_group if group.key == "tasks-columns")
    pills.set_value(["Task", "Charged"]).run()
    again = opened(shop, visit, "sender", TASK_RECORD)
    assert list(rows_of(again, "tasks-table").columns) == ["Task", "Charged"]
    assert len(rows_of(opened(shop, visit, "owner", TASK_RECORD), "tasks-table").columns) > 2


def test_an_export_is_prepared_then_saved(shop: Shop, visit: Visit) -> None:
    app = press(opened(shop, visit, "owner", SMS_HISTORY, task=str(shop.bulk)), "sms-export-csv")
    saves = [button.proto.label for button in app.get("download_button")]
    assert [label for label in saves if label.startswith("Save the CSV file")]
    ready = app.session_state["sms-export-file"]
    assert ready.data.count(b"\n") == BULK_SIZE + 1


def test_the_drawer_of_a_failed_message_leads_on(shop: Shop, visit: Visit) -> None:
    message = raw(shop.world, "select id from message where state = 'expired' and task_id = $1", shop.sale)[0]["id"]
    app = opened(shop, visit, "owner", SMS_HISTORY, message=str(message))
    page = read(app)
    assert "Part 1 of 2" in page
    report = next(link.proto for link in app.get("page_link") if link.proto.label == "Report to staff")
    assert report.query_string == f"about=messages&ids={message}"
    assert "Nobody of your account sends to this number any more" in page
    assert not has(app, "task-resend")
