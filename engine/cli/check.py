"""`check FILE`: classifies a recipients file without a database."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from engine import recipients
from engine.errors import FileError
from engine.recipients import RecipientFile

SHOWN_REJECTED = 20
READ_MOST_BYTES = 11 * 1024 * 1024
"""A little over the upload limit, so that a larger file is refused as too large without being read whole."""


def run(arguments: argparse.Namespace) -> int:
    try:
        found = read_path(arguments.file, arguments.country, arguments.column)
    except FileError as error:
        if arguments.json:
            problem = {"code": error.code, "message": error.message}
            print(json.dumps({"accepted": [], "rejected": [], "error": problem}, ensure_ascii=False))
        else:
            print(error.message, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(recipients.to_check_json(found), ensure_ascii=False))
    else:
        _print(found)
    return 0


def read_path(path: str, country: str | None, column: str | None) -> RecipientFile:
    """Reads a file from disk; one that is missing or unreadable is a FileError like any other."""
    file = Path(path)
    try:
        with file.open("rb") as handle:
            data = handle.read(READ_MOST_BYTES)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or "the name is not a path"
        raise FileError("unsupported", detail=f"{file.name}: {detail}") from error
    return recipients.read(file.name, data, country.upper() if country else None, column=column)


def _print(found: RecipientFile) -> None:
    for note in found.notes:
        print(note)
    print(f"{found.frame.height} can be sent to, {found.rejected.height} cannot.")
    for row, value, reason in found.rejected.head(SHOWN_REJECTED).iter_rows():
        print(f"  row {row}: {value}: {reason}")
    if found.rejected.height > SHOWN_REJECTED:
        print(f"  … and {found.rejected.height - SHOWN_REJECTED} more (see --json)")
