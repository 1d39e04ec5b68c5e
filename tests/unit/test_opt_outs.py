"""Opt-outs: kept, looked at by quote, acceptance and dispatch, and what that does to credit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from engine import ledger, recipients
from engine.cli.send import Order, send
from engine.contacts import Source, opt_outs
from engine.errors import AccessError, InputError, StateError
from engine.gateways import Outcome, OutcomeKind
from engine.model import MICRO, Balance, to_datetime
from tests.kit import Scripted, World, au_mobiles, raw, settled, wait_until, world

FIRST = 61412000000
"""The first number of `au_mobiles`."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    wait_until(lambda: not raw(built, "select id from task where state not in ('finished', 'cancelled')"))
    built.engine.stop()


def balance(made: World) -> Balance:
    return ledger.balance(made.store, made.owner.account_id)


def opt_out(made: World, *places: int) -> None:
    for place in places:
        made.engine.opt_outs.add(made.owner, f"+{FIRST + place}")


# --- keeping them ----------------------------------------------------------------------------------------------------


def test_adding_twice_keeps_the_first(made: World) -> None:
    assert made.engine.opt_outs.add(made.owner, "+61 412 000 000", note="phoned") == FIRST
    assert made.engine.opt_outs.add(made.owner, str(FIRST), note="again") == FIRST
    (row,) = made.engine.opt_outs.page(made.owner).rows
    assert (row["msisdn"], row["source"], row["note"], row["member_name"]) == (FIRST, "manual", "phoned", "acme")
    actions = [line["action"] for line in made.engine.accounts.audit_log(made.owner)]
    assert actions.count("opt_out_added") == 1


@pytest.mark.parametrize("typed", ["", "12", "61298765432", "hello"])
def test_what_gets_no_sms_is_refused_with_the_reason(made: World, typed: str) -> None:
    with pytest.raises(InputError) as caught:
        made.engine.opt_outs.add(made.owner, typed)
    assert caught.value.code == "invalid"


def test_the_recipient_of_a_message_opts_out_by_its_id(made: World) -> None:
    task_id = made.send(1)
    message = int(str(raw(made, "select id from message where task_id = $1", task_id)[0]["id"]))
    stranger = made.engine.accounts.ensure_account("stranger")
    with pytest.raises(AccessError):
        made.engine.opt_outs.add(stranger, message_id=message)
    assert made.engine.opt_outs.add(made.owner, message_id=message) == FIRST
    (row,) = made.engine.opt_outs.page(made.owner).rows
    assert (row["source"], row["note"]) == ("message", f"message {message}")


def test_a_stop_is_recorded_inside_another_transaction_and_is_idempotent(made: World) -> None:
    def stop() -> bool:
        with made.store.transaction() as tx:
            return opt_outs.record(
                tx, made.owner.account_id, FIRST, Source.STOP, note="STOP", now_us=made.clock.now_us()
            )

    assert (stop(), stop()) == (True, False)
    (row,) = made.engine.opt_outs.page(made.owner).rows
    assert (row["source"], row["member_name"]) == ("stop", None)


def test_a_file_of_opt_outs_counts_new_known_and_rejected(made: World) -> None:
    opt_out(made, 1)
    file = recipients.read("stop.csv", b"phone\n61412000000\n61412000001\n61412000001\n61298765432\n")
    result = made.engine.opt_outs.import_file(made.owner, file, note="stop.csv")
    assert (result.added, result.known, result.rejected) == (1, 1, 2)
    assert made.engine.opt_outs.count(made.owner) == 2


def test_removing_needs_a_reason_and_is_audited(made: World) -> None:
    opt_out(made, 0)
    with pytest.raises(InputError):
        made.engine.opt_outs.remove(made.owner, FIRST, reason=" ")
    stranger = made.engine.accounts.ensure_account("stranger")
    with pytest.raises(AccessError):
        made.engine.opt_outs.remove(stranger, FIRST, reason="mine")
    made.engine.opt_outs.remove(made.owner, FIRST, reason="Asked in writing on 22 November")
    assert made.engine.opt_outs.count(made.owner) == 0
    line = made.engine.accounts.audit_log(made.owner)[0]
    assert (line["action"], line["subject"]) == ("opt_out_removed", f"number {FIRST}")
    assert "Asked in writing on 22 November (opted out 20" in line["detail"]
    opt_out(made, 0)
    assert made.engine.opt_outs.count(made.owner) == 1


