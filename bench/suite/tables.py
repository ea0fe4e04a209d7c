"""Markdown tables of what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from . import scenarios
from .records import Record, cores, cpu_ratio, cpu_us, find, median, rate, rss_mb, wall_ms

Column = tuple[str, Callable[[Record, list[Record]], str]]


def number(value: Optional[float], digits: int = 0, unit: str = "") -> str:
    """A figure for a table; `-` when there is none."""
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def _milliseconds(value: Optional[float]) -> str:
    return number(value, 0 if (value or 0) >= 100 else 2)


def _told_ms(name: str) -> Column:
    return (f"{name} ms", lambda record, _: _milliseconds(record.told(name)))


def _cpu(record: Record, _: list[Record]) -> str:
    each = [us for run in record.runs if (us := cpu_us(run))]
    if not each:
        return "-"
    return f"{number(record.median(cpu_us), 1)} ({min(each):.1f}–{max(each):.1f})"


def _wall(record: Record, _: list[Record]) -> str:
    each = [wall_ms(run) for run in record.runs]
    return f"{number(record.median(wall_ms), 1)} ({min(each):.1f}–{max(each):.1f})"


def _to_wrk(record: Record, records: list[Record]) -> str:
    wrk = find(records, record.scenario, "wrk", record.users)
    return number(cpu_ratio(record, wrk), 2) if wrk else "-"


def _of_expected(record: Record, _: list[Record]) -> str:
    value = record.median(rate)
    return number(None if value is None else 100 * value / record.users, 1, " %")


def _truth(record: Record, _: list[Record]) -> str:
    """What the server saw of the schedule, for tools that kept to it."""
    wanted = scenarios.BY_KEY[record.scenario].rate * scenarios.BY_KEY[record.scenario].seconds
    kept = [run for run in record.runs if abs(run.requests - wanted) <= 0.001 * wanted]
    if not kept:
        return "did not send all"
    return " / ".join(
        _milliseconds(median(run.truth.get(name) for run in kept)) for name in ("p50", "p95", "p99", "max")
    )


def _note(record: Record, _: list[Record]) -> str:
    return "; ".join([*filter(None, [record.note]), *record.problems()])


TOOL: Column = ("tool", lambda record, _: record.tool)
USERS: Column = ("users", lambda record, _: number(record.users))
RATE: Column = ("requests/s", lambda record, _: number(record.median(rate)))
EXPECTED: Column = ("of expected", _of_expected)
CORES: Column = ("cores", lambda record, _: number(record.median(cores), 2))
REQUESTS: Column = ("requests", lambda record, _: number(record.median(lambda run: run.requests)))
CPU: Column = ("CPU µs/request (min–max)", _cpu)
CPU_S: Column = ("CPU s", lambda record, _: number(record.median(lambda run: run.cpu_s), 3))
TO_WRK: Column = ("× wrk", _to_wrk)
WALL: Column = ("wall ms (min–max)", _wall)
RSS: Column = ("peak RSS MB", lambda record, _: number(record.median(rss_mb)))
ERRORS: Column = ("errors", lambda record, _: number(record.told("errors")))
OTHER: Column = ("other CPU %", lambda record, _: number(record.median(lambda run: 100 * run.other_cpu_share)))
NOTE: Column = ("note", _note)
TIMES = [_told_ms("p50"), _told_ms("p95"), _told_ms("p99"), _told_ms("max")]

COLUMNS: dict[str, list[Column]] = {
    "load": [TOOL, RATE, CPU, TO_WRK, RSS, *TIMES, ERRORS, OTHER, NOTE],
    "users": [TOOL, USERS, RATE, EXPECTED, CORES, CPU, TO_WRK, RSS, *TIMES, ERRORS, OTHER, NOTE],
    "open": [TOOL, REQUESTS, *TIMES, ("truth: p50 / p95 / p99 / max", _truth), ERRORS, CPU, RSS, OTHER, NOTE],
    "wall": [TOOL, WALL, CPU_S, OTHER, NOTE],
    "memory": [TOOL, REQUESTS, RSS, CPU_S, WALL, ERRORS, OTHER, NOTE],
}


def render(records: list[Record]) -> str:
    """A table per scenario, in the scenarios' order."""
    parts = []
    for scenario in scenarios.ALL:
        rows = [record for record in records if record.scenario == scenario.key and record.runs]
        if rows:
            parts.append(f"### {scenario.title}\n\n{_table(COLUMNS[scenario.columns], rows)}")
    return "\n".join(parts)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def _table(columns: list[Column], rows: list[Record]) -> str:
    return table([head for head, _ in columns], [[cell(row, rows) for _, cell in columns] for row in rows])
