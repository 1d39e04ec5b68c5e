"""The operator's desk for routes, in Streamlit's own harness."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import routes
from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.gateways import Link, LinkWord
from engine.model import DAY_US, MICRO, FailReason, Role
from engine.routes import EVERYWHERE, Code, NewRoute, Route, RouteChanges, code_table, find
from engine.tasks import Draft
from pages.ui.registry import QUICK_SMS, SENDING_RECORD, SMS_HISTORY, STAFF_ROUTES, TASK, PageEntry
from pages.ui.routes.guides import SMPP
from pages.ui.routes.shared import TAB
from tests.kit import PASSWORD, au_mobiles, give, wait_until
from tests.pages.conftest import Visit, token_of

SECRET = "s3cret-word"
TABS = ("overview", "prices", "gateway", "properties", "rules", "codes", "test")


def read(app: AppTest) -> str:
    kinds = ("title", "text", "caption", "markdown", "badge")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    shown += [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(shown)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


KINDS = ("text_input", "text_area", "number_input", "multiselect", "selectbox", "toggle", "radio")


def field(app: AppTest, label: str) -> Any:
    return next(box for kind in KINDS for box in getattr(app, kind) if box.label == label)


def premium(engine: Engine, **changes: Any) -> int:
    values: dict[str, Any] = {"name": "Premium", "gateway": "sim://", "prices": {EVERYWHERE: MICRO, "AU": 800_000}}
    with engine.store.transaction() as tx:
        return routes.add(tx, NewRoute(**(values | changes)), member_id=None, now_us=engine.clock.now_us())


def stored(engine: Engine, name: str) -> Route:
    return find(engine.store, name, now_us=engine.clock.now_us())


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
@pytest.mark.parametrize("tab", TABS)
def test_operators_read_every_tab(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str], role: Role, tab: str
) -> None:
    sign_in(role)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab=tab)
    assert not app.exception
    assert "Premium · 0.80–1.00 credit/SMS" in read(app)
    saving = [button for button in app.button if button.label.startswith(("Save", "Review", "Close", "Put"))]
    assert all(button.disabled for button in saving) or role is Role.ADMIN


@pytest.mark.parametrize("role", [Role.OWNER, Role.SENDER, Role.ANALYST])
def test_customers_have_no_page_of_routes(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str], role: Role
) -> None:
    sign_in(role)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)))
    assert " is for " in read(app)
    assert "Premium" not in read(app)


@pytest.mark.parametrize("query", [{"id": "999"}, {"id": "x", "tab": "nowhere"}, {"id": "-1", "tab": "\x00"}])
def test_nonsense_in_the_address_is_answered_plainly(
    visit: Visit, sign_in: Callable[[Role], str], query: dict[str, str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, **query)
    assert not app.exception
    assert ("no such route" in read(app)) == (query["id"] == "999")


def test_the_list_shows_every_route_with_its_state(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.STAFF)
    down = premium(engine, name="<b>Down</b>")
    premium(engine, name="Shut", enabled=False)
    with engine.store.transaction() as tx:
        routes.mark_down(tx, down, "bind refused", engine.clock.now_us())
    text = read(visit.open(STAFF_ROUTES))
    assert "refuses the connection: bind refused" in text
    assert "Up" in text
    assert "Closed" in text
    assert not [button for button in visit.app.button if button.label == "Add route"]
    assert "<b>Down</b>" in text
    assert "<b>Down</b>" not in visit.notices()


def test_an_administrator_adds_a_route_that_customers_find(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = press(visit.open(STAFF_ROUTES), "Add route")
    field(app, "Route name").set_value("simulator")
    press(app, "Add it")
    assert "already in use" in read(app)
    field(app, "Route name").set_value("Asia")
    field(app, "Credits per SMS, everywhere").set_value("1,5")
    assert "not a price" in read(press(app, "Add it"))
    field(app, "Credits per SMS, everywhere").set_value("1.5")
    field(app, "Carries a sender ID").set_value(True)
    field(app, "Open for customers at once").set_value(True)
    app = press(app, "Add it")
    assert "Asia · SID · 1.50 credit/SMS" in read(app)
    assert stored(engine, "Asia").enabled
    sign_in(Role.OWNER)
    names = field(visit.open(QUICK_SMS), "Route").options
    assert "Asia · SID · 1.50 credit/SMS" in names


def test_a_file_option_is_refused_in_the_browser_and_what_was_typed_is_kept(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine, gateway="sim://?seed=3")), tab="gateway")
    field(app, "Gateway address").set_value("sim://?journal=/tmp/x")
    app = press(app, "Save gateway")
    assert "command line only" in read(app)
    assert field(app, "Gateway address").value == "sim://?journal=/tmp/x"
    assert stored(engine, "Premium").gateway == "sim://?seed=3"
    field(app, "Gateway address").set_value("sim://?fail=0.5")
    app = press(app, "Save gateway")
    assert "Saved. Send a test message now." in read(app)
    assert stored(engine, "Premium").gateway == "sim://?fail=0.5"
    field(app, "Kind").set_value("Simulator: everything arrives")
    press(app.run(), "Save gateway")
    assert stored(engine, "Premium").gateway == "sim://"


def test_properties_are_saved_that_were_changed(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="properties")
    assert "Nothing was changed." in read(press(app, "Save properties"))
    field(app, "Throughput in parts per second (0: no limit)").set_value(7)
    assert "Saved." in read(press(app, "Save properties"))
    assert stored(engine, "Premium").throughput == 7


def test_what_is_typed_stays_while_another_tab_is_looked_at(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="properties")
    field(app, "Route name").set_value("Premium Plus")
    for tab in ("Content rules", "Gateway", "Properties"):
        app.session_state[TAB] = tab
        app.run()
    assert field(app, "Route name").value == "Premium Plus"
    press(app, "Save properties")
    assert stored(engine, "Premium Plus").name == "Premium Plus"
    field(app, "Route name").set_value("Typed and left")
    visit.open(STAFF_ROUTES)
    app = visit.open(STAFF_ROUTES, id=str(stored(engine, "Premium Plus").id), tab="properties")
    assert field(app, "Route name").value == "Premium Plus"


def test_an_operators_letter_is_typed_into_fields(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    app = press(visit.open(STAFF_ROUTES), "Add route")
    field(app, "Route name").set_value("Operator")
    field(app, "Gateway").set_value(SMPP.label)
    app = app.run()
    field(app, "Host").set_value("smsc.example")
    field(app, "System id").set_value("ims")
    app = press(app, "Add it")
    assert "Password: is missing." in read(app)
    assert field(app, "Host").value == "smsc.example"
    field(app, "Password").set_value(SECRET)
    field(app, "Window").set_value(100)
    field(app, "One a line: name=value").set_value("enquire_s=20")
    app = press(app, "Add it")
    assert stored(engine, "Operator").gateway == (f"smpp://ims:{SECRET}@smsc.example:2775?window=100&enquire_s=20")
    app = visit.open(STAFF_ROUTES, id=str(stored(engine, "Operator").id), tab="gateway")
    assert [field(app, label).value for label in ("Host", "Window", "Password")] == ["smsc.example", 100, ""]
    assert SECRET not in read(app) + str([box.value for box in [*app.text_input, *app.text_area]])
    field(app, "Host").set_value("evil.example")
    app = press(app, "Save gateway")
    assert "Password: has to be typed again." in read(app)
    field(app, "Host").set_value("smsc.example")
    field(app, "Window").set_value(60)
    app = press(app, "Save gateway")
    assert stored(engine, "Operator").gateway == (f"smpp://ims:{SECRET}@smsc.example:2775?window=60&enquire_s=20")
    assert SECRET not in str(engine.store.all("accounts.audit", None, None, 100))


def test_staff_read_where_an_http_provider_posts_to(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.STAFF)
    url = (
        f"https://AC1:{SECRET}@api.twilio.com/2010-04-01/Accounts/AC1/Messages.json#preset=twilio&sign_secret={SECRET}"
    )
    route_id = premium(engine, gateway=url)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="gateway")
    (address,) = [code.value for code in app.code]
    assert re.fullmatch(rf"http://127\.0\.0\.1:8501/receipts/{route_id}/[\w-]{{32}}", address)
    assert "No provider can reach this address." in read(app)
    assert SECRET not in read(app)
    assert not visit.open(STAFF_ROUTES, id=str(premium(engine, name="Other")), tab="gateway").code


def test_countries_are_chosen_by_name(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="properties")
    field(app, "Countries").set_value("Only these countries")
    app.run()
    assert not any("mainland" in option for option in field(app, "Countries by name").options)
    assert "none is chosen" in read(press(app, "Save properties"))
    field(app, "Countries by name").set_value(["AU", "NZ"])
    press(app, "Save properties")
    assert stored(engine, "Premium").countries == frozenset({"AU", "NZ"})


def test_the_secret_of_a_gateway_shows_nowhere(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    route_id = premium(engine)
    with engine.store.transaction() as tx:
        url = f"sim://ims:{SECRET}@host?key={SECRET}"
        tx.raw.execute("update route set gateway = $1 where id = $2", [url, route_id])  # type: ignore[attr-defined]
    sign_in(Role.ADMIN)
    for tab in TABS:
        app = visit.open(STAFF_ROUTES, id=str(route_id), tab=tab)
        assert not app.exception
        assert SECRET not in read(app) + str([box.value for box in app.text_input])


def test_prices_are_reviewed_before_they_are_saved(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="prices")
    field(app, "Countries").set_value(["NZ"])
    field(app, "Credits per SMS").set_value("1.25")
    app = press(app, "Set price")
    assert stored(engine, "Premium").prices == {EVERYWHERE: MICRO, "AU": 800_000}
    app = press(app, "Review and save")
    assert "Premium · 0.80–1.25 credit/SMS" in read(app)
    app = press(app, "Save prices")
    assert "Price version 2 is saved" in read(app)
    assert stored(engine, "Premium").prices == {EVERYWHERE: MICRO, "AU": 800_000, "NZ": 1_250_000}


def test_every_switch_of_the_rules_blocks_when_it_is_on(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="rules")
    assert all(toggle.label.startswith("Block ") for toggle in app.toggle)
    assert stored(engine, "Premium").rules.allow_other_scripts
    assert field(app, "Block other scripts").value is False
    field(app, "Block other scripts").set_value(True)
    press(app.run(), "Save rules")
    assert not stored(engine, "Premium").rules.allow_other_scripts


def test_countries_are_asked_for_by_name_only_where_some_are_chosen(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine, supports_sender=True)), tab="properties")
    assert not [box for box in app.multiselect if box.label == "Countries by name"]
    field(app, "Countries").set_value("Only these countries")
    field(app.run(), "Countries by name").set_value(["AU", "NZ"])
    field(app, "Longest sender ID in characters").set_value(11)
    field(app.run(), "Carries a sender ID").set_value(False)
    press(app.run(), "Save properties")
    saved = stored(engine, "Premium")
    assert (saved.countries, saved.sender_max, saved.supports_sender) == ({"AU", "NZ"}, 11, False)


def test_a_closed_route_says_what_customers_would_see(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.STAFF)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine, enabled=False)), tab="test")
    assert "Closed. Customers would see: Premium" in read(app)
    assert "Type a number." in read(press(app, "Send test"))


def planned_route(engine: Engine) -> int:
    """A route whose prices change in a month: dearer everywhere, with a price of its own for New Zealand."""
    route_id = premium(engine)
    token = token_of(engine, Role.ADMIN)
    admin = engine.accounts.actor_of(token)
    assert admin is not None
    later_us = engine.clock.now_us() + 30 * DAY_US
    prices = {EVERYWHERE: 1_200_000, "AU": 800_000, "NZ": 1_300_000}
    engine.routes.set_prices(admin, route_id, prices, effective_us=later_us)
    return route_id


def as_admin(engine: Engine, visit: Visit) -> None:
    visit.cookies[SESSION_COOKIE] = engine.accounts.redeem(engine.accounts.sign_in("admin-one", PASSWORD), "Test")


def test_planned_prices_stand_in_the_list_and_in_full_behind_their_row(engine: Engine, visit: Visit) -> None:
    route_id = planned_route(engine)
    as_admin(engine, visit)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="prices")
    page = read(app)
    assert "1.20 from " in page
    assert "<td>as elsewhere</td><td>1.30 from " in page
    app.session_state[f"routes-versions-{route_id}-open"] = 2  # as a click on its row does
    page = read(app.run())
    assert "<td>Everywhere else</td><td>1.20</td><td>1.00</td>" in page
    assert "Australia</td><td>0.80</td><td>the same</td>" in page
    app = press(app, "Withdraw it")
    assert "Price version 2 was withdrawn" in read(app)


def test_a_change_that_a_planned_version_undoes_is_warned_of(engine: Engine, visit: Visit) -> None:
    route_id = planned_route(engine)
    as_admin(engine, visit)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="prices")
    field(app, "Countries").set_value(["AU"])
    field(app, "Credits per SMS").set_value("0.95")
    app = press(press(app, "Set price"), "Review and save")
    page = read(app)
    assert "Version 2, planned for" in page
    assert "has 0.80 for 🇦🇺 Australia: it undoes this change then." in page


def test_a_change_that_a_planned_version_has_too_needs_no_warning(engine: Engine, visit: Visit) -> None:
    route_id = planned_route(engine)
    as_admin(engine, visit)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="prices")
    field(app, "Countries").set_value(["NZ"])
    field(app, "Credits per SMS").set_value("1.30")
    app = press(press(app, "Set price"), "Review and save")
    assert "it undoes this change" not in read(app)


def test_a_click_on_a_code_fills_the_form(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    route_id = premium(engine)
    admin = engine.accounts.actor_of(sign_in(Role.ADMIN))
    assert admin is not None
    engine.routes.change_codes(admin, route_id, put=[Code("err:032", "Full.", FailReason.MEMORY_FULL)])
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="codes")
    app.session_state[f"routes-codes-{route_id}-open"] = 0  # as a click on its row does
    app.run()
    assert field(app, "Code").value == "err:032"
    assert field(app, "What customers read").value == "Full."
    assert any(button.label == "Remove entry" for button in app.button)


def test_a_price_file_with_a_wrong_row_is_not_taken(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="prices")
    app = app.file_uploader[0].upload("p.csv", b"country,price\n*,1\nAtlantis,2\nAU,x\n", "text/csv").run()
    assert "2 rows cannot be taken" in read(app)
    assert "Atlantis, 2" in read(app)
    assert not [button for button in app.button if button.label.startswith("Use these")]
    app = app.file_uploader[0].upload("p.csv", b"country,price\n*,1\nNew Zealand,2\n", "text/csv").run()
    app = press(app, "Use these 2 prices")
    assert "as elsewhere" in read(app)  # Australia has no price of its own any more
    press(press(app, "Review and save"), "Save prices")
    assert stored(engine, "Premium").prices == {EVERYWHERE: MICRO, "NZ": 2 * MICRO}


def test_rules_are_tried_before_they_are_saved(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="rules")
    field(app, "Text").set_value("Hello <b>you</b>, free casino")
    app = app.run()
    assert "is a greeting, which is blocked" in read(app)
    assert "<b>you" not in visit.notices()
    field(app, "Block greetings").set_value(False)
    field(app, "Also blocked words").set_value("casino")
    app = app.run()
    assert "greeting" not in read(app)
    assert "on the list of blocked words" in read(app)
    press(app, "Save rules")
    assert stored(engine, "Premium").rules.words == ("casino",)
    assert not stored(engine, "Premium").rules.block_greetings


def test_a_test_message_shows_its_receipt(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.STAFF)
    engine.start()
    try:
        app = visit.open(STAFF_ROUTES, id=str(premium(engine, enabled=False)), tab="test")
        field(app, "Number with country code").set_value("1234")
        app = press(app, "Send test")
        assert "Too short" in read(app)
        field(app, "Number with country code").set_value("61412345678")
        app = press(app, "Send test")
        wait_until(lambda: "Delivered: the route works" in read(app.run()))
        assert "sim-" in read(app)
    finally:
        engine.scheduler.stop()
        engine._dispatcher.stop()


# --- Takeover --------------------------------------------------------------------------------------------------------


def taken_over(engine: Engine) -> tuple[int, int]:
    """A route that is down and the closed one that carries for it."""
    first = premium(engine, gateway="sim://?seed=1")
    spare = premium(engine, name="Spare", gateway="sim://?seed=2", enabled=False)
    with engine.store.transaction() as tx:
        changes = RouteChanges(takeover_id=spare, takeover_after_s=90)
        routes.edit(tx, routes.load(tx, first), changes, now_us=engine.clock.now_us())
        routes.mark_down(tx, first, "connection refused", engine.clock.now_us())
        routes.take_over(tx, first, "it has been down for 90 s", engine.clock.now_us())
    return first, spare


def test_an_administrator_names_the_route_that_takes_over(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    spare = premium(engine, name="Spare", gateway="sim://?seed=2", countries=frozenset({"AU"}), enabled=False)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab="properties")
    assert any(
        "Spare · 0.80–1.00 credit/SMS (closed for customers)" in one
        for one in field(app, "Route that takes over").options
    )
    field(app, "Route that takes over").set_value(spare)
    field(app, "Below a success rate of, in percent").set_value(70)
    app = press(app, "Save properties")
    assert "“Spare” does not. Change “Spare” first" in read(app)
    assert field(app, "Route that takes over").value == spare  # what was entered is kept
    with engine.store.transaction() as tx:
        routes.edit(tx, routes.load(tx, spare), RouteChanges(countries=None), now_us=engine.clock.now_us())
    app = press(app, "Save properties")
    assert "Saved." in read(app)
    saved = stored(engine, "Premium")
    assert (saved.takeover_id, saved.takeover_after_s, saved.takeover_below) == (spare, 60, 70)
    field(app, "Route that takes over").set_value(None)
    press(app, "Save properties")
    assert stored(engine, "Premium").takeover_id is None


def test_staff_see_who_carries_for_whom_and_why(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.STAFF)
    first, spare = taken_over(engine)
    text = read(visit.open(STAFF_ROUTES))
    for said in ("Taken over", "; “Spare” took over on", "“Spare” carries its messages meanwhile;", "Stands in",
                 "Carries the messages of “Premium” too."):  # fmt: skip
        assert said in text
    assert text.index(">Premium<") < text.index(">Simulator<")  # what is in trouble comes first
    assert "Nothing sent in 24 hours." in text
    text = read(visit.open(STAFF_ROUTES, id=str(first)))
    assert "“Spare” after 90 s of being down" in text
    assert "“Spare” carries its messages meanwhile; it tries again by itself." in text
    assert "takes over for other routes" not in text
    assert "“Premium”" in read(visit.open(STAFF_ROUTES, id=str(spare)))


def test_closing_a_route_says_who_depends_on_it(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    spare = taken_over(engine)[1]
    app = visit.open(STAFF_ROUTES, id=str(spare))
    assert "Closed: customers do not see it, but it still takes over for other routes." in read(app)
    app = press(press(app, "Open the route"), "Close the route")
    assert "It goes on taking over for “Premium”." in read(app)
    press(app, "Close it")
    assert not stored(engine, "Spare").enabled


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (Link(LinkWord.CONNECTING, binds=2), ("Connecting",)),
        (Link(LinkWord.OPEN, bound=1, binds=2, in_window=12), ("Up", "Connected, 1 of 2 binds, 12 parts await")),
        (Link(LinkWord.REFUSED, "<b>bad</b> password", binds=1), ("Login refused.", "<b>bad</b> password")),
        (Link(LinkWord.DOWN, "timed out", binds=1), ("Down.", "Not connected: timed out")),
    ],
)
def test_the_connection_is_told_in_words(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str], link: Link, words: tuple[str, ...]
) -> None:
    sign_in(Role.STAFF)
    route_id = premium(engine)
    engine.routes._meters.watch(route_id, lambda: link)
    for app in (visit.open(STAFF_ROUTES), visit.open(STAFF_ROUTES, id=str(route_id))):
        for said in words:
            assert said in read(app)
    assert "<b>bad" not in visit.notices()


def test_records_say_which_route_carried_a_message(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.OWNER)
    owner = engine.accounts.actor_of(visit.cookies[SESSION_COOKIE])
    assert owner is not None
    give(engine, owner.account_id, 10)
    first, spare = taken_over(engine)
    draft = Draft(route_id=first, name="Parcels", content="Your parcel arrives today", recipients=au_mobiles(1))
    task = engine.tasks.accept(owner, engine.tasks.preview(owner, draft))
    with engine.store.transaction() as tx:
        cursor: Any = tx.raw  # type: ignore[attr-defined] # past the queries of the product
        cursor.execute("update message set carrier_id = $1, state = 'submitting'", [spare])
        tx.run("dispatch.insert", 1, task, owner.account_id, first, engine.clock.now_us(), spare)
    pages: list[tuple[PageEntry, dict[str, str]]] = [
        (SMS_HISTORY, {"message": "1"}),
        (SENDING_RECORD, {"dispatch": "1"}),
    ]
    for page, query in pages:
        text = read(visit.open(page, **query))
        assert "another route in the place of Premium, at the price you accepted" in text
        assert "Spare" not in text
    assert "Another route has carried the messages since" in read(visit.open(TASK, id=str(task)))
    visit.cookies[SESSION_COOKIE] = token_of(engine, Role.STAFF)
    for page, query in pages:
        app = visit.open(page, **query)
        assert "Spare instead of Premium" in read(app)
        assert app.dataframe[0].value["Carried by"].to_list() == ["Spare"]


# --- Codes -----------------------------------------------------------------------------------------------------------


def test_a_code_is_entered_changed_and_removed(engine: Engine, visit: Visit, sign_in: Callable[[Role], str]) -> None:
    sign_in(Role.ADMIN)
    route_id = premium(engine)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="codes")
    field(app, "Code").set_value("two words")
    field(app, "What customers read").set_value("Full.")
    app = press(app, "Save entry")
    assert "cannot be one" in read(app)
    assert field(app, "What customers read").value == "Full."
    field(app, "Code").set_value("ERR:032")
    field(app, "Reason").set_value(FailReason.MEMORY_FULL)
    app = press(app, "Save entry")
    assert "is saved. Customers read: Full." in read(app)
    assert code_table(engine.store, route_id) == {"err:032": Code("err:032", "Full.", FailReason.MEMORY_FULL)}
    field(app, "Entry").set_value("err:032")
    app = app.run()
    assert (field(app, "Code").value, field(app, "What customers read").value) == ("err:032", "Full.")
    field(app, "What customers read").set_value("")
    app = press(app, "Save entry")
    assert code_table(engine.store, route_id)["err:032"].sentence == "The phone's message memory was full."
    field(app, "Entry").set_value("err:032")
    app = press(app.run(), "Remove entry")
    assert code_table(engine.store, route_id)  # it only asks
    press(app, "Remove it")
    assert not code_table(engine.store, route_id)


def test_a_file_of_codes_is_taken_whole_or_not_at_all(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str]
) -> None:
    sign_in(Role.ADMIN)
    route_id = premium(engine)
    app = visit.open(STAFF_ROUTES, id=str(route_id), tab="codes")
    app = app.file_uploader[0].upload("c.csv", b"code,meaning,reason\n1,x,absent\n2,x,nonsense\n", "text/csv").run()
    assert "1 row cannot be taken" in read(app)
    assert "2, x, nonsense" in read(app)
    app = app.file_uploader[0].upload("c.csv", b"code,meaning,reason\n1,<b>x</b>,absent\n0x401,,barred\n", "text/csv")
    app = press(app.run(), "Take these 2 codes")
    assert sorted(code_table(engine.store, route_id)) == ["0x0401", "1"]
    assert "<b>x" not in visit.notices()


def test_a_code_seen_lately_is_explained_with_one_press(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [{"code": "err:099", "messages": 1200, "last_us": 0, "detail": "err:099 <i>odd</i>", "reason": "absent"}]
    monkeypatch.setattr(engine.routes, "codes_seen", lambda *_: seen)
    sign_in(Role.STAFF)
    route_id = str(premium(engine))
    app = visit.open(STAFF_ROUTES, id=route_id, tab="codes")
    assert "1,200 messages" in read(app)
    assert not [button for button in app.button if button.label == "Explain"]
    assert "<i>odd" not in visit.notices()
    visit.cookies[SESSION_COOKIE] = token_of(engine, Role.ADMIN)
    app = press(visit.open(STAFF_ROUTES, id=route_id, tab="codes"), "Explain")
    assert (field(app, "Code").value, field(app, "Reason").value) == ("err:099", FailReason.ABSENT)
