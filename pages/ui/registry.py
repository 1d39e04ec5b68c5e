"""Every page in one table: navigation is built from it, guards and tests read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.model import CUSTOMER_ROLES, EVERY_ROLE, OPERATOR_ROLES, SENDING_ROLES, Role

FOLDER: Final = Path(__file__).parent.parent
NOBODY: Final[frozenset[Role]] = frozenset()


@dataclass(frozen=True, slots=True)
class PageEntry:
    """`roles` empty: for visitors who are not signed in. `visible` False: reached by links, not by the menu."""

    file: str
    title: str
    icon: str
    roles: frozenset[Role]
    group: str = ""
    visible: bool = True

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    @property
    def url_path(self) -> str:
        """Address below the root; the name of the file."""
        return self.file.removesuffix(".py")

    @property
    def public(self) -> bool:
        return not self.roles


LOGIN: Final = PageEntry("login.py", "Log in", ":material/login:", NOBODY, visible=False)
REGISTER: Final = PageEntry("register.py", "Register", ":material/person_add:", NOBODY, visible=False)
JOIN: Final = PageEntry("join.py", "Join", ":material/group_add:", NOBODY, visible=False)
RESET: Final = PageEntry("reset.py", "New password", ":material/key:", NOBODY, visible=False)
SETUP: Final = PageEntry("setup.py", "Set up", ":material/build:", NOBODY, visible=False)
DASHBOARD: Final = PageEntry("dashboard.py", "Dashboard", ":material/monitoring:", EVERY_ROLE, "Overview")
QUICK_SMS: Final = PageEntry("quick_sms.py", "Quick SMS", ":material/send:", SENDING_ROLES, "Send")
BULK_SMS: Final = PageEntry("bulk_sms.py", "Bulk SMS", ":material/upload_file:", SENDING_ROLES, "Send")
CONTACTS: Final = PageEntry("contacts.py", "Contact lists", ":material/contacts:", SENDING_ROLES, "Send")
TEMPLATES: Final = PageEntry("templates.py", "Templates", ":material/text_snippet:", SENDING_ROLES, "Send")
OPT_OUTS: Final = PageEntry("opt_outs.py", "Opt-outs", ":material/do_not_disturb_on:", SENDING_ROLES, "Send")
TASK_RECORD: Final = PageEntry("task_record.py", "Task record", ":material/list_alt:", EVERY_ROLE, "Records")
SENDING_RECORD: Final = PageEntry("sending_record.py", "Sending record", ":material/outbox:", EVERY_ROLE, "Records")
SMS_HISTORY: Final = PageEntry("sms_history.py", "SMS history list", ":material/sms:", EVERY_ROLE, "Records")
INBOX: Final = PageEntry("inbox.py", "Inbox", ":material/inbox:", EVERY_ROLE, "Records")
TOPUP_HISTORY: Final = PageEntry(
    "topup_history.py", "Top-up history list", ":material/account_balance_wallet:", EVERY_ROLE, "Records"
)
TOP_UP: Final = PageEntry("top_up.py", "Top up", ":material/add_card:", frozenset({Role.OWNER}), "Account")
TEAM: Final = PageEntry("team.py", "Team", ":material/groups:", CUSTOMER_ROLES, "Account")
STAFF_USERS: Final = PageEntry("staff_users.py", "Users", ":material/badge:", OPERATOR_ROLES, "Server")
STAFF_ACCOUNTS: Final = PageEntry("staff_accounts.py", "Accounts", ":material/business:", OPERATOR_ROLES, "Customers")
STAFF_CASES: Final = PageEntry("staff_cases.py", "Cases", ":material/forum:", OPERATOR_ROLES, "Customers")
SUPPORT: Final = PageEntry("support.py", "Cases", ":material/forum:", CUSTOMER_ROLES, "Help")
HELP: Final = PageEntry("help.py", "Help", ":material/help:", EVERY_ROLE, "Help")
NOTICES: Final = PageEntry("notices.py", "Notices", ":material/notifications:", EVERY_ROLE, visible=False)
STAFF_ROUTES: Final = PageEntry("staff_routes.py", "Routes", ":material/alt_route:", OPERATOR_ROLES, "Product")
STAFF_TOPUPS: Final = PageEntry(
    "staff_topups.py", "Top-up requests", ":material/payments:", OPERATOR_ROLES, "Customers"
)
STAFF_BILLING: Final = PageEntry("staff_billing.py", "Prices & bank", ":material/sell:", OPERATOR_ROLES, "Product")
STAFF_COUNTRIES: Final = PageEntry("staff_countries.py", "Countries", ":material/public:", OPERATOR_ROLES, "Product")
SENDER_IDS: Final = PageEntry("sender_ids.py", "Sender IDs", ":material/label:", SENDING_ROLES, "Account")
STAFF_TERMS: Final = PageEntry("staff_terms.py", "Terms", ":material/gavel:", OPERATOR_ROLES, "Product")
STAFF_AUDIT: Final = PageEntry("staff_audit.py", "Audit log", ":material/history:", OPERATOR_ROLES, "Server")
STAFF_SYSTEM: Final = PageEntry("staff_system.py", "System", ":material/dns:", OPERATOR_ROLES, "Server")
TASK: Final = PageEntry("task.py", "Task", ":material/task:", EVERY_ROLE, visible=False)
ACCOUNT: Final = PageEntry("account.py", "Your account", ":material/manage_accounts:", EVERY_ROLE, visible=False)

PAGES: Final[tuple[PageEntry, ...]] = (
    DASHBOARD,
    *(STAFF_ACCOUNTS, STAFF_TOPUPS, STAFF_CASES),
    *(QUICK_SMS, BULK_SMS, CONTACTS, TEMPLATES, OPT_OUTS),
    *(TASK_RECORD, SENDING_RECORD, SMS_HISTORY, INBOX, TOPUP_HISTORY),
    *(TOP_UP, TEAM, SENDER_IDS),
    *(STAFF_ROUTES, STAFF_BILLING, STAFF_COUNTRIES, STAFF_TERMS),
    *(STAFF_USERS, STAFF_AUDIT, STAFF_SYSTEM),
    *(HELP, SUPPORT),
    *(NOTICES, TASK, ACCOUNT),
    *(LOGIN, REGISTER, JOIN, RESET, SETUP),
)
"""In the order of the menu."""


def home_of(role: Role) -> PageEntry:
    """Where a role begins."""
    return DASHBOARD if role in CUSTOMER_ROLES else STAFF_ACCOUNTS
