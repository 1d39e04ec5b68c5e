"""The command line as other programs call it, on a real database; mostly as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import trial
from engine.store import open_store
from tests.flow.conftest import Command
from tests.operator import smsc


def run(folder: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("IMS_")} | {"IMS_DATA": str(folder)}
    command = [sys.executable, "-m", "engine", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env, input=stdin)


def answer(folder: Path, *arguments: str) -> dict[str, object]:
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_count_prints_what_is_billed_and_what_is_on_the_air(tmp_path: Path) -> None:
    text = "a" * 152 + "€" + "b" * 152
    assert answer(tmp_path, "count", text, "--json") == {
        "encoding": "gsm7", "characters": 305, "units": 306, "sms": 2, "parts": 3,
    }  # fmt: skip
    assert run(tmp_path, "count", "x").stdout.strip() == "encoding gsm7, characters 1, units 1, sms 1, parts 1"


def test_check_prints_every_row_and_exits_with_1_when_the_file_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("phone\n0412345678\n+61 2 9374 4000\n")
    found = answer(tmp_path, "check", str(file), "--country", "AU", "--json")
    assert found == {
        "accepted": [{"row": 2, "msisdn": "+61412345678", "country": "AU"}],
        "rejected": [{"row": 3, "value": "+61 2 9374 4000", "reason": "landline"}],
        "error": None,
    }
    assert "row 3" in run(tmp_path, "check", str(file), "--country", "AU").stdout
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    refused = run(tmp_path, "check", str(file), "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "binary"
    gone = run(tmp_path, "check", "nowhere.csv", "--json")
    assert gone.returncode == 1
    assert json.loads(gone.stdout)["error"]["message"]


def test_send_waits_for_every_outcome_and_the_books_add_up(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("phone\n" + "".join(f"+614120{number:05d}\n" for number in range(500)) + "nonsense\n")
    sent = answer(tmp_path, "send", "--to", str(file), "--text", "Your parcel arrives today", "--wait", "--json")
    assert (sent["recipients"], sent["rejected"], sent["pending"], sent["state"]) == (500, 1, 0, "finished")
    assert sent["delivered"] + sent["failed"] + sent["in_doubt"] == 500  # type: ignore[operator]
    assert sent["held"] == sent["charged"] + sent["returned"] == 500  # type: ignore[operator]
    assert answer(tmp_path, "reconcile", "--json")["ok"] is True
    assert "add up" in run(tmp_path, "reconcile").stdout


def test_routes_are_added_listed_tested_and_sent_through(tmp_path: Path, command: Command) -> None:
    added = run(tmp_path, "route", "add", "Premium", "--gateway", "sim://?fail=0", "--price", "1.2", "--sender-id",
                "--price-for", "NZ=0.9")  # fmt: skip
    assert added.stdout.strip() == "Premium · SID · 0.90–1.20 credit/SMS"
    listed = json.loads(command("route", "list", "--json").stdout)
    assert [(route["name"], route["default"]) for route in listed] == [("Simulator", True), ("Premium", False)]
    assert "(default)" in command("route", "list").stdout
    sent = answer(tmp_path, "send", "--to", "61412345678, 6421345678", "--text", "Thanks", "--route", "premium",
                  "--sender", "Bakery", "--wait", "--json")  # fmt: skip
    assert (sent["charged"], sent["delivered"]) == (2.1, 2)


def test_a_route_is_tested_step_by_step(command: Command) -> None:
    done = command("route", "test", "simulator", "61412345678")
    steps = done.stdout.splitlines()
    assert (done.returncode, steps[:2]) == (0, ["Route “Simulator”: sim://", "Connection: ready."])
    assert re.fullmatch(r"Taken by the operator after [0-9.]+ s, reference sim-\S+\.", steps[2])
    assert re.fullmatch(r"Delivered: the receipt came after [0-9.]+ s\.", steps[3])
    failed = command("route", "test", "Simulator", "61412349902")
    assert failed.returncode == 1
    assert failed.stdout.splitlines()[-1].startswith(
        "Not delivered (invalid_number): The operator does not know this number. The operator said: "
    )
    answered = command("route", "test", "Simulator", "61412345678", "--json")
    found = json.loads(answered.stdout)
    assert (found["message_state"], found["delivered"], found["pending"], found["carried_by"]) == (
        "delivered",
        1,
        0,
        None,
    )
    assert found["link"]["words"] == "ready"
    assert found["receipt_after_s"] >= 0


def test_the_test_of_a_route_that_is_down_ends_and_leaves_nothing_behind(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "DOWN_WAIT_S", 0.2)
    command("route", "add", "Away", "--gateway", "sim://?down_for_ms=600000")
    done = command("route", "test", "Away", "61412345678")
    assert done.returncode == 1
    assert "Connection: not connected: the simulated operator is down." in done.stdout
    assert done.stdout.splitlines()[-1] == "Not delivered: it could not be handed over, and the test is cancelled."
    assert "(down)" in command("route", "list").stdout
    assert answer(tmp_path, "reconcile", "--json")["ok"] is True


def test_who_waits_for_a_route_that_cannot_send_is_told_why(command: Command) -> None:
    with smsc() as operator:
        command("route", "add", "Locked", "--gateway", operator.url(password="wrong"))
        done = command(
            "send", "--to", "61412345678", "--text", "Thanks", "--route", "Locked", "--wait", "--timeout", "2", "--json"
        )
    assert done.returncode == 1
    assert "Route “Locked”: The operator does not let us in" in done.stderr
    assert done.stderr.count("Ctrl+C ends the waiting") == 1
    assert "Without an outcome after 2 s: 1." in done.stderr
    told = json.loads(done.stdout)
    assert (told["pending"], told["held"], told["messages_per_s"]) == (1, 1, 0)


def test_a_route_names_another_that_takes_over(command: Command) -> None:
    command("route", "add", "Spare", "--gateway", "sim://?seed=2")
    added = command(
        "route", "add", "Main", "--gateway", "sim://?seed=3", "--takeover", "spare", "--takeover-below", "70"
    )
    assert added.returncode == 0, added.stderr
    assert "  “Spare” takes over after 60 s of being down or below 70% success" in command("route", "list").stdout
    listed = {route["name"]: route["takeover"] for route in json.loads(command("route", "list", "--json").stdout)}
    assert listed["Spare"] is None
    assert (listed["Main"]["route"], listed["Main"]["after_s"], listed["Main"]["below_percent"]) == ("Spare", 60, 70)
    refused = command("route", "add", "Third", "--gateway", "sim://?seed=4", "--takeover", "Main")
    assert (refused.returncode, "takes over for itself" in refused.stderr) == (1, True)
    assert "Third" not in command("route", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("route", "add", "X", "--gateway", "nope://x"), "gateway address"),
        (("route", "add", "X", "--gateway", "sim://?wrong=1"), "wrong"),
        (("route", "add", "X", "--gateway", "sim://", "--price", "cheap"), "not a price"),
        (("route", "add", "X", "--gateway", "sim://", "--price-for", "XX=1"), "not a country"),
        (("send", "--to", "61412345678", "--text", "Hello you", "--wait"), "cannot be sent"),
        (("send", "--to", "123", "--text", "Thanks", "--wait"), "None of the recipients"),
        (("send", "--to", "61412345678", "--text", "Thanks", "--route", "nowhere"), "no such route"),
        (("send", "--to", "61412345678", "--text", "Thanks", "--at", "tomorrow"), "not a time"),
        (("send", "--to", "61412345678", "--text", "Thanks", "--at", "2020-01-01T00:00Z"), "has passed"),
        (("demo", "--messages", "0"), "out of range"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_1(command: Command, arguments: tuple[str, ...], words: str) -> None:
    done = command(*arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_running_server_is_named_by_its_process(tmp_path: Path) -> None:
    holder = open_store(f"duckdb:///{tmp_path / 'ims.db'}")
    done = run(tmp_path, "reconcile")
    holder.close()
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr


def test_a_scheduled_send_waits_for_the_server(tmp_path: Path) -> None:
    sent = answer(
        tmp_path, "send", "--to", "61412345678", "--text", "Thanks", "--at", "2026-12-24T09:00+11:00", "--json"
    )
    assert (sent["state"], sent["pending"]) == ("scheduled", 1)


def test_an_administrator_is_made_once_per_name(tmp_path: Path) -> None:
    made = run(tmp_path, "create-admin", "--user", "ada", "--email", "ada@example.com", "--password-stdin",
               stdin="a long password of ours\n")  # fmt: skip
    assert made.returncode == 0, made.stderr
    again = run(tmp_path, "create-admin", "--user", "ada", "--email", "ada@example.com", "--password-stdin",
                stdin="a long password of ours\n")  # fmt: skip
    assert (again.returncode, "in use" in again.stderr) == (1, True)
    weak = run(tmp_path, "create-admin", "--user", "bob", "--email", "b@example.com", "--password-stdin", stdin="123\n")
    assert weak.returncode == 1


def test_a_demo_account_has_history_whose_books_add_up(tmp_path: Path) -> None:
    made = answer(tmp_path, "demo", "--messages", "12000", "--json")
    assert (made["messages"], made["tasks"]) == (12_000, 3)
    assert answer(tmp_path, "reconcile", "--json")["ok"] is True
    again = run(tmp_path, "demo", "--messages", "10")
    assert (again.returncode, "in use" in again.stderr) == (1, True)
