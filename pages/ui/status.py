"""How states look: a plain label, a colour and an icon for each. The label always shows; colour is never alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import streamlit as st

from engine.cases import CaseState
from engine.model import MessageState, MovementKind, TaskState

Colour = Literal["green", "orange", "red", "blue", "gray", "violet"]


@dataclass(frozen=True, slots=True)
class Look:
    """`meaning` is one sentence for those who ask what the label says."""

    label: str
    colour: Colour
    icon: str
    meaning: str = ""


Looks = Mapping[str, Look]

MESSAGE: Final[Looks] = {
    MessageState.QUEUED: Look("Waiting", "gray", ":material/schedule:", "Not handed to the operator yet."),
    MessageState.SUBMITTING: Look("Sending", "blue", ":material/send:", "Being handed to the operator."),
    MessageState.SUBMITTED: Look("Sent", "blue", ":material/done:", "The operator has it; its receipt is awaited."),
    MessageState.IN_DOUBT: Look(
        "In doubt",
        "violet",
        ":material/help:",
        "The connection was lost while sending. It is not sent again by itself.",
    ),
    MessageState.DELIVERED: Look("Delivered", "green", ":material/done_all:", "It reached the phone."),
    MessageState.FAILED: Look("Failed", "red", ":material/close:", "It did not arrive; the credit was returned."),
    MessageState.EXPIRED: Look(
        "Expired", "orange", ":material/timer_off:", "It was not delivered in time; the credit was returned."
    ),
    MessageState.CANCELLED: Look("Cancelled", "gray", ":material/block:", "Never sent; the credit was returned."),
}

TASK: Final[Looks] = {
    TaskState.SCHEDULED: Look("Scheduled", "violet", ":material/event:", "Waits for its time."),
    TaskState.QUEUED: Look("Waiting", "gray", ":material/schedule:", "Due; waits for the route."),
    TaskState.SENDING: Look("Sending", "blue", ":material/send:", "Messages are being handed to the operator."),
    TaskState.SENT: Look("Awaiting receipts", "blue", ":material/done:", "All handed over; receipts are awaited."),
    TaskState.FINISHED: Look("Finished", "green", ":material/done_all:", "Every message and every credit is settled."),
    TaskState.CANCELLED: Look("Cancelled", "gray", ":material/block:", "Nothing was sent; all credit was returned."),
    "paused": Look("Paused", "orange", ":material/pause:", "Nothing more is handed over until somebody resumes it."),
    "on_hold": Look("On hold", "orange", ":material/front_hand:", "The account is not active: nothing of it is sent."),
}
"""By `standing` of the row: the state, or why it does not go on."""

DISPATCH: Final[Looks] = {
    "running": Look("Sending", "blue", ":material/send:", "Messages are being handed to the operator."),
    "sent": Look("Awaiting receipts", "blue", ":material/done:", "All handed over; receipts are awaited."),
    "finished": Look("Finished", "green", ":material/done_all:", "Every message it took on is settled."),
}

MOVEMENT: Final[Looks] = {
    MovementKind.TOP_UP: Look("Credit added", "green", ":material/add_circle:", "Staff added credit."),
    MovementKind.DEBIT: Look("Credit taken off", "red", ":material/remove_circle:", "Staff took credit off."),
    MovementKind.HOLD: Look("Held for a task", "violet", ":material/lock:", "Set aside when the task was accepted."),
    MovementKind.CHARGE: Look("Charged", "blue", ":material/done_all:", "Paid for messages that were sent."),
    MovementKind.RETURN: Look("Returned", "green", ":material/undo:", "Given back for messages that were not sent."),
    MovementKind.REVERSAL: Look("Reversed", "orange", ":material/history:", "Undoes an earlier movement."),
}

CASE: Final[Looks] = {
    CaseState.OPEN: Look("With staff", "orange", ":material/hourglass_top:", "Waits for an answer of staff."),
    CaseState.ANSWERED: Look(
        "Answered", "blue", ":material/mark_chat_read:", "Staff answered; waits for the customer."
    ),
    CaseState.CLOSED: Look("Closed", "gray", ":material/check:", "Settled. Writing again opens it anew."),
}

ACCOUNT: Final[Looks] = {
    "active": Look("Active", "green", ":material/check_circle:", "Can log in and send."),
    "pending": Look("Waiting for approval", "orange", ":material/hourglass_top:", "Cannot log in until approved."),
    "suspended": Look("Suspended", "red", ":material/block:", "None of its people can log in."),
}


SENDER_ID: Final[Looks] = {
    "requested": Look("Waiting for staff", "orange", ":material/hourglass_top:", "Staff have not decided yet."),
    "approved": Look("Approved", "green", ":material/check_circle:", "It can be used."),
    "rejected": Look("Rejected", "red", ":material/block:", "It cannot be used; the reason says why."),
}

JOB: Final[Looks] = {
    "failed": Look("Failed", "red", ":material/error:", "Tried 20 times; it waits for a decision."),
    "running": Look("Running", "blue", ":material/play_arrow:", "Being done now."),
    "waiting": Look("Waiting", "gray", ":material/schedule:", "Waits for its time."),
}


def look_of(looks: Looks, state: str) -> Look:
    """The look of a state; one this page does not know yet shows its own name."""
    return looks.get(state) or Look(state.replace("_", " ").capitalize(), "gray", ":material/circle:")


def labels(looks: Looks) -> dict[str, str]:
    """State → label, for a filter."""
    return {str(state): look.label for state, look in looks.items()}


def badge(looks: Looks, state: str) -> None:
    look_badge(look_of(looks, state))


def look_badge(look: Look) -> None:
    st.badge(look.label, icon=look.icon, color=look.colour, help=look.meaning or None)


def chips(label: str, looks: Looks, **options: Any) -> Any:
    """A dataframe column whose cells are lists of labels, shown as coloured chips."""
    return st.column_config.MultiselectColumn(
        label,
        options=[look.label for look in looks.values()],
        color=[look.colour for look in looks.values()],
        **options,
    )
