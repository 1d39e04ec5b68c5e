"""Quick SMS: a few numbers typed by hand, also for trying out a sender ID and a text."""

from __future__ import annotations

from engine.drafts import DraftPage
from engine.model import Role
from engine.tasks import Draft
from pages.ui.compose.arrival import arrival_field, sender_notice
from pages.ui.compose.fields import Problems, card, content_field, name_field, route_field, sender_field, time_field
from pages.ui.compose.page import begin, end, show_terms, two_columns
from pages.ui.compose.people import typed_field
from pages.ui.compose.phone import phone_card
from pages.ui.compose.trial import trial_button
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.registry import QUICK_SMS

actor = require(Role.OWNER, Role.SENDER)
most = get_engine().config.quick_limit
flow, choices = begin(
    "quick", QUICK_SMS.title, f"Send one text to up to {most:,} recipients, or try out a sender ID and a text.", actor
)
problems: Problems = {}

form, side = two_columns()
with form:
    with card("route", "Route and name"):
        route = route_field(flow, choices)
        sender = sender_field(flow, route, choices, problems)
        name = name_field(flow, problems)
    with card("people", "Send to"):
        people = typed_field(flow, problems, most=most)
        sender_notice(actor, people, sender, route)
    with card("content", "Message"):
        text = content_field(flow, route, problems, columns=())
    with card("time", "Time"):
        moment = time_field(flow, actor.zone, problems)
        times = arrival_field(flow, actor, people, moment)

draft = people and Draft(
    route_id=route.id,
    name=name,
    content=text,
    recipients=people,
    sender=sender,
    scheduled_at=moment.at if moment else None,
    quick=True,
    times=times,
    page=DraftPage.QUICK,
)
with side:
    end(flow, problems, draft, route, actor)
    phone_card(flow, actor, text=text, people=people, sender=sender, route=route, moment=moment)
    trial_button(flow, actor, problems, text=text, people=people, sender=sender, route=route, name=name)
show_terms(flow)
