"""The simulator's own promises: parameters, endings, determinism, oddities, journal; and the masking of addresses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.gateways import GatewayDown, OutcomeKind, Receipt, ReceiptState, Submission, fates, gateway_for, safe_url
from engine.gateways import simulator as module
from engine.gateways.fates import ENDINGS, PARAMETERS, Dice, Settings, happens, parse_settings
from engine.gateways.simulator import RECEIPT_BATCH, UNKNOWN_PREFIX, Simulator
from engine.model import Encoding, FailReason

WAIT_S = 10.0
SAMPLE = 20_000
TOLERANCE = 0.01  # about 3 standard deviations of a share of one half


class Inbox:
    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.batches: list[int] = []
        self.first_at_s = 0.0
        self.open_gate = threading.Event()
        self.open_gate.set()
        self._changed = threading.Condition()

    def __call__(self, receipts: Sequence[Receipt]) -> None:
        self.open_gate.wait(WAIT_S)
        with self._changed:
            self.first_at_s = self.first_at_s or time.monotonic()
            self.receipts.extend(receipts)
            self.batches.append(len(receipts))
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[Receipt]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.receipts) >= count, timeout=WAIT_S), len(self.receipts)
            return list(self.receipts)


Opened = tuple[Simulator, Inbox]


@pytest.fixture
def start() -> Iterator[Callable[[str], Opened]]:
    """Opens simulators by the query of their address and closes them after the test."""
    opened: list[Simulator] = []

    def open_one(query: str) -> Opened:
        gateway, inbox = Simulator.from_url(f"sim://?{query}"), Inbox()
        gateway.open(inbox)
        opened.append(gateway)
        return gateway, inbox

    yield open_one
    for gateway in opened:
        gateway.close()


def messages(count: int, *, first_id: int = 1, sender: str | None = None) -> list[Submission]:
    return [message(first_id + index, f"+6141{index:06d}0", sender) for index in range(count)]


def message(message_id: int, msisdn: str, sender: str | None = None) -> Submission:
    return Submission(message_id, msisdn, sender, "Your parcel arrives today.", Encoding.GSM7, 1)


def refs_of(gateway: Simulator, batch: Sequence[Submission]) -> list[str]:
    return [outcome.provider_ref for outcome in gateway.submit(batch) if outcome.kind is OutcomeKind.ACCEPTED]


# Address and parameters.


def test_every_parameter_is_a_setting_with_a_sentence() -> None:
    assert set(PARAMETERS) == set(Settings.__dataclass_fields__)
    for parameter in PARAMETERS.values():
        assert parameter.sentence.endswith(".")


def test_an_address_without_parameters_delivers_everything() -> None:
    for url in ("sim://", "sim:", "SIM://", "sim://?"):
        assert parse_settings(url) == Settings()


def test_every_parameter_is_read_from_the_address() -> None:
    values: dict[str, object] = {}
    for name, parameter in PARAMETERS.items():
        values[name] = "A b" if parameter.most is None else 3 if isinstance(parameter.most, int) else 0.125
    query = "&".join(f"{name}={value}".replace(" ", "%20") for name, value in values.items())
    settings = parse_settings(f"sim://?{query}")
    assert {name: getattr(settings, name) for name in PARAMETERS} == values


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("fail=1.01", "fail"),
        ("fail=nan", "fail"),
        ("fail=-0.1", "fail"),
        ("fail=1e-2", "fail"),
        ("fail=", "fail"),
        ("fail", "fail"),
        ("fail=٠", "fail"),
        ("seed=1.5", "seed"),
        ("seed=99999999999999999999", "seed"),
        ("receipt_ms=86400001", "receipt_ms"),
        ("latency_ms=60001", "latency_ms"),
        ("journal=", "journal"),
        ("journal=a%00b", "journal"),
        ("fail=0.1&fail=0.1", "fail"),
        ("fial=0.1", "fial"),
        ("&", "there is no parameter"),
        ("fail=0.6&lost=0.5", "lost"),
        ("ims:hunter2@host", "there is no parameter “…”"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(query: str, named: str) -> None:
    with pytest.raises(InputError, match=named) as refusal:
        gateway_for(f"sim://?{query}")
    assert refusal.value.code == "gateway_url"


def problem_of(query: str) -> str:
    """Empty when the query can be used; checks that the settings are within their bounds then."""
    try:
        settings = parse_settings(f"sim://?{query}")
    except ValueError as refusal:
        return str(refusal)
    assert all(0 <= getattr(settings, name) <= p.most for name, p in PARAMETERS.items() if p.most is not None)
    return ""


@given(
    st.lists(st.tuples(st.sampled_from([*PARAMETERS, "x"]), st.text() | st.integers() | st.floats(0, 1)), max_size=4)
)
def test_any_query_gives_settings_within_bounds_or_a_sentence(items: list[tuple[str, object]]) -> None:
    assert problem_of("&".join(f"{name}={value}" for name, value in items))[-1:] in {"", "."}


@pytest.mark.parametrize("url", ["", "sim", "smtp://host", "://", "http//x", "sim" * 1000, " \n"])
def test_an_unknown_scheme_is_refused_and_says_what_is_known(url: str) -> None:
    with pytest.raises(InputError, match=r"sim://|longer than"):
        gateway_for(url)


def test_spaces_around_an_address_do_not_matter() -> None:
    assert isinstance(gateway_for("  sim://?seed=1\n"), Simulator)


# Masking.


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("smpp://ims:hunter2@host:2775?window=50", "smpp://ims:***@host:2775?window=50"),
        ("smpp://ims:hun@ter/2?x#y@host:2775", "smpp://ims:***@host:2775"),
        ("smpp://ims:hunter2", "smpp://ims:***"),
        ("ims:hunter2@host", "ims:***@host"),
        ("https://hunter2@host/send", "https://***@host/send"),
        ("https://host/send?api_key=hunter2&from=a@b", "https://host/send?api_key=***&from=a@b"),
        ("https://host/send?from=x&Password=hunter2", "https://host/send?from=x&Password=***"),
        ("https://host:8443/send?x=1", "https://host:8443/send?x=1"),
        ("smpp://[::1]:2775", "smpp://[::1]:2775"),
        ("sim://?fail=0.05&seed=1", "sim://?fail=0.05&seed=1"),
        ("sim://?\x1b[31m", "sim://?�[31m"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert safe_url(url) == shown


@given(
    password=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=8, max_size=20).map(
        "Q~{}~Q".format
    ),
    scheme=st.sampled_from(["smpp", "https", "sim"]),
)
def test_no_password_survives_masking(password: str, scheme: str) -> None:
    url = f"{scheme}://ims:{password}@host:2775?tps=ten"
    assert password not in safe_url(url)
    with pytest.raises(InputError) as refusal:
        gateway_for(url)
    assert password not in f"{refusal.value}{refusal.value.facts}"


def test_a_long_address_is_cut_for_display() -> None:
    assert len(safe_url("sim://?" + "x" * 5000)) == 200


# Fates.


@given(seed=st.integers(0, 2**63 - 1), message_id=st.integers(1, 2**63 - 1), digits=st.integers(10**7, 10**14))
def test_the_fate_is_a_function_of_seed_message_and_number(seed: int, message_id: int, digits: int) -> None:
    settings = Settings(fail=0.3, reject=0.3, expire=0.3, seed=seed)
    first, second = Dice(settings), Dice(settings)
    draw = first.draw(message_id, f"+{digits}")
    assert draw == second.draw(message_id, f"+{digits}")
    assert 0 <= draw < 2**64
    assert first.fate(draw, f"+{digits}") is second.fate(draw, f"+{digits}")


def test_another_seed_message_or_number_is_another_draw() -> None:
    draw = Dice(Settings(seed=1)).draw(1, "+61412345678")
    assert draw != Dice(Settings(seed=2)).draw(1, "+61412345678")
    assert draw != Dice(Settings(seed=1)).draw(2, "+61412345678")
    assert draw != Dice(Settings(seed=1)).draw(1, "+61412345679")


def test_shares_come_out_as_asked() -> None:
    dice = Dice(Settings(fail=0.2, expire=0.1, reject=0.15, lost=0.05, doubt=0.1, seed=3))
    seen: Counter[str] = Counter()
    for m in messages(SAMPLE):
        fate = dice.fate(dice.draw(m.message_id, m.msisdn), m.msisdn)
        if fate.refusal:
            seen[fate.refusal.kind] += 1
        else:
            seen[fate.verdict.state if fate.verdict else "silence"] += 1
    wanted = {"rejected": 0.15, "lost": 0.1, "failed": 0.2, "expired": 0.1, "silence": 0.05, "delivered": 0.4}
    assert seen.keys() == wanted.keys()
    for name, share in wanted.items():
        assert seen[name] / SAMPLE == pytest.approx(share, abs=TOLERANCE), name


def test_failures_have_a_mix_of_reasons_with_absent_first() -> None:
    dice = Dice(Settings(fail=1.0))
    fates = [dice.fate(dice.draw(m.message_id, m.msisdn), m.msisdn) for m in messages(SAMPLE)]
    reasons = Counter(fate.verdict.reason for fate in fates if fate.verdict)
    assert reasons.most_common(1)[0][0] is FailReason.ABSENT
    assert set(reasons) == {
        FailReason.ABSENT,
        FailReason.UNKNOWN_SUBSCRIBER,
        FailReason.UNDELIVERABLE,
        FailReason.BARRED,
        FailReason.MEMORY_FULL,
    }


def test_a_share_of_one_is_everybody_and_of_nothing_nobody() -> None:
    for name in ("late", "duplicate", "throttle"):
        assert all(happens(draw, name, 1.0) for draw in range(1000))
        assert not any(happens(draw, name, 0.0) for draw in range(1000))


def test_oddities_are_independent_of_each_other() -> None:
    both = sum(happens(d, "late", 0.5) and happens(d, "duplicate", 0.5) for d in range(SAMPLE))
    assert both / SAMPLE == pytest.approx(0.25, abs=TOLERANCE)


# Endings.


def test_the_endings_are_the_documented_ones() -> None:
    wanted = {
        "9901": (ReceiptState.FAILED, FailReason.ABSENT),
        "9902": (OutcomeKind.REJECTED, FailReason.INVALID_NUMBER),
        "9903": (ReceiptState.EXPIRED, FailReason.EXPIRED),
        "9904": (ReceiptState.FAILED, FailReason.BARRED),
        "9905": (ReceiptState.FAILED, FailReason.MEMORY_FULL),
    }
    found: dict[str, tuple[object, object]] = {}
    for digits, ending in ENDINGS.items():
        assert ending.sentence.endswith(".")
        if ending.fate.verdict:
            found[digits] = (ending.fate.verdict.state, ending.fate.verdict.reason)
        elif ending.fate.refusal:
            found[digits] = (ending.fate.refusal.kind, ending.fate.refusal.reason)
    assert found == wanted


@pytest.mark.parametrize("query", ["", "fail=1", "lost=1", "doubt=1", "reject=1", "expire=1&seed=9"])
def test_a_number_with_a_known_ending_does_the_same_on_every_simulator(
    start: Callable[[str], Opened], query: str
) -> None:
    gateway, inbox = start(query)
    outcomes = gateway.submit([message(i, f"+4915123{digits}") for i, digits in enumerate(ENDINGS, 1)])
    assert [outcome.kind for outcome in outcomes] == [
        OutcomeKind.ACCEPTED,
        OutcomeKind.REJECTED,
        OutcomeKind.ACCEPTED,
        OutcomeKind.ACCEPTED,
        OutcomeKind.ACCEPTED,
    ]
    assert [receipt.reason for receipt in inbox.wait_for(4)] == [
        FailReason.ABSENT,
        FailReason.EXPIRED,
        FailReason.BARRED,
        FailReason.MEMORY_FULL,
    ]


# Oddities.


def test_duplicate_receipts_come_twice_and_say_the_same(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("duplicate=1&fail=0.5")
    refs = refs_of(gateway, messages(200))
    by_ref: dict[str, list[ReceiptState]] = {}
    for receipt in inbox.wait_for(400):
        by_ref.setdefault(receipt.provider_ref, []).append(receipt.state)
    assert by_ref.keys() == set(refs)
    assert all(len(states) == 2 and states[0] is states[1] for states in by_ref.values())
    assert inbox.batches[0] < 400, "some come in a call of their own"


def test_contradicting_receipts_follow_the_true_one(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("contradict=1")
    refs_of(gateway, messages(200))
    by_ref: dict[str, list[ReceiptState]] = {}
    for receipt in inbox.wait_for(400):
        by_ref.setdefault(receipt.provider_ref, []).append(receipt.state)
    assert set(map(tuple, by_ref.values())) == {(ReceiptState.DELIVERED, ReceiptState.FAILED)}


def test_on_its_way_comes_before_the_final_receipt(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("enroute=1")
    refs_of(gateway, messages(1))
    assert [r.state for r in inbox.wait_for(2)] == [ReceiptState.ENROUTE, ReceiptState.DELIVERED]


def test_early_receipts_are_with_the_sink_before_submit_returns(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("early=1&receipt_ms=60000")
    refs = refs_of(gateway, messages(2500))
    assert [receipt.provider_ref for receipt in inbox.receipts] == refs


def test_a_stuck_sink_delays_a_submit_with_early_receipts_only_so_long(
    start: Callable[[str], Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EARLY_WAIT_S", 0.1)
    gateway, inbox = start("early=1")
    inbox.open_gate.clear()
    assert len(gateway.submit(messages(3))) == 3
    assert inbox.receipts == []
    inbox.open_gate.set()
    inbox.wait_for(3)


def test_receipts_wait_for_their_time_and_late_ones_longer(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("receipt_ms=100&late=0.5&late_ms=400")
    started_s = time.monotonic()
    refs_of(gateway, messages(100))
    inbox.wait_for(1)
    assert inbox.first_at_s - started_s >= 0.1
    prompt = len(inbox.receipts)
    inbox.wait_for(100)
    assert time.monotonic() - started_s >= 0.5
    assert 20 < prompt < 80


def test_jitter_spreads_receipts(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("receipt_jitter_ms=300")
    refs = refs_of(gateway, messages(200))
    assert {r.provider_ref for r in inbox.wait_for(200)} == set(refs)
    assert len(inbox.batches) > 2


def test_lost_receipts_never_come(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("lost=0.5&duplicate=1&late=0.1&late_ms=1")
    refs = refs_of(gateway, messages(100))
    silent = {ref for ref in refs if ref.split("-")[2] == "l"}
    assert 20 < len(silent) < 80
    inbox.wait_for(2 * (100 - len(silent)))
    time.sleep(0.05)
    assert silent.isdisjoint(receipt.provider_ref for receipt in inbox.receipts)


def test_unknown_receipts_are_for_references_nobody_was_given(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("unknown=1&lost=1")
    refs = refs_of(gateway, messages(50))
    foreign = [receipt.provider_ref for receipt in inbox.wait_for(50)]
    assert len(set(foreign)) == 50
    assert all(ref.startswith(UNKNOWN_PREFIX) and ref not in refs for ref in foreign)


def test_doubt_is_lost_without_a_reference_or_a_receipt(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("doubt=1")
    outcomes = gateway.submit(messages(20))
    assert {(o.kind, o.provider_ref) for o in outcomes} == {(OutcomeKind.LOST, "")}
    time.sleep(0.05)
    assert inbox.receipts == []


def test_throttled_messages_are_unsent_and_get_through_when_tried_again(start: Callable[[str], Opened]) -> None:
    gateway, _ = start("throttle=0.5&retry_ms=250")
    waiting, rounds = messages(200), 0
    while waiting and rounds < 50:
        outcomes = gateway.submit(waiting)
        unsent = [o for o in outcomes if o.kind is OutcomeKind.UNSENT]
        assert all(o.retry_after_s == 0.25 for o in unsent)
        assert rounds or 60 < len(unsent) < 140
        waiting = [m for m, o in zip(waiting, outcomes, strict=True) if o.kind is OutcomeKind.UNSENT]
        rounds += 1
    assert waiting == []


def test_a_sender_that_is_not_approved_stops_the_task(start: Callable[[str], Opened]) -> None:
    gateway, _ = start("refuse_sender=ACME%20Ltd")
    (outcome,) = gateway.submit(messages(1, sender="ACME Ltd"))
    assert (outcome.kind, outcome.reason, outcome.stop_task) == (
        OutcomeKind.REJECTED,
        FailReason.SENDER_REFUSED,
        True,
    )
    assert gateway.submit(messages(1, sender="ACME"))[0].kind is OutcomeKind.ACCEPTED


def test_the_operator_can_be_down_at_first(start: Callable[[str], Opened]) -> None:
    gateway, _ = start("down_for_ms=400")
    with pytest.raises(GatewayDown) as down:
        gateway.submit(messages(1))
    assert 0 < down.value.retry_after_s <= 0.4
    assert not down.value.permanent
    time.sleep(0.41)
    assert len(refs_of(gateway, messages(1))) == 1


def test_latency_is_for_the_whole_batch(start: Callable[[str], Opened]) -> None:
    gateway, _ = start("latency_ms=100")
    started_s = time.monotonic()
    gateway.submit(messages(50))
    assert 0.1 <= time.monotonic() - started_s < 4.0


# Queue and thread.


def test_a_full_queue_answers_unsent_instead_of_growing(
    start: Callable[[str], Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PENDING_LIMIT", 100)
    monkeypatch.setattr(module, "ROOM_WAIT_S", 0.05)
    gateway, inbox = start("")
    inbox.open_gate.clear()
    assert len(refs_of(gateway, messages(100))) == 100
    assert {o.kind for o in gateway.submit(messages(5))} == {OutcomeKind.UNSENT}
    inbox.open_gate.set()
    inbox.wait_for(100)
    monkeypatch.setattr(module, "ROOM_WAIT_S", WAIT_S)
    assert len(refs_of(gateway, messages(5))) == 5


def test_no_call_of_the_sink_exceeds_the_batch_limit_and_busy_ones_are_filled(start: Callable[[str], Opened]) -> None:
    gateway, inbox = start("")
    inbox.open_gate.clear()
    for start_id in range(0, 10_000, 500):
        refs_of(gateway, messages(500, first_id=start_id + 1))
    refs_of(gateway, messages(3300, first_id=20_001))
    inbox.open_gate.set()
    inbox.wait_for(13_300)
    assert max(inbox.batches) == RECEIPT_BATCH
    assert len(inbox.batches) <= 17


def test_close_gives_up_on_a_sink_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_LIMIT_S", 0.1)
    gateway, inbox = Simulator(Settings()), Inbox()
    inbox.open_gate.clear()
    gateway.open(inbox)
    gateway.submit(messages(1))
    time.sleep(0.05)
    started_s = time.monotonic()
    gateway.close()
    assert time.monotonic() - started_s < 4.0
    inbox.open_gate.set()


def test_close_interrupts_the_latency_of_a_submit(start: Callable[[str], Opened]) -> None:
    gateway, _ = start("latency_ms=60000")
    closer = threading.Timer(0.1, gateway.close)
    closer.start()
    with pytest.raises(GatewayDown):
        gateway.submit(messages(1))
    closer.join()


def test_the_sink_may_close_the_gateway() -> None:
    gateway = Simulator(Settings())
    closed = threading.Event()

    def sink(receipts: Sequence[Receipt]) -> None:
        gateway.close()
        closed.set()

    gateway.open(sink)
    gateway.submit(messages(1))
    assert closed.wait(WAIT_S)


def test_a_gateway_is_opened_once_and_submits_only_when_open() -> None:
    gateway = Simulator(Settings())
    with pytest.raises(GatewayDown, match="not open"):
        gateway.submit(messages(1))
    gateway.resume(["sim-1-d-00000000001-1"])
    gateway.open(Inbox())
    with pytest.raises(RuntimeError):
        gateway.open(Inbox())
    gateway.close()
    with pytest.raises(RuntimeError):
        gateway.open(Inbox())


def test_submit_and_receipts_stay_within_their_budget(start: Callable[[str], Opened]) -> None:
    """Budget 3 + 2 µs; the bound here is loose so that a busy machine does not fail it."""
    gateway, inbox = start("fail=0.05")
    batches = [messages(500, first_id=first) for first in range(1, 20_000, 500)]
    started_s = time.process_time()
    accepted = sum(len(refs_of(gateway, batch)) for batch in batches)
    inbox.wait_for(accepted)
    assert (time.process_time() - started_s) / accepted < 30e-6


# References and resume.


def test_resume_gives_each_reference_the_fate_it_had(start: Callable[[str], Opened]) -> None:
    query = "fail=0.3&expire=0.2&seed=5"
    first, seen = start(query)
    refs = refs_of(first, messages(300))
    before = {r.provider_ref: (r.state, r.reason) for r in seen.wait_for(300)}
    second, inbox = start("seed=999")
    second.resume(refs)
    assert {r.provider_ref: (r.state, r.reason) for r in inbox.wait_for(300)} == before


def test_resume_leaves_lost_receipts_lost_and_its_own_pending_ones_alone(start: Callable[[str], Opened]) -> None:
    lossy, _ = start("lost=1")
    lost = refs_of(lossy, messages(20))
    gateway, inbox = start("receipt_ms=100")
    own = refs_of(gateway, messages(20))
    gateway.resume(lost + own)
    time.sleep(0.2)
    inbox.wait_for(20)
    assert Counter(r.provider_ref for r in inbox.receipts) == Counter(own)


@given(position=st.integers(0, 60), character=st.sampled_from("0123456789abcdefl-"))
def test_a_mangled_reference_is_not_resumed(position: int, character: str) -> None:
    ref = fates.References().new(123_456_789, fates.Fate("d"))
    position %= len(ref)
    mangled = ref[:position] + character + ref[position + 1 :]
    found = [found for found, _ in fates.References().verdicts([mangled])]
    assert found == ([ref] if mangled == ref else [])


@given(st.integers(0, 2**63 - 1), st.sampled_from("dabmuxe"))
def test_every_reference_can_be_read_by_another_simulator(message_id: int, code: str) -> None:
    ref = fates.References().new(message_id, fates.Fate(code))
    assert len(ref) <= 64
    assert [found for found, _ in fates.References().verdicts([ref])] == [ref]


# Journal.


def test_the_journal_has_a_line_for_each_acceptance_and_each_receipt_taken(
    start: Callable[[str], Opened], tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    gateway, inbox = start(f"reject=0.2&doubt=0.2&journal={path}")
    batch = messages(300)
    outcomes = gateway.submit(batch)
    pairs = list(zip(batch, outcomes, strict=True))
    lines = path.read_text().splitlines()
    accepted = [f"S {m.message_id} {o.provider_ref}" for m, o in pairs if o.kind is OutcomeKind.ACCEPTED]
    assert [line for line in lines if line[0] == "S"] == accepted
    assert [line for line in lines if line[0] == "D"] == [
        f"D {m.message_id}" for m, o in pairs if o.kind is OutcomeKind.LOST
    ]
    inbox.wait_for(len(accepted))
    gateway.close()
    taken = [line for line in path.read_text().splitlines() if line[0] == "R"]
    assert taken == [f"R {receipt.provider_ref}" for receipt in inbox.receipts]


def test_a_refused_receipt_is_journalled_once_it_is_taken(tmp_path: Path) -> None:
    path, calls = tmp_path / "journal", 0
    taken = threading.Event()

    def sink(receipts: Sequence[Receipt]) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            assert "\nR " not in path.read_text()
            raise OSError("the disk is full")
        taken.set()

    gateway = Simulator(Settings(journal=str(path)))
    gateway.open(sink)
    gateway.submit(messages(5))
    assert taken.wait(WAIT_S)
    gateway.close()
    assert path.read_text().count("\nR ") == 5


def test_the_journal_survives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    program = """
import os, signal, sys, time
from engine.gateways import Submission, gateway_for
from engine.model import Encoding
gateway = gateway_for(f"sim://?receipt_ms=60000&journal={sys.argv[1]}")
gateway.open(lambda receipts: None)
gateway.submit([Submission(i, f"+6141{i:07d}", None, "x", Encoding.GSM7, 1) for i in range(1, 1001)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path.cwd(), timeout=60)
    assert killed.returncode == -signal.SIGKILL
    lines = path.read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["S", str(i)] for i in range(1, 1001)]