def test_pages_are_newest_first_and_can_be_searched(made: World) -> None:
    file = recipients.read("stop.csv", b"phone\n61412000000\n61412000001\n61412000002\n")
    made.engine.opt_outs.import_file(made.owner, file, note="Fair in May")
    made.clock.move(seconds=5)
    opt_out(made, 7)
    first = made.engine.opt_outs.page(made.owner, limit=3)
    second = made.engine.opt_outs.page(made.owner, limit=3, after=first.next_after)
    assert [row["msisdn"] - FIRST for row in (*first.rows, *second.rows)] == [7, 0, 1, 2]
    assert second.next_after is None
    for text, found in (("may", 3), ("0412000007", 1), ("+61 412", 4), ("june", 0)):
        assert len(made.engine.opt_outs.page(made.owner, search=text).rows) == found, text


def test_the_export_runs_no_formula_and_stays_in_the_account(made: World) -> None:
    made.engine.opt_outs.add(made.owner, str(FIRST), note="=1+1")
    lines = made.engine.opt_outs.export(made.owner).decode("utf-8-sig").splitlines()
    assert lines[0] == "phone,opted_out,how,note,by"
    assert lines[1].startswith(f"{FIRST},20")
    assert lines[1].endswith("Z,Added by hand,'=1+1,acme")
    assert made.engine.opt_outs.export(made.owner, "xlsx").startswith(b"PK")
    stranger = made.engine.accounts.ensure_account("stranger")
    assert len(made.engine.opt_outs.export(stranger).splitlines()) == 1
    assert made.engine.opt_outs.page(stranger).rows == []


# --- before sending --------------------------------------------------------------------------------------------------


def test_a_quote_rejects_who_opted_out_with_the_row_number(made: World) -> None:
    opt_out(made, 1)
    file = recipients.read("a.csv", b"phone\n61412000000\nwrong\n61412000001\n61412000002\n")
    preview = made.engine.tasks.preview(made.owner, made.draft(recipients=file))
    assert preview.messages["msisdn"].to_list() == [FIRST, FIRST + 2]
    rejected = preview.draft.recipients.rejected
    assert list(rejected.iter_rows()) == [(3, "wrong", "characters"), (4, str(FIRST + 1), "opted_out")]
    assert preview.cost_micro == 2 * MICRO
    task_id = made.engine.tasks.accept(made.owner, preview)
    assert made.row(task_id)["rejected_rows"] == 2
    stranger = made.engine.accounts.ensure_account("stranger")
    assert made.engine.opt_outs.screened(stranger, file) is file


def test_nobody_left_is_refused(made: World) -> None:
    opt_out(made, 0)
    with pytest.raises(InputError) as caught:
        made.engine.tasks.preview(made.owner, made.draft(1))
    assert caught.value.code == "no_valid_recipients"


def test_an_opt_out_between_quote_and_accept_holds_and_sends_nothing(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(3))
    opt_out(made, 1)
    with pytest.raises(StateError, match="1 recipient has opted out since") as caught:
        made.engine.tasks.accept(made.owner, preview)
    assert caught.value.code == "opted_out_since"
    assert balance(made) == Balance(10_000 * MICRO, 0)
    assert raw(made, "select count(*) as n from message") == [{"n": 0}]
    again = made.engine.tasks.preview(made.owner, preview.draft)
    task_id = made.engine.tasks.accept(made.owner, again)
    wait_until(lambda: settled(made, task_id))
    assert made.row(task_id)["charged_micro"] == 2 * MICRO


def test_a_second_click_finds_the_task_although_somebody_opted_out_meanwhile(made: World) -> None:
    preview = made.engine.tasks.preview(made.owner, made.draft(3))
    task_id = made.engine.tasks.accept(made.owner, preview)
    opt_out(made, 1)
    assert made.engine.tasks.accept(made.owner, preview) == task_id


