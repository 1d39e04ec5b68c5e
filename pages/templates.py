"""Templates: texts your team keeps. `?template=ID` opens one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from engine import content
from engine.content import DEFAULT_RULES
from engine.errors import AccessError, ImsError
from engine.model import SENDING_ROLES, CountRule
from engine.store import Row
from engine.templates import CONTENT_LENGTH, TEMPLATES_MOST
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.compose.fields import ROOM
from pages.ui.compose.findings import show_findings
from pages.ui.contacts.common import ask, dialog, search_box, search_key, stop_asking
from pages.ui.context import get_engine
from pages.ui.counter import live_counter
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import send_styles
from pages.ui.records import begin, heading, link
from pages.ui.registry import BULK_SMS, QUICK_SMS, TEMPLATES
from pages.ui.status import Look

actor = require(*SENDING_ROLES)
engine = get_engine()

PAGE: Final = "templates"
NEW: Final = "new"
PHONE_NAME: Final = 100
PHONE_TEXT: Final = 180
NO_ROUTE: Final = 0
LOOKS: Final = {
    "ready": Look("Ready", "green", ":material/check_circle:"),
    "draft": Look("Draft", "orange", ":material/edit_note:"),
}


def fill(given: address.Values) -> None:
    """`?template=ID` opens that template, `?q=…` searches."""
    st.session_state[search_key(PAGE)] = given.get("q", "")[:100]
    table.open_row(PAGE, address.number_in(given.get("template")))
    stop_asking(PAGE)


def columns() -> list[table.Column]:
    return [
        table.text("Name", lambda row: row["name"], phone=PHONE_NAME),
        table.text("Text", lambda row: row["content"], width="large", phone=PHONE_TEXT),
        table.chip("Status", LOOKS, "state"),
        table.count("SMS", "sms"),
        table.text("Sender ID", lambda row: row["sender"]),
        table.when("Changed", "changed_us", actor),
        table.text("By", lambda row: row["member_name"]),
    ]


def listing() -> None:
    text = st.session_state.get(search_key(PAGE)) or ""
    if not text and not engine.templates.listing(actor):
        teach()
        return
    text = search_box(PAGE, "Name or text")
    rows = [row | {"state": "draft" if row["problem"] else "ready"} for row in engine.templates.listing(actor, text)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"{show.plural(len(rows), 'template')} (an account keeps up to {TEMPLATES_MOST}) · click one to change it",
            width="stretch",
        )
        new_button("New template")
    if rows:
        table.table(PAGE, rows, columns(), alt="Templates by name")
    else:
        st.text("No template matches.")


def teach() -> None:
    with st.container(key="card-templates-empty"):
        heading("No templates yet")
        st.text(
            "A template is a text your team sends often, checked once and filled in with one click on Quick SMS and "
            "Bulk SMS. Names in double brackets, such as ((name)), are replaced by columns of the file or list."
        )
        new_button("Write the first one")


def new_button(label: str) -> None:
    st.button(label, icon=":material/add:", type="primary", key=f"{PAGE}-new", on_click=ask, args=(PAGE, NEW))


def edit(row: Row | None) -> None:
    """The form of a new or kept template; nothing typed is lost when it is refused."""
    send_styles()
    routes = {route.id: route for route in engine.routes.selectable(actor)}
    begin_with(row, routes)
    name = st.text_input("Name", key=key("name"), placeholder="Parcel ready", autocomplete="off")
    chosen = st.selectbox(
        "Route (optional)",
        [NO_ROUTE, *routes],
        key=key("route"),
        format_func=lambda route_id: routes[route_id].display_name if route_id else "Chosen when sending",
    )
    route = routes.get(chosen)
    sender = st.text_input("Sender ID (optional)", key=key("sender"), autocomplete="off")
    text = st.text_area(
        "Content",
        key=key("content"),
        height=150,
        max_chars=ROOM * CONTENT_LENGTH,
        placeholder="Start with your brand name",
    )
    live_counter(watches=key("content"), text=text, rule=route.count_rule if route else CountRule.MISSION)
    rules = route.rules if route else DEFAULT_RULES
    verdict = content.check(text, rules, template=bool(content.placeholders(text)))
    show_findings(text, verdict, key=key("fix"), fix=replace_content)
    if row is not None and row["problem"] and verdict.ok:
        notice("warning", "This is a draft: it cannot be sent as it is.", row["problem"])
    if foot("Save", key=key("save"), back=shut):
        save(row, name, text, sender, chosen or None)
    if row is not None:
        more(row)


def begin_with(row: Row | None, routes: Mapping[int, object]) -> None:
    """Fills the fields once when the dialog opens."""
    if st.session_state.get(key("of")) == (row["id"] if row else 0):
        return
    st.session_state[key("of")] = row["id"] if row else 0
    kept = row or {"name": "", "content": "", "sender": None, "route_id": None}
    st.session_state[key("name")] = kept["name"]
    st.session_state[key("content")] = kept["content"]
    st.session_state[key("sender")] = kept["sender"] or ""
    st.session_state[key("route")] = kept["route_id"] if kept["route_id"] in routes else NO_ROUTE


def key(name: str) -> str:
    return f"{PAGE}-ask-{name}"


def replace_content(fixed: str) -> None:
    st.session_state[key("content")] = fixed


def save(row: Row | None, name: str, text: str, sender: str, route_id: int | None) -> None:
    try:
        saved = engine.templates.save(
            require(*SENDING_ROLES),
            name=name,
            text=text,
            sender=sender,
            route_id=route_id,
            template_id=row["id"] if row else None,
        )
    except ImsError as error:
        refusal(error, "What you entered is kept.")
        return
    if saved.problem:
        leave_note("warning", f"Saved as a draft, which cannot be sent as it is: {saved.problem}")
    else:
        leave_note("success", f"The template is saved ({show.plural(saved.sms, 'SMS', 'SMS')}).")
    shut()
    st.rerun()


def more(row: Row) -> None:
    """What else can be done with a kept template."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not row["problem"]:
            link(QUICK_SMS, "Use in Quick SMS", template=row["id"])
            link(BULK_SMS, "Use in Bulk SMS", template=row["id"])
        with st.popover("Delete", icon=":material/delete:", key=f"{PAGE}-delete"):
            st.caption("It is gone for your whole team. Messages sent with it keep their text.")
            if st.button("Delete now", type="primary", key=f"{PAGE}-delete-now"):
                engine.templates.delete(require(*SENDING_ROLES), row["id"])
                leave_note("success", "The template is deleted.")
                shut()
                st.rerun()
    st.caption(f"Changed {show.when(row['changed_us'], actor.zone)}")


def shut() -> None:
    table.close(PAGE)
    stop_asking(PAGE)


def body() -> None:
    begin(TEMPLATES.title)
    address.arrived(PAGE, fill, probe=f"{PAGE}-shown")
    st.session_state[f"{PAGE}-shown"] = True
    listing()
    opened = table.opened(PAGE)
    if opened is None:
        dialog(PAGE, NEW, "New template", lambda: edit(None), width="medium")
    else:
        open_one(opened)
    address.keep(PAGE, {"template": opened, "q": st.session_state.get(search_key(PAGE))})


def open_one(template_id: int) -> None:
    try:
        row = engine.templates.get(actor, template_id)
    except AccessError as error:
        refusal(error)
        return
    st.dialog("Template", width="medium", on_dismiss=shut)(edit)(row)


body()
