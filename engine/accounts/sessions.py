"""Signing in and out: passwords against rows, one-time tickets, sessions that can be revoked.

A password that was right gives a ticket (30 s, once); the browser exchanges it for a token that only its cookie
holds. The database keeps SHA-256 of both, so that a copy of it signs nobody in.
"""

from __future__ import annotations

from typing import Any, Final

from engine.access import allows, anonymous
from engine.accounts.audit import confirm, record_audit
from engine.accounts.forms import MOST_EMAIL, OLD_PASSWORD, PASSWORD, identity
from engine.accounts.passwords import COST, check_policy, hash_password, matches
from engine.accounts.proof import FAILURES_ALLOWED, LOCK_US, MOST_AGENT, Proof, refuse_closed, refuse_locked
from engine.accounts.throttle import UnknownNames
from engine.accounts.tokens import MOST_TOKEN, hash_of, new_token
from engine.config import Config
from engine.errors import AccessError, InputError
from engine.model import DAY_US, EVERY_ROLE, HOUR_US, MINUTE_US, SECOND_US, Actor, Clock, Role
from engine.store import Remembered, Row, Rows, Store

TICKET_US: Final = 30 * SECOND_US
CHALLENGE_US: Final = 5 * MINUTE_US
"""How long a right password waits for its code."""
SESSION_US: Final = 7 * DAY_US
"""Longest life of a session, used or not."""
IDLE_US: Final = 12 * HOUR_US
"""A session unused for this long has ended."""
REMEMBERED_US: Final = 2 * SECOND_US
"""A rerun asks several times who is there; the answer holds while nothing about people was committed, and so long."""
MOST_LOGIN: Final = MOST_EMAIL
"""Characters of the longest name to sign in with."""
MOST_REMEMBERED: Final = 2_000
WHO_ROOMS: Final = ("accounts", "team", "factors", "profile")
"""Files of SQL whose statements change who a session belongs to."""
TOUCH_US: Final = 5 * MINUTE_US
"""A session's last use is written at most this often: reruns only read."""


