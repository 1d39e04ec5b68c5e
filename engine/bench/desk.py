"""What benchmarks work on: sizes, a folder that is removed afterwards, engines with an account in credit."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from engine import ledger, numbers, recipients, routes
from engine.app import Engine
from engine.bench import worldwide
from engine.config import Config
from engine.model import MICRO, Actor
from engine.routes import EVERYWHERE, NewRoute
from engine.tasks import Draft

SEED: Final = 1
ACCOUNT: Final = "bench"
TEXT: Final = "Your parcel arrives today between 2 and 4 pm."
GATEWAY: Final = "sim://?fail=0.05&seed=1"
"""Without delays; one in twenty fails, so that credit is both charged and returned."""
CREDIT_MICRO: Final = 100_000_000 * MICRO
PRICE_STEP_MICRO: Final = 50_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each; `rounds` is how often each job is repeated after its warm-up."""

    recipients: int = 5_000
    tasks: int = 10
    texts: int = 10_000
    history: int = 1_000_000
    exact: bool = False
    """Whether the history is as long as that on a slow machine too."""
    rounds: int = 5
    slow_rounds: int = 3
    """Of jobs whose peer takes seconds."""
    cold: bool = True
    """Whether fresh processes are started for the figures of the first time."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An open engine with a customer in credit and a route that has a price for every country."""

    engine: Engine
    actor: Actor
    route_id: int

    def draft(self, found: recipients.RecipientFile) -> Draft:
        return Draft(route_id=self.route_id, name="Bench", content=TEXT, recipients=found)


class Workbench:
    """Owns the folder of one run. `with Workbench(sizes) as bench: …` leaves nothing behind."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._temporary = tempfile.TemporaryDirectory(prefix="ims-bench-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._folders = 0

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._temporary.cleanup()

    def new_folder(self) -> Path:
        self._folders += 1
        made = self.folder / str(self._folders)
        made.mkdir()
        return made

    @contextmanager
    def desk(self, *, started: bool = False, gateway: str = GATEWAY) -> Generator[Desk]:
        """An engine on a database of its own; `started` also sends."""
        with opened(self.new_folder(), started=started, gateway=gateway) as desk:
            yield desk

    def accepted(self) -> recipients.RecipientFile:
        """`sizes.recipients` worldwide numbers, all of which can be sent to."""
        return recipients.read("list.csv", worldwide.file_of_accepted(self.sizes.recipients, SEED))


@contextmanager
def opened(folder: Path, *, started: bool = False, gateway: str = GATEWAY) -> Generator[Desk]:
    """The engine on the database in `folder`; settings of the environment do not matter."""
    engine = Engine.open(Config.from_env({"IMS_DATA": str(folder)}))
    try:
        actor = engine.accounts.ensure_account(ACCOUNT)
        route_id = _give(engine, actor, gateway)
        if started:
            engine.start()
        yield Desk(engine, actor, route_id)
    finally:
        engine.stop()


def _give(engine: Engine, actor: Actor, gateway: str) -> int:
    """Credit to the account, and a route with country prices; its id."""
    now_us = engine.clock.now_us()
    with engine.store.transaction() as tx:
        ledger.adjust(
            tx, account_id=actor.account_id, amount_micro=CREDIT_MICRO, key=f"bench:{now_us}", note="Benchmark",
            member_id=None, now_us=now_us,
        )  # fmt: skip
        new = NewRoute(name=f"Bench {now_us}", gateway=gateway, prices=_prices())
        return routes.add(tx, new, member_id=None, now_us=now_us)


def _prices() -> dict[str, int]:
    rng = random.Random(SEED)
    by_country = {country: PRICE_STEP_MICRO * rng.randint(10, 60) for country in sorted(numbers.COUNTRIES)}
    return {EVERYWHERE: MICRO, **by_country}
