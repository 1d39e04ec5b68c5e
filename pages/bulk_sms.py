"""Bulk SMS: a file of recipients, each with a text of their own where the content has placeholders."""

from __future__ import annotations

import streamlit as st

from engine.model import Role
from engine.recipients import MAX_RECIPIENTS
from engine.tasks import Draft
from pages.ui.compose.fields import Problems, card, content_field, name_field, route_field, sender_field, time_field
from pages.ui.compose.page import begin, end
from pages.ui.compose.people import file_field
from pages.ui.guard import require
from pages.ui.registry import BULK_SMS

actor = require(Role.OWNER, Role.SENDER)
flow, choices = begin("bulk", BULK_SMS.title, f"Send to a file of up to {MAX_RECIPIENTS:,} recipients.", actor)
problems: Problems = {}

with card("route", "Route and sender"):
    route = route_field(flow, choices)
    sender = sender_field(flow, route, choices, problems)
    name = name_field(flow, problems)
with card("content", "Message"):
    known = flow.upload.people if flow.upload else None
    example = {column: known.field(column)[0] for column in known.columns} if known and known.frame.height else None
    text = content_field(flow, route, problems, example=example)
    st.caption(
        "A column of your file in double brackets, such as ((name)), is replaced for each recipient."
        if not (known and known.columns)
        else "Columns of your file: see below the import report."
    )
with card("people", "Recipients"):
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
end(flow, problems, draft)
