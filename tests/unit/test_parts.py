"""What a text costs and how it is cut, against tables, properties and smsutil as the oracle."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

from engine.model import GSM_BASIC, GSM_EXTENSION, CountRule, Encoding
from engine.parts import (
    GSM_ALONE_SEPTETS,
    GSM_PART_SEPTETS,
    MAX_PARTS,
    UCS2_ALONE_UNITS,
    UCS2_PART_UNITS,
    Count,
    count,
    count_many,
    is_gsm,
    split,
)

GSM_TEXT = st.text(st.sampled_from(GSM_BASIC + GSM_EXTENSION * 3), max_size=700)
MIXED_TEXT = st.text(
    st.one_of(st.sampled_from("ab €[é😀👍🏽’你Ж`\t"), st.characters(exclude_categories=["Cs"])), max_size=350
)
# Runs put extension and surrogate pairs on the boundaries far more often than single random characters do.
RUNS = st.lists(
    st.tuples(st.sampled_from("a€😀Ж"), st.integers(0, 160)).map(lambda run: run[0] * run[1]), max_size=5
).map("".join)


def units_of(text: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return sum(2 if c in GSM_EXTENSION else 1 for c in text)
    return len(text.encode("utf-16-le")) // 2


# --- The alphabet ------------------------------------------------------------------------------------------------


def test_the_alphabet_is_the_one_of_the_oracle() -> None:
    assert GSM_BASIC_CHARSET.replace("\x1b", "") == GSM_BASIC
    assert sorted(GSM_EXT_CHARSET) == sorted(GSM_EXTENSION)


def test_the_alphabet_has_127_characters_of_one_septet_and_10_of_two() -> None:
    assert len(set(GSM_BASIC)) == len(GSM_BASIC) == 127
    assert len(set(GSM_EXTENSION)) == len(GSM_EXTENSION) == 10


@pytest.mark.parametrize("character", list("`çáíó\t\x00\x1b’–…©Жا你\N{NO-BREAK SPACE}😀"))
def test_characters_that_look_plain_but_are_not_in_the_alphabet(character: str) -> None:
    assert not is_gsm(character)


@pytest.mark.parametrize("character", list("@£$¥èéùìòÇØøÅåΔΩÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r\f^{}\\[~]|€"))
def test_characters_that_look_foreign_but_are_in_the_alphabet(character: str) -> None:
    assert is_gsm(character)
    assert count(character).encoding is Encoding.GSM7


# --- Counting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Count(Encoding.GSM7, 0, 0, 0, 0)),
        ("a", Count(Encoding.GSM7, 1, 1, 1, 1)),
        ("a" * 160, Count(Encoding.GSM7, 160, 160, 1, 1)),
        ("a" * 161, Count(Encoding.GSM7, 161, 161, 2, 2)),
        ("a" * 306, Count(Encoding.GSM7, 306, 306, 2, 2)),
        ("a" * 307, Count(Encoding.GSM7, 307, 307, 2, 3)),
        ("a" * 320, Count(Encoding.GSM7, 320, 320, 2, 3)),
        ("a" * 321, Count(Encoding.GSM7, 321, 321, 3, 3)),
        ("a" * 918, Count(Encoding.GSM7, 918, 918, 6, 6)),
        ("a" * 919, Count(Encoding.GSM7, 919, 919, 6, 7)),
        ("€" * 80, Count(Encoding.GSM7, 80, 160, 1, 1)),
        ("€" * 81, Count(Encoding.GSM7, 81, 162, 2, 2)),
        ("a" * 152 + "€" + "b" * 152, Count(Encoding.GSM7, 305, 306, 2, 3)),
        ("ñ" * 160, Count(Encoding.GSM7, 160, 160, 1, 1)),
        ("ñ" * 152 + "€" + "b" * 152, Count(Encoding.GSM7, 305, 306, 2, 3)),
        ("`", Count(Encoding.UCS2, 1, 1, 1, 1)),
        ("Ж" * 70, Count(Encoding.UCS2, 70, 70, 1, 1)),
        ("Ж" * 71, Count(Encoding.UCS2, 71, 71, 2, 2)),
        ("Ж" * 134, Count(Encoding.UCS2, 134, 134, 2, 2)),
        ("Ж" * 135, Count(Encoding.UCS2, 135, 135, 2, 3)),
        ("Ж" * 402, Count(Encoding.UCS2, 402, 402, 6, 6)),
        ("😀", Count(Encoding.UCS2, 1, 2, 1, 1)),
        ("😀" * 35, Count(Encoding.UCS2, 35, 70, 1, 1)),
        ("😀" * 36, Count(Encoding.UCS2, 36, 72, 2, 2)),
        ("😀" * 67, Count(Encoding.UCS2, 67, 134, 2, 3)),
        ("Ж" * 66 + "😀" + "Ж" * 66, Count(Encoding.UCS2, 133, 134, 2, 3)),
        ("🇦🇺", Count(Encoding.UCS2, 2, 4, 1, 1)),
        ("€" * 69 + "’", Count(Encoding.UCS2, 70, 70, 1, 1)),
    ],
)
def test_counts_at_every_boundary(text: str, expected: Count) -> None:
    assert count(text) == expected


@pytest.mark.parametrize(("length", "sms"), [(160, 1), (161, 2), (307, 3), (320, 3)])
def test_the_carriers_rule_bills_what_is_on_the_air(length: int, sms: int) -> None:
    assert count("a" * length, CountRule.CARRIER).sms == sms


def test_the_largest_text_under_the_cap_fills_its_parts() -> None:
    assert count("a" * GSM_PART_SEPTETS * MAX_PARTS).parts == MAX_PARTS
    assert count("Ж" * UCS2_PART_UNITS * MAX_PARTS).parts == MAX_PARTS


def test_raw_escape_is_neither_counted_nor_sent() -> None:
    assert count("\x1b") == count("")
    assert count("a\x1be\x1b") == count("ae")
    assert count("Ж\x1b" * 70).parts == 1
    assert split("\x1b") == []
    assert split("\x1ba\x1b€") == ["a€"]


def test_half_of_a_surrogate_pair_is_counted_and_not_a_crash() -> None:
    text = "a" * 69 + "\ud83d" + "😀"
    assert count(text) == Count(Encoding.UCS2, 71, 72, 2, 2)
    assert "".join(split(text)) == text


@given(st.one_of(GSM_TEXT, MIXED_TEXT, RUNS), st.sampled_from(CountRule))
def test_a_count_agrees_with_its_definition(text: str, rule: CountRule) -> None:
    found = count(text, rule)
    sent = text.replace("\x1b", "")
    is_all_gsm = all(c in GSM_BASIC or c in GSM_EXTENSION for c in sent)
    alone = GSM_ALONE_SEPTETS if is_all_gsm else UCS2_ALONE_UNITS
    assert found.encoding is (Encoding.GSM7 if is_all_gsm else Encoding.UCS2)
    assert found.characters == len(sent)
    assert found.units == units_of(sent, found.encoding)
    assert found.parts == len(split(text))
    assert found.sms == (found.parts if rule is CountRule.CARRIER else (found.units + alone - 1) // alone)
    assert found.sms <= found.parts


def test_many_counts_are_the_counts_of_each() -> None:
    texts = ["", "a" * 161, "Ж" * 71, "€" * 81]
    assert count_many(texts) == [count(text) for text in texts]
    assert count_many(texts, CountRule.CARRIER) == [count(text, CountRule.CARRIER) for text in texts]


# --- Splitting ---------------------------------------------------------------------------------------------------


def test_an_extension_character_never_straddles_two_parts() -> None:
    assert split("a" * 152 + "€" + "b" * 152) == ["a" * 152, "€" + "b" * 151, "b"]


def test_a_surrogate_pair_never_straddles_two_parts() -> None:
    assert split("Ж" * 66 + "😀" + "Ж" * 66) == ["Ж" * 66, "😀" + "Ж" * 65, "Ж"]


def test_a_text_that_fits_alone_is_one_part() -> None:
    assert split("a" * 160) == ["a" * 160]
    assert split("€" * 80) == ["€" * 80]
    assert split("😀" * 35) == ["😀" * 35]


@given(st.one_of(GSM_TEXT, MIXED_TEXT, RUNS))
def test_parts_join_to_the_text_and_each_is_as_full_as_it_can_be(text: str) -> None:
    parts = split(text)
    sent = text.replace("\x1b", "")
    assert "".join(parts) == sent
    assert all(parts)
    if len(parts) < 2:
        return
    encoding = count(text).encoding
    size = GSM_PART_SEPTETS if encoding is Encoding.GSM7 else UCS2_PART_UNITS
    for part, following in pairwise(parts):
        assert units_of(part, encoding) <= size
        assert units_of(part + following[0], encoding) > size
    assert units_of(parts[-1], encoding) <= size


# smsutil differs in two places: it takes raw ESC for a character (facts: strip it), and an empty text for one empty
# UCS-2 part (there is nothing to send). Neither is asked of it.
@given(st.one_of(GSM_TEXT, MIXED_TEXT, RUNS).map(lambda text: text.replace("\x1b", "")).filter(bool))
@example("a" * 152 + "€" + "b" * 152)
@example("Ж" * 66 + "😀" + "Ж" * 66)
@example("\n")
def test_split_and_encoding_are_those_of_smsutil(text: str) -> None:
    oracle = smsutil.split(text)
    found = count(text)
    assert split(text) == [part.content for part in oracle.parts]
    assert (found.encoding is Encoding.GSM7) == (oracle.encoding == "gsm0338")
    assert found.units * (1 if found.encoding is Encoding.GSM7 else 2) == oracle.total_bytes


def test_ten_thousand_texts_are_counted_and_split_within_the_budget() -> None:
    filler = "Dear customer, your order is ready for pickup. " * 8
    texts = [filler[:300] + str(i) if i % 10 else f"Ваш заказ {i} готов: [{i}] 😀" * 3 for i in range(10_000)]
    best_s = min(_seconds_for(texts) for _ in range(5))
    assert best_s < 0.25, "five times the budget of 50 ms, so that a busy machine does not fail it"


def _seconds_for(texts: list[str]) -> float:
    started = time.perf_counter()
    for text in texts:
        count(text)
        split(text)
    return time.perf_counter() - started
