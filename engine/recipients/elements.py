"""XML parts of a spreadsheet, read event by event: no tree, no entities, and a budget of tags for the whole file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from engine.errors import FileError
from engine.recipients import limits
from engine.recipients.archive import damage_if_it_fails

Start = Callable[[str, dict[str, str]], object]
"""Takes the name of an element as it is written (with prefix), and its attributes."""

_START: Final = b"<"


class Budget:
    """Tags that may still be read of one file; time is proportional to them."""

    def __init__(self, tags: int = limits.MAX_XML_TAGS) -> None:
        self._left = tags

    def walk(self, xml: bytes, start: Start, text: Callable[[str], object] | None = None) -> None:
        """Feeds every element, and every piece of text, in order.

        Raises `unsupported` before reading when the part has too many tags, `damaged` when it is not well-formed or
        declares a document type (entities), and whatever `start` and `text` raise.
        """
        self._left -= xml.count(_START)
        if self._left < 0:
            raise FileError("unsupported", detail=f"it has more than about {limits.MAX_XML_TAGS // 4:,} cells")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.StartDoctypeDeclHandler = _refuse_doctype
        if text is not None:
            parser.CharacterDataHandler = text
        with damage_if_it_fails():
            parser.Parse(xml, True)


def local(name: str) -> str:
    """ "x:row" → "row"."""
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise FileError("damaged")