def test_the_next_process_appends_to_the_journal(start: Callable[[str], Opened], tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first, _ = start(f"lost=1&journal={path}")
    first.submit(messages(2))
    first.close()
    second, _ = start(f"lost=1&journal={path}")
    second.submit(messages(2))
    assert [line.split()[1] for line in path.read_text().splitlines()] == ["1", "2", "1", "2"]


def test_a_journal_that_is_some_other_file_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "ims.duckdb"
    other.write_bytes(b"\0\0\0\0DUCK")
    os.mkfifo(tmp_path / "pipe")
    for path in (other, tmp_path, tmp_path / "pipe", tmp_path / "no" / "such" / "folder"):
        gateway = Simulator(Settings(journal=str(path)))
        with pytest.raises(GatewayDown) as down:
            gateway.open(Inbox())
        assert down.value.permanent
        gateway.close()
    assert other.read_bytes() == b"\0\0\0\0DUCK"


class FullDisk(module.Journal):
    def write(self, lines: Sequence[str]) -> None:
        raise OSError(f"no space left for {len(lines)} lines")


def test_nothing_is_accepted_when_the_journal_cannot_be_written(start: Callable[[str], Opened], tmp_path: Path) -> None:
    gateway, inbox = start("")
    gateway._journal = FullDisk(tmp_path / "journal")
    with pytest.raises(GatewayDown, match="journal"):
        gateway.submit(messages(3))
    time.sleep(0.05)
    assert inbox.receipts == []
