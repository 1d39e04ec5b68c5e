"""Who there is: the first administrator, registration, the accounts that staff look after."""

from __future__ import annotations

import hmac
from typing import Final

from engine import ledger
from engine.access import allows, anonymous
from engine.accounts import attempts
from engine.accounts.audit import confirm, reason_given, record_audit
from engine.accounts.forms import RegisterForm, email_of, user_name_of, zone_of
from engine.accounts.passwords import UNUSABLE, check_policy, hash_password
from engine.accounts.people import NewMember, add_member, refuse_taken
from engine.accounts.sessions import SignIn
from engine.accounts.tokens import hash_of, new_token
from engine.errors import AccessError, InputError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Role
from engine.notices import NoticeKind, tell_account
from engine.store import Row, Rows, Tx

SETUP_SETTING: Final = "setup_token_hash"
OPERATOR_NAME: Final = "Operator"
MOST_FOUND: Final = 200
MOST_AUDIT: Final = 500
STATUSES: Final = frozenset({"active", "suspended"})
"""What staff may set; "pending" is only the state before the first approval."""


class Accounts(SignIn):
    @anonymous
    def setup_needed(self) -> bool:
        """True while there is no administrator."""
        row = self._store.one("accounts.has_admin")
        return row is None or not row["yes"]

    def setup_token(self) -> str:
        """Internal, for the server's start: a new one-time token of the set-up link; earlier ones end.

        Raises AccessError("setup_done") when there is an administrator.
        """
        token = new_token()
        with self._store.transaction() as tx:
            _refuse_second_setup(tx)
            tx.run("store.put_setting", SETUP_SETTING, hash_of(token), self._clock.now_us())
        return token

    @anonymous
    def create_first_admin(self, token: str, form: RegisterForm) -> None:
        """Makes the operator's account and its administrator, once. `form.team` names the operator.

        Raises AccessError("setup_token" | "setup_done"), InputError naming the field.
        """
        _check_setup_token(self._store.one("store.setting", SETUP_SETTING), token, done=not self.setup_needed())
        checked = form.checked(self._config.zone)
        hashed = hash_password(checked.password, self._cost)
        member = NewMember(checked.user_name, checked.email, checked.full_name, Role.ADMIN, hashed)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            _refuse_second_setup(tx)
            _check_setup_token(tx.one("store.setting", SETUP_SETTING), token, done=False)
            tx.run("store.drop_setting", SETUP_SETTING)
            account_id = _operator_account(tx, checked.team, checked.zone, now_us)
            add_member(tx, account_id, member, now_us, action="administrator_created")

    @anonymous
    def register(self, form: RegisterForm, *, address: str | None = None) -> None:
        """Makes a customer account with no credit and its owner; pending when staff approve new accounts.

        `address` is the client's, for the limit by the hour. Raises InputError("taken" | "weak_password" | "invalid")
        naming the field, AccessError("too_many_attempts").
        """
        checked = form.checked(self._config.zone)
        with_taken = self._store.all("accounts.taken", checked.user_name, checked.email)
        refuse_taken(with_taken)  # before the slow hash; the insert decides
        attempts.count(
            self._store,
            self._clock,
            attempts.REGISTER,
            address,
            each=attempts.PER_ADDRESS,
            overall=self._config.registrations_per_hour,
        )
        hashed = hash_password(checked.password, self._cost)
        member = NewMember(checked.user_name, checked.email, checked.full_name, Role.OWNER, hashed)
        status = "pending" if self._config.approve_accounts else "active"
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            account_id = _add_account(tx, checked.team, "customer", status, checked.zone, now_us)
            add_member(tx, account_id, member, now_us, action="registered")

    @allows(OPERATOR_ROLES)
    def find(self, actor: Actor, search: str = "", limit: int = 50) -> Rows:  # noqa: ARG002 - checked by the mark
        """Customer accounts whose name, user name or address holds `search`, newest first (at most 200).

        Rows: id, name, kind, status, zone, created_us, available_micro, held_micro, owner_name, owner_user_name,
        owner_email, owner_last_login_us.
        """
        return self._store.all("accounts.find", search.strip().lower(), min(max(limit, 1), MOST_FOUND))

    @allows(EVERY_ROLE)
    def name(self, actor: Actor) -> str:
        """What the actor's account is called; cheap enough for every page."""

        def read() -> str:
            row = self._store.one("accounts.name", actor.account_id)
            return row["name"] if row else ""

        return self._names.get(actor.account_id, read)

    @allows(EVERY_ROLE)
    def one(self, actor: Actor, account_id: int) -> Row:
        """One account as `find` shows it; customers see their own. Raises AccessError("not_found")."""
        own = actor.is_operator or account_id == actor.account_id
        row = self._store.one("accounts.one", account_id) if own else None
        if row is None:
            raise AccessError("not_found", what="account")
        return row

    @allows(OPERATOR_ROLES)
    def set_status(self, actor: Actor, account_id: int, status: str, *, note: str = "") -> None:
        """Approves, reactivates ("active") or closes ("suspended") a customer account; closing ends its sessions.

        Nothing of a closed account is sent; tasks whose time passed meanwhile wait paused when it is open again.

        `note`, why, is mandatory: its people are told, and it is kept in the audit log.
        Raises AccessError("not_found"), InputError("reason_missing"), InputError for another status.
        """
        if status not in STATUSES:
            raise InputError("invalid", field="Status", problem="unknown.", remedy="Use active or suspended.")
        why = reason_given(note)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("accounts.set_status", account_id, status) is None:
                raise AccessError("not_found", what="account")
            if status != "active":
                tx.run("accounts.drop_account_sessions", account_id)
                tx.run("team.end_links_of_account", account_id, now_us)
            sentence = f"Your account is {status}: {why}"
            tell_account(tx, account_id, NoticeKind.ACCOUNT, sentence, now_us=now_us)
            if status == "active":
                _hold_overdue(tx, account_id, now_us)
            record_audit(
                tx,
                actor=actor,
                action=f"account_{status}",
                subject=f"account {account_id}",
                detail=why,
                now_us=now_us,
                account_id=account_id,
            )

    @allows(OPERATOR_ROLES | {Role.OWNER})
    def audit_log(
        self, actor: Actor, *, account_id: int | None = None, after: int | None = None, limit: int = 50
    ) -> Rows:
        """Newest first, below the id `after` (at most 500); owners see their own account's lines.

        Rows: id, created_us, account_id, action, subject, detail, member_name, account_name.
        """
        if not actor.is_operator and account_id not in {None, actor.account_id}:
            raise AccessError("not_found", what="account")
        whose = account_id if actor.is_operator else actor.account_id
        return self._store.all("accounts.audit", whose, after, min(max(limit, 1), MOST_AUDIT))

    def create_operator(self, user_name: str, email: str, password: str, role: Role) -> None:
        """Internal, for `create-admin` on the command line: another staff member or administrator."""
        if role not in OPERATOR_ROLES:
            raise InputError("invalid", field="Role", problem="not an operator's.", remedy="Use staff or admin.")
        name, address = user_name_of(user_name), email_of(email)
        check_policy(password, name, address.partition("@")[0])
        hashed = hash_password(password, self._cost)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            account_id = _operator_account(tx, OPERATOR_NAME, zone_of(self._config.zone), now_us)
            add_member(tx, account_id, NewMember(name, address, name, role, hashed), now_us, action="operator_created")

    def ensure_account(self, name: str) -> Actor:
        """Internal, for the command line: the owner of its account `name`, made without a password when missing.

        User name and address are ones nobody can register, so that this is never a customer's account.
        """
        zone, now_us = zone_of(self._config.zone), self._clock.now_us()
        plain = user_name_of(name)
        member = NewMember(f"@{plain}", f"{plain}@localhost", plain, Role.OWNER, UNUSABLE)
        with self._store.transaction() as tx:
            row = tx.one("accounts.identify", member.user_name)
            if row is not None:
                return Actor(row["id"], row["account_id"], Role(row["role"]), row["full_name"], row["zone"])
            account_id = _add_account(tx, plain, "customer", "active", zone, now_us)
            member_id = add_member(tx, account_id, member, now_us, action="account_made")
            return Actor(member_id, account_id, member.role, member.full_name, zone)


