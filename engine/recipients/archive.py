"""The zip container of xlsx and ods files, opened only after it is known to be harmless."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from engine.errors import FileError
from engine.recipients import limits

_CENTRAL_RECORD: Final = b"PK\x01\x02"
_ENCRYPTED_FLAG: Final = 0x1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The only ones of these formats, and the only ones that zipfile unpacks in bounded steps."""
_MACROS: Final = ("vbaproject.bin", "/basic/script-lc.xml")


@contextmanager
def damage_if_it_fails() -> Generator[None]:
    """Whatever goes wrong inside comes from the file's bytes: it ends as `damaged`, never as a traceback."""
    try:
        yield
    except FileError:
        raise
    except Exception:  # noqa: BLE001 - zipfile, zlib, expat and the reader raise a dozen unrelated types on bad bytes
        raise FileError("damaged") from None
    except BaseException as error:  # a panic of the Rust reader is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise FileError("damaged") from None


class Archive:
    """Members of a checked zip by name, whatever case and slashes the writer used.

    Raises `zip_bomb`, `password`, `macros` or `damaged`.
    """

    def __init__(self, data: bytes) -> None:
        if data.count(_CENTRAL_RECORD) > limits.MAX_ZIP_MEMBERS:  # before zipfile lists a million of them
            raise FileError("zip_bomb")
        with damage_if_it_fails():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        members = self._zip.infolist()
        unpacked = sum(member.file_size for member in members)
        if len(members) > limits.MAX_ZIP_MEMBERS or unpacked > limits.MAX_UNPACKED_BYTES:
            raise FileError("zip_bomb")
        if unpacked > max(limits.RATIO_FREE_BYTES, len(data) * limits.MAX_UNPACKED_RATIO):
            raise FileError("zip_bomb")
        if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
            raise FileError("password")
        self._members = {_normal(member.filename): member for member in members}
        if any(("/" + name).endswith(_MACROS) for name in self._members):
            raise FileError("macros")

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._members

    def read(self, name: str) -> bytes:
        """The unpacked member. zipfile never unpacks more than the declared size, and those are checked."""
        member = self._members.get(_normal(name))
        if member is None or member.compress_type not in _METHODS:
            raise FileError("damaged")
        with damage_if_it_fails():
            return self._zip.read(member)


def _normal(name: str) -> str:
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/").lower()
