"""The draft of a page: what stands in its fields is kept on the server, and comes back after a reload or sign-out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Any, Final

import streamlit as st

from engine.drafts import DraftPage, Fields
from engine.errors import InputError
from engine.model import SENDING_ROLES, Actor
from engine.tasks import Times
from pages.ui import format as show
from pages.ui.compose.flow import Flow, Upload, empty_form
from pages.ui.context import current_actor, get_engine
from pages.ui.guard import require

TYPED: Final = ("name", "sender", "people", "content")
WORTH_KEEPING: Final = (*TYPED, "list")
"""Fields that make a form worth keeping; the others have a value from the start."""
READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "route": int,
    "from": str,
    "list": int,
    **dict.fromkeys(TYPED, str),
    "when": str,
    "day": date.fromisoformat,
    "clock": time.fromisoformat,
    "times": Times,
}
"""Field → how its widget's value is made of what was kept."""


def page_of(flow: Flow) -> DraftPage:
    return DraftPage(flow.kind)


def restore(flow: Flow, actor: Actor) -> None:
    """Fills an untouched form with the member's draft, once."""
    if flow.looked:
        return
    flow.looked = True
    kept = get_engine().drafts.load(actor, page_of(flow))
    if kept is None:
        return
    for name, value in _readable(kept.fields, actor).items():
        st.session_state[flow.key(name)] = value
    if kept.file is not None:
        column = kept.fields.get("column")
        flow.upload = Upload(*kept.file, column=str(column) if column else None, kept=True)
    flow.restored_us = kept.saved_us


def _readable(fields: Fields, actor: Actor) -> dict[str, Any]:
    """What can still be shown; a time that lies behind us is not."""
    values: dict[str, Any] = {}
    for name, reader in READERS.items():
        given = fields.get(name)
        if given is not None:
            with suppress(ValueError, TypeError):  # kept by an older version: the field begins empty
                values[name] = reader(given)
    today = show.local_time(get_engine().clock.now_us(), actor.zone).date()
    if values.get("day", today) < today - timedelta(days=1):
        for name in ("when", "day", "clock"):
            values.pop(name, None)
    return values


def restored_line(flow: Flow, actor: Actor) -> None:
    """Says that the form was filled from a draft, and offers to begin anew."""
    if flow.restored_us is None:
        return
    saved, now = (show.local_time(at_us, actor.zone) for at_us in (flow.restored_us, get_engine().clock.now_us()))
    when = f"{saved:%H:%M}" if saved.date() == now.date() else show.when(flow.restored_us, actor.zone)
    with st.container(key=f"ims-restored-{flow.kind}", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/restore: Draft restored from {when}", width="content")
        st.button("Discard", key=flow.key("discard"), type="tertiary", on_click=_discard, args=(flow,))


def _discard(flow: Flow) -> None:
    get_engine().drafts.discard(require(*SENDING_ROLES), page_of(flow))
    empty_form(flow.kind, looked=True)


def keep_file(flow: Flow, upload: Upload) -> None:
    """Keeps a new upload's bytes before they are let go."""
    if not upload.kept:
        get_engine().drafts.save_file(require(*SENDING_ROLES), page_of(flow), upload.data)
        upload.kept = True


def keep(flow: Flow, actor: Actor, *, content: str | None = None) -> None:
    """Last thing of a run: writes the fields when they changed; an emptied form leaves no draft.

    `content` is newer than what the server knows of the field.
    """
    fields = _fields(flow)
    if content is not None:
        fields["content"] = content
    file_name = flow.upload.name if flow.upload and flow.upload.kept else None
    empty = file_name is None and not any(fields.get(name) for name in WORTH_KEEPING)
    mark = "" if empty else hashlib.sha256(json.dumps([fields, file_name], sort_keys=True).encode()).hexdigest()
    if mark == flow.saved_mark:
        return
    drafts = get_engine().drafts
    if empty:
        drafts.discard(actor, page_of(flow))
    else:
        with suppress(InputError):  # more than a draft can hold: the page itself says what is too long
            drafts.save(actor, page_of(flow), fields, file_name=file_name)
    flow.saved_mark = mark


def keep_typed(flow: Flow, text: str) -> None:
    """The content while it is being typed: a session that ends before the box is left loses nothing."""
    actor = current_actor()
    if actor is not None and actor.role in SENDING_ROLES:
        keep(flow, actor, content=text)


def _fields(flow: Flow) -> dict[str, str | int | None]:
    values: dict[str, str | int | None] = {}
    for name in READERS:
        value = st.session_state.get(flow.key(name))
        if value is not None and value != "":
            values[name] = value if isinstance(value, int) else str(value)
    if flow.upload and flow.upload.column:
        values["column"] = flow.upload.column
    return values
