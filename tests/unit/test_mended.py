"""What is mended of Streamlit: each test fails where a newer version has moved what is mended, or needs it no more."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from pages.ui import mended


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended for one test."""
    for owner, name in ((ScriptRunner, "_run_script"), (ForwardMsgQueue, "clear")):
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, getattr(method, "__wrapped__", method))
    mended.mend()


def answer(kind: str) -> ForwardMsg:
    message = ForwardMsg()
    getattr(message, kind).SetInParent()
    return message


@pytest.mark.usefixtures("mend")
@pytest.mark.parametrize("kind", sorted(mended.ANSWERS))
@pytest.mark.parametrize("fragments", [None, ["another"]])
def test_an_answer_on_its_way_survives_the_beginning_of_a_run(kind: str, fragments: list[str] | None) -> None:
    queue = ForwardMsgQueue()
    drawn = ForwardMsg()
    drawn.delta.new_element.markdown.body = "of the last run"
    drawn.delta.fragment_id = "another"
    queue.enqueue(drawn)
    queue.enqueue(answer(kind))
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    assert [message.WhichOneof("type") for message in queue.flush()] == [kind]
    assert queue.is_empty()


@pytest.mark.usefixtures("mend")
@pytest.mark.parametrize(
    ("wanted", "runs"),
    [
        (RerunData(page_script_hash="left"), True),
        (RerunData(page_script_hash="open", fragment_id_queue=["gone", "there"]), True),
        (RerunData(fragment_id_queue=["there"]), True),
        (RerunData(page_script_hash="open", fragment_id_queue=["gone"]), False),
        (RerunData(page_script_hash="left", fragment_id_queue=["there"]), False),
    ],
)
def test_a_press_on_a_page_that_was_left_empties_nothing(wanted: RerunData, runs: bool) -> None:
    began: list[str] = []

    def in_thread() -> bool:
        began.append("a run")
        raise InterruptedError  # far enough: it would run

    storage = MemoryFragmentStorage()
    storage._fragments["there"] = lambda: None  # type: ignore[assignment] - whatever is there
    pages = PagesManager("streamlit_app.py")
    pages.set_current_page_script_hash("open")
    runner: Any = SimpleNamespace(_fragment_storage=storage, _pages_manager=pages, _is_in_script_thread=in_thread)
    with suppress(InterruptedError):
        ScriptRunner._run_script(runner, wanted)
    assert began == ["a run"] * runs


@pytest.mark.usefixtures("mend")
def test_mending_twice_is_mending_once() -> None:
    once = (ScriptRunner._run_script, ForwardMsgQueue.clear)
    mended.mend()
    assert (ScriptRunner._run_script, ForwardMsgQueue.clear) == once
