"""What an account may send besides what the route allows: its limits, its routes and countries, its sender IDs."""

from __future__ import annotations

from dataclasses import replace

from engine.accounts.limits import limits_of
from engine.accounts.sender_ids import check_approved
from engine.errors import InputError, StateError
from engine.model import Actor
from engine.routes import Route
from engine.store import Reader, Tx
from engine.tasks.quote import Draft, Preview
from engine.terms import in_force


class Gate:
    def __init__(self, *, sender_approval: bool) -> None:
        """`sender_approval`: only sender IDs that staff approved pass."""
        self._sender_approval = sender_approval

    def narrow(self, reader: Reader, actor: Actor, draft: Draft, route: Route) -> Route:
        """The route as far as the account may use it; countries that are closed to it count as not reached.

        Raises InputError("route_closed" | "account_country" | "sender_not_approved").
        """
        limits = limits_of(reader, actor.account_id)
        if not limits.allows_route(route.id):
            raise InputError("route_closed", route=route.name)
        if self._sender_approval:
            check_approved(reader, actor.account_id, draft.sender)
        limits.check_countries(draft.recipients.frame["country"].unique(), every=True)
        return replace(route, countries=limits.reach(route.countries))

    def check_quote(self, reader: Reader, actor: Actor, preview: Preview, *, now_us: int) -> None:
        """Before a quote is shown. Raises InputError("account_limit" | "account_day_limit")."""
        limits = limits_of(reader, actor.account_id)
        limits.check_task(recipients=preview.recipients, cost_micro=preview.cost_micro)
        limits.check_day(reader, actor.account_id, sms=preview.sms, now_us=now_us)

    def check_acceptance(self, tx: Tx, actor: Actor, preview: Preview, *, now_us: int) -> None:
        """Inside the accepting transaction, after the hold: everything again, and that the terms are the ones read.

        Raises as `narrow` and `check_quote`, and StateError("terms_changed").
        """
        version = in_force(tx)["version"]
        if preview.terms_version != version:
            raise StateError("terms_changed", version=version)
        limits = limits_of(tx, actor.account_id)
        if not limits.allows_route(preview.route.id):
            raise InputError("route_closed", route=preview.route.name)
        if self._sender_approval:
            check_approved(tx, actor.account_id, preview.draft.sender)
        limits.check_countries((line.country for line in preview.lines), every=False)
        self.check_quote(tx, actor, preview, now_us=now_us)
