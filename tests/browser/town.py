"""A town: a server on which every page has something to show, somebody of each side, and what is looked at on a page.

`IMS_PICTURES=folder` keeps a screenshot of each page: what to look at after a change of the looks.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import axe_playwright_python
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from engine import demo, recipients, routes
from engine.accounts import RegisterForm
from engine.accounts.limits import AccountLimits
from engine.accounts.sender_ids import SenderState
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.cases import About, NewCase
from engine.drafts import DraftPage
from engine.gateways import Inbound
from engine.history import RecordFilter
from engine.model import DAY_US, MICRO, SECOND_US, Actor, FailReason, Role
from engine.notices import NoticeKind, tell_account
from engine.routes import EVERYWHERE, Code, NewRoute, RouteChanges
from engine.tasks import Draft
from engine.topups import BankDetails
from pages.ui.registry import (
    CONTACTS,
    INBOX,
    JOIN,
    RESET,
    SMS_HISTORY,
    STAFF_ACCOUNTS,
    STAFF_CASES,
    STAFF_ROUTES,
    STAFF_TOPUPS,
    SUPPORT,
    TASK,
    TEMPLATES,
    TOP_UP,
    PageEntry,
)
from tests.browser.conftest import PASSWORD, Server, start_server
from tests.browser.windows import DESKTOP, PHONE, Windows
from tests.kit import config_for, give

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
MESSAGES: Final = 11_000
"""Three tasks, the newest of this month."""
SETTLED: Final = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton]')"""
NOT_OURS: Final = ["[data-testid=stMetricChart]"]
"""Sparklines, drawn by a library that gives their marks no name; the page's tables have the same numbers."""
SERIOUS: Final = """async (only) => {
  const found = await axe.run({exclude: NOT_OURS}, {resultTypes: ["violations"], runOnly: only});
  return found.violations
    .filter((rule) => ["serious", "critical"].includes(rule.impact))
    .map((rule) => rule.id + ": " + rule.nodes.slice(0, 4).map((node) =>
      node.target.join(" ") + " (" + (node.any[0]?.message || node.failureSummary).slice(0, 200) + ")").join(" | "));
}""".replace("NOT_OURS", json.dumps(NOT_OURS))
FITS: Final = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .every((element) => element.scrollWidth <= window.innerWidth + 1)"""
REDRAWN_MS: Final = 5_000
"""Longest time for charts to be drawn anew in another width."""
POLL_MS: Final = 50
"""Between two looks; without it the page would be asked, and drawn, sixty times a second."""
EVERY_RULE: Final = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa"]}
CONTRAST: Final = {"type": "rule", "values": ["color-contrast"]}
"""All that another theme can change."""
PICTURES: Final = os.environ.get("IMS_PICTURES", "")
ROUTE_TABS: Final = ("overview", "prices", "gateway", "properties", "rules", "codes", "test")
HIGHEST: Final = 3_000
"""Height of the largest picture, in pixels."""


@dataclass
class Town:
    """`views`: file of a page → the query strings it is opened with; a page that is not named is opened bare."""

    server: Server
    tokens: dict[Role, str]
    views: dict[str, list[str]]

    def addresses(self, entry: PageEntry) -> list[str]:
        return [f"{self.server.url}/{entry.url_path}{query}" for query in self.views.get(entry.file, [""])]


@contextmanager
def built_town(folder: Path) -> Iterator[Town]:
    engine = Engine.open(config_for(folder / "data"))
    accounts = engine.accounts
    accounts.create_first_admin(
        accounts.setup_token(), RegisterForm("Operator", "Ada Min", "ada", "ada@example.com", PASSWORD)
    )
    made = demo.make(engine, MESSAGES)
    tokens = {
        Role.ADMIN: accounts.redeem(accounts.sign_in("ada", PASSWORD), "test"),
        Role.OWNER: accounts.redeem(accounts.sign_in(made.user_name, made.password), "test"),
    }
    owner, admin = accounts.actor_of(tokens[Role.OWNER]), accounts.actor_of(tokens[Role.ADMIN])
    assert owner is not None
    assert admin is not None
    views = furnish(engine, owner, admin)
    engine.stop()
    server = start_server(folder)
    try:
        yield Town(server, tokens, views)
    finally:
        server.stop()


class Visitors:
    """A window in which each page is opened by a visitor or by somebody of the side it is for."""

    def __init__(self, windows: Windows, town: Town) -> None:
        self._windows = windows
        self._town = town
        self._window = windows.take()
        self._role: Role | None = None

    def window(self, entry: PageEntry) -> Page:
        role = None if entry.public else Role.OWNER if Role.OWNER in entry.roles else Role.ADMIN
        if role is not self._role:
            self._window.context.clear_cookies()
            if role is not None:
                cookie = {"name": SESSION_COOKIE, "value": self._town.tokens[role], "url": self._town.server.url}
                self._window.context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict of playwright's own
            self._role = role
        return self._window.page

    def leave(self) -> None:
        self._windows.give_back(self._window)


def look_at(visitors: Visitors, town: Town, entry: PageEntry) -> list[str]:
    """What is wrong with a page at each of its addresses."""
    page = visitors.window(entry)
    found: list[str] = []
    for number, address in enumerate(town.addresses(entry)):
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        page.goto(address)
        settle(page)
        name = f"{entry.url_path}{number or ''}"
        found += [f"{address} {said}" for said in _findings(page, name)]
    return found


def _findings(page: Page, name: str) -> list[str]:
    page.evaluate(AXE)
    found = [f"light: {said}" for said in page.evaluate(SERIOUS, EVERY_RULE)]
    picture(page, name, "desktop-light")
    page.emulate_media(color_scheme="dark")
    settle(page)
    found += [f"dark: {said}" for said in page.evaluate(SERIOUS, CONTRAST)]
    if PICTURES:
        picture(page, name, "desktop-dark")
    page.set_viewport_size(PHONE)
    settle(page)
    try:
        page.wait_for_function(FITS, timeout=REDRAWN_MS, polling=POLL_MS)
    except PlaywrightTimeout:
        found.append("phone: wider than the screen")
    if PICTURES:
        picture(page, name, "phone-dark")
        page.emulate_media(color_scheme="light")
        settle(page)
        picture(page, name, "phone-light")
    if "Streamlit" in page.title() or "Streamlit" in page.inner_text("body"):
        found.append("the name of the framework is seen")
    return found


def settle(page: Page) -> None:
    """The script has ended, nothing is drawn anew and no skeleton is left."""
    page.wait_for_function(SETTLED, polling=POLL_MS)
    page.wait_for_timeout(150)


def picture(page: Page, name: str, kind: str) -> None:
    """The page in full: Streamlit scrolls an inner box, so the window is made as high as what is in it."""
    if not PICTURES:
        return
    width = page.viewport_size["width"] if page.viewport_size else DESKTOP["width"]
    shown = page.viewport_size or DESKTOP
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(height, shown["height"]), HIGHEST)})
    settle(page)
    page.screenshot(path=Path(PICTURES) / f"{name}-{kind}.png")
    page.set_viewport_size(shown)


def furnish(engine: Engine, owner: Actor, admin: Actor) -> dict[str, list[str]]:
    """Something on every page; returns the addresses of pages that show one thing."""
    case = engine.cases.open(
        owner, NewCase(about=About.BALANCE, subject="My balance looks wrong", body="One <b>line</b> too few", key="1")
    )
    engine.cases.reply(admin, case, "Which line?", key="1")
    give(engine, owner.account_id, 500)
    sent = engine.history.tasks(owner).rows[0]["id"]
    message = engine.history.messages(owner).rows[0]["id"]
    contacts = _people(engine, owner)
    scheduled = _unsent(engine, owner)
    request = _topups(engine, owner, admin)
    route = _routes(engine, admin)
    operators = _operators(engine, admin)
    _desk(engine, owner, admin)
    answer = _answers(engine, owner)
    member = engine.team.members(owner)[0]["id"]
    invitation = engine.team.invite(owner, Role.SENDER, "Sam Sender")
    reset = engine.team.reset_link(admin, member)
    account = owner.account_id
    return {
        TASK.file: [f"?id={sent}", f"?id={scheduled}"],
        SMS_HISTORY.file: [f"?message={message}"],
        CONTACTS.file: ["", f"?list={contacts}"],
        TEMPLATES.file: [""],
        INBOX.file: ["", f"?id={answer}", "?q=nothing+has+this"],
        SUPPORT.file: ["", f"?id={case}"],
        STAFF_CASES.file: ["", f"?id={case}"],
        TOP_UP.file: ["", f"?id={request}"],
        STAFF_TOPUPS.file: ["", f"?id={request}"],
        STAFF_ROUTES.file: [
            "",
            *(f"?id={route}&tab={tab}" for tab in ROUTE_TABS),
            *(f"?id={operator}&tab=gateway" for operator in operators),
        ],
        STAFF_ACCOUNTS.file: [
            "",
            *(f"?id={account}&part={part}" for part in ("credit", "limits", "senders", "activity")),
        ],
        JOIN.file: [f"?token={invitation.token}"],
        RESET.file: [f"?token={reset.token}"],
    }


def _people(engine: Engine, owner: Actor) -> int:
    """A list of contacts, templates and opt-outs; returns the list's id."""
    rows = "\n".join(f"+6141200{number:04d},Ann {number},{number % 7 + 9}:30" for number in range(60))
    contacts = engine.contacts.create(owner, "Regular customers")
    engine.contacts.import_file(owner, contacts, recipients.read("list.csv", f"phone,name,time\n{rows}\n".encode()))
    engine.contacts.create(owner, "Newsletter")
    engine.templates.save(owner, name="Reminder", text="Dear ((name)), see you tomorrow at ((time)).", sender="Demo")
    engine.templates.save(owner, name="Parcel", text=demo.TEXTS[0])
    engine.opt_outs.add(owner, "61412000007", note="Asked by phone")
    engine.opt_outs.add(owner, "61412999999", note="")
    return contacts


