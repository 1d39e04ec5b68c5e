"""What an account has sent with, for filters: only what leads somewhere is offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.history.words import member_words
from engine.store import Reader

LISTED_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Choices:
    """`routes`: id → name; `countries`: codes; `members`: id → name; `senders`: sender IDs, most used first.

    Members and sender IDs belong to one account: over all accounts there are none.
    """

    routes: dict[int, str]
    countries: list[str]
    members: dict[int, str]
    senders: list[str]


def choices(reader: Reader, scope: int | None, *, to_operator: bool) -> Choices:
    routes = reader.all("dashboard.used_routes", scope)
    countries = reader.all("dashboard.used_countries", scope)
    members = reader.all("dashboard.used_members", scope, LISTED_MOST) if scope is not None else []
    senders = reader.all("dashboard.used_senders", scope, LISTED_MOST) if scope is not None else []
    return Choices(
        routes={row["id"]: row["name"] for row in routes},
        countries=[row["country"] for row in countries],
        members={row["id"]: member_words(row["full_name"], row["role"], to_operator=to_operator) for row in members},
        senders=[row["sender"] for row in senders],
    )
