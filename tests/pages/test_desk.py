"""The staff desk in Streamlit's own harness: limits, sender IDs, view as, terms, audit log, system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.model import MICRO, Actor
from engine.store import jobs
from pages.ui import context
from pages.ui.registry import (
    ACCOUNT,
    DASHBOARD,
    SENDER_IDS,
    STAFF_ACCOUNTS,
    STAFF_AUDIT,
    STAFF_SYSTEM,
    STAFF_TERMS,
    TASK,
    TASK_RECORD,
    TOPUP_HISTORY,
    PageEntry,
)
from pages.ui.staff.audit_words import person_of
from pages.ui.terms_text import html_of
from tests.kit import World, audited, raw, world
from tests.pages.conftest import Visit
from tests.records_kit import people

TEAM = "Owner & <b>Sons</b>"


@dataclass
class Desk:
    world: World
    tokens: dict[str, str]
    actors: dict[str, Actor]

    @property
    def engine(self) -> Engine:
        return self.world.engine

    @property
    def account(self) -> int:
        return self.actors["owner"].account_id


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = world(tmp_path, credit=0, started=False)
    tokens, actors = people(made)
    made.engine.topups.credit(actors["staff"], actors["owner"].account_id, 50 * MICRO, reason="Start", key="start")
    context.set_engine(made.engine)
    yield Desk(made, tokens, actors)
    context.set_engine(None)
    made.engine.stop()


@pytest.fixture
def engine(desk: Desk) -> Engine:
    """In place of the empty engine of the other tests."""
    return desk.engine


def opened(desk: Desk, visit: Visit, who: str, entry: PageEntry, **query: str) -> AppTest:
    visit.cookies[SESSION_COOKIE] = desk.tokens[who]
    app = visit.open(entry, **query)
    assert not app.exception
    return app


def read(app: AppTest) -> str:
    kinds = ("title", "text", "caption", "markdown", "badge", "metric")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    return "\n".join(shown + [unescape(element.proto.body) for element in app.get("html")])


def write(app: AppTest, key: str, text: str) -> None:
    next(field for field in [*app.text_input, *app.text_area] if field.key == key).input(text)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if label in (button.label, button.key)).click().run()
    assert not app.exception
    return app


def rows_of(app: AppTest, key: str) -> list[dict[str, Any]]:
    return next(frame.value for frame in app.dataframe if frame.key == key).to_dict("records")


def rows_with(app: AppTest, column: str) -> list[dict[str, Any]]:
    """Rows of the first table that has this column; one that is only read has no key here."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns).to_dict("records")


def test_limits_are_saved_with_a_reason_and_kept_when_refused(desk: Desk, visit: Visit) -> None:
    app = opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account), part="limits")
    place = f"desk-limits-{desk.account}"
    write(app, f"{place}-recipients", "1,000")
    write(app, f"{place}-credits", "many")
    assert "is not an amount" in read(press(app, "Save limits"))
    write(app, f"{place}-credits", "12.50")
    assert "Give a reason" in read(press(app, "Save limits"))
    write(app, f"{place}-reason", "First month")
    next(box for box in app.multiselect if box.key == f"{place}-countries").select("AU").select("NZ")
    press(app, "Save limits")
    limits = desk.engine.desk.limits(desk.actors["owner"])
    assert (limits.recipients, limits.sms_a_day, limits.task_micro) == (1000, None, 12_500_000)
    assert limits.countries == {"AU", "NZ"}
    assert "First month" in str(audited(desk.world, "limits")[0]["detail"])
    found = rows_of(opened(desk, visit, "staff", STAFF_ACCOUNTS), "accounts-table")
    assert [row["Limits"] for row in found if row["Account"] == TEAM] == ["Limited"]


