"""The calls of pages: what customers choose from, what staff see, what administrators change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.accounts.limits import AccountLimits, limits_of
from engine.errors import AccessError
from engine.gateways import Link
from engine.gateways.addresses import check_address
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Clock, Role, format_credits, to_datetime
from engine.routes import codes, editing, prices, reading
from engine.routes.codes import Code, SeenCodes
from engine.routes.editing import RouteChanges
from engine.routes.health import Delays, RouteHealth, read_health
from engine.routes.meters import RouteMeters
from engine.routes.model import EVERYWHERE, NewRoute, Route
from engine.routes.prices import check_prices, save_version, withdraw
from engine.store import Remembered, Rows, Store, Tx

ADMIN: Final = frozenset({Role.ADMIN})
AUDIT_LENGTH: Final = 4_000


@dataclass(frozen=True, slots=True)
class _Known:
    """All routes as they are from an instant on, until planned prices come into force (None: for good)."""

    routes: list[Route]
    from_us: int
    until_us: int | None

    def holds(self, now_us: int) -> bool:
        return self.from_us <= now_us and (self.until_us is None or now_us < self.until_us)


class Routes:
    def __init__(self, store: Store, clock: Clock, meters: RouteMeters | None = None) -> None:
        """`meters` are those the route threads write."""
        self._store = store
        self._clock = clock
        self._meters = meters or RouteMeters()
        self._delays = Delays()
        self._seen = SeenCodes()
        self._routes = Remembered[None, _Known](store, "routes")
        self._limits = Remembered[int, AccountLimits](store, "desk")

    @allows(EVERY_ROLE)
    def selectable(self, actor: Actor) -> list[Route]:
        """Routes the account can send with now, the default one first. Prices are public to every role.

        Customers get no gateway, nor which route takes over and why: that is the operator's business.
        """
        mine = self._limits_of(actor)
        return [_for(actor, route) for route in self._all() if route.enabled and mine.allows_route(route.id)]

    @allows(EVERY_ROLE)
    def get(self, actor: Actor, route_id: int) -> Route:
        route = reading.load(self._store, route_id, now_us=self._clock.now_us())
        closed = not route.enabled or not self._limits_of(actor).allows_route(route_id)
        if closed and not actor.is_operator:
            raise AccessError("not_found", what="route")
        return _for(actor, route)

    @allows(OPERATOR_ROLES)
    def listing(self, actor: Actor) -> list[Route]:  # noqa: ARG002 - the decorator checks the actor
        """All routes, closed ones too."""
        return self._all()

    @allows(OPERATOR_ROLES)
    def health(self, actor: Actor) -> list[RouteHealth]:  # noqa: ARG002 - the decorator checks the actor
        """How every route does now, in the order of `listing`; cheap enough to ask every few seconds."""
        return self._health()

    def link(self, route_id: int) -> Link | None:
        """Internal, for the command line on the operator's own machine: how the route's connection stands."""
        return self._meters.link(route_id)

    def trouble(self, route_id: int) -> str:
        """Internal, as `link`: what keeps the route from sending now, in plain words; empty when nothing does."""
        found = next(one for one in self._health() if one.route.id == route_id)
        return f"Route “{found.route.name}”: {found.error}" if found.error else ""

    @allows(ADMIN)
    def add(self, actor: Actor, new: NewRoute) -> int:
        """Adds a route and returns its id; InputError names the field that is wrong."""
        checked = replace(new, gateway=check_address(new.gateway))
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            route_id = editing.add(tx, checked, member_id=actor.user_id, now_us=now_us)
            self._audit(tx, actor, "route_added", route_id, editing.added_words(checked), now_us)
        return route_id

    @allows(ADMIN)
    def edit(self, actor: Actor, route_id: int, changes: RouteChanges) -> Route:
        """Changes what is named and leaves the rest; InputError or StateError("route_default") say what is wrong.

        The gateway address may come back as it is shown, with its secret hidden. Tasks that were accepted keep what
        they were accepted with; where messages leave, and how fast, changes for all within seconds.
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            before = reading.load(tx, route_id, now_us=now_us)
            words = editing.edit(tx, before, changes, now_us=now_us)
            if words:
                self._audit(tx, actor, "route_edited", route_id, words, now_us)
            return reading.load(tx, route_id, now_us=now_us)

    @allows(ADMIN)
    def set_enabled(self, actor: Actor, route_id: int, *, enabled: bool) -> None:
        """Opens or closes a route for new tasks; accepted ones are sent all the same."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            before = reading.load(tx, route_id, now_us=now_us)
            words = editing.edit(tx, before, RouteChanges(enabled=enabled), now_us=now_us)
            if words:
                self._audit(tx, actor, "route_edited", route_id, words, now_us)

    @allows(ADMIN)
    def set_prices(
        self,
        actor: Actor,
        route_id: int,
        wanted: Mapping[str, int],
        *,
        effective_us: int | None = None,
        base_version: int | None = None,
    ) -> int:
        """Adds a price version, in force from `effective_us` on (None: now); tasks quoted before keep theirs.

        `base_version`: the newest one the person saw; StateError("prices_changed") when somebody was faster.
        Returns the version.
        """
        check_prices(wanted)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            before = reading.load(tx, route_id, now_us=effective_us or now_us)
            version, is_new = save_version(
                tx,
                route_id,
                wanted,
                member_id=actor.user_id,
                now_us=now_us,
                effective_us=effective_us,
                base_version=base_version,
            )
            if is_new:
                words = _price_words(before, wanted, version, effective_us)
                self._audit(tx, actor, "prices_saved", route_id, words, now_us)
        return version

    @allows(ADMIN)
    def withdraw_prices(self, actor: Actor, route_id: int, version: int) -> None:
        """Takes back a version that is not in force yet. StateError("price_in_force") when it is, or is no more."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            withdraw(tx, route_id, version, now_us=now_us)
            self._audit(tx, actor, "prices_withdrawn", route_id, f"version {version}", now_us)

    @allows(OPERATOR_ROLES)
    def price_versions(self, actor: Actor, route_id: int) -> Rows:  # noqa: ARG002 - the decorator checks the actor
        """Newest first: version, effective_us, created_us, withdrawn_us, member_name, countries, low_micro, high_micro,
        and state: "in force", "planned", "past" or "withdrawn"."""
        now_us = self._clock.now_us()
        rows = self._store.all("routes.versions", route_id)
        current = reading.load(self._store, route_id, now_us=now_us).price_version
        return [row | {"state": _version_state(row, current, now_us)} for row in rows]

    @allows(OPERATOR_ROLES)
    def prices(self, actor: Actor, route_id: int, version: int) -> dict[str, int]:  # noqa: ARG002 - as above
        """The prices of one version by country; AccessError("not_found")."""
        found = prices.prices_of(self._store, route_id, version)
        if not found:
            raise AccessError("not_found", what="price version")
        return found

    @allows(OPERATOR_ROLES)
    def code_entries(self, actor: Actor, route_id: int) -> Rows:  # noqa: ARG002 - the decorator checks the actor
        """What the operator's own codes mean on a route: code, meaning, reason, retry, changed_us, member_name."""
        return codes.entries(self._store, route_id)

    @allows(OPERATOR_ROLES)
    def codes_seen(self, actor: Actor, route_id: int) -> Rows:  # noqa: ARG002 - as above
        """Codes without an entry that came with failures lately (see `SeenCodes`); at most 10 seconds old."""
        return self._seen.without_entry(self._store, route_id, now_us=self._clock.now_us())

    @allows(ADMIN)
    def change_codes(
        self, actor: Actor, route_id: int, *, put: Sequence[Code] = (), drop: Collection[str] = ()
    ) -> None:
        """Adds or changes entries and removes others; those not named stay. They hold for what is refused or reported
        from now on; the words also for what was. InputError names what is wrong, and nothing is changed then."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            reading.load(tx, route_id, now_us=now_us)
            words = codes.change(tx, route_id, put=put, drop=drop, member_id=actor.user_id, now_us=now_us)
            if words:
                self._audit(tx, actor, "route_codes", route_id, words, now_us)

    def _health(self) -> list[RouteHealth]:
        return read_health(self._store, self._all(), self._meters, self._delays, now_us=self._clock.now_us())

    def _all(self) -> list[Route]:
        now_us = self._clock.now_us()
        known = self._routes.get(None, lambda: self._read_all(now_us), holds=lambda kept: kept.holds(now_us))
        return list(known.routes)

    def _read_all(self, now_us: int) -> _Known:
        routes = reading.load_all(self._store, now_us=now_us)
        return _Known(routes, now_us, reading.next_change(self._store, now_us=now_us))

    def _limits_of(self, actor: Actor) -> AccountLimits:
        return self._limits.get(actor.account_id, lambda: limits_of(self._store, actor.account_id))

    def _audit(self, tx: Tx, actor: Actor, action: str, route_id: int, detail: str, now_us: int) -> None:
        record_audit(
            tx, actor=actor, action=action, subject=f"route {route_id}", detail=detail[:AUDIT_LENGTH], now_us=now_us
        )


def _for(actor: Actor, route: Route) -> Route:
    if actor.is_operator:
        return route
    return replace(route, gateway="", last_error=None, takeover_id=None, taken_over_why=None)


def _version_state(row: Mapping[str, int | None], current: int, now_us: int) -> str:
    if row["withdrawn_us"] is not None:
        return "withdrawn"
    if row["version"] == current:
        return "in force"
    return "planned" if (row["effective_us"] or 0) > now_us else "past"


def _price_words(before: Route, wanted: Mapping[str, int], version: int, effective_us: int | None) -> str:
    """What the version changes, in words for the audit log."""
    since = "now" if effective_us is None else f"{to_datetime(effective_us):%Y-%m-%d %H:%M} UTC"
    changes = ", ".join(
        f"{'default' if change.country == EVERYWHERE else change.country} "
        f"{_amount(change.before_micro)} → {_amount(change.after_micro)}"
        for change in prices.changes_between(before.prices, wanted)
    )
    return f"version {version} from {since}: {changes or 'no country differs'}"


def _amount(price_micro: int | None) -> str:
    return "none" if price_micro is None else format_credits(price_micro)
