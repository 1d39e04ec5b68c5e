"""Every numbered flow of the mission is walked in a real browser, and CONTRIBUTING.md says where."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FLOWS: Final = range(1, 16)
ROW: Final = re.compile(r"^\| (\d+) \| [^|]+ \| `(\w+\.py)::(\w+)` \|$", re.MULTILINE)


def walked() -> set[tuple[int, str, str]]:
    """(flow, file, test) of every `@pytest.mark.flow(…)` in the browser tests."""
    found: set[tuple[int, str, str]] = set()
    for path in sorted((ROOT / "tests" / "browser").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                found |= {(number, path.name, node.name) for number in _flows_of(node)}
    return found


def _flows_of(test: ast.FunctionDef) -> set[int]:
    numbers: set[int] = set()
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.flow":
            numbers |= {int(ast.literal_eval(argument)) for argument in mark.args}
    return numbers


def test_every_flow_is_walked_in_a_browser() -> None:
    assert {number for number, _, _ in walked()} == set(FLOWS)


def test_the_table_of_flows_names_exactly_the_tests_that_walk_them() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = {(int(number), file, name) for number, file, name in ROW.findall(text)}
    assert told == walked()
