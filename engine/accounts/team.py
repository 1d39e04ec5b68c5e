"""The people of an account: who they are, invitations by link, roles, removal, help with signing in.

Owners manage their account, administrators the operator's own people; staff help the members of customers who cannot
sign in. There is no mail: a link is shown once to whoever makes it, and only its hash is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from engine.access import allows, anonymous
from engine.accounts import attempts
from engine.accounts.audit import confirm, record_audit
from engine.accounts.forms import RegisterForm
from engine.accounts.passwords import COST, check_policy, hash_password
from engine.accounts.people import NewMember, add_member, refuse_taken
from engine.accounts.tokens import hash_of, new_token
from engine.config import Config
from engine.errors import AccessError, InputError, StateError
from engine.model import CUSTOMER_ROLES, DAY_US, EVERY_ROLE, OPERATOR_ROLES, Actor, Clock, Role
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Row, Rows, Store, Tx

MANAGERS: Final = frozenset({Role.OWNER, Role.ADMIN})
HELPERS: Final = OPERATOR_ROLES | {Role.OWNER}
INVITE_US: Final = 7 * DAY_US
RESET_US: Final = DAY_US
KEPT_US: Final = 90 * DAY_US
"""Links are forgotten this long after their end."""
MOST_OPEN: Final = 20
MOST_MEMBERS: Final = 200
MOST_LABEL: Final = 120
JOINS_PER_HOUR: Final = 500
INVITE, RESET = "invite", "reset"


@dataclass(frozen=True, slots=True)
class NewLink:
    """What is shown once: the token goes into the link's address."""

    token: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What the page behind a link may show. Of an invitation `user_name` is empty, of a new password `role` None."""

    account_name: str
    role: Role | None
    user_name: str
    full_name: str
    expires_us: int


class Team:
    def __init__(self, store: Store, clock: Clock, config: Config, *, password_cost: int = COST) -> None:
        """`password_cost` is bcrypt's; only tests lower it."""
        self._store = store
        self._clock = clock
        self._config = config
        self._cost = password_cost

    @allows(EVERY_ROLE)
    def members(self, actor: Actor, account_id: int | None = None) -> Rows:
        """Active members of the actor's account, at most 200; operators may name another account.

        Rows: id, user_name, email, full_name, role, created_us, last_login_us (None: never), locked (too many wrong
        passwords a moment ago), second_step (on or not). Raises AccessError("not_found").
        """
        whose = actor.account_id if account_id is None else account_id
        if whose != actor.account_id and not actor.is_operator:
            raise AccessError("not_found", what="account")
        return self._store.all("team.members", whose, self._clock.now_us(), MOST_MEMBERS)

    @allows(EVERY_ROLE)
    def invitations(self, actor: Actor) -> Rows:
        """Open invitations to the actor's account, newest first: id, role, label, created_us, expires_us,
        made_by_name. Never the link itself."""
        return self._store.all("team.open_invitations", actor.account_id, self._clock.now_us())

    @allows(MANAGERS)
    def invite(self, actor: Actor, role: Role, label: str = "") -> NewLink:
        """A link that makes one new member of the actor's account within 7 days. `label` says whom it is for.

        Raises StateError("too_many_links" | "team_full"), InputError for a role of the other side.
        """
        _check_role(actor, role)
        link = NewLink(new_token(), self._clock.now_us() + INVITE_US)
        text = " ".join(label.split())[:MOST_LABEL]
        with self._store.transaction() as tx:
            confirm(tx, actor)
            _refuse_full(tx, actor.account_id)
            now_us = self._clock.now_us()
            tx.run("team.drop_old_links", now_us - KEPT_US)
            row = tx.one("team.count_open", actor.account_id, now_us)
            if row is not None and row["open"] >= MOST_OPEN:
                raise StateError("too_many_links", limit=MOST_OPEN)
            link_id = self._add_link(tx, actor, INVITE, actor.account_id, link, role=role, label=text)
            self._audit(tx, actor, "invitation_made", f"invitation {link_id}", f"{role.value} {text}".strip())
        return link

    @allows(MANAGERS)
    def revoke(self, actor: Actor, invitation_id: int) -> None:
        """Withdraws an open invitation. Raises AccessError("not_found") when it is not the account's or not open."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one("team.revoke", invitation_id, actor.account_id, self._clock.now_us())
            if row is None:
                raise AccessError("not_found", what="open invitation")
            detail = f"{row['role']} {row['label']}".strip()
            self._audit(tx, actor, "invitation_revoked", f"invitation {invitation_id}", detail)

    @anonymous
    def open_invitation(self, token: str) -> OpenLink:
        """Whom an invitation lets in where. Raises AccessError("link_invalid")."""
        return _shown(self._link(self._store, token, INVITE))

    @anonymous
    def join(self, token: str, form: RegisterForm, *, address: str | None = None) -> None:
        """Uses an invitation up: a new member of its account. `form.team` and `form.zone` are not read.

        Raises AccessError("link_invalid" | "too_many_attempts"), InputError naming the field, StateError("team_full").
        """
        link = self._link(self._store, token, INVITE)
        checked = replace(form, team=link["account_name"], zone=link["zone"]).checked(self._config.zone)
        refuse_taken(self._store.all("accounts.taken", checked.user_name, checked.email))
        attempts.count(
            self._store, self._clock, attempts.JOIN, address, each=attempts.JOINS_PER_ADDRESS, overall=JOINS_PER_HOUR
        )
        hashed = hash_password(checked.password, self._cost)
        role = Role(link["role"])
        new = NewMember(checked.user_name, checked.email, checked.full_name, role, hashed)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            self._use(tx, token, INVITE)
            _refuse_full(tx, link["account_id"])
            add_member(tx, link["account_id"], new, now_us, action="member_joined")
            self._tell(tx, link, f"{new.full_name} ({new.user_name}) joined the team as {role.value}.")

    @allows(MANAGERS)
    def set_role(self, actor: Actor, member_id: int, role: Role) -> None:
        """Another role, at once: what the member does next is checked against it.

        Raises AccessError("not_found"), StateError("last_owner"), InputError for a role of the other side.
        """
        _check_role(actor, role)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            member = self._own_member(tx, actor, member_id)
            if member["role"] == role.value:
                return
            _keep_one_in_charge(tx, actor, member)
            tx.run("team.set_role", member_id, role.value)
            tx.run("team.end_links_by", member_id, self._clock.now_us())
            detail = f"{member['user_name']}: {member['role']} → {role.value}"
            self._audit(tx, actor, "role_changed", f"member {member_id}", detail)

    @allows(MANAGERS)
    def remove(self, actor: Actor, member_id: int) -> None:
        """Takes a member out of the account; its sessions end at once. User name and e-mail address stay taken.

        Raises AccessError("not_found"), StateError("last_owner").
        """
        with self._store.transaction() as tx:
            confirm(tx, actor)
            member = self._own_member(tx, actor, member_id)
            _keep_one_in_charge(tx, actor, member)
            tx.run("team.remove", member_id)
            _end_sign_ins(tx, member_id)
            tx.run("team.end_links_of", member_id, self._clock.now_us())
            tx.run("team.end_links_by", member_id, self._clock.now_us())
            _drop_second_step(tx, member_id)
            self._audit(tx, actor, "member_removed", f"member {member_id}", member["user_name"])

    @allows(HELPERS)
    def reset_link(self, actor: Actor, member_id: int) -> NewLink:
        """A link with which a member sets a new password once, within a day; earlier ones end.

        Nobody sees a password, and a second step stays as it is. Raises AccessError("not_found").
        """
        link = NewLink(new_token(), self._clock.now_us() + RESET_US)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            member = self._helped(tx, actor, member_id)
            tx.run("team.end_links_of", member_id, self._clock.now_us())
            self._add_link(tx, actor, RESET, member["account_id"], link, member_id=member_id)
            self._audit_help(tx, actor, "reset_link_made", member)
            self._tell_of_help(tx, actor, member, "made a link for a new password of")
        return link

    @anonymous
    def open_reset(self, token: str) -> OpenLink:
        """Whose password a link sets. Raises AccessError("link_invalid")."""
        return _shown(self._link(self._store, token, RESET))

    @anonymous
    def reset_password(self, token: str, new: str) -> None:
        """Uses a link up: a new password, and every browser of the member is signed out.

        Raises AccessError("link_invalid"), InputError("weak_password" | "invalid").
        """
        link = self._link(self._store, token, RESET)
        check_policy(new, link["user_name"], link["email"].partition("@")[0])
        hashed = hash_password(new, self._cost)
        with self._store.transaction() as tx:
            self._use(tx, token, RESET)
            tx.run("team.force_password", link["member_id"], hashed)
            _end_sign_ins(tx, link["member_id"])
            record_audit(
                tx,
                actor=None,
                action="password_reset",
                subject=f"member {link['member_id']}",
                detail=link["user_name"],
                now_us=self._clock.now_us(),
                account_id=link["account_id"],
            )

    @allows(HELPERS)
    def unlock(self, actor: Actor, member_id: int) -> None:
        """Ends the wait after too many wrong passwords. Raises AccessError("not_found")."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            member = self._helped(tx, actor, member_id)
            tx.run("team.unlock", member_id)
            self._audit_help(tx, actor, "sign_in_unlocked", member)

    @allows(OPERATOR_ROLES)
    def remove_factor(self, actor: Actor, member_id: int) -> None:
        """Takes the second step of a member who lost it away; signed-in browsers are signed out.

        Raises AccessError("not_found"), StateError("factor_off").
        """
        with self._store.transaction() as tx:
            confirm(tx, actor)
            member = self._helped(tx, actor, member_id)
            if tx.one("factors.is_on", member_id) is None:
                raise StateError("factor_off")
            _drop_second_step(tx, member_id)
            _end_sign_ins(tx, member_id)
            self._audit_help(tx, actor, "second_step_removed", member)
            self._tell_of_help(tx, actor, member, "removed the second sign-in step of")

    def _link(self, reader: Store | Tx, token: str, kind: str) -> Row:
        row = reader.one("team.link", hash_of(token), self._clock.now_us())
        if row is None or row["kind"] != kind:
            raise AccessError("link_invalid")
        return row

    def _use(self, tx: Tx, token: str, kind: str) -> None:
        """Reads again where it is used: while a password was hashed it may have been withdrawn."""
        self._link(tx, token, kind)
        if tx.one("team.use_link", hash_of(token), self._clock.now_us()) is None:
            raise AccessError("link_invalid")

    def _add_link(
        self,
        tx: Tx,
        actor: Actor,
        kind: str,
        account_id: int,
        link: NewLink,
        *,
        member_id: int | None = None,
        role: Role | None = None,
        label: str = "",
    ) -> int:
        link_id = tx.reserve("access_link")
        now_us, word = self._clock.now_us(), None if role is None else role.value
        tx.run(
            "team.add_link", link_id, hash_of(link.token), kind, account_id, member_id, word, label, actor.user_id,
            now_us, link.expires_us,
        )  # fmt: skip
        return link_id

    def _own_member(self, tx: Tx, actor: Actor, member_id: int) -> Row:
        """An active member of the actor's own account."""
        row = tx.one("team.member", member_id)
        if row is None or row["account_id"] != actor.account_id:
            raise AccessError("not_found", what="member")
        return row

    def _helped(self, tx: Tx, actor: Actor, member_id: int) -> Row:
        """A member whom the actor may help: of the own account for managers, of customers for operators."""
        row = tx.one("team.member", member_id)
        own = row is not None and row["account_id"] == actor.account_id and actor.role in MANAGERS
        customers = row is not None and row["account_kind"] == "customer" and actor.is_operator
        if row is None or not (own or customers):
            raise AccessError("not_found", what="member")
        return row

    def _audit(self, tx: Tx, actor: Actor, action: str, subject: str, detail: str) -> None:
        now_us = self._clock.now_us()
        record_audit(tx, actor=actor, action=action, subject=subject, detail=detail, now_us=now_us)

    def _audit_help(self, tx: Tx, actor: Actor, action: str, member: Row) -> None:
        record_audit(
            tx,
            actor=actor,
            action=action,
            subject=f"member {member['id']}",
            detail=member["user_name"],
            now_us=self._clock.now_us(),
            account_id=member["account_id"],
        )

    def _tell_of_help(self, tx: Tx, actor: Actor, member: Row, did: str) -> None:
        who = actor.name if actor.account_id == member["account_id"] else "Staff"
        self._tell(tx, member, f"{who} {did} {member['full_name']} ({member['user_name']}).")

    def _tell(self, tx: Tx, row: Row, sentence: str) -> None:
        """Tells the account of a row with account_id and account_kind."""
        now_us = self._clock.now_us()
        if row["account_kind"] == "operator":
            tell_operators(tx, NoticeKind.ACCOUNT, sentence, link="staff_users", now_us=now_us)
        else:
            tell_account(tx, row["account_id"], NoticeKind.ACCOUNT, sentence, link="team", now_us=now_us)


