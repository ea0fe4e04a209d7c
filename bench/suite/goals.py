"""What loadplan is meant to reach, and whether it did in a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from .measure import Measured
from .records import Record, cores, cpu_ratio, find, rate, rss_mb, wall_ms
from .tables import number, table

MANY = 10_000  # the users C's goals are about
ARRIVALS = 20_000  # the requests of D


@dataclass(frozen=True)
class Goal:
    """A figure and the most it may be."""

    scenario: str
    what: str
    limit: float
    figure: Callable[[list[Record]], Optional[float]]
    digits: int = 2


def render(records: list[Record]) -> str:
    """A table of every goal whose scenario was run."""
    ran = {record.scenario for record in records}
    rows = []
    for goal in GOALS:
        if goal.scenario in ran:
            value = goal.figure(records)
            verdict = "-" if value is None else "yes" if value <= goal.limit else "NO"
            limit = f"≤ {number(goal.limit, goal.digits)}"
            rows.append([goal.scenario, goal.what, limit, number(value, goal.digits), verdict])
    if not rows:
        return ""
    return "### Goals\n\n" + table(["scenario", "figure", "goal", "measured", "met"], rows)


def _cpu_to(scenario: str, peer: str) -> Callable[[list[Record]], Optional[float]]:
    def figure(records: list[Record]) -> Optional[float]:
        ours, theirs = find(records, scenario, "loadplan"), find(records, scenario, peer)
        return cpu_ratio(ours, theirs) if ours and theirs else None

    return figure


def _ours(
    scenario: str, figure: Callable[[Measured], Optional[float]], tool: str = "loadplan", users: Optional[int] = None
) -> Callable[[list[Record]], Optional[float]]:
    def of_records(records: list[Record]) -> Optional[float]:
        record = find(records, scenario, tool, users)
        return record.median(figure) if record else None

    return of_records


def _off_rate(run: Measured) -> Optional[float]:
    value = rate(run)
    return None if value is None else abs(value / MANY - 1) * 100


def _errors(run: Measured) -> Optional[float]:
    return run.told.get("errors")


def _missing(run: Measured) -> float:
    return abs(ARRIVALS - run.requests)


def _p99_to_oha(records: list[Record]) -> Optional[float]:
    ours, oha = find(records, "C", "loadplan", MANY), find(records, "C", "oha", MANY)
    mine, theirs = (record.told("p99") if record else None for record in (ours, oha))
    return mine / theirs if mine and theirs else None


def _off_truth(run: Measured) -> Optional[float]:
    """The largest distance from the truth over p50, p95, p99 and max, in per cent.

    Within a millisecond counts as equal: p50 is a fraction of one.
    """
    distances = []
    for name in ("p50", "p95", "p99", "max"):
        told, truth = run.told.get(name), run.truth.get(name)
        if told is None or truth is None:
            return None
        off = abs(told - truth)
        distances.append(0.0 if off <= 1 else off / max(truth, 1.0) * 100)
    return max(distances)


GOALS = [
    Goal("A", "CPU per request, × wrk", 1.25, _cpu_to("A", "wrk")),
    Goal("A", "CPU per request, × oha", 1.0, _cpu_to("A", "oha")),
    Goal("B", "CPU per request, × wrk with its Lua script", 1.4, _cpu_to("B", "wrk")),
    Goal("B", "CPU per request, × goose", 0.65, _cpu_to("B", "goose")),
    Goal("B", "CPU per request, × drill", 0.4, _cpu_to("B", "drill")),
    Goal("B-rich", "CPU per request, × wrk with B's Lua script", 1.6, _cpu_to("B-rich", "wrk")),
    Goal("C", "10,000 users: distance from the expected rate, %", 1.0, _ours("C", _off_rate, users=MANY)),
    Goal("C", "10,000 users: errors", 0, _ours("C", _errors, users=MANY), 0),
    Goal("C", "10,000 users: peak RSS, MB", 150, _ours("C", rss_mb, users=MANY), 0),
    Goal("C", "10,000 users: cores", 0.3, _ours("C", cores, users=MANY)),
    Goal("C", "10,000 users: p99, × oha", 1.0, _p99_to_oha),
    Goal("D", "requests missing of 20,000", 0, _ours("D", _missing), 0),
    Goal("D", "p50, p95, p99, max: distance from the truth, %", 2.0, _ours("D", _off_truth)),
    Goal("E", "`loadplan check`: wall ms", 20, _ours("E", wall_ms, "loadplan check"), 1),
    Goal("E", "`loadplan run` of one request: wall ms", 50, _ours("E", wall_ms, "loadplan run, 1 request"), 1),
]
