"""Faults of Streamlit 1.67 that visitors would meet, and work it repeats in each run, mended here until it is.

`tests/unit/test_mended.py` fails when a newer version has changed what is mended.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import PurePosixPath
from typing import Any, Final

import plotly.tools
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ANSWERS: Final = frozenset({"backend_operation_response", "file_urls_response"})
"""What the browser asked for and waits for, whatever is drawn meanwhile."""
FETCH_LIMIT_S: Final = 60.0
"""How long a browser may take to fetch a file it was just given the address of."""
FIGURES_KEPT: Final = 512
"""About 10 kB each."""
JOINED_S: Final = 0.002
"""How long a message to a browser may wait for the next one."""
_MARK: Final = "_ims_mended"


def _without_left_pages(run: Callable[..., None]) -> Callable[..., None]:
    """A press inside a fragment waits while another page is drawn, as the second click on a button that leads there.
    Its run would draw nothing but tell the browser to empty the page; whatever is drawn next finds no place and leaves
    a blank window."""

    @wraps(run)
    def run_script(self: Any, rerun_data: Any) -> None:
        wanted, page = rerun_data.fragment_id_queue, rerun_data.page_script_hash
        there = page in ("", self._pages_manager.current_page_script_hash)
        if not wanted or (there and any(map(self._fragment_storage.contains, wanted))):
            run(self, rerun_data)

    return run_script


def _with_answers_kept(clear: Callable[..., None]) -> Callable[..., None]:
    """A run that begins throws away what the last one had drawn, and with it the answer to a download or an upload
    that was asked for at that moment; the button would wait forever."""

    @wraps(clear)
    def clear_queue(
        self: Any, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        answers = [message for message in self._queue if message.WhichOneof("type") in ANSWERS]
        clear(self, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:
            kept = {id(message) for message in self._queue}
            self._queue.extend(message for message in answers if id(message) not in kept)

    return clear_queue


def _with_time_noted(make: Callable[..., str]) -> Callable[..., str]:
    """Notes when a file was made that was asked for by a press."""

    @wraps(make)
    def execute_deferred(self: Any, file_id: str) -> str:
        address = make(self, file_id)
        made: dict[str, float] = self.__dict__.setdefault("_ims_made", {})
        made[PurePosixPath(address).stem] = time.monotonic()
        return address

    return execute_deferred


def _without_fresh_downloads(unused: Callable[..., set[str]]) -> Callable[..., set[str]]:
    """The end of any run threw away files no page shows, among them one whose address the browser had just been given;
    the download was broken off."""

    @wraps(unused)
    def inactive(self: Any) -> set[str]:
        made: dict[str, float] = self.__dict__.get("_ims_made", {})
        since = time.monotonic() - FETCH_LIMIT_S
        for old in [file_id for file_id, at in list(made.items()) if at < since]:
            made.pop(old, None)
        return unused(self) - made.keys()

    return inactive


class _Waiting:
    """Callbacks of one session on their way to the server's loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def add(self, callback: Callable[[], None]) -> bool:
        """True for the first since `take`: somebody has to wake the loop."""
        with self._lock:
            self._callbacks.append(callback)
            return len(self._callbacks) == 1

    def take(self) -> list[Callable[[], None]]:
        with self._lock:
            taken, self._callbacks = self._callbacks, []
            return taken


def _with_one_wake(wake: Callable[..., None]) -> Callable[..., None]:
    """Every element of a run woke the server's loop by a write to a socket, an eighth of the time of a run, and each
    write hands the interpreter to another thread. What waits already is taken along, in the same order."""

    @wraps(wake)
    def call_soon(self: Any, callback: Callable[[], None]) -> None:
        waiting: _Waiting = self.__dict__.setdefault("_ims_waiting", _Waiting())

        def take() -> None:
            for each in waiting.take():
                self._event_loop.call_soon(each)

        if waiting.add(callback):
            wake(self, take)

    return call_soon


