"""The command line, and the order in which everything is run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import goals, scenarios, tables, targets, tools
from .measure import adopt_orphans, allow_many_files, measure
from .records import Record, cpu_us, rss_mb
from .scenarios import Scenario
from .tools.base import Command, Job, Tool

BENCH = Path(__file__).resolve().parents[1]
BINARY = BENCH.parent / "target" / "release" / "loadplan"


@dataclass(frozen=True)
class Cores:
    """Where the tools and where the target run; None is anywhere."""

    client: Optional[int]
    server: Optional[int]


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    if options.table:
        _print([Record.from_json(one) for file in options.table for one in json.loads(file.read_text())["records"]])
        return 0
    installed = _installed(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is ended
    adopt_orphans()
    allow_many_files()
    out: Path = options.out or options.scratch / time.strftime("results-%Y%m%d-%H%M%S.json")
    options.scratch.mkdir(parents=True, exist_ok=True)
    records: list[Record] = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        os.chmod(scratch, 0o755)  # nginx's worker may run as another user
        for scenario in options.scenarios:
            for users in _sizes(scenario, options.users):
                for number in range(options.rounds):
                    _round(scenario, users, options, installed, Path(scratch), records)
                    _save(records, options, out)
                    print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    _print(records)
    print(f"saved: {out}", file=sys.stderr)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Runs loadplan and every peer that is installed, in whole rounds, and prints tables.",
    )
    parser.add_argument("--scenarios", type=_scenarios, default=_scenarios("A,B,B-rich,C,D,E,F,G"), metavar="A,B,…")
    parser.add_argument(
        "--tools", type=lambda text: text.split(","), metavar="wrk,oha,…", help="default: all that are found"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, help="instead of a scenario's own duration")
    parser.add_argument("--users", type=_numbers, metavar="N,…", help="for C; default 2000,10000")
    parser.add_argument(
        "--loadplan", type=Path, default=BINARY, metavar="PATH", help="default: target/release/loadplan"
    )
    parser.add_argument(
        "--peers", type=Path, default=BENCH / ".peers", metavar="DIR", help="where install-peers put them"
    )
    parser.add_argument("--scratch", type=Path, default=BENCH / ".scratch", metavar="DIR", help="for files of the runs")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the JSON file; default: in the scratch folder")
    parser.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=(os.cpu_count() or 1) >= 2,
        help="the tool on one core, the target on another",
    )
    parser.add_argument(
        "--table", type=Path, nargs="+", metavar="FILE", help="run nothing: print the tables of JSON files"
    )
    options = parser.parse_args(arguments)
    options.loadplan, options.scratch = options.loadplan.resolve(), options.scratch.resolve()
    options.peers = options.peers.resolve()
    return options


def _scenarios(text: str) -> list[Scenario]:
    try:
        return [scenarios.BY_KEY[key] for key in text.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(
            f"there is no scenario {error}: there are {', '.join(scenarios.BY_KEY)}"
        ) from None


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _sizes(scenario: Scenario, users: Optional[list[int]]) -> list[int]:
    return (users or [2_000, 10_000]) if scenario.key == "C" else [scenario.users]


def _installed(options: argparse.Namespace) -> list[tuple[Tool, str]]:
    known = [tool.name for tool in tools.ALL]
    for name in options.tools or []:
        if name not in known:
            sys.exit(f"there is no tool {name!r}: there are {', '.join(known)}")
    if not options.loadplan.exists():
        sys.exit(f"there is no {options.loadplan}: build it with `cargo build --release`, or name it with --loadplan")
    found = []
    for tool in tools.ALL:
        program = str(options.loadplan) if tool.name == "loadplan" else tool.find(options.peers)
        wanted = not options.tools or tool.name in options.tools
        print(f"{tool.name:<10} {program or 'not found'}{'' if wanted else ' (left out)'}", file=sys.stderr)
        if program and wanted:
            found.append((tool, program))
    return found


def _round(
    scenario: Scenario,
    users: int,
    options: argparse.Namespace,
    installed: list[tuple[Tool, str]],
    scratch: Path,
    records: list[Record],
) -> None:
    """Every tool once: a noisy minute does not hit one tool alone."""
    cores = _cores(options.pin)
    seconds = options.seconds or scenario.seconds
    for tool, program in installed:
        with targets.started(scenario, scratch, cores.server) as target:
            folder = scratch / f"{tool.name}-{scenario.key}"
            folder.mkdir(exist_ok=True)
            job = Job(scenario, users, seconds, f"http://127.0.0.1:{target.port}", folder)
            for command in tool.commands(program, job):
                record = _record(records, tool, command, job)
                for _ in range(scenario.repeats):
                    record.runs.append(measure(command, target, folder, cores.client, seconds, scenario.ramp_up))
                _tell(record)


def _cores(pin: bool) -> Cores:
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[1], allowed[0]) if pin and len(allowed) >= 2 else Cores(None, None)


def _record(records: list[Record], tool: Tool, command: Command, job: Job) -> Record:
    name = f"{tool.name} {command.variant}".rstrip()
    for record in records:
        if (record.scenario, record.tool, record.users) == (job.key, name, job.users):
            return record
    records.append(Record(job.key, name, job.users, command.note))
    return records[-1]


def _tell(record: Record) -> None:
    run = record.runs[-1]
    us = tables.number(cpu_us(run), 1)
    print(
        f"{time.strftime('%H:%M:%S')} {record.scenario:<6} {record.tool:<24} {run.requests:>9,} requests"
        f"  {us:>8} µs/request  {rss_mb(run):6.0f} MB  other CPU {100 * run.other_cpu_share:.0f} %"
        f"  {'; '.join(record.problems())}",
        file=sys.stderr,
    )


def _save(records: list[Record], options: argparse.Namespace, out: Path) -> None:
    head = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "cpu": _processor(),
        "kernel": platform.release(),
        "pinned": options.pin,
    }
    out.write_text(json.dumps({**head, "records": [record.to_json() for record in records]}, indent=1) + "\n")


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{found.group(1) if found else platform.machine()}, {os.cpu_count()} cores"


def _print(records: list[Record]) -> None:
    print(tables.render(records))
    print(goals.render(records))
