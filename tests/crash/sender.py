"""The process that is killed: opens the database, accepts the one task unless it is there, sends until told to stop.

Usage: python -m tests.crash.sender FOLDER COUNT. Prints `begun`, then `done` when every message has an outcome.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.app import Engine
from engine.model import SystemClock
from engine.tasks import Draft
from tests.kit import TEXT, au_mobiles, config_for, give

ROUTE = "Crash"


def main(folder: Path, count: int) -> None:
    engine = Engine.open(config_for(folder), clock=SystemClock())
    print("begun", flush=True)
    engine.start()
    actor = engine.accounts.ensure_account("acme")
    if engine.history.balance(actor).available_micro + engine.history.balance(actor).held_micro == 0:
        give(engine, actor.account_id, count)
    if not engine.history.tasks(actor).rows:
        route_id = next(route.id for route in engine.routes.selectable(actor) if route.name == ROUTE)
        draft = Draft(route_id=route_id, name="Crash", content=TEXT, recipients=au_mobiles(count))
        engine.tasks.accept(actor, engine.tasks.preview(actor, draft))
    while True:
        row = engine.history.tasks(actor).rows[0]
        if row["settled"] + row["in_doubt"] == row["recipients"]:
            break
        time.sleep(0.01)
    engine.stop()
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
