"""Inviting somebody by link, and the invitations that are open."""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.accounts.team import MANAGERS, MOST_LABEL, MOST_OPEN, roles_of
from engine.errors import ImsError
from engine.model import Actor, Role
from engine.store import Row
from pages.ui import format as show
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.links import show_once
from pages.ui.members import ROLES
from pages.ui.notices import leave_note, refusal
from pages.ui.records import heading
from pages.ui.registry import JOIN
from pages.ui.status import badge

PAGE: Final = "invitations"
LINK: Final = f"{PAGE}-link"


def invitations_panel(actor: Actor) -> None:
    """The form for those who manage the account, and what is open for everybody in it."""
    left, right = st.columns(2, gap="medium")
    if actor.role in MANAGERS:
        with left:
            _form(actor)
    with right if actor.role in MANAGERS else left:
        _open_ones(actor)


def _form(actor: Actor) -> None:
    roles = [role for role in ROLES if role in roles_of(actor)]
    usual = Role.STAFF if actor.is_operator else Role.SENDER
    with st.form(f"{PAGE}-form"):
        heading("Invite somebody")
        role = st.selectbox(
            "Role",
            roles,
            index=roles.index(usual),
            format_func=lambda one: f"{ROLES[one].label}: {ROLES[one].meaning}",
            key=f"{PAGE}-role",
        )
        label = st.text_input(
            "For whom (optional)",
            key=f"{PAGE}-label",
            max_chars=MOST_LABEL,
            placeholder="ann@example.com",
            help="Only you and your team see it: it tells open invitations apart. No mail is sent.",
            autocomplete="off",
        )
        sent = st.form_submit_button("Make an invitation link", type="primary")
        if sent:
            try:
                link = get_engine().team.invite(require(*MANAGERS), Role(role), label)
            except ImsError as error:
                refusal(error)
            else:
                show_once(actor, JOIN, link, "Send this link to whom you invite, in any way you like.")


def _open_ones(actor: Actor) -> None:
    rows = get_engine().team.invitations(actor)
    with st.container(key=f"card-{PAGE}"):
        heading("Open invitations")
        if not rows:
            st.text("None. An invitation is a link that works once, within seven days.")
            return
        st.caption(f"{len(rows)} of at most {MOST_OPEN}")
        for row in rows:
            _line(actor, row)


def _line(actor: Actor, row: Row) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                badge(ROLES, row["role"])
                if row["label"]:
                    st.text(row["label"], width="content")
            st.caption(f"Until {show.when(row['expires_us'], actor.zone)}")
        if actor.role in MANAGERS and st.button("Withdraw", key=f"{PAGE}-withdraw-{row['id']}"):
            try:
                get_engine().team.revoke(require(*MANAGERS), row["id"])
            except ImsError as error:
                refusal(error)
                return
            leave_note("success", "The invitation is withdrawn; its link is void.")
            st.rerun()