class SignIn:
    """The part of Accounts that proves who someone is."""

    def __init__(self, store: Store, clock: Clock, config: Config, *, password_cost: int = COST) -> None:
        """`password_cost` is bcrypt's; only tests lower it."""
        self._store = store
        self._clock = clock
        self._names = Remembered[int, str](store, "accounts")
        self._config = config
        self._cost = password_cost
        self._proof = Proof(store, clock, password_cost)
        self._unknown = UnknownNames(FAILURES_ALLOWED, LOCK_US)
        self._known: dict[str, tuple[int, int, Actor | None]] = {}

    @anonymous
    def sign_in(self, user_name_or_email: str, password: str, agent: str = "") -> str:
        """Checks a password and returns a ticket for `redeem`, good for 30 s and once.

        Of members with a second step it is a challenge, which `Factors.pass_code` turns into a ticket; `redeem` refuses
        it (see `Factors.awaits_code`).

        Raises AccessError: "login_failed" (the same for unknown names), "login_locked", and, only when the password
        was right, "account_pending" or "account_suspended".
        """
        if len(user_name_or_email) > MOST_LOGIN:  # nobody's, and not worth remembering
            raise AccessError("login_failed")
        who = identity(user_name_or_email)
        found = self._store.one("accounts.identify", who)
        member = found if found is not None and found["status"] == "active" else None
        now_us = self._clock.now_us()
        refuse_locked(member["locked_until_us"] if member else self._unknown.locked_until_us(who), now_us)
        if not matches(password, member["password_hash"] if member else None, self._cost):
            self._count_failure(who, member, agent)
            raise AccessError("login_failed")
        if member is None:  # nobody's password is never right
            raise AccessError("login_failed")
        refuse_closed(member)
        return self._ticket(member)

    def _ticket(self, member: Row) -> str:
        ticket = new_token()
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            # Failures are kept until the code was right too: otherwise the password would buy endless guesses of it.
            coded = tx.one("factors.is_on", member["id"]) is not None
            # Tried in parallel, right guesses made after the lock must not count: the row decides.
            step = "accounts.may_continue" if coded else "accounts.note_login"
            if tx.one(step, member["id"], now_us, member["epoch"]) is None:
                raise AccessError("login_failed")
            if coded:
                tx.run("factors.drop_old_challenges", now_us)
                tx.run("factors.add_challenge", hash_of(ticket), member["id"], member["epoch"], now_us + CHALLENGE_US)
            else:
                tx.run("accounts.drop_old_tickets", now_us)
                tx.run("accounts.add_ticket", hash_of(ticket), member["id"], now_us + TICKET_US)
        return ticket

    def _count_failure(self, who: str, member: Row | None, agent: str) -> None:
        """Raises AccessError("login_locked") when this failure was the last one allowed."""
        if member is not None:
            self._proof.count_failure(member, agent)
            return
        now_us = self._clock.now_us()
        refuse_locked(self._unknown.count_failure(who, now_us), now_us)

    @anonymous
    def redeem(self, ticket: str, agent: str) -> str:
        """Exchanges a ticket for a session token (the caller puts it into an HttpOnly cookie and nowhere else).

        Raises AccessError("login_failed") for a used, old or invented ticket.
        """
        token = new_token()
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            row = tx.one("accounts.take_ticket", hash_of(ticket))
            good = row is not None and row["expires_us"] > now_us
            member = tx.one("accounts.member", row["member_id"]) if row and good else None
            if member is not None and member["status"] != "active":
                member = None
            if member is not None:
                refuse_closed(member)
                tx.run("accounts.drop_old_sessions", now_us, now_us - IDLE_US)
                tx.run(
                    "accounts.add_session",
                    hash_of(token),
                    member["id"],
                    member["epoch"],
                    now_us,
                    now_us + SESSION_US,
                    agent[:MOST_AGENT],
                )
        if member is None:
            raise AccessError("login_failed")
        return token

    @anonymous
    def actor_of(self, token: str | None) -> Actor | None:
        """Who a cookie belongs to, asked on every rerun; None when the session has ended in any way."""
        if not token or len(token) > MOST_TOKEN:
            return None
        now_us = self._clock.now_us()
        token_hash = hash_of(token)
        changes = self._store.changes(*WHO_ROOMS)  # before the row is read: what is committed meanwhile is not missed
        known = self._known.get(token_hash)
        if known is not None and known[0] == changes and 0 <= now_us - known[1] < REMEMBERED_US:
            return known[2]
        actor = self._read_actor(token_hash, now_us)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token_hash] = (changes, now_us, actor)
        return actor

    def _read_actor(self, token_hash: str, now_us: int) -> Actor | None:
        row = self._store.one("accounts.session", token_hash, now_us, now_us - IDLE_US)
        if row is None:
            return None
        if now_us - row["seen_us"] >= TOUCH_US:
            with self._store.transaction() as tx:
                tx.run("accounts.touch_session", token_hash, now_us)
        role = Role(row["role"])
        restricted = not row["second_step"] and role in self._config.second_step_roles
        return Actor(row["id"], row["account_id"], role, row["full_name"], row["zone"], restricted)

    @anonymous
    def sign_out(self, token: str | None) -> None:
        """Ends the session of a cookie; an unknown one is already signed out."""
        if token and len(token) <= MOST_TOKEN:
            with self._store.transaction() as tx:
                tx.all("accounts.drop_session", hash_of(token))

    @anonymous
    def credentials(self, user_name: str) -> dict[str, Any] | None:
        """One member in the words of streamlit-authenticator, for its lazy dictionary; None when there is none."""
        row = self._store.one("accounts.identify", identity(user_name))
        if row is None or row["status"] != "active":
            return None
        first, _, last = row["full_name"].partition(" ")
        return {
            "email": row["email"],
            "first_name": first,
            "last_name": last,
            "name": row["full_name"],
            "password": row["password_hash"],
            "roles": [row["role"]],
            "logged_in": False,
        }

    @allows(EVERY_ROLE)
    def change_password(self, actor: Actor, old: str, new: str, *, keep_token: str | None = None) -> None:
        """Sets a new password and ends every other session of the member (`keep_token`: this browser's own).

        Raises InputError naming the field, AccessError("login_locked") after too many wrong current passwords.
        """
        member = self._proof.own_password(actor, old, field=OLD_PASSWORD, doing="change of password")
        if old == new:
            raise InputError("invalid", field=PASSWORD, problem="this is the current one.", remedy="Choose another.")
        check_policy(new, member["user_name"], member["email"].partition("@")[0])
        hashed = hash_password(new, self._cost)
        kept = hash_of(keep_token) if keep_token else ""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one("accounts.set_password", actor.user_id, hashed, member["epoch"])
            if row is None:
                raise AccessError("session_ended")
            tx.run("accounts.drop_tickets_of", actor.user_id)
            tx.run("accounts.drop_other_sessions", actor.user_id, kept)
            tx.run("accounts.keep_session", kept, actor.user_id, row["epoch"])
            tx.run("team.end_links_of", actor.user_id, self._clock.now_us())
            self._audit_own(tx, actor, "password_changed")

    @allows(EVERY_ROLE)
    def sessions(self, actor: Actor, *, current_token: str | None = None) -> Rows:
        """The member's own open sessions: token_hash, created_us, seen_us, expires_us, agent, current."""
        now_us = self._clock.now_us()
        rows = self._store.all("accounts.sessions", actor.user_id, now_us, now_us - IDLE_US)
        current = hash_of(current_token) if current_token else ""
        return [{**row, "current": row["token_hash"] == current} for row in rows]

    @allows(EVERY_ROLE)
    def end_session(self, actor: Actor, token_hash: str) -> None:
        """Signs one of the member's browsers out. Raises AccessError("not_found") for anyone else's."""
        with self._store.transaction() as tx:
            if tx.one("accounts.drop_session_of", token_hash, actor.user_id) is None:
                raise AccessError("not_found", what="session")
            self._audit_own(tx, actor, "session_ended")

    @allows(EVERY_ROLE)
    def end_other_sessions(self, actor: Actor, *, keep_token: str | None) -> None:
        """Signs every browser of the member out but this one; links to choose a new password end too."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("accounts.drop_tickets_of", actor.user_id)
            tx.run("accounts.drop_other_sessions", actor.user_id, hash_of(keep_token) if keep_token else "")
            tx.run("team.end_links_of", actor.user_id, self._clock.now_us())
            self._audit_own(tx, actor, "other_sessions_ended")

    def _audit_own(self, tx: Any, actor: Actor, action: str) -> None:
        subject = f"member {actor.user_id}"
        record_audit(tx, actor=actor, action=action, subject=subject, detail="", now_us=self._clock.now_us())
