"""The second step of sign-in: a code of an authenticator app, or one of ten recovery codes.

The secret leaves this room once, while it is set up. It is stored encrypted with a key made from the server's secret;
with another server's secret (IMS_SECRET lost) codes stop working, recovery codes go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import polars as pl

from engine.access import allows, anonymous
from engine.accounts import totp
from engine.accounts.audit import confirm, record_audit
from engine.accounts.forms import OLD_PASSWORD
from engine.accounts.passwords import COST
from engine.accounts.proof import Proof, refuse_locked
from engine.accounts.sessions import TICKET_US
from engine.accounts.tokens import hash_of, new_token
from engine.config import Config, secret_of
from engine.errors import AccessError, InputError, StateError
from engine.model import EVERY_ROLE, HOUR_US, Actor, Clock
from engine.store import Store, Tx

log = logging.getLogger(__name__)

T = TypeVar("T")

CODE: Final = "Code"
"""Label of the field; an InputError names it."""
ISSUER: Final = "IMS"
SET_UP_US: Final = HOUR_US
"""A secret that was shown waits this long for its first code."""
MOST_CODE: Final = 64


@dataclass(frozen=True, slots=True)
class FactorSetup:
    """Shown once: `secret` to type (base32), `address` for the QR code."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class FactorState:
    """`since_us` None: off. `required`: the operator wants it of this role."""

    since_us: int | None
    codes_left: int
    required: bool

    @property
    def on(self) -> bool:
        return self.since_us is not None


