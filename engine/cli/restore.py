"""`restore`: puts a backup in the place of a stopped server's database."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.config import Config
from engine.model import SystemClock
from engine.system import backups


def run(arguments: argparse.Namespace) -> int:
    path = Path(arguments.path)
    restored = backups.restore(Config.from_env(), path, now_us=SystemClock().now_us())
    print(f"Restored {path}; its books add up.")
    if restored.paused:
        print(f"Paused, as they may have been sent since the backup: tasks {restored.paused}.")
    for aside in restored.moved:
        print(f"Kept: {aside}")
    return 0
