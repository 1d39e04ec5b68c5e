"""Settings: every `IMS_*` environment variable, its default and its limits, in one place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import SettingError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Role

SETTINGS: Final[dict[str, tuple[str, str]]] = {
    "IMS_DATA": ("data", "Folder of the database, uploaded documents and backups."),
    "IMS_URL": ("", "Database, `duckdb:///path/to/file.db`. Empty: `ims.db` in IMS_DATA."),
    "IMS_SECRET": ("", "Signs cookies and set-up links. Empty: made at first start and kept in IMS_DATA/secret."),
    "IMS_HOST": ("127.0.0.1", "Address the web server listens on."),
    "IMS_PORT": ("8501", "Port of the web server (`PORT` is read too)."),
    "IMS_PUBLIC_URL": ("", "Address people use, for links. Empty: made from host and port; https sets Secure cookies."),
    "IMS_ZONE": ("UTC", "Time zone of a new account, such as Australia/Sydney."),
    "IMS_COUNTRY": ("", "Country of numbers written without country code, such as AU. Empty: none is assumed."),
    "IMS_QUICK_LIMIT": ("100", "Most recipients on the quick SMS page (1–5000)."),
    "IMS_APPROVE_ACCOUNTS": ("0", "1: staff must approve a new account before it can log in."),
    "IMS_REGISTRATIONS_PER_HOUR": ("100", "Most teams that may register within an hour, all together (1–100000)."),
    "IMS_REQUIRE_2FA": ("0", "Who must sign in with a second step: `0` nobody, `operators` staff and admins, `all`."),
    "IMS_SENDER_APPROVAL": ("0", "1: only sender IDs that staff approved for the account can be used."),
    "IMS_BACKUP_HOURS": ("24", "Hours between backups in IMS_DATA/backups (0–8760). 0: none by itself."),
    "IMS_BACKUPS_KEPT": ("7", "Backups kept; the oldest go first (1–1000)."),
    "IMS_SUPPORT": ("your operator's staff", "How customers reach staff; shown when something fails."),
    "IMS_TEST_ROUTE": ("sim://", "Gateway of the route made at the first start."),
    "IMS_SECOND_APPROVAL": ("0", "Top-ups of this many credits or more need two members of staff. 0: one is enough."),
    "IMS_MEMORY_MB": ("400", "Most memory the database may use (64–65536)."),
}
"""Name → (default, what it means). README lists the same table; a test compares them."""

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Config:
    data: Path
    url: str
    host: str
    port: int
    public_url: str
    zone: str
    country: str | None
    quick_limit: int
    approve_accounts: bool
    registrations_per_hour: int
    second_step_roles: frozenset[Role]
    sender_approval: bool
    backup_hours: int
    backups_kept: int
    support: str
    first_gateway: str
    second_approval: int
    memory_mb: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Reads the environment; raises SettingError naming the variable and the problem."""
        given = os.environ if env is None else env

        def text(name: str) -> str:
            return given.get(name, "").strip() or SETTINGS[name][0]

        def whole(name: str, value: str, least: int, most: int) -> int:
            if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
                raise SettingError("setting", name=name, value=value, problem=f"use a number {least}–{most}.")
            return int(value)

        data = Path(text("IMS_DATA")).expanduser().resolve()
        port_text = given.get("IMS_PORT", "").strip() or given.get("PORT", "").strip() or SETTINGS["IMS_PORT"][0]
        port = whole("IMS_PORT", port_text, 1, 65_535)
        host = text("IMS_HOST")
        return cls(
            data=data,
            url=text("IMS_URL") or f"duckdb:///{data / 'ims.db'}",
            host=host,
            port=port,
            public_url=(text("IMS_PUBLIC_URL") or f"http://{host}:{port}").rstrip("/"),
            zone=text("IMS_ZONE"),
            country=text("IMS_COUNTRY").upper() or None,
            quick_limit=whole("IMS_QUICK_LIMIT", text("IMS_QUICK_LIMIT"), 1, 5_000),
            approve_accounts=text("IMS_APPROVE_ACCOUNTS") == "1",
            registrations_per_hour=whole("IMS_REGISTRATIONS_PER_HOUR", text("IMS_REGISTRATIONS_PER_HOUR"), 1, 100_000),
            second_step_roles=_second_step_roles(text("IMS_REQUIRE_2FA")),
            sender_approval=text("IMS_SENDER_APPROVAL") == "1",
            backup_hours=whole("IMS_BACKUP_HOURS", text("IMS_BACKUP_HOURS"), 0, 8_760),
            backups_kept=whole("IMS_BACKUPS_KEPT", text("IMS_BACKUPS_KEPT"), 1, 1_000),
            support=text("IMS_SUPPORT"),
            first_gateway=text("IMS_TEST_ROUTE"),
            second_approval=whole("IMS_SECOND_APPROVAL", text("IMS_SECOND_APPROVAL"), 0, 100_000_000),
            memory_mb=whole("IMS_MEMORY_MB", text("IMS_MEMORY_MB"), 64, 65_536),
        )

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")


def _second_step_roles(value: str) -> frozenset[Role]:
    found = {"0": frozenset[Role](), "operators": OPERATOR_ROLES, "all": EVERY_ROLE}.get(value.lower())
    if found is None:
        raise SettingError("setting", name="IMS_REQUIRE_2FA", value=value, problem="use 0, operators or all.")
    return found


def secret_of(config: Config, env: Mapping[str, str] | None = None) -> str:
    """IMS_SECRET, or the one made at first start (file readable by its owner only)."""
    given = (os.environ if env is None else env).get("IMS_SECRET", "").strip()
    if given:
        return given
    path = config.data / "secret"
    config.data.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        made = secrets.token_urlsafe(SECRET_BYTES)
        file.write(made)
    return made
