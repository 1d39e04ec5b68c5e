"""Actions of the audit log in words."""

from __future__ import annotations

from typing import Final

from engine.store import Row

WORDS: Final = {
    "view_as": "Viewed the account",
    "credit": "Credited",
    "debit": "Debited",
    "limits": "Limits changed",
    "route_codes": "Route codes changed",
    "topup_bank": "Bank details changed",
    "topup_prices": "Top-up prices changed",
    "topup_receipt": "Receipt uploaded",
}
SPELLED: Final = (("topup", "top-up"), ("opt out", "opt-out"), ("sender id", "sender ID"))


BY_ANSWER: Final = frozenset({"opt_out_added", "opt_out_removed"})
"""Done without a member only when the recipient's own message asked for it."""


def person_of(row: Row) -> str:
    """Who did it; of what no member did, the recipient who answered or nobody."""
    return row["member_name"] or ("The recipient" if row["action"] in BY_ANSWER else "Nobody signed in")


def words_of(action: str) -> str:
    """ "terms_published" → "Terms published", "topup_rejected" → "Top-up rejected"."""
    words = action.replace("_", " ")
    for raw, spelled in SPELLED:
        words = words.replace(raw, spelled)
    return WORDS.get(action) or words[:1].upper() + words[1:]
