"""Every route as a card with its price and how it does now."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.model import OPERATOR_ROLES
from engine.routes import RouteHealth, link_words
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice
from pages.ui.records import facts, heading, link
from pages.ui.registry import STAFF_ROUTES
from pages.ui.routes.shared import STANDS_IN, STATES, TAKEN_OVER
from pages.ui.status import badge, look_badge, look_of

LIVE_S: Final = 3
COLUMN_WIDTH: Final = 330


@st.fragment(run_every=LIVE_S)
def cards() -> None:
    """All routes, looked at again every few seconds."""
    actor = require(*OPERATOR_ROLES)
    found = get_engine().routes.health(actor)
    if all(health.state == "closed" for health in found):
        notice("warning", "No route is open: nobody can send.", "Open a route, or add one.")
    with st.grid(2, min_column_width=COLUMN_WIDTH):
        for health in sorted(found, key=_rank):
            _card(health, actor.zone)


def _rank(health: RouteHealth) -> int:
    """What is in trouble comes first, what nobody can choose last."""
    if health.error or health.taken_over_by:
        return 0
    return 2 if health.state == "closed" else 1


def _card(health: RouteHealth, zone: str) -> None:
    route = health.route
    with st.container(key=f"card-route-{route.id}", height="stretch", gap="small"):
        with st.container(horizontal=True, vertical_alignment="top", gap="small"):
            with st.container(width="stretch", gap=None):
                heading(route.name)
                st.text(route.display_name.removeprefix(f"{route.name} · "))
            state_line(health)
        trouble(health, zone)
        going_on = _going_on(health)
        if going_on:
            facts(going_on)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("" if going_on else "Nothing sent in 24 hours.", width="stretch")
            link(STAFF_ROUTES, "Details", id=route.id)


def _going_on(health: RouteHealth) -> dict[str, str]:
    """What is on the way or was lately; of what rests nothing is said."""
    lines: dict[str, str] = {}
    if health.link is not None:
        lines["Connection"] = connection_words(health)
    if health.queued or health.in_flight:
        lines["Waiting"] = waiting_words(health)
    if health.parts_per_s or health.slowed_last_minute:
        lines["Rate now"] = rate_words(health)
    if health.day.total:
        lines["Success, 24 h"] = success_words(health.day.delivered, health.day.total)
    if health.delay_p50_us is not None:
        lines["Receipts after"] = delay_words(health)
    return lines


def state_line(health: RouteHealth) -> None:
    with st.container(horizontal=True, gap="small", width="content"):
        badge(STATES, health.state)
        if health.taken_over_by:
            look_badge(TAKEN_OVER)
        if health.stands_in_for:
            look_badge(STANDS_IN)
        if health.state != "closed" and not health.route.enabled:
            badge(STATES, "closed")
        if health.route.is_default:
            st.badge("Default", icon=":material/star:", color="blue", help="Chosen first on the pages of sending.")


def trouble(health: RouteHealth, zone: str) -> None:
    """What is wrong with a route, since when and what follows; and whose messages it carries. Nothing at rest."""
    route = health.route
    if health.error:
        since = f" since {show.when(route.down_since_us, zone)}" if route.down_since_us is not None else ""
        words = f"{look_of(STATES, health.state).label}{since}"
        if health.taken_over_by:
            words += f"; “{health.taken_over_by}” took over on {show.when(route.taken_over_us, zone)}"
        notice("error", f"{words}.", health.error)
    elif health.taken_over_by:
        why = (route.taken_over_why or "").strip().rstrip(".")
        notice(
            "warning",
            f"“{health.taken_over_by}” has carried its messages since {show.when(route.taken_over_us, zone)}.",
            f"Reason: {why}. What was handed over before stays with this route's operator." if why else "",
        )
    if health.stands_in_for:
        names = "”, “".join(health.stands_in_for)
        notice("info", f"Carries the messages of “{names}” too.")


def connection_words(health: RouteHealth) -> str:
    resting = health.link is None and not health.error
    words = "idle, connects when needed" if resting else link_words(health.link)
    return words[:1].upper() + words[1:]


def waiting_words(health: RouteHealth) -> str:
    parts = show.plural(health.queued_parts + health.in_flight_parts, "part")
    return f"{show.plural(health.queued + health.in_flight, 'message')}, about {parts}"


def rate_words(health: RouteHealth) -> str:
    limit = health.route.throughput
    most = f"of at most {limit:,}" if limit else "no limit set"
    words = f"{show.number(health.parts_per_s, 1)} parts/s, {most}"
    if health.slowed_last_minute:
        words += f"; the operator slowed down {show.plural(health.slowed_last_minute, 'message')}"
    return words


def success_words(delivered: int, total: int) -> str:
    return f"{show.percent(delivered, total)} of {total:,}"


def delay_words(health: RouteHealth) -> str:
    return f"{show.duration(health.delay_p50_us)} (half), {show.duration(health.delay_p95_us)} (95%)"
