"""`python -m engine.bench.cold csv|xlsx ours|peer < FILE`: the first file of a fresh process, timed after imports."""

from __future__ import annotations

import json
import sys
import time

from engine.bench.desk import Sizes, Workbench
from engine.bench.files import peer_of, preview_of


def main(ending: str, whose: str) -> None:
    data = sys.stdin.buffer.read()
    peer = peer_of(ending) if whose == "peer" else None
    with Workbench(Sizes()) as bench, bench.desk() as desk:
        began = time.perf_counter()
        if peer is not None:
            peer(data)
        else:
            preview_of(desk, ending, data)
        print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
