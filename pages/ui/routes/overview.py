"""One route: how it does now, in figures that follow it live, and whether it takes new tasks."""

from __future__ import annotations

import streamlit as st

from engine.errors import ImsError
from engine.model import OPERATOR_ROLES, Actor
from engine.routes import Route, RouteHealth, depending
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, refusal
from pages.ui.records import facts, figure_card, heading, link
from pages.ui.registry import SENDING_RECORD, SMS_HISTORY
from pages.ui.routes import listing
from pages.ui.routes.shared import PAGE, answered, ask, asked, is_admin, place, require_admin, takeover_words

METRIC_WIDTH = 150


def draw(actor: Actor, route: Route) -> None:
    _live(route.id)
    every = get_engine().routes.listing(actor)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _about(route, every)
    with right:
        if is_admin(actor):
            _switch(route, every)
        _links(route)


@st.fragment(run_every=listing.LIVE_S)
def _live(route_id: int) -> None:
    actor = require(*OPERATOR_ROLES)
    health = next(one for one in get_engine().routes.health(actor) if one.route.id == route_id)
    listing.state_line(health)
    listing.trouble(health, actor.zone)
    with st.grid(4, min_column_width=METRIC_WIDTH):
        for number, (label, value, detail) in enumerate(_figures(health)):
            with figure_card(f"route-{number}"):
                st.metric(label, value)
                st.caption(detail)
    with st.container(key="card-route-now"):
        heading("Right now")
        facts(_details(health, actor.zone))


def _figures(health: RouteHealth) -> list[tuple[str, str, str]]:
    """Label, figure and what it is made of."""
    limit = health.route.throughput
    delay = show.NOTHING if health.delay_p95_us is None else f"95% within {show.duration(health.delay_p95_us)}"
    return [
        (
            "Waiting",
            show.number(health.queued + health.in_flight),
            f"about {show.plural(health.queued_parts + health.in_flight_parts, 'part')}",
        ),
        ("Parts per second", show.number(health.parts_per_s, 1), f"of at most {limit:,}" if limit else "no limit set"),
        ("Success, 24 hours", show.percent(health.day.delivered, health.day.total), _share_words(health)),
        ("Median receipt time", show.duration(health.delay_p50_us), delay),
    ]


def _share_words(health: RouteHealth) -> str:
    if not health.day.total:
        return "nothing sent"
    if not health.hour.total:
        return f"of {health.day.total:,}; none in the last hour"
    return f"of {health.day.total:,}; last hour {show.percent(health.hour.delivered, health.hour.total)}"


def _details(health: RouteHealth, zone: str) -> dict[str, str]:
    """How the connection stands, what is on the way or was slow."""
    lines = {"Connection": listing.connection_words(health)}
    if health.queued:
        lines["Waiting for the route"] = f"{health.queued:,} (about {show.plural(health.queued_parts, 'part')})"
    if health.in_flight:
        lines["Being handed over"] = f"{health.in_flight:,} ({show.plural(health.in_flight_parts, 'part')})"
    if health.outstanding:
        oldest = f", the oldest since {show.when(health.oldest_us, zone)}" if health.oldest_us else ""
        lines["Receipts awaited"] = f"{health.outstanding:,}{oldest}"
    if health.in_doubt:
        lines["In doubt"] = f"{health.in_doubt:,}"
    if health.slowed_last_minute:
        lines["Slowed by the operator"] = show.plural(health.slowed_last_minute, "message")
    last = health.route.last_error
    if last and not health.error:
        lines["Last trouble (over)"] = last
    return lines


def _about(route: Route, every: list[Route]) -> None:
    with st.container(key="card-route-about"):
        heading("What it is")
        reach = "everywhere that is served"
        if route.countries is not None:
            reach = ", ".join(sorted(place(code) for code in route.countries))
        facts(
            {
                "Gateway": route.gateway_safe,
                "Sender ID": f"up to {route.sender_max} characters" if route.supports_sender else "not supported",
                "Reaches": reach,
                "Charged": f"when {route.charge_on.value}",
                "Price version": str(route.price_version),
                "Takes over for it": takeover_words(route, {one.id: one.name for one in every}) or "no route",
                **({"Takes over for": _names(depending(route.id, every))} if depending(route.id, every) else {}),
            }
        )


def _names(routes: list[Route]) -> str:
    return ", ".join(f"“{route.name}”" for route in routes)


def _links(route: Route) -> None:
    with st.container(key="card-route-records"):
        heading("What went over it")
        with st.container(horizontal=True):
            link(SENDING_RECORD, "Dispatches", route=route.id)
            link(SMS_HISTORY, "Messages", route=route.id)


def _switch(route: Route, every: list[Route]) -> None:
    with st.container(key="card-route-switch"):
        heading("New tasks")
        if route.is_default:
            st.text("This is the default route: it stays open. Make another route the default to close it.")
        elif route.enabled:
            st.text("Customers can choose this route. Closing it stops new tasks; accepted ones are still sent.")
            st.button("Close the route", icon=":material/block:", key=f"{PAGE}-close", on_click=ask, args=("close",))
            if asked("close"):
                st.dialog("Close the route?", on_dismiss=answered)(_confirm_close)(route, depending(route.id, every))
        else:
            carries = ", but it still takes over for other routes" if depending(route.id, every) else ""
            st.text(f"Closed: customers do not see it{carries}.")
            if st.button("Open the route", icon=":material/check_circle:", type="primary", key=f"{PAGE}-open-it"):
                _set(route, enabled=True)


def _confirm_close(route: Route, dependants: list[Route]) -> None:
    st.text(f"Customers will no longer find “{route.name}”. What they have submitted is still sent and settled.")
    if dependants:
        st.text(f"It goes on taking over for {_names(dependants)}. To end that, change the properties there.")
    if foot("Close it", key=f"{PAGE}-close-it", back=answered):
        _set(route, enabled=False)


def _set(route: Route, *, enabled: bool) -> None:
    try:
        get_engine().routes.set_enabled(require_admin(), route.id, enabled=enabled)
    except ImsError as error:
        refusal(error)
        return
    answered()
    leave_note("success", f"Route “{route.name}” is {'open' if enabled else 'closed'} for new tasks.")
    st.rerun()
