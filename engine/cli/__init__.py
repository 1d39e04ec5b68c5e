"""Commands of `python -m engine`, a module each; heavy imports happen only in the one that runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from engine.errors import ImsError

MOST_HISTORY: Final = 100_000_000


def parser() -> argparse.ArgumentParser:
    """All commands and their options; a test holds README to it."""
    root = argparse.ArgumentParser(prog="python -m engine", description="IMS without its web pages.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _check(commands.add_parser("check", help="classify a recipients file without a database"))
    _count(commands.add_parser("count", help="characters, SMS and parts of a text"))
    _send(commands.add_parser("send", help="send on a stopped server's database"))
    _route(commands.add_parser("route", help="add, list or test routes"))
    _demo(commands.add_parser("demo", help="make a demo account with history"))
    reconcile = commands.add_parser("reconcile", help="prove that the books add up")
    reconcile.add_argument("--json", action="store_true", help="print JSON")
    _create_admin(commands.add_parser("create-admin", help="make an administrator"))
    backup = commands.add_parser("backup", help="copy a stopped server's database and documents")
    backup.add_argument("path", metavar="PATH", help="a folder, or the file to write")
    restore = commands.add_parser("restore", help="put a backup in the place of the database")
    restore.add_argument("path", metavar="PATH", help="the .db file of a backup")
    bench = commands.add_parser("bench", help="measure the budgets, each beside a peer")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.add_argument(
        "--messages", type=_history, default=0, metavar="N", help="length of the history, such as 10000000"
    )
    bench.add_argument("--only", default="", help="run the benchmarks whose name contains this")
    return root


def _history(text: str) -> int:
    """A length of history in messages."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_HISTORY:
        raise argparse.ArgumentTypeError(f"{text} is no number of messages from 1 to {MOST_HISTORY}")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; a refusal is one sentence on standard error and exit code 1."""
    arguments = parser().parse_args(argv)
    module = "engine.bench" if arguments.command == "bench" else f"engine.cli.{arguments.command.replace('-', '_')}"
    try:
        return import_module(module).run(arguments)
    except ImsError as error:
        print(error.message, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1


def _check(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="a .csv, .xlsx or .txt file")
    command.add_argument("--country", help="country of numbers without country code, such as AU")
    command.add_argument("--column", help="the column with the numbers, when several could be it")
    command.add_argument("--json", action="store_true", help="print JSON")


def _count(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", metavar="TEXT", help="the message")
    command.add_argument("--json", action="store_true", help="print JSON")


def _send(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", required=True, metavar="FILE|NUMBERS", help="a file, or numbers separated by commas")
    command.add_argument("--text", required=True, help="the message; ((column)) is filled from the file")
    command.add_argument("--route", help="name of the route (the default one otherwise)")
    command.add_argument("--sender", help="sender ID, on routes that support it")
    command.add_argument("--at", metavar="ISO", help="when to send, such as 2030-01-31T09:00+11:00")
    command.add_argument("--account", default="cli", help="name of the account to send from (default: cli)")
    command.add_argument("--country", help="country of numbers without country code, such as AU")
    command.add_argument("--column", help="the column with the numbers, when several could be it")
    command.add_argument("--wait", action="store_true", help="wait until every message has an outcome")
    command.add_argument("--timeout", type=float, default=600.0, metavar="S", help="longest wait (default: 600 s)")
    command.add_argument("--json", action="store_true", help="print JSON")


def _route(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="add a route")
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "--gateway",
        required=True,
        metavar="URL",
        help="such as sim://?fail=0.05&seed=1 or smpp://user:password@host:2775?window=50",
    )
    add.add_argument("--price", default="1.0", help="credits per SMS (default: 1.0)")
    add.add_argument(
        "--price-for", action="append", default=[], metavar="CC=PRICE", help="price of one country; repeat"
    )
    add.add_argument("--sender-id", action="store_true", help="the route supports a sender ID")
    add.add_argument("--throughput", type=int, default=0, metavar="N", help="parts per second (default: no limit)")
    add.add_argument("--default", action="store_true", help="use it when no route is named")
    add.add_argument("--takeover", metavar="NAME", help="the route that takes over when this one cannot send")
    add.add_argument(
        "--takeover-after", type=int, default=60, metavar="S", help="after so many seconds of being down (default: 60)"
    )
    add.add_argument("--takeover-below", type=int, metavar="PERCENT", help="also below this success rate")
    add.add_argument("--json", action="store_true", help="print JSON")
    listing = actions.add_parser("list", help="list the routes")
    listing.add_argument("--json", action="store_true", help="print JSON")
    test = actions.add_parser("test", help="send one test message")
    test.add_argument("name", metavar="NAME")
    test.add_argument("number", metavar="NUMBER")
    test.add_argument("--json", action="store_true", help="print JSON")


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--messages", type=int, default=10_000, metavar="N", help="messages of history (default: 10000)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def _create_admin(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", required=True, help="user name")
    command.add_argument("--email", required=True, help="email address")
    command.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
