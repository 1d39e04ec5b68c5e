"""Accounts, their people and roles, sign-in, and the audit log."""

from __future__ import annotations

from engine.accounts.audit import confirm, reason_given, record_audit
from engine.accounts.factors import Factors
from engine.accounts.forms import RegisterForm
from engine.accounts.profile import Profile
from engine.accounts.service import Accounts
from engine.accounts.team import Team

__all__ = ["Accounts", "Factors", "Profile", "RegisterForm", "Team", "confirm", "reason_given", "record_audit"]
