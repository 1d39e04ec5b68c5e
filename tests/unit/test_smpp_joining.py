"""Long messages from phones: joined in any order, never kept without bound, handed over even if a part is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways import Inbound
from engine.gateways.smpp import joining
from engine.gateways.smpp.inbound import SegmentOfInbound
from engine.gateways.smpp.joining import UNFINISHED_MOST, UNFINISHED_MOST_S, Joiner
from engine.gateways.smpp.settings import parse_settings

SETTINGS = parse_settings("smpp://ims:secret@localhost")
PHONE, OURS = "+61412345678", "1234"


def segment(number: int, total: int = 3, *, text: str = "", reference: int = 7, phone: str = PHONE) -> SegmentOfInbound:
    body = (text or f"part {number}. ").encode()
    key = f"{phone}/{reference}/{number}/{total}/{body!r}"
    return SegmentOfInbound(phone, OURS, reference, total, number, body, 0, 1_000_000 + number, key)


def test_a_message_is_whole_with_its_last_part_whatever_the_order() -> None:
    joiner = Joiner(SETTINGS)
    assert joiner.add(segment(2), 0.0) is None
    assert joiner.add(segment(3), 0.0) is None
    whole = joiner.add(segment(1), 0.0)
    assert whole
    assert whole[:3] == (PHONE, OURS, "part 1. part 2. part 3. ")


def test_messages_of_other_phones_and_references_do_not_mix() -> None:
    joiner = Joiner(SETTINGS)
    assert joiner.add(segment(1, 2, text="a"), 0.0) is None
    assert joiner.add(segment(2, 2, text="x", phone="+61499999999"), 0.0) is None
    assert joiner.add(segment(2, 2, text="y", reference=8), 0.0) is None
    whole = joiner.add(segment(2, 2, text="b"), 0.0)
    assert whole
    assert whole.text == "ab"


def test_a_repeated_part_changes_nothing_and_gives_the_same_message_until_it_is_taken() -> None:
    joiner = Joiner(SETTINGS)
    joiner.add(segment(1, 2), 0.0)
    joiner.add(segment(1, 2), 0.0)
    whole = joiner.add(segment(2, 2), 0.0)
    assert whole
    assert joiner.add(segment(2, 2), 0.0) == whole
    joiner.taken([whole])
    assert len(joiner) == 0
    assert joiner.add(segment(2, 2), 0.0) is None
    assert len(joiner) == 0


def test_what_never_gets_whole_is_handed_over_with_a_gap_when_its_time_is_up() -> None:
    joiner = Joiner(SETTINGS)
    joiner.add(segment(1), 0.0)
    joiner.add(segment(3), 100.0)
    assert joiner.overdue(UNFINISHED_MOST_S - 1) == []
    (partial,) = joiner.overdue(UNFINISHED_MOST_S)
    assert partial.text == "part 1. …part 3. "
    assert joiner.overdue(UNFINISHED_MOST_S) == [partial]
    joiner.taken([partial])
    assert joiner.overdue(UNFINISHED_MOST_S) == joiner.rest() == []


def test_too_many_unfinished_ones_are_handed_over_oldest_first() -> None:
    joiner = Joiner(SETTINGS)
    for number in range(UNFINISHED_MOST + 2):
        joiner.add(segment(1, phone=f"+6141{number:07d}"), 0.0)
    surplus = joiner.overdue(1.0)
    assert [message.msisdn for message in surplus] == ["+61410000000", "+61410000001"]
    joiner.taken(surplus)
    assert len(joiner) == UNFINISHED_MOST


def test_memory_is_bounded_while_nobody_takes_anything(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(joining, "UNTAKEN_MOST", 20)
    joiner = Joiner(SETTINGS)
    for number in range(25):
        joiner.add(segment(1, phone=f"+6141{number:07d}"), 0.0)
    assert len(joiner) == 20
    assert "lost" in caplog.text


def test_what_is_left_at_the_end_is_handed_over() -> None:
    joiner = Joiner(SETTINGS)
    joiner.add(segment(2, 2), 0.0)
    assert [message.text for message in joiner.rest()] == ["…part 2. "]


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_any_order_with_any_repetitions_gives_one_message(order: list[int], repeated: list[int]) -> None:
    joiner = Joiner(SETTINGS)
    found: list[Inbound] = []
    for number in [*repeated, *order, *repeated]:
        whole = joiner.add(segment(number + 1, 6), 0.0)
        if whole:
            found.append(whole)
            joiner.taken([whole])
    assert [message.text for message in found] == ["".join(f"part {number}. " for number in range(1, 7))]
    assert len(joiner) == 0
