"""A route goes down and comes up again, another takes over and gives back: kept with the route, and told to the
operator's desk once per change."""

from __future__ import annotations

from typing import Final

from engine.gateways import Link, LinkWord
from engine.notices import NoticeKind, tell_operators
from engine.store import Tx

ERROR_LENGTH: Final = 200
_INTERNAL: Final = "internal fault: "
_SAID_ALREADY: Final = "the operator refused the login: "
"""How a gateway begins what is said here in a sentence about the login."""
_LINK_WORDS: Final = {
    LinkWord.CONNECTING: "connecting",
    LinkWord.DOWN: "not connected",
    LinkWord.REFUSED: "login refused",
}


def mark_down(tx: Tx, route_id: int, detail: str, now_us: int, *, refused: bool = False) -> None:
    """Keeps since when and why a route cannot send; the first failure sets the time and tells the operators. `refused`:
    the login was, so that it is not tried again by itself."""
    row = tx.one("routes.by_id", route_id)
    tx.run("routes.mark_down", route_id, detail[:ERROR_LENGTH], now_us)
    if row is not None and row["down_since_us"] is None:
        words = refused_login if refused else plain_error
        _tell(tx, route_id, f"Route “{row['name']}” is down. {words(detail[:ERROR_LENGTH])}", now_us)


def mark_up(tx: Tx, route_id: int, now_us: int) -> None:
    """The route sends again; says so when it was down."""
    row = tx.one("routes.by_id", route_id)
    if row is not None and row["down_since_us"] is not None:
        tx.run("routes.mark_up", route_id)
        _tell(tx, route_id, f"Route “{row['name']}” is up again; what waited is being sent.", now_us)


def take_over(tx: Tx, route_id: int, why: str, now_us: int) -> None:
    """The route named for it sends from now on. `why` is a clause for staff, such as "it was down for 60 s".

    Nothing changes and nobody is told while it stands, or when no route is named.
    """
    row = tx.one("routes.take_over", route_id, why[:ERROR_LENGTH], now_us)
    if row is not None:
        other = _name_of(tx, row["takeover_id"])
        sentence = f"Route “{other}” takes over for “{row['name']}”: {row['taken_over_why']}."
        _tell(tx, route_id, sentence, now_us)


def give_back(tx: Tx, route_id: int, now_us: int) -> None:
    """The route sends itself again; says so when another had taken over."""
    row = tx.one("routes.give_back", route_id)
    if row is not None:
        _tell(tx, route_id, f"Route “{row['name']}” sends itself again; nobody stands in for it.", now_us)


def _name_of(tx: Tx, route_id: int) -> str:
    row = tx.one("routes.by_id", route_id)
    return row["name"] if row else f"route {route_id}"


def plain_error(detail: str, *, carried_by: str = "") -> str:
    """A gateway's own words inside a sentence that says what it means and what happens next."""
    if detail.startswith("The gateway address"):
        return f"{detail} Correct the address; nothing is sent until then."
    waits = f"“{carried_by}” carries its messages meanwhile" if carried_by else "Messages wait"
    if detail.startswith(_INTERNAL):
        fault = detail.removeprefix(_INTERNAL)
        return f"Something failed inside this server ({fault}); its log says more. {waits}; it tries again by itself."
    return (
        f"The operator cannot be reached or refuses the connection: {_told(detail)}. {waits}; it tries again by itself."
    )


def refused_login(detail: str) -> str:
    """The operator refuses the login: only staff can help."""
    told = _told(detail.removeprefix(_SAID_ALREADY))
    return (
        f"The operator does not let us in: {told}. Correct the gateway address; until then it is tried only every few "
        "minutes."
    )


def link_words(link: Link | None) -> str:
    """How a connection stands, such as "connected, 2 of 3 binds", for the page and the command line."""
    if link is None:
        return "not connected"
    detail = link.detail.strip().rstrip(".")
    told = f": {detail.removeprefix(_SAID_ALREADY)}" if detail else ""
    if link.word is not LinkWord.OPEN:
        return _LINK_WORDS[link.word] + told
    stands = f"connected, {link.bound} of {link.binds} binds" if link.binds else "ready"
    window = f", {link.in_window:,} parts await their answer" if link.in_window else ""
    return stands + window + (f"; last trouble{told}" if told else "")


def _told(detail: str) -> str:
    return detail.strip().rstrip(".") or "no reason was given"


def _tell(tx: Tx, route_id: int, sentence: str, now_us: int) -> None:
    tell_operators(tx, NoticeKind.ROUTE, sentence, link=f"staff_routes?id={route_id}", now_us=now_us)
