"""`make run` starts what the browser tests start."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.browser.conftest import run_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("settings", "address", "port"),
    [
        ({}, "127.0.0.1", "8501"),
        ({"PORT": "9000"}, "127.0.0.1", "9000"),
        ({"PORT": "9000", "IMS_PORT": "9001", "IMS_HOST": "10.0.0.5"}, "10.0.0.5", "9001"),
    ],
)
def test_make_run_is_the_command_of_the_browser_tests_and_honours_the_settings(
    settings: dict[str, str], address: str, port: str
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # this may run under make
    shown = subprocess.run(["make", "-n", "run"], cwd=ROOT, capture_output=True, text=True, check=True, env=env).stdout
    last = shown.replace("\\\n", " ").strip().splitlines()[-1]
    said = subprocess.run(
        ["sh", "-c", last.replace("exec ", "printf '%s\\n' ", 1)],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")[:-1]
    expected = run_command(int(port))
    expected[expected.index("127.0.0.1")] = address
    assert said[1:] == expected[1:]
    assert said[0] == shlex.split(last)[1] == ".venv/bin/python"
