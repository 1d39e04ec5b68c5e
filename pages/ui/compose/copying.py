"""The recipients of an earlier task, put into the form of a new one."""

from __future__ import annotations

import streamlit as st

from engine.model import Actor
from pages.ui import format as show
from pages.ui.compose.flow import Flow, Upload
from pages.ui.context import get_engine


def copy_people(flow: Flow, actor: Actor, task_id: int, file_name: str | None) -> str:
    """Fills in who the task was for, where that is possible; returns what is left to do."""
    people = get_engine().tasks.copy_list(actor, task_id)
    if people is None:
        return "Upload its file again: each recipient had a text of their own, and the other columns are not kept."
    count = people.frame.height
    if flow.kind == "bulk":
        flow.upload = Upload(file_name or f"Recipients of task {task_id}", b"", people=people)
        flow.uploads += 1
    elif count <= get_engine().config.quick_limit:
        st.session_state[flow.key("people")] = ", ".join(number.lstrip("+") for number in people.frame["msisdn"])
    else:
        return "Add the recipients."
    return f"Its {show.plural(count, 'recipient is', 'recipients are')} filled in; check them and the text."
