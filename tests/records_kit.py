"""A shop for the tests of records: customers and the operator's people, tasks that the simulator has really sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine import recipients
from engine.accounts import RegisterForm
from engine.app import Engine
from engine.history import RecordFilter
from engine.model import MICRO, Actor, Role
from tests.kit import PASSWORD, World, au_mobiles, settled, signed_in, wait_until

ZONE = "Australia/Sydney"
SALE = "=Autumn **sale** $x$"
"""A name that a spreadsheet would run and Markdown would format."""
SALE_NUMBERS = "61412345601,61412345602,61412349901,61412349903,61412349904"
"""Two are delivered; the endings 9901 (switched off), 9903 (expired) and 9904 (barred) always fail."""
OFF = "61412349901"
BULK = "Parcel notices"
BULK_SIZE = 60
LATER = "Tomorrow's reminder"
TWO_SMS = "Dear customer, your order is ready. " * 5


@dataclass
class Shop:
    """A customer with sent and scheduled tasks, another one, somebody new, and the operator's people."""

    world: World
    tokens: dict[str, str]
    actors: dict[str, Actor]
    sale: int
    bulk: int
    later: int
    failed: int
    """The message of the sale to a phone that is switched off."""

    @property
    def engine(self) -> Engine:
        return self.world.engine


def stock(made: World) -> Shop:
    """Fills a started world and waits until everything due is settled."""
    engine = made.engine
    tokens, actors = people(made)
    owner = actors["owner"]
    engine.topups.credit(actors["staff"], owner.account_id, 500 * MICRO + 125_000, reason="Invoice 1042", key="first")
    numbers = recipients.read_numbers(SALE_NUMBERS)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    sale = made.send(actor=owner, name=SALE, recipients=numbers, content=TWO_SMS, sender="Bakery")
    bulk = made.send(actor=owner, name=BULK, recipients=au_mobiles(BULK_SIZE, start=345_000))
    later = made.send(actor=owner, name=LATER, recipients=numbers, scheduled_at=tomorrow)
    wait_until(lambda: settled(made, sale) and settled(made, bulk))
    sent = engine.history.messages(owner, RecordFilter(task_id=sale)).rows
    failed = next(row["id"] for row in sent if row["state"] == "failed" and str(row["msisdn"]).endswith(OFF))
    return Shop(made, tokens, actors, sale, bulk, later, failed)


def people(made: World) -> tuple[dict[str, str], dict[str, Actor]]:
    """Owner, sender and analyst of one account; rival and newcomer with accounts of their own; staff and admin."""
    accounts = made.engine.accounts
    accounts.create_first_admin(accounts.setup_token(), person("admin"))
    accounts.create_operator("staff", "staff@example.com", PASSWORD, Role.STAFF)
    for name in ("owner", "sender", "analyst", "rival", "newcomer"):
        accounts.register(person(name))
    for role in ("sender", "analyst"):
        with made.store.transaction() as tx:
            tx.raw.execute(  # type: ignore[attr-defined] # inviting members is a later page
                "update member set role = $1, account_id = (select account_id from member where user_name = 'owner')"
                " where user_name = $1",
                [role],
            )
    names = ("owner", "sender", "analyst", "rival", "newcomer", "staff", "admin")
    found = {name: signed_in(accounts, name) for name in names}
    return {name: token for name, (token, _) in found.items()}, {name: actor for name, (_, actor) in found.items()}


def person(name: str) -> RegisterForm:
    return RegisterForm(f"{name.title()} & <b>Sons</b>", name.title(), name, f"{name}@example.com", PASSWORD, ZONE)
