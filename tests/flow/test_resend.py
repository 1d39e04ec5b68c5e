"""Sending again to those who were not reached: the same texts, a linked task, nobody twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import recipients
from engine.errors import AccessError, InputError, StateError
from engine.model import DAY_US, MICRO, to_datetime
from engine.tasks.quote import Origin, Resend
from tests.flow.test_money import assert_proved, at_once
from tests.kit import World, give, raw, settled, wait_until, world

LIST = "phone,name\n+61412340001,Ann\n+61412349901,Bo ((name))\n+61412349903,Cy {x}\n+61412340002,Di\n+61412349904,Ed\n"
"""Endings 9901, 9903 and 9904 always fail on the simulator."""
BAD = [61412349901, 61412349903, 61412349904]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


def personal(made: World) -> int:
    people = recipients.read("people.csv", LIST.encode())
    task_id = made.send(
        recipients=people, content="Dear ((name)), your parcel is here", sender="Acme", file_name="p.csv"
    )
    wait_until(lambda: settled(made, task_id))
    return task_id


def texts(made: World, task_id: int) -> dict[object, object]:
    rows = raw(made, "select msisdn, content from message where task_id = $1", task_id)
    return {row["msisdn"]: row["content"] for row in rows}


def test_failed_recipients_get_their_own_text_again_in_a_linked_task(made: World) -> None:
    first = personal(made)
    found = made.engine.tasks.resend_list(made.owner, first, "failed")
    assert found.recipients.frame["row"].to_list() == [3, 4, 6]
    preview = made.engine.tasks.preview(made.owner, found.draft())
    assert preview.cost_micro == 3 * MICRO
    again = made.engine.tasks.accept(made.owner, preview)
    before = texts(made, first)
    assert texts(made, again) == {number: before[number] for number in BAD}
    row, old = made.row(again), made.row(first)
    assert (row["content"], row["sender"], row["name"]) == (old["content"], "Acme", "Parcels (again)")
    origin = raw(made, "select origin_id, which from task_origin where task_id = $1", again)
    assert origin == [{"origin_id": first, "which": "failed"}]
    assert_proved(made, first, again)


def test_one_text_for_all_is_sent_again_as_it_was(made: World) -> None:
    numbers = recipients.read_numbers("61412340001,61412349901")
    first = made.send(recipients=numbers)
    wait_until(lambda: settled(made, first))
    draft = made.engine.tasks.resend_list(made.owner, first, "failed").draft(name="Once more")
    again = made.engine.tasks.accept(made.owner, made.engine.tasks.preview(made.owner, draft))
    assert texts(made, again) == {61412349901: None}
    assert (made.row(again)["content"], made.row(again)["name"]) == (made.row(first)["content"], "Once more")
    assert_proved(made, again)


def test_two_tabs_send_again_once(made: World) -> None:
    first = personal(made)
    tomorrow = to_datetime(made.clock.now_us() + DAY_US)
    tasks = made.engine.tasks
    drafts = [tasks.resend_list(made.owner, first, "failed").draft(at=tomorrow) for _ in range(4)]
    previews = [tasks.preview(made.owner, draft) for draft in drafts]
    results, refused = at_once(4, lambda index: tasks.accept(made.owner, previews[index]))
    assert len(results) == 1
    assert {error.code for error in refused} == {"resend_changed"}
    assert tasks.resend_counts(made.owner, first) == {"failed": 0, "in_doubt": 0}
    with pytest.raises(InputError) as caught:
        tasks.resend_list(made.owner, first, "failed")
    assert caught.value.code == "nothing_to_resend"


def test_what_failed_again_can_be_sent_again(made: World) -> None:
    first = personal(made)
    tasks = made.engine.tasks
    again = tasks.accept(made.owner, tasks.preview(made.owner, tasks.resend_list(made.owner, first, "failed").draft()))
    wait_until(lambda: settled(made, again))
    assert tasks.resend_counts(made.owner, first) == {"failed": 3, "in_doubt": 0}
    assert tasks.resend_counts(made.owner, again) == {"failed": 3, "in_doubt": 0}


def test_who_was_reached_over_two_steps_is_not_sent_to_again(made: World) -> None:
    bad, good = made.add_route("Bad", "sim://?fail=1"), made.add_route("Good", "sim://?seed=2")
    tasks = made.engine.tasks
    first = made.send(2, route_id=bad)
    wait_until(lambda: settled(made, first))
    chain = [first]
    for route_id in (bad, good):
        draft = tasks.resend_list(made.owner, chain[-1], "failed").draft(route_id=route_id)
        chain.append(tasks.accept(made.owner, tasks.preview(made.owner, draft)))
        wait_until(lambda: settled(made, chain[-1]))
    assert made.row(chain[-1])["delivered"] == 2
    for task_id in chain:
        assert tasks.resend_counts(made.owner, task_id) == {"failed": 0, "in_doubt": 0}
    assert_proved(made, *chain)


def test_a_late_receipt_that_says_delivered_is_not_sent_again(made: World) -> None:
    first = personal(made)
    with made.store.transaction() as tx:
        tx.raw.execute("update message set late_state = 'delivered' where msisdn = 61412349901")  # type: ignore[attr-defined]
    assert made.engine.tasks.resend_counts(made.owner, first)["failed"] == 2


def test_who_opted_out_since_is_not_offered(made: World) -> None:
    first = personal(made)
    made.engine.opt_outs.add(made.owner, "+61412349901")
    assert made.engine.tasks.resend_counts(made.owner, first) == {"failed": 2, "in_doubt": 0}


def test_messages_in_doubt_need_a_confirmation(made: World) -> None:
    doubtful = made.add_route("Doubtful", "sim://?doubt=1")
    first = made.send(3, route_id=doubtful)
    wait_until(lambda: made.row(first)["in_doubt"] == 3)
    tasks = made.engine.tasks
    with pytest.raises(StateError) as caught:
        tasks.resend_list(made.owner, first, "both")
    assert caught.value.code == "doubt_unconfirmed"
    found = tasks.resend_list(made.owner, first, "in_doubt", may_repeat=True)
    assert (found.in_doubt, found.recipients.frame.height) == (3, 3)
    with pytest.raises(InputError):
        tasks.resend_list(made.owner, first, "failed")
    with pytest.raises(InputError):
        tasks.resend_list(made.owner, first, "everybody", may_repeat=True)


def test_nobody_repeats_or_links_to_a_task_of_another_account(made: World) -> None:
    first = personal(made)
    stranger = made.engine.accounts.ensure_account("Rival")
    give(made.engine, stranger.account_id, 10)
    with pytest.raises(AccessError):
        made.engine.tasks.resend_list(stranger, first, "failed")
    draft = made.draft(1, origin=Origin(first, Resend.FAILED))
    preview = made.engine.tasks.preview(stranger, draft)
    with pytest.raises(AccessError):
        made.engine.tasks.accept(stranger, preview)


def test_a_draft_that_claims_other_recipients_is_refused(made: World) -> None:
    first = personal(made)
    draft = replace(made.draft(2), origin=Origin(first, Resend.FAILED))
    with pytest.raises(StateError) as caught:
        made.engine.tasks.accept(made.owner, made.engine.tasks.preview(made.owner, draft))
    assert caught.value.code == "resend_changed"
