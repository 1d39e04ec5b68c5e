"""The dashboard in Streamlit's own harness: empty, full, narrowed, and the way from each figure to its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine.api import SESSION_COOKIE
from engine.app import Engine
from engine.history import DeliveryTimes
from engine.history.forecast import Basis, Forecast
from engine.model import MICRO, SECOND_US
from engine.numbers import COUNTRIES
from pages.ui import charts, context
from pages.ui.dashboard import words
from pages.ui.dashboard.headline import change
from pages.ui.dashboard.maps import WORLD
from pages.ui.dashboard.regions import ISO2, ISO3
from pages.ui.registry import DASHBOARD, SMS_HISTORY
from tests.kit import world
from tests.pages.conftest import Visit
from tests.records_kit import BULK_SIZE, Shop, stock

FOUR = ["Credit usage", "SMS task count", "Success message count", "Failed message count"]
SENT = BULK_SIZE + 5


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = world(Path(tmp_path_factory.mktemp("dashboard")), credit=0)
    context.set_engine(made.engine)
    yield stock(made)
    context.set_engine(None)
    made.engine.stop()


@pytest.fixture
def engine(shop: Shop) -> Engine:
    """In place of the empty engine of the other tests."""
    return shop.engine


def opened(shop: Shop, visit: Visit, who: str, **query: str) -> AppTest:
    visit.cookies[SESSION_COOKIE] = shop.tokens[who]
    app = visit.open(DASHBOARD, **query)
    assert not app.exception
    return app


def read(app: AppTest) -> str:
    kinds = ("title", "text", "caption", "markdown")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    return "\n".join(shown + [unescape(element.proto.body) for element in app.get("html")])


def table(app: AppTest, key: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if frame.key == key)


def figures(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def values(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


# --- Empty -----------------------------------------------------------------------------------------------------------


def test_a_newcomer_learns_what_the_page_is_for(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "newcomer")
    assert [metric.label for metric in app.metric] == FOUR
    assert "how long the credit lasts" in read(app)
    assert "Send your first SMS" in [button.label for button in app.button]
    assert not app.get("plotly_chart")


def test_dates_without_a_task_offer_all_dates(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="custom", **{"from": "2020-01-01", "to": "2020-01-02"})
    assert "No task was due in 1–2 Jan 2020." in read(app)
    next(button for button in app.button if button.key == "dash-widen").click().run()
    assert app.query_params["dates"] == "all"
    assert values(app)[1] == "3"


def test_filters_without_a_task_can_be_dropped(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="custom", sender="Bakery", **{"from": "2020-01-01", "to": "2020-01-02"})
    assert "matches these filters" in read(app)
    next(button for button in app.button if button.key == "dash-drop").click().run()
    assert "sender" not in app.query_params


# --- Full ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "sender", "analyst", "staff", "admin"])
def test_everybody_gets_every_chart_and_what_it_says(shop: Shop, visit: Visit, who: str) -> None:
    app = opened(shop, visit, who, dates="7d")
    assert [metric.label for metric in app.metric] == FOUR
    assert {trace["type"] for figure in figures(app) for trace in figure["data"]} == {"bar", "choropleth"}
    shown = read(app)
    for sentence in (
        f"{words.percent(100 * 62 / SENT)} of {SENT} settled messages were delivered",
        "is the busiest hour",
        f"100% of {SENT} messages went to Australia.",
        "of 3 failures: ",
        "credits in all",
    ):
        assert sentence in shown
    assert ("Credit lasts" in shown) == (who not in {"staff", "admin"})


def test_every_chart_is_described_for_those_who_do_not_see_it(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner")
    assert all(chart.proto.alt for chart in app.get("plotly_chart"))
    assert list(table(app, "dash-places-table")["Country"]) == ["🇦🇺 Australia"]


def test_the_map_gets_its_shapes_from_this_server(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner")
    configs = [json.loads(chart.proto.config) for chart in app.get("plotly_chart")]
    assert [config["topojsonURL"] for config in configs if "topojsonURL" in config] == ["maps/4/"]


def test_delivery_times_are_read_when_they_are_asked_for(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner")
    assert "95 of 100" not in read(app)
    app.session_state["dash-waits"] = True
    app.run()
    assert "95 of 100" in read(app)
    (counted,) = [caption for caption in app.caption if caption.value.startswith(words.COUNTED)]
    assert "rounded up to 0.1 s" in counted.help


def test_the_data_of_a_chart_is_a_table_whose_rows_lead_to_messages(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="7d")
    app.session_state["dash-volume-data"] = True
    app.run()
    assert list(table(app, "dash-volume-rows-table")["Recipients"]) == [SENT]
    app.session_state["dash-volume-rows-open"] = 0
    app.run()
    assert app.title[0].value == SMS_HISTORY.title
    assert len(table(app, "sms-table")) == 50
    assert app.query_params["by"] == "due"


def test_the_hour_of_the_week_leads_to_its_messages(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="7d")
    app.session_state["dash-week-data"] = True
    app.run()
    hours = table(app, "dash-week-rows-table")
    app.session_state["dash-week-rows-open"] = 0
    app.run()
    assert app.title[0].value == SMS_HISTORY.title
    labels = [button.label for button in app.button]
    assert any(label.startswith("Only ") and label.endswith("s") for label in labels)
    assert str(hours["Hour"][0]).split()[0] in " ".join(labels)
    assert {"weekday", "hour", "by"} <= set(app.query_params)


def test_what_a_link_narrows_messages_to_can_be_dropped_one_by_one(shop: Shop, visit: Visit) -> None:
    visit.cookies[SESSION_COOKIE] = shop.tokens["owner"]
    app = visit.open(SMS_HISTORY, hour="3", weekday="7", sender="Bakery")
    assert "Only Sundays" in [button.label for button in app.button]
    next(button for button in app.button if button.key == "sms-drop-hour").click().run()
    next(button for button in app.button if button.key == "sms-drop-weekday").click().run()
    assert dict(app.query_params) == {"sender": "Bakery"}
    assert len(table(app, "sms-table")) == 5


# --- Narrowed --------------------------------------------------------------------------------------------------------


def test_filters_of_the_address_apply_to_all_figures_and_stay(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="7d", sender="Bakery")
    assert values(app) == ["4.00", "1", "2", "3"]
    assert app.query_params == {"dates": "7d", "sender": "Bakery"}
    assert list(table(app, "dash-places-table")["Recipients"]) == [5]
    links = [link.proto.query_string for link in app.main.get("page_link")]
    assert all("sender=Bakery" in link for link in links if "by=due" in link)


def test_a_filter_that_is_chosen_is_in_the_address(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner")
    next(box for box in app.selectbox if box.key == "dash-country").set_value("AU").run()
    assert app.query_params["country"] == "AU"
    assert values(app)[1] == "2"


@pytest.mark.parametrize("query", [{"route": "999"}, {"country": "ZZ"}, {"sender": "Nobody"}, {"member": "x"}])
def test_what_an_address_says_wrongly_is_left_out(shop: Shop, visit: Visit, query: dict[str, str]) -> None:
    app = opened(shop, visit, "owner", **query)
    assert values(app)[1] == "2"
    assert not app.query_params


def test_filters_offer_nothing_of_another_account(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "rival", sender="Bakery", account=str(shop.actors["owner"].account_id))
    assert not [box for box in app.selectbox if (box.key or "").startswith("dash-")]
    assert values(app)[1] == "0"


def test_staff_narrow_to_an_account_and_its_members(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "staff")
    keys = {box.key for box in app.selectbox}
    assert "dash-sender" not in keys
    app = opened(shop, visit, "staff", account=str(shop.actors["owner"].account_id), sender="Bakery")
    assert values(app)[1] == "1"
    assert "Credit lasts" in read(app)


# --- Words and shapes ------------------------------------------------------------------------------------------------


def test_every_country_has_a_name_on_the_map_and_most_have_a_shape() -> None:
    assert set(ISO3) == set(COUNTRIES)
    assert len(ISO2) == len(ISO3)
    shapes = json.loads(WORLD.read_bytes())["objects"]["countries"]["geometries"]
    named = {shape["id"] for shape in shapes if shape.get("id")}
    assert named - set(ISO2) == {"ATA", "ATF"}  # nobody lives there
    assert len(named) > 170


@pytest.mark.parametrize(
    ("value", "earlier", "words_of_it"),
    [(5, None, None), (5, 0, None), (5, 5, 0), (10, 8, "+25.0%"), (1, 4, "-75.0%"), (10_001, 10_000, "+<0.1%")],
)
def test_the_change_against_the_period_before(value: int, earlier: int | None, words_of_it: str | int | None) -> None:
    assert change(value, earlier) == words_of_it


def rates(*lines: tuple[str, int, int]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema={"route": pl.String, "delivered": pl.Int64, "failed": pl.Int64}, orient="row")


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (rates(), words.NONE_SETTLED),
        (rates(("A", 0, 0)), words.NONE_SETTLED),
        (rates(("A", 3, 1)), "A delivered 75% of 4 settled messages."),
        (rates(("A", 90, 10), ("B", 50, 50)), "A delivered the largest share, 90%; B the smallest, 50%."),
        (rates(("A", 90, 10), ("B", 50, 50), ("C", 1, 0)), "A delivered the largest share, 90%; B the smallest, 50%."),
        (rates(("A", 90, 10), ("B", 1, 0)), "B delivered the largest share, 100%; A the smallest, 90%."),
        (rates(("A", 9, 1), ("B", 90, 10)), "Each of the 2 routes delivered 90% of its settled messages."),
    ],
)
def test_what_the_routes_say(frame: pl.DataFrame, sentence: str) -> None:
    """Routes with few messages are judged only when fewer than two others are left."""
    assert words.routes(frame) == sentence


@pytest.mark.parametrize(
    ("forecast", "lasts", "why"),
    [
        (Forecast(MICRO, Basis.TOO_LITTLE), "—", "needs 7 days"),
        (Forecast(MICRO, Basis.NOTHING), "—", "Nothing was charged in the last 28 days"),
        (Forecast(0, Basis.AVERAGE, MICRO, 9, 0), "less than a day", "9 days since the first charge"),
        (Forecast(MICRO, Basis.WEEKDAYS, 1_234_567, 28, 365), "more than a year", "about 1.23 credits a day"),
    ],
)
def test_how_long_the_credit_lasts(forecast: Forecast, lasts: str, why: str) -> None:
    said, because = words.lasting(forecast)
    assert said == lasts
    assert why in because


def test_what_delivery_times_say() -> None:
    none = DeliveryTimes(pl.DataFrame(), 0, None, None)
    assert words.waits(none) == "No message was delivered in this period."
    found = DeliveryTimes(pl.DataFrame(), 2, 4_500_000, 61 * SECOND_US)
    assert words.waits(found) == ("Half of 2 delivered messages arrived within 4.5 s, 95 of 100 within 1 min 1 s.")


def test_the_week_has_a_square_for_each_hour_monday_on_top() -> None:
    cells = pl.DataFrame(
        [(day, hour, day * hour, 1, 0) for day in range(1, 8) for hour in range(24)],
        schema=["weekday", "hour", "recipients", "delivered", "failed"],
        orient="row",
    )
    drawn = charts.week(cells)["data"]
    assert [len(row["x"]) for row in drawn] == [24] * 7
    assert [row["base"][0] for row in drawn] == [6, 5, 4, 3, 2, 1, 0]
    assert drawn[6]["customdata"][23] == "Sunday 23:00<br>161 recipients, 100% delivered"
    assert max(max(row["marker"]["color"]) for row in drawn) == 1


def test_the_way_back_from_messages_shows_what_was_shown(shop: Shop, visit: Visit) -> None:
    app = opened(shop, visit, "owner", dates="7d", sender="Bakery")
    days = {"dates": "custom", "from": "2020-01-01", "to": "2020-01-01", "by": "due", "state": "delivered"}
    app.query_params.clear()
    for name, value in days.items():
        app.query_params[name] = value
    app.run()
    assert dict(app.query_params) == {"dates": "7d", "sender": "Bakery"}
    assert values(app)[1] == "1"
