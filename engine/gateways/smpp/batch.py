"""A submitted batch on its way: which part is to be written next, and which outcome each message earns. Pure.

Lives on the loop. Sessions take parts from it and tell it what became of them; it knows nothing of connections.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from engine.gateways.base import SAYS_MORE, GatewayDown, Outcome, OutcomeKind, Submission
from engine.model import FailReason

log = logging.getLogger(__name__)

THROTTLED_MOST_S: Final = 5.0
"""How long a throttled message is tried again here before it goes back to the queue."""
PARTIAL_MOST_S: Final = 60.0
"""The same for a message of which the operator already has a part: it cannot go back, it would be in doubt."""

_ACCEPTED: Final = OutcomeKind.ACCEPTED  # an attribute of an enum class costs 0.1 µs in the hot loop

Render = Callable[[Submission], Sequence[bytes]]
"""A message → the body of each submit_sm of it. Raises ValueError, a sentence, for what the operator cannot carry."""


_ALONE: Final[list[str]] = []
"""The references of a message of one part, which end with its acceptance; never written to."""


class Message:
    """What is known of one message. `open` parts have no end yet, `flying` ones (of several) await their answer; `refs`
    are those of its accepted parts.

    `fate` is its outcome once that cannot be acceptance any more: nothing more of it is worth writing then. `doubtful`:
    a part of it was lost, so that the operator may have it.
    """

    __slots__ = ("batch", "doubtful", "fate", "flying", "index", "open", "refs")

    def __init__(self, batch: Batch, index: int, parts: int) -> None:
        self.batch = batch
        self.index = index
        self.open = parts
        self.flying = 0
        self.doubtful = False
        self.refs = [""] * parts if parts > 1 else _ALONE
        self.fate: Outcome | None = None

    @property
    def taken(self) -> bool:
        """Whether the operator has a part of it."""
        return any(self.refs)

    def landed(self) -> None:
        """A part of it has its answer."""
        self.flying -= 1

    def doom(self, outcome: Outcome) -> None:
        """A part will never be accepted."""
        self.doubtful = self.doubtful or outcome.kind is OutcomeKind.LOST
        if self.fate is None or SAYS_MORE[outcome.kind] > SAYS_MORE[self.fate.kind]:
            self.fate = outcome

    def outcome(self) -> Outcome:
        """Once no part is open."""
        if self.fate is None:
            return self._acceptance()
        if self.fate.kind is OutcomeKind.UNSENT and self.taken:
            return Outcome(OutcomeKind.LOST, detail=_half(self.fate.detail))
        if self.fate.kind is OutcomeKind.REJECTED and (self.taken or self.doubtful):
            return self.fate._replace(partly=True)
        return self.fate

    def _acceptance(self) -> Outcome:
        telling = self.batch.telling_part
        if telling is not None:
            return Outcome(_ACCEPTED, self.refs[telling])
        refs = tuple(dict.fromkeys(self.refs))
        return Outcome(_ACCEPTED, refs[0], part_refs=refs if len(refs) > 1 else ())


def _half(detail: str) -> str:
    return f"the operator has a part of it; the rest was not sent: {detail}"[:200]


class Part:
    """One submit_sm. `body` is without header; `sent_s` when it was written last, `since_s` when first throttled."""

    __slots__ = ("body", "message", "number", "sent_s", "since_s", "tries")

    def __init__(self, message: Message, number: int, body: bytes) -> None:
        self.message = message
        self.number = number
        self.body = body
        self.tries = 0
        self.since_s = 0.0
        self.sent_s = 0.0


class Batch:
    """`outcomes` is parallel to the submissions and whole once `left` is 0; then `on_done` was called, once."""

    def __init__(
        self,
        submissions: Sequence[Submission],
        render: Render,
        on_done: Callable[[], None],
        *,
        telling_part: int | None = None,
    ) -> None:
        """`telling_part`: the index of the part whose receipt stands for its whole message; None: each has its own."""
        self.telling_part = telling_part
        self.begun_s = 0.0
        self.down: GatewayDown | None = None
        """Instead of outcomes, when nothing of it was written for want of a connection."""
        self._submissions = submissions
        self._render = render
        self._on_done = on_done
        self._found: list[Outcome | None] = [None] * len(submissions)
        self.left = len(submissions)
        self.written = False
        """Whether a byte of it was handed to a connection."""
        self._begun = 0
        self._ready: deque[Part] = deque()
        self._later: list[tuple[float, int, Part]] = []
        self._order = count()
        self._refused_senders: dict[str | None, Outcome] = {}
        self._told = False

    @property
    def outcomes(self) -> list[Outcome]:
        """Messages that nothing is known of were never written when they were not begun, else in doubt."""
        return [
            outcome or (_INTERRUPTED if index < self._begun else _NOT_BEGUN)
            for index, outcome in enumerate(self._found)
        ]

    @property
    def untouched(self) -> bool:
        """Nothing was written and nothing decided."""
        return not self.written and self.left == len(self._submissions)

    # What is to be written.

    def take(self, most: int, now_s: float) -> list[Part]:
        """The next parts, at most `most`; each is then told of by exactly one of the calls below."""
        parts: list[Part] = []
        if self._later:
            self._wake(now_s)
        ready = self._ready
        while ready and len(parts) < most:
            part = ready.popleft()
            message = part.message
            if message.fate is None:
                parts.append(part)
                message.flying += 1
            else:
                self._end(message)
        while len(parts) < most and self._begun < len(self._submissions):
            self._begin(parts, most)
        if parts:
            self.written = True
        return parts

    def _begin(self, parts: list[Part], most: int) -> None:
        """Renders the next message; what there is no room for waits its turn."""
        index = self._begun
        submission = self._submissions[index]
        self._begun = index + 1
        if self._refused_senders and submission.sender in self._refused_senders:
            self._conclude(index, self._refused_senders[submission.sender])
            return
        try:
            bodies = self._render(submission)
            assert bodies
        except Exception as problem:  # whatever it is, it concerns this message alone
            if not isinstance(problem, ValueError) and not self._told:
                self._told = True
                log.exception("messages of a batch cannot be rendered")
            self._conclude(index, _unsendable(problem))
            return
        message = Message(self, index, len(bodies))
        for number, body in enumerate(bodies):
            part = Part(message, number, body)
            if len(parts) < most:
                parts.append(part)
                message.flying += 1
            else:
                self._ready.append(part)

    def _wake(self, now_s: float) -> None:
        while self._later and self._later[0][0] <= now_s:
            self._ready.append(heapq.heappop(self._later)[2])

    # What became of it.

    def accepted(self, part: Part, ref: str) -> None:
        """`ref` is not empty."""
        message = part.message
        if not message.refs:
            self._conclude(message.index, Outcome(_ACCEPTED, ref))
            return
        message.landed()
        message.refs[part.number] = ref
        self._end(message)

    def rejected(self, part: Part, outcome: Outcome) -> None:
        """For good. With `stop_task` what has not begun of the same sender is rejected with it."""
        message = part.message
        message.landed()
        message.doom(outcome)
        if outcome.stop_task:
            self._refused_senders[self._submissions[message.index].sender] = outcome
        self._end(message)

    def lost(self, part: Part, outcome: Outcome) -> None:
        part.message.landed()
        self._drop(part, outcome)

    def throttled(self, part: Part, outcome: Outcome, now_s: float) -> None:
        """Back to the front of the queue, or `outcome` (UNSENT) when that has lasted too long."""
        part.message.landed()
        part.since_s = part.since_s or now_s
        if not self._too_long(part, outcome, now_s):
            self._ready.appendleft(part)

    def later(self, part: Part, due_s: float) -> None:
        """The operator asked for it again, not before `due_s`."""
        part.message.landed()
        part.tries += 1
        heapq.heappush(self._later, (due_s, next(self._order), part))

    def look(self, outcome: Outcome, now_s: float) -> None:
        """Gives back throttled messages that had to wait too long for their turn."""
        for _ in range(len(self._ready)):
            part = self._ready.popleft()
            if not part.since_s or not self._too_long(part, outcome, now_s):
                self._ready.append(part)

    def give_up(self, outcome: Outcome) -> None:
        """Nothing more is written: what is not in a window is unsent, or in doubt when a part of it was taken."""
        parts = [*self._ready, *(part for _, _, part in self._later)]
        self._ready.clear()
        self._later.clear()
        for part in parts:
            self._drop(part, outcome)
        self.begin_no_more(outcome)

    def begin_no_more(self, outcome: Outcome) -> None:
        """What has begun is brought to its end; the rest is unsent."""
        first, self._begun = self._begun, len(self._submissions)
        for index in range(first, self._begun):
            self._conclude(index, self._refused_senders.get(self._submissions[index].sender, outcome))

    def unsent(self, part: Part, outcome: Outcome) -> None:
        """The operator surely has not taken it, and it is not tried again here."""
        part.message.landed()
        self._drop(part, outcome)

    def _too_long(self, part: Part, outcome: Outcome, now_s: float) -> bool:
        message = part.message
        if now_s - part.since_s <= (PARTIAL_MOST_S if message.taken or message.flying else THROTTLED_MOST_S):
            return False
        self._drop(part, outcome)
        return True

    def _drop(self, part: Part, outcome: Outcome) -> None:
        part.message.doom(outcome)
        self._end(part.message)

    def _end(self, message: Message) -> None:
        message.open -= 1
        if not message.open:
            self._conclude(message.index, message.outcome())

    def _conclude(self, index: int, outcome: Outcome) -> None:
        assert self._found[index] is None
        self._found[index] = outcome
        self.left -= 1
        if not self.left:
            self._on_done()


_INTERRUPTED: Final = Outcome(OutcomeKind.LOST, detail="the gateway was interrupted before the answer")
_NOT_BEGUN: Final = Outcome(OutcomeKind.UNSENT, detail="the gateway was interrupted", retry_after_s=1.0)


def _unsendable(problem: Exception) -> Outcome:
    detail = str(problem) if isinstance(problem, ValueError) else "the message cannot be put into SMPP"
    return Outcome(OutcomeKind.REJECTED, reason=FailReason.REJECTED, detail=f"not sent: {detail}"[:200])
