"""Writing a new member, wherever it comes from: registration, set-up, an invitation, the command line."""

from __future__ import annotations

from dataclasses import dataclass

from engine.accounts.audit import record_audit
from engine.accounts.forms import EMAIL, USER_NAME
from engine.errors import InputError
from engine.model import Actor, Role
from engine.store import Rows, Tx


@dataclass(frozen=True, slots=True)
class NewMember:
    """What a member row needs; identities are checked and lower-cased."""

    user_name: str
    email: str
    full_name: str
    role: Role
    password_hash: str


def add_member(tx: Tx, account_id: int, member: NewMember, now_us: int, *, action: str) -> int:
    """The new member's id. Raises InputError("taken"), which also undoes the account made before."""
    added = tx.one(
        "accounts.add_member",
        tx.reserve("member"),
        account_id,
        member.user_name,
        member.email,
        member.full_name,
        member.role.value,
        member.password_hash,
        now_us,
    )
    if added is None:
        refuse_taken(tx.all("accounts.taken", member.user_name, member.email))
        raise AssertionError("an insert was refused although neither name nor address is taken")
    actor = Actor(added["id"], account_id, member.role, member.full_name)
    record_audit(tx, actor=actor, action=action, subject=f"member {added['id']}", detail="", now_us=now_us)
    return actor.user_id


def refuse_taken(rows: Rows) -> None:
    """`rows` of accounts.taken. Raises InputError("taken") naming the field."""
    if any(row["user_name"] for row in rows):
        raise InputError("taken", what="user name", field=USER_NAME)
    if rows:
        raise InputError("taken", what="e-mail address", field=EMAIL)
