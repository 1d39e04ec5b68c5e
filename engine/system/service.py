"""The system page's questions and its few buttons; staff look, administrators press."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine import __version__
from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.config import Config
from engine.errors import StateError
from engine.history import PAGE_ROWS, Page
from engine.ledger import Reconciliation
from engine.model import DAY_US, OPERATOR_ROLES, Actor, Clock, Role
from engine.store import Reader, Row, Rows, Store, file_of
from engine.system import audit, backups
from engine.system.audit import EVERYTHING, AuditFilter
from engine.system.backups import Backup
from engine.system.health import ChoreRun, Chores

ADMIN_ONLY: Final = frozenset({Role.ADMIN})
BACKUP_LOOK_EVERY_S: Final = 900
GROWTH_DAYS: Final = 30
JOBS_SHOWN: Final = 100
BACKUP_CHORE: Final = "backup on request"
PROOF_CHORE: Final = "reconciliation on request"


@dataclass(frozen=True, slots=True)
class Proof:
    """The last proof of the books. `quick` left out what reads every message."""

    at_us: int
    quick: bool
    found: dict[str, int]

    @property
    def ok(self) -> bool:
        return not any(self.found.values())


@dataclass(frozen=True, slots=True)
class Overview:
    """Sizes in bytes, times in microseconds. `grown_bytes` is over `grown_days` days (0: not known yet)."""

    version: str
    uptime_us: int
    database_bytes: int
    wal_bytes: int
    grown_bytes: int
    grown_days: int
    memory_bytes: int | None
    disk_free_bytes: int
    disk_bytes: int
    scheduler_ok: bool
    since_tick_s: float
    chores: tuple[ChoreRun, ...]
    jobs: dict[str, int]
    queues: Rows
    proof: Proof | None


class System:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        chores: Chores,
        reconcile: Callable[[], Reconciliation],
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._chores = chores
        self._reconcile = reconcile
        self._since_s = time.monotonic()
        self._proof: Proof | None = None

    @allows(OPERATOR_ROLES)
    def overview(self, actor: Actor) -> Overview:  # noqa: ARG002 - checked by the mark
        """Everything the system page shows but the lists below.

        `queues` has a row a route: route_id, name, enabled, scheduled, queued, in_flight, awaited, oldest_us (of the
        awaited receipts), parked, down_since_us, last_error.
        """
        disk = shutil.disk_usage(_existing(self._config.data))
        grown_bytes, grown_days = self._growth()
        return Overview(
            version=__version__,
            uptime_us=round((time.monotonic() - self._since_s) * 1_000_000),
            database_bytes=self._store.size_bytes(),
            wal_bytes=self._store.wal_bytes(),
            grown_bytes=grown_bytes,
            grown_days=grown_days,
            memory_bytes=_memory_bytes(),
            disk_free_bytes=disk.free,
            disk_bytes=disk.total,
            scheduler_ok=self._chores.healthy,
            since_tick_s=self._chores.since_tick_s,
            chores=tuple(self._chores.chores()),
            jobs={row["state"]: row["jobs"] for row in self._store.all("system.job_counts")},
            queues=_queues(self._store),
            proof=self._proof,
        )

    @allows(OPERATOR_ROLES)
    def jobs(self, actor: Actor) -> Rows:  # noqa: ARG002 - checked by the mark
        """Failed, running and waiting jobs (100): id, key, name, state, attempts, last_error, run_us, created_us."""
        return self._store.all("system.jobs", JOBS_SHOWN)

    @allows(ADMIN_ONLY)
    def retry_job(self, actor: Actor, job_id: int) -> None:
        """A failed job begins anew, at once. Raises StateError("job_not_failed")."""
        self._change_job(actor, "system.retry_job", job_id, self._clock.now_us(), action="job_retried")

    @allows(ADMIN_ONLY)
    def drop_job(self, actor: Actor, job_id: int) -> None:
        """A failed job is given up; a task it would have sent stays as it is and can be cancelled."""
        self._change_job(actor, "system.drop_job", job_id, action="job_dropped")

    @allows(ADMIN_ONLY)
    def reconcile_now(self, actor: Actor) -> bool:
        """Proves the books in the background; False when that is under way already."""
        self._note(actor, "reconciliation", "the books")
        return self._chores.run_now(PROOF_CHORE, self._reconcile)

    @allows(ADMIN_ONLY)
    def back_up_now(self, actor: Actor) -> bool:
        """Makes a backup in the background; False when that is under way already."""
        self._note(actor, "backup", "the database")
        return self._chores.run_now(BACKUP_CHORE, self._back_up)

    @allows(OPERATOR_ROLES)
    def backups(self, actor: Actor) -> list[Backup]:  # noqa: ARG002 - checked by the mark
        """Those in IMS_DATA/backups, newest first."""
        return backups.listing(self._config)

    @allows(OPERATOR_ROLES)
    def audit(
        self,
        actor: Actor,  # noqa: ARG002 - checked by the mark
        wanted: AuditFilter = EVERYTHING,
        *,
        after: int | None = None,
        limit: int = PAGE_ROWS,
    ) -> Page:
        """Newest first: id, created_us, member_id, member_name, user_name, member_role, account_id, account_name,
        action, subject, detail."""
        return audit.page(self._store, wanted, after=after, limit=limit)

    @allows(OPERATOR_ROLES)
    def export_audit(self, actor: Actor, wanted: AuditFilter = EVERYTHING) -> bytes:
        """What the filter finds as CSV, at most 200,000 lines, cells no spreadsheet runs."""
        return audit.export(self._store, wanted, zone=actor.zone)

    @allows(OPERATOR_ROLES)
    def audit_choices(self, actor: Actor) -> tuple[Sequence[str], Rows]:  # noqa: ARG002 - checked by the mark
        """The actions there are, and the operator's people (id, full_name, user_name, role)."""
        actions = [row["action"] for row in self._store.all("desk.audit_actions")]
        return actions, self._store.all("desk.operators")

    def note_proof(self, result: Reconciliation, *, quick: bool) -> None:
        """Internal: what the last reconciliation found."""
        self._proof = Proof(self._clock.now_us(), quick, result.as_dict())

    def note_size(self) -> None:
        """Internal, a chore: keeps today's size, so that growth can be shown."""
        with self._store.transaction() as tx:
            tx.run("system.note_size", _day(self._clock.now_us()), self._store.size_bytes())

    def back_up_when_due(self) -> None:
        """Internal, a chore: a backup when the newest one is old enough."""
        if file_of(self._config.url) is not None and backups.due(self._config, now_us=self._clock.now_us()):
            self._back_up()

    def _back_up(self) -> None:
        backups.make(self._store, self._config, now_us=self._clock.now_us())

    def _change_job(self, actor: Actor, query: str, job_id: int, *more: object, action: str) -> None:
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = tx.one(query, job_id, *more)
            if row is None:
                raise StateError("job_not_failed")
            now_us = self._clock.now_us()
            record_audit(tx, actor=actor, action=action, subject=f"job {row['key']}", detail="", now_us=now_us)

    def _note(self, actor: Actor, action: str, subject: str) -> None:
        with self._store.transaction() as tx:
            confirm(tx, actor)
            record_audit(tx, actor=actor, action=action, subject=subject, detail="", now_us=self._clock.now_us())

    def _growth(self) -> tuple[int, int]:
        """(bytes, days) since the oldest size of the last 30 days."""
        today = _day(self._clock.now_us())
        sizes = self._store.all("system.sizes", today - GROWTH_DAYS)
        if not sizes or sizes[0]["day"] == today:
            return 0, 0
        return self._store.size_bytes() - sizes[0]["bytes"], today - sizes[0]["day"]


def _queues(reader: Reader) -> Rows:
    """What waits on each route, put together from small queries; messages are read from the oldest unsent on."""
    routes: dict[int, Row] = {}
    nothing = {"scheduled": 0, "queued": 0, "in_flight": 0, "awaited": 0, "oldest_us": None, "parked": 0}
    for row in reader.all("system.routes"):
        routes[row["id"]] = {"route_id": row["id"], **row, **nothing}
    oldest = reader.one("system.oldest_unsent")
    found = reader.all("system.queues", oldest["id"]) if oldest and oldest["id"] is not None else []
    for row in [*found, *reader.all("system.awaited"), *reader.all("system.parked")]:
        if row["route_id"] in routes:
            routes[row["route_id"]] |= row
    return list(routes.values())


def _memory_bytes() -> int | None:
    """What the process occupies now; None where the system does not tell."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return None
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return folder if folder.exists() else _existing(folder.parent)


def _day(now_us: int) -> int:
    return (now_us - now_us % DAY_US) // DAY_US
