"""What the test operator can be told to do, and what becomes of numbers by their last digits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple


def option(default: Any, sentence: str) -> Any:
    """A field of `Options` and, with `-` for `_`, an option of the command line."""
    return field(default=default, metadata={"help": sentence})


@dataclass(frozen=True, slots=True)
class Options:
    """Shares are 0 to 1, of all submits or of all accepted ones; each is drawn on its own."""

    user: str = option("ims", "System id that may log in.")
    password: str = option("secret", "Its password.")
    refuse_bind: int = option(0, "Status with which every login is refused, such as 13 (0x0D).")
    throttle: float = option(0.0, "Share of submits answered with 0x58 and 0x14 in turn.")
    refuse_sender: str = option("", "Sender answered with 0x0A.")
    silent: float = option(0.0, "Share accepted and never answered.")
    answer_ms: int = option(0, "How long answers take.")
    shuffle: int = option(0, "1: every answer takes another time up to answer_ms, so that they come out of order.")
    drop_every: int = option(0, "Every so many submits the connection is cut.")
    drop_before: int = option(0, "1: the submit at which it is cut is not accepted; 0: it is.")
    down_s: float = option(0.0, "Seconds after the start until it can be reached.")
    fail: float = option(0.0, "Share undelivered (err 001).")
    receipt_ms: int = option(0, "How long after its answer the receipt comes.")
    receipt_part: str = option("each", "Which parts of a long message have one: each, first or last.")
    no_receipt: float = option(0.0, "Share whose receipt never comes.")
    early: float = option(0.0, "Share whose receipt comes before the answer.")
    duplicate: float = option(0.0, "Share whose receipt comes twice.")
    contradict: float = option(0.0, "Share with a second receipt that says the opposite.")
    stale: float = option(0.0, "Share after which a receipt of three days ago comes for a message nobody knows.")
    enroute: float = option(0.0, "Share with a receipt that says on its way first.")
    malformed: float = option(0.0, "Share after which a deliver_sm comes that cannot be read.")
    form: str = option(
        "text", "Of receipts: text, both (with parameters), tlv (without text), any (every shape in turn)."
    )
    ids: str = option("same", "same, hex_dec (answers in hexadecimal, receipts in decimal) or dec_hex.")
    resend_ms: int = option(1_000, "How long after its refusal a deliver_sm is sent again.")
    acknowledge_ms: int = option(5_000, "A deliver_sm that is not acknowledged for so long is sent again.")
    deliver_window: int = option(500, "deliver_sm that may await their acknowledgement on a connection.")
    enquire_ms: int = option(0, "How often it tests the connection; 0: never.")
    remember: int = option(1, "0: keeps nothing of what it accepted but its number.")
    journal: str = option("", "File to which a line is appended for every part accepted.")
    endings: int = option(1, "0: the last digits of a number mean nothing.")
    seed: int = option(1, "Of everything drawn.")


class Fate(NamedTuple):
    """What a receipt will say."""

    word: str = "DELIVRD"
    state: int = 2
    err: str = "000"


DELIVERED: Final = Fate()
FAILED: Final = Fate("UNDELIV", 5, "001")
ENROUTE: Final = Fate("ENROUTE", 1, "000")
SILENCE: Final = Fate("", 0, "")
"""Accepted, and no receipt ever comes."""

ENDINGS: Final[dict[str, Fate | int]] = {
    "9901": Fate("UNDELIV", 5, "027"),
    "9902": 0x0B,
    "9903": Fate("EXPIRED", 3, "000"),
    "9904": Fate("UNDELIV", 5, "013"),
    "9905": Fate("UNDELIV", 5, "032"),
    "9906": 0x45,
    "9907": 0x08,
    "9908": 0x0401,
    "9909": Fate("REJECTD", 8, "1015"),
    "9910": SILENCE,
}
"""Last four digits → what a receipt says, or the status of the answer. The first five are those of the simulator."""
