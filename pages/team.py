"""The team of an account: its members and their roles, invitations."""

from __future__ import annotations

import streamlit as st

from engine.model import CUSTOMER_ROLES, Role
from pages.ui.guard import require
from pages.ui.helping import help_link
from pages.ui.invitations import invitations_panel
from pages.ui.members import members_panel
from pages.ui.records import begin
from pages.ui.registry import TEAM

actor = require(*CUSTOMER_ROLES)

begin(TEAM.title)
if actor.role is Role.OWNER:
    st.text("Everybody here shares one credit balance. Invite people by link; each role sees and does what it needs.")
else:
    st.text("Everybody here shares one credit balance. Owners invite, change roles and remove.")
help_link("roles")
members_panel(actor, actor.account_id)
invitations_panel(actor)
