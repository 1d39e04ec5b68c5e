"""Audit log: who did what to which account, filtered, in pages, as a file. `?account= &person= &action= &q=`"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import streamlit as st

from engine.errors import AccessError
from engine.model import OPERATOR_ROLES
from engine.store import Row
from engine.system import AuditFilter
from pages.ui import address, table
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.filters import ANY, account_choice, choice, dates_bar, dates_values, fill_dates
from pages.ui.guard import require
from pages.ui.period import Preset
from pages.ui.records import Pager, begin, drawer, facts, link, name_line, row_id
from pages.ui.registry import STAFF_ACCOUNTS, STAFF_AUDIT
from pages.ui.staff.audit_words import person_of, words_of

actor = require(*OPERATOR_ROLES)
engine = get_engine()
PAGE: Final = "audit"
FILTER_WIDTH: Final = 165
SEARCH_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    page: str
    wanted: AuditFilter


def key(name: str) -> str:
    return f"{PAGE}-{name}"


def fill(given: address.Values) -> None:
    fill_dates(PAGE, given, default=Preset.MONTH)
    st.session_state[key("q")] = given.get("q", "")[:SEARCH_LENGTH]
    st.session_state[key("account")] = address.number_in(given.get("account"))
    st.session_state[key("person")] = address.number_in(given.get("person"))
    st.session_state[key("action")] = given.get("action")
    st.session_state[key("staff")] = given.get("staff") == "1"
    table.open_row(PAGE, None)


def chosen(name: str) -> int | str | None:
    found = st.session_state.get(key(name))
    return None if found == ANY else found


def filters() -> AuditFilter:
    address.arrived(PAGE, fill, probe=key("dates"))
    period = dates_bar(actor, PAGE)
    actions, people = engine.system.audit_choices(actor)
    with st.grid(4, min_column_width=FILTER_WIDTH, gap="small"):
        st.text_input(
            "Search", key=key("q"), type="search", placeholder="Reason, name, number", max_chars=SEARCH_LENGTH
        )
        names = {row["id"]: f"{row['full_name']} · {row['user_name']}" for row in people}
        choice(key("person"), "Person", names, nothing="Anybody")
        account_choice(actor, key("account"))
        choice(key("action"), "Action", {action: words_of(action) for action in actions}, nothing="Any action")
    st.toggle("Only what staff did", key=key("staff"))
    account, person, action = chosen("account"), chosen("person"), chosen("action")
    return AuditFilter(
        account_id=account if isinstance(account, int) else None,
        member_id=person if isinstance(person, int) else None,
        action=action if isinstance(action, str) else None,
        staff_only=bool(st.session_state[key("staff")]),
        search=st.session_state[key("q")] or "",
        start_us=period.start_us,
        end_us=period.end_us,
    )


def columns() -> list[table.Column]:
    return [
        table.when("Time", "created_us", actor),
        table.text("Person", person_of),
        table.text("Action", lambda row: words_of(row["action"]), width="medium"),
        table.text("Account", lambda row: row["account_name"]),
        table.text("What", lambda row: row["subject"]),
        table.text("Detail", lambda row: row["detail"] or None, width="medium"),
    ]


def export(wanted: AuditFilter) -> None:
    today = show.local_time(engine.clock.now_us(), actor.zone).date()
    st.download_button(
        "Export CSV",
        data=partial(engine.system.export_audit, actor, wanted),
        file_name=f"audit-log-{today}.csv",
        mime="text/csv",
        key=key("export"),
        icon=":material/download:",
        on_click="ignore",
    )


def line(row: Row) -> None:
    name_line(words_of(row["action"]))
    facts(
        {
            "Time": show.when(row["created_us"], actor.zone, seconds=True),
            "Person": person_of(row),
            "User name": row["user_name"] or show.NOTHING,
            "Role": row["member_role"] or show.NOTHING,
            "Account": row["account_name"] or show.NOTHING,
            "What": row["subject"],
            "Detail": row["detail"] or show.NOTHING,
            "Line no.": str(row["id"]),
        }
    )
    if row["account_id"] is not None:
        link(STAFF_ACCOUNTS, "Open the account", id=row["account_id"])


def opened(line_id: int) -> None:
    row = next((row for row in pager.rows if row["id"] == line_id), None)
    if row is None:
        raise AccessError("not_found", what="line of the audit log")
    line(row)


begin(STAFF_AUDIT.title)
wanted = filters()
pager = Pager(Asked(PAGE, wanted), lambda after: engine.system.audit(actor, wanted, after=row_id(after)))
if pager.rows:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{pager.words} · newest first · click a line to read it in full", width="stretch")
        pager.buttons()
        export(wanted)
    table.table(PAGE, pager.rows, columns(), alt="Audit log, newest first")
else:
    with st.container(key="card-audit-none"):
        st.text("No line matches. Everything that staff and customers change is written here: choose other dates.")
drawer(PAGE, "Line of the audit log", opened)
values = {name: chosen(name) for name in ("q", "account", "person", "action")}
staff = {"staff": "1" if st.session_state[key("staff")] else None}
address.keep(PAGE, dates_values(PAGE) | values | staff)
