"""What the tests of top-ups share: an engine with a customer, two members of staff and an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.accounts import RegisterForm
from engine.app import Engine
from engine.model import MICRO, Actor, Role
from engine.store import open_store
from engine.topups import Topups
from tests.kit import PASSWORD, MovedClock, cheap_passwords, config_for, signed_in

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
PDF = b"%PDF-1.7\n" + bytes(64)


@dataclass
class Office:
    """`owner` and `sender` of one account, `rival` of another, `staff`, `second` and `admin` of the operator."""

    engine: Engine
    clock: MovedClock
    folder: Path
    actors: dict[str, Actor]

    @property
    def topups(self) -> Topups:
        return self.engine.topups

    @property
    def owner(self) -> Actor:
        return self.actors["owner"]

    @property
    def staff(self) -> Actor:
        return self.actors["staff"]

    def ask(self, amount: int = 1_000, *, key: str = "first", actor: Actor | None = None) -> int:
        who = actor or self.owner
        return self.topups.request(who, amount * MICRO, price_version=self.topups.prices(who).version, key=key)

    def with_receipt(self, amount: int = 1_000, *, key: str = "first") -> int:
        request_id = self.ask(amount, key=key)
        self.topups.upload(self.owner, request_id, name="receipt.png", data=PNG)
        return request_id

    def available(self, who: str = "owner") -> int:
        return self.engine.history.balance(self.actors[who]).available_micro

    def state(self, request_id: int) -> str:
        return self.topups.one_request(self.staff, request_id)["state"]

    def files(self) -> list[Path]:
        folder = self.folder / "receipts"
        return sorted(folder.iterdir()) if folder.exists() else []


def office(folder: Path, **settings: object) -> Office:
    clock = MovedClock()
    config = config_for(folder, **settings)
    engine = Engine(config, open_store("duckdb://"), clock)
    cheap_passwords(engine)
    accounts = engine.accounts
    accounts.create_first_admin(accounts.setup_token(), _person("admin"))
    for name in ("staff", "second"):
        accounts.create_operator(name, f"{name}@example.com", PASSWORD, Role.STAFF)
    for name in ("owner", "sender", "rival"):
        accounts.register(_person(name))
    with engine.store.transaction() as tx:
        tx.raw.execute(  # type: ignore[attr-defined] # inviting members is another room's
            "update member set role = 'sender', account_id = (select account_id from member where user_name = 'owner')"
            " where user_name = 'sender'"
        )
    names = ("owner", "sender", "rival", "staff", "second", "admin")
    return Office(engine, clock, folder, {name: signed_in(accounts, name)[1] for name in names})


def _person(name: str) -> RegisterForm:
    return RegisterForm(f"{name.title()} & <b>Sons</b>", name.title(), name, f"{name}@example.com", PASSWORD)
