"""README is true: its commands run, its settings are all there are, its make targets exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from engine.cli import parser
from engine.config import SETTINGS
from tests.flow.conftest import Command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_every_command_of_the_readme_runs(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "customers.csv").write_text("name,phone\nAnn,0412345678\nBob,+6421345678\n")
    monkeypatch.chdir(tmp_path)
    lines = shell_lines()
    assert len(lines) > 5
    for line in lines:
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "engine"], line
        done = command(*words[3:])
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_every_command_is_in_the_readme() -> None:
    choices = next(action.choices for action in parser()._actions if action.choices)
    for name in choices or ():
        assert re.search(rf"(engine |`){name}\b", README), f"{name} is not described"


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    rows = re.findall(r"^\| `(IMS_\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$", README, re.MULTILINE)
    assert [(name, default, meaning) for name, default, meaning in rows] == [
        (name, default, meaning) for name, (default, meaning) in SETTINGS.items()
    ]


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
