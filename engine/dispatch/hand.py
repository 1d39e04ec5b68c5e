"""The batch that a route's thread has in hand, from the commit of its claim to the commit of what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from engine.dispatch.codes import Refusals
from engine.dispatch.outcomes import Claim, record, requeue
from engine.gateways import Gateway, GatewayDown, Outcome, OutcomeKind
from engine.routes import Code
from engine.store import Tx

log = logging.getLogger(__name__)


class Hand:
    """Knows at every moment what has to be written, should the thread get no further."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.parts = sum(submission.parts for submission in claim.batch)
        self._outcomes: Sequence[Outcome] | None = None
        self._judged = False

    @property
    def submitted(self) -> bool:
        """False as long as certainly nothing was written to the wire."""
        return self._outcomes is not None

    def submit(self, gateway: Gateway) -> None:
        """Raises GatewayDown when nothing was written; any other fault leaves the batch in doubt."""
        batch = self.claim.batch
        self._outcomes = _lost(batch, "no answer")  # before the call: whatever ends it, this may have been sent
        try:
            outcomes = gateway.submit(batch)
            assert len(outcomes) == len(batch)
        except GatewayDown:
            self._outcomes = None
            raise
        except Exception as error:
            log.exception("route %s: gateway fault, %s messages in doubt", self.claim.carrier_id, len(batch))
            outcomes = _lost(batch, type(error).__name__)
        self._outcomes = outcomes

    def judge(self, refusals: Refusals, table: Callable[[], Mapping[str, Code]]) -> bool:
        """Applies the route's table of codes to the answers; once, as tries are counted. Whether this was the time."""
        if self._outcomes is None or self._judged:
            return False
        if any(outcome.code for outcome in self._outcomes):
            self._outcomes = refusals.judged(self.claim.batch, self._outcomes, table())
        self._judged = True
        return True

    @property
    def unsent(self) -> list[int]:
        """Indexes of what the operator asked to send again later."""
        return [index for index, outcome in enumerate(self._outcomes or ()) if outcome.kind is OutcomeKind.UNSENT]

    @property
    def slow_down_s(self) -> float:
        """How long the operator asked the whole route to wait."""
        outcomes = self._outcomes or ()
        return max((one.retry_after_s for one in outcomes if one.kind is OutcomeKind.UNSENT), default=0.0)

    def write(self, tx: Tx, now_us: int) -> None:
        """What became of the batch; back to the queue when it was not submitted."""
        if self._outcomes is None:
            requeue(tx, self.claim.task, [one.message_id for one in self.claim.batch], now_us)
        else:
            record(tx, self.claim, self._outcomes, now_us=now_us)


def _lost(batch: Sequence[object], detail: str) -> list[Outcome]:
    return [Outcome(OutcomeKind.LOST, detail=detail)] * len(batch)
