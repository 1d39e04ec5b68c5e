"""Bulk SMS: a file of recipients, each with a text of their own where the content has placeholders."""

from __future__ import annotations

from engine.model import Role
from engine.recipients import MAX_RECIPIENTS
from engine.tasks import Draft
from pages.ui.compose.fields import Problems, card, content_field, name_field, route_field, sender_field, time_field
from pages.ui.compose.file import columns_of, example_of, file_field, placeholder_help
from pages.ui.compose.page import begin, end, two_columns
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
    with card("time", "Time"):
        moment = time_field(flow, actor.zone, problems)

draft = people and Draft(
    route_id=route.id,
    name=name,
    content=text,
    recipients=people,
    sender=sender,
    scheduled_at=moment.at if moment else None,
    file_name=flow.upload.name if flow.upload else None,
)
with side:
    end(flow, problems, draft, route, actor)
