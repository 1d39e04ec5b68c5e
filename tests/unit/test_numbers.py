"""Numbers: the corpus, the rules for cells, and libphonenumber itself as the oracle for every region."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType, ValidationResult

from engine.errors import InputError
from engine.model import Number, NumberKind, RowReason
from engine.numbers import COLUMNS, COUNTRIES, country_name, parse, parse_column, warm
from engine.numbers.patterns import first_digits
from engine.numbers.reserved import RESERVED

TESTS = Path(__file__).parents[1]
CORPORA = (TESTS / "corpus" / "numbers.jsonl", TESTS.parents[1] / "shared" / "corpus" / "numbers.jsonl")
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
VARIANTS_PER_REGION = 8
FORMS_PER_NUMBER = 5
WORLDWIDE_NUMBERS = 5_000
LIBRARY_SAMPLE = 500
LEAST_TIMES_FASTER = 3
"""Less than half of what is measured, for machines that do other things at the same time."""

phonenumbers.enable_pattern_cache()  # the oracle is asked tens of thousands of times

AU = Number("+61412345678", "AU", NumberKind.MOBILE)


def verdicts(values: Sequence[object], country: str | None = None) -> list[Number | RowReason]:
    """Verdicts of `parse`, once `parse_column` is seen to agree on every row."""
    alone = [parse(value, country) for value in values]
    column = parse_column(values, country)
    assert column.schema == COLUMNS
    expected = [
        (None, None, None, verdict.value)
        if isinstance(verdict, RowReason)
        else (verdict.msisdn, verdict.country, verdict.kind.value, None)
        for verdict in alone
    ]
    assert column.rows() == expected
    return alone


def corpus_cases() -> list[object]:
    return [
        pytest.param(case, id=f"{corpus.parents[1].name}-{case['id']}")
        for corpus in CORPORA
        if corpus.exists()
        for case in map(json.loads, corpus.read_text("utf-8").splitlines())
    ]


@pytest.mark.parametrize("case", corpus_cases())
def test_every_number_of_the_corpus_has_its_outcome(case: dict[str, Any]) -> None:
    (verdict,) = verdicts([case["value"]], case["default_country"])
    if isinstance(verdict, Number):
        assert {"msisdn": verdict.msisdn, "country": verdict.country} == case["expect"]
    else:
        assert {"reason": verdict.value} == case["expect"]


ONE_NUMBER = [
    "61412345678",
    "+61412345678",
    " +61 412 345 678 ",
    "+61 (0)412 345 678",
    "(+61) 412-345-678",
    "0061 412 345 678",
    "61.412.345.678",
    "61412345678.",
    "+61/412/345/678",
    "[61] 412 345 678",
    "- 61 412 345 678",
    "+61–412—345−678",
    "＋６１（４１２）３４５－６７８",
    "'61412345678",
    "’+61412345678",
    "\xa0+61\u2009412\u3000345\u202f678",
    "+61\t412 345\r678",
    "\ufeff+61412345678\u200e",
    "+6141\xad2345678",
    "\u2066+61412345678\u2069",
    "𝟔𝟏𝟒𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
    "៦១៤១២៣៤៥៦៧៨",
]

AT_HOME = [
    "0412 345 678",
    "(04) 1234 5678",
    "412345678",
    "61412345678",
    "+61412345678",
    "+610412345678",
    "0061412345678",
    "0011 61 412 345 678",
]

ODD_CHARACTERS = [
    "+1 800 FLOWERS",
    "+61412345678 ext 5",
    "+61412345678x5",
    "+61412345678#5",
    "+61412345678~5",
    "*100#",
    "+6141234567O",
    "tel:+61412345678",
    "=61412345678",
    '=HYPERLINK("tel:+61412345678")',
    "@61412345678",
    '"61412345678"',
    "+61412345678;",
    "61412345678；61498765432",
    "61412345678,",
    "61,412,345,678",
    "+61412345678 or +61498765432",
    "#N/A",
    "+",
    "-",
    "()",
    "++61412345678",
    "61+412345678",
    "+61412345678+cmd",
    "nan",
    "inf",
    "NULL",
    "true",
    "+6141234567⁸",
    "①6141234567",
    "½61412345678",
    "6️⃣1412345678",
    "61412345678\x00",
    "61_412_345_678",
    "61412345678%",
    "12:30",
    "https://wa.me/61412345678",
    "📱61412345678",
]

CHANGED_BY_SPREADSHEET = [
    "6.14E+10",
    "6,14E+10",
    "6.14123e10",
    "+6E10",
    "-6.14E+10",
    "6.14 E+10",
    "６．１４Ｅ＋１０",
    "61412345678.0",
    "61412345678.00",
    "61412345678,0",
    "61412345678.5",
    "61412345678.000000",
    "61 412 345 678.0",
    "-61412345678",
    "−61412345678",
]

TWO_NUMBERS = [
    "+61412345678\n+61498765432",
    "61412345678\r\n61498765432",
    "91234567\n81234567",
    "0412345678/0498765432",
    "0412 345 678 / 0498 765 432",
    "91234567/81234567",
    "+49 171 1234567 / 7654321",
    "61412345678,61498765432",
    "61412345678、61498765432",
    "61412345678  61498765432",
    "61 412 345 678   61 498 765 432",
    "61412345678 61498765432",
    "61412345678\t61498765432",
    "+61412345678+61498765432",
    "61412345678-61498765432",
    "61412345678\n61412345678\n61412345678",
]

REFUSED: dict[RowReason, list[object]] = {
    RowReason.EMPTY: [None, "", "   ", "\t\n", "\u200b", "'", " ' ", "\ufeff"],
    RowReason.CHARACTERS: [*ODD_CHARACTERS, float("nan"), float("inf"), True, False, b"61412345678", [1], object()],
    RowReason.SPREADSHEET_NUMBER: [
        *CHANGED_BY_SPREADSHEET,
        *(-61412345678, -1.0, 61412345678.5, 10**15, float(2**53), 8613800138000123456, 10**400, 1e300),
        *(date(2024, 1, 2), datetime(2024, 1, 2)),  # noqa: DTZ001 spreadsheets know no time zones
    ],
    RowReason.TWO_NUMBERS: [*TWO_NUMBERS],
    RowReason.TOO_LONG: ["6141234567812345678", "1" * 1000, "9" * 251, "+61412345678\n12345", "1" * 100_000],
    RowReason.TOO_SHORT: ["1", "12", "+61", "+614", "614123", "(1)", 0, 0.0, 7],
    RowReason.COUNTRY: ["0412345678", "+0061412345678", "000613800138000", "+999123456789", "+21012345678"],
    RowReason.NOT_A_COUNTRY: ["+870773123456", "+80012345678", "+97912345678", "+8881234567890"],
    RowReason.LANDLINE: ["+61293744000", "+4930123456", "+390612345678"],
    RowReason.PREMIUM: ["+611900123456", "+449012345678"],
    RowReason.NOT_MOBILE: ["+611800123456", "+18002345678", "+447640123456", "+443031231234"],
    RowReason.BLOCKED_COUNTRY: ["+8613800138000", "008613800138000", "86 138-0013-8000", 8613800138000],
}


@pytest.mark.parametrize("value", [*ONE_NUMBER, 61412345678, 61412345678.0])
def test_one_number_written_in_many_ways_is_the_same_number(value: object) -> None:
    assert verdicts([value]) == [AU]


@pytest.mark.parametrize("value", [*AT_HOME, 412345678, 412345678.0, 61412345678])
def test_with_a_default_country_national_and_international_forms_are_understood(value: object) -> None:
    assert verdicts([value], "AU") == [AU]
    assert verdicts([value], "au") == [AU]


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_sent_to_has_its_reason(reason: RowReason) -> None:
    values = REFUSED[reason]
    assert [(value, reason) for value in values] == list(zip(values, verdicts(values), strict=True))


@pytest.mark.parametrize(
    ("value", "country"),
    [
        ("+18765551234", "JM"),
        ("+17875551234", "PR"),
        ("+14165551234", "CA"),
        ("+12025550143", "US"),
        ("+77012345678", "KZ"),
        ("+79161234567", "RU"),
        ("+447797712345", "JE"),
        ("+447624123456", "IM"),
        ("+447400123456", "GB"),
        ("+393123456789", "IT"),
        ("+85251234567", "HK"),
        ("+85366123456", "MO"),
        ("+886912345678", "TW"),
        ("+38344123456", "XK"),
    ],
)
def test_country_goes_by_the_region_of_the_number_not_by_its_prefix(value: str, country: str) -> None:
    (verdict,) = verdicts([value])
    assert isinstance(verdict, Number)
    assert (verdict.msisdn, verdict.country) == (value, country)


@pytest.mark.parametrize("value", ["+49 171/1234567", "0171/1234567", "0049171/1234567", "+49 (0) 171 - 123 45 67"])
def test_a_slash_or_dash_after_the_area_code_does_not_make_two_numbers(value: str) -> None:
    assert verdicts([value], "DE") == [Number("+491711234567", "DE", NumberKind.MOBILE)]


def test_where_a_number_is_dialled_from_decides_what_its_prefixes_mean() -> None:
    singapore = Number("+6582345678", "SG", NumberKind.MOBILE)
    assert verdicts(["0011 65 8234 5678", "0065 8234 5678"], "AU") == [singapore, singapore]
    # Read as +11 65…, it would be somebody in Jamaica.
    assert verdicts(["0011 65 8234 5678"]) == [Number("+16582345678", "JM", NumberKind.MOBILE)]


def test_a_country_is_never_guessed() -> None:
    assert parse("0412345678") is RowReason.COUNTRY
    assert parse("6591234567", "US") is RowReason.NOT_ASSIGNED  # mistyped rather than a mobile of Singapore
    assert parse("15012345678", "AU") is RowReason.NOT_ASSIGNED  # a mobile of China rather than somebody in the US
    assert parse("447400123456", "DE") is RowReason.LANDLINE
    assert parse("15012345678") == Number("+15012345678", "US", NumberKind.FIXED_OR_MOBILE)
    assert parse("15012345678", "CN") is RowReason.BLOCKED_COUNTRY


@pytest.mark.parametrize(
    ("value", "country"), [("61412345678", "GB"), (61412345678, "NZ"), ("61 412-345-678", "US"), ("61412345678", "FR")]
)
def test_full_numbers_without_plus_are_read_where_the_country_has_no_such_number(value: object, country: str) -> None:
    assert verdicts([value], country) == [AU]
    assert parse("447400123456", "AU") == Number("+447400123456", "GB", NumberKind.MOBILE)
    assert parse("8613800138000", "GB") is RowReason.BLOCKED_COUNTRY


@pytest.mark.parametrize("cell", ["'61412345678'", "’61412345678’", " '+61 412 345 678' ", "'61412345678"])
def test_a_number_in_apostrophes_is_read(cell: str) -> None:
    assert verdicts([cell]) == [AU]
    assert parse("61412345678'") is RowReason.CHARACTERS


def test_blocked_countries_are_a_choice() -> None:
    assert parse("+8613800138000", blocked=frozenset()) == Number("+8613800138000", "CN", NumberKind.MOBILE)
    assert parse("+61412345678", blocked=frozenset({"AU"})) is RowReason.BLOCKED_COUNTRY
    column = parse_column(["+8613800138000", "+61412345678"], blocked=frozenset({"AU"}))
    assert column["reason"].to_list() == [None, "blocked_country"]


def test_published_test_numbers_are_refused_although_they_look_valid() -> None:
    numbers = sorted(RESERVED)
    assert set(verdicts(numbers)) == {RowReason.TEST_RANGE}
    assert verdicts(["0491 570 006", "0491-570-156"], "AU") == [RowReason.TEST_RANGE, RowReason.TEST_RANGE]
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
    neighbours = ["+61491570007", "+46701740604", "+4917604069100"]
    assert all(isinstance(verdict, Number) for verdict in verdicts(neighbours))


@pytest.mark.parametrize("country", ["UK", "XX", "001", "Australia", "A\x00"])
def test_a_default_country_that_does_not_exist_is_said_in_a_sentence(country: str) -> None:
    with pytest.raises(InputError, match="is not the code of a country") as refused:
        parse("0412345678", country)
    assert refused.value.code == "invalid"
    with pytest.raises(InputError):
        parse_column([], country)


def test_no_default_country_can_be_written_as_nothing() -> None:
    assert parse("+61412345678", "") == parse("+61412345678", None) == AU


def test_every_region_has_a_name() -> None:
    assert set(COUNTRIES) == set(REGIONS)
    assert len(set(COUNTRIES.values())) == len(COUNTRIES)
    assert country_name("AU") == "Australia"
    assert country_name("??") == "??"


def test_a_column_may_be_empty_or_a_series() -> None:
    assert parse_column([]).schema == COLUMNS
    assert parse_column([]).height == 0
    texts = pl.Series(["+61412345678", None, "x"])
    assert parse_column(texts).equals(parse_column(texts.to_list()))
    assert parse_column(pl.Series([61412345678.0]))["msisdn"].to_list() == ["+61412345678"]


@given(st.one_of(st.text(), st.from_regex(r"[+(]?[-0-9 ()./,\n+]{0,40}"), st.integers(), st.floats(), st.none()))
def test_any_cell_gets_a_verdict_and_the_column_agrees(value: object) -> None:
    (verdict,) = verdicts([value])
    (at_home,) = verdicts([value], "AU")
    assert isinstance(verdict, Number | RowReason)
    assert isinstance(at_home, Number | RowReason)


SLOW_CELLS = {
    "digits": "1" * 1_000_000,
    "spaces": " " * 500_000 + "x",
    "brackets": "(" * 4_000 + "+1+1",
    "digits and a letter": "1" * 4_000 + "x",
    "digits and an exponent": "1" * 4_000 + "e",
    "commas": "1," * 100_000,
    "groups": "1 " * 100_000,
    "plus signs": "+" * 100_000,
    "minus signs": "-1" * 100_000,
    "points": "." * 100_000 + "1",
    "other script": "é" * 100_000,
}


@pytest.mark.parametrize("cell", SLOW_CELLS.values(), ids=SLOW_CELLS)
def test_a_cell_made_to_be_slow_is_not(cell: str) -> None:
    started = time.perf_counter()
    assert isinstance(parse(cell, "AU"), RowReason)
    assert time.perf_counter() - started < 0.1


# --- libphonenumber is right, and this must say the same about every region.

FAULTS = {
    ValidationResult.TOO_SHORT: RowReason.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: RowReason.TOO_SHORT,
    ValidationResult.TOO_LONG: RowReason.TOO_LONG,
}
NOBODY = {*FAULTS.values(), RowReason.NOT_ASSIGNED, RowReason.COUNTRY}
KINDS: dict[int, NumberKind | RowReason] = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.FIXED_LINE: RowReason.LANDLINE,
    PhoneNumberType.PREMIUM_RATE: RowReason.PREMIUM,
}


def of_library(text: str, country: str | None) -> Number | RowReason:
    """The library's own reading of digits with an optional plus."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as refused:
        reasons = {
            NumberParseException.INVALID_COUNTRY_CODE: RowReason.COUNTRY,
            NumberParseException.TOO_LONG: RowReason.TOO_LONG,
        }
        return reasons.get(refused.error_type, RowReason.TOO_SHORT)
    assert number.country_code is not None
    if phonenumbers.region_code_for_country_code(number.country_code) == "001":
        return RowReason.NOT_A_COUNTRY
    if not phonenumbers.is_valid_number(number):
        return FAULTS.get(phonenumbers.is_possible_number_with_reason(number), RowReason.NOT_ASSIGNED)
    kind = KINDS.get(phonenumbers.number_type(number), RowReason.NOT_MOBILE)
    if isinstance(kind, RowReason):
        return kind
    msisdn = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_number(number)
    assert region is not None
    if msisdn in RESERVED:
        return RowReason.TEST_RANGE
    return RowReason.BLOCKED_COUNTRY if region == "CN" else Number(msisdn, region, kind)