def test_a_sender_id_is_asked_for_and_decided(desk: Desk, visit: Visit) -> None:
    app = opened(desk, visit, "owner", SENDER_IDS)
    write(app, "sender-id-name", "<b>")
    assert "Nothing was sent" in read(press(app, "Ask staff"))
    write(app, "sender-id-name", "Bakery")
    assert "Staff were asked for “Bakery”" in read(press(app, "Ask staff"))
    request = desk.engine.sender_ids.own(desk.actors["owner"])[0]
    app = opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account), part="senders")
    assert "Give a reason" in read(press(app, "Reject"))
    write(app, f"desk-senders-why-{request['id']}", "Not yours")
    press(app, "Reject")
    assert desk.engine.sender_ids.own(desk.actors["owner"])[0]["state"] == "rejected"
    write(app, f"desk-senders-add-{desk.account}-name", "Owner Inc")
    write(app, f"desk-senders-add-{desk.account}-reason", "Contract")
    press(app, "Add")
    found = rows_with(opened(desk, visit, "owner", SENDER_IDS), "Sender ID")
    assert [(row["Sender ID"], row["Status"][0]) for row in found] == [
        ("Owner Inc", "Approved"),
        ("Bakery", "Rejected"),
    ]


def test_accounts_are_searched_by_number_and_status_and_show_their_activity(desk: Desk, visit: Visit) -> None:
    found = rows_of(opened(desk, visit, "staff", STAFF_ACCOUNTS, status="active", q="owner@"), "accounts-table")
    assert [row["No."] for row in found] == [desk.account]
    assert "Choose another status" in read(opened(desk, visit, "staff", STAFF_ACCOUNTS, status="pending"))
    desk.world.send(2, actor=desk.actors["owner"], name="*Sale*")
    app = opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account), part="activity")
    assert [row["Task"] for row in rows_with(app, "Task")] == ["*Sale*"]
    assert any(row["Action"] == "Credited" for row in rows_with(app, "Action"))
    app = opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account), part="people")
    assert {row["Role"][0] for row in rows_with(app, "Role")} == {"Owner", "Sender", "Analyst"}


def test_view_as_shows_the_customers_pages_read_only_until_it_is_left(desk: Desk, visit: Visit) -> None:
    task = desk.world.send(2, actor=desk.actors["owner"], name="Parcels")
    app = opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account))
    press(app, "View as customer")
    assert "Viewing as <b>Owner &" in read(app).replace("&amp;", "&")
    assert visit.app is app
    assert set(visit.menu()) <= {
        "Dashboard",
        "Task record",
        "Sending record",
        "SMS history list",
        "Inbox",
        "Top-up history list",
    }
    assert "Available" in visit.notices()
    assert len(audited(desk.world, "view_as")) == 1
    for entry in (TASK_RECORD, TOPUP_HISTORY, DASHBOARD):
        seen = go(app, entry)
        assert "read only" in read(seen)
        assert not [button for button in seen.button if "Cancel" in button.label or "Copy" in button.label]
    assert "not part of the view" in read(go(app, ACCOUNT))
    app.query_params["id"] = str(task)
    assert "Parcels" in read(go(app, TASK))
    assert len(audited(desk.world, "view_as")) == 1
    press(app, "Leave")
    assert "read only" not in read(app)
    assert STAFF_ACCOUNTS.title in visit.menu()
    assert app.query_params["id"] == str(desk.account)


def go(app: AppTest, entry: PageEntry) -> AppTest:
    app.switch_page(str(entry.path)).run()
    assert not app.exception
    return app


def test_a_view_ends_with_the_staff_members_session(desk: Desk, visit: Visit) -> None:
    app = press(opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account)), "View as customer")
    assert "read only" in read(app)
    desk.engine.accounts.sign_out(desk.tokens["staff"])
    app.run()
    assert "read only" not in read(app)
    assert "Owner" not in read(app)


def test_another_member_of_the_desk_in_the_same_tab_views_nothing(desk: Desk, visit: Visit) -> None:
    app = press(opened(desk, visit, "staff", STAFF_ACCOUNTS, id=str(desk.account)), "View as customer")
    visit.cookies[SESSION_COOKIE] = desk.tokens["admin"]
    app.run()
    assert "read only" not in read(app)
    visit.cookies[SESSION_COOKIE] = desk.tokens["rival"]
    app.session_state[context.VIEWED] = (desk.actors["rival"].user_id, desk.account)
    assert "read only" not in read(app.run())


