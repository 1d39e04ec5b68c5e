"""The terms customers accept with every task: versions that are kept for ever, the newest in force."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.errors import AccessError, InputError
from engine.model import EVERY_ROLE, OPERATOR_ROLES, Actor, Clock, Role
from engine.notices import NoticeKind, tell_operators
from engine.store import Reader, Row, Rows, Store, Tx

FIRST_VERSION: Final = "2026-11"
"""Of `data/terms.md`, which ships with the product and is in force until an administrator publishes another."""
FIRST_FILE: Final = Path(__file__).parents[1] / "data" / "terms.md"
VERSION_LENGTH: Final = 20
LEAST_TEXT, MOST_TEXT = 100, 50_000
MOST_VERSIONS: Final = 500


class Terms:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(EVERY_ROLE)
    def current(self, actor: Actor) -> Row:  # noqa: ARG002 - checked by the mark
        """The terms in force: version, body (a little Markdown), created_us."""
        return in_force(self._store)

    @allows(EVERY_ROLE)
    def of(self, actor: Actor, version: str) -> Row:  # noqa: ARG002 - checked by the mark
        """The text of a version, such as the one a task accepted. Raises AccessError("not_found")."""
        row = self._store.one("terms.by_version", version)
        if row is None:
            raise AccessError("not_found", what="version of the terms")
        return row

    @allows(OPERATOR_ROLES)
    def versions(self, actor: Actor) -> Rows:  # noqa: ARG002 - checked by the mark
        """Newest first: version, body, created_us, member_name (None: came with the product), tasks."""
        return self._store.all("terms.versions")

    @allows(frozenset({Role.ADMIN}))
    def publish(self, actor: Actor, version: str, text: str) -> None:
        """Puts a new version into force at once; quotes that are open must be accepted anew.

        Raises InputError("invalid" | "taken") naming the field.
        """
        label, body = _version(version), _body(text)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if tx.one("terms.by_version", label) is not None:
                raise InputError("taken", what="version")
            terms_id = tx.reserve("terms")
            if terms_id > MOST_VERSIONS:
                raise InputError("invalid", field="Version", problem="there are too many.", remedy="Edit less often.")
            tx.run("terms.insert", terms_id, label, body, actor.user_id, now_us)
            record_audit(
                tx,
                actor=actor,
                action="terms_published",
                subject=f"terms {label}",
                detail=f"{len(body):,} characters",
                now_us=now_us,
            )
            sentence = f"Terms {label} are in force; customers accept them with their next task."
            tell_operators(tx, NoticeKind.ACCOUNT, sentence, link="staff_terms", now_us=now_us)


def in_force(reader: Reader) -> Row:
    """The newest version."""
    row = reader.one("terms.current")
    assert row is not None, "the first version is written when the engine is built"
    return row


def add_first(tx: Tx, *, now_us: int) -> None:
    """Writes the terms that came with the product into a database that has none."""
    if tx.one("terms.current") is None:
        body = FIRST_FILE.read_text(encoding="utf-8")
        tx.run("terms.insert", tx.reserve("terms"), FIRST_VERSION, body, None, now_us)


def _version(version: str) -> str:
    label = version.strip()
    if not 0 < len(label) <= VERSION_LENGTH or not label.isprintable():
        remedy = f"Use 1–{VERSION_LENGTH} characters, such as 2027-01."
        raise InputError("invalid", field="Version", problem="missing or too long.", remedy=remedy)
    return label


def _body(text: str) -> str:
    body = text.replace("\r\n", "\n").strip()
    if not LEAST_TEXT <= len(body) <= MOST_TEXT:
        remedy = f"Write {LEAST_TEXT}–{MOST_TEXT:,} characters."
        raise InputError("invalid", field="Text", problem="too short or too long.", remedy=remedy)
    return body