def roles_of(actor: Actor) -> frozenset[Role]:
    """The roles there are in the actor's account."""
    return OPERATOR_ROLES if actor.is_operator else CUSTOMER_ROLES


def _check_role(actor: Actor, role: Role) -> None:
    if role not in roles_of(actor):
        raise InputError("invalid", field="Role", problem="not one of this account.", remedy="Choose another one.")


def _refuse_full(tx: Tx, account_id: int) -> None:
    row = tx.one("team.count_members", account_id)
    if row is not None and row["members"] >= MOST_MEMBERS:
        raise StateError("team_full", limit=MOST_MEMBERS)


def _keep_one_in_charge(tx: Tx, actor: Actor, member: Row) -> None:
    """The write lock makes this safe against two owners who remove each other at once."""
    manager = Role.ADMIN if actor.is_operator else Role.OWNER
    if member["role"] != manager.value:
        return
    row = tx.one("team.others_in_charge", member["account_id"], manager.value, member["id"])
    if row is None or row["others"] == 0:
        raise StateError("last_owner", role=manager.value)


def _end_sign_ins(tx: Tx, member_id: int) -> None:
    """Sessions, tickets and half-made sign-ins are over."""
    tx.run("accounts.drop_other_sessions", member_id, "")
    tx.run("accounts.drop_tickets_of", member_id)
    tx.run("factors.drop_challenges_of", member_id)


def _drop_second_step(tx: Tx, member_id: int) -> None:
    tx.all("factors.drop", member_id)
    tx.run("factors.drop_codes", member_id)


def _shown(row: Row) -> OpenLink:
    return OpenLink(
        account_name=row["account_name"],
        role=None if row["role"] is None else Role(row["role"]),
        user_name=row["user_name"] or "",
        full_name=row["full_name"] or "",
        expires_us=row["expires_us"],
    )
