"""What every gateway must do. A new kind of gateway adds one rig to `RIGS` and passes all of it."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass

import pytest

from engine import routes
from engine.config import Config
from engine.errors import InputError
from engine.gateways import (
    Gateway,
    GatewayDown,
    InboundSink,
    Link,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptSink,
    ReceiptState,
    Submission,
    gateway_for,
)
from engine.gateways.simulator import UNKNOWN_PREFIX
from engine.hooks import Hooks
from engine.model import Encoding, FailReason, SystemClock
from engine.store.duck import DuckStore
from tests.operator import smsc
from tests.operator.http_provider import HttpProvider
from tests.operator.receiving import Receiver

WAIT_S = 60.0
CLOSE_S = 5.0


@dataclass(frozen=True)
class Rig:
    """One kind of gateway with an operator behind it that lives as long as the test.

    `make` gives a gateway to an operator that accepts and delivers everything at once, except `refused` (a number it
    refuses at submit); `make_slow` one whose receipts come long after the test. `can_resume`: it can ask for receipts.
    `is_foreign` knows receipts that the operator declares to be for nobody.
    """

    make: Callable[[], Gateway]
    make_slow: Callable[[], Gateway]
    refused: str
    can_resume: bool
    is_foreign: Callable[[str], bool]
    bad_urls: tuple[str, ...]
    dates_s: float = 1.0
    """To how many seconds its receipts give their time."""


@contextmanager
def simulator() -> Iterator[Rig]:
    yield Rig(
        make=lambda: gateway_for("sim://?seed=7&unknown=0.05"),
        make_slow=lambda: gateway_for("sim://?seed=7&receipt_ms=3600000"),
        refused="+61412349902",
        can_resume=True,
        is_foreign=lambda ref: ref.startswith(UNKNOWN_PREFIX),
        bad_urls=(
            "sim://ims:hunter2@localhost?fail=0.05",
            "sim://localhost",
            "sim://?fial=0.05",
            "sim://?fail=1.5",
            "sim://?fail=",
            "sim://?latency_ms=-1",
        ),
        dates_s=1.0,
    )


@contextmanager
def smpp() -> Iterator[Rig]:
    with smsc(resend_ms=20) as operator, smsc(receipt_ms=3_600_000) as slow:
        yield Rig(
            make=lambda: gateway_for(operator.url("window=100")),
            make_slow=lambda: gateway_for(slow.url("window=100")),
            refused="+61412349902",
            can_resume=False,
            is_foreign=lambda _: False,
            bad_urls=(
                "smpp://localhost:2775",
                "smpp://ims:hunter2@localhost:99999",
                "smpp://ims:hunter2@localhost:2775/path",
                "smpp://ims:hunter2@localhost?windwo=10",
                "smpp://ims:hunter2@localhost?window=0",
                "smpp://ims:hunter2@localhost?tps=-1",
                "smpps://ims:hunter2@localhost?tls=0",
            ),
            dates_s=60.0,
        )


@contextmanager
def http() -> Iterator[Rig]:
    """A provider that takes lists of messages and posts receipts. They arrive at the product's own receipts address on
    another loopback socket, which is the gateway's other half: what the suite says of receipts is asked of both."""
    with HttpProvider() as provider, HttpProvider(receipts_s=3_600) as slow:
        yield Rig(
            make=lambda: Hooked(provider.address()),
            make_slow=lambda: Hooked(slow.address()),
            refused="+61412349902",
            can_resume=True,
            is_foreign=lambda _: False,
            bad_urls=(
                "https://ims:hunter2@api.example.com/sms",
                "https://ims:hunter2@api.example.com/sms#preset=nobodys",
                "https://ims:hun#ter2@api.example.com/sms#preset=generic&hunter2",
                "https://ims:hunter2@api.example.com:port/sms#preset=generic",
                "https://api.example.com/sms#preset=generic&token=hunter2&tokn=hunter2",
                "https://api.example.com/sms#preset=generic&token=hunter2&codes=1",
                "https://api.example.com/sms?key=hunter2#preset=generic&batch=0",
                "http://ims:hunter2@api.example.com/sms#preset=generic",
                "https://#preset=generic&token=hunter2",
            ),
        )


