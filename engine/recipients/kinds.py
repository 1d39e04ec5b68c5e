"""File name and first bytes → what kind of file it is, or why it cannot be one of ours."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final

from engine.errors import FileError
from engine.recipients import limits


class Kind(StrEnum):
    """Families of file names; each has its reader."""

    TEXT = "csv"
    LIST = "txt"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"


_KINDS: Final = {
    "csv": Kind.TEXT,
    "tsv": Kind.TEXT,
    "tab": Kind.TEXT,
    "txt": Kind.LIST,
    "xlsx": Kind.XLSX,
    "xls": Kind.XLS,
    "ods": Kind.ODS,
}
_MACRO_EXTENSIONS: Final = frozenset({"xlsm", "xltm", "xlam"})
_UNSUPPORTED: Final = {"xlsb": "binary Excel workbook", "numbers": "Apple Numbers document"}

_BAD_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make “gpj.csv” show as “vsc.jpg”."""

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x1f\x8b", "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"%PDF-", "pdf"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\x00", "exe"),
    (b"SQLite format 3\x00", "sqlite"),
)
_MARKUP: Final[tuple[tuple[bytes, str], ...]] = (
    (b"{\\rtf", "rtf"),
    (b"<!doctype html", "html"),
    (b"<html", "html"),
    (b"<table", "html"),
    (b"<?xml", "xml"),
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_OLE_WORKBOOKS: Final = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_OLE_MACROS: Final = "_VBA_PROJECT_CUR".encode("utf-16-le")


def by_name(file_name: str) -> Kind:
    """The kind that the name claims. Raises `file_name`, `extension`, `macros` or `unsupported`."""
    if not 0 < len(file_name) <= limits.MAX_NAME_CHARS or any(map(_is_bad, file_name)):
        raise FileError("file_name", name=file_name[: limits.MAX_NAME_CHARS])
    extension = file_name.strip().rpartition(".")[2].lower() if "." in file_name else ""
    if extension in _MACRO_EXTENSIONS:
        raise FileError("macros")
    if extension in _UNSUPPORTED:
        raise FileError("unsupported", detail=_UNSUPPORTED[extension])
    kind = _KINDS.get(extension)
    if kind is None:
        raise FileError("extension", name=file_name)
    return kind


def check_content(file_name: str, kind: Kind, data: bytes) -> None:
    """Compares the bytes with the claim. Raises `extension_mismatch`, `binary`, `password`, `macros` or `damaged`.

    Bytes that start like nothing known pass as text: `text.decode` looks at all of them.
    """
    actual = _sniff(data)
    if kind in (Kind.TEXT, Kind.LIST):
        _check_text(file_name, actual)
    elif actual == "protected":
        raise FileError("password")
    elif kind is Kind.XLS and actual == "xls":
        if _OLE_MACROS in data:
            raise FileError("macros")
    elif actual in ("zip", "ole") and (kind is Kind.XLS) is (actual == "ole"):
        return  # its own container without the names that tell more: the reader finds out
    elif actual != kind:
        if actual in ("unknown", "zip", "ole"):
            raise FileError("damaged")
        raise FileError("extension_mismatch", name=file_name, actual=actual)


def _check_text(file_name: str, actual: str) -> None:
    if actual in ("csv", "unknown"):
        return
    if actual in {name for _, name in _MAGIC} | {"ole"}:
        raise FileError("binary")
    raise FileError("extension_mismatch", name=file_name, actual="xlsx" if actual == "protected" else actual)


def _sniff(data: bytes) -> str:
    """What the bytes are: one of ours, another known type, "zip", "ole", "protected", "csv" for text, "unknown"."""
    if data.startswith(_ZIP):
        return _sniff_zip(data)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            return "protected"
        return "xls" if any(name in data for name in _OLE_WORKBOOKS) else "ole"
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, name in _MARKUP:
        if start.startswith(magic):
            return name
    return "csv" if _is_plain_text(data[:4096]) else "unknown"


def _sniff_zip(data: bytes) -> str:
    """Member names stand uncompressed in the archive, so nothing is unpacked to tell the formats apart."""
    for mark, name in (
        (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
        (b"application/vnd.oasis.opendocument.text", "odt"),
        (b"xl/workbook.xml", "xlsx"),
        (b"xl/workbook.bin", "xlsb"),
        (b"word/document.xml", "docx"),
        (b"ppt/presentation.xml", "pptx"),
        (b"META-INF/manifest.xml", "ods"),  # with a packed mimetype, which is against its rules
    ):
        if mark in data:
            return name
    return "zip"


def _is_plain_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    return not start.translate(None, bytes(range(0x09, 0x0E)) + bytes(range(0x20, 0x100)))


def _is_bad(character: str) -> bool:
    return character in "/\\" or character in _BIDI_CONTROLS or unicodedata.category(character) in _BAD_CATEGORIES