def _unsent(engine: Engine, owner: Actor) -> int:
    """A scheduled task, whose id is returned, and a draft."""
    file = recipients.read("list.csv", b"phone\n+61412345678\n+447400123456\n")
    route = engine.routes.selectable(owner)[0]
    later = datetime.now(UTC) + timedelta(days=2)
    draft = Draft(route_id=route.id, name="Autumn sale", content=demo.TEXTS[2], recipients=file, scheduled_at=later)
    task = engine.tasks.accept(owner, engine.tasks.preview(owner, draft))
    fields = {"name": "November list", "people": "61412345678, 61412000001", "content": "Dear ((name)), it is “on” ✓."}
    for page in DraftPage:
        engine.drafts.save(owner, page, fields)
    return task


def _answers(engine: Engine, owner: Actor) -> int:
    """What phones answered to the newest task, and to nobody; returns one that may ask to stop."""
    people = engine.history.messages(owner, RecordFilter(state="delivered"), limit=8).rows
    wrote = (
        "Which door is it? <b>I'm late</b>, sorry",
        "STOP",
        "لا ترسلوا لي بعد الآن، من فضلكم",
        "HELP",
        "I told you to stop sending me these.\nHow do I get my parcel?",
        "Ja, gern 👍",
        "=1+1",
        "START",
    )
    now_us = engine.clock.now_us()
    for number, (row, text) in enumerate(zip(people, wrote, strict=True)):
        engine.inbox.sink_for(row["route_id"])([Inbound(row["msisdn"], "61400000001", text, now_us, str(number))])
    sink = engine.inbox.sink_for(people[0]["route_id"])
    sink([Inbound("+4915112345678", "61400000001", "Who is this?", now_us, "x"), Inbound("Info", "", "", 0, "y")])
    return next(row["id"] for row in engine.inbox.page(owner).rows if row["kind"] == "may_stop")


