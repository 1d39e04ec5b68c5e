from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.dispatch.throttle import BURST_S, Throttle


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@given(rate=st.integers(1, 5_000), batches=st.lists(st.integers(1, 500), min_size=1, max_size=50))
def test_over_any_time_no_more_goes_out_than_rate_burst_and_one_batch(rate: int, batches: list[int]) -> None:
    now = Now()
    throttle = Throttle(rate, now)
    sent = 0
    for batch in batches:
        now.seconds += throttle.debt_s()
        throttle.spend(batch)
        sent += batch
        assert sent <= rate * (now.seconds + BURST_S) + batch + 1e-6 * sent


def test_without_a_rate_nothing_waits() -> None:
    throttle = Throttle(0)
    throttle.spend(1_000_000)
    assert throttle.debt_s() == 0.0


def test_a_pause_does_not_save_up_more_than_the_burst() -> None:
    now = Now()
    throttle = Throttle(100, now)
    now.seconds += 3_600
    throttle.spend(100)
    assert throttle.debt_s() == 0.75
