"""The operator's own people: staff and administrators. Administrators change them, staff look."""

from __future__ import annotations

import streamlit as st

from engine.model import OPERATOR_ROLES, Role
from pages.ui.guard import require
from pages.ui.invitations import invitations_panel
from pages.ui.members import members_panel
from pages.ui.records import begin
from pages.ui.registry import STAFF_USERS

actor = require(*OPERATOR_ROLES)

begin(STAFF_USERS.title)
if actor.role is Role.ADMIN:
    st.text("Who runs this server. The members of customers are found at their account, on the page Accounts.")
else:
    st.text("Who runs this server. Administrators invite, change roles and remove.")
members_panel(actor, actor.account_id)
invitations_panel(actor)
