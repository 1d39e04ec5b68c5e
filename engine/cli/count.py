"""`count TEXT`: characters, SMS billed (160 rule) and parts on the air."""

from __future__ import annotations

import argparse
import json

from engine import parts


def run(arguments: argparse.Namespace) -> int:
    counted = parts.count(arguments.text)
    answer = {
        "encoding": counted.encoding.value,
        "characters": counted.characters,
        "units": counted.units,
        "sms": counted.sms,
        "parts": counted.parts,
    }
    if arguments.json:
        print(json.dumps(answer))
    else:
        print(", ".join(f"{name} {value}" for name, value in answer.items()))
    return 0