def test_who_opts_out_before_the_scheduled_time_is_not_sent_to_and_credit_returns(made: World) -> None:
    later = to_datetime(made.clock.now_us() + 3_600_000_000)
    task_id = made.send(10, scheduled_at=later)
    opt_out(made, 2, 5)
    assert balance(made).held_micro == 10 * MICRO
    made.clock.move(hours=2)
    made.engine.scheduler.wake()
    wait_until(lambda: settled(made, task_id))
    row = made.row(task_id)
    assert (row["delivered"], row["cancelled"], row["state"]) == (8, 2, "finished")
    assert (row["charged_micro"], row["returned_micro"]) == (8 * MICRO, 2 * MICRO)
    assert balance(made) == Balance(10_000 * MICRO - 8 * MICRO, 0)
    lost = raw(
        made, "select msisdn, dispatch_id, reason, submitted_us from message where state = 'cancelled' order by id"
    )
    assert lost == [
        {"msisdn": FIRST + place, "dispatch_id": None, "reason": "opted_out", "submitted_us": None} for place in (2, 5)
    ]
    assert made.engine.reconcile().ok
    message = made.engine.history.messages(made.owner, limit=100).rows
    sentences = {one["sentence"] for one in message if one["state"] == "cancelled"}
    assert sentences == {"The recipient opted out before this message was sent."}
    made.engine._dispatcher.begin(task_id)
    assert made.row(task_id) == row


def test_a_scheduled_task_of_people_who_all_opted_out_ends_cancelled(made: World) -> None:
    task_id = made.send(2, scheduled_at=to_datetime(made.clock.now_us() + 3_600_000_000))
    opt_out(made, 0, 1)
    made.clock.move(hours=2)
    made.engine.scheduler.wake()
    wait_until(lambda: settled(made, task_id))
    assert (made.row(task_id)["state"], made.row(task_id)["returned_micro"]) == ("cancelled", 2 * MICRO)
    assert balance(made) == Balance(10_000 * MICRO, 0)
    assert made.engine.reconcile().ok


def test_the_command_line_respects_opt_outs_too(made: World) -> None:
    actor = made.engine.accounts.ensure_account("cli")
    made.engine.opt_outs.add(actor, str(FIRST))
    answer = send(made.engine, Order(to=f"{FIRST},{FIRST + 1}", text="Your parcel arrives today", wait=True))
    assert (answer["recipients"], answer["rejected"], answer["delivered"]) == (1, 1, 1)


def test_five_thousand_recipients_are_compared_with_many_opt_outs(made: World) -> None:
    batch = pl.DataFrame({"msisdn": range(61413000000, 61413100000)})
    with made.store.transaction() as tx:
        tx.bulk("opt_outs.add_many", batch, made.owner.account_id, "file", "", None, 0)
    draft = made.draft(recipients=au_mobiles(5_000, start=998_000))
    found = made.engine.opt_outs.screened(made.owner, draft.recipients)
    assert (found.frame.height, found.rejected.height) == (2_000, 3_000)
    with made.store.transaction() as tx:
        assert opt_outs.stopped(tx, made.owner.account_id, pl.Series(range(61412998000, 61413003000))) == 3_000


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[World, Scripted]]:
    """A world whose operator hands everything back until it is told otherwise."""
    gateway = Scripted([Outcome(OutcomeKind.UNSENT, retry_after_s=0.01)])
    built = world(tmp_path, gateways=lambda _: gateway)
    yield built, gateway
    built.engine.stop()


def test_who_opts_out_while_the_task_is_being_sent_is_not_sent_to(held: tuple[World, Scripted]) -> None:
    made, gateway = held
    task_id = made.send(5)
    wait_until(lambda: len(gateway.batches) > 2)
    opt_out(made, 0)
    file = recipients.read("stop.csv", f"phone\n+{FIRST + 1}\n".encode())
    made.engine.opt_outs.import_file(made.owner, file)
    wait_until(lambda: made.row(task_id)["cancelled"] == 2)  # queued now, or given back by the operator later
    gateway.outcomes = [Outcome(OutcomeKind.ACCEPTED, provider_ref=str(number)) for number in range(5)]
    wait_until(lambda: made.row(task_id)["submitted"] == 3)
    rows = raw(made, "select msisdn, state, reason from message order by id")
    assert [row["state"] for row in rows] == ["cancelled"] * 2 + ["submitted"] * 3
    assert made.row(task_id)["returned_micro"] == 2 * MICRO
    assert made.engine.reconcile().ok
