"""Elements of a small XML part, one by one, without building a tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import damage_if_it_fails

_ENCODINGS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})

Start = Callable[[str, dict[str, str]], None]
"""Called with the local name and the attributes (keys as written) of each element."""


def walk(xml: bytes, start: Start, *, text: Callable[[str], None] | None = None) -> None:
    """Feeds every element of UTF-8 `xml` to `start`.

    Raises `damaged` when it is not well-formed, declares entities or another encoding (the spreadsheet reader
    might see something else in it), `zip_bomb` beyond `MAX_XML_ELEMENTS`.
    """
    count = 0

    def on_start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > limits.MAX_XML_ELEMENTS:
            raise FileError("zip_bomb")
        start(name.rpartition(":")[2], attributes)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = on_start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _check_declaration
    if text is not None:
        parser.CharacterDataHandler = text
    with damage_if_it_fails():
        parser.Parse(xml, True)


def _refuse_doctype(*_: object) -> None:
    raise FileError("damaged")


def _check_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise FileError("damaged")