def _with_theme_kept(populate: Callable[..., None]) -> Callable[..., None]:
    """The theme was put together from some 300 settings for each run; none changes while the server runs."""
    kept: dict[str, CustomThemeConfig] = {}

    @wraps(populate)
    def populate_theme(message: CustomThemeConfig, section: str = "theme") -> None:
        if section not in kept:
            made = CustomThemeConfig()
            populate(made, section)
            kept[section] = made
        message.MergeFrom(kept[section])

    return populate_theme


def _with_checked_figures(validate: Callable[..., Any]) -> Callable[..., Any]:
    """Plotly builds and copies a figure to check it, up to 20 ms each time it is shown; the last ones are kept."""

    @lru_cache(FIGURES_KEPT)
    def checked(figure: _Figure) -> Any:
        return validate(figure.value, validate_figure=True)

    @wraps(validate)
    def return_figure(figure_or_data: Any, validate_figure: bool = True) -> Any:
        if isinstance(figure_or_data, dict) and validate_figure:
            return checked(_Figure(figure_or_data))
        return validate(figure_or_data, validate_figure)

    return return_figure


def _with_writes_at_once(made: Callable[..., None]) -> Callable[..., None]:
    """The server's socket is made without naming TCP, so that asyncio leaves Nagle's algorithm on: the second write of
    a run waited for the browser's delayed acknowledgement, 40 ms of every rerun (RFC 1122 §4.2.3.2, §4.2.3.4)."""

    @wraps(made)
    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, transport)
        connected: socket.socket | None = transport.get_extra_info("socket")
        if connected is not None and connected.family in (socket.AF_INET, socket.AF_INET6):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    return connection_made


def _with_news_told_at_once(tell: Callable[..., None]) -> Callable[..., None]:
    """Each message of a run woke the server's loop through a socket, though it was the loop itself that told."""

    @wraps(tell)
    def enqueued(self: Any) -> None:
        shared = self._get_async_objs()
        try:
            on_the_loop = asyncio.get_running_loop() is shared.eventloop
        except RuntimeError:  # another thread
            on_the_loop = False
        if on_the_loop:
            shared.need_send_data.set()
        else:
            tell(self)

    return enqueued


class _Joined:
    """A transport that writes together what is written within JOINED_S."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_later(JOINED_S, self._flush)
        self._waiting.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)


def _with_joined_writes(made: Callable[..., None]) -> Callable[..., None]:
    """Each of the hundred messages of a run was a packet and a system call of its own."""

    @wraps(made)
    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        made(self, _Joined(transport))

    return connection_made


class _Figure:
    """A figure as a key: equal when all that is in it is equal."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._text = repr(value)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Figure) and self._text == other._text


MENDS: Final[tuple[tuple[Any, str, Callable[[Any], Any]], ...]] = (
    (ScriptRunner, "_run_script", _without_left_pages),
    (ForwardMsgQueue, "clear", _with_answers_kept),
    (MediaFileManager, "execute_deferred", _with_time_noted),
    (MediaFileManager, "_get_inactive_file_ids", _without_fresh_downloads),
    (AppSession, "_call_soon_on_event_loop", _with_one_wake),
    (app_session, "_populate_theme_msg", _with_theme_kept),
    (H11Protocol, "connection_made", _with_writes_at_once),
    (Runtime, "_enqueued_some_message", _with_news_told_at_once),
    (WebSocketsSansIOProtocol, "connection_made", _with_joined_writes),
    (plotly.tools, "return_figure_from_figure_or_data", _with_checked_figures),
)
"""Whose, which, and what is put around it."""


def mend() -> None:
    """Calling it again changes nothing."""
    for owner, name, around in MENDS:
        found = getattr(owner, name)
        if not hasattr(found, _MARK):
            mended = around(found)
            setattr(mended, _MARK, True)
            setattr(owner, name, mended)
