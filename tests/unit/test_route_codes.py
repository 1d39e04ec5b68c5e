"""An operator's own codes: entered, changed and removed with an audit, read from files, and noticed when unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine import routes
from engine.errors import AccessError, InputError
from engine.gateways import Gateway, Outcome, OutcomeKind, Receipt, ReceiptState, Submission
from engine.gateways.simulator import Simulator
from engine.model import Actor, FailReason, Role
from engine.routes import Code, RowProblem, code_table, read_codes, write_codes
from engine.routes.codes import MOST_CODES, checked, code_in
from tests.kit import World, audited, operator, raw, settled, wait_until, world

FULL = Code("err:032", "The phone has no room for more messages.", FailReason.MEMORY_FULL)
BUSY = Code("0x0401", "", FailReason.REJECTED, retry=True)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path, started=False)
    yield built
    built.engine.stop()


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made)


def test_entries_are_added_changed_and_removed_and_others_stay(made: World, admin: Actor) -> None:
    change = made.engine.routes.change_codes
    change(admin, 1, put=[FULL, BUSY])
    change(admin, 1, put=[Code("err:032", "Full.", FailReason.MEMORY_FULL)])
    assert code_table(made.store, 1) == {
        "0x0401": BUSY,
        "err:032": Code("err:032", "Full.", FailReason.MEMORY_FULL),
    }
    change(admin, 1, drop=["err:032", "err:999"])
    change(admin, 1, put=[BUSY])  # as it is: nothing to tell
    assert code_table(made.store, 1) == {"0x0401": BUSY}
    assert [line["detail"] for line in audited(made, "route_codes")] == [
        "err:032 added “The phone has no room for more messages.” (memory_full); "
        "0x0401 added “The operator refused the message without a reason.” (rejected, tried again)",
        "err:032 “The phone has no room for more messages.” (memory_full) → “Full.” (memory_full)",
        "err:032 removed",
    ]
    assert [(row["code"], row["member_name"]) for row in made.engine.routes.code_entries(admin, 1)] == [
        ("0x0401", admin.name)
    ]


def test_a_table_belongs_to_its_route(made: World, admin: Actor) -> None:
    other = made.add_route("Other", "sim://")
    made.engine.routes.change_codes(admin, other, put=[FULL])
    assert code_table(made.store, 1) == {}
    assert code_table(made.store, other) == {"err:032": FULL}
    with pytest.raises(AccessError):
        made.engine.routes.change_codes(admin, 999, put=[FULL])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" ERR:032 ", "err:032"), ("0x401", "0x0401"), ("0X04ff", "0x04FF"), ("30007", "30007"), ("EC_X", "EC_X")],
)
def test_a_code_is_kept_as_gateways_write_it(typed: str, kept: str) -> None:
    assert checked(Code(typed, " x ", FailReason.ABSENT)) == Code(kept, "x", FailReason.ABSENT)


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ("stat:UNDELIV err:032", "err:032"),
        ("stat:DELIVRD err:000", ""),
        ("err:32 text err:33", "err:32"),
        ("0x0B phone number not valid", "0x000B"),
        ("0x0455 no contract", "0x0455"),
        ("30007 Message filtered", "30007"),
        ("HTTP 400 21211 Invalid number", "21211"),
        ("HTTP 503 no reason", ""),
        ("EC_ABSENT_SUBSCRIBER the phone is off", "EC_ABSENT_SUBSCRIBER"),
        ("nothing answers at 127.0.0.1:9", ""),
        ("the operator refused 5 of them", ""),
        ("stat:EXPIRED", ""),
        ("", ""),
    ],
)
def test_the_code_is_found_in_what_the_operator_said(detail: str, code: str) -> None:
    assert code_in(detail) == code


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("Code", Code("", "x", FailReason.ABSENT)),
        ("Code", Code("two words", "x", FailReason.ABSENT)),
        ("Code", Code("x" * 41, "x", FailReason.ABSENT)),
        ("Code", Code("a\x00b", "x", FailReason.ABSENT)),
        ("Code", Code("código", "x", FailReason.ABSENT)),
        ("Meaning", Code("1", "x" * 161, FailReason.ABSENT)),
        ("Meaning", Code("1", "two\nlines", FailReason.ABSENT)),
        ("Reason", Code("1", "x", FailReason.CANCELLED)),
        ("Try again", Code("err:001", "x", FailReason.ABSENT, retry=True)),
    ],
)
def test_a_wrong_entry_is_named(field: str, entry: Code) -> None:
    with pytest.raises(InputError) as caught:
        checked(entry)
    assert caught.value.facts["field"] == field


def test_with_a_wrong_entry_or_too_many_nothing_is_changed(made: World, admin: Actor) -> None:
    change = made.engine.routes.change_codes
    with pytest.raises(InputError):
        change(admin, 1, put=[FULL, Code("", "x", FailReason.ABSENT)])
    assert code_table(made.store, 1) == {}
    many = [Code(str(number), "", FailReason.REJECTED) for number in range(MOST_CODES)]
    change(admin, 1, put=many)
    with pytest.raises(InputError, match="at most"):
        change(admin, 1, put=[FULL])
    change(admin, 1, put=[FULL], drop=["0"])
    assert len(code_table(made.store, 1)) == MOST_CODES


# --- Files -----------------------------------------------------------------------------------------------------------


def test_what_is_written_can_be_read_again() -> None:
    codes = (FULL, BUSY, Code("-7", '=1+1, "quoted"', FailReason.ABSENT))
    written = write_codes(codes)
    assert b"'-7" in written
    assert b"'=1+1" in written
    assert read_codes(written) == routes.CodeFile(codes, ())


def test_every_wrong_row_is_named_by_its_number() -> None:
    found = read_codes(
        b"code;meaning;reason;retry\n030;ok;absent;\n031;x;nonsense;\n\n030;again;absent;no\n a b;x;absent;\n"
        b"err:1;x;Memory full;yes\n032;x;absent;perhaps\n0x1;;memory full;yes\n"
    )
    assert [entry.code for entry in found.codes] == ["030", "0x0001"]
    assert [problem.row for problem in found.problems] == [3, 5, 6, 7, 8]
    words = " ".join(problem.sentence for problem in found.problems)
    for said in ("has to be one of: absent", "earlier row", "without spaces", "for good", "yes or no"):
        assert said in words
    assert found.problems[0] == RowProblem(3, "031, x, nonsense", found.problems[0].sentence)


HEAD = b"code,meaning,reason\n"


@pytest.mark.parametrize(
    "data",
    [b"", b"code,meaning\n1,x\n", b"\xff", b"a\x00b", b"x" * 1_000_001, HEAD + b"1,x,absent\n" * 1_001,
     HEAD + b'"' + b"x" * 140_000],
)  # fmt: skip
def test_what_is_no_list_of_codes_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_codes(data)
    assert caught.value.code == "codes_file"


# --- Codes seen lately -----------------------------------------------------------------------------------------------


class Talking(Simulator):
    """Refuses some messages with a code and has others reported with one, as operators do."""

    def submit(self, batch: Sequence[Submission]) -> list[Outcome]:
        outcomes = [self._answer(place, one) for place, one in enumerate(batch)]
        failed = [
            Receipt(outcome.provider_ref, ReceiptState.FAILED, 0, FailReason.UNDELIVERABLE, "stat:UNDELIV err:099")
            for outcome in outcomes
            if outcome.kind is OutcomeKind.ACCEPTED
        ]
        self.sink(failed)
        return outcomes

    def open(self, sink: Callable[[Sequence[Receipt]], None], inbound: Any = None) -> None:
        super().open(sink, inbound)
        self.sink = sink

    def _answer(self, place: int, one: Submission) -> Outcome:
        if place < 3:
            return Outcome(OutcomeKind.REJECTED, reason=FailReason.REJECTED, detail="0x0455 no contract")
        if place == 3:
            return Outcome(OutcomeKind.REJECTED, reason=FailReason.REJECTED, detail="without a code")
        return Outcome(OutcomeKind.ACCEPTED, provider_ref=f"r{one.message_id}")


def test_codes_without_an_entry_are_noticed(tmp_path: Path) -> None:
    def build(url: str) -> Gateway:
        return Talking.from_url(url)

    made = world(tmp_path, gateways=build)
    try:
        task = made.send(5)
        wait_until(lambda: settled(made, task))
        assert raw(made, "select count(*) as n from message where state = 'failed'") == [{"n": 5}]
        staff, admin = operator(made, Role.STAFF), operator(made)
        seen = made.engine.routes.codes_seen(staff, 1)
        assert [(row["code"], row["messages"], row["detail"]) for row in seen] == [
            ("0x0455", 3, "0x0455 no contract"),
            ("err:099", 1, "stat:UNDELIV err:099"),
        ]
        made.engine.routes.change_codes(admin, 1, put=[Code("0x455", "No contract.", FailReason.REJECTED)])
        assert [row["code"] for row in made.engine.routes.codes_seen(staff, 1)] == ["err:099"]
        made.clock.move(hours=24 * 8)
        assert made.engine.routes.codes_seen(staff, 1) == []
    finally:
        made.engine.stop()