def expected(text: str, country: str | None) -> Number | RowReason:
    """With the rules of the product: no plus and no country means international, 00 means plus wherever the library
    finds no number in use, and so does nothing before a mobile abroad that is not as long as those at home."""
    if country is None:
        return of_library(text if text.startswith("+") else f"+{text.removeprefix('00')}", None)
    verdict = of_library(text, country)
    if verdict in NOBODY and text.startswith("00"):
        abroad = of_library(f"+{text.removeprefix('00')}", None)
        return verdict if abroad in NOBODY else abroad
    if (
        verdict in {RowReason.TOO_LONG, RowReason.NOT_ASSIGNED}
        and text[0] not in "+0"
        and is_mobile_abroad(text, country)
    ):
        return of_library(f"+{text}", None)
    return verdict


def is_mobile_abroad(text: str, country: str) -> bool:
    plan = PhoneMetadata.metadata_for_region(country)
    assert plan is not None
    assert plan.general_desc is not None
    mobile = plan.mobile or plan.general_desc
    try:
        number = phonenumbers.parse(f"+{text}", None)
    except NumberParseException:
        return False
    if len(text) in (mobile.possible_length or plan.general_desc.possible_length):
        return False
    return phonenumbers.number_type(number) == PhoneNumberType.MOBILE


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def national_numbers(rng: random.Random, region: str, count: int) -> list[str]:
    """Example numbers of all kinds, whole, with another end, cut, lengthened; random digits of possible lengths."""
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    assert metadata.general_desc is not None
    examples = [
        phonenumbers.national_significant_number(example)
        for kind in TYPES
        if (example := phonenumbers.example_number_for_type(region, kind))
    ]
    numbers = list(examples)
    for _ in range(count):
        number = rng.choice(examples)
        kept = rng.randint(0, len(number))
        numbers += [
            number[:kept] + digits(rng, len(number) - kept),
            digits(rng, rng.choice(metadata.general_desc.possible_length)),
            number[:-1] if rng.random() < 0.5 else number + digits(rng, 1),
        ]
    return numbers


