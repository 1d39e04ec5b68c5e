"""A route goes down and comes up again: kept with the route, and told to the operator's desk once per change."""

from __future__ import annotations

from typing import Final

from engine.notices import NoticeKind, tell_operators
from engine.store import Tx

ERROR_LENGTH: Final = 200
_INTERNAL: Final = "internal fault: "


def mark_down(tx: Tx, route_id: int, detail: str, now_us: int) -> None:
    """Keeps since when and why a route cannot send; the first failure sets the time and tells the operators."""
    row = tx.one("routes.by_id", route_id)
    tx.run("routes.mark_down", route_id, detail[:ERROR_LENGTH], now_us)
    if row is not None and row["down_since_us"] is None:
        _tell(tx, route_id, f"Route “{row['name']}” is down. {plain_error(detail[:ERROR_LENGTH])}", now_us)


def mark_up(tx: Tx, route_id: int, now_us: int) -> None:
    """The route sends again; says so when it was down."""
    row = tx.one("routes.by_id", route_id)
    if row is not None and row["down_since_us"] is not None:
        tx.run("routes.mark_up", route_id)
        _tell(tx, route_id, f"Route “{row['name']}” is up again; what waited is being sent.", now_us)


def plain_error(detail: str) -> str:
    """A gateway's own words inside a sentence that says what it means and what happens next."""
    if detail.startswith(_INTERNAL):
        fault = detail.removeprefix(_INTERNAL)
        return f"Something failed inside this server ({fault}); its log says more. It tries again by itself."
    if detail.startswith("The gateway address"):
        return f"{detail} Correct the address; nothing is sent until then."
    told = detail.strip().rstrip(".") or "no reason was given"
    return f"The operator cannot be reached or refuses the connection: {told}. Messages wait; it tries again by itself."


def _tell(tx: Tx, route_id: int, sentence: str, now_us: int) -> None:
    tell_operators(tx, NoticeKind.ROUTE, sentence, link=f"staff_routes?id={route_id}", now_us=now_us)
