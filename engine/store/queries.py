"""Named SQL: every statement of the product lives in `sql/*.sql` and is called by `file.name`.

What several statements share is a part (`-- part: name`), put in where a line is `{file.name}`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from textwrap import indent
from typing import Final

_HEAD: Final = re.compile(r"^-- (name|part): (\w+)\s*$", re.MULTILINE)
_USE: Final = re.compile(r"^( *)\{(\w+\.\w+)\}(?=;?$)", re.MULTILINE)


@cache
def all_queries() -> dict[str, str]:
    """`{"ledger.hold": "update …"}`. Parameters are `$1`, `$2`, …; a bulk statement reads from `batch`."""
    found: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    for file in sorted(files("engine.store").joinpath("sql").iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".sql"):
            continue
        pieces = _HEAD.split(file.read_text(encoding="utf-8"))
        for kind, name, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            key = f"{file.name.removesuffix('.sql')}.{name}"
            if key in found[kind]:
                raise ValueError(f"two are named {key} (-- {kind}:)")
            found[kind][key] = body.strip()
    parts = found["part"]
    return {key: _USE.sub(lambda use: indent(parts[use[2]], use[1]), body) for key, body in found["name"].items()}


@cache
def query(name: str) -> str:
    return all_queries()[name]


def migrations() -> list[tuple[int, str]]:
    """(version, SQL) in order; the number leads the file name."""
    folder = files("engine.store").joinpath("sql").joinpath("migrations")
    return sorted((int(file.name.split("_")[0]), file.read_text(encoding="utf-8")) for file in folder.iterdir())