def written(rng: random.Random, region: str, number: str) -> list[tuple[str, str | None]]:
    """Some ways to write it, each with the country it is read for."""
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    code = str(metadata.country_code)
    trunk = rng.choice(
        [metadata.national_prefix or "0", "0", "1", "8", "06", "15", "0" + digits(rng, 2), digits(rng, 3)]
    )
    out = rng.choice(["00", "011", "0011", "810", "119", "001", "0", "09", "010", digits(rng, 3)])
    other = rng.choice(REGIONS)
    forms = [
        (f"+{code}{number}", None),
        (f"{code}{number}", None),
        (f"00{code}{number}", None),
        (f"+{code}{trunk}{number}", None),
        (f"+{code}{number}", other),
        (number, region),
        (f"{trunk}{number}", region),
        (f"{code}{number}", region),
        (f"{code}{trunk}{number}", region),
        (f"{out}{code}{number}", other),
        (f"+{out}{code}{number}", region),
        (digits(rng, rng.randint(1, 18)), region),
        (f"+{digits(rng, rng.randint(1, 18))}", None),
    ]
    return rng.sample(forms, FORMS_PER_NUMBER)


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_is_read_as_libphonenumber_reads_it(region: str) -> None:
    rng = random.Random(region)
    cases = [
        case for number in national_numbers(rng, region, VARIANTS_PER_REGION) for case in written(rng, region, number)
    ]
    for country in {country for _, country in cases}:
        texts = [text for text, of in cases if of == country]
        assert dict(zip(texts, verdicts(texts, country), strict=True)) == {
            text: expected(text, country) for text in texts
        }


