"""What the tests of the staff desk share: a world with real members of the operator, and refusals by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.accounts import Accounts
from engine.errors import ImsError
from engine.model import Actor, Role
from tests.kit import World, raw, world
from tests.pages.conftest import PASSWORD


def desk_world(folder: Path, *, credit: int = 1_000, started: bool = False) -> World:
    """A world whose passwords cost nothing."""
    made = world(folder, credit=credit, started=started)
    made.engine.accounts = Accounts(made.store, made.clock, made.engine.config, password_cost=4)
    return made


def operator(made: World, role: Role = Role.STAFF) -> Actor:
    """A member of the operator's, signed in."""
    name = f"{role.value}-one"
    accounts = made.engine.accounts
    accounts.create_operator(name, f"{name}@example.com", PASSWORD, role)
    actor = accounts.actor_of(accounts.redeem(accounts.sign_in(name, PASSWORD), "Test"))
    assert actor is not None
    return actor


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ImsError) as caught:
        call()
    return caught.value.code


def notices_of(made: World, account_id: int) -> list[str]:
    rows = raw(made, "select sentence from notice where account_id = $1 order by id", account_id)
    return [str(row["sentence"]) for row in rows]


def audited(made: World, action: str) -> list[dict[str, object]]:
    return raw(made, "select * from audit where action = $1 order by id", action)