def _topups(engine: Engine, owner: Actor, admin: Actor) -> int:
    """Requests in every state but one; returns one that waits with its receipt."""
    prices = [("1", "0.045"), ("10000", "0.040"), ("100000", "0.034")]
    version = engine.topups.set_prices(admin, "USD", prices, based_on=engine.topups.prices(admin).version)
    bank = BankDetails("First Bank", "IMS Pty Ltd", "DE89 3704 0044 0532 0130 00", "Write only the reference.")
    engine.topups.set_bank(admin, bank, based_on=engine.topups.bank(admin).version)
    approved, rejected, waiting = (
        engine.topups.request(owner, amount * MICRO, price_version=version, key=str(amount))
        for amount in (1_000, 2_000, 25_000)
    )
    engine.topups.approve(admin, approved)
    engine.topups.reject(admin, rejected, reason="No transfer with this reference has arrived")
    engine.topups.upload(owner, waiting, name="transfer of 22 November.png", data=picture_file())
    return waiting


def _routes(engine: Engine, admin: Actor) -> int:
    """A route with prices for countries, a change of them that is to come, codes of its operator, and trouble: another
    one sends in its place. Returns it."""
    prices = {EVERYWHERE: 900_000, "AU": 1_100_000, "GB": 1_300_000, "US": 700_000, "DE": 1_450_000}
    new = NewRoute(name="Direct", gateway="sim://?fail=0.01", prices=prices, supports_sender=True, throughput=100)
    route = engine.routes.add(admin, new)
    later_us = engine.clock.now_us() + 30 * DAY_US
    engine.routes.set_prices(admin, route, prices | {"GB": 1_500_000}, effective_us=later_us)
    spare = NewRoute(
        name="Harbour", gateway="sim://?seed=2", prices={EVERYWHERE: MICRO}, supports_sender=True, enabled=False
    )
    engine.routes.edit(
        admin, route, RouteChanges(takeover_id=engine.routes.add(admin, spare), takeover_after_s=60, takeover_below=80)
    )
    codes = [
        Code("err:032", "The phone has no room for more messages.", FailReason.MEMORY_FULL),
        Code("0x0401", "", FailReason.REJECTED, retry=True),
        Code("30007", "Filtered as unwanted by the operator.", FailReason.BARRED),
    ]
    engine.routes.change_codes(admin, route, put=codes)
    with engine.store.transaction() as tx:
        now_us = engine.clock.now_us()
        routes.mark_down(tx, route, "connection refused by smsc.example:2775", now_us - 90 * SECOND_US)
        routes.take_over(tx, route, "it has been down for 60 s", now_us)
    return route


