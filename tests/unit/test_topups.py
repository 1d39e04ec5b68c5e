"""Requests for credit: who may, what they freeze, and that no request is ever credited twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import ledger
from engine.errors import ImsError
from engine.model import MICRO
from engine.topups import requests as requests_module
from engine.topups.prices import BankDetails
from engine.topups.requests import MOST_A_DAY, MOST_OPEN, reference_of
from tests.kit import code_of
from tests.unit.topups_kit import Office, office

BANK = BankDetails("Bank of <b>Tests</b>", "IMS Pty Ltd", "DE89 3704 0044 0532 0130 00", "Write only the reference.")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path)
    yield made
    made.engine.store.close()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Office]:
    """Requests of 5,000 credits and more need two approvals."""
    made = office(tmp_path, second_approval=5_000)
    yield made
    made.engine.store.close()


def told(desk: Office, who: str) -> list[str]:
    return [row["sentence"] for row in desk.engine.notices.listing(desk.actors[who])]


def audited(desk: Office) -> list[str]:
    return [row["action"] for row in desk.engine.accounts.audit_log(desk.staff) if row["action"].startswith("topup")]


def test_asked_paid_approved_and_told(desk: Office) -> None:
    request_id = desk.with_receipt(1_000)
    tx_id = desk.topups.approve(desk.staff, request_id)
    row = desk.topups.one_request(desk.owner, request_id)
    assert (row["state"], row["ledger_tx"], row["decided_name"]) == ("approved", tx_id, "Staff")
    assert desk.available() == 1_000 * MICRO
    newest = desk.engine.history.movements(desk.owner).rows[0]
    assert (newest["id"], newest["note"]) == (tx_id, f"Top-up {row['reference']}")
    mine = told(desk, "owner")
    assert ["was approved" in mine[0], "has arrived" in mine[1], "was made" in mine[2]] == [True] * 3
    assert "was uploaded" in told(desk, "staff")[0]
    assert audited(desk) == ["topup_approved", "topup_receipt", "topup_requested"]
    assert ledger.reconcile(desk.engine.store).ok


def test_a_request_freezes_price_and_credits(desk: Office) -> None:
    request_id = desk.ask(1_000)
    admin = desk.actors["admin"]
    desk.topups.set_prices(admin, "EUR", [("1", "9.99")], based_on=1)
    row = desk.topups.one_request(desk.owner, request_id)
    assert (row["credits_micro"], row["total_minor"], row["currency"]) == (1_000 * MICRO, 4_500, "USD")
    assert (row["price_version"], row["price_micro"]) == (1, 4_500_000)
    desk.topups.approve(desk.staff, request_id)
    assert desk.available() == 1_000 * MICRO


def test_a_price_that_changed_while_the_form_was_open_is_not_accepted_unseen(desk: Office) -> None:
    desk.topups.set_prices(desk.actors["admin"], "USD", [("100", "0.09")], based_on=1)
    late = code_of(lambda: desk.topups.request(desk.owner, 500 * MICRO, price_version=1, key="k"))
    assert late == "topup_price_changed"


def test_a_double_click_asks_once_and_a_reused_key_is_refused(desk: Office) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _: desk.ask(500, key="form"), range(4)))
    assert len(ids) == 1
    assert code_of(lambda: desk.ask(600, key="form")) == "key_reused"
    assert code_of(lambda: desk.ask(600, key="")) == "key_reused"
    assert desk.ask(500, key="form", actor=desk.actors["rival"]) not in ids


def test_ten_open_requests_and_twenty_a_day_are_the_most(desk: Office) -> None:
    made = [desk.ask(100, key=f"k{number}") for number in range(MOST_OPEN)]
    assert code_of(lambda: desk.ask(100, key="more")) == "topup_open"
    for request_id in made:
        desk.topups.withdraw(desk.owner, request_id)
    for number in range(MOST_A_DAY - MOST_OPEN):
        desk.topups.withdraw(desk.owner, desk.ask(100, key=f"l{number}"))
    assert code_of(lambda: desk.ask(100, key="more")) == "topup_daily"
    desk.clock.move(hours=25)
    assert desk.ask(100, key="more")


@pytest.mark.parametrize("amount_micro", [0, 99 * MICRO, 100 * MICRO + 1, 10**18])
def test_an_amount_outside_the_limits_is_refused(desk: Office, amount_micro: int) -> None:
    call = code_of(lambda: desk.topups.request(desk.owner, amount_micro, price_version=1, key="k"))
    assert call == "topup_amount"


def test_references_are_creditor_references_with_check_digits() -> None:
    for request_id in (1, 7, 123_456, 12_345_678):
        reference = reference_of(request_id)
        letters = reference[4:] + reference[:4]
        assert int("".join(str(int(c, 36)) for c in letters)) % 97 == 1
    assert reference_of(7).endswith("000007")


def test_a_double_click_of_approval_books_once(desk: Office) -> None:
    request_id = desk.with_receipt()
    assert desk.topups.approve(desk.staff, request_id) == desk.topups.approve(desk.staff, request_id)
    assert desk.available() == 1_000 * MICRO


def test_two_members_of_staff_at_once_credit_once(desk: Office) -> None:
    request_id = desk.with_receipt()

    def approve(name: str) -> str:
        try:
            desk.topups.approve(desk.actors[name], request_id)
        except ImsError as error:
            return error.code
        return "booked"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(approve, ["staff", "second", "admin", "second"] * 2))
    assert desk.available() == 1_000 * MICRO
    assert set(answers) <= {"booked", "topup_closed"}
    assert audited(desk).count("topup_approved") == 1


def test_nothing_is_credited_after_a_withdrawal_and_nothing_withdrawn_after_credit(desk: Office) -> None:
    gone, paid = desk.with_receipt(key="a"), desk.with_receipt(key="b")
    desk.topups.withdraw(desk.owner, gone)
    desk.topups.withdraw(desk.owner, gone)  # a double click
    assert code_of(lambda: desk.topups.approve(desk.staff, gone)) == "topup_closed"
    assert code_of(lambda: desk.topups.reject(desk.staff, gone, reason="late")) == "topup_closed"
    desk.topups.approve(desk.staff, paid)
    assert code_of(lambda: desk.topups.withdraw(desk.owner, paid)) == "topup_closed"
    assert desk.available() == 1_000 * MICRO


def test_approval_and_withdrawal_at_once_end_in_one_of_the_two(desk: Office) -> None:
    for number in range(6):
        request_id = desk.with_receipt(100, key=f"k{number}")
        before = desk.available()
        calls = [
            lambda id_=request_id: desk.topups.approve(desk.staff, id_),
            lambda id_=request_id: desk.topups.withdraw(desk.owner, id_),
        ]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(_ignoring_refusal, calls))
        credited = desk.available() - before
        assert credited == (100 * MICRO if desk.state(request_id) == "approved" else 0)


def _ignoring_refusal(call: object) -> str:
    try:
        call()  # type: ignore[operator] # a lambda of the test
    except ImsError as error:
        return error.code
    return ""


def test_a_rejection_needs_a_reason_that_the_customer_reads(desk: Office) -> None:
    request_id = desk.with_receipt()
    assert code_of(lambda: desk.topups.reject(desk.staff, request_id, reason="  ")) == "reason_missing"
    desk.topups.reject(desk.staff, request_id, reason="The transfer has not arrived.")
    assert desk.topups.one_request(desk.owner, request_id)["reason"] == "The transfer has not arrived."
    assert "The transfer has not arrived." in told(desk, "owner")[0]
    assert code_of(lambda: desk.topups.approve(desk.staff, request_id)) == "topup_closed"
    assert desk.available() == 0


def test_a_large_request_needs_two_different_people(strict: Office) -> None:
    small, large = strict.with_receipt(4_999, key="small"), strict.with_receipt(5_000, key="large")
    assert strict.topups.approve(strict.staff, small)
    assert strict.topups.approve(strict.staff, large) is None
    assert strict.topups.waiting(strict.staff) == {"open": 1, "with_receipt": 1, "half_approved": 1}
    assert code_of(lambda: strict.topups.approve(strict.staff, large)) == "topup_second_person"
    assert (strict.state(large), strict.available()) == ("receipt_uploaded", 4_999 * MICRO)
    assert strict.topups.approve(strict.actors["second"], large)
    assert strict.available() == 9_999 * MICRO
    row = strict.topups.one_request(strict.staff, large)
    assert (row["first_name"], row["decided_name"], row["needs_two"]) == ("staff", "second", True)


def test_two_first_approvals_at_once_by_one_person_are_one(strict: Office) -> None:
    large = strict.with_receipt(5_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_ignoring_refusal, [lambda: strict.topups.approve(strict.staff, large)] * 4))
    assert (strict.state(large), strict.available()) == ("receipt_uploaded", 0)


def test_a_crash_while_approving_leaves_all_or_nothing(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = desk.with_receipt()

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(requests_module, "_tell", cut)
    with pytest.raises(KeyboardInterrupt):
        desk.topups.approve(desk.staff, request_id)
    assert (desk.state(request_id), desk.available()) == ("receipt_uploaded", 0)
    monkeypatch.undo()
    desk.topups.approve(desk.staff, request_id)
    assert desk.available() == 1_000 * MICRO
    assert ledger.reconcile(desk.engine.store).ok


def test_a_mistake_is_reversed_and_both_stay(desk: Office) -> None:
    request_id = desk.with_receipt()
    tx_id = desk.topups.approve(desk.staff, request_id)
    assert tx_id is not None
    new_id = desk.topups.reverse(desk.staff, tx_id, reason="Wrong account", key="undo")
    assert desk.available() == 0
    row = desk.topups.one_request(desk.staff, request_id)
    assert (row["state"], row["reversed_by"]) == ("approved", new_id)
    assert code_of(lambda: desk.topups.approve(desk.actors["second"], request_id)) == "topup_closed"


def test_the_queue_is_searched_and_paged(desk: Office) -> None:
    ids = [desk.ask(100 + number, key=f"k{number}") for number in range(3)]
    desk.ask(500, actor=desk.actors["rival"])
    find = desk.topups.requests
    assert [row["id"] for row in find(desk.staff, search="owner &")] == ids[::-1]
    reference = desk.topups.one_request(desk.owner, ids[1])["reference"]
    assert [row["id"] for row in find(desk.staff, search=f"{reference[:4]} {reference[4:].lower()}")] == [ids[1]]
    assert [row["id"] for row in find(desk.owner, before=ids[2], limit=1)] == [ids[1]]
    desk.topups.withdraw(desk.owner, ids[0])
    assert [row["id"] for row in find(desk.owner, open_only=False)] == [ids[0]]
    assert len(find(desk.staff, open_only=True)) == 3


def test_prices_are_versions_and_two_editors_do_not_overwrite_each_other(desk: Office) -> None:
    admin = desk.actors["admin"]
    assert desk.topups.set_prices(admin, "JPY", [("1", "4.5"), ("100", "4")], based_on=1) == 2
    late = code_of(lambda: desk.topups.set_prices(admin, "USD", [("1", "1")], based_on=1))
    assert late == "changed_meanwhile"
    assert code_of(lambda: desk.topups.set_prices(admin, "USD", [("1", "x")], based_on=2)) == "topup_tiers"
    new, first = desk.topups.price_history(desk.staff)
    assert (new.version, new.currency.code, new.member_name, len(new.tiers)) == (2, "JPY", "Admin", 2)
    assert (first.version, first.currency.code, first.member_name) == (1, "USD", "")
    assert desk.topups.quote(desk.owner, credits_micro=101 * MICRO).total_minor == 404
    assert desk.topups.quote(desk.owner, money_minor=500).credits_micro == 125 * MICRO


def test_there_are_no_bank_details_until_somebody_fills_them_in(desk: Office) -> None:
    admin = desk.actors["admin"]
    assert not desk.topups.bank(desk.owner).known
    assert desk.topups.set_bank(admin, BANK, based_on=0) == 1
    assert desk.topups.bank(desk.owner).account_number == BANK.account_number
    empty = BankDetails(account_holder="x", account_number="y")
    assert code_of(lambda: desk.topups.set_bank(admin, empty, based_on=1)) == "invalid"
    assert code_of(lambda: desk.topups.set_bank(admin, BANK, based_on=0)) == "changed_meanwhile"
    assert [details.member_name for details in desk.topups.bank_history(desk.staff)] == ["Admin"]
