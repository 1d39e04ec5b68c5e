"""One task: progress while it is sent, its credit to the last one, the accepted quote, reasons, messages. `?id=`"""

from __future__ import annotations

import streamlit as st

from engine.errors import AccessError
from pages.ui import task_view
from pages.ui.address import number_in
from pages.ui.compose.flow import forget_accepted
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice
from pages.ui.records import link
from pages.ui.registry import TASK_RECORD

actor = require()
try:
    detail = get_engine().history.task(actor, number_in(st.query_params.get("id")) or 0)
except AccessError as error:
    st.title("Task not found", anchor=False)
    notice("error", error.message, "Choose one of your tasks in the task record.")
    link(TASK_RECORD, "Task record")
    st.stop()

forget_accepted(detail.row["id"])
task_view.head(actor, detail)
task_view.route_trouble(actor, detail.row)
task_view.progress(detail.row)
task_view.outcome(detail.row)
task_view.details(actor, detail)
