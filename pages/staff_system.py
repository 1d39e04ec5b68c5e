"""System: is the server well, what waits where, do the books add up, are there backups. Drawn anew all the time."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from engine.errors import ImsError
from engine.model import OPERATOR_ROLES, Role
from engine.store import Row
from engine.system import ChoreRun, Overview
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.dialogs import foot
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import plain_table, send_styles
from pages.ui.records import begin, facts, figure_card, heading
from pages.ui.registry import STAFF_SYSTEM
from pages.ui.status import JOB, badge

actor = require(*OPERATOR_ROLES)
engine = get_engine()
PAGE: Final = "system"
EVERY_S: Final = 5
METRIC_WIDTH: Final = 150
JOBS_DRAWN: Final = 10
DROPPING: Final = f"{PAGE}-drop"
STEPS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
PROVING, BACKING_UP = "reconciliation on request", "backup on request"


def size(count: int | None) -> str:
    """Bytes as people say them: "1.2 GB"."""
    if count is None:
        return show.NOTHING
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if abs(count) >= step:
            return f"{count / step:,.1f} {unit}"
    return f"{count} B"


@st.fragment(run_every=EVERY_S)
def live() -> None:
    who = require(*OPERATOR_ROLES)
    seen = engine.system.overview(who)
    trouble(seen)
    headline(seen)
    left, right = st.columns(2, gap="medium")
    with left:
        server(seen)
        proof(seen)
    with right:
        backups(seen)
    chores(seen)
    queues(seen)
    jobs(seen)


def trouble(seen: Overview) -> None:
    """What somebody should do something about, first."""
    if not seen.scheduler_ok:
        notice("error", "The scheduler does not run.", "Nothing is sent or settled. Read the server's log; restart it.")
    if seen.proof is not None and not seen.proof.ok:
        notice("error", "The books do not add up: sending is stopped.", "Find the cause, then prove them again.")
    for route in seen.queues:
        if route["down_since_us"] is not None and route["enabled"]:
            since = show.when(route["down_since_us"], actor.zone)
            notice("warning", f"Route “{route['name']}” has been down since {since}.", route["last_error"] or "")
    if seen.jobs.get("failed"):
        notice("warning", f"{show.plural(seen.jobs['failed'], 'job has', 'jobs have')} failed.", "Decide below.")
    if seen.disk_free_bytes < max(2 * seen.database_bytes, 10**9):
        notice("warning", f"Only {size(seen.disk_free_bytes)} of the disk are free.", "Backups need room.")


def headline(seen: Overview) -> None:
    grown = f"{size(seen.grown_bytes)} in {show.plural(seen.grown_days, 'day')}" if seen.grown_days else None
    figures = (
        ("scheduler", "Scheduler", "Running" if seen.scheduler_ok else "Stopped", None),
        ("database", "Database", size(seen.database_bytes), grown),
        ("memory", "Memory", size(seen.memory_bytes), None),
        ("disk", "Disk free", size(seen.disk_free_bytes), None),
    )
    with st.grid(4, min_column_width=METRIC_WIDTH):
        for name, label, value, change in figures:
            with figure_card(f"{PAGE}-{name}"):
                st.metric(label, value, change, delta_color="off")


def server(seen: Overview) -> None:
    with st.container(key="card-system-server"):
        heading("Server")
        facts(
            {
                "Version": seen.version,
                "Running for": show.duration(seen.uptime_us),
                "Last round of the scheduler": f"{seen.since_tick_s:.1f} s ago",
                "Database file": size(seen.database_bytes - seen.wal_bytes),
                "Write-ahead log": size(seen.wal_bytes),
                "Disk": f"{size(seen.disk_free_bytes)} free of {size(seen.disk_bytes)}",
            }
        )


def ran(seen: Overview, name: str) -> ChoreRun | None:
    return next((chore for chore in seen.chores if chore.name == name), None)


def proof(seen: Overview) -> None:
    with st.container(key="card-system-proof"):
        heading("Books")
        if seen.proof is None:
            st.text("Not proved since the server started.")
        else:
            words = "They add up" if seen.proof.ok else "They do not add up"
            kind = "quick proof" if seen.proof.quick else "full proof"
            st.badge(words, icon=":material/balance:", color="green" if seen.proof.ok else "red")
            st.caption(f"{kind.capitalize()} at {show.when(seen.proof.at_us, actor.zone, seconds=True)}")
            wrong = {name.replace("_", " ").capitalize(): str(n) for name, n in seen.proof.found.items() if n}
            if wrong:
                facts(wrong)
        push("Prove them now", PROVING, seen, ":material/balance:")


def push(label: str, chore: str, seen: Overview, icon: str) -> None:
    """A button for something that runs in the background, for administrators; and how it went."""
    run = ran(seen, chore)
    busy = run is not None and run.running
    if run is not None and run.error:
        notice("error", "The last one that was asked for failed.", run.error)
    if actor.role is Role.ADMIN:
        words = "Running …" if busy else label
        st.button(words, icon=icon, key=f"{PAGE}-{chore}", disabled=busy, on_click=partial(ask_for, chore))


def ask_for(chore: str) -> None:
    who = require(Role.ADMIN)
    (engine.system.reconcile_now if chore == PROVING else engine.system.back_up_now)(who)


def backups(seen: Overview) -> None:
    found = engine.system.backups(actor)
    hours, kept = engine.config.backup_hours, engine.config.backups_kept
    with st.container(key="card-system-backups"):
        heading("Backups")
        if not found:
            st.text("None yet. A backup is a copy of the database and the documents that can be put back.")
        else:
            plain_table(
                ("Made", "File", "Size"),
                [(show.when(one.made_us, actor.zone), one.path.name, size(one.bytes)) for one in found],
                label="Backups, newest first",
                words=(1,),
            )
        rhythm = f"One {every(3_600 * hours)}" if hours else "None by itself (IMS_BACKUP_HOURS is 0)"
        st.caption(f"{rhythm}; the newest {kept} are kept. Copy them to another machine.")
        push("Back up now", BACKING_UP, seen, ":material/backup:")


def chores(seen: Overview) -> None:
    with st.container(key="card-system-chores"):
        heading("Chores")
        plain_table(
            ("Chore", "Outcome", "Runs", "Last", "Took"),
            [
                (
                    chore.name.capitalize(),
                    outcome(chore),
                    every(chore.every_s),
                    show.when(chore.started_us, actor.zone),
                    show.duration(chore.took_us),
                )
                for chore in seen.chores
            ],
            label="Chores of the scheduler",
            words=(1, 2),
            whole=True,
        )


def every(seconds: int) -> str:
    """ "every 15 minutes", "every hour"; 0 is only done when asked for."""
    if not seconds:
        return "when asked for"
    step, word = next((step, word) for step, word in STEPS if seconds % step == 0)
    return f"every {word}" if seconds == step else f"every {seconds // step:,} {word}s"


def outcome(chore: ChoreRun) -> str:
    if chore.running:
        return "Running"
    if chore.took_us is None:
        return "Not yet"
    return f"Failed: {chore.error}" if chore.error else "Done"


def queues(seen: Overview) -> None:
    with st.container(key="card-system-queues"):
        heading("Sending")
        plain_table(
            ("Route", "State", "Scheduled", "Waiting", "In flight", "Receipts awaited", "Oldest", "Parked"),
            [
                (
                    row["name"],
                    state_of(row),
                    *(show.number(row[name]) for name in ("scheduled", "queued", "in_flight", "awaited")),
                    show.when(row["oldest_us"], actor.zone),
                    show.number(row["parked"]),
                )
                for row in seen.queues
            ],
            label="Messages on each route",
            words=(1,),
            whole=True,
        )
        st.caption("Parked receipts name no message that is awaited; they are kept for a day.")


def state_of(row: Row) -> str:
    if row["down_since_us"] is not None:
        return "Down"
    return "Open" if row["enabled"] else "Closed"


def jobs(seen: Overview) -> None:
    rows = engine.system.jobs(actor)
    with st.container(key="card-system-jobs"):
        heading("Jobs")
        if not rows:
            st.text("Nothing waits. A scheduled task is a job until its time comes.")
            return
        counts = ", ".join(f"{number:,} {state}" for state, number in sorted(seen.jobs.items()))
        st.caption(f"{counts}. A job that does not succeed is tried 20 times, then it is called failed.")
        for row in rows[:JOBS_DRAWN]:
            job_line(row)


def job_line(row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(JOB, row["state"])
        with st.container(gap=None, width="stretch"):
            tried = f" · tried {show.plural(row['attempts'], 'time')}" if row["attempts"] else ""
            st.text(job_words(row["key"]) + tried)
            if row["last_error"]:
                st.text(row["last_error"])
        st.caption(show.when(row["run_us"], actor.zone), width="content")
        if row["state"] == "failed" and actor.role is Role.ADMIN:
            if st.button("Try again", key=f"{PAGE}-retry-{row['id']}"):
                retry(row["id"])
                st.rerun()
            if st.button("Give up", key=f"{PAGE}-drop-{row['id']}"):
                ask_drop(row["id"])
                st.rerun()


def job_words(key: str) -> str:
    """ "dispatch:5" → "Send task 5"."""
    name, _, task = key.partition(":")
    return f"Send task {task}" if name == "dispatch" else key


def retry(job_id: int) -> None:
    try:
        engine.system.retry_job(require(Role.ADMIN), job_id)
    except ImsError as error:
        leave_note("error", error.message)
    else:
        leave_note("success", "The job begins anew.")


def ask_drop(job_id: int | None) -> None:
    st.session_state[DROPPING] = job_id


@st.dialog("Give this job up?", on_dismiss=partial(ask_drop, None))
def confirm_drop(job_id: int) -> None:
    st.text("It is not tried again. A task it would have sent stays as it is; cancelling it returns its credit.")
    if foot("Give it up", key=f"{PAGE}-drop-yes", back=partial(ask_drop, None)):
        try:
            engine.system.drop_job(require(Role.ADMIN), job_id)
        except ImsError as error:
            refusal(error)
            return
        ask_drop(None)
        leave_note("success", "The job was given up.")
        st.rerun()


send_styles()
begin(STAFF_SYSTEM.title)
if st.session_state.get(DROPPING) is not None:
    confirm_drop(st.session_state[DROPPING])
live()
