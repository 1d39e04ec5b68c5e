"""Messages from phones: durable once, in the right inbox, STOP obeyed at once, whatever an operator sends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import ledger, recipients
from engine.app import Engine
from engine.contacts import Source
from engine.errors import AccessError, InputError
from engine.gateways import Inbound
from engine.inbox import InboxFilter, Kind, Show, service
from engine.inbox.arrivals import ADDRESS_LENGTH, TEXT_LENGTH
from engine.inbox.service import ANSWER_DAYS, CONVERSATION_ROWS
from engine.model import DAY_US, MICRO, Actor, Role, to_datetime
from engine.notices import NoticeKind, tell_account
from engine.store import open_store
from engine.store.queries import migrations
from tests.kit import World, audited, give, notices_of, operator, raw, settled, wait_until, world

FIRST = 61412000000
"""The first number of `au_mobiles`."""
PHONE = f"+{FIRST}"
INBOX_MIGRATION = 15


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path)
    yield built
    built.engine.stop()


@pytest.fixture
def rival(made: World) -> Actor:
    """Another customer with credit."""
    actor = made.engine.accounts.ensure_account("rival")
    give(made.engine, actor.account_id, 100)
    return actor


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made)


def sent(made: World, actor: Actor | None = None, **changes: object) -> int:
    """A message to PHONE that has arrived; returns its task."""
    task = made.send(1, actor=actor, **changes)
    wait_until(lambda: settled(made, task))
    made.clock.move(seconds=1)  # the next one is newer
    return task


def arrives(made: World, text: str, *, phone: str = PHONE, to: str = "", key: str = "", route: int = 1) -> None:
    """A phone writes; without a key of its own it is another message each time."""
    own = key or str(len(raw(made, "select id from inbound")))
    made.engine.inbox.sink_for(route)([Inbound(phone, to, text, made.clock.now_us(), own)])


def inbox(made: World, actor: Actor | None = None, **wanted: str) -> list[dict[str, object]]:
    return made.engine.inbox.page(actor or made.owner, InboxFilter(**wanted)).rows


def texts(made: World, actor: Actor | None = None, **wanted: str) -> list[str]:
    return [str(row["content"]) for row in inbox(made, actor, **wanted)]


def stopped(made: World, actor: Actor | None = None) -> list[tuple[int, str]]:
    who = actor or made.owner
    return [(row["msisdn"], row["source"]) for row in made.engine.opt_outs.page(who).rows]


def together(*calls: Callable[[], object]) -> None:
    """Runs them at the same moment; what one raises is raised."""
    start, failed = threading.Barrier(len(calls)), list[BaseException]()

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_an_answer_lies_in_the_inbox_of_who_sent_last_and_names_what_it_answers(made: World, rival: Actor) -> None:
    sent(made, rival)
    task = sent(made)
    arrives(made, "Which door?", to="Bakery")
    (row,) = inbox(made)
    assert (row["phone"], row["content"], row["kind"], row["unread"]) == (PHONE, "Which door?", Kind.MESSAGE, True)
    assert (row["task_id"], row["task_name"], row["route_name"], row["recipient"]) == (
        task, "Parcels", "Simulator", "Bakery",
    )  # fmt: skip
    assert row["message_id"] == raw(made, "select id from message where task_id = $1", task)[0]["id"]
    assert inbox(made, rival) == []
    assert inbox(made, made.staff) == []


def test_the_sender_that_was_answered_tells_between_accounts(made: World, rival: Actor) -> None:
    sent(made, sender="Bakery")
    sent(made, rival, sender="Parcels")
    arrives(made, "one", to="bakery")
    arrives(made, "two", to="Parcels")
    arrives(made, "three", to="+61400000001")
    assert texts(made) == ["one"]
    assert texts(made, rival) == ["three", "two"]


def test_an_answer_to_a_number_is_not_for_a_brand_that_nobody_can_answer(made: World, rival: Actor) -> None:
    sent(made)
    sent(made, rival, sender="Rival")
    arrives(made, "a private answer", to="61400000000")
    assert (texts(made), texts(made, rival)) == (["a private answer"], [])
    arrives(made, "STOP", to="61400000000")
    assert len(stopped(made)) == len(stopped(made, rival)) == 1, "who says stop need not know whom"


@pytest.mark.parametrize(
    ("sent_to", "written"),
    [
        ("+525512345678", "+5215512345678"),
        ("+5491123456789", "+541123456789"),
        ("+61412345678", "+610412345678"),
        ("+61412345678", "0061412345678"),
    ],
)
def test_a_stop_is_heard_however_its_number_is_written(made: World, sent_to: str, written: str) -> None:
    sent(made, recipients=recipients.read_numbers(sent_to))
    arrives(made, "STOP", phone=written)
    assert (int(sent_to[1:]), "stop") in stopped(made)
    arrives(made, "START", phone=written)


def test_an_answer_after_the_window_is_the_operators(made: World) -> None:
    sent(made)
    made.clock.move(hours=ANSWER_DAYS * 24 - 1)
    arrives(made, "in time")
    made.clock.move(hours=2)
    arrives(made, "too late")
    assert texts(made) == ["in time"]
    assert texts(made, made.staff) == ["too late"]


def test_only_messages_over_that_route_or_carried_by_it_are_answered(made: World) -> None:
    other = made.add_route("Other", "sim://", enabled=True)
    task = sent(made)
    arrives(made, "not over this one", route=other)
    with made.store.transaction() as tx:
        tx.raw.execute("update message set carrier_id = $1 where task_id = $2", [other, task])  # type: ignore[attr-defined]
    arrives(made, "over the one that took over", route=other)
    arrives(made, "over its own")
    assert texts(made) == ["over its own", "over the one that took over"]
    assert texts(made, made.staff) == ["not over this one"]


def test_what_was_never_sent_is_not_answered(made: World, tmp_path: Path) -> None:
    later = to_datetime(made.clock.now_us() + DAY_US)
    made.send(1, scheduled_at=later)
    made.engine.tasks.cancel(made.owner, made.send(1, scheduled_at=later))
    refusing = made.add_route("Refusing", "sim://?reject=1", enabled=True)
    sent(made, route_id=refusing)
    arrives(made, "who is this?")
    arrives(made, "and this?", route=refusing)
    assert texts(made) == []
    assert texts(made, made.staff) == ["and this?", "who is this?"]


def test_an_answer_to_a_test_of_staff_is_the_operators_and_opts_nobody_out(made: World, admin: Actor) -> None:
    task = made.engine.route_test.send(admin, 1, PHONE)
    wait_until(lambda: settled(made, task))
    arrives(made, "works")
    arrives(made, "STOP")
    assert texts(made, admin, show=Show.UNREAD) == ["STOP", "works"]
    assert raw(made, "select * from opt_out") == []


def test_a_batch_finds_each_of_its_numbers(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LOOKUP_MOST", 7)
    task = made.send(30)
    wait_until(lambda: settled(made, task))
    now_us = made.clock.now_us()
    made.engine.inbox.sink_for(1)([Inbound(f"+{FIRST + n}", "", str(n), now_us, str(n)) for n in range(35)])
    assert texts(made) == [str(n) for n in reversed(range(30))]
    assert texts(made, made.staff) == [str(n) for n in reversed(range(30, 35))]


# --- once, and whatever comes ----------------------------------------------------------------------------------------


def test_the_same_again_changes_nothing(made: World) -> None:
    sent(made)
    sink, once = made.engine.inbox.sink_for(1), Inbound(PHONE, "", "STOP", made.clock.now_us(), "k1")
    sink([once, once])
    made.engine.opt_outs.remove(made.owner, FIRST, reason="asked to be back")
    sink([once])
    assert len(inbox(made)) == 1
    assert stopped(made) == []
    made.engine.inbox.sink_for(2)([once])  # another operator counts for itself
    assert len(raw(made, "select id from inbound")) == 2


def test_the_same_from_two_threads_is_kept_once(made: World) -> None:
    sent(made)
    sink, now_us = made.engine.inbox.sink_for(1), made.clock.now_us()
    batch = [Inbound(PHONE, "", f"text {n}", now_us, str(n)) for n in range(20)]
    together(*[lambda: [sink([one]) for one in batch]] * 3, lambda: sink(batch))
    assert sorted(texts(made)) == sorted(one.text for one in batch)
    assert len(notices_of(made, made.owner.account_id)) == 1


def test_what_the_sink_took_is_there_after_a_restart(tmp_path: Path) -> None:
    made = world(tmp_path, started=False)
    arrives(made, "STOP")
    made.store.close()
    again = Engine(made.engine.config, open_store(made.engine.config.url), made.clock)
    assert [row["content"] for row in again.inbox.page(made.staff).rows] == ["STOP"]
    again.store.close()


def test_a_sink_that_cannot_write_raises_and_keeps_nothing_of_the_call(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(made)

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("engine.inbox.delivery.tell", fail)
        with pytest.raises(OSError, match="full"):
            arrives(made, "STOP and more", key="k")
    assert raw(made, "select * from inbound") == []
    arrives(made, "STOP and more", key="k")
    assert texts(made) == ["STOP and more"]


@pytest.mark.parametrize(
    "odd",
    [
        Inbound("", "", "", 0, ""),
        Inbound("Vodafone", "x" * 500, "x" * 100_000, 2**70, "k" * 5_000),
        Inbound("+", "\x00", "a\x00b\ud800c", -1, "\ud800"),
        Inbound("+999999999999999999999999", "\udfff", "=1+1", 10**30, "\x00"),
        Inbound("12", "\n", "\u202e\u200b", 1, " "),
        Inbound("+61412000000; drop table inbound", "'", "'; delete from inbound; --", 1, "'"),
    ],
)
def test_nothing_an_operator_sends_is_refused_for_ever(made: World, odd: Inbound) -> None:
    sink = made.engine.inbox.sink_for(1)
    for _ in range(2):
        sink([odd, Inbound(PHONE, "", "a good one", made.clock.now_us(), "good")])
    rows = inbox(made, made.staff)
    assert [row["content"] for row in rows][:1] == ["a good one"]
    assert len(rows) == 2
    assert len(str(rows[1]["content"])) <= TEXT_LENGTH
    assert len(str(rows[1]["phone"])) <= ADDRESS_LENGTH
    made.engine.inbox.conversation(made.staff, int(str(rows[1]["id"])))
    made.engine.inbox.export(made.staff, fmt="xlsx")


def test_an_emoji_in_two_halves_is_whole_and_a_clock_that_is_not_set_is_ours(made: World) -> None:
    made.engine.inbox.sink_for(1)([Inbound("61 412", "", "good \ud83d\ude00\r\nbye", 5, "k")])
    (row,) = inbox(made, made.staff)
    assert (row["content"], row["phone"], row["msisdn"]) == ("good 😀\nbye", "61 412", None)
    assert row["sent_us"] == row["received_us"]


# --- STOP and START --------------------------------------------------------------------------------------------------


def test_a_stop_opts_out_is_audited_and_needs_nobody(made: World) -> None:
    sent(made)
    arrives(made, "Stop please!")
    (row,) = made.engine.opt_outs.page(made.owner).rows
    assert (row["msisdn"], row["source"], row["note"], row["member_name"]) == (FIRST, "stop", "“Stop please!”", None)
    (found,) = inbox(made)
    assert (found["kind"], found["unread"], found["opted_out"]) == (Kind.STOP, False, Source.STOP)
    assert notices_of(made, made.owner.account_id) == []
    (line,) = audited(made, "opt_out_added")
    assert (line["account_id"], line["subject"]) == (made.owner.account_id, f"number {FIRST}")
    preview = made.engine.tasks.preview(made.owner, made.draft(2))
    assert preview.messages["msisdn"].to_list() == [FIRST + 1]


def test_a_stop_counts_for_everybody_who_sent_over_that_address(made: World, rival: Actor) -> None:
    bystander = made.engine.accounts.ensure_account("bystander")
    sent(made)
    sent(made, rival)
    arrives(made, "STOP")
    assert (stopped(made), stopped(made, rival)) == ([(FIRST, "stop")], [(FIRST, "stop")])
    assert stopped(made, bystander) == []
    assert (texts(made), texts(made, rival)) == ([], ["STOP"])


def test_a_stop_to_one_sender_leaves_the_other_senders_alone(made: World, rival: Actor) -> None:
    sent(made, sender="Bakery")
    sent(made, rival, sender="Parcels")
    arrives(made, "STOP", to="Bakery")
    assert (stopped(made), stopped(made, rival)) == ([(FIRST, "stop")], [])


def test_a_longer_text_opts_nobody_out_until_somebody_does(made: World) -> None:
    sent(made)
    arrives(made, "I told you to stop")
    assert stopped(made) == []
    (row,) = inbox(made, show=Show.MAY_STOP)
    assert (row["unread"], row["opted_out"]) == (True, None)
    for _ in range(2):
        assert made.engine.inbox.opt_out(made.owner, int(str(row["id"]))) == FIRST
    (kept,) = made.engine.opt_outs.page(made.owner).rows
    assert (kept["source"], kept["note"]) == ("message", "Wrote “I told you to stop”")
    assert len(audited(made, "opt_out_added")) == 1


def test_start_takes_back_a_stop_and_nothing_else(made: World) -> None:
    sent(made)
    arrives(made, "STOP")
    arrives(made, "Start")
    assert stopped(made) == []
    (line,) = audited(made, "opt_out_removed")
    assert (line["account_id"], line["detail"]) == (made.owner.account_id, "Answered “Start” (had answered “STOP”)")
    made.engine.opt_outs.add(made.owner, PHONE, note="by letter")
    arrives(made, "UNSTOP")
    assert stopped(made) == [(FIRST, "manual")]
    assert [(row["content"], row["unread"]) for row in inbox(made)] == [
        ("UNSTOP", True), ("Start", False), ("STOP", False),
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "left"), [(("STOP", "START"), []), (("START", "STOP"), [(FIRST, "stop")])])
def test_the_last_word_of_a_batch_counts(made: World, words: tuple[str, str], left: list[object]) -> None:
    sent(made)
    now_us = made.clock.now_us()
    made.engine.inbox.sink_for(1)([Inbound(PHONE, "", word, now_us, word) for word in words])
    assert stopped(made) == left


def test_who_stops_while_a_task_is_being_sent_gets_nothing_more_of_it(made: World) -> None:
    sent(made)
    before = ledger.balance(made.store, made.owner.account_id)
    made.engine._dispatcher.pause()
    task = made.send(3)
    wait_until(lambda: made.row(task)["state"] == "sending")
    arrives(made, "STOP")
    rows = raw(made, "select state, reason, msisdn from message where task_id = $1 order by id", task)
    assert [(row["state"], row["reason"]) for row in rows] == [
        ("cancelled", "opted_out"),
        ("queued", None),
        ("queued", None),
    ]
    made.engine._dispatcher.resume()
    wait_until(lambda: settled(made, task))
    after = ledger.balance(made.store, made.owner.account_id)
    assert (before.available_micro - after.available_micro, after.held_micro) == (2 * MICRO, 0)
    assert made.engine.reconcile().ok


def test_an_opt_out_by_hand_stops_what_is_being_sent_too(made: World) -> None:
    sent(made)
    arrives(made, "I told you to stop")
    made.engine._dispatcher.pause()
    task = made.send(2)
    wait_until(lambda: made.row(task)["state"] == "sending")
    made.engine.inbox.opt_out(made.owner, int(str(inbox(made)[0]["id"])))
    assert made.row(task)["cancelled"] == 1


def test_who_stops_before_a_scheduled_time_is_left_out_when_it_comes(made: World) -> None:
    sent(made)
    task = made.send(2, scheduled_at=to_datetime(made.clock.now_us() + DAY_US))
    arrives(made, "STOP")
    assert made.row(task)["cancelled"] == 0
    made.clock.move(hours=25)
    made.engine.scheduler.wake()
    wait_until(lambda: settled(made, task))
    assert (made.row(task)["cancelled"], made.row(task)["delivered"]) == (1, 1)


def test_a_stop_at_the_moment_a_task_begins_wins(made: World) -> None:
    """Whichever of the two commits first: nothing of it waits for that number."""
    sent(made)
    made.engine.scheduler.stop()  # the test begins the tasks itself
    made.engine._dispatcher.pause()
    for turn in range(5):
        task, begins = made.send(2), made.clock.now_us()
        together(
            lambda task=task, begins=begins: made.engine._dispatcher.begin(task, due_us=begins + DAY_US),
            lambda turn=turn: arrives(made, "STOP", key=f"stop {turn}"),
        )
        rows = raw(made, "select state, reason from message where task_id = $1 order by id", task)
        assert [(row["state"], row["reason"]) for row in rows] == [("cancelled", "opted_out"), ("queued", None)]
        made.engine.opt_outs.remove(made.owner, FIRST, reason="the next turn")
    assert made.engine.reconcile().ok


# --- being told, reading ---------------------------------------------------------------------------------------------


def test_a_burst_is_one_notice_and_the_next_one_after_reading_another(made: World) -> None:
    sent(made)
    arrives(made, "one")
    arrives(made, "two")
    assert notices_of(made, made.owner.account_id) == [f"A message from {PHONE} arrived in your inbox."]
    made.engine.inbox.mark_read(made.owner, int(str(inbox(made)[0]["id"])))
    now_us = made.clock.now_us()
    made.engine.inbox.sink_for(1)([Inbound(PHONE, "", text, now_us, text) for text in ("three", "four", "five")])
    assert notices_of(made, made.owner.account_id)[1:] == ["3 messages from phones arrived in your inbox."]


def test_reading_one_reads_all_of_its_phone_and_one_can_be_unread_again(made: World) -> None:
    task = made.send(2)
    wait_until(lambda: settled(made, task))
    for text in ("one", "two"):
        arrives(made, text)
    arrives(made, "another phone", phone=f"+{FIRST + 1}")
    newest, *_, oldest = (int(str(row["id"])) for row in inbox(made))
    assert made.engine.inbox.unread(made.owner) == 3
    made.engine.inbox.mark_read(made.owner, oldest)
    assert texts(made, show=Show.UNREAD) == ["another phone"]
    made.engine.inbox.mark_unread(made.owner, oldest)
    assert texts(made, show=Show.UNREAD) == ["another phone", "one"]
    made.engine.inbox.mark_all_read(made.owner, newest - 1)
    assert texts(made, show=Show.UNREAD) == ["another phone"]
    made.engine.inbox.mark_all_read(made.owner, newest)
    assert made.engine.inbox.unread(made.owner) == 0


def test_who_only_reads_changes_nothing(made: World, admin: Actor) -> None:
    sent(made)
    arrives(made, "please stop this now, all of you")
    one = int(str(inbox(made)[0]["id"]))
    viewer = made.engine.desk.viewer(admin, made.owner.account_id)
    assert made.engine.inbox.conversation(viewer, one).row["phone"] == PHONE
    for actor in (viewer, replace(made.owner, role=Role.ANALYST)):
        for change in (made.engine.inbox.mark_read, made.engine.inbox.mark_unread, made.engine.inbox.opt_out):
            with pytest.raises(AccessError):
                change(actor, one)
    assert (made.engine.inbox.unread(made.owner), stopped(made)) == (1, [])


# --- what is nobody's ------------------------------------------------------------------------------------------------


def test_staff_are_told_of_what_is_nobodys_and_can_give_it_to_an_account(
    made: World, rival: Actor, admin: Actor
) -> None:
    arrives(made, "hello?", to="1900")
    arrives(made, "STOP", to="1900")
    arrives(made, "elsewhere", to="1901")
    told = raw(made, "select sentence, link from notice where account_id is null and kind = 'inbox'")
    assert [(row["sentence"], row["link"]) for row in told] == [
        (f"A message from {PHONE} arrived that nobody here had written to: see the inbox.", "inbox")
    ]
    assert made.engine.inbox.unread(admin) == 3
    one = int(str(inbox(made, admin, search="hello")[0]["id"]))
    with pytest.raises(AccessError):
        made.engine.inbox.assign(admin, one, admin.account_id)
    assert made.engine.inbox.assign(admin, one, made.owner.account_id) == 2
    assert texts(made, admin) == ["elsewhere"]
    assert [(row["content"], row["unread"]) for row in inbox(made)] == [("STOP", False), ("hello?", True)]
    assert (stopped(made), stopped(made, rival)) == ([(FIRST, "stop")], [])
    assert notices_of(made, made.owner.account_id) == [f"A message from {PHONE} arrived in your inbox."]
    (line,) = audited(made, "answers_assigned")
    assert (line["member_id"], line["account_id"], line["detail"]) == (
        admin.user_id, made.owner.account_id, f"2 from {PHONE} to 1900",
    )  # fmt: skip
    with pytest.raises(AccessError):
        made.engine.inbox.assign(admin, one, rival.account_id)


# --- pages, conversations, files -------------------------------------------------------------------------------------


def test_pages_are_newest_first_and_can_be_searched(made: World) -> None:
    task = made.send(5)
    wait_until(lambda: settled(made, task))
    for n, text in enumerate(["Which door?", "STOP", "Ja, gern", "100% sure", "I will not stop"]):
        arrives(made, text, phone=f"+{FIRST + n}")
    first = made.engine.inbox.page(made.owner, limit=2)
    second = made.engine.inbox.page(made.owner, limit=3, after=first.next_after)
    assert [row["content"] for row in (*first.rows, *second.rows)] == [
        "I will not stop", "100% sure", "Ja, gern", "STOP", "Which door?",
    ]  # fmt: skip
    assert second.next_after is None
    for show, search, found in (
        ("all", "DOOR", ["Which door?"]),
        ("all", "+61 412 000 002", ["Ja, gern"]),
        ("all", "0412000003", ["100% sure"]),
        ("all", "% sure", ["100% sure"]),
        ("all", "\ud800nothing", []),
        ("stop", "", ["STOP"]),
        ("may_stop", "", ["I will not stop"]),
        ("unread", "o", ["I will not stop", "Which door?"]),
    ):
        assert texts(made, show=show, search=search) == found, (show, search)
    with pytest.raises(InputError):
        inbox(made, show="everything")


def test_a_conversation_has_both_sides_in_order(made: World, rival: Actor) -> None:
    sent(made, content="Your parcel arrives at ten")
    arrives(made, "Make it eleven")
    made.clock.move(seconds=1)
    task = sent(made, content="Eleven it is")
    made.clock.move(seconds=1)
    arrives(made, "STOP")
    sent(made, rival, content="Not yours to see")
    one = int(str(inbox(made)[-1]["id"]))
    found = made.engine.inbox.conversation(made.owner, one)
    assert [(line["ours"], line["content"]) for line in found.lines] == [
        (True, "Your parcel arrives at ten"), (False, "Make it eleven"), (True, "Eleven it is"), (False, "STOP"),
    ]  # fmt: skip
    assert (found.lines[2]["state"], found.lines[2]["task_id"], found.more) == ("delivered", task, False)
    assert found.opt_out is not None
    assert found.opt_out["source"] == Source.STOP
    with pytest.raises(AccessError):
        made.engine.inbox.conversation(rival, one)


def test_a_long_conversation_shows_its_end(made: World) -> None:
    sent(made)
    now_us = made.clock.now_us()
    batch = [Inbound(PHONE, "", f"text {n}", now_us, str(n)) for n in range(CONVERSATION_ROWS + 3)]
    made.engine.inbox.sink_for(1)(batch)
    found = made.engine.inbox.conversation(made.owner, int(str(inbox(made)[0]["id"])))
    assert (len(found.lines), found.more) == (CONVERSATION_ROWS, True)
    assert [line["content"] for line in (found.lines[0], found.lines[-1])] == [
        "text 3",
        f"text {CONVERSATION_ROWS + 2}",
    ]


def test_the_file_runs_no_formula_and_has_digits(made: World) -> None:
    sent(made, name="=Sale")
    arrives(made, "=1+1", to="+61400000001")
    head, line = made.engine.inbox.export(made.owner).decode("utf-8-sig").splitlines()
    assert head == "received,from,to,route,kind,text,answers_task,opted_out"
    assert line.split(",")[1:] == [str(FIRST), "'+61400000001", "Simulator", "Message", "'=1+1", "'=Sale", "no"]
    assert made.engine.inbox.export(made.owner, fmt="xlsx")[:2] == b"PK"
    with pytest.raises(InputError):
        made.engine.inbox.export(made.owner, fmt="pdf")


def test_the_old_and_the_too_many_are_dropped(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "KEPT_MOST", 2)
    sent(made)
    for text in ("one", "two", "three"):
        arrives(made, text)
        arrives(made, f"nobody's {text}", phone="+4512345678")
    made.engine.inbox.drop_old()
    assert texts(made) == ["three", "two"]
    assert texts(made, made.staff) == ["nobody's three", "nobody's two"]
    made.clock.move(hours=24 * service.KEPT_DAYS + 1)
    made.engine.inbox.drop_old()
    assert raw(made, "select id from inbound") == []


def test_routes_that_can_bring_answers_are_all_but_simulators(made: World) -> None:
    assert made.engine.inbox.receiving(made.owner) == []
    for name, enabled in (("Premium", True), ("Closed", False)):
        route = made.add_route(name, "sim://", enabled=enabled)
        with made.store.transaction() as tx:
            tx.raw.execute("update route set gateway = 'smpp://us:pw@127.0.0.1:2775' where id = $1", [route])  # type: ignore[attr-defined]
    assert made.engine.inbox.receiving(made.owner) == ["Premium"]


def test_notices_of_before_are_kept_by_the_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, known = f"duckdb:///{tmp_path / 'old.db'}", migrations()
    with monkeypatch.context() as older:
        older.setattr("engine.store.duck.migrations", lambda: [step for step in known if step[0] < INBOX_MIGRATION])
        store = open_store(url)
    with store.transaction() as tx:
        tell_account(tx, 7, NoticeKind.TASK, "Stopped", link="task?id=1", now_us=5)
    store.close()
    store = open_store(url)
    (row,) = store.all("notices.of_account", 7, 2**62, 1, 10)
    assert (row["kind"], row["sentence"], row["link"], row["created_us"]) == ("task", "Stopped", "task?id=1", 5)
    store.close()