def _operators(engine: Engine, admin: Actor) -> list[int]:
    """Routes to real operators, which nobody sends over: one of SMPP, one of HTTP."""
    gateways = {
        "Operator One": "smpp://ims:secret@127.0.0.1:9?window=100&binds=2&system_type=VMA",
        "Provider": "https://AC1:secret@127.0.0.1:9/2010-04-01/Accounts/AC1/Messages.json#preset=twilio",
    }
    return [
        engine.routes.add(admin, NewRoute(name=name, gateway=url, prices={EVERYWHERE: MICRO}, enabled=False))
        for name, url in gateways.items()
    ]


def _desk(engine: Engine, owner: Actor, admin: Actor) -> None:
    """What staff decide, and a customer who waits."""
    account = owner.account_id
    engine.topups.credit(admin, account, 250 * MICRO, reason="Goodwill for the outage", key="goodwill")
    engine.desk.set_limits(admin, account, AccountLimits(sms_a_day=50_000), reason="New customer")
    engine.sender_ids.request(owner, "DemoStore", note="Our registered trade mark")
    engine.sender_ids.add(admin, account, "Demo", reason="Known since 2020")
    refused = engine.sender_ids.request(owner, "YourBank", note="")
    engine.sender_ids.decide(admin, refused, SenderState.REJECTED, reason="A bank of that name objects")
    engine.accounts.register(RegisterForm("Bakery", "Jane Doe", "jane", "jane@example.com", PASSWORD))
    engine.team.invite(admin, Role.STAFF, "Stan Staff")
    now_us = engine.clock.now_us()
    with engine.store.transaction() as tx:
        tell_account(tx, account, NoticeKind.ACCOUNT, "Your limits were changed.", link="account", now_us=now_us)


def picture_file() -> bytes:
    """A PNG of 240×320 that looks like a slip of paper."""
    width, height = 240, 320
    line = b"\0" + b"\xd8\xe2\xde" * width
    ink = b"\0" + b"\xff\xff\xff" * 20 + b"\x33\x44\x40" * 150 + b"\xff\xff\xff" * (width - 170)
    paper = b"\0" + b"\xff\xff\xff" * width
    rows = b"".join(line if y in {0, height - 1} else ink if y % 40 < 6 and y > 30 else paper for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
