"""One round: every tool does a scenario once."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import tables, targets
from .measure import measure
from .records import Record, cpu_us, rss_mb
from .scenarios import Scenario
from .tools.base import Command, Job, Tool


@dataclass(frozen=True)
class Cores:
    """Where the tools and where the target run; None is anywhere."""

    client: Optional[int] = None
    server: Optional[int] = None

    @classmethod
    def of_this_machine(cls, pin: bool) -> Cores:
        """One core each, if that is wanted and there are two."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[1], allowed[0]) if pin and len(allowed) >= 2 else cls()


def play(
    scenario: Scenario,
    users: int,
    seconds: int,
    installed: list[tuple[Tool, str]],
    cores: Cores,
    scratch: Path,
    records: list[Record],
) -> None:
    """Every tool once, so that a noisy minute does not hit one tool alone. What was measured is added to `records`."""
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
