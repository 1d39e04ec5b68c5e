"""`python -m engine bench`: every budget measured, each beside a peer in the same run.

Figures are medians of rounds in which ours and the peer take turns; `best` is the best round. A missed budget is a
result like any other; only what could not be measured at all makes the command fail.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from engine.bench import files, history, report, sending, smpp, starting, texts
from engine.bench.desk import Sizes, Workbench
from engine.bench.history import HistoryBook
from engine.bench.measure import Result
from engine.errors import InputError

__all__ = ["NAMES", "Sizes", "run"]

Bench = Callable[[Workbench], list[Result]]
OfHistory = Callable[[Workbench, HistoryBook], list[Result]]

_PLAIN: Final[Mapping[str, Bench]] = {
    "preview_csv": files.preview_csv,
    "preview_xlsx": files.preview_xlsx,
    "numbers": files.numbers_column,
    "accept_5000": sending.accept,
    "send_end_to_end": sending.send_one,
    "send_sustained": sending.send_sustained,
    "smpp_session": smpp.session_alone,
    "smpp_end_to_end": smpp.send_settled,
    "count_split": texts.count_split,
}
_OF_HISTORY: Final[Mapping[str, OfHistory]] = {
    "dashboard": history.dashboards,
    "record_page": history.pages,
    "start_to_health": starting.start_to_health,
}
NAMES: Final = (*_PLAIN, *_OF_HISTORY)
"""In the order in which they run; `--only` takes part of a name, or the name of a result, which begins with it."""


def run(arguments: argparse.Namespace, sizes: Sizes = Sizes()) -> int:  # noqa: B008 - frozen
    """Measures and prints; 1 when something could not be measured. `sizes` is for tests of this command."""
    only: str = arguments.only
    names = chosen(only)
    if arguments.messages:
        sizes = replace(sizes, history=arguments.messages, exact=True)
    on, results, failed = report.machine(), list[Result](), dict[str, str]()
    with Workbench(sizes) as bench:
        book = cache(lambda: HistoryBook(bench))
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                results += _PLAIN[name](bench) if name in _PLAIN else _OF_HISTORY[name](bench, book())
            except Exception as error:  # noqa: BLE001 - the others are still measured; this one is reported
                failed[name] = f"{type(error).__name__}: {error}"
    if arguments.json:
        print(json.dumps(report.as_json(on, results, failed), ensure_ascii=False))
    else:
        print(report.as_table(on, results, failed))
    return 1 if failed else 0


def chosen(only: str) -> list[str]:
    """The benchmarks that `--only` asks for, all when it is empty; InputError when it asks for none."""
    found = [name for name in NAMES if only in name or name in only]
    if not found:
        remedy = f"Use part of one of: {', '.join(NAMES)}."
        raise InputError("invalid", field="--only", problem=f"no benchmark is called “{only}”.", remedy=remedy)
    return found
