"""The order in which everything is run, and where the figures go."""

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
from pathlib import Path
from typing import Optional

from . import goals, tables, tools
from .measure import adopt_orphans, allow_many_files
from .options import read
from .records import Record
from .rounds import Cores, play
from .scenarios import Scenario
from .tools.base import Tool


def main(arguments: list[str]) -> int:
    """Runs what is asked for and prints it; the exit code."""
    options = read(arguments)
    if options.table:
        _print([Record.from_json(one) for file in options.table for one in json.loads(file.read_text())["records"]])
        return 0
    installed = _installed(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is ended
    adopt_orphans()
    allow_many_files()
    out: Path = options.out or options.scratch / time.strftime("results-%Y%m%d-%H%M%S.json")
    options.scratch.mkdir(parents=True, exist_ok=True)
    cores = Cores.of_this_machine(options.pin)
    records: list[Record] = []
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        os.chmod(scratch, 0o755)  # nginx's worker may run as another user
        for scenario in options.scenarios:
            for users in _sizes(scenario, options.users):
                for number in range(options.rounds):
                    play(scenario, users, options.seconds or scenario.seconds, installed, cores, Path(scratch), records)
                    _save(records, options, out)
                    print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    _print(records)
    print(f"saved: {out}", file=sys.stderr)
    return 0


def _sizes(scenario: Scenario, users: Optional[list[int]]) -> list[int]:
    return (users or [2_000, 10_000]) if scenario.key == "C" else [scenario.users]


def _installed(options: argparse.Namespace) -> list[tuple[Tool, str]]:
    known = [tool.name for tool in tools.ALL]
    for name in options.tools or []:
        if name not in known:
            sys.exit(f"there is no tool {name!r}: there are {', '.join(known)}")
    if not options.loadplan.exists():
        sys.exit(f"there is no {options.loadplan}: build it with `cargo build --profile dist`, or name it with --loadplan")
    found = []
    for tool in tools.ALL:
        program = str(options.loadplan) if tool.name == "loadplan" else tool.find(options.peers)
        wanted = not options.tools or tool.name in options.tools
        print(f"{tool.name:<10} {program or 'not found'}{'' if wanted else ' (left out)'}", file=sys.stderr)
        if program and wanted:
            found.append((tool, program))
    return found


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