class Factors:
    def __init__(self, store: Store, clock: Clock, config: Config, *, password_cost: int = COST) -> None:
        """`password_cost` is bcrypt's; only tests lower it."""
        self._store = store
        self._clock = clock
        self._config = config
        self._proof = Proof(store, clock, password_cost)

    @allows(EVERY_ROLE, restricted=True)
    def state(self, actor: Actor) -> FactorState:
        row = self._store.one("factors.state", actor.user_id)
        required = actor.role in self._config.second_step_roles
        if row is None:
            return FactorState(None, 0, required)
        return FactorState(row["confirmed_us"], row["codes_left"], required)

    @allows(EVERY_ROLE, restricted=True)
    def begin(self, actor: Actor, password: str) -> FactorSetup:
        """A new secret, which counts once `finish` got its first code; an earlier unfinished one is void.

        Raises InputError for a wrong password, AccessError("login_locked"), StateError("factor_on").
        """
        member = self._proof.own_password(actor, password, field=OLD_PASSWORD, doing="set-up of the second step")
        secret = totp.new_secret()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("factors.begin", actor.user_id, self._vault.locked(secret), self._clock.now_us()) is None:
                raise StateError("factor_on")
        return FactorSetup(secret, totp.address_of(secret, who=member["user_name"], issuer=ISSUER))

    @allows(EVERY_ROLE, restricted=True)
    def finish(self, actor: Actor, code: str, *, keep_token: str | None = None) -> list[str]:
        """Switches the second step on and returns the ten recovery codes, which are never shown again. Every other
        browser than that of `keep_token` is signed out: nobody showed a code there.

        Raises InputError for a wrong code, StateError("factor_on" | "factor_expired").
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one("factors.secret", actor.user_id)
            if row is not None and row["confirmed_us"] is not None:
                raise StateError("factor_on")
            secret = self._vault.opened(row["secret"]) if row and row["created_us"] > now_us - SET_UP_US else None
            if secret is None:
                raise StateError("factor_expired")
            step = totp.step_of(secret, totp.plain(code[:MOST_CODE]), now_us=now_us, after=0)
            if step is None:
                raise _wrong_code()
            tx.one("factors.switch_on", actor.user_id, now_us, step)
            # What was begun with the password alone is not finished without a code, and does not go on either.
            tx.run("accounts.drop_tickets_of", actor.user_id)
            tx.run("accounts.drop_other_sessions", actor.user_id, hash_of(keep_token) if keep_token else "")
            codes = _new_codes(tx, actor.user_id)
            self._audit(tx, actor, "second_step_on")
        return codes

    @allows(EVERY_ROLE)
    def turn_off(self, actor: Actor, password: str, code: str) -> None:
        """Takes the second step away. Raises InputError naming the field, AccessError("login_locked"),
        StateError("factor_off")."""

        def drop(tx: Tx) -> None:
            tx.all("factors.drop", actor.user_id)
            tx.run("factors.drop_codes", actor.user_id)
            tx.run("factors.drop_challenges_of", actor.user_id)

        self._with_code(actor, password, code, "second_step_off", drop)

    @allows(EVERY_ROLE)
    def renew_codes(self, actor: Actor, password: str, code: str) -> list[str]:
        """Ten new recovery codes; earlier ones are void. Raises as `turn_off`."""

        def renew(tx: Tx) -> list[str]:
            return _new_codes(tx, actor.user_id)

        return self._with_code(actor, password, code, "recovery_codes_renewed", renew)

    @anonymous
    def awaits_code(self, challenge: str) -> bool:
        """Whether what `sign_in` gave is a challenge that a code must follow, and not yet a ticket."""
        return self._store.one("factors.challenge", hash_of(challenge), self._clock.now_us()) is not None

    @anonymous
    def pass_code(self, challenge: str, code: str, agent: str = "") -> str:
        """Turns a challenge into a ticket for `redeem`. Wrong codes count like wrong passwords.

        Raises AccessError("factor_wrong" | "factor_expired" | "login_locked").
        """
        key, now_us = hash_of(challenge), self._clock.now_us()
        row = self._store.one("factors.challenge", key, now_us)
        member = self._store.one("accounts.member", row["member_id"]) if row else None
        if row is None or member is None:
            raise AccessError("factor_expired")
        refuse_locked(member["locked_until_us"], now_us)
        ticket = new_token()
        with self._store.transaction() as tx:
            right = self._spend(tx, member["id"], code)
            if right:
                taken = tx.one("factors.take_challenge", key, now_us)
                if taken is None or tx.one("accounts.note_login", member["id"], now_us, row["epoch"]) is None:
                    raise AccessError("factor_expired")
                tx.run("accounts.drop_old_tickets", now_us)
                tx.run("accounts.add_ticket", hash_of(ticket), member["id"], now_us + TICKET_US)
        if not right:
            self._proof.count_failure(member, agent)
            raise AccessError("factor_wrong")
        return ticket

    @cached_property
    def _vault(self) -> totp.Vault:
        return totp.Vault(secret_of(self._config))

    def _with_code(self, actor: Actor, password: str, code: str, action: str, change: Callable[[Tx], T]) -> T:
        """Makes a change once password and code were right. A code that was used up stays so whatever follows."""
        member = self._proof.own_password(actor, password, field=OLD_PASSWORD, doing=action)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("factors.is_on", actor.user_id) is None:
                raise StateError("factor_off")
            if self._spend(tx, actor.user_id, code):
                self._audit(tx, actor, action)
                return change(tx)
        self._proof.count_failure(member, action)
        raise _wrong_code()

    def _spend(self, tx: Tx, member_id: int, typed: str) -> bool:
        """Uses a code up: a step of the app counts once, and so does a recovery code."""
        code = totp.plain(typed[:MOST_CODE])
        if not totp.is_totp(code):
            spent = tx.one("factors.use_code", totp.recovery_hash(member_id, code), member_id, self._clock.now_us())
            return spent is not None
        row = tx.one("factors.secret", member_id)
        if row is None or row["confirmed_us"] is None:
            return False
        secret = self._vault.opened(row["secret"])
        if secret is None:
            log.warning("the second step of member %s was set up with another IMS_SECRET", member_id)
            return False
        step = totp.step_of(secret, code, now_us=self._clock.now_us(), after=row["last_step"])
        return step is not None and tx.one("factors.use_step", member_id, step) is not None

    def _audit(self, tx: Tx, actor: Actor, action: str) -> None:
        now_us = self._clock.now_us()
        record_audit(tx, actor=actor, action=action, subject=f"member {actor.user_id}", detail="", now_us=now_us)


def _new_codes(tx: Tx, member_id: int) -> list[str]:
    codes = totp.new_recovery_codes()
    hashes = [totp.recovery_hash(member_id, code) for code in codes]
    tx.run("factors.drop_codes", member_id)
    tx.bulk("factors.add_codes", pl.DataFrame({"code_hash": hashes, "member_id": [member_id] * len(codes)}))
    return codes


def _wrong_code() -> InputError:
    return InputError("invalid", field=CODE, problem="this is not right.", remedy="Type the newest one of your app.")