class Hooked:
    """A gateway with the receiving half beside it, from `open` to `close`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._gateway = gateway_for(url)
        self._opened = ExitStack()

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:
        store = self._opened.enter_context(closing(DuckStore(None)))
        with store.transaction() as tx:
            new = routes.NewRoute(name="Provider", gateway=self._url, prices={routes.EVERYWHERE: 0})
            route_id = routes.add(tx, new, member_id=None, now_us=0)
        receiver = self._opened.enter_context(Receiver(lambda: self))
        config = Config.from_env({"IMS_PUBLIC_URL": receiver.url, "IMS_DATA": tempfile.gettempdir()})
        self.hooks = Hooks(store, SystemClock(), config, lambda _: sink)
        self.hooks._key = b"the secret of this server"
        self._gateway.open(self.hooks.sink_for(route_id), inbound)

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        return self._gateway.submit(batch)

    def resume(self, provider_refs: Sequence[str]) -> None:
        self._gateway.resume(provider_refs)

    def link(self) -> Link:
        return self._gateway.link()

    def close(self) -> None:
        self._gateway.close()
        self._opened.close()


RIGS: list[Callable[[], AbstractContextManager[Rig]]] = [simulator, smpp, http]


@pytest.fixture(params=RIGS, ids=lambda factory: factory.__name__)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with request.param() as made:
        yield made


@pytest.fixture
def gateway(rig: Rig) -> Iterator[Gateway]:
    made = rig.make()
    yield made
    made.close()


class Inbox:
    """A sink that keeps what it takes and refuses its first `refusals` calls."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.calls = 0
        self.threads: set[int] = set()
        self.receipts: list[Receipt] = []
        self._changed = threading.Condition()

    def __call__(self, receipts: Sequence[Receipt]) -> None:
        with self._changed:
            self.calls += 1
            self.threads.add(threading.get_ident())
            if self.calls <= self.refusals:
                raise OSError("the disk is full")
            self.receipts.extend(receipts)
            self._changed.notify_all()

    def finals(self) -> Counter[str]:
        return Counter(r.provider_ref for r in self.receipts if r.state is not ReceiptState.ENROUTE)

    def wait_for(self, refs: Sequence[str]) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: set(refs) <= self.finals().keys(), timeout=WAIT_S)
        assert done, f"{len(set(refs) - self.finals().keys())} of {len(refs)} accepted messages got no receipt"


def messages(count: int, *, first_id: int = 1, msisdn: str | None = None) -> list[Submission]:
    return [
        Submission(
            message_id=first_id + index,
            msisdn=msisdn or f"+6141{index:04d}000",  # no ending that means something
            sender=None,
            text="Your parcel arrives today.",
            encoding=Encoding.GSM7,
            parts=1,
        )
        for index in range(count)
    ]


def submit_all(gateway: Gateway, batch: Sequence[Submission]) -> list[str]:
    outcomes = gateway.submit(batch)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * len(batch)
    return [outcome.provider_ref for outcome in outcomes]


def test_an_empty_batch_has_no_outcomes(gateway: Gateway) -> None:
    gateway.open(Inbox())
    assert gateway.submit([]) == []


def test_outcomes_are_parallel_to_the_batch_and_in_its_order(rig: Rig, gateway: Gateway) -> None:
    gateway.open(Inbox())
    batch = messages(40)
    for position in (0, 3, 17, 39):
        batch[position] = messages(1, first_id=position + 1, msisdn=rig.refused)[0]
    kinds = [outcome.kind for outcome in gateway.submit(batch)]
    assert [position for position, kind in enumerate(kinds) if kind is OutcomeKind.REJECTED] == [0, 3, 17, 39]
    assert kinds.count(OutcomeKind.ACCEPTED) == 36


def test_an_accepted_message_has_a_reference_and_a_rejected_one_a_reason(rig: Rig, gateway: Gateway) -> None:
    gateway.open(Inbox())
    accepted, rejected = gateway.submit([*messages(1), *messages(1, first_id=2, msisdn=rig.refused)])
    assert accepted.provider_ref
    assert accepted.reason is None
    assert isinstance(rejected.reason, FailReason)
    assert rejected.provider_ref == ""
    assert 0 < len(rejected.detail) <= 200


def test_references_are_unique_even_for_the_same_message_submitted_twice(gateway: Gateway) -> None:
    gateway.open(Inbox())
    refs = submit_all(gateway, messages(100)) + submit_all(gateway, messages(100))
    assert len(set(refs)) == 200


