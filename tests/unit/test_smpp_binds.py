"""Connections to an operator: login, several binds, TLS, signs of life, coming back, and leaving."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.gateways import GatewayDown, LinkWord, OutcomeKind, Receipt, gateway_for
from engine.gateways.smpp import binds, loop, traffic
from engine.gateways.smpp.codec import Command, Framer, Pdu, decode, encode
from tests.operator import make_certificate, smsc
from tests.smpp_kit import Inbox, kinds, messages, of_refs, opened, send_all, wait_link

ACCEPTED, LOST = OutcomeKind.ACCEPTED, OutcomeKind.LOST
QUIET_S = 0.3
"""Long enough for another try, if there were one."""


def test_a_wrong_password_is_tried_once_however_many_binds_there_are(caplog: pytest.LogCaptureFixture) -> None:
    with smsc() as operator, opened(operator, "binds=4", password="wr0ng") as gateway:
        with pytest.raises(GatewayDown) as down:
            gateway.submit(messages(1))
        assert down.value.permanent
        assert "password" in str(down.value)
        link = wait_link(gateway, lambda link: link.word is LinkWord.REFUSED)
        time.sleep(QUIET_S)
        assert operator.seen.connections == operator.seen.binds_refused == 1
        assert (link.bound, link.binds) == (0, 4)
    assert "wr0ng" not in f"{down.value}{link}{caplog.text}"


@pytest.mark.parametrize("status", [0x0D, 0x0F])
def test_every_refusal_of_the_login_is_final(status: int) -> None:
    with smsc(refuse_bind=status) as operator, opened(operator) as gateway:
        link = wait_link(gateway, lambda link: link.word is LinkWord.REFUSED)
        assert f"0x{status:02X}" in link.detail
        with pytest.raises(GatewayDown) as down:
            gateway.submit(messages(1))
        assert down.value.permanent


def test_a_login_that_the_operator_puts_off_is_tried_again() -> None:
    with smsc(refuse_bind=0x08) as operator, opened(operator) as gateway:
        with pytest.raises(GatewayDown) as down:
            gateway.submit(messages(1))
        assert not down.value.permanent
        assert gateway.link().word is LinkWord.DOWN
        operator.set(refuse_bind=0)
        assert kinds(send_all(gateway, messages(3))) == [ACCEPTED] * 3


def test_submits_are_spread_over_several_binds() -> None:
    with smsc(answer_ms=300) as operator, opened(operator, "binds=3&window=2") as gateway:
        wait_link(gateway, lambda link: link.bound == 3)
        submitting = threading.Thread(target=gateway.submit, args=[messages(6)])
        submitting.start()
        link = wait_link(gateway, lambda link: link.in_window == 6)
        submitting.join()
        assert operator.seen.most_unanswered == 2
        assert (link.word, link.detail, link.bound, link.binds) == (LinkWord.OPEN, "", 3, 3)
        assert gateway.link().in_window == 0


def test_a_small_batch_is_spread_too() -> None:
    with smsc(answer_ms=20) as operator, opened(operator, "binds=2&window=50") as gateway:
        wait_link(gateway, lambda link: link.bound == 2)
        gateway.submit(messages(10))
        assert operator.seen.most_unanswered == 5


def test_transmitter_and_receiver_share_the_work() -> None:
    inbox = Inbox[Receipt]()
    with smsc() as operator, opened(operator, "mode=txrx", sink=inbox) as gateway:
        refs = [outcome.provider_ref for outcome in gateway.submit(messages(30))]
        inbox.wait_until(of_refs(refs))
        assert sorted(kind for kind, _ in operator.seen.binds) == [Command.BIND_RECEIVER, Command.BIND_TRANSMITTER]
        assert gateway.link()[:4] == (LinkWord.OPEN, "", 2, 2)


def test_what_the_login_says_is_what_the_address_says() -> None:
    with smsc() as operator, opened(operator, "system_type=SMS") as gateway:
        wait_link(gateway, lambda link: link.bound)
        ((kind, bind),) = operator.seen.binds
        assert kind == Command.BIND_TRANSCEIVER
        assert bind[:4] == ("ims", "secret", "SMS", 0x34)


def test_tls_is_encrypted_and_checks_authority_and_host_name(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, ["smsc.example"])
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    with smsc(tls=certificate) as operator:
        with opened(operator, f"ca={certificate.authority}&tls_name=smsc.example") as gateway:
            assert kinds(gateway.submit(messages(20))) == [ACCEPTED] * 20
        for query, words in (
            (f"ca={certificate.authority}", "not trusted.*IP address mismatch"),
            (f"ca={certificate.authority}&tls_name=else.example", "not trusted.*[Hh]ostname mismatch"),
            (f"ca={other.authority}&tls_name=smsc.example", "not trusted"),
            ("tls_name=smsc.example", "not trusted"),
        ):
            with opened(operator, query) as gateway, pytest.raises(GatewayDown, match=words):
                gateway.submit(messages(1))
        assert len(operator.seen.binds) == 1


def test_an_operator_without_tls_is_not_spoken_to_in_the_clear() -> None:
    with smsc() as operator:
        gateway = gateway_for(operator.url("tls=1"))
        gateway.open(Inbox[Receipt]())
        with closing(gateway), pytest.raises(GatewayDown):
            gateway.submit(messages(1))
        assert operator.seen.binds == []


def test_a_ca_file_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    for file in (tmp_path / "missing.pem", rubbish):
        gateway = gateway_for(f"smpps://ims:secret@127.0.0.1:9?ca={file}")
        with pytest.raises(GatewayDown, match="CA file") as down:
            gateway.open(Inbox[Receipt]())
        assert down.value.permanent
        gateway.close()


def test_nothing_answers_and_no_such_host_are_told_apart() -> None:
    with smsc() as operator:
        url = operator.url()
    for address, words in ((url, "connection refused"), ("smpp://ims:secret@no-such-host.invalid", "cannot be found")):
        gateway = gateway_for(address)
        gateway.open(Inbox[Receipt]())
        with closing(gateway), pytest.raises(GatewayDown, match=words) as down:
            gateway.submit(messages(1))
        assert not down.value.permanent


def test_the_gateway_knows_when_its_operator_is_dead_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "TICK_IDLE_S", 0.05)
    with smsc() as operator, opened(operator, "enquire_s=1&response_s=1&bind_s=1") as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.wait_for(lambda one: one.seen.enquired >= 1)
        assert gateway.link().word is LinkWord.OPEN
        operator.go_deaf()
        link = wait_link(gateway, lambda link: not link.bound)
        assert (link.word, link.detail) == (LinkWord.DOWN, "the operator showed no sign of life")
        operator.deaf = False
        assert kinds(send_all(gateway, messages(3))) == [ACCEPTED] * 3


def test_an_operator_that_asks_is_answered() -> None:
    with smsc(enquire_ms=20) as operator, opened(operator) as gateway:
        wait_link(gateway, lambda link: link.bound)
        operator.wait_for(lambda one: one.seen.enquiries_answered >= 2)


def test_a_bind_comes_back_quickly_and_then_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binds, "QUICK_S", 0.001)
    monkeypatch.setattr(binds, "PAUSE_FIRST_S", 0.01)
    monkeypatch.setattr(binds, "PAUSE_MOST_S", 0.05)
    with smsc() as operator, opened(operator) as gateway:
        gateway.submit(messages(1))
        operator.drop()
        operator.wait_for(lambda one: len(one.seen.binds) == 2)
        operator.go_down()
        link = wait_link(gateway, lambda link: "refused" in link.detail)
        assert link.word is LinkWord.DOWN
        operator.come_up()
        assert kinds(send_all(gateway, messages(3))) == [ACCEPTED] * 3


def test_pauses_between_tries_double_up_to_a_limit_and_begin_again_after_a_session_of_use() -> None:
    settings = binds.Settings("ims", "secret", "localhost")
    keeper = binds.Keeper(traffic.RouteTraffic.__new__(traffic.RouteTraffic), Command.BIND_TRANSCEIVER, settings, None,
                          binds.Logins())  # fmt: skip
    pauses = []
    for _ in range(9):
        keeper._fail("down")
        pauses.append(keeper._pause_s())
    most = [0.1, 1, 2, 4, 8, 16, 30, 30, 30]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses, most, strict=True))


def test_closing_unbinds() -> None:
    with smsc() as operator, opened(operator, "binds=2") as gateway:
        wait_link(gateway, lambda link: link.bound == 2)
        gateway.close()
        operator.wait_for(lambda one: one.seen.open == 0)
        assert (operator.seen.unbound, operator.seen.broken) == (2, 0)
        assert gateway.link().word is LinkWord.DOWN


def test_all_gateways_share_one_thread_that_ends_with_the_last() -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "smpp"]

    with smsc() as operator:
        assert threads() == []
        with opened(operator) as first:
            with opened(operator) as second:
                assert threads() == ["smpp"]
                assert kinds(second.submit(messages(2))) == [ACCEPTED] * 2
            assert kinds(first.submit(messages(2))) == [ACCEPTED] * 2
            assert threads() == ["smpp"]
        assert threads() == []
        with opened(operator) as third:
            assert kinds(third.submit(messages(2))) == [ACCEPTED] * 2


def test_a_gateway_that_is_closed_while_it_connects_leaves_nothing_behind() -> None:
    rng = random.Random(3)
    with smsc() as operator:
        for _ in range(30):
            with opened(operator):
                time.sleep(rng.random() * 0.004)
        operator.wait_for(lambda one: one.seen.open == 0)


def test_a_task_that_a_fault_left_on_the_loop_does_not_keep_it_from_ending(caplog: pytest.LogCaptureFixture) -> None:
    async def sleepy() -> None:
        await loop.asyncio.sleep(60)

    shared = loop.SharedLoop.acquire()
    begun = shared.start(sleepy())
    time.sleep(0.01)
    shared.release()
    assert begun.cancelled()
    assert "left running" in caplog.text


@contextmanager
def rubbish_operator(seed: int) -> Iterator[int]:
    """Lets anybody log in, answers a few submits in pieces, then sends rubbish and closes. The port."""
    rng = random.Random(seed)

    def serve(connection: socket.socket) -> None:
        framer, submits = Framer(), 0
        with connection:
            while data := connection.recv(65_536):
                for one in framer.feed(data):
                    pdu = decode(one)
                    if pdu.command == Command.SUBMIT_SM:
                        submits += 1
                    answer = encode(Pdu(pdu.command | 0x8000_0000, pdu.sequence, message_id=f"id{submits}"))
                    edge = rng.randrange(len(answer))
                    connection.sendall(answer[:edge])
                    connection.sendall(answer[edge:])
                    if submits >= 12:
                        connection.sendall(rng.randbytes(rng.randrange(1, 400)))
                        return

    def listen(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            try:
                serve(connection)
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, args=[server], daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("seed", range(4))
def test_rubbish_on_a_real_socket_costs_no_outcome(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with rubbish_operator(seed) as port:
        gateway = gateway_for(f"smpp://ims:secret@127.0.0.1:{port}?window=5&response_s=1")
        gateway.open(Inbox[Receipt]())
        with closing(gateway):
            outcomes = send_all(gateway, messages(40))
    assert set(kinds(outcomes)) <= {ACCEPTED, LOST}
    assert kinds(outcomes).count(ACCEPTED) >= 12
    assert "Traceback" not in caplog.text
