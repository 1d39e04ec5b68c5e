"""The receipts address: who may know it, what it answers, and that nothing is answered before it is kept."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest

from engine import hooks, routes
from engine.api import webhooks
from engine.config import Config
from engine.errors import AccessError
from engine.gateways import Inbound, Receipt
from engine.gateways.http import ReachableSink
from engine.hooks import Grouped, Hooks
from engine.model import Actor, Role, SystemClock
from engine.store.duck import DuckStore
from tests.kit import wait_until
from tests.operator.http_shapes import SIGN_SECRET, TOKEN, Generic, Sms, Told, Twilio
from tests.operator.receiving import Receiver

STAFF = Actor(user_id=1, account_id=1, role=Role.STAFF, name="Stan")


class Desk:
    """Hooks with one HTTP route (1), one of the simulator (2), and what they kept."""

    def __init__(self, folder: Path, url: str, *, keeps_inbound: bool = True) -> None:
        self.store = DuckStore(None)
        self.config = Config.from_env({"IMS_DATA": str(folder), "IMS_PUBLIC_URL": "https://ims.example"})
        self.kept: list[Receipt] = []
        self.calls = 0
        self.inbound: list[Inbound] = []
        self.fault: Exception | None = None
        with self.store.transaction() as tx:
            for name, gateway in (("Provider", url), ("Simulator", "sim://")):
                new = routes.NewRoute(name=name, gateway=gateway, prices={routes.EVERYWHERE: 0})
                routes.add(tx, new, member_id=None, now_us=0)
        inbound_for = (lambda _: self.inbound.extend) if keeps_inbound else None
        self.hooks = Hooks(self.store, SystemClock(), self.config, lambda _: self.keep, inbound_for)

    def keep(self, receipts: Sequence[Receipt]) -> None:
        self.calls += 1
        if self.fault:
            raise self.fault
        self.kept.extend(receipts)

    def change_gateway(self, url: str) -> None:
        with self.store.transaction() as tx:
            cast("Any", tx).raw.execute("update route set gateway = $1 where id = 1", [url])

    def path(self, route_id: int = 1) -> str:
        return urlsplit(self.hooks.address(STAFF, route_id)).path

    @property
    def refs(self) -> list[str]:
        return [receipt.provider_ref for receipt in self.kept]


URL = f"https://api.example.com/v1/sms#{Generic.mapping}"
UNSIGNED = "https://api.example.com/#preset=generic"
RECEIPT = json.dumps({"id": "a", "status": "delivered"}).encode()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, UNSIGNED)
    yield made
    made.store.close()


@pytest.fixture
def site(desk: Desk) -> Iterator[httpx.Client]:
    with client(desk) as made:
        yield made


@contextmanager
def client(desk: Desk | None) -> Iterator[httpx.Client]:
    """Our receipts address on a real server, and somebody who posts to it."""
    with Receiver(lambda: desk) as receiver, httpx.Client(base_url=receiver.url, trust_env=False, timeout=20) as made:
        yield made


def post_to(site: httpx.Client, path: str, body: bytes = RECEIPT, **headers: str) -> httpx.Response:
    return site.post(path, content=body, headers={"Content-Type": "application/json"} | headers)


# The address.


def test_the_address_is_the_public_one_and_differs_for_each_route_and_server(desk: Desk, tmp_path: Path) -> None:
    address = desk.hooks.address(STAFF, 1)
    assert address.startswith("https://ims.example/receipts/1/")
    secret = address.rpartition("/")[2]
    assert len(secret) == 32
    assert desk.hooks.address(STAFF, 1) == address
    assert desk.hooks.sink_for(3).receipts_url.rpartition("/")[2] != secret
    (tmp_path / "secret").write_text("another secret")
    again = Hooks(desk.store, SystemClock(), desk.config, lambda _: desk.keep)
    assert again.address(STAFF, 1) != address


@pytest.mark.parametrize("route_id", [2, 99])
def test_a_route_without_http_provider_has_no_address(desk: Desk, route_id: int) -> None:
    with pytest.raises(AccessError) as caught:
        desk.hooks.address(STAFF, route_id)
    assert caught.value.code == "not_found"


def test_the_secret_is_in_no_table(desk: Desk) -> None:
    secret = desk.path().rpartition("/")[2]
    with desk.store._reading() as cursor:
        tables = [row[0] for row in cursor.raw.execute("select table_name from information_schema.tables").fetchall()]
        held = "".join(str(cursor.raw.execute(f'select * from "{table}"').fetchall()) for table in tables)
    assert UNSIGNED in held
    assert secret not in held


def test_a_gateway_learns_the_address_from_its_sink(desk: Desk) -> None:
    sink = desk.hooks.sink_for(1)
    assert isinstance(sink, ReachableSink)
    assert sink.receipts_url == desk.hooks.address(STAFF, 1)
    sink([Receipt("a", "delivered", 0)])  # type: ignore[arg-type]
    assert desk.refs == ["a"]


# What it answers.


def test_a_receipt_is_kept_and_answered_without_a_word(desk: Desk, site: httpx.Client) -> None:
    answer = post_to(site, desk.path())
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.refs == ["a"]


def test_a_receipt_may_come_by_get(desk: Desk, site: httpx.Client) -> None:
    assert site.get(f"{desk.path()}?id=a&status=delivered").status_code == 200
    assert desk.refs == ["a"]


def test_trying_the_address_is_answered_and_keeps_nothing(desk: Desk, site: httpx.Client) -> None:
    assert site.get(desk.path()).status_code == 200
    assert site.post(desk.path()).status_code == 200
    assert desk.calls == 0


def test_a_wrong_route_and_a_wrong_secret_cannot_be_told_apart(desk: Desk, site: httpx.Client) -> None:
    right = desk.path()
    secret = right.rpartition("/")[2]
    wrong = [
        f"/receipts/1/{secret[::-1]}", "/receipts/1/x", f"/receipts/99/{secret}", f"/receipts/2/{secret}",
        f"/receipts/x/{secret}", f"/receipts/{10**30}/{secret}", f"/receipts/%F0%9F%98%80/{secret}",
        f"/receipts/1/{secret}%C3%A9",
    ]  # fmt: skip
    answers = [post_to(site, path) for path in wrong]
    seen = {(one.status_code, one.content, *sorted(name for name in one.headers if name != "date")) for one in answers}
    assert seen == {(404, b"", "cache-control", "content-length", "server")}
    assert desk.kept == []


def test_a_route_that_left_http_is_not_known_any_more(
    desk: Desk, site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.path()
    assert post_to(site, path).status_code == 200
    monkeypatch.setattr(hooks, "ROUTE_FRESH_S", 0.0)
    desk.change_gateway("sim://")
    assert post_to(site, path).status_code == 404


def test_a_changed_mapping_is_used_without_a_restart(
    desk: Desk, site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "ROUTE_FRESH_S", 0.0)
    assert post_to(site, desk.path(), b'{"uid": "b", "status": "delivered"}').status_code == 400
    desk.change_gateway(f"{UNSIGNED}&dlr_id=uid")
    assert post_to(site, desk.path(), b'{"uid": "b", "status": "delivered"}').status_code == 200
    assert desk.refs == ["b"]


@pytest.mark.parametrize("body", [b"{", b'{"id": "a"}', b"\xff", b'[{"x": 1}]'])
def test_what_cannot_be_read_is_refused(desk: Desk, site: httpx.Client, body: bytes) -> None:
    assert post_to(site, desk.path(), body).status_code == 400
    assert desk.kept == []


def test_a_body_over_a_megabyte_is_refused(desk: Desk, site: httpx.Client) -> None:
    assert post_to(site, desk.path(), b" " * 1_048_577).status_code == 413
    assert post_to(site, desk.path(), RECEIPT.ljust(1_048_576)).status_code == 200


def test_other_methods_are_refused(desk: Desk, site: httpx.Client) -> None:
    assert site.put(desk.path(), content=RECEIPT).status_code == 405
    assert site.delete(desk.path()).status_code == 405


def test_nothing_is_answered_well_before_it_is_kept(desk: Desk, site: httpx.Client) -> None:
    desk.fault = OSError("the disk is full")
    answer = post_to(site, desk.path())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    desk.fault = None
    assert post_to(site, desk.path()).status_code == 200
    assert desk.refs == ["a"]


def test_a_fault_is_not_logged_for_every_post(desk: Desk, site: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    desk.fault = OSError("the disk is full")
    assert {post_to(site, desk.path()).status_code for _ in range(5)} == {503}
    assert [record.getMessage() for record in caplog.records if record.name == "engine.hooks"] == [
        "route 1: a post could not be kept"
    ]


def test_a_store_that_cannot_be_read_keeps_the_provider_coming(desk: Desk, site: httpx.Client) -> None:
    path = desk.path()
    desk.store.close()
    assert post_to(site, path).status_code == 503


def test_a_server_that_is_not_open_yet_keeps_the_provider_coming() -> None:
    with client(None) as site:
        answer = post_to(site, "/receipts/1/x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_more_than_a_route_may_post_in_a_second_has_to_come_again(
    desk: Desk, site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "POSTS_A_SECOND", 0)
    answer = post_to(site, desk.path())
    assert (answer.status_code, answer.headers["Retry-After"], desk.kept) == (429, "1", [])


def test_each_second_has_a_share_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "POSTS_A_SECOND", 2)
    door = desk.hooks._door(1)
    assert door is not None
    assert [door.admits(now_s) for now_s in (5.0, 5.5, 5.9, 6.0, 6.1, 6.2)] == [True, True, False, True, True, False]


def test_more_posts_than_can_wait_have_to_come_again(
    desk: Desk, site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_WAITING", 0)
    assert post_to(site, desk.path()).status_code == 503


def test_a_body_that_never_ends_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BODY_WAIT_S", 0.1)
    with Receiver(lambda: desk) as receiver:
        place = urlsplit(receiver.url)
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as slow:
            slow.sendall(f"POST {desk.path()} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
            assert b" 400 " in slow.recv(4_096)


# Who says it.


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, URL)
    yield made
    made.store.close()


def test_a_forged_post_is_refused_and_a_replayed_one_taken_again(signed: Desk) -> None:
    shape, path = Generic(), signed.path()
    _, _, headers, body = shape.posts([Told(Sms("+61412345678", "", "", callback="x"), "real", "delivered")])
    with client(signed) as site:
        forged = site.post(path, content=body.replace(b"real", b"fake"), headers=headers)
        assert (forged.status_code, signed.kept) == (403, [])
        assert [site.post(path, content=body, headers=headers).status_code for _ in range(2)] == [200, 200]
    assert signed.refs == ["real", "real"]  # folded once: tests/flow/test_http_provider.py


def test_twilio_signs_the_public_address_and_is_answered_as_it_likes(tmp_path: Path) -> None:
    made = Desk(tmp_path, f"https://AC1:hunter2-token@api.twilio.com/Messages.json#{Twilio.mapping}")
    shape, address = Twilio(), made.hooks.address(STAFF, 1)
    with client(made) as site:  # which itself is reached at 127.0.0.1
        _, _, headers, body = shape.posts([Told(Sms("+61412345678", "", "", callback=address), "SM1", "delivered")])
        answer = site.post(made.path(), content=body, headers=headers)
        assert (answer.status_code, answer.content, made.refs) == (204, b"", ["SM1"])
        _, _, headers, body = shape.posts(
            [Told(Sms("+61412345678", "", "", callback="http://testserver"), "SM2", "failed")]
        )
        assert site.post(made.path(), content=body, headers=headers).status_code == 403
    made.store.close()


def test_nothing_secret_is_logged(signed: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = signed.path().rpartition("/")[2]
    with client(signed) as site:
        post_to(site, signed.path())
        post_to(site, signed.path(), b"{")
        signed.fault = OSError("the disk is full")
        _, _, headers, body = Generic().posts([Told(Sms("+61412345678", "", "", callback="x"), "a", "delivered")])
        assert site.post(signed.path(), content=body, headers=headers).status_code == 503
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("engine"))
    assert "not signed" in said
    for hidden in (secret, SIGN_SECRET, TOKEN):
        assert hidden not in said


# Messages from phones.


def test_messages_from_phones_go_to_the_inbox(desk: Desk, site: httpx.Client) -> None:
    said = [{"from": "61412345678", "to": "Acme", "text": "STOP", "id": "m"}, {"id": "a", "status": "delivered"}]
    assert post_to(site, desk.path(), json.dumps(said).encode()).status_code == 200
    assert [(one.msisdn, one.text, one.key) for one in desk.inbound] == [("+61412345678", "STOP", "m")]
    assert desk.refs == ["a"]


def test_without_an_inbox_messages_from_phones_do_not_stop_receipts(tmp_path: Path) -> None:
    made = Desk(tmp_path, UNSIGNED, keeps_inbound=False)
    said = [{"from": "61412345678", "to": "Acme", "text": "STOP", "id": "m"}, {"id": "a", "status": "delivered"}]
    with client(made) as site:
        assert post_to(site, made.path(), json.dumps(said).encode()).status_code == 200
    assert made.refs == ["a"]
    made.store.close()


# Together.


def receipts(*refs: str) -> list[Receipt]:
    return [Receipt(ref, "delivered", 0) for ref in refs]  # type: ignore[arg-type]


def test_posts_that_arrive_while_one_is_written_are_written_together() -> None:
    written: list[list[str]] = []
    first, go_on = threading.Event(), threading.Event()

    def sink(batch: Sequence[Receipt]) -> None:
        written.append([receipt.provider_ref for receipt in batch])
        first.set()
        assert go_on.wait(10)

    grouped = Grouped(sink)
    with ThreadPoolExecutor(9) as pool:
        posts = [pool.submit(grouped.put, receipts("0"))]
        assert first.wait(10)
        posts += [pool.submit(grouped.put, receipts(str(number))) for number in range(1, 9)]
        wait_until(lambda: len(grouped._waiting) == 8)
        go_on.set()
        assert [post.result(10) for post in posts] == [None] * 9
    assert written[0] == ["0"]
    assert sorted(written[1]) == [str(number) for number in range(1, 9)]
    assert len(written) == 2


def test_a_post_that_cannot_be_kept_does_not_hold_up_the_others() -> None:
    kept: list[str] = []
    first, go_on = threading.Event(), threading.Event()

    def sink(batch: Sequence[Receipt]) -> None:
        refs = [receipt.provider_ref for receipt in batch]
        first.set()
        assert go_on.wait(10)
        if "poison" in refs:
            raise ValueError("cannot be written")
        kept.extend(refs)

    grouped = Grouped(sink)
    with ThreadPoolExecutor(4) as pool:
        posts = {"0": pool.submit(grouped.put, receipts("0"))}
        assert first.wait(10)
        for ref in ("a", "poison", "b"):
            posts[ref] = pool.submit(grouped.put, receipts(ref))
        wait_until(lambda: len(grouped._waiting) == 3)
        go_on.set()
        for ref in ("0", "a", "b"):
            assert posts[ref].result(10) is None
        with pytest.raises(ValueError, match="cannot be written"):
            posts["poison"].result(10)
    assert sorted(kept) == ["0", "a", "b"]
