"""Saved message templates of an account. One that cannot be sent as it is may be kept as a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine import content, parts, routes
from engine.access import allows
from engine.accounts import confirm
from engine.errors import AccessError, InputError
from engine.model import SENDING_ROLES, Actor, Clock, CountRule
from engine.store import Row, Rows, Store, Tx

TEMPLATES_MOST: Final = 200
NAME_LENGTH: Final = 100
CONTENT_LENGTH: Final = 10_000
SENDER_LENGTH: Final = 11
SEARCH_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Saved:
    """A template that was saved. `problem` is why it cannot be sent as it is (a draft); empty when it can.

    `sms` counts the text as it stands; ((names)) are counted as written.
    """

    template_id: int
    sms: int
    problem: str


class Templates:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(SENDING_ROLES)
    def listing(self, actor: Actor, search: str = "") -> Rows:
        """Every template (at most TEMPLATES_MOST) whose name or text holds `search`, by name.

        Rows: id, name, content, sender, route_id, sms, problem, created_us, changed_us, member_name (who changed it
        last).
        """
        return self._store.all("templates.listing", actor.account_id, search.strip().lower()[:SEARCH_LENGTH])

    @allows(SENDING_ROLES)
    def get(self, actor: Actor, template_id: int) -> Row:
        """One template as `listing` shows it. AccessError("not_found")."""
        row = self._store.one("templates.one", template_id, actor.account_id)
        if row is None:
            raise AccessError("not_found", what="template")
        return row

    @allows(SENDING_ROLES)
    def save(
        self,
        actor: Actor,
        *,
        name: str,
        text: str,
        sender: str | None = None,
        route_id: int | None = None,
        template_id: int | None = None,
    ) -> Saved:
        """A new template, or with `template_id` a change of one. A text that cannot be sent is kept as a draft.

        `sender` and `route_id` are filled in with the text where they can be. InputError for a name that is missing or
        in use, a text that is missing or too long, or too many templates.
        """
        name, text, sender = _checked(name, text, sender)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            route = routes.load(tx, route_id) if route_id is not None else None
            sms, problem = _judged(text, sender, route)
            found = tx.one("templates.count", actor.account_id, name, template_id or 0)
            assert found is not None
            if found["named"]:
                raise InputError(
                    "invalid", field="Name", problem="another template has this name.", remedy="Choose another one."
                )
            values = (name, text, sender, route_id, sms, problem, actor.user_id, self._clock.now_us())
            saved_id = template_id if template_id is not None else _new(tx, found["templates"])
            if template_id is None:
                tx.run("templates.add", saved_id, actor.account_id, *values)
            elif tx.one("templates.change", saved_id, actor.account_id, *values) is None:
                raise AccessError("not_found", what="template")
        return Saved(saved_id, sms, problem)

    @allows(SENDING_ROLES)
    def rename(self, actor: Actor, template_id: int, name: str) -> Saved:
        """Another name; everything else stays."""
        row = self.get(actor, template_id)
        return self.save(
            actor,
            name=name,
            text=row["content"],
            sender=row["sender"],
            route_id=row["route_id"],
            template_id=template_id,
        )

    @allows(SENDING_ROLES)
    def delete(self, actor: Actor, template_id: int) -> None:
        """Gone for everybody of the account; messages that were sent with it keep their text."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("templates.remove", template_id, actor.account_id) is None:
                raise AccessError("not_found", what="template")


def _new(tx: Tx, there: int) -> int:
    if there >= TEMPLATES_MOST:
        raise InputError("too_many_kept", limit=TEMPLATES_MOST, what="templates")
    return tx.reserve("message_template")


def _checked(name: str, text: str, sender: str | None) -> tuple[str, str, str | None]:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise InputError(
            "invalid", field="Name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    if not text.strip() or len(text) > CONTENT_LENGTH:
        raise InputError(
            "invalid", field="Content", problem="missing or too long.", remedy=f"Use 1–{CONTENT_LENGTH:,} characters."
        )
    sender = (sender or "").strip() or None
    if sender is not None and len(sender) > SENDER_LENGTH:
        raise InputError("sender", value=sender, problem=f"at most {SENDER_LENGTH} characters.")
    return name, text, sender


def _judged(text: str, sender: str | None, route: routes.Route | None) -> tuple[int, str]:
    rules = route.rules if route else content.DEFAULT_RULES
    counted = parts.count(text, route.count_rule if route else CountRule.MISSION)
    problem = content.check(text, rules, template=bool(content.placeholders(text))).detail
    if not problem and counted.parts > parts.MAX_PARTS:
        problem = f"It is {counted.parts} parts long; the most is {parts.MAX_PARTS}. Shorten it."
    if not problem and sender is not None:
        problem = _sender_problem(sender, route)
    return counted.sms, problem


def _sender_problem(sender: str, route: routes.Route | None) -> str:
    if route is not None and not route.supports_sender:
        return f"The route “{route.name}” does not support a sender ID."
    found = content.check_sender(sender, max_length=route.sender_max if route else SENDER_LENGTH)
    return f"Sender ID: {found}" if found else ""
