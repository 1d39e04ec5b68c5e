"""What a run prints: a table for people, one JSON object for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence

from engine.bench.measure import Result

HEADINGS = ("what", "n", "ours", "best", "peer", "best", "ratio", "budget", "holds")


def machine() -> dict[str, object]:
    """What the figures were measured on. `load` is what else was running when the run began."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def as_json(on: Mapping[str, object], results: Sequence[Result], failed: Mapping[str, str]) -> dict[str, object]:
    """`failed` is name → why, of benchmarks that could not measure."""
    return {"machine": dict(on), "results": [result.as_dict() for result in results], "failed": dict(failed)}


def as_table(on: Mapping[str, object], results: Sequence[Result], failed: Mapping[str, str]) -> str:
    """A line a result, columns aligned, then what each peer is."""
    rows = [HEADINGS, *(_row(result) for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    about = ", ".join(f"{name} {value}" for name, value in on.items())
    notes = [f"{result.name}: peer is {result.peer_name}{_more(result)}" for result in results]
    problems = [f"{name} could not be measured: {why}" for name, why in failed.items()]
    return "\n".join([about, "", *lines, "", *notes, *problems])


def _row(result: Result) -> tuple[str, ...]:
    unit = result.unit
    limit = "≤" if result.better == "lower" else "≥"
    return (
        result.name,
        f"{result.n:,}",
        f"{_figure(result.ours)} {unit}",
        _figure(result.ours_best),
        "–" if result.peer is None else f"{_figure(result.peer)} {unit}",
        "–" if result.peer_best is None else _figure(result.peer_best),
        "–" if result.ratio is None else f"{_figure(result.ratio)}x",
        "–" if result.budget is None else f"{limit} {_figure(result.budget)}",
        {None: "–", True: "yes", False: "no"}[result.holds],
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _more(result: Result) -> str:
    cold = ""
    if result.cold is not None:
        peer = "" if result.cold_peer is None else f" (peer {_figure(result.cold_peer)})"
        cold = f"; first file of a fresh process {_figure(result.cold)} {result.unit}{peer}"
    return f"{cold}; {result.note}" if result.note else cold
