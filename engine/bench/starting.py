"""From the start of the server's process to its first healthy answer, beside an empty Streamlit app."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import engine
from engine.bench.desk import Workbench
from engine.bench.history import HistoryBook
from engine.bench.measure import Result, race

BUDGET_S: Final = 4.0
POLL_S: Final = 0.01
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 15.0
HOST: Final = "127.0.0.1"
PEER: Final = "an empty Streamlit app, to /_stcore/health"
APP: Final = Path(engine.__file__).parents[1] / "streamlit_app.py"
EMPTY_APP: Final = 'import streamlit as st\n\nst.write("hello")\n'
_QUIET: Final = ("--server.headless=true", "--browser.gatherUsageStats=false", "--server.fileWatcherType=none")


def start_to_health(bench: Workbench, book: HistoryBook) -> list[Result]:
    """The server on the long history; the peer shows what the web framework itself takes."""
    if not APP.exists():
        raise FileNotFoundError(f"{APP.name} is not beside the engine: there is no server to start")
    empty = bench.new_folder() / "empty.py"
    empty.write_text(EMPTY_APP, encoding="utf-8")
    outcome = race(
        lambda: seconds_to(_server(APP), "/healthz", cwd=APP.parent, env={"IMS_DATA": str(book.folder)}),
        lambda: seconds_to(_server(empty), "/_stcore/health", cwd=empty.parent, env={}),
        rounds=bench.sizes.slow_rounds,
    )
    note = "the budget is for 10M messages"
    return [outcome.in_s("start_to_health", n=book.messages, peer_name=PEER, budget_s=BUDGET_S, note=note)]


def seconds_to(command: Sequence[str], path: str, *, cwd: Path, env: Mapping[str, str]) -> float:
    """Starts `command` with `{port}` replaced; the time until `path` answers 200. The process is ended before return.

    Raises TimeoutError, and ChildProcessError with its last words when the process ends by itself.
    """
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "STREAMLIT_"))}
    began = time.perf_counter()
    child = subprocess.Popen(  # noqa: S603 - our own server
        [part.format(port=port) for part in command],
        cwd=cwd,
        env={**kept, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not _answers(port, path):
            if child.poll() is not None:
                _, words = child.communicate()
                raise ChildProcessError(f"the server ended: {words.strip()[-300:]}")
            if time.perf_counter() - began > START_LIMIT_S:
                raise TimeoutError(f"the server was not healthy within {START_LIMIT_S:g} s")
            time.sleep(POLL_S)
        return time.perf_counter() - began
    finally:
        _end(child)


def _server(app: Path) -> list[str]:
    return [sys.executable, "-m", "streamlit", "run", str(app), "--server.port={port}", *_QUIET]


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_LIMIT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.communicate(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
