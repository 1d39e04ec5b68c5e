"""What many tests need: a moving clock, a fresh engine, people with credit, recipients."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from engine import ledger, recipients, routes
from engine.accounts import Accounts, Factors, Profile, Team
from engine.app import Engine
from engine.config import Config
from engine.errors import ImsError
from engine.gateways import GatewayFactory, InboundSink, Link, LinkWord, Outcome, ReceiptSink, Submission, gateway_for
from engine.model import MICRO, Actor, Role, SystemClock
from engine.routes import EVERYWHERE, NewRoute
from engine.store import Store, open_store
from engine.tasks import Draft

TEXT = "Your parcel arrives today"
PASSWORD = "tall green kettle"
FAST = 4
"""bcrypt's least cost: the tests check logic, not slowness."""
migrated: Path | None = None
"""An empty database with every migration in it, made once; a copy opens in a quarter of the time."""


class MovedClock:
    """Real time plus an offset that a test can push."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self.offset_us = 0

    def now_us(self) -> int:
        return self._real.now_us() + self.offset_us

    def move(self, *, seconds: float = 0, hours: float = 0) -> None:
        self.offset_us += round((seconds + hours * 3600) * 1_000_000)


def config_for(folder: Path, **changes: object) -> Config:
    config = Config.from_env({"IMS_DATA": str(folder)})
    return replace(config, **changes)  # type: ignore[arg-type] # test fixture passes right types


@dataclass
class World:
    """A fresh engine (not started unless asked) with one customer in credit."""

    engine: Engine
    clock: MovedClock
    owner: Actor
    staff: Actor

    @property
    def store(self) -> Store:
        return self.engine.store

    def draft(self, count: int = 3, **changes: object) -> Draft:
        route = routes.find(self.store, None)
        values: dict[str, object] = {
            "route_id": route.id,
            "name": "Parcels",
            "content": TEXT,
            "recipients": au_mobiles(count),
        }
        return Draft(**(values | changes))  # type: ignore[arg-type] # keyword values of the right types

    def send(self, count: int = 3, *, actor: Actor | None = None, **changes: object) -> int:
        who = actor or self.owner
        return self.engine.tasks.accept(who, self.engine.tasks.preview(who, self.draft(count, **changes)))

    def row(self, task_id: int) -> dict[str, object]:
        rows = raw(self, "select * from task where id = $1", task_id)
        return rows[0]

    def add_route(self, name: str, gateway: str, **changes: object) -> int:
        new = NewRoute(name=name, gateway=gateway, prices={EVERYWHERE: MICRO}, **changes)  # type: ignore[arg-type]
        with self.store.transaction() as tx:
            return routes.add(tx, new, member_id=None, now_us=self.clock.now_us())


def world(
    folder: Path,
    *,
    credit: int = 10_000,
    gateway: str = "sim://",
    started: bool = True,
    gateways: GatewayFactory = gateway_for,
    **settings: object,
) -> World:
    """`settings` are of `Config`."""
    clock = MovedClock()
    config = config_for(folder, first_gateway=gateway, **settings)
    file = folder / "ims.db"
    if migrated is not None and not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(migrated, file)
    engine = Engine(config, open_store(config.url, memory_mb=config.memory_mb), clock, gateways=gateways)
    cheap_passwords(engine)
    owner = engine.accounts.ensure_account("Acme")
    staff = Actor(user_id=999_999, account_id=999_999, role=Role.STAFF, name="staff")
    if credit:
        give(engine, owner.account_id, credit)
    if started:
        engine.start()
    return World(engine, clock, owner, staff)


def cheap_passwords(engine: Engine) -> None:
    """Hashes of this engine's passwords cost nothing from now on."""
    store, clock, config = engine.store, engine.clock, engine.config
    engine.accounts = Accounts(store, clock, config, password_cost=FAST)
    engine.team = Team(store, clock, config, password_cost=FAST)
    engine.factors = Factors(store, clock, config, password_cost=FAST)
    engine.profile = Profile(store, clock, password_cost=FAST)


def operator(world_: World, role: Role = Role.ADMIN) -> Actor:
    """A new administrator or staff member, signed in."""
    name = f"{role.value}.{world_.engine.clock.now_us()}"
    accounts = world_.engine.accounts
    accounts.create_operator(name, f"{name}@example.com", PASSWORD, role)
    return signed_in(accounts, name)[1]


def signed_in(accounts: Accounts, user_name: str, password: str = PASSWORD) -> tuple[str, Actor]:
    """The token of a new session, and who it is."""
    token = accounts.redeem(accounts.sign_in(user_name, password), "Browser/1.0")
    actor = accounts.actor_of(token)
    assert actor is not None
    return token, actor


def give(engine: Engine, account_id: int, amount: int) -> None:
    now_us = engine.clock.now_us()
    with engine.store.transaction() as tx:
        ledger.adjust(
            tx,
            account_id=account_id,
            amount_micro=amount * MICRO,
            key=f"gift:{account_id}:{now_us}",
            note="for the test",
            member_id=None,
            now_us=now_us,
        )


def au_mobiles(count: int, start: int = 0) -> recipients.RecipientFile:
    numbers = "\n".join(f"+61412{start + index:06d}" for index in range(count))
    return recipients.read("list.csv", f"phone\n{numbers}\n".encode())


def raw(world_: World, sql: str, *params: object) -> list[dict[str, object]]:
    """Asks the database directly, past every query of the product."""
    with world_.store._reading() as cursor:  # type: ignore[attr-defined] # the embedded store
        result = cursor.raw.execute(sql, list(params))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def code_of(call: Callable[[], object]) -> str:
    """The code of the refusal that the call ends in."""
    with pytest.raises(ImsError) as caught:
        call()
    return caught.value.code


def notices_of(world_: World, account_id: int) -> list[str]:
    rows = raw(world_, "select sentence from notice where account_id = $1 order by id", account_id)
    return [str(row["sentence"]) for row in rows]


def audited(world_: World, action: str) -> list[dict[str, object]]:
    return raw(world_, "select * from audit where action = $1 order by id", action)


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def settled(world_: World, task_id: int) -> bool:
    row = world_.row(task_id)
    return row["state"] in ("finished", "cancelled")


def frame_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


class Scripted:
    """A gateway that answers every batch with the same outcomes and keeps what it was given."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes
        self.batches: list[list[int]] = []

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None: ...

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        self.batches.append([one.message_id for one in batch])
        return [self.outcomes[index % len(self.outcomes)] for index in range(len(batch))]

    def resume(self, provider_refs: Sequence[str]) -> None: ...

    def link(self) -> Link:
        return Link(LinkWord.OPEN)

    def close(self) -> None: ...
