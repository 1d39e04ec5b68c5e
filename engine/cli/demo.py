"""`demo`: an account with history to look at."""

from __future__ import annotations

import argparse
import json

from engine import demo
from engine.cli.opening import opened
from engine.errors import InputError

MOST_MESSAGES = 20_000_000


def run(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.messages <= MOST_MESSAGES:
        raise InputError("invalid", field="--messages", problem="out of range.", remedy=f"Use 1–{MOST_MESSAGES}.")
    with opened() as engine:
        made = demo.make(engine, arguments.messages)
    if arguments.json:
        print(
            json.dumps(
                {"user": made.user_name, "password": made.password, "tasks": made.tasks, "messages": made.messages}
            )
        )
    else:
        print(f"Made {made.messages} messages in {made.tasks} tasks. Log in as {made.user_name} / {made.password}")
    return 0