def test_services_without_country_are_told_apart() -> None:
    rng = random.Random(7)
    codes = sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    texts = [f"+{code}{digits(rng, rng.randint(2, 12))}" for code in codes for _ in range(50)]
    assert verdicts(texts) == [of_library(text, None) for text in texts]


# --- speed


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"190[0-26]\d{6}", "1"),
        (r"(?:13(?:00\d{6}(?:\d{2})?|45[0-4]\d{3})|27)\d{4}", "12"),
        (r"1|[3-5]\d|(?:8|97)\d", "13458 9"),
        (r"5(?:1?2)?", "5"),
        (r"1?2", "0123456789"),
        (r"(?:1|2)?3", "0123456789"),
        (r"[2-4]?5", "0123456789"),
        (r"(?:1|)3", "0123456789"),
        (r"(?:1?2|3)4", "0123456789"),
        (r"\d{7}", "0123456789"),
        (r"1*2", "0123456789"),
        (r"(1|2)3", "0123456789"),
        (r"[^1]2", "0123456789"),
    ],
)
def test_first_digits_of_a_pattern_are_all_that_can_start_it(pattern: str, found: str) -> None:
    assert first_digits(pattern) == set(found) - {" "}


def worldwide() -> list[str]:
    """Mobiles of all regions, nine in ten in use, plain and formatted."""
    rng = random.Random(1)
    texts: list[str] = []
    for place in range(WORLDWIDE_NUMBERS):
        region = REGIONS[place % len(REGIONS)]
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        example = example or phonenumbers.example_number(region)
        assert example is not None
        number = phonenumbers.national_significant_number(example)
        number = number[: len(number) - 4] + digits(rng, 4 if rng.random() > 0.05 else 3)
        spaced = f"({number[:3]}) {number[3:6]}-{number[6:]}"
        texts.append(f"{rng.choice(['+', ''])}{example.country_code} {rng.choice([number, spaced])}")
    rng.shuffle(texts)
    return texts


def fastest_s(action: Callable[[], object]) -> float:
    """The best of three runs after one that compiles what is not compiled yet."""
    action()
    seconds: list[float] = []
    for _ in range(3):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def test_a_worldwide_column_is_read_many_times_faster_than_by_the_library() -> None:
    texts = worldwide()
    column = parse_column(texts)
    assert column["reason"].null_count() > WORLDWIDE_NUMBERS * 0.8
    assert column["country"].n_unique() > 200
    sample = [text if text.startswith("+") else f"+{text}" for text in texts[:LIBRARY_SAMPLE]]
    library_s = fastest_s(lambda: [of_library(text, None) for text in sample]) / len(sample)
    own_s = fastest_s(lambda: parse_column(texts)) / len(texts)
    assert own_s * LEAST_TIMES_FASTER < library_s


def test_warming_up_leaves_nothing_to_compile_for_a_worldwide_file() -> None:
    warm()
    warm()
    assert parse("+61412345678") == Number("+61412345678", "AU", NumberKind.MOBILE)
