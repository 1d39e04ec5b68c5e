"""What the tests of accounts share: a fake clock and people who registered."""

from __future__ import annotations

from engine.accounts import Accounts, RegisterForm
from engine.model import Actor
from tests.kit import PASSWORD
from tests.kit import signed_in as signed_in_as

AGENT = "Browser/1.0"


class FakeClock:
    def __init__(self) -> None:
        self.us = 1_800_000_000_000_000

    def now_us(self) -> int:
        return self.us


def form(user_name: str = "jane", **other: str) -> RegisterForm:
    values = {"team": "Bakery", "full_name": "Jane Doe", "email": f"{user_name}@example.com", "password": PASSWORD}
    return RegisterForm(user_name=user_name, **(values | other))


def signed_in(accounts: Accounts, user_name: str = "jane", password: str = PASSWORD) -> tuple[str, Actor]:
    return signed_in_as(accounts, user_name, password)


def owner(accounts: Accounts, user_name: str = "jane") -> Actor:
    accounts.register(form(user_name))
    return signed_in(accounts, user_name)[1]


def admin(accounts: Accounts) -> Actor:
    accounts.create_first_admin(accounts.setup_token(), form("root-admin", team="Operator Pty"))
    return signed_in(accounts, "root-admin")[1]
