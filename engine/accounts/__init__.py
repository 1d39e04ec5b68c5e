"""Accounts, their people and roles, sign-in, and the audit log."""

from __future__ import annotations

from engine.accounts.audit import confirm, record_audit
from engine.accounts.forms import RegisterForm
from engine.accounts.service import Accounts

__all__ = ["Accounts", "RegisterForm", "confirm", "record_audit"]
