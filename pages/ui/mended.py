"""Faults of Streamlit 1.67 that visitors would meet, mended here until it is. `tests/unit/test_mended.py` fails when a
newer version has changed what is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

ANSWERS: Final = frozenset({"backend_operation_response", "file_urls_response"})
"""What the browser asked for and waits for, whatever is drawn meanwhile."""


def mend() -> None:
    """Calling it again changes nothing."""
    run = ScriptRunner._run_script  # noqa: SLF001 - there is no public place to mend it
    ScriptRunner._run_script = _without_left_pages(run)  # noqa: SLF001 - same
    ForwardMsgQueue.clear = _with_answers_kept(ForwardMsgQueue.clear)


def _without_left_pages(run: Callable[..., None]) -> Callable[..., None]:
    """A press inside a fragment waits while another page is drawn, as the second click on a button that leads there.
    Its run would draw nothing but tell the browser to empty the page; whatever is drawn next finds no place and leaves
    a blank window."""
    if hasattr(run, "__wrapped__"):
        return run

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
    if hasattr(clear, "__wrapped__"):
        return clear

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
