"""How many parts may go out now: the route's own limit, and what an operator that says “too fast” makes of it. Pure."""

from __future__ import annotations

from typing import Final

UNLIMITED: Final = 1_000_000
"""More parts than any window has room for."""
BURST_S: Final = 0.1
"""What may go out at once after a pause, in seconds of the rate: operators count by the second."""

ROUND_S: Final = 0.2
ROUND_ANSWERS: Final = 50
"""A round is judged when it has so many answers and has lasted for so long; sooner when it looks bad."""
NOTHING_TAKEN: Final = 10
"""So many throttled answers at the beginning of a round, and it is over."""
TRIAL_MOST_S: Final = 1.0
"""How long no more than a round is sent after a cut, should answers not come."""
TRIP_LEAST_S: Final = 0.001
CUT: Final = 0.9
"""Below what the operator took: its own bucket is empty now."""
CUT_MOST: Final = 0.02
"""What is left of the rate when the operator took nothing of a round."""
IMPROVED: Final = 0.7
"""A cut that leaves more than this of the throttled share has not helped."""
CROWDED: Final = 0.5
"""From this share on the rate is cut whether that helps or not."""
FUTILE_S: Final = 5.0
"""After this long it is tried again whether a cut helps."""
STEP_PER_S: Final = 0.1
"""Recovery in every second, of the best rate seen; below that rate it is exponential."""
STEP_LEAST_PER_S: Final = 1.0
CALM_S: Final = 10.0
"""So long without a throttled answer, and nothing is held back any more."""
LEAST_PER_S: Final = 1.0


class Bucket:
    """Parts per second of a whole route, as configured; 0 means no limit. Its binds share it."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._tokens = self._most = max(1.0, per_s * BURST_S)
        self._last_s = now_s

    def room(self, now_s: float) -> int:
        """How many parts may go out now."""
        if not self._per_s:
            return UNLIMITED
        self._tokens = min(self._most, self._tokens + (now_s - self._last_s) * self._per_s)
        self._last_s = now_s
        return int(self._tokens)

    def spend(self, count: int) -> None:
        self._tokens -= count


class Pace:
    """What one bind may send once its operator has answered 0x58 or 0x14; unlimited before, and after a calm while.

    Multiplicative decrease and additive recovery, by rounds of answers: the throttled share of a round says how far
    above the operator's limit the rate was. When the round after a cut is throttled as before (an operator that
    throttles at random), more cuts would make the route slow for nothing, and none is made for a while.
    """

    def __init__(self, now_s: float) -> None:
        self.per_s = 0.0
        """The rate in force; 0 is unlimited."""
        self._best_per_s = 0.0
        """What the operator is known to take; 0 while nothing is known."""
        self._measured_per_s = 0.0
        self._tokens = 0.0
        self._last_s = self._throttled_s = now_s
        self._cut_share = 0.0
        """Of the round before a cut, until the round after it, a short one, has shown whether it helped."""
        self._before = (0.0, 0.0)
        """Rate, and best rate, before that cut: one that did not help is undone."""
        self._futile_until_s = now_s
        self._hold_until_s = 0.0
        """While the answers of a window are awaited that show how much of it was throttled; 0 otherwise."""
        self._begin_round(now_s)

    def room(self, now_s: float) -> int:
        """How many parts may go out now."""
        if now_s < self._hold_until_s:
            return 0
        if not self.per_s:
            return UNLIMITED
        if now_s - self._throttled_s > CALM_S:
            self.per_s = self._best_per_s = self._cut_share = 0.0
            return UNLIMITED
        passed_s, self._last_s = now_s - self._last_s, now_s
        if self.per_s < self._best_per_s or not self._best_per_s:
            self.per_s *= 1 + min(passed_s, 1.0)
        else:
            self.per_s += passed_s * max(STEP_LEAST_PER_S, STEP_PER_S * self._best_per_s)
        self._tokens = min(max(1.0, self.per_s * BURST_S), self._tokens + passed_s * self.per_s)
        room = int(self._tokens)
        if self._cut_share and now_s - self._round_s < TRIAL_MOST_S:
            room = min(room, ROUND_ANSWERS - self._tried)
        return max(0, room)

    def spend(self, count: int) -> None:
        self._tried += count
        if self.per_s:
            self._tokens -= count

    def answered(self, taken: int, throttled: int, *, waiting: int, trip_s: float, now_s: float) -> None:
        """Answers that came together, the last one `trip_s` after its submit; `waiting` parts of the bind still await
        theirs."""
        if throttled:
            self._throttled_s = now_s
            if not self.per_s and not self._hold_until_s:
                self._begin_round(now_s)
                self._measured_per_s = (taken + throttled + waiting) / max(trip_s, TRIP_LEAST_S)
                self._hold_until_s = now_s + ROUND_S
        self._taken += taken
        self._throttled += throttled
        if self._hold_until_s:
            if not waiting or now_s >= self._hold_until_s:
                self._cut(self._measured_per_s, now_s)
        elif self.per_s and self._is_over(waiting, now_s):
            self._judge(now_s)

    def _is_over(self, waiting: int, now_s: float) -> bool:
        """Whether a round can be judged: by fewer answers it would be chance, and by the first ones of many it would
        be bias, as refusals come sooner than acceptances."""
        lasted = now_s - self._round_s >= ROUND_S
        if waiting and not lasted:
            return False
        answers = self._taken + self._throttled
        if answers >= ROUND_ANSWERS:
            return lasted or self._cut_share > 0 or self._throttled >= CROWDED * answers
        return not self._taken and self._throttled >= NOTHING_TAKEN

    def _judge(self, now_s: float) -> None:
        """The end of a round."""
        share = self._throttled / (self._taken + self._throttled)
        if self._cut_share and share >= IMPROVED * self._cut_share and share < CROWDED:
            self._futile_until_s = now_s + FUTILE_S
            self.per_s, self._best_per_s = max(self.per_s, self._before[0]), self._before[1]
        self._cut_share = 0.0
        self._best_per_s = max(self._best_per_s, self._taken / max(now_s - self._round_s, TRIP_LEAST_S))
        if share >= CROWDED or (share and now_s >= self._futile_until_s):
            self._cut(self.per_s, now_s)
        else:
            self._begin_round(now_s)

    def _cut(self, tried_per_s: float, now_s: float) -> None:
        share = self._throttled / (self._taken + self._throttled)
        left = max(1 - share, CUT_MOST)
        self._before = tried_per_s, self._best_per_s or tried_per_s
        self._cut_share = share
        self.per_s = max(LEAST_PER_S, tried_per_s * left * CUT)
        known = self._best_per_s or self._taken
        self._best_per_s = max(LEAST_PER_S, self._before[1] * left) if known else 0.0
        self._tokens = self._hold_until_s = 0.0
        self._last_s = now_s
        self._begin_round(now_s)

    def _begin_round(self, now_s: float) -> None:
        self._taken = self._throttled = self._tried = 0
        self._round_s = now_s