def test_terms_are_published_after_a_preview_and_a_question(desk: Desk, visit: Visit) -> None:
    text = "# New terms\n\n- **One**: <img src=x> $x$\n- Two\n\n" + "Be careful. " * 10
    app = opened(desk, visit, "admin", STAFF_TERMS)
    write(app, "terms-version", "2027-01")
    write(app, "terms-text", text)
    press(app, "Publish")
    assert "quotes that are open now must be accepted anew" in read(app)
    assert desk.engine.terms.current(desk.actors["owner"])["version"] != "2027-01"
    press(app, "Publish now")
    assert desk.engine.terms.current(desk.actors["owner"])["body"] == text.strip()
    assert [row["Version"] for row in rows_of(app, "terms-table")] == ["2027-01", "2026-11"]
    staff = opened(desk, visit, "staff", STAFF_TERMS)
    assert "Administrators publish" in read(staff)
    assert not [button for button in staff.button if button.label == "Publish"]


def test_terms_that_name_another_version_than_their_own_are_warned_of(desk: Desk, visit: Visit) -> None:
    app = opened(desk, visit, "admin", STAFF_TERMS)
    assert "calls itself" not in read(app)
    write(app, "terms-version", "2027-01")
    assert "The text calls itself version 2026-11." in read(app.run())
    write(app, "terms-text", "# Terms\n\nVersion 2027-01. " + "Be careful. " * 10)
    assert "calls itself" not in read(app.run())


def test_the_audit_log_names_the_recipient_of_an_automatic_opt_out() -> None:
    nobody = {"member_name": None}
    assert person_of(nobody | {"action": "opt_out_added"}) == "The recipient"
    assert person_of(nobody | {"action": "sign_in_failed"}) == "Nobody signed in"
    assert person_of({"member_name": "Ada", "action": "opt_out_added"}) == "Ada"


def test_terms_are_shown_as_text_and_never_run() -> None:
    html = html_of("# A & B\n\n- **Bold** one\n- [a](http://x)\n\n<script>x</script>\nnext")
    assert html == (
        "<h3>A &amp; B</h3><ul><li><b>Bold</b> one</li><li>[a](http://x)</li></ul>"
        "<p>&lt;script&gt;x&lt;/script&gt;<br>next</p>"
    )


def test_the_audit_log_is_filtered_by_its_address_and_shows_details_as_typed(desk: Desk, visit: Visit) -> None:
    staff = desk.actors["staff"]
    desk.engine.topups.credit(staff, desk.account, MICRO, reason="**Bold** [a](http://x)", key="k")
    app = opened(desk, visit, "admin", STAFF_AUDIT, account=str(desk.account), action="credit")
    found = rows_of(app, "audit-table")
    assert {row["Action"] for row in found} == {"Credited"}
    assert "**Bold** [a](http://x)" in found[0]["Detail"]
    person = rows_of(opened(desk, visit, "staff", STAFF_AUDIT, person=str(staff.user_id), staff="1"), "audit-table")
    assert {row["Person"] for row in person} == {staff.name}
    assert "No line matches" in read(opened(desk, visit, "staff", STAFF_AUDIT, q="nothing like it"))


def test_the_system_page_tells_what_is_wrong_and_lets_administrators_act(desk: Desk, visit: Visit) -> None:
    with desk.world.store.transaction() as tx:
        jobs.submit(tx, "dispatch", {"task": 9}, run_us=0, key="dispatch:9", now_us=0)
        tx.raw.execute("update job set state = 'failed', last_error = '*broken*'")  # type: ignore[attr-defined]
    seen = read(opened(desk, visit, "staff", STAFF_SYSTEM))
    assert "The scheduler does not run" in seen
    assert "1 job has failed" in seen
    assert "*broken*" in seen
    assert not [button for button in visit.app.button if button.label in {"Back up now", "Try again"}]
    app = opened(desk, visit, "admin", STAFF_SYSTEM)
    press(app, "Give up")
    press(app, "Give it up")
    assert raw(desk.world, "select * from job") == []
    press(app, "Back up now")
    desk.engine.scheduler._slow.submit(lambda: None).result(20)
    assert len(desk.engine.system.backups(desk.actors["admin"])) == 1
