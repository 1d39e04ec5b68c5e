from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ledger
from engine.errors import AccessError, InputError, MoneyError, StateError
from engine.ledger import Movement
from engine.model import MICRO, Balance, MovementKind, parse_credits
from engine.store import Store, open_store

NOW = 1_800_000_000_000_000
ACCOUNT = 1
ADJUSTING = (
    MovementKind.TOP_UP,
    MovementKind.DEBIT,
    MovementKind.HOLD,
    MovementKind.CHARGE,
    MovementKind.RETURN,
)


@pytest.fixture
def store() -> Iterator[Store]:
    made = open_store("duckdb://")
    with made.transaction() as tx:
        ledger.open_account(tx, ACCOUNT)
    yield made
    made.close()


def top_up(store: Store, amount_micro: int, key: str = "first", *, note: str = "paid") -> int:
    with store.transaction() as tx:
        return ledger.adjust(
            tx, account_id=ACCOUNT, amount_micro=amount_micro, key=key, note=note, member_id=None, now_us=NOW
        )


def hold(store: Store, amount_micro: int, key: str, task_id: int = 1) -> int:
    with store.transaction() as tx:
        return ledger.hold(
            tx, account_id=ACCOUNT, amount_micro=amount_micro, key=key, task_id=task_id, member_id=1, now_us=NOW
        )


def books_add_up(store: Store) -> bool:
    for name in ("ledger.unbalanced_movements", "ledger.wrong_balances"):
        row = store.one(name)
        if row is None or row["wrong"]:
            return False
    return True


def test_a_top_up_lands_once_however_often_it_is_sent(store: Store) -> None:
    first = top_up(store, 5 * MICRO)
    assert top_up(store, 5 * MICRO) == first
    assert ledger.balance(store, ACCOUNT) == Balance(5 * MICRO, 0)


def test_the_same_key_with_another_amount_is_refused(store: Store) -> None:
    top_up(store, 5 * MICRO)
    with pytest.raises(MoneyError) as caught:
        top_up(store, 6 * MICRO)
    assert caught.value.code == "key_reused"


@pytest.mark.parametrize("amount", [0, ledger.MOST_MICRO + 1, -ledger.MOST_MICRO - 1])
def test_amounts_that_cannot_be_booked_are_refused(store: Store, amount: int) -> None:
    with pytest.raises(InputError):
        top_up(store, amount)


def test_a_top_up_without_a_reason_is_refused(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        top_up(store, MICRO, note="  ")
    assert caught.value.code == "reason_missing"


def test_a_hold_of_more_than_there_is_changes_nothing_and_says_how_much_is_there(store: Store) -> None:
    top_up(store, 2 * MICRO)
    with pytest.raises(MoneyError, match=r"needs 2\.50 credits; 2\.00 are available"):
        hold(store, 2_500_000, "h")
    assert ledger.balance(store, ACCOUNT) == Balance(2 * MICRO, 0)
    assert books_add_up(store)


def test_eight_holds_at_once_on_credit_for_one_make_exactly_one(store: Store) -> None:
    top_up(store, MICRO)
    refused: list[MoneyError] = []
    start = threading.Barrier(8)

    def attempt(number: int) -> None:
        start.wait()
        try:
            hold(store, MICRO, f"hold {number}", number)
        except MoneyError as error:
            refused.append(error)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert ledger.balance(store, ACCOUNT) == Balance(0, MICRO)
    assert books_add_up(store)


def test_a_reversal_takes_the_credit_back_once(store: Store) -> None:
    tx_id = top_up(store, 3 * MICRO)
    with store.transaction() as tx:
        first = ledger.reverse(tx, tx_id=tx_id, key="r", note="typing error", member_id=1, now_us=NOW)
    with store.transaction() as tx:
        assert ledger.reverse(tx, tx_id=tx_id, key="r", note="typing error", member_id=1, now_us=NOW) == first
    with pytest.raises(StateError), store.transaction() as tx:
        ledger.reverse(tx, tx_id=tx_id, key="other", note="again", member_id=1, now_us=NOW)
    assert ledger.balance(store, ACCOUNT) == Balance(0, 0)


def test_a_reversal_of_credit_that_is_spent_is_refused(store: Store) -> None:
    tx_id = top_up(store, 3 * MICRO)
    hold(store, 3 * MICRO, "h")
    with pytest.raises(MoneyError), store.transaction() as tx:
        ledger.reverse(tx, tx_id=tx_id, key="r", note="typing error", member_id=1, now_us=NOW)


def test_only_top_ups_and_debits_can_be_reversed(store: Store) -> None:
    top_up(store, 3 * MICRO)
    held = hold(store, MICRO, "h")
    for tx_id in (held, 12_345):
        with pytest.raises(AccessError), store.transaction() as tx:
            ledger.reverse(tx, tx_id=tx_id, key="r", note="no", member_id=1, now_us=NOW)


def test_an_account_that_does_not_exist_has_no_balance(store: Store) -> None:
    with pytest.raises(AccessError):
        ledger.balance(store, 404)


def test_running_balances_of_a_batch_follow_its_order(store: Store) -> None:
    top_up(store, 10 * MICRO)
    hold(store, 10 * MICRO, "h")
    with store.transaction() as tx:
        ids = ledger.post_many(
            tx,
            [
                ledger.charge(account_id=ACCOUNT, task_id=1, amount_micro=6 * MICRO, key="c", now_us=NOW),
                ledger.give_back(account_id=ACCOUNT, task_id=1, amount_micro=4 * MICRO, key="b", now_us=NOW),
            ],
        )
        rows = [tx.one("ledger.tx", tx_id) for tx_id in ids]
    assert [(row["available_after_micro"], row["held_after_micro"]) for row in rows if row] == [
        (0, 4 * MICRO),
        (4 * MICRO, 0),
    ]


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["up", "down", "hold", "charge", "return"]), st.integers(1, 5_000_000)), max_size=12
    )
)
def test_whatever_happens_entries_sum_to_zero_and_balances_never_go_below(steps: list[tuple[str, int]]) -> None:
    store = open_store("duckdb://")
    with store.transaction() as tx:
        ledger.open_account(tx, ACCOUNT)
    available = held = 0
    effects = {"up": (1, 0), "down": (-1, 0), "hold": (-1, 1), "charge": (0, -1), "return": (1, -1)}
    kinds = dict(zip(effects, ADJUSTING, strict=True))
    for index, (step, amount) in enumerate(steps):
        one, two = (sign * amount for sign in effects[step])
        movement = Movement(
            kind=kinds[step], account_id=ACCOUNT, available_micro=one, held_micro=two, key=str(index), now_us=NOW
        )
        possible = available + one >= 0 and held + two >= 0
        if possible:
            with store.transaction() as tx:
                ledger.post(tx, movement)
            available, held = available + one, held + two
        else:
            with pytest.raises(MoneyError), store.transaction() as tx:
                ledger.post(tx, movement)
    assert ledger.balance(store, ACCOUNT) == Balance(available, held)
    assert books_add_up(store)
    store.close()


@pytest.mark.parametrize(("text", "micro"), [("1,200.50", 1_200_500_000), ("-3", -3_000_000), (" 0.000001 ", 1)])
def test_an_amount_is_read_exactly(text: str, micro: int) -> None:
    assert parse_credits(text) == micro


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1e3", "٣", "1.2.3", "0.0000001", "1 000", "nan", "9" * 13])
def test_an_amount_that_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_credits(text)
