"""What each status of an answer does to the message, the task, the connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways.smpp.statuses import Kind, Retry, verdict
from engine.model import FailReason

REASON = {
    0x01: FailReason.TOO_LONG,
    0x0A: FailReason.SENDER_REFUSED,
    0x0B: FailReason.INVALID_NUMBER,
    0x61: FailReason.REJECTED,
    0x62: FailReason.REJECTED,
    0x65: FailReason.REJECTED,
    0x66: FailReason.REJECTED,
}


def test_zero_is_accepted() -> None:
    found = verdict(0)
    assert (found.kind, found.reason, found.retry, found.code) == (Kind.ACCEPTED, None, Retry.NEVER, "")


@pytest.mark.parametrize(("status", "reason"), REASON.items())
def test_a_final_refusal_has_its_reason_and_is_not_tried_again(status: int, reason: FailReason) -> None:
    found = verdict(status)
    assert (found.kind, found.reason) == (Kind.REJECTED, reason)
    assert not found.may_retry(0, 20)


@pytest.mark.parametrize("status", [0x14, 0x58])
def test_throttling_slows_everyone_down_and_never_fails_a_message(status: int) -> None:
    found = verdict(status)
    assert (found.kind, found.slow_down, found.reason) == (Kind.LATER, True, None)
    assert found.may_retry(10_000, 0)


@pytest.mark.parametrize("status", [0x08, 0x64])
def test_a_passing_fault_is_tried_again_as_often_as_the_route_says(status: int) -> None:
    found = verdict(status)
    assert (found.kind, found.slow_down, found.reason) == (Kind.LATER, False, FailReason.REJECTED)
    assert [found.may_retry(retried, 3) for retried in range(5)] == [True, True, True, False, False]
    assert not found.may_retry(0, 0)


@pytest.mark.parametrize("status", [0x45, 0xFE, 0xFF])
def test_a_refusal_without_reason_is_tried_once_more(status: int) -> None:
    found = verdict(status)
    assert (found.kind, found.reason) == (Kind.LATER, FailReason.REJECTED)
    assert [found.may_retry(retried, 3) for retried in range(3)] == [True, False, False]


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F])
def test_a_refused_login_stops_the_connection_and_no_message(status: int) -> None:
    found = verdict(status)
    assert (found.kind, found.reason, found.stop_task) == (Kind.REFUSED_LOGIN, None, False)


def test_a_connection_that_is_not_ready_is_bound_again() -> None:
    assert verdict(0x04).kind is Kind.REBIND


def test_only_a_refused_sender_stops_the_task() -> None:
    stopping = {status for status in range(0x500) if verdict(status).stop_task}
    assert stopping == {0x0A, 0x48, 0x49}
    assert {verdict(status).reason for status in stopping} == {FailReason.SENDER_REFUSED}


@given(st.integers(1, 2**32 - 1))
def test_every_status_has_words_for_staff_and_the_code_of_their_table(status: int) -> None:
    found = verdict(status)
    assert found.code == f"0x{status:04X}"
    assert found.detail.startswith(f"0x{status:02X} ")
    assert 0 < len(found.detail) <= 200
    assert (found.kind is Kind.REJECTED) <= (found.reason is not None)


def test_the_operators_own_codes_are_refusals_named_as_such() -> None:
    found = verdict(0x401)
    assert (found.kind, found.code, found.detail) == (Kind.REJECTED, "0x0401", "0x401 the operator's own code")
