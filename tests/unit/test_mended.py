"""What is mended of Streamlit: each test fails where a newer version has moved what is mended, or needs it no more."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import plotly.tools
import pytest
import uvicorn
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.web.server.starlette import starlette_server
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pages.ui import mended


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended for one test."""
    for owner, name, _ in mended.MENDS:
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, method.__wrapped__ if hasattr(method, "_ims_mended") else method)
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
def test_a_file_made_for_a_press_stays_until_the_browser_has_had_time(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    asked = manager.add_deferred(lambda: b"a,b", "text/csv", "0.1", file_name="x.csv")
    name = manager.execute_deferred(asked).rsplit("/", 1)[1]
    manager.remove_orphaned_files()
    assert storage.get_file(name).content == b"a,b"
    monkeypatch.setattr(mended, "FETCH_LIMIT_S", -1.0)
    manager.remove_orphaned_files()
    manager.remove_orphaned_files()  # the first time it is only marked
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)


@pytest.mark.usefixtures("mend")
def test_what_threads_hand_to_the_loop_runs_whole_in_their_order_and_wakes_it_seldom() -> None:
    wakes, ran = 0, list[tuple[int, int]]()
    started = threading.Barrier(3)

    async def session() -> None:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe

        def counted(callback: Any, *arguments: Any) -> Any:
            nonlocal wakes
            wakes += 1
            return wake(callback, *arguments)

        made: Any = SimpleNamespace(
            _event_loop=SimpleNamespace(
                call_soon_threadsafe=counted, call_soon=loop.call_soon, is_closed=loop.is_closed
            )
        )

        def produce(who: int) -> None:
            started.wait()
            for turn in range(500):
                AppSession._call_soon_on_event_loop(made, lambda turn=turn: ran.append((who, turn)))

        threads = [threading.Thread(target=produce, args=(who,)) for who in (1, 2)]
        for thread in threads:
            thread.start()
        started.wait()
        while len(ran) < 1000:  # the file's time limit ends a callback that is lost
            await asyncio.sleep(0)
        for thread in threads:
            thread.join()

    thread = threading.Thread(target=asyncio.run, args=(session(),))
    thread.start()
    thread.join(20)
    assert [turn for who, turn in ran if who == 1] == list(range(500))
    assert [turn for who, turn in ran if who == 2] == list(range(500))
    assert wakes < 1000


@pytest.mark.usefixtures("mend")
def test_the_theme_of_a_second_session_is_that_of_the_first() -> None:
    first, second = CustomThemeConfig(), CustomThemeConfig()
    populate: Any = app_session._populate_theme_msg
    populate(first)
    populate(first.light, "theme.light")
    populate(second)
    populate(second.light, "theme.light")
    expected = CustomThemeConfig()
    populate.__wrapped__(expected)
    populate.__wrapped__(expected.light, "theme.light")
    assert first == second == expected


@pytest.mark.usefixtures("mend")
def test_a_figure_is_checked_once_and_a_wrong_one_each_time() -> None:
    convert: Any = plotly.tools.return_figure_from_figure_or_data
    figure = {"data": [{"type": "bar", "y": [1, 2]}], "layout": {"height": 200}}
    assert convert(figure, True) == convert.__wrapped__(figure, True)
    assert convert(figure | {"layout": {"height": 300}}, True)["layout"]["height"] == 300
    for _ in range(2):
        with pytest.raises(ValueError, match="no such chart"):
            convert({"data": [{"type": "no such chart"}]}, True)


@pytest.mark.usefixtures("mend")
def test_mending_twice_is_mending_once() -> None:
    once = [getattr(owner, name) for owner, name, _ in mended.MENDS]
    mended.mend()
    assert [getattr(owner, name) for owner, name, _ in mended.MENDS] == once


def nodelay_of_an_accepted_connection() -> bool:
    """Whether the server's end of a connection to a socket as Streamlit makes it sends small writes at once."""
    seen: list[bool] = []

    async def one_connection() -> None:
        loop = asyncio.get_running_loop()
        accepted = asyncio.Event()
        config = uvicorn.Config(lambda: None, lifespan="off")  # type: ignore[arg-type] # nothing is served
        config.load()

        class Watched(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base
                super().connection_made(transport)
                own = transport.get_extra_info("socket")
                seen.append(bool(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
                accepted.set()

        state = ServerState()
        made = starlette_server._bind_socket("127.0.0.1", 0, 5)
        server = await loop.create_server(lambda: Watched(config, state, {}), sock=made)
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(*made.getsockname())
            await accepted.wait()
        writer.close()
        server.close()

    asyncio.run(one_connection())
    return seen[0]


def test_streamlit_alone_lets_small_writes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    made = H11Protocol.connection_made
    monkeypatch.setattr(H11Protocol, "connection_made", getattr(made, "__wrapped__", made))
    assert not nodelay_of_an_accepted_connection()


@pytest.mark.usefixtures("mend")
def test_small_writes_are_sent_at_once() -> None:
    assert nodelay_of_an_accepted_connection()


def test_streamlit_alone_wakes_the_loop_for_what_the_loop_itself_told() -> None:
    assert wakes_of_news(getattr(Runtime._enqueued_some_message, "__wrapped__", Runtime._enqueued_some_message)) == [
        5,
        1,
    ]


@pytest.mark.usefixtures("mend")
def test_what_the_loop_tells_itself_needs_no_wake_and_what_a_thread_tells_does() -> None:
    assert wakes_of_news(Runtime._enqueued_some_message) == [0, 1]


def wakes_of_news(tell: Any) -> list[int]:
    """How often the loop is woken when it tells of five messages itself, and when a thread tells of one."""

    async def told() -> list[int]:
        loop, counts = asyncio.get_running_loop(), list[int]()
        wake = loop.call_soon_threadsafe
        woken: list[int] = []

        def counted(callback: Any) -> None:
            woken.append(1)
            wake(callback)

        shared = SimpleNamespace(eventloop=loop, need_send_data=asyncio.Event())
        runtime = SimpleNamespace(_get_async_objs=lambda: shared)
        loop.call_soon_threadsafe = counted  # type: ignore[method-assign] # of this loop alone
        try:
            for _ in range(5):
                tell(runtime)
            await asyncio.sleep(0)
            assert shared.need_send_data.is_set()
            counts.append(len(woken))
            shared.need_send_data.clear()
            woken.clear()
            thread = threading.Thread(target=tell, args=(runtime,))
            thread.start()
            async with asyncio.timeout(10):
                await shared.need_send_data.wait()
            thread.join()
            counts.append(len(woken))
        finally:
            loop.call_soon_threadsafe = wake  # type: ignore[method-assign] # as before
        return counts

    return asyncio.run(told())


def test_messages_written_together_leave_in_one_write_and_in_their_order() -> None:
    async def written() -> list[bytes]:
        wrote: list[bytes] = []
        below: Any = SimpleNamespace(
            write=wrote.append, is_closing=lambda: False, close=lambda: wrote.append(b"closed")
        )
        joined = mended._Joined(below)
        for piece in (b"a", b"b", b"c"):
            joined.write(piece)
        assert wrote == []
        await asyncio.sleep(10 * mended.JOINED_S)
        joined.write(b"d")
        joined.close()
        await asyncio.sleep(10 * mended.JOINED_S)
        return wrote

    assert asyncio.run(written()) == [b"abc", b"d", b"closed"]
