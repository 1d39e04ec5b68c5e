"""The benchmarks on tiny sizes: that each measures, beside a peer that does the same job. Never how fast."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine import bench, numbers, recipients
from engine.bench import files, history, measure, smpp, starting, texts, worldwide
from engine.bench.desk import SEED, Sizes, Workbench, opened
from engine.bench.history import HistoryBook
from engine.bench.measure import Race, Result, race, timed
from engine.cli import main
from engine.history.period import Period
from engine.model import DAY_US

TINY = Sizes(recipients=60, tasks=2, texts=40, history=300, rounds=1, slow_rounds=1, cold=False)
FIELDS = {
    "name", "n", "unit", "better", "rounds", "ours", "ours_best", "peer", "peer_best", "peer_name", "budget", "ratio",
    "holds", "cold", "cold_peer", "note",
}  # fmt: skip
RESULTS = {
    "preview_csv": ["preview_csv"],
    "preview_xlsx": ["preview_xlsx"],
    "numbers": ["numbers"],
    "accept_5000": ["accept_5000"],
    "send_end_to_end": ["send_end_to_end"],
    "send_sustained": ["send_sustained"],
    "smpp_session": ["smpp_session_bare", "smpp_session_smpplib", "smpp_session_aiosmpplib"],
    "smpp_end_to_end": ["smpp_end_to_end"],
    "count_split": ["count_split"],
    "dashboard": ["dashboard_30_days", "dashboard_all"],
    "record_page": ["record_page_messages", "record_page_tasks"],
    "start_to_health": ["start_to_health"],
}
SERVER = (
    "import http.server as h\n"
    "class Answer(h.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200 if self.path == '/healthz' else 404)\n"
    "        self.end_headers()\n"
    "h.HTTPServer(('127.0.0.1', {port}), Answer).serve_forever()\n"
)


def asked(only: str = "", *, as_json: bool = True, messages: int = 0) -> argparse.Namespace:
    return argparse.Namespace(only=only, json=as_json, messages=messages)


def no_server(command: object, path: str, **_: object) -> float:
    assert command
    return 0.5 if path == "/healthz" else 0.25


@pytest.fixture(scope="module")
def book() -> Iterator[tuple[Workbench, HistoryBook]]:
    with Workbench(TINY) as made:
        yield made, HistoryBook(made)


def test_there_is_a_benchmark_for_every_expected_result() -> None:
    assert list(bench.NAMES) == list(RESULTS)


@pytest.mark.parametrize("name", RESULTS)
def test_each_benchmark_measures_and_names_its_peer(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(starting, "seconds_to", no_server)
    assert bench.run(asked(name), TINY) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["machine"].keys() == {"cpus", "python", "system", "load"}
    assert printed["failed"] == {}
    assert [result["name"] for result in printed["results"]] == RESULTS[name]
    for result in printed["results"]:
        assert result.keys() == FIELDS
        assert result["n"] > 0
        assert result["ours"] > 0
        assert result["peer"] > 0
        assert result["ratio"] > 0
        assert result["peer_name"]
        assert result["better"] in ("lower", "higher")
        assert (result["holds"] is None) is (result["budget"] is None)


def test_the_table_has_a_line_for_each_result_and_says_what_the_peer_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(asked("count_split", as_json=False), TINY) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("count_split")] == ["count_split", "count_split:"]
    assert any("budget" in line and "ratio" in line for line in lines)
    assert lines[-1] == "count_split: peer is smsutil.split"


def test_a_peer_that_is_not_installed_is_said_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(texts, "optional", lambda _: None)
    monkeypatch.setattr(files, "optional", lambda _: None)
    for name in ("count_split", "preview_xlsx"):
        assert bench.run(asked(name), TINY) == 0
        (result,) = json.loads(capsys.readouterr().out)["results"]
        assert result["ours"] > 0
        assert result["peer"] is None
        assert result["ratio"] is None
        assert "not installed" in result["note"]


def test_what_cannot_be_measured_is_named_and_the_others_still_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "classify_rows", lambda _: 1 / 0)
    assert bench.run(asked("n"), Sizes(recipients=5, tasks=1, texts=3, history=20, rounds=1, slow_rounds=1)) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["failed"]["numbers"] == "ZeroDivisionError: division by zero"
    assert "count_split" in [result["name"] for result in printed["results"]]


def test_an_unknown_name_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--only", "nonsense"]) == 1
    problem = capsys.readouterr().err
    assert "nonsense" in problem
    assert "count_split" in problem


def test_part_of_a_name_or_the_name_of_a_result_chooses_a_benchmark() -> None:
    assert bench.chosen("") == list(RESULTS)
    assert bench.chosen("preview") == ["preview_csv", "preview_xlsx"]
    assert bench.chosen("record_page_tasks") == ["record_page"]


def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert bench.run(asked("accept"), TINY) == 0
    assert capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_ratio_and_budget_point_the_right_way() -> None:
    slower = Result("a", 1, "ms", "lower", 3, ours=20, ours_best=19, peer_name="p", peer=10, peer_best=9, budget=15)
    assert (slower.ratio, slower.holds) == (0.5, False)
    faster = Result("b", 1, "1/s", "higher", 3, ours=20, ours_best=21, peer_name="p", peer=10, peer_best=9, budget=15)
    assert (faster.ratio, faster.holds) == (2.0, True)
    alone = Result("c", 1, "ms", "lower", 3, ours=20, ours_best=19, peer_name="none")
    assert (alone.ratio, alone.holds) == (None, None)


def test_a_race_gives_medians_and_best_rounds() -> None:
    outcome = Race([0.3, 0.1, 0.2], [0.9, 0.4, 0.5])
    result = outcome.in_ms("a", n=1, peer_name="p", per=10)
    assert (result.ours, result.ours_best, result.peer, result.peer_best) == pytest.approx((20, 10, 50, 40))
    rate = outcome.per_s("b", n=6, unit="1/s", peer_name="p", budget_per_s=10)
    assert (rate.ours, rate.ours_best, rate.peer) == pytest.approx((30, 60, 12))


def test_a_race_warms_up_and_takes_turns_to_begin() -> None:
    order: list[str] = []

    def job(name: str) -> measure.Timed:
        return timed(lambda: order.append(name))

    outcome = race(job("ours"), job("peer"), rounds=2, repeats=2)
    assert order == ["ours", "peer", *["ours", "ours", "peer"], *["peer", "ours", "ours"]]
    assert (len(outcome.ours), len(outcome.peer)) == (4, 2)


def test_without_the_operator_of_the_tests_the_result_says_that_it_was_not_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(smpp, "OPERATOR", tmp_path / "operator")
    assert bench.run(asked("smpp"), TINY) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["n"], one["holds"]) for one in printed["results"]] == [
        ("smpp_session", 0, None),
        ("smpp_end_to_end", 0, None),
    ]
    assert all("not measured" in one["note"] for one in printed["results"])


def test_the_first_file_of_a_fresh_process_is_timed() -> None:
    assert 0 < files.cold_s("csv", "ours", 20) < files.COLD_LIMIT_S


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_files_are_worldwide_and_both_sides_find_about_the_same_recipients(ending: str) -> None:
    data = worldwide.file_of(ending, 400, SEED)
    assert data == worldwide.file_of(ending, 400, SEED) or ending == "xlsx"
    found = recipients.read(f"list.{ending}", data)
    assert found.frame["country"].n_unique() > 150
    assert found.frame.height > 370
    peer = files.peer_of(ending)
    assert peer is not None
    assert abs(peer(data) - found.frame.height) <= 12


def test_the_numbers_that_are_sent_to_are_all_good() -> None:
    found = recipients.read("list.csv", worldwide.file_of_accepted(300, SEED))
    assert found.summary == {"ok": 300}
    assert numbers.parse_column(worldwide.numbers_of(300, SEED))["msisdn"].null_count() < 20


def test_the_peer_of_history_gives_the_same_figures(book: tuple[Workbench, HistoryBook]) -> None:
    _, made = book
    with opened(made.folder) as desk, closing(sqlite3.connect(made.peer_file)) as peer:
        end_us = desk.engine.clock.now_us()
        period = Period(desk.actor.account_id, end_us - 91 * DAY_US, end_us, "UTC")
        ours = history.dashboard(desk.engine.store, period)
        _, headline, days, by_route, by_country, by_hour, reasons = history.peer_dashboard(peer, period)
        assert headline == [
            (ours.task_count, TINY.history, ours.success_count, ours.failed_count, ours.credit_usage_micro)
        ]
        assert len(days) == ours.daily.filter(ours.daily["recipients"] > 0).height
        assert [row[0] for row in by_route] == ours.routes["route_id"].sort().to_list()
        assert [row[:2] for row in by_country] == sorted(ours.countries.select("country", "recipients").iter_rows())
        assert sum(row[2] for row in by_hour) == ours.success_count
        assert sum(row[2] for row in reasons) == ours.failed_count
        for wanted, after in history.pages_of(made.messages):
            page = desk.engine.history.messages(desk.actor, wanted, after=after)
            theirs = history.peer_page(peer, desk.actor.account_id, wanted, after)
            assert [row["id"] for row in page.rows] == [row[0] for row in theirs][: len(page.rows)]


def test_a_server_is_timed_until_it_answers_and_then_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER]
    assert 0 < starting.seconds_to(command, "/healthz", cwd=tmp_path, env={}) < starting.START_LIMIT_S


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database')"]
    with pytest.raises(ChildProcessError, match="no database"):
        starting.seconds_to(command, "/healthz", cwd=tmp_path, env={})


def test_a_history_of_the_asked_length_is_measured_against_the_budget_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.run(asked("dashboard", messages=25), TINY) == 0
    assert {result["n"] for result in json.loads(capsys.readouterr().out)["results"]} == {25}
