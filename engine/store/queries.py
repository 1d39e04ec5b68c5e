"""Named SQL: every statement of the product lives in `sql/*.sql` and is called by `file.name`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def all_queries() -> dict[str, str]:
    """`{"ledger.hold": "update …"}`. Parameters are `$1`, `$2`, …; a bulk statement reads from `batch`."""
    found: dict[str, str] = {}
    for file in sorted(files("engine.store").joinpath("sql").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        pieces = _NAME.split(file.read_text(encoding="utf-8"))
        for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
            key = f"{file.name.removesuffix('.sql')}.{name}"
            if key in found:
                raise ValueError(f"two queries are named {key}")
            found[key] = body.strip()
    return found


@cache
def query(name: str) -> str:
    return all_queries()[name]


def migrations() -> list[tuple[int, str]]:
    """(version, SQL) in order; the number leads the file name."""
    folder = files("engine.store").joinpath("sql").joinpath("migrations")
    return sorted((int(file.name.split("_")[0]), file.read_text(encoding="utf-8")) for file in folder.iterdir())
