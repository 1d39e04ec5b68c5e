"""Plain words for states, reasons and movements."""

from __future__ import annotations

from typing import Final

from engine.model import FAIL_SENTENCES, FailReason, MessageState, MovementKind

STAFF: Final = "Staff"
"""How a member of the operator is named to customers."""

MOVEMENT_WORDS: Final[dict[MovementKind, str]] = {
    MovementKind.TOP_UP: "Top-up",
    MovementKind.DEBIT: "Debit by staff",
    MovementKind.HOLD: "Held for a task",
    MovementKind.CHARGE: "Charged for messages",
    MovementKind.RETURN: "Returned, not charged",
    MovementKind.REVERSAL: "Reversal of an earlier movement",
}

STATE_WORDS: Final[dict[MessageState, str]] = {
    MessageState.QUEUED: "Waiting to be sent",
    MessageState.SUBMITTING: "Being handed to the operator",
    MessageState.SUBMITTED: "Handed to the operator",
    MessageState.IN_DOUBT: "In doubt",
    MessageState.DELIVERED: "Delivered",
    MessageState.FAILED: "Failed",
    MessageState.EXPIRED: "Expired",
    MessageState.CANCELLED: "Cancelled",
}

_DEFAULT_REASON: Final[dict[str, FailReason]] = {
    MessageState.FAILED: FailReason.UNDELIVERABLE,
    MessageState.EXPIRED: FailReason.NO_RECEIPT,
    MessageState.CANCELLED: FailReason.CANCELLED,
    MessageState.IN_DOUBT: FailReason.CONNECTION_LOST,
}


def reason_of(state: str, reason: str | None) -> FailReason | None:
    """Why a message did not arrive (yet); None for one that did or is still on its way."""
    default = _DEFAULT_REASON.get(state)
    if default is None:
        return None
    return FailReason(reason) if reason in _REASONS else default


def explain(state: str, reason: str | None) -> tuple[str, str]:
    """Sentence and next step; empty when there is nothing to explain."""
    found = reason_of(state, reason)
    return FAIL_SENTENCES[found] if found else ("", "")


def movement_words(kind: str) -> str:
    return MOVEMENT_WORDS[MovementKind(kind)]


def member_words(name: str, role: str, *, to_operator: bool) -> str:
    """The member behind something; customers read “Staff” instead of a name of the operator's."""
    return STAFF if role in _OPERATOR_ROLES and not to_operator else name


_REASONS: Final = frozenset(reason.value for reason in FailReason)
_OPERATOR_ROLES: Final = frozenset({"staff", "admin"})
