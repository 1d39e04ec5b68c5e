"""Which outcome each message of a batch earns, and that it is exactly one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways import Outcome, OutcomeKind, Submission
from engine.gateways.smpp.batch import PARTIAL_MOST_S, THROTTLED_MOST_S, Batch, Part
from engine.model import Encoding, FailReason

ACCEPTED, REJECTED, UNSENT, LOST = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNSENT, OutcomeKind.LOST
NO = Outcome(REJECTED, reason=FailReason.REJECTED, detail="0x45 refused")
SENDER = Outcome(REJECTED, reason=FailReason.SENDER_REFUSED, detail="0x0A sender not approved", stop_task=True)
SLOW = Outcome(UNSENT, detail="0x58 too fast", retry_after_s=1.0)
GONE = Outcome(LOST, detail="the connection was lost")


def message(number: int, parts: int = 1, sender: str | None = None) -> Submission:
    return Submission(number, f"+6141{number:07d}", sender, f"{number}:{parts}", Encoding.GSM7, parts)


def render(submission: Submission) -> Sequence[bytes]:
    return [f"{submission.message_id}/{number}".encode() for number in range(submission.parts)]


class Ended:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def begin(*parts: int, sender: str | None = None) -> tuple[Batch, Ended]:
    ended = Ended()
    return Batch([message(index, count, sender) for index, count in enumerate(parts)], render, ended), ended


def kinds(batch: Batch) -> list[OutcomeKind]:
    return [outcome.kind for outcome in batch.outcomes]


def test_parts_come_in_order_and_never_more_than_asked_for() -> None:
    batch, _ = begin(1, 3, 1)
    assert [part.body for part in batch.take(2, 0.0)] == [b"0/0", b"1/0"]
    assert [part.body for part in batch.take(2, 0.0)] == [b"1/1", b"1/2"]
    assert [part.body for part in batch.take(9, 0.0)] == [b"2/0"]
    assert batch.take(9, 0.0) == []


def test_an_accepted_message_names_its_part_and_a_long_one_all_of_them() -> None:
    batch, ended = begin(1, 2)
    one, two, three = batch.take(9, 0.0)
    batch.accepted(three, "c")
    batch.accepted(one, "a")
    assert ended.times == 0
    batch.accepted(two, "b")
    assert batch.outcomes == [Outcome(ACCEPTED, "a"), Outcome(ACCEPTED, "b", part_refs=("b", "c"))]
    assert ended.times == 1


def test_parts_that_share_one_reference_are_named_once() -> None:
    batch, _ = begin(2)
    for part in batch.take(9, 0.0):
        batch.accepted(part, "same")
    assert batch.outcomes == [Outcome(ACCEPTED, "same")]


def test_a_message_of_which_a_part_is_refused_is_rejected_and_its_rest_is_not_written() -> None:
    batch, ended = begin(3)
    first, second = batch.take(2, 0.0)
    batch.accepted(first, "a")
    batch.rejected(second, NO)
    assert batch.take(9, 0.0) == []
    assert (batch.outcomes, ended.times) == ([NO._replace(partly=True)], 1)


@pytest.mark.parametrize("refused_first", [True, False])
def test_a_message_with_a_lost_and_a_refused_part_may_be_with_the_operator(refused_first: bool) -> None:
    batch, _ = begin(2)
    first, second = batch.take(2, 0.0)
    if refused_first:
        batch.rejected(second, NO)
    batch.lost(first, GONE)
    if not refused_first:
        batch.rejected(second, NO)
    assert batch.outcomes == [NO._replace(partly=True)]


def test_a_message_of_which_a_part_is_lost_is_lost_and_its_rest_is_not_written() -> None:
    batch, ended = begin(3)
    first, second = batch.take(2, 0.0)
    batch.accepted(first, "a")
    batch.lost(second, GONE)
    assert batch.take(9, 0.0) == []
    assert (batch.outcomes, ended.times) == ([GONE], 1)


def test_a_throttled_part_goes_out_again_first_and_harms_nothing() -> None:
    batch, _ = begin(1, 1)
    (part,) = batch.take(1, 0.0)
    batch.throttled(part, SLOW, 0.0)
    again, other = batch.take(9, 1.0)
    assert again is part
    batch.accepted(again, "a")
    batch.accepted(other, "b")
    assert kinds(batch) == [ACCEPTED, ACCEPTED]


def test_a_message_that_is_throttled_for_too_long_is_unsent() -> None:
    batch, _ = begin(1, 1)
    first, second = batch.take(9, 0.0)
    batch.throttled(first, SLOW, 10.0)
    batch.throttled(second, SLOW, 10.0)
    assert batch.take(1, 11.0) == [second]
    batch.throttled(second, SLOW, 10.5 + THROTTLED_MOST_S)
    batch.look(SLOW, 10.5 + THROTTLED_MOST_S)
    assert batch.outcomes == [SLOW, SLOW]


def test_a_message_that_is_half_taken_is_tried_for_longer_and_then_in_doubt() -> None:
    batch, _ = begin(2)
    first, second = batch.take(9, 0.0)
    batch.accepted(first, "a")
    batch.throttled(second, SLOW, 0.5)
    batch.look(SLOW, 1.0 + THROTTLED_MOST_S)
    assert batch.left == 1
    batch.look(SLOW, 1.0 + PARTIAL_MOST_S)
    (outcome,) = batch.outcomes
    assert outcome.kind is LOST
    assert "part" in outcome.detail


def test_a_throttled_part_is_not_given_up_while_another_of_its_message_awaits_its_answer() -> None:
    batch, _ = begin(2)
    first, second = batch.take(9, 0.0)
    batch.throttled(second, SLOW, 0.0)
    batch.look(SLOW, THROTTLED_MOST_S + 1)
    assert batch.take(9, THROTTLED_MOST_S + 2) == [second]
    batch.accepted(first, "a")
    batch.accepted(second, "b")
    assert kinds(batch) == [ACCEPTED]


def test_a_part_that_is_asked_for_later_waits_for_its_time() -> None:
    batch, _ = begin(1)
    (part,) = batch.take(9, 0.0)
    batch.later(part, 5.0)
    assert batch.take(9, 4.9) == []
    assert batch.take(9, 5.0) == [part]
    assert part.tries == 1


def test_giving_up_leaves_what_is_in_a_window_open() -> None:
    batch, ended = begin(1, 2, 1, 1)
    first, second = batch.take(2, 0.0)
    batch.throttled(first, SLOW, 0.0)
    batch.give_up(SLOW)
    assert (batch.left, ended.times) == (1, 0)
    batch.accepted(second, "a")
    assert kinds(batch) == [UNSENT, LOST, UNSENT, UNSENT]
    assert ended.times == 1


def test_beginning_no_more_brings_what_has_begun_to_its_end() -> None:
    batch, _ = begin(2, 1)
    (first,) = batch.take(1, 0.0)
    batch.begin_no_more(SLOW)
    (second,) = batch.take(9, 0.0)
    batch.accepted(first, "a")
    batch.accepted(second, "b")
    assert kinds(batch) == [ACCEPTED, UNSENT]


def test_a_refused_sender_ends_the_rest_of_it_without_writing() -> None:
    batch, ended = begin(1, 1, 1, sender="ACME")
    first, second = batch.take(2, 0.0)
    batch.rejected(first, SENDER)
    assert batch.take(9, 0.0) == []
    batch.accepted(second, "b")
    assert batch.outcomes == [SENDER, Outcome(ACCEPTED, "b"), SENDER]
    assert ended.times == 1


def test_other_senders_go_on() -> None:
    ended = Ended()
    batch = Batch([message(0, sender="ACME"), message(1, sender="Shop"), message(2, sender="ACME")], render, ended)
    (first,) = batch.take(1, 0.0)
    batch.rejected(first, SENDER)
    (second,) = batch.take(9, 0.0)
    batch.accepted(second, "b")
    assert kinds(batch) == [REJECTED, ACCEPTED, REJECTED]


def test_a_message_that_cannot_be_rendered_is_rejected_alone(caplog: pytest.LogCaptureFixture) -> None:
    def broken(submission: Submission) -> Sequence[bytes]:
        if submission.message_id == 0:
            raise ValueError("the sender holds a zero byte")
        if submission.message_id < 3:
            raise KeyError("secret")
        return render(submission)

    ended = Ended()
    batch = Batch([message(number) for number in range(4)], broken, ended)
    (part,) = batch.take(9, 0.0)
    batch.accepted(part, "d")
    assert kinds(batch) == [REJECTED, REJECTED, REJECTED, ACCEPTED]
    assert "zero byte" in batch.outcomes[0].detail
    assert "secret" not in batch.outcomes[1].detail
    assert len(caplog.records) == 1


def test_an_interrupted_batch_is_in_doubt_where_it_was_written() -> None:
    batch, _ = begin(1, 1)
    assert batch.untouched
    batch.take(1, 0.0)
    assert not batch.untouched
    assert kinds(batch) == [LOST, UNSENT]


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from("arltg"), st.integers(0, 50)), max_size=80),
    st.integers(1, 7),
)
def test_whatever_happens_every_message_gets_exactly_one_outcome(
    sizes: list[int], events: list[tuple[str, int]], window: int
) -> None:
    batch, ended = begin(*sizes)
    flying: list[Part] = []
    told: Counter[str] = Counter()
    now_s = 0.0
    for event, which in events:
        now_s += 0.3
        flying += batch.take(window - len(flying), now_s)
        assert len(flying) <= window
        if event == "g":
            batch.give_up(SLOW)
        elif flying:
            part = flying.pop(which % len(flying))
            told[event] += 1
            if event == "a":
                batch.accepted(part, f"ref{which}")
            elif event == "r":
                batch.rejected(part, NO)
            elif event == "l":
                batch.lost(part, GONE)
            else:
                batch.throttled(part, SLOW, now_s)
    batch.give_up(SLOW)
    for part in flying:
        batch.lost(part, GONE)
    assert batch.left == 0
    assert ended.times == 1
    counted = Counter(kinds(batch))
    assert counted.total() == len(sizes)
    if not told["r"]:
        assert not counted[REJECTED]
    if not told["a"]:
        assert not counted[ACCEPTED]
