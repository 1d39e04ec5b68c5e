"""The main job, from the set-up link of a fresh server to a settled bulk task, as people do it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.app import Engine
from engine.config import Config
from engine.model import MICRO, Actor, Balance, Role, format_credits
from tests.browser.conftest import Another, Server, box, fill_in_person, log_in, register, start_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GATEWAY = "sim://?fail=0.1&expire=0.02&seed=3&receipt_ms=400"
ACCOUNT_ID = 2
"""The operator's own account is the first."""
TOP_UP = 20_000
BAD_ROWS = (
    "61298765432",
    "8613800138000",
    "not a number",
    "6.14E+10",
    "1234",
    "61412345678 61412345679",
    "61491570156",
)
GREATER_CHINA = "8613800138000, 85261234567, 85366123456, 886912345678,"
"""A number of the mainland, which is refused, and of three places that have country codes of their own."""
ROWS = 5_000
SETTLE_MS = 60_000


@pytest.fixture
def job_server(tmp_path: Path) -> Iterator[Server]:
    started = start_server(tmp_path, IMS_TEST_ROUTE=GATEWAY)
    yield started
    if started.process.poll() is None:
        started.stop()


def write_list(path: Path) -> tuple[int, int]:
    """A file of 5,000 rows with names; returns how many are good and how many are not."""
    chance = random.Random(11)
    good = [f"614{number}" for number in chance.sample(range(12_000_000, 19_999_999), 3_000)]
    good += [f"447400{number}" for number in chance.sample(range(100_000, 999_999), ROWS - 3_000 - 60)]
    rows = [*good, *BAD_ROWS * 5, *good[:25]]
    chance.shuffle(rows)
    people = (f"{number},{chance.choice(('Ann', 'Ben', 'Chloé'))}" for number in rows)
    path.write_text("phone,name\n" + "\n".join(people) + "\n", encoding="utf-8")
    return len(good), len(rows) - len(good)


def make_administrator(page: Page, server: Server) -> None:
    page.goto(server.setup_link())
    fill_in_person(page, "ada", team="Operator")
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_text("The administrator is ready")).to_be_visible()
    log_in(page, server, "ada")


def credit_account(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/staff_accounts?account={ACCOUNT_ID}")
    box(page, "Amount in credits").fill(f"{TOP_UP:,}")
    box(page, "Reason").fill("Bank transfer 1042")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("dialog").get_by_role("button", name="Book it").click()
    expect(page.get_by_text(f"{TOP_UP:,}.00 credits added to")).to_be_visible()


def figure(page: Page, name: str) -> Decimal:
    """A line of the credit card, as read."""
    line = page.locator(".ims-sum div", has_text=re.compile(f"^{name}"))
    return Decimal(line.locator("b").inner_text().replace(",", ""))


def metric(page: Page, name: str) -> Locator:
    return (
        page.get_by_test_id("stMetric").filter(has=page.get_by_text(name, exact=True)).get_by_test_id("stMetricValue")
    )


def count(page: Page, name: str) -> int:
    return int(metric(page, name).inner_text().replace(",", ""))


def wait_until_settled(page: Page, messages: int) -> None:
    """The page follows the task by itself; nothing is clicked."""
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=SETTLE_MS)
    expect(page.get_by_text(f"{messages:,} of {messages:,} messages settled")).to_be_visible()
    expect(page.get_by_text("Every credit of this task is settled.")).to_be_visible()


def send_quick(page: Page, server: Server) -> None:
    """What may not be sent is refused beside its field; everything is quoted before it is accepted."""
    page.goto(f"{server.url}/quick_sms")
    expect(page.get_by_role("combobox").first).to_have_value("Simulator · SID · 1.00 credit/SMS")
    box(page, "Sender ID (optional)").fill("Bakery Shop")
    box(page, "Sender ID (optional)").blur()
    expect(page.get_by_text("Sender ID: it has 11 characters; the most is 10.")).to_be_visible()
    box(page, "Sender ID (optional)").fill("Bakery")
    box(page, "Task name").fill("First try")
    box(page, "Recipients").fill(f"61412345678, 447400123456; {GREATER_CHINA} 61298765432")
    box(page, "Content").fill("Hello, 你好: see http://bakery.example 🍞")
    box(page, "Content").blur()
    expect(page.get_by_text("A landline: it cannot receive SMS")).to_be_visible()
    entries = page.locator(".ims-entries p")
    expect(entries).to_have_count(2)  # the landline and the number of the mainland
    expect(entries.filter(has_text="8613800138000")).to_contain_text("Numbers of mainland China are not served.")
    marked = page.locator(".ims-findings mark.blocks")
    expect(marked).to_have_text(["Hello", "你好", "http://", "🍞"])
    box(page, "Content").fill("Bakery: fresh bread from 7.")
    box(page, "Content").blur()
    expect(marked).to_have_count(0)
    page.get_by_role("button", name="Submit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Terms of sending")).to_be_visible()
    quoted = dialog.get_by_role("region", name="Quote by country")
    for country in ("Australia", "United Kingdom", "Hong Kong", "Macao", "Taiwan"):
        expect(quoted).to_contain_text(country)
    expect(dialog).to_contain_text("19,995.00")
    dialog.get_by_role("button", name="Accept & submit").dblclick()
    expect(page).to_have_url(re.compile(r"/task\?id=1$"))
    wait_until_settled(page, 5)
    assert figure(page, "Charged") + figure(page, "Returned") == 5