def test_every_accepted_message_gets_a_receipt_and_nobody_else_does(rig: Rig, gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    refs = [ref for start in range(0, 1000, 250) for ref in submit_all(gateway, messages(250, first_id=start + 1))]
    inbox.wait_for(refs)
    gateway.close()
    assert {r.provider_ref for r in inbox.receipts if not rig.is_foreign(r.provider_ref)} == set(refs)


def test_a_receipt_says_when_and_gives_a_reason_exactly_when_it_failed(rig: Rig, gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    before_us = time.time_ns() // 1000
    inbox.wait_for(submit_all(gateway, messages(50)))
    for receipt in inbox.receipts:
        bad = receipt.state in {ReceiptState.FAILED, ReceiptState.EXPIRED}
        assert (receipt.reason is not None) == bad
        assert before_us - rig.dates_s * 1_000_000 <= receipt.at_us <= time.time_ns() // 1000 + 1_000_000


def test_a_batch_of_5000_is_taken_whole(gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    refs = submit_all(gateway, messages(5000))
    assert len(set(refs)) == 5000
    inbox.wait_for(refs)


def test_receipts_come_from_a_thread_of_the_gateway(gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    inbox.wait_for(submit_all(gateway, messages(10)))
    assert threading.get_ident() not in inbox.threads


def test_receipts_that_the_sink_refuses_are_delivered_again(gateway: Gateway) -> None:
    inbox = Inbox(refusals=3)
    gateway.open(inbox)
    inbox.wait_for(submit_all(gateway, messages(300)))
    assert inbox.calls > 3


def test_a_sink_that_always_refuses_is_not_called_in_a_tight_loop(gateway: Gateway) -> None:
    inbox = Inbox(refusals=1_000_000)
    gateway.open(inbox)
    submit_all(gateway, messages(10))
    time.sleep(0.5)
    assert 1 <= inbox.calls <= 50


def test_close_stops_every_thread_and_may_be_called_again(rig: Rig) -> None:
    before = set(threading.enumerate())
    gateway = rig.make()
    gateway.open(Inbox())
    submit_all(gateway, messages(10))
    gateway.close()
    gateway.close()
    assert set(threading.enumerate()) <= before


def test_close_is_quick_while_the_sink_refuses_and_while_receipts_are_owed(rig: Rig) -> None:
    for make, inbox in ((rig.make, Inbox(refusals=1_000_000)), (rig.make_slow, Inbox())):
        gateway = make()
        gateway.open(inbox)
        submit_all(gateway, messages(10))
        time.sleep(0.2)
        started_s = time.monotonic()
        gateway.close()
        assert time.monotonic() - started_s < CLOSE_S


def test_no_receipt_comes_after_close(gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    submit_all(gateway, messages(2000))
    gateway.close()
    calls = inbox.calls
    time.sleep(0.1)
    assert inbox.calls == calls


def test_a_gateway_that_was_never_opened_can_be_closed(rig: Rig) -> None:
    rig.make().close()


def test_submit_after_close_raises_gateway_down(gateway: Gateway) -> None:
    gateway.open(Inbox())
    gateway.close()
    with pytest.raises(GatewayDown):
        gateway.submit(messages(1))


def test_after_a_restart_resume_brings_the_receipts_still_owed(rig: Rig) -> None:
    first, missed = rig.make_slow(), Inbox()
    first.open(missed)
    refs = submit_all(first, messages(1500))
    first.close()
    assert missed.receipts == []

    second, inbox = rig.make_slow(), Inbox()
    second.open(inbox)
    try:
        second.resume(refs)
        if rig.can_resume:
            inbox.wait_for(refs)
            assert inbox.finals().keys() == set(refs)
    finally:
        second.close()


def test_resume_ignores_references_that_are_not_its_own_kind(gateway: Gateway) -> None:
    inbox = Inbox()
    gateway.open(inbox)
    gateway.resume(["", "42", "no such reference", "Ω" * 500])
    inbox.wait_for(submit_all(gateway, messages(1)))
    assert not {"", "42", "no such reference", "Ω" * 500} & inbox.finals().keys()


def test_addresses_that_cannot_be_used_are_refused_without_showing_a_password(rig: Rig) -> None:
    for url in rig.bad_urls:
        with pytest.raises(InputError) as refusal:
            gateway_for(url)
        assert refusal.value.code == "gateway_url"
        assert "hunter2" not in f"{refusal.value}{refusal.value.facts}"
        assert str(refusal.value).endswith(".")
