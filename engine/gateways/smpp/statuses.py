"""What the command_status of an answer means for a message and for the connection. A table.

Source: SMPP 3.4 §5.1.3. Operators number their own from 0x400 on; staff give those words and a policy on each route.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from engine.model import FailReason


class Kind(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """For good; `reason` says why."""
    LATER = "later"
    """Not taken, and safe to submit again; `retry` says how often."""
    REBIND = "rebind"
    """The connection is not in a state to send: bind again, then submit again."""
    REFUSED_LOGIN = "refused_login"
    """Stop connecting until staff change the route."""


class Retry(StrEnum):
    NEVER = "never"
    ONCE = "once"
    LIMITED = "limited"
    """As often as the route's `retries`."""
    ALWAYS = "always"


class Verdict(NamedTuple):
    """What to do about an answer. `reason` is set for REJECTED, and for LATER where the retries can end."""

    kind: Kind
    reason: FailReason | None = None
    detail: str = ""
    """Status and plain words, for staff: `0x0B phone number not valid`."""
    stop_task: bool = False
    retry: Retry = Retry.NEVER
    slow_down: bool = False
    """The operator cannot keep up: everyone on the connection waits."""
    code: str = ""
    """As staff enter it in the route's table of codes: `0x0401`."""

    def may_retry(self, retried: int, retries: int) -> bool:
        """Whether a message may be submitted again that was `retried` times already; `retries` are the route's."""
        if self.retry is Retry.LIMITED:
            return retried < retries
        return self.retry is Retry.ALWAYS or (self.retry is Retry.ONCE and retried < 1)


ACCEPTED: Final = Verdict(Kind.ACCEPTED)


def verdict(status: int) -> Verdict:
    """Any command_status → what it means. One that is not in the table is refused, with its code."""
    found = _VERDICTS.get(status)
    if found is None:
        whose = "the operator's own code" if status >= 0x400 else "a code the standard does not have"
        return Verdict(Kind.REJECTED, FailReason.REJECTED, f"0x{status:02X} {whose}", code=code_of(status))
    return found


def code_of(status: int) -> str:
    """0x401 → `0x0401`: at least four digits, upper case."""
    return f"0x{status:04X}"


def _rejected(words: str, reason: FailReason = FailReason.REJECTED, *, stop_task: bool = False) -> Verdict:
    return Verdict(Kind.REJECTED, reason, words, stop_task)


def _later(words: str, retry: Retry, *, slow_down: bool = False) -> Verdict:
    reason = None if retry is Retry.ALWAYS else FailReason.REJECTED
    return Verdict(Kind.LATER, reason, words, retry=retry, slow_down=slow_down)


def _refused_login(words: str) -> Verdict:
    return Verdict(Kind.REFUSED_LOGIN, detail=words)


_SENDER: Final = FailReason.SENDER_REFUSED
_NUMBER: Final = FailReason.INVALID_NUMBER

_TABLE: Final[dict[int, Verdict]] = {
    0x01: _rejected("message too long", FailReason.TOO_LONG),
    0x02: _rejected("length of the command not valid"),
    0x03: _rejected("command not known to the operator"),
    0x04: Verdict(Kind.REBIND, detail="connection not ready for sending"),
    0x05: Verdict(Kind.REBIND, detail="already logged in on this connection"),
    0x06: _rejected("priority not valid"),
    0x07: _rejected("kind of receipt not offered"),
    0x08: _later("the operator's internal fault", Retry.LIMITED),
    0x0A: _rejected("sender not approved", _SENDER, stop_task=True),
    0x0B: _rejected("phone number not valid", _NUMBER),
    0x0C: _rejected("message id not valid"),
    0x0D: _refused_login("login refused"),
    0x0E: _refused_login("wrong password"),
    0x0F: _refused_login("system id not known"),
    0x11: _rejected("cancelling failed"),
    0x13: _rejected("replacing failed"),
    0x14: _later("the operator's queue is full", Retry.ALWAYS, slow_down=True),
    0x15: _rejected("service type not valid"),
    0x33: _rejected("number of recipients not valid", _NUMBER),
    0x34: _rejected("distribution list not known"),
    0x40: _rejected("kind of recipient not valid"),
    0x42: _rejected("replacing on submit not possible"),
    0x43: _rejected("message class not valid"),
    0x44: _rejected("submitting to a list not possible"),
    0x45: _later("refused without a reason", Retry.ONCE),
    0x48: _rejected("type of number of the sender not valid", _SENDER, stop_task=True),
    0x49: _rejected("numbering plan of the sender not valid", _SENDER, stop_task=True),
    0x50: _rejected("type of number of the recipient not valid"),
    0x51: _rejected("numbering plan of the recipient not valid"),
    0x53: _refused_login("system type not valid"),
    0x54: _rejected("replace flag not valid"),
    0x55: _rejected("number of messages not valid"),
    0x58: _later("too fast for the operator", Retry.ALWAYS, slow_down=True),
    0x61: _rejected("time of sending not valid"),
    0x62: _rejected("time of expiry not valid"),
    0x63: _rejected("predefined message not valid"),
    0x64: _later("temporary fault at the recipient's side", Retry.LIMITED),
    0x65: _rejected("permanent fault at the recipient's side"),
    0x66: _rejected("rejected at the recipient's side"),
    0x67: _rejected("query failed"),
    0xC0: _rejected("optional part of the message not readable"),
    0xC1: _rejected("optional parameter not allowed"),
    0xC2: _rejected("length of a parameter not valid"),
    0xC3: _rejected("optional parameter missing"),
    0xC4: _rejected("value of an optional parameter not valid"),
    0xFE: _later("delivery failed without a reason", Retry.ONCE),
    0xFF: _later("unknown fault of the operator", Retry.ONCE),
}

_VERDICTS: Final[dict[int, Verdict]] = {
    0: ACCEPTED,
    **{
        status: found._replace(detail=f"0x{status:02X} {found.detail}", code=code_of(status))
        for status, found in _TABLE.items()
    },
}
