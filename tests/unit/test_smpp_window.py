"""The window of a bind: smaller after connections that took answers with them, whole again when answers come."""

from __future__ import annotations

from engine.gateways import LinkWord, OutcomeKind
from engine.gateways.smpp.window import LEAST, PROVEN, Window
from tests.operator import smsc
from tests.smpp_kit import kinds, messages, opened, send_all, wait_link
from tests.smpp_wire import WINDOW, bound, run, settled, submits


def test_each_cut_with_unanswered_parts_halves_it_down_to_a_least() -> None:
    window = Window(100)
    sizes = []
    for _ in range(6):
        window.cut(unanswered=1)
        sizes.append(window.size)
    assert sizes == [50, 25, 12, 6, LEAST, LEAST]
    assert window.is_reduced


def test_a_connection_that_ends_with_every_answer_changes_nothing() -> None:
    window = Window(100)
    window.cut(unanswered=0)
    assert window.size == 100
    assert not window.is_reduced


def test_a_window_configured_below_the_least_stays_as_it_is() -> None:
    window = Window(2)
    window.cut(unanswered=2)
    assert window.size == 2


def test_answers_in_a_row_double_it_up_to_what_is_configured() -> None:
    window = Window(30)
    window.cut(unanswered=30)
    window.answered(PROVEN - 1)
    assert window.size == 15
    window.answered(1)
    assert window.size == 30
    assert not window.is_reduced


def test_a_cut_begins_the_row_of_answers_anew() -> None:
    window = Window(100)
    window.cut(unanswered=1)
    window.answered(PROVEN - 1)
    window.cut(unanswered=1)
    window.answered(PROVEN - 1)
    assert window.size == 25


def test_a_session_submits_no_more_than_is_left_of_it_and_reports_its_own_end() -> None:
    async def test() -> None:
        line = await bound(4 * WINDOW)
        assert len(submits(line.wire)) == WINDOW
        line.wire.end(None)
        await settled()
        assert line.window.size == max(LEAST, WINDOW // 2)
        again = await bound(4 * WINDOW, kept=line.window)
        assert len(submits(again.wire)) == line.window.size

    run(test)


def test_an_operator_that_cuts_connections_has_ever_fewer_parts_to_lose_and_staff_are_told() -> None:
    with smsc(drop_every=500, answer_ms=20) as operator, opened(operator, "window=100") as gateway:
        assert gateway.link().detail == ""
        outcomes = send_all(gateway, messages(3_000))
        lost = kinds(outcomes).count(OutcomeKind.LOST)
        # Three cuts bring the window from 100 to 12; without it each would cost up to 100.
        assert lost <= 100 + 50 + 25 + 12 + 6 + 5
        assert operator.seen.connections >= 6
        link = wait_link(gateway, lambda link: link.word is LinkWord.OPEN)
        assert "of 100 parts are sent at a time" in link.detail
        operator.set(drop_every=0)
        assert kinds(send_all(gateway, messages(8 * PROVEN))).count(OutcomeKind.LOST) == 0
        assert wait_link(gateway, lambda link: not link.detail).word is LinkWord.OPEN