def compose_bulk(page: Page, server: Server, file: Path, *, good: int, bad: int) -> None:
    page.goto(f"{server.url}/bulk_sms")
    box(page, "Task name").fill("November list")
    box(page, "Content").fill("Bakery: dear ((name)), “fresh” bread from 7.")
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text(f"Import report: {bad} rows not sent to")).to_be_visible()
    figures = {"Rows": ROWS, "OK": good, "Duplicates": 25, "Landlines": 5, "Blocked country": 5}
    for name, value in figures.items():
        expect(metric(page, name)).to_have_text(f"{value:,}")
    with page.expect_download() as kept:
        page.get_by_role("button", name="Rejected rows").click()
    lines = kept.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == bad + 1
    page.get_by_role("button", name="Fix 2 places").click()
    expect(box(page, "Content")).to_have_value('Bakery: dear ((name)), "fresh" bread from 7.')
    page.get_by_role("button", name="Submit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="Quote by country")).to_contain_text("United Kingdom")
    expect(dialog).to_contain_text(f"{bad} rows of the file will be neither sent to nor charged")
    expect(dialog).to_contain_text(f"-{format_credits(good * MICRO)}")
    expect(dialog.locator(".ims-texts p").first).to_contain_text(re.compile("dear (Ann|Ben|Chloé), "))


def assert_settled(page: Page, *, good: int) -> None:
    """What the page says adds up to the last credit, and every failure has its reason."""
    delivered, failed = (count(page, name) for name in ("Delivered", "Failed"))
    assert delivered + failed == good
    assert failed > 0
    assert figure(page, "Held at acceptance") == good
    assert figure(page, "Charged") == delivered
    assert figure(page, "Returned") == failed
    assert figure(page, "Still held") == 0
    held, charged, returned = (format_credits(number * MICRO) for number in (good, delivered, failed))
    expect(page.get_by_text(f"Held {held} = charged {charged} + returned {returned}.")).to_be_visible()
    reasons = page.locator(".st-key-card-task-reasons")
    expect(reasons).to_contain_text("The phone was switched off or out of reach.")
    numbers = re.findall(r"^([\d,]+) · ", reasons.inner_text(), re.MULTILINE)
    assert sum(int(number.replace(",", "")) for number in numbers) == failed


def assert_books(server: Server, shown: dict[str, Decimal], *, delivered: int) -> None:
    """The database of the stopped server says the same, and its books add up."""
    engine = Engine.open(Config.from_env({"IMS_DATA": str(server.data)}))
    try:
        assert engine.reconcile().ok
        jane = Actor(0, ACCOUNT_ID, Role.ANALYST, "Jane")
        tasks = engine.history.tasks(jane).rows
        assert [task["name"] for task in tasks] == ["November list", "First try"]  # the double click made one
        bulk = tasks[0]
        assert bulk["delivered"] == delivered
        assert {
            "Held at acceptance": Decimal(bulk["held_micro"]) / MICRO,
            "Charged": Decimal(bulk["charged_micro"]) / MICRO,
            "Returned": Decimal(bulk["returned_micro"]) / MICRO,
        } == shown
        charged = sum(task["charged_micro"] for task in tasks)
        assert engine.history.balance(jane) == Balance(TOP_UP * MICRO - charged, 0)
    finally:
        engine.store.close()


@pytest.mark.flow(4, 5, 6, 8, 10, 11)
def test_from_the_set_up_link_to_a_settled_bulk_task(
    page: Page, another: Another, job_server: Server, tmp_path: Path
) -> None:
    operator = another()
    make_administrator(operator, job_server)
    register(page, job_server, "jane")
    credit_account(operator, job_server)
    log_in(page, job_server, "jane")
    expect(page.locator(".ims-credit")).to_contain_text(f"{TOP_UP:,}.00")
    send_quick(page, job_server)
    good, bad = write_list(tmp_path / "list.csv")
    compose_bulk(page, job_server, tmp_path / "list.csv", good=good, bad=bad)
    page.get_by_role("dialog").get_by_role("button", name="Accept & submit").click()
    expect(page.get_by_text("Held at acceptance")).to_be_visible()
    wait_until_settled(page, good)
    assert_settled(page, good=good)
    shown = {name: figure(page, name) for name in ("Held at acceptance", "Charged", "Returned")}
    delivered = count(page, "Delivered")
    job_server.stop()
    assert_books(job_server, shown, delivered=delivered)
