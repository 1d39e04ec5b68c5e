"""Recipient files and number columns, beside a reader of rows that asks `phonenumbers` about each."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from engine import numbers, recipients
from engine.bench import worldwide
from engine.bench.desk import SEED, Desk, Workbench
from engine.bench.measure import Result, Timed, optional, race
from engine.tasks import Preview

BUDGET_MS: Final = 250.0
OURS_PER_ROUND: Final = 3
PEER_NUMBERS: Final = "phonenumbers row by row"
PEERS: Final = {"csv": f"csv + {PEER_NUMBERS}", "xlsx": f"openpyxl + {PEER_NUMBERS}"}
COLD_LIMIT_S: Final = 120
_SENT_TO: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})

Make = Callable[[int], bytes]
"""Seed → a file. Every round reads another one, so that nothing remembered of the last helps."""


def preview_csv(bench: Workbench) -> list[Result]:
    return [_preview(bench, "csv")]


def preview_xlsx(bench: Workbench) -> list[Result]:
    return [_preview(bench, "xlsx")]


def numbers_column(bench: Workbench) -> list[Result]:
    """A column of worldwide numbers, no file around it."""
    count = bench.sizes.recipients
    seeds = {"ours": SEED, "peer": SEED}

    def timer(whose: str, job: Callable[[list[str]], object]) -> Timed:
        def run() -> float:
            texts = worldwide.numbers_of(count, seeds[whose])
            seeds[whose] += 1
            return _seconds(lambda: job(texts))

        return run

    outcome = race(
        timer("ours", numbers.parse_column),
        timer("peer", classify_rows),
        rounds=bench.sizes.slow_rounds,
        repeats=OURS_PER_ROUND,
    )
    return [outcome.in_ms("numbers", n=count, peer_name=PEER_NUMBERS)]


def preview_of(desk: Desk, ending: str, data: bytes) -> Preview:
    """Ours: bytes → classified, priced preview."""
    return desk.engine.tasks.preview(desk.actor, desk.draft(recipients.read(f"list.{ending}", data)))


def classify_rows(texts: list[str]) -> int:
    """The peer: the regions of what can be sent to, once each; how many there are."""
    seen: dict[str, str | None] = {}
    for text in texts:
        try:
            number = phonenumbers.parse(text if text.startswith("+") else f"+{text}", None)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _SENT_TO:
            e164 = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
            seen[e164] = phonenumbers.region_code_for_number(number)
    return len(seen)


def peer_of(ending: str) -> Callable[[bytes], int] | None:
    """The whole job of the peer; None when its reader is not installed."""
    rows = _csv_rows if ending == "csv" else _xlsx_rows if optional("openpyxl") else None
    return None if rows is None else lambda data: classify_rows([row[1] for row in rows(data)])


def _preview(bench: Workbench, ending: str) -> Result:
    count, peer = bench.sizes.recipients, peer_of(ending)
    with bench.desk() as desk:
        outcome = race(
            _on_new_files(ending, count, lambda data: preview_of(desk, ending, data)),
            _on_new_files(ending, count, peer) if peer else None,
            rounds=bench.sizes.slow_rounds,
            repeats=OURS_PER_ROUND,
        )
    note = "" if peer else "openpyxl is not installed (tests/requirements.txt): no peer."
    result = outcome.in_ms(f"preview_{ending}", n=count, peer_name=PEERS[ending], budget_ms=BUDGET_MS, note=note)
    if not bench.sizes.cold:
        return result
    return result.with_cold(cold_s(ending, "ours", count), cold_s(ending, "peer", count) if peer else None)


def _on_new_files(ending: str, count: int, job: Callable[[bytes], object]) -> Timed:
    seed = SEED

    def run() -> float:
        nonlocal seed
        data = worldwide.file_of(ending, count, seed)
        seed += 1
        return _seconds(lambda: job(data))

    return run


def cold_s(ending: str, whose: str, count: int) -> float:
    """Seconds of the first file in a fresh process that has imported everything."""
    command = [sys.executable, "-m", "engine.bench.cold", ending, whose]
    data = worldwide.file_of(ending, count, SEED)
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=COLD_LIMIT_S)  # noqa: S603 - ourselves
    return float(json.loads(done.stdout)["seconds"])


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def _csv_rows(data: bytes) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    next(rows)
    return rows


def _xlsx_rows(data: bytes) -> Iterator[list[str]]:
    library = optional("openpyxl")
    assert library is not None
    book = library.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    next(rows)
    return ([str(cell) for cell in row] for row in rows)
