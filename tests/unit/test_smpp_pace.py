"""How fast a bind goes on after an operator said “too fast”: against operators simulated on a clock of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import pytest

from engine.gateways.smpp.pace import CALM_S, UNLIMITED, Bucket, Pace

STEP_S = 0.001
WINDOW = 50
FULL_PER_S = 0.9 * WINDOW / 0.01

Takes = Callable[[float], bool]
"""Whether the operator takes a part at this time."""


@dataclass
class Limited:
    """Takes so many a second, by a bucket that holds a second's worth."""

    per_s: float
    until_s: float = float("inf")
    _tokens: float = field(default=0.0, init=False)
    _last_s: float = field(default=-1.0, init=False)

    def __call__(self, now_s: float) -> bool:
        if now_s >= self.until_s:
            return True
        self._tokens = min(self.per_s, self._tokens + (now_s - self._last_s) * self.per_s)
        self._last_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def run(
    takes: Takes, *, seconds: int, round_trip_s: float = 0.01, window: int = WINDOW
) -> tuple[list[int], list[int], Pace]:
    """Taken and throttled in each second by an operator, and the pace at the end."""
    pace, now_s = Pace(0.0), 0.0
    taken, throttled = [0] * seconds, [0] * seconds
    flying: list[float] = []
    for step in range(int(seconds / STEP_S)):
        now_s = step * STEP_S
        yes = no = 0
        while flying and flying[0] <= now_s:
            heappop(flying)
            if takes(now_s):
                yes += 1
            else:
                no += 1
        if yes or no:
            pace.answered(yes, no, waiting=len(flying), trip_s=round_trip_s, now_s=now_s)
            taken[int(now_s)] += yes
            throttled[int(now_s)] += no
        count = min(window - len(flying), pace.room(now_s))
        pace.spend(count)
        for _ in range(count):
            heappush(flying, now_s + round_trip_s)
    return taken, throttled, pace


def test_nothing_is_held_back_before_the_operator_complains() -> None:
    taken, throttled, pace = run(lambda _: True, seconds=2)
    assert not any(throttled)
    assert pace.per_s == 0
    assert taken[1] >= FULL_PER_S


@pytest.mark.parametrize(("per_s", "used"), [(10, 0.5), (50, 0.85), (100, 0.85), (1_000, 0.85)])
@pytest.mark.parametrize("round_trip_s", [0.002, 0.01, 0.05])
def test_the_rate_settles_near_what_the_operator_takes(per_s: int, used: float, round_trip_s: float) -> None:
    taken, throttled, _ = run(Limited(per_s), seconds=12, round_trip_s=round_trip_s)
    assert sum(taken[2:]) >= used * min(per_s, WINDOW / round_trip_s) * 10, taken
    assert sum(throttled[2:]) <= 0.5 * sum(taken[2:]) + 2 * WINDOW, throttled


def test_the_first_complaint_costs_little_more_than_a_window() -> None:
    _, throttled, _ = run(Limited(100), seconds=1)
    assert sum(throttled) <= 3 * WINDOW


def test_a_limit_that_falls_away_is_noticed() -> None:
    taken, throttled, pace = run(Limited(100, until_s=5.0), seconds=30)
    assert pace.per_s == 0
    assert throttled[6:] == [0] * 24
    assert taken[-1] >= FULL_PER_S


@pytest.mark.parametrize("window", [5, 50])
def test_an_operator_that_throttles_at_random_does_not_make_the_route_slow(window: int) -> None:
    rng = random.Random(5)
    taken, throttled, pace = run(lambda _: rng.random() >= 0.3, seconds=20, window=window)
    assert pace.per_s > 0
    assert sum(throttled) > 0.2 * sum(taken)
    assert min(taken[1:]) >= 0.5 * 0.7 * window / 0.01, taken


def test_an_operator_that_takes_nothing_is_asked_seldom_and_then_more_and_more() -> None:
    taken, throttled, _ = run(lambda now_s: now_s >= 6, seconds=6 + int(CALM_S) + 3)
    assert sum(throttled[2:]) <= 4 * 5
    assert taken[-1] >= FULL_PER_S


def test_answers_that_never_come_do_not_stop_the_bind() -> None:
    pace = Pace(0.0)
    pace.answered(0, 5, waiting=0, trip_s=0.01, now_s=0.1)
    pace.spend(pace.room(5.0))
    assert pace.room(6.0) > 0


def test_a_bucket_gives_its_rate_and_a_small_burst() -> None:
    bucket, sent = Bucket(100, 0.0), 0
    assert bucket.room(0.0) == 10
    for step in range(5_000):
        room = bucket.room(step * STEP_S)
        assert room <= 10
        bucket.spend(room)
        sent += room
    assert 500 <= sent <= 511


def test_a_slow_bucket_still_gives_whole_parts() -> None:
    bucket = Bucket(1, 0.0)
    assert [bucket.room(0.0), bucket.spend(1), bucket.room(0.5), bucket.room(1.0)] == [1, None, 0, 1]


def test_without_a_rate_a_bucket_has_always_room() -> None:
    bucket = Bucket(0, 0.0)
    bucket.spend(UNLIMITED)
    assert bucket.room(0.0) == UNLIMITED
