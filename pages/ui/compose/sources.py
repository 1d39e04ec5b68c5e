"""Texts and people kept from before: a template fills the content, an address names a template or a contact list.

Everything is put in place before the fields are drawn: in a button's callback, or when somebody arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from engine.errors import AccessError, ImsError
from engine.model import SENDING_ROLES
from engine.recipients import RecipientFile
from engine.store import Row
from pages.ui.address import number_in
from pages.ui.compose.flow import Flow
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal

TEMPLATE: Final = "template"
"""`?template=ID` fills the form with a saved template."""


def template_picker(flow: Flow) -> None:
    """“Use a template” and “Save as template”, side by side above the content."""
    actor = require(*SENDING_ROLES)
    rows = {row["id"]: row for row in get_engine().templates.listing(actor)}
    with st.container(horizontal=True, gap="small"):
        if rows:
            with st.popover("Use a template", icon=":material/text_snippet:", key=flow.key("templates")):
                _choose(flow, rows)
        with st.popover("Save as template", icon=":material/bookmark_add:", key=flow.key("keep")):
            st.text_input("Name of the template", key=flow.key("keep_name"), autocomplete="off")
            st.caption("Keeps the content, sender ID and route of this form for your team.")
            st.button("Save", key=flow.key("keep_save"), on_click=_keep, args=(flow,), type="primary")
    said = st.session_state.pop(flow.key("keep_said"), None)
    if said is not None:
        notice(*said)


def _choose(flow: Flow, rows: Mapping[int, Row]) -> None:
    chosen = st.selectbox(
        "Template",
        list(rows),
        key=flow.key("template"),
        index=None,
        placeholder="Choose one",
        format_func=lambda template_id: rows[template_id]["name"],
    )
    if chosen is None:
        return
    row = rows[chosen]
    st.text(row["content"])
    if row["problem"]:
        notice("warning", "This is a draft: it needs a change before it can be sent.")
    st.caption("Replaces what is in the content now.")
    st.button("Use it", key=flow.key("template_use"), on_click=_fill, args=(flow, row), type="primary")


def _fill(flow: Flow, row: Row) -> None:
    st.session_state[flow.key("content")] = row["content"]
    if row["sender"]:
        st.session_state[flow.key("sender")] = row["sender"]
    open_routes = {route.id for route in get_engine().routes.selectable(require(*SENDING_ROLES))}
    if row["route_id"] in open_routes:
        st.session_state[flow.key("route")] = row["route_id"]


def _keep(flow: Flow) -> None:
    state, route_id = st.session_state, st.session_state.get(flow.key("route"))
    routes = {route.id: route for route in get_engine().routes.selectable(require(*SENDING_ROLES))}
    carries = route_id in routes and routes[route_id].supports_sender
    try:
        saved = get_engine().templates.save(
            require(*SENDING_ROLES),
            name=state.get(flow.key("keep_name")) or "",
            text=state.get(flow.key("content")) or "",
            sender=state.get(flow.key("sender")) if carries else None,
            route_id=route_id if route_id in routes else None,
        )
    except ImsError as error:
        state[flow.key("keep_said")] = ("error", f"Not saved as a template. {error.message}")
        return
    state[flow.key("keep_name")] = ""
    problem = f" It is a draft: {saved.problem}" if saved.problem else ""
    state[flow.key("keep_said")] = ("success", f"Saved as a template.{problem}")


def arrive(flow: Flow) -> None:
    """Fills the form once from the template that the address names."""
    template_id = number_in(st.query_params.get(TEMPLATE))
    done = flow.key("template_arrived")
    if template_id is None or st.session_state.get(done) == template_id:
        return
    st.session_state[done] = template_id
    try:
        row = get_engine().templates.get(require(*SENDING_ROLES), template_id)
    except AccessError as error:
        refusal(error)
        return
    _fill(flow, row)
    notice("info", "The template is filled in. Check it and choose whom to send to.")


def screened(people: RecipientFile) -> RecipientFile:
    """With everybody who has opted out by now among the rejected rows, so that the report shows them."""
    return get_engine().opt_outs.screened(require(*SENDING_ROLES), people)
