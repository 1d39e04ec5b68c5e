"""How the server is: its health, jobs, queues, proofs, backups, and the audit log of what people did."""

from __future__ import annotations

from engine.system.audit import AuditFilter
from engine.system.backups import Backup
from engine.system.health import ChoreRun, Chores
from engine.system.service import BACKUP_LOOK_EVERY_S, Overview, Proof, System

__all__ = ["BACKUP_LOOK_EVERY_S", "AuditFilter", "Backup", "ChoreRun", "Chores", "Overview", "Proof", "System"]
