"""What the route's own table makes of the codes an operator refuses with: another reason, or another try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.gateways import Outcome, OutcomeKind, Submission
from engine.routes import Code

TRIES_MOST: Final = 3
"""So often a message is submitted again, before its refusal counts."""
AGAIN_AFTER_S: Final = 1.0
REMEMBERED_MOST: Final = 10_000
"""Messages whose tries are counted at a time; beyond them a refusal counts at once."""


class Refusals:
    """Of one route's thread; counts the tries of each message since it started."""

    def __init__(self) -> None:
        self._tries: dict[int, int] = {}

    def judged(
        self, batch: Sequence[Submission], outcomes: Sequence[Outcome], table: Mapping[str, Code]
    ) -> list[Outcome]:
        """The outcomes of a batch as the table of codes has them."""
        return [
            self._judged(one.message_id, outcome, table.get(outcome.code)) if outcome.code else outcome
            for one, outcome in zip(batch, outcomes, strict=True)
        ]

    def _judged(self, message_id: int, outcome: Outcome, code: Code | None) -> Outcome:
        if code is None or outcome.kind is not OutcomeKind.REJECTED:
            return outcome
        tried = self._tries.pop(message_id, 0)
        again = code.retry and not outcome.partly  # the part that was taken would be sent a second time
        if again and tried < TRIES_MOST and len(self._tries) < REMEMBERED_MOST:
            self._tries[message_id] = tried + 1
            return Outcome(OutcomeKind.UNSENT, detail=outcome.detail, code=outcome.code, retry_after_s=AGAIN_AFTER_S)
        return outcome._replace(reason=code.reason)
