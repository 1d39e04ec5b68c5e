"""What tests of the SMPP gateway share: an inbox, messages, and a sender that treats outcomes as the engine does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from engine.gateways import (
    Gateway,
    GatewayDown,
    InboundSink,
    Link,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptSink,
    Submission,
    gateway_for,
)
from engine.model import Encoding
from tests.operator import Operator

WAIT_S = 10.0
POLL_S = 0.002
MOST_TRIES = 200
TEXT = "Your parcel arrives today."
LONG = "Your parcel arrives today between 2 and 4 pm. " * 7
"""Three parts."""

T = TypeVar("T")


class Inbox(Generic[T]):
    """A sink that keeps what it takes and refuses its first `refusals` calls."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.items: list[T] = []
        self.calls = 0
        self._changed = threading.Condition()

    def __call__(self, arrived: Sequence[T]) -> None:
        with self._changed:
            self.calls += 1
            if self.calls <= self.refusals:
                raise OSError("the disk is full")
            self.items.extend(arrived)
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[list[T]], object]) -> list[T]:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.items), WAIT_S), f"{len(self.items)} items"
            return list(self.items)

    def wait_for(self, count: int) -> list[T]:
        return self.wait_until(lambda items: len(items) >= count)


def of_refs(refs: Sequence[str]) -> Callable[[list[Receipt]], bool]:
    """Whether there is a receipt for each of these."""
    return lambda receipts: set(refs) <= {receipt.provider_ref for receipt in receipts}


def messages(
    count: int, *, sender: str | None = None, text: str = TEXT, parts: int = 1, ending: str = "000"
) -> list[Submission]:
    return [
        Submission(index, f"+6141{index:04d}{ending}", sender, text, Encoding.GSM7, parts) for index in range(count)
    ]


@contextmanager
def opened(
    operator: Operator,
    query: str = "window=20",
    *,
    sink: ReceiptSink | None = None,
    inbound: InboundSink | None = None,
    password: str | None = None,
) -> Iterator[Gateway]:
    """A gateway to this operator, which is closed at the end."""
    gateway = gateway_for(operator.url(query, password=password))
    gateway.open(sink or Inbox[Receipt](), inbound)
    try:
        yield gateway
    finally:
        gateway.close()


def wait_link(gateway: Gateway, condition: Callable[[Link], object]) -> Link:
    end_s = time.monotonic() + WAIT_S
    while not condition(gateway.link()):
        assert time.monotonic() < end_s, gateway.link()
        time.sleep(POLL_S)
    return gateway.link()


def send_all(gateway: Gateway, batch: Sequence[Submission]) -> list[Outcome]:
    """Submits what is unsent again, as the engine does, until everything has another outcome."""
    outcomes: dict[int, Outcome] = {}
    left = list(batch)
    for _ in range(MOST_TRIES):
        if not left:
            break
        try:
            answered = gateway.submit(left)
        except GatewayDown as down:
            if down.permanent:
                raise
            time.sleep(min(down.retry_after_s, 0.05))
            continue
        for message, outcome in zip(left, answered, strict=True):
            if outcome.kind is not OutcomeKind.UNSENT:
                outcomes[message.message_id] = outcome
        left = [message for message in left if message.message_id not in outcomes]
    assert not left, f"{len(left)} messages were never sent"
    return [outcomes[message.message_id] for message in batch]


def kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def destination(message: Submission) -> str:
    """As it is on the wire."""
    return message.msisdn.removeprefix("+")
