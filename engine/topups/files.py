"""Receipts on the disk: which files are taken, and a folder where each lies under a name that nobody can guess."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import AccessError, InputError
from engine.model import SECOND_US

MOST_BYTES: Final = 5 * 1024 * 1024
NAME_LENGTH: Final = 120
RANDOM_BYTES: Final = 20
FOLDER: Final = "receipts"

PNG, JPEG, PDF = "image/png", "image/jpeg", "application/pdf"
_BEGINNINGS: Final[dict[bytes, str]] = {b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG, b"%PDF-": PDF}
_ENDINGS: Final = {PNG: ".png", JPEG: ".jpg", PDF: ".pdf"}
_OWN_NAME: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file that is taken: its kind is what its first bytes say, its name only what people read."""

    name: str
    media_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def receipt_of(name: str, data: bytes) -> Receipt:
    """Raises InputError("document_empty" | "document_size" | "document_kind")."""
    if not data:
        raise InputError("document_empty")
    if len(data) > MOST_BYTES:
        raise InputError("document_size", size_mb=f"{len(data) / 2**20:.1f}", limit_mb=MOST_BYTES // 2**20)
    media_type = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), None)
    if media_type is None:
        raise InputError("document_kind")
    return Receipt(_plain_name(name) or f"receipt{_ENDINGS[media_type]}", media_type, data)


def _plain_name(name: str) -> str:
    """The last part of a path, without characters that steer a terminal or turn the line around."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()[:NAME_LENGTH]


class ReceiptFolder:
    """IMS_DATA/receipts: outside everything that is served, readable by the server's own user only."""

    def __init__(self, data: Path) -> None:
        self._path = data / FOLDER

    def keep(self, data: bytes) -> str:
        """Writes the bytes so that a crash right after this call does not lose them; returns the file's name."""
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = secrets.token_hex(RANDOM_BYTES)
        handle = os.open(self._path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name

    def read(self, name: str, *, sha256: str) -> bytes:
        """Raises AccessError("not_found") when the file is gone or is not what was uploaded."""
        try:
            data = (self._path / name).read_bytes()
        except FileNotFoundError as error:
            raise AccessError("not_found", what="document") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise AccessError("not_found", what="document")
        return data

    def drop(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def older_than(self, before_us: int) -> Iterator[str]:
        """Names of our files last written before an instant."""
        if not self._path.is_dir():
            return
        for entry in self._path.iterdir():
            if _OWN_NAME.fullmatch(entry.name) and entry.stat().st_mtime_ns // 1_000 < before_us:
                yield entry.name


ORPHAN_AGE_US: Final = 3_600 * SECOND_US
"""A file without a row that is younger may be an upload in the middle of being written."""
