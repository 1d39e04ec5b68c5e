"""`backup`: copies a stopped server's database and documents."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.cli.opening import opened
from engine.system import backups


def run(arguments: argparse.Namespace) -> int:
    with opened() as engine:
        target = backups.target_of(Path(arguments.path), now_us=engine.clock.now_us())
        made = backups.write(engine.store, engine.config, target)
    print(f"Backup of {made.bytes / 1e6:,.1f} MB: {made.path}")
    return 0
