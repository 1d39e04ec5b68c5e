"""Another route takes over for one that is down or delivers too little, and gives back once it does well again."""

from __future__ import annotations

from typing import Final

from engine import routes
from engine.model import MINUTE_US, SECOND_US
from engine.store import Row, Store, Tx

WINDOW_US: Final = 15 * MINUTE_US
"""Whose outcomes count for the share of successes: runs begun in this time."""
RESULTS_LEAST: Final = 50
"""Fewer say nothing."""
TRIAL_US: Final = WINDOW_US
"""After this a route that delivered too little is tried again: by then its old outcomes count no more."""
_DOWN: Final = "it has been down"


def decide(store: Store, now_us: int) -> bool:
    """Lets routes take over and give back, each change in one transaction. Whether anything changed."""
    changed = False
    for row in store.all("dispatch.takeovers", now_us - WINDOW_US):
        if (row["taken_over_us"] is None and _why(row, now_us)) or _is_over(row, now_us):
            with store.transaction() as tx:
                changed |= _change(tx, row["id"], now_us)
    for row in store.all("dispatch.taken_over"):
        with store.transaction() as tx:
            routes.give_back(tx, row["id"], now_us)
        changed = True
    return changed


def _change(tx: Tx, route_id: int, now_us: int) -> bool:
    """Decides again on what is written now: staff may have changed the route meanwhile."""
    rows = [row for row in tx.all("dispatch.takeovers", now_us - WINDOW_US) if row["id"] == route_id]
    for row in rows:
        why = _why(row, now_us)
        if row["taken_over_us"] is None and why:
            routes.take_over(tx, route_id, why, now_us)
            return True
        if _is_over(row, now_us):
            routes.give_back(tx, route_id, now_us)
            return True
    return False


def _why(row: Row, now_us: int) -> str:
    """Why the other route has to take over, as a clause; empty when it has not to, or cannot send itself."""
    if row["other_is_out"]:
        return ""
    down_us, after_s = row["down_since_us"], row["takeover_after_s"]
    if down_us is not None and after_s is not None and now_us - down_us >= after_s * SECOND_US:
        return f"{_DOWN} for {(now_us - down_us) // SECOND_US:,} s"
    total = row["delivered"] + row["failed"]
    least_percent = row["takeover_below"]
    if least_percent is not None and total >= RESULTS_LEAST and row["delivered"] * 100 < least_percent * total:
        return f"only {row['delivered']:,} of its last {total:,} messages arrived"
    return ""


def _is_over(row: Row, now_us: int) -> bool:
    """Whether the route is to send itself again."""
    if row["taken_over_us"] is None or row["down_since_us"] is not None:
        return False
    if row["other_is_out"] or row["taken_over_why"].startswith(_DOWN):
        return True
    return now_us - row["taken_over_us"] >= TRIAL_US
