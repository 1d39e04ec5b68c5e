"""`python -m tests.operator --port 0 --user ims --password secret [options]`: prints the port, runs until it is ended.

Ends with SIGTERM or SIGINT, or when its parent ends; prints what it saw as JSON then.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from dataclasses import asdict, fields

from tests.operator.options import Options
from tests.operator.server import Operator

LOOK_S = 0.5


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.operator")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free.")
    for one in fields(Options):
        name = f"--{one.name.replace('_', '-')}"
        parser.add_argument(name, type=type(one.default), default=one.default, help=one.metadata["help"])
    arguments = vars(parser.parse_args())
    operator = Operator(Options(**{one.name: arguments[one.name] for one in fields(Options)}), port=arguments["port"])
    operator.start()
    say(str(operator.port))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    parent = os.getppid()
    while not ended.wait(LOOK_S) and os.getppid() == parent:
        pass
    operator.close()
    desk = operator.desk
    counts = {"submits": desk.submits, "accepted": desk.taken, "throttled": desk.throttled, "refused": desk.refused}
    seen = asdict(operator.seen) | {"binds": len(operator.seen.binds)}
    say(json.dumps(counts | seen))


if __name__ == "__main__":
    main()
