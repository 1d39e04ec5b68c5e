"""Bulk SMS: a file of recipients, each with a text of their own where the content has placeholders."""

from __future__ import annotations

from engine.drafts import DraftPage
from engine.model import Role
from engine.recipients import MAX_RECIPIENTS
from engine.tasks import Draft
from pages.ui.compose.arrival import arrival_field, sender_notice
from pages.ui.compose.fields import Problems, card, content_field, name_field, route_field, sender_field, time_field
from pages.ui.compose.file import columns_of, example_of, file_field, placeholder_help
from pages.ui.compose.page import begin, end, show_terms, two_columns
from pages.ui.compose.phone import phone_card
from pages.ui.compose.rows import rows_field
from pages.ui.compose.trial import trial_button
from pages.ui.guard import require
from pages.ui.registry import BULK_SMS

actor = require(Role.OWNER, Role.SENDER)
flow, choices = begin("bulk", BULK_SMS.title, f"Send to a file of up to {MAX_RECIPIENTS:,} recipients.", actor)
problems: Problems = {}

form, side = two_columns()
with form:
    with card("route", "Route and name"):
        route = route_field(flow, choices)
        sender = sender_field(flow, route, choices, problems)
        name = name_field(flow, problems)
    with card("content", "Message"):
        text = content_field(flow, route, problems, columns=columns_of(flow), example=example_of(flow))
        placeholder_help(flow)
    with card("people", "Send to"):
        people = file_field(flow, problems)
        chosen = rows_field(flow, problems, people, text, route)
        sender_notice(actor, people, sender, route)
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
    file_name=flow.upload.name if flow.upload else None,
    skip_refused=chosen.skip_refused,
    skip_empty=chosen.skip_empty,
    times=times,
    page=DraftPage.BULK,
)
with side:
    end(flow, problems, draft, route, actor)
    phone_card(flow, actor, text=text, people=people, sender=sender, route=route, moment=moment)
    trial_button(flow, actor, problems, text=text, people=people, sender=sender, route=route, name=name)
show_terms(flow)