def _hold_overdue(tx: Tx, account_id: int, now_us: int) -> None:
    """What was to be sent weeks ago does not go out by itself."""
    for task in tx.all("control.pause_unsent", account_id, now_us, now_us):
        sentence = (
            f"The time of “{task['name']}” passed while your account was closed. It waits paused: resume or cancel it."
        )
        tell_account(tx, account_id, NoticeKind.TASK, sentence, link=f"task?id={task['id']}", now_us=now_us)


def _add_account(tx: Tx, name: str, kind: str, status: str, zone: str, now_us: int) -> int:
    account_id = tx.reserve("account")
    tx.run("accounts.add_account", account_id, name, kind, status, zone, now_us)
    ledger.open_account(tx, account_id)
    return account_id


def _operator_account(tx: Tx, name: str, zone: str, now_us: int) -> int:
    row = tx.one("accounts.operator_account")
    return row["id"] if row else _add_account(tx, name, "operator", "active", zone, now_us)


def _refuse_second_setup(tx: Tx) -> None:
    row = tx.one("accounts.has_admin")
    if row is not None and row["yes"]:
        raise AccessError("setup_done")


def _check_setup_token(setting: Row | None, token: str, *, done: bool) -> None:
    if done:
        raise AccessError("setup_done")
    if setting is None or not hmac.compare_digest(setting["value"], hash_of(token)):
        raise AccessError("setup_token")
