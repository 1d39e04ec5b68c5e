"""What the engine asks of any way to an operator: simulator, SMPP, HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from engine.model import Encoding, FailReason


class Submission(NamedTuple):
    """One message to hand over. `message_id` is ours; `msisdn` is E.164 with plus."""

    message_id: int
    msisdn: str
    sender: str | None
    text: str
    encoding: Encoding
    parts: int


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"
    """The operator has it; `provider_ref` names it in receipts."""
    REJECTED = "rejected"
    """The operator refused this message for good; `reason` says why."""
    UNSENT = "unsent"
    """Nothing was written to the wire, or the operator asked to slow down: safe to submit again."""
    LOST = "lost"
    """Written, but the answer never came: it may have been sent, so it is never resent."""


SAYS_MORE: Final = {OutcomeKind.ACCEPTED: -1, OutcomeKind.UNSENT: 0, OutcomeKind.LOST: 1, OutcomeKind.REJECTED: 2}
"""Of the parts of a message the greatest is its own: refusal says more than doubt, and doubt more than unsent."""


class Outcome(NamedTuple):
    kind: OutcomeKind
    provider_ref: str = ""
    reason: FailReason | None = None
    detail: str = ""
    """The operator's own words or status, for staff; at most 200 characters."""
    retry_after_s: float = 0.0
    """With UNSENT: how long the whole route waits before the next submit."""
    stop_task: bool = False
    """With REJECTED: the rest of the task would be refused too (sender not approved)."""
    part_refs: tuple[str, ...] = ()
    """With ACCEPTED, when every part has a reference of its own: all of them, `provider_ref` the first. The message is
    delivered once each of them is."""
    code: str = ""
    """The operator's own code, as staff enter it in the route's table of codes: `0x0401`."""
    partly: bool = False
    """With REJECTED: the operator has, or may have, another part of it, so that it must not be submitted again."""


class ReceiptState(StrEnum):
    """Final states of SMPP 3.4 §5.2.28 as the engine folds them; ENROUTE/ACCEPTD are not final."""

    ENROUTE = "enroute"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


class Receipt(NamedTuple):
    """A delivery receipt (DLR). `at_us` is the operator's time, or ours when it gives none."""

    provider_ref: str
    state: ReceiptState
    at_us: int
    reason: FailReason | None = None
    detail: str = ""
    code: str = ""
    """The operator's own code, as staff enter it in the route's table of codes: `err:032`."""
    msisdn: str = ""
    """Whom the message went to, E.164 with plus; empty when the receipt does not say. Settles a message in doubt, whose
    reference was lost with the answer."""


class Inbound(NamedTuple):
    """A message from a phone (mobile originated). `msisdn` is E.164 with plus, `recipient` the number or name of ours
    that it was sent to, `at_us` the operator's time, or ours. `key` is the same when the operator sends it again."""

    msisdn: str
    recipient: str
    text: str
    at_us: int
    key: str


class LinkWord(StrEnum):
    """How a connection stands."""

    OPEN = "open"
    CONNECTING = "connecting"
    DOWN = "down"
    REFUSED = "refused"
    """The operator refused the login: it is not tried again until staff change the route."""


class Link(NamedTuple):
    """A gateway's connection at this moment, for staff. `binds` of a gateway without connections is 0."""

    word: LinkWord
    detail: str = ""
    """What went wrong last, in plain words; empty while all is well."""
    bound: int = 0
    binds: int = 0
    in_window: int = 0
    """Parts that were written and await their answer."""


ReceiptSink = Callable[[Sequence[Receipt]], None]
"""Called by the gateway from its own thread; returns only when the receipts are durable, else raises
(then the gateway must deliver them again)."""

InboundSink = Callable[[Sequence[Inbound]], None]
"""As `ReceiptSink`, for messages from phones."""


class GatewayDown(Exception):  # noqa: N818 - named for what it says, like ConnectionRefused
    """The operator cannot be reached, or refuses the login; nothing of the batch was written.

    `permanent` (wrong password, bad address) means: do not retry until staff change the route.
    """

    def __init__(self, detail: str, *, retry_after_s: float = 1.0, permanent: bool = False) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.permanent = permanent


class Gateway(Protocol):
    """One connection to an operator, used by one dispatcher thread at a time.

    Lifecycle: `open` once → `submit` any number of times → `close` once. `close` is idempotent, stops every
    thread of the gateway and returns within 5 s. After `close`, `submit` raises `GatewayDown`.
    """

    def open(self, sink: ReceiptSink, inbound: InboundSink | None = None) -> None:
        """Starts delivering receipts to `sink`, and what phones send to `inbound`. Connecting may happen here, without
        waiting for its end, or at the first submit."""
        ...

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        """Hands over a batch; one outcome each, in order. Blocks until all are known.

        Raises `GatewayDown` when nothing at all was written.
        """
        ...

    def resume(self, provider_refs: Sequence[str]) -> None:
        """After a restart: these are without receipt. A gateway that can ask (query, status poll) does so
        and delivers what it learns to the sink; one that cannot does nothing."""
        ...

    def link(self) -> Link:
        """How the connection stands; from any thread, at any time, without waiting."""
        ...

    def close(self) -> None: ...


GatewayFactory = Callable[[str], Gateway]
"""Gateway URL → gateway; raises `InputError("gateway_url")` for an address that cannot be used."""
