"""Places in JSON: `messages.0.status` names the status of the first message. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from typing import Any, Final, cast

Path = tuple[str | int, ...]
"""Keys of objects and positions in lists, from the outside in."""
Paths = tuple[Path, ...]
"""Places to look at, in turn: the first that holds something counts."""

MOST_STEPS: Final = 8
MOST_POSITION: Final = 99
MOST_PATHS: Final = 8
_STEP: Final = re.compile(r"[A-Za-z0-9_@$:-]{1,60}")
_POSITION: Final = re.compile("[0-9]{1,2}")


def parse_path(text: str) -> Path:
    """`a.0.b` → ("a", 0, "b"); ValueError without the text when it is none."""
    steps = text.split(".")
    if len(steps) > MOST_STEPS or not all(_STEP.fullmatch(step) for step in steps):
        raise ValueError(f"a place is written like messages.0.status, at most {MOST_STEPS} steps")
    return tuple(int(step) if _POSITION.fullmatch(step) else step for step in steps)


def parse_paths(text: str) -> Paths:
    """`code,error.code` → both paths; empty for nowhere."""
    parts = [part.strip() for part in text.split(",")] if text else []
    if len(parts) > MOST_PATHS:
        raise ValueError(f"at most {MOST_PATHS} places can be named, with commas between them")
    return tuple(parse_path(part) for part in parts)


def write(root: dict[str, Any], path: Path, value: Any) -> None:
    """Puts `value` at the place, making objects and lists on the way; `root` and what it made before stay."""
    here: Any = root
    for step, following in pairwise(path):
        if _step(here, step) is None:
            _put(here, step, [] if isinstance(following, int) else {})
        here = _step(here, step)
    _put(here, path[-1], value)


def _put(here: Any, step: str | int, value: Any) -> None:
    if isinstance(here, list):
        held, position = cast("list[Any]", here), int(step)
        held.extend([None] * (position + 1 - len(held)))
        held[position] = value
    else:
        here[str(step)] = value


def read(root: Any, paths: Iterable[Path]) -> Any:
    """What lies at the first of these places that exists and is not null; None when there is none."""
    for path in paths:
        found = _at(root, path)
        if found is not None:
            return found
    return None


def _at(root: object, path: Path) -> Any:
    if len(path) > 1 and isinstance(root, dict):
        whole: Any = cast("dict[str, Any]", root).get(".".join(map(str, path)))
        if whole is not None:  # forms are flat: a.b is one field
            return whole
    return reduce(_step, path, cast("Any", root))


def _step(here: object, step: str | int) -> Any:
    """What lies there, None for nothing."""
    if isinstance(here, dict):
        return cast("dict[str, Any]", here).get(str(step))
    if isinstance(here, list) and isinstance(step, int):
        held = cast("list[Any]", here)
        return held[step] if step < len(held) else None
    return None


def word(found: Any) -> str:
    """A value as a word: text and numbers as they are written, booleans as true and false; "" for what is no word."""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str | int | float):
        return str(found).strip()
    return ""


def read_word(root: Any, paths: Iterable[Path]) -> str:
    """As `read`, for words: the first place that holds a non-empty one."""
    for path in paths:
        found = word(_at(root, path))
        if found:
            return found
    return ""


def read_list(root: Any, paths: Paths) -> list[Any] | None:
    """The list at the place; the root itself when no place is named and it is a list. None when there is none."""
    found = read(root, paths) if paths else root
    return cast("list[Any]", found) if isinstance(found, list) else None
