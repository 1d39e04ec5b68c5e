"""`reconcile`: proves that the books add up."""

from __future__ import annotations

import argparse
import json

from engine.cli.opening import opened


def run(arguments: argparse.Namespace) -> int:
    with opened() as engine:
        result = engine.reconcile()
    answer = {"ok": result.ok, **result.as_dict()}
    if arguments.json:
        print(json.dumps(answer))
    elif result.ok:
        print("The books add up.")
    else:
        print(
            "The books do not add up: "
            + ", ".join(f"{name} {count}" for name, count in result.as_dict().items() if count)
        )
    return 0 if result.ok else 1
